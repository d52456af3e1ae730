"""A schema: the meaning of the columns of a table, and how a row becomes the inputs and the target of a network.

A column of numbers becomes one input. A column of text becomes an indicator for each of its categories: 1 for the
category in the cell, 0 for the others. If a column has missing numbers, they become the mean, and an additional
indicator says which were missing. The network standardises all inputs itself.

The schema is detected once (`column_types`), from the training table, and is saved in the model file.
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

# NaN and infinity match too, so that they are refused as numbers and do not make a column a text column.
NUMBER = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)
LARGEST = 1e30  # small enough for float32, also for the values that a network computes from it
MOST_VALUES = 1 << 27  # the largest number of inputs in all rows together, 1 GB


@dataclass(frozen=True)
class Column:
    """A column of numbers, or of categories.

    Attributes:
        name: as in the first line of the table.
        categories: in their order; empty for a column of numbers.
        fill: the value for missing numbers, the mean of the others; None if no number was missing.
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
        """The names of the inputs that a cell becomes."""
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
            DataError: a cell holds something other than a finite number up to 1e30.
        """
        values = np.empty(len(table))
        for row, cell in enumerate(table.columns[self.name]):
            values[row] = float(cell) if NUMBER.fullmatch(cell) else np.nan
            if cell and not abs(values[row]) <= LARGEST:  # also refuses NaN
                raise table.fault(
                    row,
                    self.name,
                    f"expected a number up to 1e30, got {cell[:40]!r}; if it is unknown, leave the cell empty, or "
                    "if it is a target, leave the row out",
                )
        return values

    def filled_from(self, table: Table, rows: Array) -> "Column":
        """The same column, with missing numbers replaced by the mean of these rows."""
        if self.fill is None:
            return self
        values = self.numbers(table)[rows]
        known = values[~np.isnan(values)]
        return replace(self, fill=float(known.mean()) if len(known) else 0.0)

    def write(self, table: Table, x: Array) -> None:
        """Write the inputs that this column becomes into x (N, number of inputs), which holds zeros.

        Raises:
            DataError: as `codes` and `numbers`; a number is missing, but none was missing in training.
        """
        if self.categories:
            x[np.arange(len(x)), self.codes(table)] = 1
            return
        values = self.numbers(table)
        missing = np.isnan(values)
        if self.fill is None and missing.any():
            raise table.fault(
                int(missing.argmax()), self.name, "the number is missing, but none was missing in the training table"
            )
        x[:, 0] = np.where(missing, self.fill, values) if self.fill is not None else values
        if self.fill is not None:
            x[:, 1] = missing


@dataclass(frozen=True)
class Schema:
    """The input columns of a network, and the column that it predicts.

    Attributes:
        inputs: in the order of the table.   target: its categories are the classes; for real numbers it has none.
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
        """A name for each input of the network."""
        return [name for column in self.inputs for name in column.inputs]

    def examples(self, table: Table) -> Array:
        """The inputs of the network for each row of a table (N, D) float64; columns are found by name.

        Raises:
            DataError: a column is missing, or a cell does not fit its column.
        """
        missing = [repr(column.name) for column in self.inputs if column.name not in table.columns]
        if missing:
            wanted, have = " and ".join(missing), ", ".join(map(repr, table.columns))
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
        """The targets (N,): labels as int64, or real numbers as float64.

        Raises:
            DataError: the target column is missing, or a cell does not fit it.
        """
        if self.target.name not in table.columns:
            raise DataError(
                f"{table.name}: there is no column {brief(repr(self.target.name))}, the truth to compare with"
            )
        refuse_gaps(table, self.target.name)
        return self.target.codes(table) if self.target.categories else self.target.numbers(table)

    def filled_from(self, table: Table, rows: Array) -> "Schema":
        """The same schema, with missing numbers replaced by the means of these rows, the training examples."""
        return replace(self, inputs=tuple(column.filled_from(table, rows) for column in self.inputs))


def digest(x: Array, y: Array) -> str:
    """A checksum of examples and targets, which identifies a table wherever its file is."""
    return hashlib.sha256(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(y).tobytes()).hexdigest()


def whole_number(cell: str) -> str:
    """The shortest form of a cell that holds a whole number, "1" for "1.0"; other cells, such as "01", unchanged."""
    if re.match(r"[+-]?0\d", cell):
        return cell  # a code: "01" may differ from "1"
    if not NUMBER.fullmatch(cell) or not abs(value := float(cell)) < 2**53 or value != int(value):
        return cell
    return str(int(value))


def refuse_gaps(table: Table, name: str) -> None:
    """Raise DataError if a cell of the target is empty."""
    cells = table.columns[name]
    if "" in cells:
        raise table.fault(cells.index(""), name, "the target is missing; fill the cell, or leave the row out")
