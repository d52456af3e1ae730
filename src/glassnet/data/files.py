"""Plain, gzip and zip files. The kind is detected from the contents, not the name; only complete files are written.

Any failure between the disk and an array is reported as a DataError that names the file.
"""

import gzip
import hashlib
import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from glassnet.data.errors import DataError
from glassnet.nn.plain import brief
from glassnet.wholefile import whole_file

Progress = Callable[[str, int, int | None], None]  # description, amount done, total amount or None if unknown

BLOCK = 1 << 18  # bytes read at a time: large enough to be fast, small enough to stay in the cache
PORTION = 1 << 16  # bytes of a gzip file unzipped at a time
GZIP = 31  # zlib's wbits for gzip data; zlib then also verifies the checksum
SPREADSHEETS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}  # in the files of Excel, LibreOffice and others
MOST_PIPED = 1 << 30  # bytes that come through a pipe, which are kept
MOST_EXPANSION = 1032  # one byte of deflate data gives at most this number of bytes


class Opened(NamedTuple):
    """A file opened for reading."""

    stream: BinaryIO  # the contents of the file, unzipped
    raw: BinaryIO  # the file itself; its position shows the progress of reading
    most: int  # the stream can give at most this number of bytes


@contextmanager
def reading(path: str | Path) -> Iterator[Opened]:
    """Open a file: plain, gzip, or the one file in a zip archive; "-" is standard input.

    Raises:
        DataError: the file does not exist or cannot be read; or, found while reading, it is truncated or broken.
    """
    try:
        if is_pipe(path):
            piped = _piped(str(path))
            with unzipping(io.BytesIO(piped), len(piped), str(path)) as opened:
                yield opened
            return
        with Path(path).open("rb") as raw, unzipping(raw, os.fstat(raw.fileno()).st_size, str(path)) as opened:
            yield opened
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def is_pipe(path: str | Path) -> bool:
    """Whether this is standard input ("-"), a pipe or a device, whose contents come once."""
    return str(path) == "-" or Path(path).is_fifo() or Path(path).is_char_device()


@cache
def _piped(path: str) -> bytes:
    """What comes through a pipe. It comes once, and some files are looked at twice."""
    with sys.stdin.buffer if path == "-" else Path(path).open("rb") as pipe:
        data = pipe.read(MOST_PIPED + 1)
    if len(data) > MOST_PIPED:
        raise DataError(f"{path}: over {MOST_PIPED:,} bytes come through this pipe: write them to a file")
    return data


@contextmanager
def unzipping(raw: BinaryIO, size: int, where: str) -> Iterator[Opened]:
    """The same for a binary file of `size` bytes that is already open; `where` names it in messages."""
    start = raw.read(4)
    raw.seek(0)
    if start == b"PK\x03\x04":
        with _only_member(raw, size, where) as opened:
            yield opened
        return
    if not start.startswith(b"\x1f\x8b"):
        yield Opened(raw, raw, size)
        return
    try:
        with io.BufferedReader(_Unzipped(raw), BLOCK) as stream:
            yield Opened(cast(BinaryIO, stream), raw, size * MOST_EXPANSION)
    except EOFError:
        raise DataError(f"{where}: truncated: the gzip data ends too early; copy or download the file again") from None
    except zlib.error as error:
        raise DataError(f"{where}: broken gzip: {brief(error)}") from None


@contextmanager
def _only_member(raw: BinaryIO, size: int, where: str) -> Iterator[Opened]:
    """The file in a zip archive of one file; those that macOS adds do not count."""
    try:
        opened = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError) as error:
        raise DataError(f"{where}: a broken zip archive: {brief(error)}") from None
    try:
        with opened as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
            if not SPREADSHEETS.isdisjoint(names):
                raise DataError(f"{where}: this is a spreadsheet, expected text: save it as CSV, and read that")
            if len(names) != 1:
                found = brief(", ".join(names[:8])) or "none"
                raise DataError(f"{where}: expected a zip archive of one file, got {len(names)}: {found}; unpack it")
            with archive.open(names[0]) as stream:
                yield Opened(cast(BinaryIO, stream), raw, size * MOST_EXPANSION)
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, struct.error) as error:
        raise DataError(f"{where}: a broken zip archive: {brief(error)}") from None


class _Unzipped(io.RawIOBase):
    """The contents of a gzip file: one or several members. Zero bytes may follow each; GzipFile skips these slowly."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw, self.rest = raw, b""
        self.decoder = zlib.decompressobj(GZIP)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            self.rest = self.rest or self.raw.read(PORTION)
            if self.decoder.eof:
                if not self.rest:
                    return 0
                self.rest = self.rest.lstrip(b"\0")
                if not self.rest:
                    continue
                self.decoder = zlib.decompressobj(GZIP)
            if not self.rest:
                raise EOFError
            data = self.decoder.decompress(self.rest, len(buffer))
            self.rest = self.decoder.unused_data if self.decoder.eof else self.decoder.unconsumed_tail
            if data:
                buffer[: len(data)] = data
                return len(data)


@contextmanager
def reading_zip(path: str | Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; `zip_member` finds a file in it.

    Raises:
        DataError: the file does not exist, cannot be read or is not a zip archive; or, found while reading, is broken.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error) as error:
        raise DataError(f"{path}: not a zip archive, or a broken one: {brief(error)}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def zip_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The entry of a file in a zip archive; the size that it claims is checked.

    Raises:
        DataError: there is no file of this name, its compression is not supported, or it claims an impossible size.
    """
    try:
        member = archive.getinfo(name)
    except KeyError:
        present = ", ".join(brief(name) for name in archive.namelist()[:8]) or "nothing"
        raise DataError(f"{archive.filename}: expected {name} in the archive, got {present}") from None
    where = f"{archive.filename}: {name}"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{where}: expected it stored or deflated, got compression method {member.compress_type}")
    present_bytes = min(member.compress_size, Path(archive.filename or "").stat().st_size)
    if member.file_size > MOST_EXPANSION * present_bytes:
        raise DataError(f"{where}: claims {member.file_size:,} bytes, more than can come out of {present_bytes:,}")
    return member


@contextmanager
def writing(path: str | Path) -> Iterator[BinaryIO]:
    """Write a file that gets its name only when it is complete; gzip if the name ends in .gz.

    The same contents give the same bytes: the gzip header holds no time and no name.

    Raises:
        DataError: the file cannot be written.
    """
    path = Path(path)
    if not path.name or path.is_dir():
        raise DataError(f"{path}: expected a file to write, but it is a folder")
    try:
        with whole_file(path, part=f".{os.getpid()}.part") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
                    yield cast(BinaryIO, stream)
            else:
                yield raw
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file as it is, in hexadecimal."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def sha256_of_content(path: str | Path) -> str:
    """The SHA-256 of the unzipped contents of a file, which does not depend on the compression."""
    digest = hashlib.sha256()
    with reading(path) as (stream, _, _):
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
