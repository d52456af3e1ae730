"""The page as it is served: a real process, and clients that speak to it through real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

SECONDS = 60  # of waiting for an answer, on a machine that does other things too: no test waits without an end


class Served:
    """`glassnet page --no-browser` in a process of its own; use it in `with`.

    Attributes:
        address: as it was printed, with the token.   port, token: which stand in it.
    """

    def __init__(self, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "glassnet", "page", "--no-browser", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        host, _, key = self.address.partition("/?token=")
        self.token = key.partition("#")[0]
        assert host.startswith("http://127.0.0.1:"), f"{self.address}{self.process.communicate()[1]}"
        self.port = int(host.rpartition(":")[2])
        self.origin = f"http://127.0.0.1:{self.port}"
        self.cookie = f"glassnet-{self.port}={self.token}"

    def request(self, path: str = "/", *, method: str = "GET", headers: list[tuple[str, str]] | None = None) -> "Reply":
        """What is answered to a request with the right Host and the cookie, and with these headers in their place."""
        given = headers or []
        named = {name.lower() for name, _ in given}
        own = [("Host", f"127.0.0.1:{self.port}"), ("Cookie", self.cookie), ("Connection", "close")]
        lines = [
            f"{name}: {value}" for name, value in [*(h for h in own if h[0].lower() not in named), *given] if value
        ]
        text = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
        return self.say(text.encode("latin-1"))

    def say(self, data: bytes) -> "Reply":
        """What is answered to these bytes, until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as client:
            client.sendall(data)
            parts = []
            try:
                while part := client.recv(1 << 16):
                    parts.append(part)
            except ConnectionResetError:
                pass
        return Reply(b"".join(parts))

    def connect(self, **headers: str) -> "ClientConnection":
        """A WebSocket with the right headers, and with these in their place."""
        from websockets.sync.client import connect

        own = {"Cookie": self.cookie} | headers
        return connect(
            f"ws://127.0.0.1:{self.port}/session",
            origin=None if "Origin" in own else self.origin,  # type: ignore[arg-type]
            additional_headers=own,
            max_size=None,
            compression=None,
            open_timeout=SECONDS,
            close_timeout=SECONDS,
            proxy=None,
        )

    @contextmanager
    def page(self, session: str | None = None) -> Iterator["Page"]:
        """A page that has said hello."""
        with self.connect() as client:
            yield Page(client, session)

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal and wait for the end: the exit code, and what was printed."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):  # all that it has started, and itself if it still runs
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


class Reply:
    """The answer to a request."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first else 0  # 0: nothing was said
        self.headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]

    def __getitem__(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def line(self) -> str:
        """The body, which must be one plain line."""
        text = self.body.decode("ascii")
        assert text.strip().count("\n") == 0
        assert text.strip()
        assert self["content-type"] == ["text/plain; charset=utf-8"]
        return text.strip()


class Page:
    """A page that asks through its WebSocket."""

    def __init__(self, client: "ClientConnection", session: str | None = None) -> None:
        self.client, self.number, self.events = client, 0, list[dict[str, Any]]()
        self.send(json.dumps({"ask": "hello", "session": session}))
        self.welcome = self.event("welcome")

    @property
    def id(self) -> str:
        return self.welcome["session"]

    def send(self, message: str | bytes) -> None:
        self.client.send(message)

    def receive(self) -> dict[str, Any]:
        """The next message."""
        return json.loads(self.client.recv(SECONDS))

    def answer(self, number: int | None) -> dict[str, Any]:
        """The answer, or problem, with this number; events before it are kept."""
        while "event" in (message := self.receive()):
            self.events.append(message)
        assert message["id"] == number
        return message

    def ask(self, name: str, **fields: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self.number += 1
        self.send(json.dumps({"id": self.number, "ask": name, **fields}))
        return self.answer(self.number)

    def read(self, picture: bytes) -> dict[str, Any]:
        """Send a picture, and wait for the answer."""
        self.number += 1
        self.send(self.number.to_bytes(4, "big") + picture)
        return self.answer(self.number)

    def event(self, kind: str) -> dict[str, Any]:
        """The next event of this kind."""
        while (message := self.receive()).get("event") != kind:
            assert "event" in message, message
        return message

    def trained(self, until: Any) -> dict[str, Any]:
        """The first state of the training that fulfils this."""
        while not until(state := self.event("training")["state"]):
            pass
        return state
