"""The .npz files of Keras image datasets: x_train, y_train, x_test and y_test in one file.

Such a file can hide a pickle or claim any size, so the header of each array is checked before the array is loaded.
"""

import math
import warnings
import zipfile
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy

from glassnet.data.errors import DataError
from glassnet.data.files import reading_zip, zip_member
from glassnet.nn.array import Array
from glassnet.nn.plain import brief

NAMES = ("x_train", "y_train", "x_test", "y_test")


def read_npz(path: str | Path) -> dict[str, Array]:
    """Read the four arrays of a Keras dataset; nothing in the file is unpickled.

    Returns:
        x_train and x_test as uint8 (N, H, W), (N, H, W, C) or (N, D); y_train and y_test as int64 (N,).

    Raises:
        DataError: no such file, not an npz, truncated, a missing array, Python objects, other types or shapes,
            different numbers of images and labels, or a header that promises another size than the file holds.
    """
    with reading_zip(path) as archive:
        arrays = {name: _read_array(archive, name, f"{path}: {name}") for name in NAMES}
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.dtype != np.uint8 or x.ndim < 2:
            raise DataError(
                f"{path}: expected x_{part} as uint8 pixels (N, H, W), 0 to 255; got {x.dtype} of shape {x.shape}; "
                "np.round(255 * x).astype(np.uint8) makes them of pixels from 0 to 1"
            )
        if y.ndim == 2 and y.shape[1] == 1:  # as in Keras's CIFAR-10
            y = y[:, 0]
        if y.ndim != 1 or y.dtype.kind not in "iu":
            raise DataError(
                f"{path}: expected y_{part} as integers (N,), got {y.dtype} of shape {y.shape}; y.argmax(axis=1) makes "
                "them of one row of indicators for each"
            )
        if len(x) != len(y):
            raise DataError(f"{path}: x_{part} holds {len(x):,} examples, but y_{part} {len(y):,} labels")
        arrays[f"y_{part}"] = y.astype(np.int64)
    return arrays


def _read_array(archive: zipfile.ZipFile, name: str, where: str) -> Array:
    member = zip_member(archive, f"{name}.npy")
    try:
        with warnings.catch_warnings(), archive.open(member) as stream:
            warnings.simplefilter("ignore")  # NumPy warns of headers from Python 2 and of old names of types
            shape, _, dtype = _read_header(stream)
            if dtype.hasobject:
                raise DataError(f"{where} holds Python objects, which could run code: save an array of numbers")
            promised = math.prod(shape) * dtype.itemsize
            follow = member.file_size - stream.tell()
            if promised != follow:
                raise DataError(f"{where} promises {promised:,} bytes {shape} {dtype}, but {follow:,} follow")
        with warnings.catch_warnings(), archive.open(member) as stream:
            warnings.simplefilter("ignore")
            array: Array = npy.read_array(stream, allow_pickle=False)
    except DataError:
        raise
    except (ValueError, MemoryError, SyntaxError, TokenError, RecursionError, OverflowError) as error:
        raise DataError(f"{where} is not a NumPy array: {brief(error)}") from None
    return array


def _read_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, memory order and type in a .npy header."""
    version = npy.read_magic(stream)
    if version == (1, 0):
        return npy.read_array_header_1_0(stream)
    if version == (2, 0):
        return npy.read_array_header_2_0(stream)
    raise ValueError(f"version {version} of the format")
