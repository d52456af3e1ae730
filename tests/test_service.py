"""The programs of docs/guide/service.md as they stand there: run, served by uvicorn, and asked through sockets."""

import io
import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image, ImageDraw

import glassnet as gn
from commandline import glassnet
from glassnet.nn.settings import to_table
from glassnet.recipes.recipe import load_recipe
from served import SECONDS, Reply

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import docs

PAGE = docs.DOCS / "guide" / "service.md"
(PROGRAM, PRINTED), (READ, _), (ROWS, _) = docs.files(PAGE)
STARTS = {name: block for block in docs.shells(PAGE) for name in ("service", "rows") if f"uvicorn {name}:app" in block}
NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:e-\d+)?)")


def picture(*stroke: tuple[int, int]) -> bytes:
    page = Image.new("L", (160, 180), 245)
    if stroke:
        ImageDraw.Draw(page).line(stroke, fill=20, width=10, joint="curve")
    page.save(file := io.BytesIO(), "PNG")
    return file.getvalue()


SEVEN, ONE = picture((40, 35), (110, 35), (75, 130)), picture((80, 30), (82, 150))
LETTER, BLANK = picture((20, 40), (50, 120), (80, 60), (110, 120), (140, 40)), picture()


class Service(NamedTuple):
    """A service that runs in this folder and listens on this port."""

    folder: Path
    port: int

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("GET" if body is None else "POST", path, body)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    @contextmanager
    def begin(self, *headers: str) -> Iterator[socket.socket]:
        """A connection that has sent the head of a request to /read."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as client:
            client.sendall("\r\n".join(["POST /read HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())
            yield client

    def curl(self, start: str) -> None:
        """What the calls in the block with this start print is what the page says."""
        (block,) = [block for block in docs.shells(PAGE) if block.startswith(f"$ {start}")]
        for call in block.removeprefix("$ ").split("\n$ "):
            command, said = call.strip().split("\n")
            words = shlex.split(command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}"))
            done = subprocess.run([*words, "-sS"], cwd=self.folder, capture_output=True, text=True, timeout=SECONDS)
            printed, expected = (re.split(NUMBER, text.strip()) for text in (done.stdout, said))
            assert printed[::2] == expected[::2], done.stderr
            numbers = [[float(number) for number in line[1::2]] for line in (printed, expected)]
            assert numbers[0] == pytest.approx(numbers[1], abs=0.01)


@contextmanager
def serve(name: str, code: str, folder: Path) -> Iterator[Service]:
    """Run a program of the page with the command of the page, on a free port."""
    pytest.importorskip("starlette", reason="a service needs the extra 'page'")
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    variable, program, *arguments = shlex.split(STARTS[name].removeprefix("$ "))
    process = subprocess.Popen(
        [sys.executable, "-m", program, *arguments, "--port", "0"],
        cwd=folder,
        env=os.environ | dict([variable.split("=")]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        log: list[str] = []
        while not (running := re.search(r"running on http://127\.0\.0\.1:(\d+)", log[-1] if log else "")):
            log.append(process.stderr.readline())
            assert log[-1], "".join(log)
        yield Service(folder, int(running[1]))
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        assert "Traceback" not in rest, rest
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    for name, contents in (("photo.png", SEVEN), ("blank.png", BLANK), ("note.txt", b"a note")):
        (folder / name).write_bytes(contents)
    with serve("service", READ, folder) as service:
        yield service


def test_the_program_for_onnx_runtime_needs_no_glassnet(tmp_path: Path) -> None:
    for package, extra in (("onnx", "export"), ("onnxruntime", "test")):
        pytest.importorskip(package, reason=f"this program needs the extra '{extra}'")
    assert glassnet("export", "cnn", "digits.onnx", cwd=tmp_path).returncode == 0
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    alone = "import runpy, sys; sys.modules['glassnet'] = None; runpy.run_path('program.py')"
    done = subprocess.run([sys.executable, "-c", alone], cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
    assert done.stdout == PRINTED, done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="this example needs curl")
def test_the_service_answers_as_the_page_says(service: Service) -> None:
    service.curl("curl --data-binary")


def test_many_at_once_get_the_answers_of_the_model(service: Service) -> None:
    pictures = [SEVEN, ONE, LETTER, BLANK] * 5
    model = gn.Model.open("cnn")
    expected = {contents: (200, model.read(contents).to_table()) for contents in pictures[:4]}
    assert [answer["label"] for _, answer in expected.values()] == ["7", "1", None, None]
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda contents: service.ask("/read", contents), pictures))
    assert answers == [expected[contents] for contents in pictures]


def test_bad_uploads_get_one_line_and_the_service_goes_on(service: Service) -> None:
    for body in (b"a note", b"", SEVEN[:50]):
        status, answer = service.ask("/read", body)
        assert status == 422
        assert "\n" not in answer["problem"]
    with service.begin(f"Content-Length: {16 * 2**20 + 1}") as client:  # of which nothing is sent
        assert Reply(client.recv(1 << 16)).status == 413
    with service.begin("Transfer-Encoding: chunked") as client:
        for _ in range(17):
            client.sendall(b"100000\r\n" + bytes(2**20) + b"\r\n")
        assert Reply(client.recv(1 << 16)).status == 413
    with service.begin("Content-Length: 1000") as client:
        client.sendall(b"a part")  # and the client is gone
    assert service.ask("/read", SEVEN)[1]["label"] == "7"


def test_more_connections_than_allowed_are_turned_away(service: Service) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(service.begin("Content-Length: 1")) for _ in range(33)]
        refused, _, _ = select.select(clients, [], [], SECONDS)  # more than one where old ones still count
        assert refused
        assert {Reply(client.recv(1 << 16)).status for client in refused} == {503}


def test_rows_of_a_table_as_json(tmp_path: Path) -> None:
    for package, extra in (("pyarrow", "tables"), ("sklearn", "sklearn")):
        pytest.importorskip(package, reason=f"this service needs the extra '{extra}'")
    recipe = load_recipe("table", settings={"data.name": "iris", "data.target": "species"})
    dataset = recipe.data.load()
    network, _ = recipe.fit(dataset)
    (folder := tmp_path / "runs" / "table-iris").mkdir(parents=True)
    gn.save_network(network, folder / "model.safetensors", about={"table": to_table(dataset.schema)})
    names = [column.name for column in dataset.schema.inputs]
    rows = dataset.test.x[:5].tolist()
    expected = [answer.to_table() for answer in gn.Model.open(folder).answers(rows)]
    with serve("rows", ROWS, tmp_path) as service:
        if shutil.which("curl"):
            service.curl("curl --data '")
        first, *others = [dict(zip(names, row, strict=True)) for row in rows]
        assert service.ask("/predict", json.dumps([first, *others]).encode()) == (200, expected)
        name = names[0]
        for body, problem in (
            (b"", "expected a list of rows"),
            (b"[" * 100_000, "expected a list of rows"),
            (b"\xff", "expected a list of rows"),
            (b"[1, 2]", "expected a list of rows"),
            (b"[]", "no columns"),
            (json.dumps([first, first | {name: "long"}]), "expected a list of rows"),
            (json.dumps([first | {name: "long"}]), f"row 0, column '{name}'"),
            (json.dumps([first, first | {name: None}]), f"row 1, column '{name}'"),
            (json.dumps([first, first | {name: float("nan")}]), f"row 1, column '{name}'"),
            (json.dumps([first | {name: [5.1]}]), name),
        ):
            status, answer = service.ask("/predict", body if isinstance(body, bytes) else body.encode())
            assert (status, problem in answer["problem"]) == (422, True), answer
            assert "\n" not in answer["problem"]
