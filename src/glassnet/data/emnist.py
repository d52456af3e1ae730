"""EMNIST: six datasets of handwritten letters and digits in the form of MNIST, made from the same NIST forms.

All six are in one zip file of gzipped IDX files. Every image is stored with rows and columns exchanged.
"""

import zipfile
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from typing import BinaryIO, cast

from glassnet.data.errors import DataError
from glassnet.data.files import reading_zip, unzipping, zip_member
from glassnet.data.idx import images_and_labels, read_idx_stream
from glassnet.nn.array import Array

# Small letters that look like their capitals count as capitals; the other small letters are separate classes.
_MERGED = tuple(digits + ascii_uppercase + "abdefghnqrt")
CLASSES = {
    "balanced": _MERGED,
    "letters": tuple(ascii_uppercase),  # each stands for the capital and the small letter
    "digits": tuple(digits),
    "mnist": tuple(digits),
    "byclass": tuple(digits + ascii_uppercase + ascii_lowercase),
    "bymerge": _MERGED,
}


def read_emnist(path: str | Path, split: str) -> dict[str, Array]:
    """Read one of the six datasets from the zip file, with the images upright.

    Args:
        path: gzip.zip, as published.
        split: balanced, letters, digits, mnist, byclass or bymerge.

    Returns:
        x_train and x_test (N, 28, 28) uint8; y_train and y_test (N,) int64 from 0 on (letters are stored from 1 on).

    Raises:
        DataError: no such file or split, not a zip file or a broken one, or a fault in one of its IDX files.
    """
    if split not in CLASSES:
        raise DataError(f"EMNIST has no split {split!r}; it has {', '.join(CLASSES)}")
    arrays: dict[str, Array] = {}
    with reading_zip(path) as archive:
        for part in ("train", "test"):
            x, y = _read_pair(archive, f"gzip/emnist-{split}-{part}", str(path))
            arrays |= {f"x_{part}": x, f"y_{part}": y - 1 if split == "letters" else y}
    return arrays


def _read_pair(archive: zipfile.ZipFile, name: str, where: str) -> tuple[Array, Array]:
    images_name, labels_name = f"{name}-images-idx3-ubyte.gz", f"{name}-labels-idx1-ubyte.gz"
    x, y = images_and_labels(
        _read_member(archive, images_name, where), _read_member(archive, labels_name, where), images_name, labels_name
    )
    if x.shape[1] != x.shape[2]:
        raise DataError(f"{where}: {images_name}: expected square images, got {x.shape[1]}x{x.shape[2]}")
    for start in range(0, len(x), 4096):  # in place, because there may be 800,000 images
        x[start : start + 4096] = x[start : start + 4096].transpose(0, 2, 1)
    return x, y


def _read_member(archive: zipfile.ZipFile, name: str, where: str) -> Array:
    member = zip_member(archive, name)
    where = f"{where}: {name}"
    if member.file_size > 2 * member.compress_size + 1024:  # zip cannot make gzip's output much smaller
        raise DataError(
            f"{where}: {member.file_size:,} bytes came out of {member.compress_size:,}, so it is not a gzip file"
        )
    with archive.open(member) as raw, unzipping(cast(BinaryIO, raw), member.file_size, where) as opened:
        return read_idx_stream(opened, where)
