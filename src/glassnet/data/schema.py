"""What the columns of a table mean: how a row becomes the numbers that a network takes, and what it is to learn.

A column of numbers becomes one input. A column of text becomes an indicator for each of its categories: 1 for the one
that stands in the cell, 0 for the others. Where numbers were missing the input is their mean, and an indicator more
says that it was missing. The network standardises all of them itself.

A schema is found once, from the table a network is trained on, and is kept in the model file.
"""

import difflib
import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from glassnet.data.dataset import Array, DataError
from glassnet.data.files import brief
from glassnet.data.table import Table

Task = Literal["classification", "regression"]

# NaN and infinity count as numbers here, so that they are refused as such and do not make a column one of text.
NUMBER = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
DATE = re.compile(r"(?:\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4})(?:[T ].*)?", re.ASCII)
LARGEST = 1e30  # float32 holds it, and what a network makes of it
MOST_CATEGORIES = 256
MOST_VALUES = 1 << 27  # numbers in all rows together, 1 GB
MOST_LABELS, ROWS_A_LABEL = 20, 5  # so few whole numbers, each so often, are labels and not amounts


@dataclass(frozen=True)
class Column:
    """A column of numbers, or of categories.

    Attributes:
        name: as in the first line of the table.
        categories: in their order; none for a column of numbers.
        fill: of a column of numbers in which some were missing, the mean of the others; None if none was missing.
    """

    name: str
    categories: tuple[str, ...] = ()
    fill: float | None = None

    def __post_init__(self) -> None:
        if len(set(self.categories)) != len(self.categories):
            raise DataError(
                f"column {brief(repr(self.name))}: expected different categories, got {brief(list(self.categories))}"
            )

    @property
    def inputs(self) -> list[str]:
        """The names of the numbers that a cell becomes."""
        if self.categories:
            return [f"{self.name} = {category or 'missing'}" for category in self.categories]
        return [self.name] if self.fill is None else [self.name, f"{self.name} is missing"]

    def codes(self, table: Table) -> Array:
        """The number of the category in each cell (N,) int64.

        Raises:
            DataError: a category that the column does not have.
        """
        number = {category: code for code, category in enumerate(self.categories)}
        codes = np.empty(len(table), np.int64)
        for row, cell in enumerate(table.columns[self.name]):
            code = number.get(cell)
            code = number.get(whole_number(cell)) if code is None else code
            if code is None:
                known = nearest(cell, [category for category in self.categories if category])
                problem = f"unknown category {cell[:40]!r}" if cell else "the category is missing"
                raise table.fault(row, self.name, f"{problem}; {known}")
            codes[row] = code
        return codes

    def numbers(self, table: Table) -> Array:
        """The number in each cell (N,) float64, NaN where it is missing.

        Raises:
            DataError: a cell that holds no finite number up to 1e30.
        """
        values = np.empty(len(table))
        for row, cell in enumerate(table.columns[self.name]):
            values[row] = float(cell) if NUMBER.fullmatch(cell) else np.nan
            if cell and not abs(values[row]) <= LARGEST:  # NaN is not
                raise table.fault(
                    row,
                    self.name,
                    f"expected a number up to 1e30, got {cell[:40]!r}; where it is unknown, leave the cell empty, or "
                    "for a target the row out",
                )
        return values

    def write(self, table: Table, x: Array) -> None:
        """Write the inputs that this column becomes into x (N, number of inputs), which holds zeros.

        Raises:
            DataError: as `codes` and `numbers`; a missing number where none was missing in training.
        """
        if self.categories:
            x[np.arange(len(x)), self.codes(table)] = 1
            return
        values = self.numbers(table)
        missing = np.isnan(values)
        if self.fill is None and missing.any():
            raise table.fault(
                int(missing.argmax()), self.name, "the number is missing, which it never was in the training table"
            )
        x[:, 0] = np.where(missing, self.fill, values) if self.fill is not None else values
        if self.fill is not None:
            x[:, 1] = missing


@dataclass(frozen=True)
class Schema:
    """The columns that go into a network, and the one that it is to predict.

    Attributes:
        inputs: in the order of the table.   target: its categories are the classes; it has none for real numbers.
    """

    inputs: tuple[Column, ...]
    target: Column

    def __post_init__(self) -> None:
        names = [column.name for column in (*self.inputs, self.target)]
        if len(set(names)) != len(names):
            raise DataError(f"expected columns with different names, got {brief(names)}")

    @property
    def task(self) -> Task:
        return "classification" if self.target.categories else "regression"

    @property
    def input_names(self) -> list[str]:
        """A name for each number that the network takes."""
        return [name for column in self.inputs for name in column.inputs]

    def examples(self, table: Table) -> Array:
        """The rows of a table as the network takes them (N, D) float64; columns are found by name.

        Raises:
            DataError: a column is missing, or a cell is not what its column holds.
        """
        absent = [repr(column.name) for column in self.inputs if column.name not in table.columns]
        if absent:
            wanted, have = " and ".join(absent), ", ".join(map(repr, table.columns))
            raise DataError(f"{table.name}: expected a column {brief(wanted)}; the table has {brief(have) or 'none'}")
        widths = [len(column.inputs) for column in self.inputs]
        if len(table) * sum(widths) > MOST_VALUES:
            raise DataError(
                f"{table.name}: {len(table):,} rows of {sum(widths):,} inputs are too many, at most {MOST_VALUES:,} "
                "numbers in all: take fewer rows, or leave columns with many categories out with --ignore"
            )
        x = np.zeros((len(table), sum(widths)))
        start = 0
        for column, width in zip(self.inputs, widths, strict=True):
            column.write(table, x[:, start : start + width])
            start += width
        return x

    def targets(self, table: Table) -> Array:
        """What the network is to predict (N,): labels as int64, or real numbers as float64.

        Raises:
            DataError: there is no such column, or a cell is not what it holds.
        """
        if self.target.name not in table.columns:
            raise DataError(
                f"{table.name}: there is no column {brief(repr(self.target.name))}, the truth to compare with"
            )
        _refuse_gaps(table, self.target.name)
        return self.target.codes(table) if self.target.categories else self.target.numbers(table)

    def filled_from(self, table: Table, rows: Array) -> "Schema":
        """The same, but what is missing counts as the mean of these rows alone: those that are learned from."""
        return replace(self, inputs=tuple(_filled(column, table, rows) for column in self.inputs))


