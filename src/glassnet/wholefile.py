"""Files that are written whole or not at all: at any instant, even of a crash, there is the old file or the new one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | Path, *, part: str = ".part") -> Iterator[BinaryIO]:
    """A new file to write to, which is flushed to the disk and only then takes the name of the old one.

    Args:
        part: what stands behind its name until then.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(path.name + part)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # Ctrl-C too leaves no half file behind; it goes on its way below
        with suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # the renaming itself must reach the disk too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_whole(path: str | Path, contents: bytes) -> None:
    """Write these bytes to a file, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    with whole_file(path) as file:
        file.write(contents)
