"""The gate before the page, alone: what it lets through, and how it refuses the rest."""

import asyncio
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the page needs the extra 'page'")

from glassnet.page.gate import Gate

PORT, TOKEN, ONCE = 4321, "t" * 43, "o" * 43
HOST = ("host", f"127.0.0.1:{PORT}")
ORIGIN = ("origin", f"http://127.0.0.1:{PORT}")
COOKIE = ("cookie", f"glassnet-{PORT}={TOKEN}")
LINK = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
GIVEN = f"token={TOKEN}"


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the gate."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"the page"})


def gate() -> Gate:
    return Gate(behind, port=PORT, token=TOKEN, once=ONCE)


def sent(
    headers: list[tuple[str, str]],
    query: str = "",
    *,
    path: str = "/",
    method: str = "GET",
    kind: str = "http",
    through: Gate | None = None,
) -> list[dict[str, Any]]:
    """What is sent in answer to a request."""
    scope: dict[str, Any] = {"type": kind, "path": path, "query_string": query.encode("latin-1")}
    scope["headers"] = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    if kind == "http":
        scope["method"] = method
    messages = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("the gate reads nothing")

    asyncio.run((through or gate())(scope, receive, send))
    return messages


def status(*arguments: Any, **settings: Any) -> int:
    start, *_ = sent(*arguments, **settings)
    return 101 if start["type"] == "websocket.accept" else start["status"]


