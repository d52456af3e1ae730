"""The web application: the files of the page, the pages of the course, and the WebSocket of each session."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from glassnet.page.conversation import converse
from glassnet.page.sessions import Sessions
from glassnet.web.joined import WEB, joined

SCRIPT, STYLE = "page.js", "page.css"  # all modules of the page, and all its style
# Here, because Python's own table is read from the system, which may call JavaScript plain text.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def make_app(sessions: Sessions) -> Starlette:
    """The application, without the gate before it."""
    files = read_files()

    async def talk(socket: WebSocket) -> None:
        await converse(socket, sessions)

    async def file(request: Request) -> Response:
        name = request.path_params["name"] or "index.html"
        if name not in files:
            raise HTTPException(404, "there is no such file")
        headers = {"etag": files[name].tag}
        if request.headers.get("if-none-match") == files[name].tag:
            return Response(status_code=304, headers=headers)
        return Response(files[name].content, headers=headers, media_type=files[name].type)

    routes = [
        WebSocketRoute("/session", talk),
        Route("/course/{name:path}", course_page),
        Route("/{name:path}", file),
    ]
    return Starlette(routes=routes)


async def course_page(request: Request) -> Response:
    """A page or drawing of the course; which there are is read from its folder, so no path comes from the browser."""
    from glassnet.page import course

    name = request.path_params["name"]
    if name in course.drawings():
        return Response(await run_sync(course.drawing, name), media_type=TYPES[".svg"])
    if name not in course.names():
        raise HTTPException(404, "there is no such page")
    return Response(await run_sync(course.page, name), media_type=TYPES[".html"])


class File(NamedTuple):
    """A file of the page, and a tag that is another one when its content is."""

    content: bytes
    type: str
    tag: str


def read_files() -> dict[str, File]:
    """The files of the page by their names, with one script for all modules, and one stylesheet.

    They are held in memory, so nothing else on the disk can be asked for.
    """
    contents = {path.name: path.read_bytes() for path in WEB.iterdir() if path.suffix in TYPES and path.suffix != ".js"}
    contents[STYLE] += contents.pop("training.css")
    contents[SCRIPT] = joined("main").encode()
    return {
        name: File(content, TYPES[Path(name).suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
        for name, content in contents.items()
    }
