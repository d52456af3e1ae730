"""Writes files atomically: at any time, even after a crash, there is the complete old file or the complete new one."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | Path, *, part: str = ".part") -> Iterator[BinaryIO]:
    """A new file to write to; at the end it is flushed to the disk and then replaces the old file.

    A link stays a link: the file that it points to is replaced. A device or a pipe is written to as it is.

    Args:
        part: the ending of its temporary name; two writers of one file at once need two.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.exists() and (not path.is_file() or path.parts[1:2] == ("dev",)):  # never replace /dev/stdout by a file
        with path.open("wb") as file:
            yield file
        return
    try:
        path = path.resolve() if path.is_symlink() else path
    except RuntimeError:  # a link that leads to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
    temporary = path.with_name(path.name + part)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # also Ctrl-C: delete the incomplete file, then raise the error again
        with suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # the new name must also reach the disk
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_whole(path: str | Path, contents: bytes) -> None:
    """Write these bytes to a file; it appears only when it is complete.

    Raises:
        OSError: the file cannot be written.
    """
    with whole_file(path) as file:
        file.write(contents)
