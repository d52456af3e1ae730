"""Examples from the files that predict and explain are given: pictures, IDX and CSV files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from glassnet.nn.network import Network


class Found(NamedTuple):
    """Examples read from one file, as the network takes them."""

    path: Path
    x: Any  # (N, ...)
    labels: Any = None  # (N,) or None
    problem: str = ""  # why there are none
    drawn: bool = False  # whether it is a picture, which may show anything


def check_row(file: Path, row: int, count: int) -> None:
    """Raise DataError unless a file with so many examples has this row."""
    from glassnet.data.dataset import DataError

    if not 0 <= row < count:
        raise DataError(f"--row {row}: {file} holds {count:,} examples, so rows are 0 to {count - 1}")


def read_or_explain(path: Path, network: "Network") -> Found:
    """The examples in a file; of a picture that shows no digit, why it does not, so that others still get their answer.

    Raises:
        DataError: as `read_examples`, for a file that is no picture.
    """
    from glassnet.data.dataset import DataError

    try:
        return read_examples(path, network)
    except DataError as error:
        if path.name.lower().removesuffix(".gz").endswith((".csv", ".npz")) or _is_idx(path):
            raise
        return Found(path, [], problem=str(error).removeprefix(f"{path}: "), drawn=True)


def read_examples(path: Path, network: "Network") -> Found:
    """The examples in a file, in the form that the network was trained on.

    Raises:
        DataError: the file is missing, of no known kind, or does not fit the network.
    """
    import math

    from glassnet.data import drawing, picture
    from glassnet.data.csv import read_csv
    from glassnet.data.dataset import DataError
    from glassnet.data.idx import read_idx

    size = math.prod(network.input_shape)
    drawn = False
    name = path.name.lower().removesuffix(".gz")
    labels = None
    if name.endswith(".csv"):
        x, labels = read_csv(path)
    elif name.endswith(".npz"):
        raise DataError(
            f"{path}: expected pictures, IDX or CSV files; to measure a model on an npz use glassnet evaluate"
        )
    elif _is_idx(path):
        x = read_idx(path)
        if x.ndim < 2:
            raise DataError(f"{path}: expected images, but this IDX file holds {x.ndim}-dimensional data (labels?)")
    else:
        pixels = picture.read(path)
        forms = {784: drawing.to_mnist, 64: drawing.to_digits}
        if size not in forms:
            raise DataError(f"{path}: this model takes examples of shape {network.input_shape}, not pictures of digits")
        try:
            x, drawn = forms[size](pixels)[None], True
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
    if len(x) == 0:
        raise DataError(f"{path}: the file holds no examples")
    if math.prod(x.shape[1:]) != size:
        raise DataError(
            f"{path}: the model takes {size} values an example (shape {network.input_shape}), "
            f"but the file has {math.prod(x.shape[1:])} (shape {x.shape[1:]})"
        )
    return Found(path, x, labels, drawn=drawn)


def is_model(path: Path) -> bool:
    """Whether a file is meant as a model: by its name, or by how safetensors begin."""
    if path.suffix == ".safetensors":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{" and not _is_idx(path)


def _is_idx(path: Path) -> bool:
    """Told by how the file begins, not by its name: two zero bytes, a type and a number of dimensions; or gzip."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(4)
    # Icons, the pictures of telephones (HEIC, AVIF) and JPEG 2000 begin with zeros too; 8 to 14 are the types of IDX.
    return start[:2] == b"\x1f\x8b" or (start[:2] == b"\0\0" and start[2:3] in b"\x08\x09\x0b\x0c\x0d\x0e")
