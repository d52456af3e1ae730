"""Reads and writes CSV: a text with the names of its columns in the first line.

`dialect` finds the separator and the layout. Cells may be quoted, and the file may be gzip, a zip archive of one
file, or a pipe.
"""

import csv
import io
import itertools
import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import MOST_EXPANSION, Progress, reading, writing
from glassnet.nn.plain import number_of
from glassnet.tables.arrow import plain_columns
from glassnet.tables.cells import Cells, Texts
from glassnet.tables.dialect import (
    ALONE,
    IN_QUOTES,
    SEPARATORS,
    WINDOWS,
    Dialect,
    NoTextError,
    find_dialect,
    find_encoding,
    is_western,
)
from glassnet.tables.number_form import NUMBER
from glassnet.tables.table import MOST_BYTES, Table, check_column_names, too_large

LONGEST_LINE = 1 << 20  # characters; a file with a longer line is refused, not read into memory
ENCODINGS = {WINDOWS: "Windows-1252", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
MOST_LINES = 1 << 25  # also empty ones
MOST_CELLS = 1 << 24  # each takes up to about 200 bytes, where all are different, together 3 GB
REPORT_EVERY = 1 << 12  # rows between two reports of progress
TOTALS = {"total", "totals", "grand total", "sum", "summe", "gesamt", "insgesamt", "somme", "totale", "totaal", "suma"}
FRACTION = re.compile(r"-?[0-9]+[.,][0-9]+")
BLOCK = 1 << 24  # bytes
LARGE = 1 << 22  # bytes; a smaller table is read as fast line by line
LOOKED_AT = 1 << 18  # characters by which the dialect is found


def read_csv_table(path: Path, *, progress: Progress | None = None) -> Table:
    """Read a CSV file with a header, plain, gzip or zip, in UTF-8, UTF-16 or Windows-1252.

    Empty lines are skipped; so are lines of comments before the names, a column that names the rows as R writes it, and
    an empty last column. The size is checked before and during reading: a table has at most 2**24 cells.

    Args:
        path: the file; "-" or /dev/stdin for standard input.
        progress: called with a description, the number of bytes read and the total number of bytes.

    Raises:
        DataError: no such file, empty, no rows, too large, no text, a column without a name, two columns with the same
            name, a row with another number of cells, broken quotes. The message names the line, counted from 1.
    """
    with reading(path) as (stream, raw, most):
        if raw is stream and most > MOST_BYTES:
            raise too_large(path, f"{most:,} bytes, at most {MOST_BYTES:,}")
        encoding = find_encoding(stream.read(1 << 12), str(path))
    try:
        return _read_as(encoding, path, progress)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise DataError(f"{path}: begins as text in {encoding.upper()}, but is broken further on") from None
    try:
        table = _read_as(WINDOWS, path, progress)
    except UnicodeDecodeError:
        table = None
    if table is None or not is_western(_special_text(table)):
        raise NoTextError(
            f"{path}: expected text in UTF-8, UTF-16 or Windows-1252; this is another encoding, or not CSV: write it "
            "as UTF-8"
        )
    return table


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


def _read_as(encoding: str, path: Path, progress: Progress | None) -> Table:
    """Raises UnicodeDecodeError: the text has another encoding."""
    with reading(path) as (stream, raw, most), io.TextIOWrapper(stream, encoding, newline="") as text:
        size = most if raw is stream else most // MOST_EXPANSION
        lines = _lines(text, path)
        start = _start(lines)
        if not "".join(start[:1]).strip():
            raise DataError(f"{path}: {'line 1 is' if start else 'is'} empty; expected the names of the columns")
        dialect = find_dialect(start)
        commented = dialect.skipped and start[0].startswith("#")
        notes = [f"{number_of(dialect.skipped, 'line')} of comments left out"] if commented else []
        if encoding in ENCODINGS:
            notes.append(f"its text is in {ENCODINGS[encoding]}")
        if dialect.separator != "," and (named := (SEPARATORS | IN_QUOTES).get(dialect.separator)):
            notes.append(f"its cells are separated by {named}")

        def report() -> None:
            if progress:
                progress(f"reading {path.name}", raw.tell(), size)

        rows = _Rows(path, dialect, notes)
        plain = raw is stream and size >= LARGE and encoding == "utf-8" and dialect.separator in SEPARATORS
        return (rows.read_plain(start) if plain else None) or rows.read(itertools.chain(start, lines), report)


class _Rows:
    """The rows of a table, while they are read."""

    def __init__(self, path: Path, dialect: Dialect, notes: list[str]) -> None:
        self.path, self.dialect, self.notes = path, dialect, notes
        self.empty = 0
        self.names: list[str] = []
        self.columns: list[_Column] = []
        self.starts = array("q")

    def read(self, lines: Iterator[str], report: Callable[[], None]) -> Table:
        """The table in these lines."""
        for _ in range(self.dialect.skipped):
            next(lines)
        rows = csv.reader(lines, delimiter=self.dialect.separator, skipinitialspace=True, strict=True)
        start = 1 + self.dialect.skipped
        try:
            for cells in rows:
                line, start = start, rows.line_num + 1 + self.dialect.skipped
                if not self.names:
                    self._name(cells, line)
                elif cells:
                    self._add(cells, line)
                    if len(self.starts) % REPORT_EVERY == 0:
                        report()
        except csv.Error as error:
            said = "text after a closing quote" if self.dialect.separator == ALONE else str(error)
            if "field limit" in said:
                said = f"a cell of more than {csv.field_size_limit():,} characters"
            raise DataError(f"{self.path}, line {start}: {said}; expected quotes only around whole cells") from None
        if not self.starts:
            raise DataError(f"{self.path}: has a header but no rows")
        columns: dict[str, Cells] = {
            name: column.cells() for name, column in zip(self.names, self.columns, strict=True)
        }
        return self._table(columns)

    def read_plain(self, start: list[str]) -> Table | None:
        """The same of a text that begins with these lines, much faster; None if it has to be read line by line."""
        line = self.dialect.skipped
        cells = start[line].rstrip("\r\n").split(self.dialect.separator)
        if self.dialect.row_names or not cells[-1].strip():
            return None
        self._name(cells, line + 1)
        columns = None
        if self._fits():
            columns = plain_columns(self.path, self.names, self.dialect.separator, line + 1)
        longest = csv.field_size_limit()
        if columns is None or any(max(map(len, column.texts)) > longest for column in columns):
            self.names = []
            return None
        count = len(columns[0])
        self.starts.frombytes(np.arange(line + 2, line + 2 + count, dtype=np.int64).tobytes())
        return self._table(dict(zip(self.names, columns, strict=True)))

    def _fits(self) -> bool:
        """Whether the file has no more lines than a table may have rows, which is counted before they are read."""
        with self.path.open("rb") as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
        return lines * len(self.names) <= MOST_CELLS

    def _table(self, columns: dict[str, Cells]) -> Table:
        self._leave_out(columns)
        notes = tuple(self.notes)
        return Table(str(self.path), columns, len(self.starts), self.starts, notes, self.dialect.separator)

    def _too_many_cells(self) -> DataError:
        return too_large(self.path, f"over {MOST_CELLS:,} cells in its {len(self.names):,} columns")

    def _name(self, cells: list[str], line: int) -> None:
        names = [cell.strip() for cell in cells]
        while len(names) > 1 and not names[-1]:
            names.pop()  # a separator at the end of the line, or columns without names and cells
        if self.dialect.row_names:
            names = ["", *names]
        check_column_names(names, f"{self.path}, line {line}", first_may_be_empty=True)
        if len(names) > MOST_CELLS:
            raise too_large(self.path, f"{len(names):,} columns")
        self.names = names
        self.columns = [_Column() for _ in self.names]

    def _add(self, cells: list[str], line: int) -> None:
        names = self.names
        if len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :]):
            cells = cells[: len(names)]
        if len(names) > 1 and not any(cell.strip() for cell in cells):
            self.empty += 1  # as spreadsheets leave them below a table
            return
        if len(cells) != len(names):
            expected = f"{self.path}, line {line}: expected {number_of(len(names), 'cell')} as in the header"
            advice = "a cell that holds the separator must be in quotes"
            if len(cells) == 1 or not any(cell.strip() for cell in cells[1:]):
                advice = "if this line is no row, remove it"
            elif len(cells) < len(names):
                advice = "a separator is missing; if this line is no row, remove it"
            elif len(names) == 1 and not self.starts:
                advice = "if the lines above are a title, remove them"
            raise DataError(f"{expected}, got {len(cells)}; {advice}")
        self.starts.append(line)
        for column, cell in zip(self.columns, cells, strict=True):
            column.append(cell.strip())
        if len(self.starts) * len(names) > MOST_CELLS:
            raise self._too_many_cells()

    def _leave_out(self, columns: dict[str, Cells]) -> None:
        """Remove a column without a name, which names the rows, and say what else was left out."""
        if any(columns.pop("", Texts(())).texts):
            self.notes.append("its first column, which has no name, is left out")
        if self.empty:
            self.notes.append(f"{number_of(self.empty, 'empty row')} left out")
        last = [cells[-1] for cells in columns.values()]
        if len(self.starts) > 1 and last[0].casefold().strip(" :") in TOTALS:
            self.notes.append(f"its last row begins with {last[0]!r}: if it is a sum of the others, remove it")
        numbers = sum(NUMBER.fullmatch(name) is not None for name in columns)
        if 2 * numbers >= len(columns) or any(map(FRACTION.fullmatch, columns)):
            self.notes.append("some columns are named by numbers: does its first line hold the names of the columns?")


