"""Programs on several ranks: real processes, started by a real mpirun."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 60
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",  # in a container everybody is root
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def find_mpirun() -> str | None:
    """The path of mpirun, if there is one and mpi4py to use it."""
    if importlib.util.find_spec("mpi4py") is None:
        return None
    beside = Path(sys.executable).parent / "mpirun"
    return str(beside) if beside.is_file() else shutil.which("mpirun")


def start(ranks: int, *command: str | Path, cwd: Path) -> "subprocess.Popen[str]":
    """Start a Python program or module on so many ranks, more than there are processors if need be."""
    mpirun = find_mpirun()
    assert mpirun
    placed = ("--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "-n", str(ranks))
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    line = [mpirun, *placed, sys.executable, *map(str, command)]
    return subprocess.Popen(line, cwd=cwd, env=os.environ | ENVIRONMENT, **piped)


def run(ranks: int, *command: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program on so many ranks to its end."""
    process = start(ranks, *command, cwd=cwd)
    try:
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def ours(text: str) -> list[str]:
    """The lines that are not mpirun's own, which stand between dashes."""
    parts = text.replace("\0", "").split("-" * 74)  # mpirun puts a zero where the output of a rank begins
    return [line for part in parts[::2] for line in part.splitlines() if line.strip()]


def ranks_of(process: "subprocess.Popen[str]") -> list[int]:
    """The processes of the ranks that this mpirun has started, in their order."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        if parent == process.pid:
            found.append(int(folder.name))
    return sorted(found)
