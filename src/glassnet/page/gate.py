"""The gate: what every request and every WebSocket passes before anything else sees it.

The server listens on this machine alone, but every page that its browser shows may send requests here, and so may every
program and every person on the machine. So:

- Host must be our address, for a name that someone else owns may resolve to it (DNS rebinding).
- Origin, and Sec-Fetch-Site, must be ours where a browser names them; a WebSocket must name its Origin, for no rule of
  browsers keeps other pages from opening one.
- Only who was given the address with its token comes in. The token becomes a cookie, which the browser sends on what
  this page asks, and on nothing that another page does (SameSite=Strict).
- What is answered may be used by this page only, which runs its own scripts only (Content-Security-Policy).
"""

import hmac
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

METHODS = ("GET", "HEAD")
OURS = (b"none", b"same-origin")  # who makes the request: the person, or our page
NAVIGATION = {b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"document"}  # of a whole tab, by a link


class Gate:
    """Lets through to `app` what may come in, and answers everything else in one line.

    Args:
        app: an ASGI application.   port: where the server listens.
        token: which opens the page.   once: another one, which opens it the first time that it is used.
    """

    def __init__(self, app: ASGIApp, *, port: int, token: str, once: str = "") -> None:
        self.app, self.token, self.once = app, token.encode("ascii"), once.encode("ascii")
        self.host = f"127.0.0.1:{port}".encode("ascii")
        self.cookie = f"glassnet-{port}".encode("ascii")
        self.headers = _headers(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if refused := self._refused(scope):
            await self._refuse(scope, send, *refused)
            return
        gives = self._gives_token(scope)
        if not gives and not self._has_cookie(scope):
            await self._refuse(scope, send, 403, "open the address that glassnet page printed in the terminal")
            return
        if gives:
            self.once = b""  # whichever it was: the page is open now

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.headers, *self._kept(gives)]
            await send(message)

        await self.app(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the line with which a request is refused, whoever sends it."""
        headers: Headers = scope["headers"]
        hosts, origins, sites = (_all(headers, name) for name in (b"host", b"origin", b"sec-fetch-site"))
        if hosts != [self.host]:
            return 421, f"this server answers at http://{self.host.decode()} only"
        if scope.get("method", "GET") not in METHODS:
            return 405, "only GET and HEAD are answered"
        if _all(headers, b"transfer-encoding") or any(length != b"0" for length in _all(headers, b"content-length")):
            return 413, "a request has no body here"
        if scope["type"] == "websocket" and not origins:
            return 403, "a WebSocket must name its Origin"
        if any(origin != b"http://" + self.host for origin in origins):
            return 403, "pages from elsewhere may ask nothing here"
        if any(site not in OURS for site in sites) and not self._is_link_with_token(scope):
            return 403, "pages from elsewhere may ask nothing here"
        return None

    def _is_link_with_token(self, scope: Scope) -> bool:
        """Whether a person followed a link with the token, in a mail or a terminal that is a page itself."""
        navigates = all(_all(scope["headers"], name) == [value] for name, value in NAVIGATION.items())
        return scope["type"] == "http" and navigates and self._gives_token(scope)

    def _gives_token(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["path"] != "/":
            return False
        tokens = [part[6:] for part in scope["query_string"].split(b"&") if part.startswith(b"token=")]
        return len(tokens) == 1 and (_same(tokens, self.token) or (bool(self.once) and _same(tokens, self.once)))

    def _has_cookie(self, scope: Scope) -> bool:
        pairs = (pair.strip() for line in _all(scope["headers"], b"cookie") for pair in line.split(b";"))
        start = self.cookie + b"="
        return _same((pair[len(start) :] for pair in pairs if pair.startswith(start)), self.token)

    def _kept(self, gives: bool) -> Headers:
        """What the browser is to keep: the cookie; of the files only what it asks about before it uses it again."""
        if not gives:
            return [(b"cache-control", b"no-cache")]
        value = self.cookie + b"=" + self.token + b"; Path=/; HttpOnly; SameSite=Strict"
        return [(b"cache-control", b"no-store"), (b"set-cookie", value)]

    async def _refuse(self, scope: Scope, send: Send, status: int, line: str) -> None:
        body = line.encode() + b"\n"
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            *self.headers,
        ]
        if status == 405:
            headers.append((b"allow", ", ".join(METHODS).encode()))
        kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
        await send({"type": f"{kind}.start", "status": status, "headers": headers})
        await send({"type": f"{kind}.body", "body": body})


def _all(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _same(given: Iterable[bytes], token: bytes) -> bool:
    """Whether one of these is the token; how long it takes says nothing of the token."""
    return any(hmac.compare_digest(value, token) for value in given)


def _headers(port: int) -> Headers:
    """The headers of every answer."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": f"'self' ws://127.0.0.1:{port}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    named: dict[str, Any] = {
        "content-security-policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    return [(key.encode("ascii"), value.encode("ascii")) for key, value in named.items()]
