"""How the page is started and stopped, as a real process."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from commandline import glassnet, refused

pytest.importorskip("starlette", reason="the page needs the extra 'page'")
pytest.importorskip("uvicorn", reason="the page needs the extra 'page'")
pytest.importorskip("websockets", reason="the page needs the extra 'page'")

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from glassnet.page import serve
from glassnet.page.given import open_given
from served import Served

pytestmark = pytest.mark.posix  # the server is ended by signals


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, with its recipe alone: it was broken off before its first epoch."""
    folder = tmp_path_factory.mktemp("runs") / "mine"
    folder.mkdir()
    text = (Path(gn.__file__).parent / "recipes" / "sixteen.toml").read_text()
    (folder / "recipe.toml").write_text('name = "sixteen"\n' + text)
    return folder


def test_the_address_is_the_first_line_and_nothing_else_names_the_token(tmp_path: Path) -> None:
    with Served(cwd=tmp_path) as served:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", served.address)
        with served.page() as page:
            assert page.welcome["network"]["name"] == "cnn"
        served.request("/?token=wrong", headers=[("Cookie", "")])
        code, out, err = served.stop()
    assert (code, out.splitlines()[-1], err) == (0, "stopped", "")
    assert served.token not in out
    assert list(tmp_path.iterdir()) == []


def test_each_server_has_its_own_token(tmp_path: Path) -> None:
    with Served(cwd=tmp_path) as one, Served(cwd=tmp_path) as other:
        assert one.token != other.token
        assert other.request("/", headers=[("Cookie", f"glassnet-{other.port}={one.token}")]).status == 403


def test_who_calls_before_the_server_has_begun_is_answered(tmp_path: Path) -> None:
    with Served(cwd=tmp_path) as served:  # the address is there at once, what serves it is imported afterwards
        assert served.request("/").status == 200


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_before_the_server_has_begun(number: int, code: int, tmp_path: Path) -> None:
    with Served(cwd=tmp_path) as served:
        ended, out, err = served.stop(number)
    assert (ended, out.splitlines()[-1], err) == (code, "stopped", "")


def test_sigterm(tmp_path: Path) -> None:
    with Served("classic", cwd=tmp_path) as served, served.page():
        ended, out, err = served.stop(signal.SIGTERM)
    assert (ended, out.splitlines()[-1], err) == (143, "stopped", "")


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("page", "--no-browser", "--port", str(port))
    assert line == (
        f"error: port {port} is in use by another program: name another, or name none and one that is free is taken"
    )


def test_a_port_that_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(2):  # at once again too, though connections of the first are not forgotten yet
        with Served("--port", str(port), cwd=tmp_path) as served:
            assert served.port == port
            with served.page():
                pass
            assert served.stop()[0] == 0


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_is_none(port: str) -> None:
    assert "--port" in refused("page", "--no-browser", "--port", port)


@pytest.mark.parametrize("package", serve.PACKAGES)
def test_without_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert refused("page", "--no-browser") == f"error: the page needs {package}: pip install 'glassnet[page]'"


def test_help() -> None:
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", glassnet("page", "--help").stdout).split())
    for words in (
        "[MODEL, RUN, RECIPE or LINK]",
        "--port",
        "--no-browser",
        "default: cnn",
        "glassnet page runs/classic-mnist",
    ):
        assert words in text


# What the command names


def test_a_name_of_both_is_a_model_with_its_recipe() -> None:
    for name in ("classic", "cnn", "strong"):
        given = open_given(name)
        assert given.model is not None
        assert given.recipe is not None
        assert given.recipe.name == name
    for name in ("tiny", "sixteen", "sigmoid-30", "quick"):
        given = open_given(name)
        assert (given.model, given.recipe and given.recipe.name) == (None, name)


def test_files(run_folder: Path, tmp_path: Path) -> None:
    given = open_given(str(run_folder))
    assert (given.model, given.recipe and given.recipe.name) == (None, "sixteen")
    given = open_given(str(run_folder / "recipe.toml"))
    assert (given.model, given.recipe and given.recipe.name) == (None, "sixteen")
    network = gn.Network([gn.Flatten(), gn.Dense(10)], input_shape=(28, 28))
    gn.save_network(network, tmp_path / "mine.safetensors")
    given = open_given(str(tmp_path / "mine.safetensors"))
    assert given.recipe is None
    assert given.model is not None
    gn.save_network(network, run_folder / "model.safetensors")
    given = open_given(str(run_folder))
    assert given.model is not None
    assert given.recipe is not None
    (run_folder / "model.safetensors").unlink()


