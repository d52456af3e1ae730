"""IDX, the format of the MNIST files: a short header with type and shape, then the numbers.

The first four bytes are 0, 0, a code for the type, and the number of dimensions. Then follow the size of each dimension
as a big-endian uint32, and the values, also big-endian. Images are "magic 2051" (bytes 0 0 8 3), labels 2049 (0 0 8 1).
"""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import BLOCK, Opened, reading, writing
from glassnet.nn.array import Array

TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
MOST_DIMENSIONS = 64  # the limit of NumPy
FOUR_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def read_idx(path: str | Path) -> Array:
    """Read an IDX file, plain or gzip; its first bytes show which.

    Returns:
        A new array with the shape and type in the header, in this machine's byte order.

    Raises:
        DataError: no such file, not IDX, unknown type, truncated, left-over bytes, broken gzip, or a header that
            promises more than the file can hold (detected before any memory is allocated).
    """
    with reading(path) as opened:
        return read_idx_stream(opened, str(path))


def is_idx(path: Path) -> bool:
    """Whether a file begins like IDX (two zero bytes and a known type) or like gzip, whatever its name."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(4)
    # Icons, photos of phones (HEIC, AVIF) and JPEG 2000 also begin with zeros, so the type is checked too.
    return start[:2] == b"\x1f\x8b" or (start[:2] == b"\0\0" and start[2:3] in bytes(TYPES))


def read_idx_stream(opened: Opened, where: str) -> Array:
    """Read IDX from a file that is already open; `where` names it in messages."""
    stream = opened.stream
    magic = stream.read(4)
    if not magic:
        raise DataError(f"{where}: is empty")
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(f"{where}: not an IDX file: expected it to begin with two zero bytes, got {magic!r}")
    if magic[2] not in TYPES:
        known = ", ".join(f"0x{code:02X} {dtype}" for code, dtype in TYPES.items())
        raise DataError(f"{where}: unknown type code 0x{magic[2]:02X}; IDX knows {known}")
    dtype, dimensions = TYPES[magic[2]], magic[3]
    if dimensions > MOST_DIMENSIONS:
        raise DataError(f"{where}: expected at most {MOST_DIMENSIONS} dimensions, the header promises {dimensions}")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(f"{where}: truncated: the header has {4 + 4 * dimensions} bytes, got {4 + len(sizes)}")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    promised = math.prod(shape) * dtype.itemsize
    claim = f"the header promises {'x'.join(map(str, shape)) or 1} {dtype} ({promised:,} bytes)"
    other = math.prod(int(size) for size in np.frombuffer(sizes, "<u4")) * dtype.itemsize
    if promised > opened.most == 4 + len(sizes) + other:
        raise DataError(f"{where}: {claim}, because its sizes are in little-endian byte order: expected big-endian")
    if promised > opened.most:
        raise DataError(f"{where}: truncated or not IDX: {claim}, but the file can hold at most {opened.most:,}")
    try:
        data = np.empty(promised, np.uint8)
        array = data.view(dtype).reshape(shape)
    except (ValueError, MemoryError):  # for example 0 x 2**32 x 2**32
        raise DataError(f"{where}: {claim}, which does not fit into an array") from None
    filled = 0
    while filled < promised and (block := stream.read(min(BLOCK, promised - filled))):
        data[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    if filled < promised:
        raise DataError(f"{where}: truncated: {claim}, got {filled:,}; copy or download the file again")
    if stream.read(1):  # reading to the end also makes gzip verify its checksum
        raise DataError(f"{where}: {claim}, but more bytes follow")
    return array.byteswap(inplace=True) if sys.byteorder == "little" else array


def write_idx(path: str | Path, array: Array) -> None:
    """Write an array as IDX; gzip if the name ends in .gz. The same array gives the same bytes.

    Args:
        array: any shape; uint8, int8, int16, int32, float32 or float64.

    Raises:
        DataError: IDX cannot store the type (convert it: `labels.astype(np.uint8)`), or the file cannot be written.
    """
    codes = {dtype: code for code, dtype in TYPES.items()}
    native = array.dtype.newbyteorder("=")
    if native not in codes:
        raise DataError(f"{path}: IDX cannot store {native}; convert to one of {', '.join(map(str, codes))}")
    if max(array.shape, default=0) >= 2**32:
        raise DataError(f"{path}: IDX cannot store {max(array.shape):,} values along one dimension")
    big_endian = np.ascontiguousarray(array, native.newbyteorder(">"))
    with writing(path) as stream:
        stream.write(bytes((0, 0, codes[native], array.ndim)))
        stream.write(np.array(array.shape, ">u4").tobytes())
        stream.write(big_endian.reshape(-1).view(np.uint8).data)


def images_and_labels(images: Array, labels: Array, images_where: str, labels_where: str) -> tuple[Array, Array]:
    """Check that two IDX arrays belong together: images (N, H, W) uint8 and labels (N,), which become int64.

    Raises:
        DataError: other shapes or types, or different numbers of images and labels.
    """
    if images.ndim != 3 or images.dtype != np.uint8:
        form = f"{images.dtype} in {images.ndim} dimensions"
        raise DataError(f"{images_where}: expected images, uint8 in 3 dimensions (magic 2051), got {form}")
    if labels.ndim != 1 or labels.dtype != np.uint8:
        form = f"{labels.dtype} in {labels.ndim} dimensions"
        raise DataError(f"{labels_where}: expected labels, uint8 in 1 dimension (magic 2049), got {form}")
    if len(images) != len(labels) == images.shape[2] > max(images.shape[:2]):
        form = "x".join(map(str, images.shape))
        raise DataError(
            f"{images_where}: its dimensions, {form}, are transposed: expected the {len(labels):,} images first"
        )
    if len(images) != len(labels):
        raise DataError(f"{images_where} holds {len(images):,} images, but {labels_where} {len(labels):,} labels")
    return images, labels.astype(np.int64)


def idx_names(name: str) -> tuple[str, ...]:
    """The possible names of one of FOUR_FILES: with .gz or not, and with a dot, as old tools name the unzipped file."""
    plain = name.removesuffix(".gz")
    dotted = plain.replace("-idx", ".idx")
    return (plain + ".gz", plain, dotted + ".gz", dotted)


def read_four(files: Mapping[str, Path]) -> dict[str, Array]:
    """Read the training and test images and labels of a dataset in the form of MNIST.

    Args:
        files: the path of each of FOUR_FILES.

    Returns:
        x_train and x_test (N, H, W) uint8; y_train and y_test (N,) int64.

    Raises:
        DataError: a fault in one of the files, or different numbers of images and labels.
    """
    arrays: dict[str, Array] = {}
    for part, (images, labels) in (("train", FOUR_FILES[:2]), ("test", FOUR_FILES[2:])):
        paths = files[images], files[labels]
        x, y = images_and_labels(read_idx(paths[0]), read_idx(paths[1]), str(paths[0]), str(paths[1]))
        arrays |= {f"x_{part}": x, f"y_{part}": y}
    return arrays
