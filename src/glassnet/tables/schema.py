"""What the columns of a table mean: how a row becomes the numbers that a network takes, and what it is to learn.

A column of numbers becomes one input. A column of text becomes an indicator for each of its categories: 1 for the one
that stands in the cell, 0 for the others. Where numbers were missing the input is their mean, and an indicator more
says that it was missing. The network standardises all of them itself.

A schema is found once (`column_types`), from the table a network is trained on, and is kept in the model file.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.nn.plain import brief, nearest
from glassnet.tables.table import Table

Task = Literal["classification", "regression"]

# NaN and infinity count as numbers here, so that they are refused as such and do not make a column one of text.
NUMBER = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)
LARGEST = 1e30  # float32 holds it, and what a network makes of it
MOST_VALUES = 1 << 27  # numbers in all rows together, 1 GB


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

    def filled_from(self, table: Table, rows: Array) -> "Column":
        """The same, but what is missing counts as the mean of these rows."""
        if self.fill is None:
            return self
        values = self.numbers(table)[rows]
        known = values[~np.isnan(values)]
        return replace(self, fill=float(known.mean()) if len(known) else 0.0)

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
                "numbers in all: take fewer rows, or leave columns with many categories out (ignore)"
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
        refuse_gaps(table, self.target.name)
        return self.target.codes(table) if self.target.categories else self.target.numbers(table)

    def filled_from(self, table: Table, rows: Array) -> "Schema":
        """The same, but what is missing counts as the mean of these rows alone: those that are learned from."""
        return replace(self, inputs=tuple(column.filled_from(table, rows) for column in self.inputs))


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


def refuse_gaps(table: Table, name: str) -> None:
    """Raise DataError where a cell of the target is empty."""
    cells = table.columns[name]
    if "" in cells:
        raise table.fault(cells.index(""), name, "the target is missing; fill the cell, or leave the row out")
