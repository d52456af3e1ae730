"""How one example of a file is named: by its line where the file has lines, else by its row.

Lines are counted from 1, as editors count them; rows from 0, as NumPy and frames count them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.model.model import Model

MOST_LINES = 1 << 62


def has_lines(file: Path) -> bool:
    """Whether a file of images has lines, to its name."""
    return file.name.lower().removesuffix(".gz").endswith(".csv")


def first_number(file: Path) -> int:
    """The number of the first image in a file: its line in a CSV file, else row 0."""
    from glassnet.data.csv import first_line

    return first_line(file) if has_lines(file) else 0


def counted(file: Path, row: int, first: int) -> dict[str, int]:
    """The row of an example from 0, and its line where the file has lines, of which the first example has this one."""
    return {"row": row} | ({"line": first + row} if has_lines(file) else {})


def place(file: Path, number: int) -> str:
    """`test.csv, line 2`, or `images-idx3-ubyte, row 0`."""
    return f"{file}, {'line' if has_lines(file) else 'row'} {number}"


def example(model: "Model", file: Path, row: int | None, line: int | None) -> tuple[Any, Any, str]:
    """The example in this row or on this line, the first by default: its inputs, its truth or None, and its place.

    Raises:
        DataError: as `Model.example`; there is no such row or line, or both are named.
    """
    from glassnet.data.errors import DataError
    from glassnet.model.model import RowError

    if row is not None and line is not None:
        raise DataError(f"--row {row} --line {line}: name one of them")
    lines = _lines(model, file)
    if line is not None:
        if lines is None:
            raise DataError(f"--line {line}: {file} has no lines; --row counts its examples from 0")
        if line < lines[0]:
            raise DataError(f"--line {line}: the examples of {file} begin on line {lines[0]}")
        if line not in lines:
            raise DataError(f"--line {line}: {file} holds {len(lines):,} rows, lines {lines[0]:,} to {lines[-1]:,}")
        row = lines.index(line)
    try:
        x, truth = model.example(file, row or 0)
    except RowError as error:
        asked, unit, first = f"--row {row}", "rows", 0
        if line is not None and lines is not None:
            asked, unit, first = f"--line {line}", "lines", lines[0]
        last = first + error.count - 1
        raise DataError(f"{asked}: {file} holds {error.count:,} examples, {unit} {first:,} to {last:,}") from None
    where = f"row {row or 0}" if lines is None else f"line {lines[row or 0]}"
    return x, truth, f"{file}, {where}"


def _lines(model: "Model", file: Path) -> Sequence[int] | None:
    """The number of the line of each example; None if the file has no lines."""
    from glassnet.tables.rows import read_rows

    if model.schema:
        return read_rows(file).lines
    return range(first_number(file), MOST_LINES) if has_lines(file) else None
