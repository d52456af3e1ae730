"""A hostile client: real sockets, and a real server process that must answer in one line, or close, and live on."""

import contextlib
import io
import json
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the page needs the extra 'page'")
pytest.importorskip("uvicorn", reason="the page needs the extra 'page'")
pytest.importorskip("websockets", reason="the page needs the extra 'page'")

from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus

import glassnet
import properties
from glassnet.data.registry import find_dataset
from glassnet.page import limits
from glassnet.page.app import read_files
from served import SECONDS, Page, Served

pytestmark = pytest.mark.posix  # the server is ended by signals

WEB = Path(glassnet.__file__).parent / "web"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all; at its end it must have said nothing of a fault, and stop as it should."""
    with Served("classic", cwd=tmp_path_factory.mktemp("served")) as one:
        yield one
        code, out, err = one.stop()
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == "stopped"


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    """A page, whose session must still answer at the end of the test."""
    with served.page() as one:
        yield one
        assert one.ask("answer")["answer"]["image"] is None or "image" in one.ask("clear")["answer"]


def a_seven() -> bytes:
    """A picture of a 7, as a canvas gives it."""
    image = np.full((280, 280), 255, np.uint8)
    image[60:80, 80:200] = 0
    for row in range(80, 230):
        right = 200 - (row - 80) // 2
        image[row, right - 22 : right] = 0
    return as_file(Image.fromarray(image))


def as_file(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def problem(answer: dict[str, Any]) -> str:
    """The one plain line with which an ask is refused, and not by a fault of ours."""
    assert answer.keys() == {"id", "problem"}
    line = answer["problem"]
    assert line
    assert line.isprintable()
    assert len(line) < 1000
    assert not line.startswith("this is a fault")
    return line


# Requests


def test_the_page_and_its_files(served: Served) -> None:
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    assert served.request("/")["content-type"] == ["text/html; charset=utf-8"]
    assert served.request("/").body == (WEB / "index.html").read_bytes()
    for name, file in read_files().items():
        reply = served.request(f"/{name}")
        assert (reply.status, reply.body) == (200, file.content)
        assert reply["content-type"] == [types.get(Path(name).suffix, "text/html; charset=utf-8")]
        assert reply["cache-control"] == ["no-cache"]
        assert not reply["server"]
        tag = ("If-None-Match", reply["etag"][0])
        assert served.request(f"/{name}", headers=[tag]).status == 304
    head = served.request("/", method="HEAD")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("/..", "/../app.py", "/../page/app.py", "/%2e%2e/page/app.py", "/..%2fpage/app.py", "/x/../../page/app.py"),
        *("/%2e%2e%2fpage%2fapp.py", "/..\\page\\app.py", "/%5c..%5cpage%5capp.py", "/.git/config", "/.htaccess"),
        *("//etc/passwd", "/%2fetc/passwd", "/etc/passwd", "/index.html%00.js", "/%00", "/page.js%00"),
        *("/INDEX.HTML", "/main", "/session", "/index.html?x=../..", "/" + "a" * 5000 + ".js", "/" + "a/" * 2000),
        *(
            "/~root",
            "/page.js~",
            "/page.js.map",
            "/__pycache__",
            "/C:/x.js",
            "/caf\xc3\xa9.js",
            "/%ff.js",
            "/;/page.js",
        ),
    ],
)
def test_paths(served: Served, path: str) -> None:
    """Only what lies in the folder has an answer."""
    reply = served.request(path)
    if path.startswith("/index.html?"):
        assert reply.status == 200
        return
    assert reply.status in (400, 404)
    assert len(reply.line) < 100


def test_what_is_no_request(served: Served) -> None:
    host = f"Host: 127.0.0.1:{served.port}\r\nCookie: {served.cookie}\r\n"
    for data in (
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n",  # TLS
        f"GET / HTTP/1.1\r\n{host}{host}\r\n".encode(),
        b"GET / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\n{host}X: {'y' * 1_000_000}\r\n\r\n".encode(),
        f"GET /{'y' * 1_000_000} HTTP/1.1\r\n{host}\r\n".encode(),
        f"GET / HTTP/1.1\r\n{host}X : y\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\n{host}X: \0\r\n\r\n".encode(),
    ):
        assert served.say(data).status in (400, 0)
    for start in ("GET http://evil.example/ HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT evil.example:80 HTTP/1.1"):
        assert served.say(f"{start}\r\n{host}Connection: close\r\n\r\n".encode()).status in (404, 405)
    assert served.say(b"GET / HTTP/1.0\r\n\r\n").status == 421
    assert served.say(b"GET / HTTP/9.9\r\n\r\n").status == 421
    assert served.request("/").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
def test_methods(served: Served, method: str) -> None:
    assert served.request("/", method=method).status == 405


def test_who_comes_in(served: Served) -> None:
    assert served.request("/", headers=[("Cookie", "")]).line.startswith("open the address")
    assert served.request(f"/?token={served.token}", headers=[("Cookie", "")]).status == 200
    for wrong in ("x", served.token[:-1], served.token + "x", "%C3%BC", "x" * 8000, "\xfc"):
        reply = served.request(f"/?token={wrong}", headers=[("Cookie", "")])
        assert reply.status in (400, 403)
        assert served.token not in reply.line
        assert not reply["set-cookie"]
    assert served.request("/", headers=[("Cookie", f"glassnet-{served.port}=\xfc")]).status == 403
    for host in (f"localhost:{served.port}", "evil.example", f"[::1]:{served.port}", "127.0.0.1:1"):
        assert served.request("/", headers=[("Host", host)]).status == 421
    assert served.request("/", headers=[("Origin", "http://evil.example")]).status == 403
    assert served.request("/", headers=[("Sec-Fetch-Site", "cross-site")]).status == 403


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    with pytest.raises(OSError):
        socket.create_connection(("::1", served.port), 5)
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with pytest.raises(OSError):
            socket.create_connection((address, served.port), 5)


# WebSockets


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Cookie": ""},
        {"Cookie": "glassnet=1"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_websocket_that_is_refused(served: Served, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        served.connect(**headers)
    reply = refused.value.response
    assert 400 <= reply.status_code < 500
    assert reply.body.decode().count("\n") <= 1
    assert served.token not in reply.body.decode()


@pytest.mark.parametrize(
    "first",
    [
        *("", "{", "null", "[]", '{"ask": "answer", "id": 1}', '{"ask": "hello", "session": 7}', b"hello", b""),
        *('{"ask": "hello", "session": null, "x": 1}', "[" * 60_000, '{"ask": "hello", "session": NaN}', "x" * 70_000),
    ],
    ids=lambda first: repr(first)[:30],
)
def test_who_does_not_say_hello_is_sent_away(served: Served, first: str | bytes) -> None:
    with served.connect() as client:
        client.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4000
    assert closed.value.rcvd.reason.isprintable()
    assert closed.value.rcvd.reason


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "nonsense", "null", "7", "[]", "[1, 2]", '"text"', "{}", '{"id": 1', "\x00", "\ud7ff", "{'id': 1}"),
        *('{"id": 1, "ask": NaN}', '{"id": 1, "ask": Infinity}', '{"id": 1e999}', '{"id": ' + "9" * 5000 + "}"),
        *("[" * 60_000, '{"a":' * 10_000, '{"id": 1, "ask": ' + "[" * 500 + "]" * 500 + "}"),
        *('{"id": -1}', '{"id": 4294967296}', '{"id": true}', '{"id": 1.5}', '{"id": "1"}', '{"id": null}'),
        "x" * (limits.MESSAGE + 1),
        "\U0001f600" * limits.MESSAGE,
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_what_is_no_message(page: Page, text: str) -> None:
    page.send(text)
    problem(page.answer(None))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"ask": None},
        {"ask": "nothing"},
        {"ask": "__class__"},
        {"ask": "hello"},
        {"ask": ["answer"]},
        {"ask": "\x1b[2J"},
        {"ask": "answer", "more": 1},
        {"ask": "show"},
        {"ask": "show", "network": 7},
        {"ask": "show", "network": "../../etc/passwd"},
        {"ask": "show", "network": "training"},
        {"ask": "reading"},
        {"ask": "reading", "number": 0},
        {"ask": "reading", "number": "first"},
        {"ask": "example", "label": -1},
        {"ask": "example", "label": 10**30},
        {"ask": "example", "label": "7"},
        {"ask": "example", "label": 1.5},
        {"ask": "layers", "label": 10},
        {"ask": "layers", "label": True},
        {"ask": "layer", "layer": "nothing"},
        {"ask": "unit", "layer": "dense1", "index": 7},
        {"ask": "unit", "layer": "dense1", "index": [10**9]},
        {"ask": "unit", "layer": "dense1", "index": [-1]},
        {"ask": "unit", "layer": "dense1", "index": []},
        {"ask": "unit", "layer": "dense1", "index": [0] * 20_000},
        {"ask": "unit", "layer": "__class__", "index": [0]},
        {"ask": "unit", "layer": "dense1", "index": [[0]]},
        {"ask": "weights", "layer": "dense1", "first": -1},
        {"ask": "weights", "layer": "dense1", "first": 10**9},
        {"ask": "weights", "layer": "dense1", "count": -5},
        {"ask": "weights", "layer": "softmax"},
        {"ask": "change", "index": [0, 0], "value": 256},
        {"ask": "change", "index": [0, 0], "value": None},
        {"ask": "change", "index": [28, 0], "value": 1},
        {"ask": "change", "layer": "dense1", "parameter": "forward", "index": [0], "value": 1},
        {"ask": "change", "layer": "dense1", "parameter": "W", "index": [0, 0], "value": 1e300},
        {"ask": "change", "layer": "dense1", "parameter": "W", "index": [0, 0], "value": 10**400},
        {"ask": "nudge", "layer": "dense1", "parameter": "W", "index": [0, 0], "label": 1, "h": 0},
        {"ask": "nudge", "layer": "dense1", "parameter": "W", "index": [0, 0], "label": 1, "h": -1e-300},
        {"ask": "nudge", "layer": "dense1", "parameter": "__init__", "index": [0, 0], "label": 1},
        {"ask": "nudge", "layer": "dense1", "parameter": "W", "index": [0, 0], "label": 77},
        {"ask": "undo", "all": "yes"},
        {"ask": "begin"},
        {"ask": "share"},
        {"ask": "follow", "link": "#recipe=../x"},
        {"ask": "follow", "link": "experiment=../not-scaled"},
        {"ask": "follow", "link": ["recipe=tiny"]},
        {"ask": "keep", "label": 10},
        {"ask": "keep", "label": "7"},
        {"ask": "drop", "number": 0},
        {"ask": "digits"},
        {"ask": "teach"},
        {"ask": "learned"},
        {"ask": "perform", "experiment": "../not-scaled"},
        {"ask": "perform", "experiment": ["not-scaled"]},
        {"ask": "perform"},
        {"ask": "begin", "values": {"recipe": "sixteen"}, "other": {"recipe": "/etc/passwd"}},
        {"ask": "begin", "values": {"recipe": "sixteen"}, "other": [1]},
        {"ask": "compare"},
        {"ask": "save", "what": "model", "other": 2},
        {"ask": "begin", "values": []},
        {"ask": "begin", "values": {}},
        {"ask": "begin", "values": {"recipe": "/etc/passwd"}},
        {"ask": "begin", "values": {"recipe": "table"}},
        {"ask": "begin", "values": {"recipe": "classic", "dataset": "/etc/passwd"}},
        {"ask": "begin", "values": {"recipe": "classic", "dataset": "../x.csv"}},
        {"ask": "begin", "values": {"recipe": "classic", "activation": "os.system"}},
        {"ask": "begin", "values": {"recipe": "classic", "hidden": [10**9]}},
        {"ask": "begin", "values": {"recipe": "classic", "hidden": [10] * 5000}},
        {"ask": "begin", "values": {"recipe": "classic", "hidden": [{"type": "Model"}]}},
        {"ask": "begin", "values": {"recipe": "classic", "hidden": [{"type": "Conv2D", "filters": 10**12}]}},
        {"ask": "begin", "values": {"recipe": "classic", "batch_size": 10**9}},
        {"ask": "begin", "values": {"recipe": "classic", "epochs": 10**18}},
        {"ask": "begin", "values": {"recipe": "classic", "lr": -1}},
        {"ask": "begin", "values": {"recipe": "classic", "seed": -1}},
        {"ask": "begin", "values": {"recipe": "classic", "data.name": "x"}},
        {"ask": "begin", "values": {"recipe": "classic", "workers": 1000}},
        {"ask": "move", "by": "close"},
        {"ask": "move", "by": "__init__"},
        {"ask": "move", "by": "step"},
        {"ask": "go", "position": -1},
        {"ask": "go", "position": 10**18},
        {"ask": "save", "what": "/tmp/x"},
        {"ask": "save", "what": "run"},
        {"ask": "save", "what": "model"},
    ],
    ids=lambda message: json.dumps(message)[:70],
)
def test_asks_that_are_refused(page: Page, message: dict[str, Any]) -> None:
    page.read(a_seven())
    page.send(json.dumps({"id": 77, **message}))
    problem(page.answer(77))


@pytest.mark.parametrize(
    "picture",
    [
        *(b"x", b"not a picture", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\xff" * 100, b"%!PS-Adobe-3.0\n(x) print"),
        *(a_seven()[:-40], a_seven()[:100], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0" * 100_000),
        a_seven().replace(b"IHDR\0\0\1\x18\0\0\1\x18", b"IHDR\x7f\xff\xff\xff\x7f\xff\xff\xff"),
        as_file(Image.new("1", (10_000, 10_000))),  # 100 million pixels in 12 kB
    ],
    ids=lambda picture: ascii(picture)[:30],
)
def test_pictures_that_are_none(page: Page, picture: bytes) -> None:
    assert "answer" in page.read(a_seven())
    problem(page.read(picture))


def test_pictures_that_say_nothing(page: Page) -> None:
    """They are pictures, and the page is told what is missing in them."""
    for image in (Image.new("L", (1, 1)), Image.new("L", (300, 300), 255), Image.new("RGB", (1, 3000), "red")):
        answer = page.read(as_file(image))["answer"]
        assert answer["image"] is None
        assert answer["problem"].isprintable()


def test_short_and_long_binary_messages(page: Page) -> None:
    for data in (b"", b"\0", b"\0\0\0\1"):
        page.send(data)
        problem(page.answer(None))


def test_text_where_a_picture_is_expected_and_the_other_way_round(page: Page) -> None:
    page.send("\0\0\0\1" + "x" * 100)
    problem(page.answer(None))
    page.send((7).to_bytes(4, "big") + json.dumps({"id": 7, "ask": "answer"}).encode())
    problem(page.answer(7))


def test_a_picture_that_is_too_large(page: Page) -> None:
    page.send((7).to_bytes(4, "big") + b"\0" * (limits.PICTURE + 1))
    assert problem(page.answer(None)).startswith("expected a picture of at most 16,777,216 bytes, got 16,777,217")


def test_what_is_much_too_large_is_not_even_read(served: Served) -> None:
    """The WebSocket is closed, and the session found again."""
    with served.page() as page:
        page.read(a_seven())
        with contextlib.suppress(ConnectionClosed):
            page.send(b"\0" * (limits.SOCKET + 1))
        with pytest.raises(ConnectionClosed):
            page.receive()
    with served.page(page.id) as again:
        assert again.welcome["found"] is True
        assert again.welcome["answer"]["image"] is not None


FRAMES = {
    "half a header": b"\x81",
    "half a message": b"\x01\x85\0\0\0\0hello",  # a first fragment, and no other
    "less than it promises": b"\x81\xfe\x10\x00\0\0\0\0{",
    "no mask": b"\x81\x05hello",
    "reserved bits": b"\xf1\x85\0\0\0\0hello",
    "unknown kind": b"\x83\x85\0\0\0\0hello",
    "a length of 2**63": b"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0",
    "a length of 2**62": b"\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0",
    "no UTF-8": b"\x81\x84\0\0\0\0\xff\xfe\xfd\xfc",
    "a long ping": b"\x89\xfe\x10\x00\0\0\0\0" + b"x" * 4096,
    "a close without a code": b"\x88\x81\0\0\0\0x",
    "a continuation of nothing": b"\x80\x85\0\0\0\0hello",
    "fragments without an end": b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 10_000,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_broken_frames_and_a_close_in_the_middle(served: Served, frame: bytes, reset: bool) -> None:
    with served.page() as page:
        page.send(json.dumps({"id": 1, "ask": "speaks"}))
        raw = page.client.socket
        if reset:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.sendall(frame)
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)
    with served.page(page.id) as again:
        assert again.welcome["found"] is True
        assert "answer" in again.ask("answer")


def test_a_flood_is_slowed_down_and_all_of_it_answered(page: Page) -> None:
    count = limits.MESSAGES_AT_ONCE + 50
    for number in range(count):
        page.send(json.dumps({"id": number, "ask": "answer"}))
    assert [page.answer(number)["id"] for number in range(count)] == [*range(count)]


@pytest.mark.repeats
def test_who_does_not_read_is_not_written_for_without_end(served: Served) -> None:
    """The server stops reading when its answers are not read: what is asked then does not go out any more."""
    with served.page() as page:
        page.read(a_seven())
        raw = page.client.socket
        ask = json.dumps({"id": 1, "ask": "weights", "layer": "dense1"}).encode()
        frame = bytes([0x81, 0x80 | len(ask)]) + b"\0\0\0\0" + ask
        raw.settimeout(3)
        with pytest.raises(TimeoutError):
            raw.sendall(frame * 1_000_000)
        with served.page() as other:
            assert "answer" in other.ask("answer")
        raw.shutdown(socket.SHUT_RDWR)


def test_connections_without_a_request_do_not_keep_others_out(served: Served, page: Page) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3 * limits.CONNECTIONS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), SECONDS))
            with contextlib.suppress(OSError):
                client.sendall(b"GET / HT")
        assert "answer" in page.ask("answer")
    for _ in range(SECONDS):
        if served.request("/").status == 200:
            return
        time.sleep(1)
    raise AssertionError("the server does not answer any more")


# Sessions


@contextlib.contextmanager
def patient(served: Served) -> Iterator[Page]:
    """A page in a new session, if need be when the server has noticed that another page has gone."""
    for _ in range(10 * SECONDS):
        with contextlib.ExitStack() as stack:
            try:
                page = stack.enter_context(served.page())
            except ConnectionClosed:
                time.sleep(0.1)
                continue
            yield page
            return
    raise AssertionError("no place became free")


def test_twenty_sessions(served: Served) -> None:
    """Sixteen have a place; when one of them has gone, another takes it."""
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(patient(served)) for _ in range(limits.SESSIONS)]
        assert len({page.id for page in pages}) == limits.SESSIONS
        for _ in range(4):
            with served.connect() as client:
                client.send('{"ask": "hello"}')
                with pytest.raises(ConnectionClosed) as closed:
                    client.recv(SECONDS)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4002
            assert closed.value.rcvd.reason.startswith(f"there are {limits.SESSIONS} sessions")
        for page in pages:
            assert "answer" in page.ask("answer")
        pages[3].client.close()
        with patient(served) as another:
            assert another.id not in {page.id for page in pages}
        assert "answer" in pages[4].ask("answer")


def test_a_page_that_comes_back_finds_its_session(served: Served) -> None:
    with served.page() as page:
        assert page.welcome["found"] is False
        page.read(a_seven())
        page.ask("change", index=[0, 0], value=200)
    with served.page(page.id) as again:
        assert again.id == page.id
        assert again.welcome["answer"]["changes"] == ["pixel[0,0]: 0 becomes 200"]
    with served.page("another" * 1000) as stranger:
        assert stranger.welcome["found"] is False
        assert stranger.welcome["answer"]["image"] is None


def test_a_second_page_takes_the_session_over(served: Served) -> None:
    with served.page() as first, served.page(first.id) as second:
        assert second.id == first.id
        with pytest.raises(ConnectionClosed) as closed:
            first.receive()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason.isprintable()) == (4001, True)
        assert "answer" in second.ask("answer")


@pytest.mark.long
def test_random_messages(tmp_path: Path) -> None:
    """Some; `make fuzz` sends a thousand others."""
    properties.messages(0, tmp_path, count=20)


# Trainings


def processes_below(number: int) -> dict[int, str]:
    """The processes that this one has started, with their command lines."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == number:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
                found |= processes_below(int(folder.name))
    return found


