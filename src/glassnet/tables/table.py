"""Tables: a CSV file with the names of its columns in the first line, read as cells of text.

The module `schema` decides which columns are numbers and which are categories. Cells are separated by commas,
semicolons or tabs, whichever is most frequent in the first line. Cells may be quoted, and the file may be gzip.
"""

import csv
import io
import itertools
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from glassnet.data.errors import DataError
from glassnet.data.files import Progress, reading, writing
from glassnet.nn.plain import brief

DELIMITERS = ",;\t"
QUOTED = re.compile(r'"[^"]*"')
LONGEST_NAME = 1000  # characters in the name of a column
LONGEST_LINE = 1 << 20  # characters; a file with a longer line is refused, not read into memory
MOST_BYTES = 1 << 30  # in the text of a table
MOST_CELLS = 1 << 24  # each takes up to about 60 bytes while the table is read, together 1 GB
REPORT_EVERY = 1 << 12  # rows between two reports of progress


class CellError(DataError):
    """One cell of a table cannot be used; other rows may be valid."""


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a table as text, without the spaces around them.

    Attributes:
        name: the file, for messages.
        columns: the cells of each column by its name, in the order of the file; all of the same length.
        lines: the number of the line where each row begins, counted from 1; the names are line 1.
    """

    name: str
    columns: dict[str, list[str]]
    lines: "array[int]"

    def __len__(self) -> int:
        return len(self.lines)

    def row(self, row: int) -> "Table":
        """A table with only this row."""
        columns = {name: cells[row : row + 1] for name, cells in self.columns.items()}
        return Table(self.name, columns, self.lines[row : row + 1])

    def fault(self, row: int, column: str, problem: str) -> CellError:
        """An error in one cell, which names file, line and column."""
        return CellError(f"{self.name}, line {self.lines[row]}, column {brief(repr(column))}: {problem}")


def read_table(path: str | Path, *, progress: Progress | None = None) -> Table:
    """Read a CSV file with a header, plain or gzip, in UTF-8 with or without a byte order mark.

    Empty lines are skipped. The size is checked before and during reading: a table has at most 2**24 cells.

    Args:
        progress: called with a description, the number of bytes read and the total number of bytes.

    Raises:
        DataError: no such file, empty, no rows, too large, not UTF-8, a column without a name, two columns with the
            same name, a row with another number of cells, broken quotes. The message names the line, counted from 1.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: expected a CSV file, but it is a folder")
    with reading(path) as (stream, raw, _), io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        size = path.stat().st_size
        if raw is stream and size > MOST_BYTES:
            raise _too_large(path, f"{size:,} bytes, at most {MOST_BYTES:,}")
        try:
            return _read(path, text, raw, size, progress)
        except UnicodeDecodeError:
            raise DataError(f"{path}: expected text in UTF-8; this is another encoding, or not CSV") from None


def write_table(path: str | Path, columns: dict[str, list[str]]) -> None:
    """Write a table with commas and a header; the file appears only when it is complete. gzip if its name ends in .gz.

    Args:
        columns: the cells of each column by its name, all of the same length.

    Raises:
        DataError: the file cannot be written.
    """
    with writing(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        text.detach()  # flushes the text and does not close the file, which `writing` closes


def _read(path: Path, text: TextIO, raw: BinaryIO, size: int, progress: Progress | None) -> Table:
    lines = _lines(text, path)
    first = next(lines, "")
    if not first.strip():
        raise DataError(f"{path}: {'line 1 is' if first else 'is'} empty; expected the names of the columns")
    delimiter = max(DELIMITERS, key=QUOTED.sub("", first).count)
    rows = csv.reader(itertools.chain([first], lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    start = 1
    columns: list[list[str]] = []
    names: list[str] = []
    starts = array("q")
    try:
        for cells in rows:
            line, start = start, rows.line_num + 1
            if not names:
                names = _names(cells, path)
                columns = [[] for _ in names]
                continue
            if not cells:
                continue
            if len(cells) != len(names):
                raise DataError(
                    f"{path}, line {line}: expected {len(names)} cells as in the header, got {len(cells)}; "
                    "a cell that holds the delimiter must be in quotes"
                )
            starts.append(line)
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell.strip())
            if len(starts) * len(names) > MOST_CELLS:
                raise _too_large(path, f"over {MOST_CELLS:,} cells in its {len(names):,} columns")
            if progress and len(starts) % REPORT_EVERY == 0:
                progress(f"reading {path.name}", raw.tell(), size)
    except csv.Error as error:
        raise DataError(f"{path}, line {start}: {error}; expected quotes only around whole cells") from None
    if not starts:
        raise DataError(f"{path}: has a header but no rows")
    return Table(str(path), dict(zip(names, columns, strict=True)), starts)


def _names(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    first: dict[str, int] = {}
    for column, name in enumerate(names, start=1):
        if not name:
            raise DataError(
                f"{path}, line 1: column {column} has no name; give it one, or write the table without it "
                "(pandas: to_csv(..., index=False))"
            )
        if len(name) > LONGEST_NAME:
            raise DataError(f"{path}, line 1: column {column} has a name of {len(name):,} characters; is this a table?")
        if first.setdefault(name, column) < column:
            raise DataError(
                f"{path}, line 1: columns {first[name]} and {column} have the same name {name!r}; "
                "expected a different name for each column in the first line"
            )
    if len(names) > MOST_CELLS:
        raise _too_large(path, f"{len(names):,} columns")
    return names


def _lines(text: TextIO, path: Path) -> Iterator[str]:
    """The lines with their ends; DataError if a line or the whole text is too long."""
    number = length = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        length += len(line)
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            raise DataError(f"{path}, line {number}: over {LONGEST_LINE:,} characters; expected a row of a table")
        if length > MOST_BYTES:
            raise _too_large(path, f"over {MOST_BYTES:,} characters")
        yield line


def _too_large(path: Path, size: str) -> DataError:
    return DataError(f"{path}: this table is too large: {size}; take fewer rows, or only the columns that matter")
