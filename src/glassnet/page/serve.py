"""Starts the server, prints its address, opens the browser, and ends it all on Ctrl-C."""

import socket
import webbrowser

import uvicorn

from glassnet.model.model import Model
from glassnet.page.app import make_app
from glassnet.page.networks import Networks
from glassnet.recipes.recipe import Recipe


def serve(model: Model | None, recipe: Recipe | None, *, port: int, browser: bool) -> None:
    listening = socket.create_server(("127.0.0.1", port))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    print(address, flush=True)
    if browser:
        webbrowser.open(address)
    config = uvicorn.Config(make_app(Networks(model), recipe), access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])