def find_schema(
    table: Table,
    target: str,
    *,
    task: Task | None = None,
    ignore: Collection[str] = (),
    categorical: Collection[str] = (),
) -> Schema:
    """See what the columns of a table mean.

    A column is one of numbers if most of its cells that are not empty hold numbers, else one of text. The target is a
    class if it is text or few whole numbers (at most 20 different ones, each five times on average), else an amount.

    Args:
        target: the column to predict.   task: what it is, if it should not be found out.
        ignore: columns to leave out, such as names and numbers of the rows.
        categorical: columns of numbers that stand for categories, such as codes of regions.

    Raises:
        DataError: no such column, nothing to learn (a target that is always the same) or to learn from, too many
            categories, a cell that does not fit its column.
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
    found = _target(table, target, task)
    return Schema(tuple(_input(table, name, as_text=name in categorical) for name in names), found)


def digest(x: Array, y: Array) -> str:
    """A checksum of examples and targets, by which a table is known again wherever it lies."""
    return hashlib.sha256(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(y).tobytes()).hexdigest()


def whole_number(cell: str) -> str:
    """The shortest form of a cell that holds a whole number, "1" for "1.0"; any other cell as it is, such as "01"."""
    if re.match(r"[+-]?0\d", cell):
        return cell  # a code, and "01" may be another than "1"
    if not NUMBER.fullmatch(cell) or not abs(value := float(cell)) < 2**53 or value != int(value):
        return cell
    return str(int(value))


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: the closest known one, or the first of them."""
    close = difflib.get_close_matches(name, known, n=1)
    more = ", ..." if len(known) > 10 else ""
    return (
        f"did you mean {brief(repr(close[0]))}?"
        if close
        else f"known are {brief(', '.join(map(repr, known[:10])))}{more}"
    )


def _hint(name: str, table: Table) -> str:
    names = list(table.columns)
    numbers = [known for known in names if NUMBER.fullmatch(known)]
    if numbers:
        found = brief(", ".join(map(repr, names[:5])))
        return f"expected the names of the columns there, got {found}: add a line of names"
    return nearest(name, names)


def _holds_numbers(cells: Collection[str]) -> bool:
    """Whether most of the cells that are not empty hold numbers; so it is for a column that is empty throughout."""
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
    return _filled(Column(name, fill=0.0), table, np.arange(len(table)))


def _filled(column: Column, table: Table, rows: Array) -> Column:
    if column.fill is None:
        return column
    values = column.numbers(table)[rows]
    known = values[~np.isnan(values)]
    return replace(column, fill=float(known.mean()) if len(known) else 0.0)


def _target(table: Table, name: str, task: Task | None) -> Column:
    cells = table.columns[name]
    _refuse_gaps(table, name)
    kinds = set(map(whole_number, cells))
    if len(kinds) == 1:
        raise DataError(
            f"{table.name}: the target {brief(repr(name))} is always {cells[0][:40]!r}: there is nothing to learn"
        )
    whole = all(re.fullmatch(r"-?\d{1,16}", kind) for kind in kinds)  # as `whole_number` writes them
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
            f"{MOST_CATEGORIES} classes; if they are amounts, say so with --task regression"
        )
    return Column(name, tuple(sorted(kinds, key=lambda kind: (int(kind), kind))))


def _categories(table: Table, name: str, kinds: set[str]) -> tuple[str, ...]:
    """The categories in their order, if they can be categories."""
    where = f"{table.name}: column {brief(repr(name))}"
    if all(DECIMAL_COMMA.fullmatch(kind) for kind in kinds - {""}):
        raise DataError(
            f"{where} writes numbers with a comma, such as {max(kinds)[:40]!r}: expected a point, as in 3.14"
        )
    if all(DATE.fullmatch(kind) for kind in kinds - {""}):  # as categories, tomorrow's would be unknown
        raise DataError(
            f"{where} holds dates, such as {max(kinds)[:40]!r}: expected numbers made of them, such as the month or "
            f"the days since some day; or leave it out with --ignore {brief(repr(name))}"
        )
    if 2 * len(kinds) > len(table):
        raise DataError(
            f"{where} holds {len(kinds):,} different texts in {len(table):,} rows, such as {max(kinds)[:40]!r}: it "
            f"names the rows, and nothing can be learned from it; leave it out with --ignore {brief(repr(name))}, or "
            "if it is the target, choose another"
        )
    if len(kinds) > MOST_CATEGORIES:
        raise DataError(
            f"{where} is text with {len(kinds):,} different values, expected at most {MOST_CATEGORIES} categories; "
            f"leave it out with --ignore {brief(repr(name))}, or put values together"
        )
    return tuple(sorted(kinds))


def _refuse_gaps(table: Table, name: str) -> None:
    cells = table.columns[name]
    if "" in cells:
        raise table.fault(cells.index(""), name, "the target is missing; fill the cell, or leave the row out")
