"""The folder of a run while it is written: checks that it is free, claims it, locks it, and names it in errors."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from glassnet.modelfile import ModelFileError
from glassnet.runs.folder import LOCK, RunError
from glassnet.wholefile import write_whole

PROBE = ".writable"


class BusyError(RunError):
    """Another process trains in this folder now."""


def new_folder(name: str, *, parent: str | Path = "runs") -> Path:
    """The first of runs/name, runs/name-2, runs/name-3, ... that does not exist."""
    parent, number = Path(parent), 1
    while (folder := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def check_free(folder: str | Path) -> None:
    """Raise RunError unless a new run can use this folder: it must not exist, or must be empty."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file: name a folder, which will be made")
    if folder.exists() and not all(_is_left(path) for path in folder.iterdir()):
        raise RunError(f"{folder} exists already and is not empty: name another folder, or delete this one")


def _is_left(path: Path) -> bool:
    """Whether this is what a process leaves in a folder when it is killed before it has written anything."""
    return path.name in (LOCK, PROBE) or path.suffix == ".part"


def claim(folder: Path) -> bool:
    """Make the folder, and check before training that it can be written to; return whether it is new."""
    new = not folder.exists()
    check_free(folder)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / PROBE
        probe.touch()
        probe.unlink(missing_ok=True)
    return new


@contextmanager
def alone(folder: Path) -> Iterator[IO[str] | None]:
    """Lock the folder, so that no other process trains in it; the lock ends with the process, even if it is killed.

    Yields the file that is locked, or None where there are no such locks. A process that inherits the file keeps it
    locked.

    Raises:
        BusyError: another process has locked it.
    """
    if sys.platform == "win32":
        yield None
    else:
        with _locked(folder) as file:
            try:
                yield file
            finally:
                (folder / LOCK).unlink(missing_ok=True)


def _locked(folder: Path) -> IO[str]:
    """The open file that locks the folder."""
    path = folder / LOCK
    for _ in range(20):  # a run that was just killed may hold the lock for a moment longer
        with writing_to(folder):
            file = path.open("w")
        try:
            _lock(file)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file  # else the previous owner has just deleted the file: try again
        file.close()
    raise BusyError(f"{folder}: another process is training in this folder; wait for it, or stop it")


def _lock(file: IO[str]) -> None:
    """Raise BlockingIOError if another process has locked the file; does nothing on Windows."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn the errors of writing into a RunError that names the folder."""
    try:
        yield
    except ModelFileError as error:
        raise RunError(f"cannot write to the run folder {folder}: {error}") from None
    except OSError as error:
        raise RunError(f"cannot write to the run folder {folder}: {error.strerror or error}") from None


def write_json(path: Path, value: Any) -> None:
    write_whole(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())
