"""A table: the cells of its columns, by name.

It comes from a CSV file (`csv`), from a Parquet file or a frame (`arrow`), or from scikit-learn (`bundled`). The module
`column_types` decides which columns are numbers and which are categories.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassnet.data.errors import DataError
from glassnet.nn.plain import brief
from glassnet.tables.cells import Cells, Texts

LONGEST_NAME = 1000  # characters in the name of a column
MOST_BYTES = 1 << 30  # in a table


class CellError(DataError):
    """One cell of a table cannot be used; other rows may be valid."""


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a table.

    Attributes:
        name: the file, for messages.
        columns: the cells of each column by its name, in the order of the file; all of the same length.
        lines: the number of the line where each row begins, counted from 1; the names are mostly line 1. None if the
            table comes from a frame or a Parquet file, whose rows count from 0.
        count: how many rows it has.
        notes: what was found out about the file, and what was left out of it.   separator: what divides its cells.
        numbers: a cache of the columns that were parsed.
    """

    name: str
    columns: dict[str, Cells]
    count: int
    lines: "array[int] | None" = None
    notes: tuple[str, ...] = ()
    separator: str = ","
    numbers: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.count

    def texts(self) -> dict[str, list[str]]:
        """The cells of each column as texts."""
        return {name: list(cells) for name, cells in self.columns.items()}

    def rows(self, rows: Sequence[int]) -> "Table":
        """A table with only these rows."""
        columns = {name: cells.rows(rows) for name, cells in self.columns.items()}
        lines = None if self.lines is None else array("q", (self.lines[row] for row in rows))
        return Table(self.name, columns, len(rows), lines, self.notes, self.separator)

    def place(self, row: int) -> str:
        """Where a row stands: `table.csv, line 2`, or `table.parquet, row 0`."""
        return f"{self.name}, {f'row {row}' if self.lines is None else f'line {self.lines[row]}'}"

    def fault(self, row: int, column: str, problem: str) -> CellError:
        """An error in one cell, which names file, line and column."""
        return CellError(f"{self.place(row)}, column {brief(repr(column))}: {problem}")


def text_table(name: str, columns: Mapping[str, Sequence[str]]) -> Table:
    """A table with these texts, a list for each column, as a CSV file has them; its names are line 1."""
    count = max(map(len, columns.values()), default=0)
    cells: dict[str, Cells] = {column: Texts(texts) for column, texts in columns.items()}
    return Table(name, cells, count, array("q", range(2, 2 + count)))


def check_column_names(names: Sequence[str], where: str, *, first_may_be_empty: bool = False) -> None:
    """Raise DataError unless each column has another name, not empty, of at most 1,000 characters.

    Args:
        where: names the table in the message.   first_may_be_empty: as in a table whose rows have names.
    """
    first: dict[str, int] = {}
    for column, name in enumerate(map(str.strip, names), start=1):
        if not name and not (first_may_be_empty and column == 1 < len(names)):
            raise DataError(f"{where}: column {column} has no name; give it one")
        if len(name) > LONGEST_NAME:
            raise DataError(f"{where}: column {column} has a name of {len(name):,} characters; is this a table?")
        if first.setdefault(name, column) < column:
            raise DataError(
                f"{where}: columns {first[name]} and {column} have the same name {brief(repr(name))}; expected a "
                "different name for each column"
            )


def too_large(where: str | Path, size: str) -> DataError:
    """The error about a table of this size."""
    return DataError(f"{where}: this table is too large: {size}; take fewer rows, or only the columns that matter")
