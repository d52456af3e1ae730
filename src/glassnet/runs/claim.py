"""The folder of a run while it is written: found free, claimed, locked, and written to with errors that name it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glassnet.modelfile import ModelFileError
from glassnet.runs.folder import LOCK, RunError


def new_folder(name: str, *, parent: str | Path = "runs") -> Path:
    """The first of runs/name, runs/name-2, runs/name-3, ... that does not exist."""
    parent, number = Path(parent), 1
    while (folder := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def check_free(folder: str | Path) -> None:
    """Raise RunError if a new run cannot have this folder, which must not exist, or be empty."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file: name a folder, which is made")
    if folder.exists() and any(path.name != LOCK for path in folder.iterdir()):
        raise RunError(f"{folder} exists already and is not empty: name another folder, or delete this one")


def claim(folder: Path) -> bool:
    """Make the folder, and be sure that it can be written, before any time is spent; whether it is new."""
    new = not folder.exists()
    check_free(folder)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    return new


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes from training in the same folder; the lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    path = folder / LOCK
    for _ in range(20):  # a run that was just killed holds it for a moment longer
        with writing_to(folder):
            file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break  # else the one before has just taken the file away
        file.close()
    else:
        raise RunError(f"{folder}: another process is training in this folder; wait for it, or stop it")
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except ModelFileError as error:
        raise RunError(f"cannot write to the run folder {folder}: {error}") from None
    except OSError as error:
        raise RunError(f"cannot write to the run folder {folder}: {error.strerror or error}") from None


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