def headers_of(start: dict[str, Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in start["headers"]}


def test_the_cookie_opens_it() -> None:
    start, body = sent([HOST, COOKIE])
    assert (start["status"], body["body"]) == (200, b"the page")
    assert "set-cookie" not in headers_of(start)
    assert headers_of(start)["cache-control"] == "no-cache"
    assert status([HOST, ("cookie", "theme=dark; " + COOKIE[1] + "; more=1")], path="/page.js") == 200
    assert status([HOST, ("cookie", "theme=dark"), COOKIE], method="HEAD") == 200
    assert status([HOST, ("cookie", f"glassnet-{PORT}=old"), COOKIE]) == 200  # of an earlier server at this port


def test_the_token_is_answered_with_the_page_itself_and_the_cookie() -> None:
    """A redirect would lose the cookie where the person came from another page."""
    start, body = sent([HOST], GIVEN)
    assert (start["status"], body["body"]) == (200, b"the page")
    assert headers_of(start)["set-cookie"] == f"glassnet-{PORT}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert headers_of(start)["cache-control"] == "no-store"
    assert status([HOST], f"{GIVEN}&experiment=xor") == 200


@pytest.mark.parametrize(
    "query",
    [
        *("", "token", "token=", f"token={TOKEN[:-1]}", f"token={TOKEN}x", "token=" + "x" * 43, f"Token={TOKEN}"),
        *(f"token=x&{GIVEN}", f"{GIVEN}&{GIVEN}", f"x{GIVEN}", "token=t\xfc\xff", "token=" + TOKEN * 1000, f"?{GIVEN}"),
    ],
)
def test_another_token_does_not(query: str) -> None:
    start, body = sent([HOST], query)
    assert start["status"] == 403
    assert body["body"] == b"open the address that glassnet page printed in the terminal\n"
    assert "set-cookie" not in headers_of(start)


@pytest.mark.parametrize(
    "cookie",
    [
        *("", TOKEN, f"glassnet={TOKEN}", f"glassnet-{PORT + 1}={TOKEN}", f"{COOKIE[1]}x", COOKIE[1].upper()),
        *(f'glassnet-{PORT}="{TOKEN}"', f"glassnet-{PORT}=", f"glassnet-{PORT}=\xe9", f"glassnet-{PORT}={ONCE}"),
    ],
)
def test_another_cookie_does_not(cookie: str) -> None:
    assert status([HOST, ("cookie", cookie)]) == 403
    assert status([HOST, ORIGIN, ("cookie", cookie)], kind="websocket", path="/session") == 403


def test_the_token_opens_the_page_only() -> None:
    assert status([HOST], GIVEN, path="/page.js") == 403
    assert status([HOST, ORIGIN], GIVEN, kind="websocket", path="/session") == 403


def test_what_the_browser_is_started_with_opens_it_once() -> None:
    """Everybody on the machine can read the command lines of others."""
    one = gate()
    assert status([HOST], f"token={ONCE}", through=one) == 200
    assert status([HOST], f"token={ONCE}", through=one) == 403
    assert status([HOST], GIVEN, through=one) == 200
    assert status([HOST], GIVEN, through=one) == 200
    assert status([HOST], "token=", through=one) == 403
    other = gate()
    assert status([HOST], GIVEN, through=other) == 200  # then nobody needs the other token any more
    assert status([HOST], f"token={ONCE}", through=other) == 403


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(given: bytes, token: bytes) -> bool:
        compared.append(given)
        return given == token

    monkeypatch.setattr("glassnet.page.gate.hmac.compare_digest", compare)
    assert status([HOST], "token=x") == 403
    assert status([HOST, ("cookie", f"glassnet-{PORT}=y")]) == 403
    assert set(compared) == {b"x", b"y"}


@pytest.mark.parametrize(
    "hosts",
    [
        *([], ["localhost"], [f"localhost:{PORT}"], ["127.0.0.1"], [f"127.0.0.1:{PORT + 1}"], [f"[::1]:{PORT}"]),
        *([f"evil.example:{PORT}"], [f"127.0.0.1:{PORT}", f"127.0.0.1:{PORT}"], [f"127.0.0.1.evil.example:{PORT}"]),
        *([f"127.0.0.1:{PORT}."], [f"127.1:{PORT}"], [f"2130706433:{PORT}"], ["evil.example", f"127.0.0.1:{PORT}"]),
        *([f"user@127.0.0.1:{PORT}"], [""]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_host_is_refused(hosts: list[str], kind: str) -> None:
    """A name that someone else owns may resolve to this machine."""
    headers = [("host", host) for host in hosts]
    start, body = sent([*headers, ORIGIN, COOKIE], GIVEN, kind=kind)
    assert start["status"] == 421
    assert body["body"] == f"this server answers at http://127.0.0.1:{PORT} only\n".encode()


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", f"http://localhost:{PORT}", f"https://127.0.0.1:{PORT}", "http://127.0.0.1"),
        *(f"http://127.0.0.1:{PORT + 1}", "http://evil.example", f"http://127.0.0.1:{PORT}.evil.example"),
        *(f"http://127.0.0.1:{PORT}/", "file://", f"HTTP://127.0.0.1:{PORT}", f"ws://127.0.0.1:{PORT}"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_origin_is_refused(origin: str, kind: str) -> None:
    assert status([HOST, COOKIE, ("origin", origin)], kind=kind) == 403
    assert status([HOST, COOKIE, ORIGIN, ("origin", origin)], kind=kind) == 403


def test_a_websocket_names_its_origin() -> None:
    start, body = sent([HOST, COOKIE], kind="websocket")
    assert start == {"type": "websocket.http.response.start", "status": 403, "headers": start["headers"]}
    assert body == {"type": "websocket.http.response.body", "body": b"a WebSocket must name its Origin\n"}
    assert status([HOST, COOKIE, ORIGIN], kind="websocket") == 101
    assert status([HOST, COOKIE]) == 200  # a browser does not name it when it opens a page
    assert status([HOST, COOKIE, ORIGIN]) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "SAME-ORIGIN", ""])
def test_what_another_page_asks_is_refused(site: str) -> None:
    assert status([HOST, COOKIE, ("sec-fetch-site", site)]) == 403
    assert status([HOST, COOKIE, ORIGIN, ("sec-fetch-site", site)], kind="websocket") == 403
    assert status([HOST, COOKIE, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", site)]) == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_the_person_or_our_page_asks_is_answered(site: str) -> None:
    assert status([HOST, COOKIE, ("sec-fetch-site", site)]) == 200
    assert status([HOST, COOKIE, ORIGIN, ("sec-fetch-site", site)], kind="websocket") == 101


def test_a_link_in_a_mail_may_give_the_token() -> None:
    """Or in a terminal that is a page itself: then the whole tab goes here."""
    assert status([HOST, *LINK], GIVEN) == 200
    assert status([HOST, COOKIE, *LINK]) == 403  # a link without it
    assert status([HOST, *LINK], "token=x") == 403
    assert status([HOST, *LINK[:2], ("sec-fetch-dest", "iframe")], GIVEN) == 403
    assert status([HOST, LINK[0], ("sec-fetch-mode", "no-cors"), LINK[2]], GIVEN) == 403
    assert status([HOST, LINK[0]], GIVEN) == 403
    assert status([HOST, ORIGIN, *LINK], GIVEN, kind="websocket") == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "BREW"])
def test_other_methods_are_refused(method: str) -> None:
    start, body = sent([HOST, COOKIE], method=method)
    assert start["status"] == 405
    assert headers_of(start)["allow"] == "GET, HEAD"
    assert body["body"].count(b"\n") == 1


@pytest.mark.parametrize("header", [("content-length", "5"), ("transfer-encoding", "chunked"), ("content-length", "x")])
def test_a_body_is_refused(header: tuple[str, str]) -> None:
    assert status([HOST, COOKIE, header]) == 413
    assert status([HOST, COOKIE, ("content-length", "0")]) == 200


@pytest.mark.parametrize(
    ("headers", "kind"),
    [([HOST, COOKIE], "http"), ([HOST], "http"), ([], "http"), ([("host", "x")], "websocket"), ([HOST], "websocket")],
)
def test_headers_of_every_answer(headers: list[tuple[str, str]], kind: str) -> None:
    found = headers_of(sent(headers, kind=kind)[0])
    policy = dict(part.split(" ", 1) for part in found["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": f"'self' ws://127.0.0.1:{PORT}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found["cross-origin-opener-policy"] == found["cross-origin-resource-policy"] == "same-origin"
    assert found["cache-control"] in ("no-cache", "no-store")
    assert not [name for name in found if name.startswith("access-control")]


def test_nothing_of_a_request_stands_in_a_refusal() -> None:
    """Neither the token, nor what might be taken for HTML."""
    for headers in ([("host", "<b>")], [HOST, ("origin", "<b>")], [HOST]):
        start, body = sent(headers, "token=<b>")
        assert b"<b>" not in body["body"]
        assert TOKEN not in str(start) + str(body)