def test_a_folder_of_the_name_of_a_model(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnn").symlink_to(run_folder)
    given = open_given("cnn")
    assert (given.model, given.recipe and given.recipe.name) == (None, "sixteen")


def test_what_the_page_cannot_show(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=1, classes=["no", "yes"])
    schema = {"inputs": [{"name": "x"}], "target": {"name": "y", "categories": ["no", "yes"]}}
    gn.save_network(network, tmp_path / "table.safetensors", about={"table": schema})
    gn.save_network(gn.Network([gn.Dense(2)], input_shape=3), tmp_path / "three.safetensors")
    numbers = gn.Network([gn.Dense(1)], input_shape=784)
    numbers.loss = gn.SquaredError()
    gn.save_network(numbers, tmp_path / "number.safetensors")
    tables = ("table.safetensors", "three.safetensors", "number.safetensors")
    (tmp_path / "broken.toml").write_text("[")
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("sixten", "sixten: expected a pretrained model, a model file, the folder of a run, a recipe or a TOML file"),
        ("broken.toml", "broken.toml"),
        ("empty", "it has no recipe.toml"),
        *((name, f"{name}: the page shows images of digits") for name in ("table", *tables)),
        ("no/such.safetensors", "no/such.safetensors: expected a pretrained model"),
    ):
        done = glassnet("page", "--no-browser", name, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""  # no address
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


# The browser


class Controller(webbrowser.BaseBrowser):
    """A browser that writes down what it is to open."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


@pytest.mark.parametrize("name", ["lynx", "/usr/bin/w3m", "links", "www-browser"])
def test_no_browser_in_the_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take the terminal over, in which Ctrl-C is to stop the server."""
    controller = Controller(name)
    monkeypatch.setattr(webbrowser, "_tryorder", ["mine"])
    monkeypatch.setitem(webbrowser._browsers, "mine", [None, controller])
    serve._open("http://127.0.0.1:1/")
    assert controller.opened == []


def test_the_browser_is_opened_with_a_token_of_its_own(tmp_path: Path) -> None:
    """Everybody can read the command line of a process, so what stands there must be worth nothing soon."""
    script = tmp_path / "browser"
    lines = ("#!/bin/sh", f'echo "$1" > {tmp_path}/part', f"mv {tmp_path}/part {tmp_path}/opened")
    script.write_text("\n".join([*lines, "exec sleep 600 > /dev/null 2>&1", ""]))
    script.chmod(0o755)
    with Served("--browser", cwd=tmp_path, env={"BROWSER": str(script)}) as served:
        for _ in range(600):
            if (tmp_path / "opened").exists():
                break
            time.sleep(0.1)
        address = (tmp_path / "opened").read_text().strip()
        assert address.startswith(f"http://127.0.0.1:{served.port}/?token=")
        assert served.token not in address
        path = address.removeprefix(f"http://127.0.0.1:{served.port}")
        first = served.request(path, headers=[("Cookie", "")])
        assert first.status == 200
        assert first["set-cookie"][0].startswith(served.cookie)
        assert served.request(path, headers=[("Cookie", "")]).status == 403
        code, out, err = served.stop()  # though the browser still runs
    assert (code, out.splitlines()[-1], err) == (0, "stopped", "")


def test_without_any_browser(tmp_path: Path) -> None:
    """As on a server that one has reached by ssh: the address is there, and nothing else happens."""
    env = {"PATH": "/nowhere", "DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": ""}
    with Served("--browser", cwd=tmp_path, env=env) as served:
        assert served.request("/").status == 200
        assert served.stop()[2] == ""


# What takes too long


STUCK = """
import asyncio
from glassnet.page import limits, serve, server

async def close(self):
    await asyncio.sleep(60)

limits.STOPPING = 0.3
server.Sessions.close = close
serve.serve(serve.listen(0), None, browser=False)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_what_does_not_end_is_left(number: int, code: int) -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition("/?")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 421")
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out.splitlines()[-1]) == (code, "stopped")


def test_a_connection_grows_old_and_a_page_must_say_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    from glassnet.page import limits, server

    monkeypatch.setattr(limits, "REQUESTING", 0.2)
    monkeypatch.setattr(limits, "HELLO", 0.5)
    started: list[server.Server] = []

    class Known(server.Server):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started.append(self)

    monkeypatch.setattr(server, "Server", Known)
    listening = serve.listen(0)
    port = listening.getsockname()[1]
    settings = {"port": port, "token": "t", "once": "o"}
    thread = threading.Thread(target=server.run, args=(listening, None), kwargs=settings, daemon=True)
    thread.start()
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        assert client.recv(100) == b""  # it is closed, though nothing was asked
    monkeypatch.setattr(limits, "REQUESTING", 30)  # a busy machine may need longer than 0.2 s for what follows
    headers = {"Cookie": f"glassnet-{port}=t"}
    address = f"ws://127.0.0.1:{port}/session"
    with connect(address, origin=f"http://127.0.0.1:{port}", additional_headers=headers, proxy=None) as page:
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(30)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "expected the ask hello, got nothing")
    started[0].should_exit = True
    thread.join(30)
    assert not thread.is_alive()
    listening.close()
