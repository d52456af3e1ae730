"""The web application: the files of the page, and the WebSocket of each session."""

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from starlette.websockets import WebSocket

from glassnet.page.conversation import converse
from glassnet.page.sessions import Sessions

WEB = Path(__file__).parent.parent / "web"
FILE = re.compile(r"([a-z0-9][a-z0-9-]*/)*[a-z0-9][a-z0-9-]*\.[a-z0-9]+")  # so no .., no hidden file, no back slash
# Here, because Python's own table is read from the system, which may call JavaScript plain text.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def make_app(sessions: Sessions) -> Starlette:
    """The application, without the gate before it."""

    async def talk(socket: WebSocket) -> None:
        await converse(socket, sessions)

    return Starlette(routes=[WebSocketRoute("/session", talk), Mount("/", Files(directory=WEB, html=True))])


class Files(StaticFiles):
    """The files of a folder that have a plain name and a type of `TYPES`, and nothing else in it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at this path; that at "." is index.html."""
        path = "index.html" if path == "." else path
        ending = Path(path).suffix
        if ending not in TYPES or not FILE.fullmatch(path):
            raise HTTPException(404, "there is no such file")
        response = await super().get_response(path, scope)
        response.headers["content-type"] = TYPES[ending]
        return response
