"""Detects which columns of a table hold numbers and which categories, and the kind of target.

It uses only the cells, and returns a schema.
"""

import re
from collections.abc import Collection

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.plain import brief, nearest
from glassnet.tables.schema import NUMBER, Column, Schema, Task, refuse_gaps, whole_number
from glassnet.tables.table import Table

DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
DATE = re.compile(r"(?:\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4})(?:[T ].*)?", re.ASCII)
MOST_CATEGORIES = 256
MOST_LABELS, ROWS_A_LABEL = 20, 5  # at most 20 different whole numbers, each 5 times on average, are labels


def find_schema(
    table: Table,
    target: str,
    *,
    task: Task | None = None,
    ignore: Collection[str] = (),
    categorical: Collection[str] = (),
) -> Schema:
    """Detect the kinds of the columns of a table.

    A column holds numbers if most of its cells that are not empty are numbers; else it holds text. The target is a
    class if it is text or has few whole numbers (at most 20 different ones, each five times on average), else an
    amount.

    Args:
        target: the column to predict.   task: the kind of the target; by default it is detected.
        ignore: columns to leave out, such as names and numbers of the rows.
        categorical: columns of numbers that stand for categories, such as codes of regions.

    Raises:
        DataError: no such column, a target that is always the same, no column besides the target, too many categories,
            a cell that does not fit its column.
    """
    for name in (target, *ignore, *categorical):
        if name not in table.columns:
            raise DataError(
                f"{table.name}: there is no column {brief(repr(name))} in the first line; {_hint(name, table)}"
            )
    if target in ignore:
        raise DataError(f"{table.name}: the target {brief(repr(target))} cannot be ignored")
    names = [name for name in table.columns if name != target and name not in ignore]
    if not names:
        raise DataError(
            f"{table.name}: expected a column besides the target {brief(repr(target))} to predict it from; cells are "
            "separated by commas, semicolons or tabs"
        )
    target_column = _target(table, target, task)
    return Schema(tuple(_input(table, name, as_text=name in categorical) for name in names), target_column)


def _hint(name: str, table: Table) -> str:
    names = list(table.columns)
    numbers = [known for known in names if NUMBER.fullmatch(known)]
    if numbers:
        first_names = brief(", ".join(map(repr, names[:5])))
        return f"expected the names of the columns there, got {first_names}: add a line of names"
    return nearest(name, names)


def _holds_numbers(cells: Collection[str]) -> bool:
    """Whether most of the cells that are not empty are numbers; True for a column that is all empty."""
    filled = len(cells) - sum(not cell for cell in cells)
    numbers = sum(1 for cell in cells if NUMBER.fullmatch(cell))
    return 2 * numbers > filled or not filled


def _input(table: Table, name: str, *, as_text: bool) -> Column:
    cells = table.columns[name]
    column = Column(name)
    if as_text or not _holds_numbers(cells):
        return Column(name, _categories(table, name, set(map(whole_number, cells) if as_text else cells)))
    if not np.isnan(column.numbers(table)).any():
        return column
    return Column(name, fill=0.0).filled_from(table, np.arange(len(table)))


def _target(table: Table, name: str, task: Task | None) -> Column:
    cells = table.columns[name]
    refuse_gaps(table, name)
    kinds = set(map(whole_number, cells))
    if len(kinds) == 1:
        raise DataError(
            f"{table.name}: the target {brief(repr(name))} is always {cells[0][:40]!r}: there is nothing to learn"
        )
    whole = all(re.fullmatch(r"-?\d{1,16}", kind) for kind in kinds)  # the form that `whole_number` returns
    labels = whole and len(kinds) <= min(MOST_LABELS, len(cells) // ROWS_A_LABEL)
    if task is None:
        task = "classification" if labels or not _holds_numbers(cells) else "regression"
    if task == "regression":
        Column(name).numbers(table)
        return Column(name)
    if not whole:
        return Column(name, _categories(table, name, kinds))
    if len(kinds) > MOST_CATEGORIES:
        raise DataError(
            f"{table.name}: column {brief(repr(name))} holds {len(kinds):,} different numbers, expected at most "
            f"{MOST_CATEGORIES} classes; if they are amounts, say so (task: regression)"
        )
    return Column(name, tuple(sorted(kinds, key=lambda kind: (int(kind), kind))))


def _categories(table: Table, name: str, kinds: set[str]) -> tuple[str, ...]:
    """The sorted categories; DataError if these texts are not suitable as categories."""
    where = f"{table.name}: column {brief(repr(name))}"
    if all(DECIMAL_COMMA.fullmatch(kind) for kind in kinds - {""}):
        raise DataError(
            f"{where} writes numbers with a comma, such as {max(kinds)[:40]!r}: expected a point before decimals, as "
            "in 3.14, and nothing between thousands"
        )
    if all(DATE.fullmatch(kind) for kind in kinds - {""}):  # as a category, every new date would be unknown
        raise DataError(
            f"{where} holds dates, such as {max(kinds)[:40]!r}: expected numbers computed from them, such as the month "
            f"or the days since a fixed day; or leave the column out (ignore: {brief(repr(name))})"
        )
    if 2 * len(kinds) > len(table):
        raise DataError(
            f"{where} holds {len(kinds):,} different texts in {len(table):,} rows, such as {max(kinds)[:40]!r}: it "
            "names the rows, and nothing can be learned from it; leave the column out "
            f"(ignore: {brief(repr(name))}), or choose another target"
        )
    if len(kinds) > MOST_CATEGORIES:
        raise DataError(
            f"{where} is text with {len(kinds):,} different values, expected at most {MOST_CATEGORIES} categories; "
            f"leave the column out (ignore: {brief(repr(name))}), or merge some values"
        )
    return tuple(sorted(kinds))
