"""Images as CSV: one image per row, one pixel per column, the label first.

Three headers are read: `label,pixel0,...,pixel783` (Kaggle's train.csv; its test.csv has no label column),
`label,1x1,1x2,...,28x28`, and no header. About a thousand rows are parsed at a time, so memory stays bounded.
"""

import csv
import io
import itertools
import math
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import Progress, reading, writing
from glassnet.nn.array import Array
from glassnet.nn.plain import brief
from glassnet.warn import warn

LABEL_NAMES = ("label", "class", "target", "y")
ID_NAMES = ("", "id", "imageid", "image_id", "image", "index", "idx", "row", "number", "no", "unnamed: 0")
LONGEST_LINE = 1 << 20  # characters; a file with a longer line is refused, not read into memory
CELLS = 1 << 20  # number of cells to parse or format at a time
LEAST_PIXELS = 64  # of an image without names of columns, where it is to be told from another table
PIXEL = re.compile(r"(?:pixel|px|p)?[ _-]?[0-9]+(?:x[0-9]+)?")  # the name of a column of pixels, or a pixel
FRACTION = re.compile(r"(?:0?\.[0-9]+|1\.0*|[0-9.]+e-[0-9]+)")
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


def read_csv(
    path: str | Path, *, labelled: bool | None = None, progress: Progress | None = None
) -> tuple[Array, Array | None]:
    """Read square images from a CSV file, plain or gzip, with or without labels.

    A first column that is named as an id, such as `ImageId`, is left out, with a warning.

    Args:
        path: the file.
        labelled: True: there must be a label column. False: there must be none. None: detect it by the header, or
            without a header by the number of columns, which is a square number (784) or one more (785).
        progress: called with a description, the number of bytes read and the total number of bytes.

    Returns:
        x (N, side, side) uint8, and y (N,) int64 or None.

    Raises:
        DataError: no such file, an empty one, a row of another length, a cell that is not a whole number, a pixel
            outside 0..255, a missing or negative label. The message names line and column, counted from 1.
    """
    path = Path(path)
    pixels = bytearray()  # grows while reading, and becomes the array without a copy
    labels: list[Array] = []
    line = 1  # the number of the next line
    with reading(path) as (stream, raw, _), io.TextIOWrapper(stream, "utf-8-sig") as text:
        total = path.stat().st_size
        try:
            lines = _lines(text, str(path))
            first = next(lines, None)
            if first is None:
                raise DataError(f"{path}: is empty; expected a line for each image")
            if first.isspace():
                raise DataError(f"{path}, line 1: is empty; remove it")
            cells = _cells(first)
            header = _is_header(cells)
            left_out = int(header and _names_rows(cells))
            if left_out:
                warn(f"{path}: its first column, {brief(repr(cells[0]))}, names the rows: it is left out")
            columns, names = len(cells), cells[left_out:] if header else None
            has_labels = _has_labels(names, columns - left_out, labelled, str(path))
            if header:
                line = 2
            else:
                lines = itertools.chain([first], lines)
            while rows := list(itertools.islice(lines, max(1, CELLS // columns))):
                values = _parse(rows, columns, left_out)
                if values is None or not _in_range(values, has_labels):
                    raise DataError(f"{path}, {_first_fault(rows, line, columns, has_labels, left_out)}")
                if has_labels:
                    labels.append(values[:, 0].copy())
                pixels += values[:, int(has_labels) :].astype(np.uint8).tobytes()
                line += len(rows)
                if progress:
                    progress(f"reading {path.name}", raw.tell(), total)
        except UnicodeDecodeError:
            raise DataError(
                f"{path}: expected text in UTF-8; this is another encoding, or not CSV: save it as CSV in UTF-8"
            ) from None
    if not pixels:
        raise DataError(f"{path}: has a header but no examples; expected a line for each image")
    side = math.isqrt(columns - left_out - has_labels)
    x = np.frombuffer(pixels, np.uint8).reshape(-1, side, side)
    return x, np.concatenate(labels) if has_labels else None


def holds_images(path: str | Path) -> bool:
    """Whether the rows of a CSV file look like images: columns named as pixels, or a square number of at least 64.

    Raises:
        DataError: no such file.
    """
    with reading(path) as (stream, _, _), io.TextIOWrapper(stream, "utf-8-sig", "replace") as text:
        cells = _cells(text.readline(LONGEST_LINE))
    square = _is_square(len(cells)) or _is_square(len(cells) - 1)
    pixels = all(PIXEL.fullmatch(cell.strip().lower()) for cell in cells[2:])
    return (
        len(cells) > 3
        and pixels
        and (square or _names_rows(cells))
        and (len(cells) >= LEAST_PIXELS or not _is_number(cells[-1]))
    )


def first_line(path: str | Path) -> int:
    """The line of a CSV file on which its images begin: 2 if there is a header, else 1.

    Raises:
        DataError: no such file, or a line that never ends.
    """
    path = Path(path)
    with reading(path) as (stream, _, _), io.TextIOWrapper(stream, "utf-8-sig") as text:
        return 2 if _is_header(_cells(next(_lines(text, str(path)), ""))) else 1


def read_train_and_test(train: Path, test: Path | None = None, *, progress: Progress | None = None) -> dict[str, Array]:
    """Read a labelled file and, if there is one, the file of test examples that belongs to it.

    Returns:
        x_train and y_train as `read_csv` returns them; also x_test and y_test if the test file has labels (Kaggle's
        has none).

    Raises:
        DataError: one of the files has a fault, or the training file has no labels.
    """
    arrays: dict[str, Array] = {}
    for part, path in (("train", train), ("test", test)):
        if path is not None:
            x, y = read_csv(path, labelled=True if part == "train" else None, progress=progress)
            if y is not None:
                arrays |= {f"x_{part}": x, f"y_{part}": y}
    return arrays


def write_csv(path: str | Path, x: Array, y: Array | None = None, *, progress: Progress | None = None) -> None:
    """Write images in Kaggle's form: a header `label,pixel0,pixel1,...`, then one image per row.

    The file appears only when it is complete; gzip if its name ends in .gz.

    Args:
        x: (N, ...) uint8; each example becomes one row.
        y: labels (N,), integers from 0 on; None leaves the label column out.
        progress: called with a description, the number of rows written and the total number of rows.

    Raises:
        DataError: other types, different numbers of examples and labels, or the file cannot be written.
    """
    path = Path(path)
    if x.dtype != np.uint8 or x.ndim < 2:
        raise DataError(f"{path}: expected images (N, ...) of uint8, got {x.dtype} of shape {x.shape}")
    if y is not None and (y.ndim != 1 or y.dtype.kind not in "iu" or len(y) != len(x) or (y < 0).any()):
        raise DataError(f"{path}: expected {len(x):,} labels, integers from 0 on, got {y.dtype} of shape {y.shape}")
    pixels = x.reshape(len(x), -1)
    names = [f"pixel{i}" for i in range(pixels.shape[1])]
    rows = max(1, CELLS // max(1, pixels.shape[1]))
    with writing(path) as stream:
        stream.write(",".join(names if y is None else ["label", *names]).encode() + b"\n")
        for start in range(0, len(x), rows):
            stream.write(_format(pixels[start : start + rows], None if y is None else y[start : start + rows]))
            if progress:
                progress(f"writing {path.name}", min(start + rows, len(x)), len(x))


def write_submission(path: str | Path, labels: Array) -> None:
    """Write predicted labels in Kaggle's form: a header `ImageId,Label`, ids from 1.

    Args:
        labels: (N,), integers.

    Raises:
        DataError: the labels are not integers (N,), or the file cannot be written.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{path}: expected labels as integers (N,), got {labels.dtype} of shape {labels.shape}")
    with writing(path) as stream:
        stream.write(b"ImageId,Label\n")
        stream.writelines(b"%d,%d\n" % row for row in enumerate(labels.tolist(), start=1))


def _lines(text: io.TextIOWrapper, where: str) -> Iterator[str]:
    """The lines of a file; empty lines at its end are left out."""
    empty = 0
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise DataError(f"{where}, line {number}: over {LONGEST_LINE:,} characters; this is not a CSV of images")
        if line.isspace():
            empty += 1
            continue
        yield from itertools.repeat("\n", empty)
        empty = 0
        yield line


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line])) or [""]
    except csv.Error:  # such as a cell of more than 131,072 characters
        return line.split(",")


def _is_header(cells: list[str]) -> bool:
    """A first line without any number is a header; so is one that begins with the word label, or an id."""
    if cells[0].strip().lower() in (*LABEL_NAMES, *ID_NAMES[1:]):
        return True
    return all(cell.strip() and not _is_number(cell) for cell in cells)


def _names_rows(header: list[str]) -> bool:
    """Whether the first column is named as an id, and what follows are pixels with or without a label."""
    rest = len(header) - 1
    return header[0].strip().lower() in ID_NAMES and (_is_square(rest) or _is_square(rest - 1))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _has_labels(header: list[str] | None, columns: int, labelled: bool | None, where: str) -> bool:
    """Whether the first column holds labels; DataError if that is not as asked, or the rest is not a square image."""
    named = header is not None and header[0].strip().lower() in LABEL_NAMES
    if header is not None and not named and header[-1].strip().lower() in LABEL_NAMES:
        raise DataError(f"{where}: the label is in the last column, {header[-1]!r}; move it to the first")
    has_labels = named or not _is_square(columns)
    if not _is_square(columns - has_labels):
        raise DataError(
            f"{where}, line 1: expected a label and a square number of pixels (785 columns for 28x28), or the "
            f"pixels alone (784), separated by commas; got {columns} columns{' in the header' if header else ''}; "
            "for any other table, name the column to predict (target)"
        )
    if labelled is not None and has_labels != labelled:
        said = "a label column before the pixels, got none ({}): images without labels can only be predicted"
        said = said if labelled else "no label column before the pixels, got one ({}): remove it"
        raise DataError(f"{where}, line 1: expected {said.format(f'{columns} columns')}")
    return has_labels


def _is_square(count: int) -> bool:
    return count > 1 and math.isqrt(count) ** 2 == count


def _parse(rows: list[str], columns: int, left_out: int) -> Array | None:
    """The numbers in these lines (rows, columns) without the first columns, or None if they have a fault."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # older NumPy reads 5.5 as 5, with a warning
            used = range(left_out, columns) if left_out else None  # names of rows may be texts
            values = np.loadtxt(rows, np.int64, delimiter=",", comments=None, quotechar='"', ndmin=2, usecols=used)
    except (ValueError, Warning):
        return None
    return values if values.shape == (len(rows), columns - left_out) else None


def _in_range(values: Array, has_labels: bool) -> bool:
    pixels = values[:, int(has_labels) :]
    return bool(pixels.min() >= 0 and pixels.max() <= 255 and (not has_labels or values[:, 0].min() >= 0))


def _first_fault(rows: list[str], first_line: int, columns: int, has_labels: bool, left_out: int) -> str:
    """Describe the first fault in these lines and its place."""
    for line, row in enumerate(rows, start=first_line):
        cells = _cells(row)
        if not row.strip():
            return f"line {line}: is empty; remove it"
        if len(cells) != columns:
            return f"line {line}: expected {columns} columns as in the first line, got {len(cells)}"
        for column, cell in enumerate(cells[left_out:], start=1 + left_out):
            label = has_labels and column == 1 + left_out
            place = f"line {line}, column {column}"
            expected = "a label, a whole number from 0 on" if label else "a pixel from 0 to 255"
            if not cell.strip():
                return f"{place}: the {'label is missing' if label else 'pixel is missing; 0 is a pixel without ink'}"
            cell = cell.strip()
            if not label and FRACTION.fullmatch(cell):
                return (
                    f"{place}: expected {expected}, got {cell[:30]!r}: these pixels are divided by 255 already; write "
                    "them as they were, round(255 * pixel), because the network divides them itself"
                )
            if not WHOLE_NUMBER.fullmatch(cell) or not 0 <= int(cell[:30]) <= (2**63 - 1 if label else 255):
                return f"{place}: expected {expected}, got {cell[:30]!r}"
    return f"one of {len(rows)} lines from line {first_line} on: expected {columns} whole numbers separated by commas"


_CELLS = np.array([list(f",{value}".encode().ljust(4, b"\0")) for value in range(256)], np.uint8)  # pixel -> its text


def _format(pixels: Array, labels: Array | None) -> bytes:
    """Rows of text. Each cell is padded with zero bytes to a width of four; these bytes are then removed."""
    N = len(pixels)
    text = _CELLS[pixels].reshape(N, -1)  # (N, 4 D)
    newline = np.full((N, 1), ord("\n"), np.uint8)
    if labels is None:
        text[:, :1] = 0  # no comma before the first pixel
        table = np.hstack([text, newline])
    else:
        table = np.hstack([labels.astype("S20").view(np.uint8).reshape(N, -1), text, newline])
    return table[table != 0].tobytes()