class _Column:
    """The cells of a column, while they are read."""

    def __init__(self) -> None:
        self.different: dict[str, int] = {}
        self.places = array("i")

    def append(self, cell: str) -> None:
        self.places.append(self.different.setdefault(cell, len(self.different)))

    def cells(self) -> Texts:
        return Texts(list(self.different), np.frombuffer(self.places, np.int32))


def _lines(text: TextIO, path: Path) -> Iterator[str]:
    """The lines with their ends; DataError if a line or the whole text is too long."""
    number = length = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        length += len(line)
        if number > MOST_LINES:
            raise too_large(path, f"over {MOST_LINES:,} lines")
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            raise DataError(f"{path}, line {number}: over {LONGEST_LINE:,} characters; expected a row of a table")
        if length > MOST_BYTES:
            raise too_large(path, f"over {MOST_BYTES:,} characters")
        if "\0" in line:
            raise NoTextError(f"{path}, line {number}: expected text, got a zero byte: this is another kind of file")
        yield line


def _start(lines: Iterator[str]) -> list[str]:
    """The first lines of a table."""
    start, length = [], 0
    while length < LOOKED_AT and (line := next(lines, "")):
        start.append(line)
        length += len(line)
    return start


def _special_text(table: Table) -> str:
    """Names and cells with characters beyond ASCII, as far as they are needed to know the language."""
    cells = itertools.chain(table.columns, *(cells.texts for cells in table.columns.values()))
    return "\n".join(itertools.islice((cell for cell in cells if not cell.isascii()), 10_000))
