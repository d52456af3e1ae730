"""Reads the files given to a model: a picture, or an IDX or CSV file of images."""

import math
from pathlib import Path

from glassnet.data.csv import read_csv
from glassnet.data.errors import DataError
from glassnet.data.idx import is_idx, read_idx
from glassnet.nn.array import Array
from glassnet.reading import picture
from glassnet.reading.drawing import form_for


def is_picture(path: Path) -> bool:
    """Whether a file is treated as a picture: its name is not that of CSV or npz, and it does not begin like IDX."""
    return not path.name.lower().removesuffix(".gz").endswith((".csv", ".npz")) and not is_idx(path)


def read_examples(path: Path, shape: tuple[int, ...]) -> tuple[Array, Array | None]:
    """The examples in a file, for a network that takes this shape: x (N, ...), and labels (N,), or None without labels.

    A picture becomes one example, in the form of the training digits.

    Raises:
        DataError: the file is missing, of unknown kind, or does not fit; a picture has no digit, or several.
    """
    x, labels = _read(path, shape)
    if len(x) == 0:
        raise DataError(f"{path}: the file holds no examples")
    if math.prod(x.shape[1:]) != math.prod(shape):
        raise DataError(
            f"{path}: the model takes {math.prod(shape)} values per example (shape {shape}), "
            f"but the file has {math.prod(x.shape[1:])} (shape {x.shape[1:]})"
        )
    return x, labels


def _read(path: Path, shape: tuple[int, ...]) -> tuple[Array, Array | None]:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return read_csv(path)
    if name.endswith(".npz"):
        raise DataError(
            f"{path}: expected pictures, IDX or CSV files; to measure a model on an npz use glassnet evaluate"
        )
    if is_idx(path):
        x = read_idx(path)
        if x.ndim < 2:
            raise DataError(f"{path}: expected images, but this IDX file holds {x.ndim}-dimensional data (labels?)")
        return x, None
    drawing = picture.read(path)
    try:
        return form_for(shape)(drawing)[None], None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
