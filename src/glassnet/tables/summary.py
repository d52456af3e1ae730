"""The summary of a table: what each column holds, how it is written, what is missing, and examples.

It is for a screen and a report. It is not saved in a model file, because it shows cells of the table.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.nn.array import Array
from glassnet.nn.plain import cited
from glassnet.tables.column import DAY, KINDS, Column
from glassnet.tables.column_options import ColumnOptions
from glassnet.tables.column_types import ColumnDetector, reported
from glassnet.tables.date_form import DAYS, FIRST_DAY
from glassnet.tables.schema import Schema
from glassnet.tables.table import Table
from glassnet.tables.undecided import UndecidedError

EXAMPLES = 3


class ColumnSummary(NamedTuple):
    """One column in words.

    Attributes:
        kind: numbers, categories ..., left out, or undecided.   written: the form of numbers or dates, and the gaps.
        holds: the range, or the number of categories with examples.
        why: what is the matter with an undecided column, and the ways out.
    """

    name: str
    kind: str
    written: str
    holds: str
    why: str = ""


class Summary(NamedTuple):
    """A table in words: what was found out about the file, and its columns in their order."""

    notes: tuple[str, ...]
    columns: tuple[ColumnSummary, ...]


def summarise(table: Table, schema: Schema) -> Summary:
    """What the columns of a table hold, to the schema."""
    known = {column.name: column for column in (*schema.inputs, schema.target)}
    columns = []
    for name in table.columns:
        column = known.get(name)
        if column is None:
            usable = not table.columns[name].problem
            empty = usable and not ColumnDetector(table, ColumnOptions()).holds_any(name)
            columns.append(ColumnSummary(name, "left out", "", "nothing" if empty else ""))
        else:
            columns.append(_of_column(table, column, "target: " if column is schema.target else ""))
    return Summary(table.notes, tuple(columns))


def inspect_columns(
    table: Table,
    options: ColumnOptions,
    say: Callable[[UndecidedError], str] = str,
    *,
    progress: Progress | None = None,
) -> tuple[Summary, dict[str, Column]]:
    """What the columns of a table hold, without a target; and those of which it could be decided.

    Args:
        say: how the ways out are named of a column that a person has to decide about.
        progress: as in `find_schema`.
    """
    detector = ColumnDetector(table, options)
    columns: list[ColumnSummary] = []
    decided: dict[str, Column] = {}
    for name in reported(table.columns, table, progress):
        if name in options.left_out:
            columns.append(ColumnSummary(name, "left out", "", ""))
            continue
        try:
            if not detector.holds_any(name):
                columns.append(ColumnSummary(name, "left out", "", "nothing"))
                continue
            decided[name] = detector.input_column(name)
        except DataError as error:
            said = say(error) if isinstance(error, UndecidedError) else str(error)
            said = said.removeprefix(f"{table.name}: ").removeprefix(f"{table.name}, ")
            columns.append(ColumnSummary(name, "undecided", "", "", said))
        else:
            columns.append(_of_column(table, decided[name]))
    return Summary(table.notes, tuple(columns)), decided


def _of_column(table: Table, column: Column, before: str = "") -> ColumnSummary:
    return ColumnSummary(
        column.name, before + KINDS[column.kind], "; ".join(_written(table, column)), _holds(table, column)
    )


def _written(table: Table, column: Column) -> Iterator[str]:
    cells = table.columns[column.name]
    if column.kind == "number" and str(column.form) and not all(map(str.isdigit, filter(None, cells.texts))):
        yield str(column.form)
    if column.kind == "number" and _counts(column.numbers(table)):
        yield "row numbers"
    if column.date is not None:
        clock = " and time" if column.date and column.clock else ""
        yield DAYS[column.date] + (", years 1969 to 2039" if "%y" in column.date else "") + clock
    gaps = column.gaps(table)
    if gaps:
        marked = {cells[row] for row in gaps} if column.missing or cells.kind not in ("number", "date") else set()
        markers = ", ".join(cited(cell)[1:-1] for cell in sorted(marked) if cell)
        yield f"{len(gaps):,} missing{f' as {markers}' if markers else ''}"


def _holds(table: Table, column: Column) -> str:
    if column.categories:
        counts = table.columns[column.name].counts()
        often = sorted(column.categories, key=lambda category: (-counts[category], category))
        named = ", ".join(cited(category)[1:-1] or "missing" for category in often[:EXAMPLES])
        if len(often) <= EXAMPLES:
            return named
        return f"{len(often)}: {named}, ..."
    values = column.numbers(table)
    if np.isnan(values).all():
        return "nothing"
    ends = np.nanmin(values), np.nanmax(values)
    if column.date is None:
        return " to ".join(f"{end:.15g}" for end in ends)
    dates = [FIRST_DAY + end * DAY for end in ends]
    return " to ".join(f"{date:%Y-%m-%d}" if column.date else f"{date:%H:%M}" for date in dates)


def _counts(values: Array) -> bool:
    """Whether these are whole numbers that grow by one from row to row."""
    return len(values) > 2 and bool((np.diff(values) == 1).all())
