"""Examples from the files that a model is asked about: a picture, or an IDX or CSV file of images."""

import math
from pathlib import Path

from glassnet.data.csv import read_csv
from glassnet.data.errors import DataError
from glassnet.data.idx import is_idx, read_idx
from glassnet.nn.array import Array
from glassnet.reading import picture
from glassnet.reading.drawing import form_for


def is_picture(path: Path) -> bool:
    """Whether a file is taken for a picture: it is neither CSV nor npz, by its name, nor IDX, by how it begins."""
    return not path.name.lower().removesuffix(".gz").endswith((".csv", ".npz")) and not is_idx(path)


def read_examples(path: Path, shape: tuple[int, ...]) -> tuple[Array, Array | None]:
    """The examples in a file, for a network that takes this shape: x (N, ...), and labels (N,) where it holds them.

    A picture becomes one example, in the form of the digits that networks learn from.

    Raises:
        DataError: the file is missing, of no known kind, or does not fit; a picture without a digit, or with several.
    """
    x, labels = _read(path, shape)
    if len(x) == 0:
        raise DataError(f"{path}: the file holds no examples")
    if math.prod(x.shape[1:]) != math.prod(shape):
        raise DataError(
            f"{path}: the model takes {math.prod(shape)} values an example (shape {shape}), "
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
