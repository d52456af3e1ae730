"""The command line as people use it.

Most commands are run in this process: a new one costs half a second or more, and proves nothing of a command. That the
program starts, is interrupted and ends as it should, is tested with real processes.
"""

import io
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from glassnet import doctor
from glassnet.cli import app

TERMINAL = "glassnet.cli.terminal"  # its console looks at the environment when it is imported
Done = subprocess.CompletedProcess[str]


def glassnet(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """What `python -m glassnet` does with these arguments, in this process; nothing of it stays behind."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    command = ["glassnet", *map(str, arguments)]
    with (
        mock.patch.dict(os.environ, _environment(env)),
        mock.patch.object(sys, "argv", command),
        mock.patch.object(doctor, "USED", set()),
        chdir(cwd or Path.cwd()),
        _as_in_a_new_process(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            app.main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    said = (stream.buffer.getvalue().decode("utf-8").replace(os.linesep, "\n") for stream in (out, err))
    return subprocess.CompletedProcess(command, code, *said)


def process(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """`python -m glassnet` in a process of its own."""
    command = [sys.executable, "-m", "glassnet", *map(str, arguments)]
    environment = os.environ | _environment(env)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def refused(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What is said about bad input: one line, exit code 2, no traceback."""
    return one_line(glassnet(*arguments, cwd=cwd, env=env))


def one_line(done: Done) -> str:
    """The one line with which a command has refused its input."""
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.endswith("...")]  # progress
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert "Traceback" not in done.stderr + done.stdout
    return lines[0]


def _environment(env: dict[str, str] | None) -> dict[str, str]:
    return {"COLUMNS": "80", "NO_COLOR": "1"} | (env or {})


@contextmanager
def _as_in_a_new_process() -> Iterator[None]:
    """A console, signals and warnings as Python gives them to a new process; afterwards they are as they were."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.modules.pop(TERMINAL, None)
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)  # the others are errors in tests
        try:
            yield
        finally:
            sys.modules.pop(TERMINAL, None)
            for number, handler in handlers.items():
                signal.signal(number, handler)
