"""Starts the server: prints its address, opens the browser, and ends it all on Ctrl-C.

The address is printed before anything large is imported, so that it is there at once; a browser that comes early waits
in the queue of the listening socket. So this module imports the standard library only.
"""

import errno
import importlib.util
import secrets
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.page.given import Given

PACKAGES = ("starlette", "uvicorn", "websockets")
IN_THE_TERMINAL = ("www-browser", "links", "elinks", "lynx", "w3m")  # browsers that would take it over


def check_packages() -> None:
    """Raise InputError if a package of the extra is missing; none is imported."""
    for package in PACKAGES:
        if sys.modules.get(package, package) is None or importlib.util.find_spec(package) is None:
            from glassnet.nn.errors import InputError

            raise InputError(f"the page needs {package}: pip install 'glassnet[page]'")


def listen(port: int) -> socket.socket:
    """A socket at which this machine alone can call.

    Args:
        port: 0 for any that is free.

    Raises:
        InputError: another program listens there, or this one may not.
    """
    try:
        listening = socket.create_server(("127.0.0.1", port))
        # Connections inherit it: else an answer in two parts waits 40 ms for the browser to confirm the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        from glassnet.nn.errors import InputError

        why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise InputError(f"port {port} {why}: name another, or name none and one that is free is taken") from None


def serve(listening: socket.socket, given: "Given | None", *, browser: bool) -> None:
    """Print the address, and serve the page until Ctrl-C or SIGTERM.

    Args:
        listening: from `listen`.   given: what to show first; None for the default.
        browser: whether to open the page in the browser.
    """
    port = listening.getsockname()[1]
    # Two tokens: the command line of a browser can be read by everybody on the machine, so the one in it opens the
    # page once, and the browser is the first to use it.
    token, once = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    address = f"http://127.0.0.1:{port}/?token="
    link = f"#{given.link}" if given and given.link else ""
    try:
        print(f"{address}{token}{link}", flush=True)
        print("The page is for you only: its address contains the access token. Ctrl-C stops the server.", flush=True)
        if browser:
            _open(address + once + link)
        from glassnet.page.server import run

        run(listening, given, port=port, token=token, once=once)
    except KeyboardInterrupt:
        pass
    print("stopped", flush=True)


def _open(address: str) -> None:
    """Open the browser, if there is one with a window, and do not wait for it."""
    try:
        name = getattr(webbrowser.get(), "name", "")
    except webbrowser.Error:
        return
    if Path(name).name not in IN_THE_TERMINAL:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