def trainings_of(served: Served) -> list[int]:
    return [number for number, line in processes_below(served.process.pid).items() if "spawn_main" in line]


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
VALUES = {"recipe": "classic", "dataset": "mnist", "epochs": 1000}  # without MNIST, the 8x8 digits


@pytest.mark.long
@needs_proc
def test_a_training_that_is_killed_leaves_the_session(served: Served) -> None:
    if find_dataset("mnist") is None:
        pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")
    with served.page() as page, served.page() as other:
        assert "answer" in page.ask("begin", values=VALUES)
        assert "answer" in page.ask("move", by="train")
        page.trained(lambda state: state["position"] > 10)
        for number in trainings_of(served):
            os.kill(number, signal.SIGKILL)
        state = page.trained(lambda state: state["problem"])
        assert "has ended unexpectedly" in state["problem"]
        assert "answer" in page.ask("answer")
        assert "answer" in other.ask("answer")
        assert "answer" in page.ask("move", by="step")
        page.trained(lambda state: state["position"] == 1 and not state["busy"])


@pytest.mark.repeats
@pytest.mark.long
@needs_proc
def test_the_end_while_trainings_run(tmp_path: Path) -> None:
    """Sockets are open, trainings run, one has not even begun: one line is printed, and no process is left."""
    if find_dataset("mnist") is None:
        pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")
    with (
        Served("classic", cwd=tmp_path) as served,
        served.page() as first,
        served.page() as second,
        socket.create_connection(("127.0.0.1", served.port)) as half,
    ):
        half.sendall(b"GET / HT")
        for page in (first, second):
            page.ask("begin", values=VALUES)
            page.ask("move", by="train")
        first.trained(lambda state: state["position"] > 10)
        with served.page() as third:
            third.ask("begin", values=VALUES)
            third.ask("move", by="step")
            ours = [*processes_below(served.process.pid)]
            assert len(ours) >= 2
            os.killpg(served.process.pid, signal.SIGINT)  # as a terminal does
            out, err = served.process.communicate(timeout=SECONDS)
    assert (served.process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "stopped"
    for _ in range(SECONDS):
        if not any(Path(f"/proc/{process}/cmdline").exists() for process in ours):
            return
        time.sleep(1)
    raise AssertionError(f"left: {subprocess.run(['ps', '-ef'], capture_output=True, text=True).stdout}")


@pytest.mark.long
@needs_proc
def test_ctrl_c_while_the_first_training_starts(tmp_path: Path) -> None:
    """Its process is told of no Ctrl-C, not even the first one that the server starts."""
    with Served("classic", cwd=tmp_path) as served, served.page() as page:
        page.ask("begin", values=VALUES | {"dataset": "digits"})
        page.ask("move", by="train")
        time.sleep(0.1)
        os.killpg(served.process.pid, signal.SIGINT)
        out, err = served.process.communicate(timeout=SECONDS)
    assert (served.process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "stopped"
