"""A real web server on this machine, which can fail in the ways web servers do."""

import re
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror:
    """A web server with files in it.

    Attributes:
        files: what it has, by path.   faults: what goes wrong with the next answers to a path, first one first.
        requests: what was asked for: (path, Range header or None).
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[str]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.agents: set[str | None] = set()
        self.closing = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False  # so that closing waits for them
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, wanted = handler.path, handler.headers["Range"]
        self.requests.append((path, wanted))
        self.agents.add(handler.headers["User-Agent"])
        fault, _, number = (self.faults[path].pop(0) if self.faults.get(path) else "").partition(" ")
        contents = self.files.get(path)
        if fault == "silent" and self.closing.wait(5):
            return
        if contents is None or fault == "status":
            handler.send_error(int(number or 404))
            return
        if fault == "redirect":
            handler.send_response(302)
            handler.send_header("Location", number)
            handler.end_headers()
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and fault != "no-ranges" else 0
        if wanted and start >= len(contents):
            handler.send_error(416)
            return
        body = contents[start:]
        handler.send_response(206 if start or fault == "other-range" else 200)
        if start or fault == "other-range":
            stated = 0 if fault == "other-range" else start
            handler.send_header("Content-Range", f"bytes {stated}-{len(contents) - 1}/{len(contents)}")
        if fault not in ("no-length", "endless"):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if fault == "endless":
            body = contents * 50
        handler.wfile.write(body[: int(number)] if fault in ("break", "reset") else body)
        handler.wfile.flush()
        if fault == "reset":  # close with a reset instead of an ordinary end
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
