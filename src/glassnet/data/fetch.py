"""Verified downloads: mirrors are tried in order, interrupted transfers are resumed, and checksums are compared.

A file gets its name only when its SHA-256 is correct. Until then it is called `NAME.part`. That file stays after Ctrl-C
or an interrupted transfer, so the next attempt continues from there.
"""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from glassnet.data.errors import DataError, DownloadError
from glassnet.data.files import BLOCK, Progress, sha256_of


class MirrorError(Exception):
    """This mirror does not send the file; the message says why."""


class InterruptedTransferError(MirrorError):
    """The transfer was interrupted; the received part is kept, and the transfer can be resumed."""


def fetch(
    urls: Sequence[str],
    path: str | Path,
    *,
    sha256: str,
    size: int | None = None,
    progress: Progress | None = None,
    timeout: float = 10.0,
) -> Path:
    """Download a file from the first of several mirrors that sends it complete and unchanged.

    An interrupted transfer is resumed once from the same mirror, then from the next. A file with a wrong checksum is
    deleted and downloaded from the next mirror.

    Args:
        urls: addresses of the file, http or https, best first.
        path: where to write the file; its folder is made if it does not exist.
        sha256: the checksum that the file must have, in hexadecimal.
        size: its length in bytes, if known; a transfer of more bytes is stopped.
        progress: called with the file's name, the bytes received and the bytes expected.
        timeout: seconds to wait for an answer of a mirror.

    Returns:
        The path.

    Raises:
        DownloadError: no mirror sent the file; the message gives the reason of each.   DataError: it cannot be written.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.exists() and part.stat().st_size == size and sha256_of(part) == sha256:
            part.replace(path)
            return path
        reasons = []
        for url in urls:
            try:
                _fetch_from(url, part, sha256, size, progress, timeout)
                part.replace(path)
                return path
            except MirrorError as failure:
                reasons.append(f"{url}: {failure}")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
    reasons = reasons or ["no mirror is known"]
    raise DownloadError(f"{path.name} could not be downloaded ({'; '.join(reasons)})", reasons)


def _fetch_from(url: str, part: Path, sha256: str, size: int | None, progress: Progress | None, timeout: float) -> None:
    """Complete `part` from this mirror, and check its checksum."""
    for last_chance in (False, True):
        try:
            resumed = _transfer(url, part, size, progress, timeout)
        except InterruptedTransferError:
            if last_chance:
                raise
            continue
        actual = sha256_of(part)
        if actual == sha256:
            return
        part.unlink()
        if not resumed or last_chance:
            raise MirrorError(f"wrong checksum: expected sha256 {sha256}, got {actual}")
        # the first part may have come from another mirror: ask this one for the whole file


def _transfer(url: str, part: Path, size: int | None, progress: Progress | None, timeout: float) -> bool:
    """Download the bytes that `part` lacks; return whether it had some before."""
    have = part.stat().st_size if part.exists() else 0
    answer = _ask(url, have, timeout)
    if answer is None:  # the server has no more bytes, so `part` may be the whole file
        return True
    with answer:
        if have and answer.status == 206 and not _continues(answer, have, size):
            part.unlink()
            return _transfer(url, part, size, progress, timeout)
        have = have if answer.status == 206 else 0  # some servers do not support ranges and send the whole file
        return _store(answer, part, have, size, progress)


def _ask(url: str, have: int, timeout: float) -> http.client.HTTPResponse | None:
    """Request the bytes from `have` on; return the answer, or None if the server says that there are no more."""
    headers = {"User-Agent": "glassnet", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    opener = urllib.request.OpenerDirector()  # the default one would also follow redirections to ftp
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise MirrorError("only http and https addresses are used")
        request = urllib.request.Request(url, headers=headers)
        return cast(http.client.HTTPResponse, opener.open(request, timeout=timeout))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return None
        raise MirrorError(f"HTTP {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise MirrorError(f"no answer: {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MirrorError(f"no answer: {str(error) or type(error).__name__}") from None


def _continues(answer: http.client.HTTPResponse, have: int, size: int | None) -> bool:
    """Whether the answer is the rest of the file, from the requested byte on."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if answer.status != 206 or not match or int(match[1]) != have:
        return False
    return size is None or match[2] in ("*", str(size))


def _total(answer: http.client.HTTPResponse, have: int, size: int | None) -> int | None:
    """The number of bytes that the file will have, or None if it is not known."""
    length = answer.headers.get("Content-Length", "")
    total = have + int(length) if length.isdecimal() else None
    if size is not None and total is not None and total != size:
        raise MirrorError(f"offers a file of {total:,} bytes, expected {size:,}")
    return size if total is None else total


def _store(
    answer: http.client.HTTPResponse, part: Path, have: int, size: int | None, progress: Progress | None
) -> bool:
    """Write the answer after the first `have` bytes of the file; return whether `have` is above 0."""
    resumed = have > 0
    total = _total(answer, have, size)
    with part.open("ab" if resumed else "wb") as file:
        while True:
            if progress:
                progress(part.name.removesuffix(".part"), have, total)
            try:
                block = answer.read1(BLOCK)
            except (OSError, http.client.HTTPException) as error:
                raise InterruptedTransferError(f"the transfer broke off after {have:,} bytes: {error}") from None
            if not block:
                break
            have += len(block)
            if size is not None and have > size:
                break
            file.write(block)
    if size is not None and have > size:
        part.unlink()
        raise MirrorError(f"sent more than the {size:,} bytes expected")
    if total is not None and have < total:
        raise InterruptedTransferError(f"the transfer broke off after {have:,} of {total:,} bytes")
    return resumed
