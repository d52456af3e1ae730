"""How people name one example of a file: by its line where the file has lines, else by its number, from 1."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.model.model import Model


def has_lines(file: Path) -> bool:
    """Whether a file of images has lines, to its name."""
    return file.name.lower().removesuffix(".gz").endswith(".csv")


def first_number(file: Path) -> int:
    """The number of the first image in a file: its line in a CSV file, else 1."""
    from glassnet.data.csv import first_line

    return first_line(file) if has_lines(file) else 1


def place(file: Path, number: int) -> str:
    """`test.csv, line 2`, or `images-idx3-ubyte, row 1`."""
    return f"{file}, {'line' if has_lines(file) else 'row'} {number}"


def example(model: "Model", file: Path, number: int | None) -> tuple[Any, Any, int]:
    """The example of this number, the first by default: its inputs, its truth or None, and its number.

    Raises:
        DataError: as `Model.example`; no example has this number.
    """
    from glassnet.data.errors import DataError
    from glassnet.model.model import RowError
    from glassnet.tables.rows import read_rows

    if model.schema:
        lines = list(read_rows(file).lines)
        number = lines[0] if number is None else number
        if number not in lines:
            raise DataError(f"--row {number}: {file} holds {len(lines):,} rows, lines {lines[0]:,} to {lines[-1]:,}")
        return *model.example(file, lines.index(number)), number
    first = first_number(file)
    number = first if number is None else number
    try:
        return *model.example(file, number - first), number
    except RowError as error:
        last, what = first + error.count - 1, "lines" if has_lines(file) else "rows"
        raise DataError(
            f"--row {number}: {file} holds {error.count:,} examples, {what} {first:,} to {last:,}"
        ) from None
