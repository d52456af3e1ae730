"""A schema: the meaning of the columns of a table, and how a row becomes the inputs and the target of a network.

A column of numbers becomes one input. A column of text becomes an indicator for each of its categories: 1 for the
category in the cell, 0 for the others. A column of dates becomes numbers: the day, the month, the weekday, the hour. If
a column has missing numbers or dates, they become the mean, and an additional indicator says which were missing. The
network standardises all inputs itself.

The schema is decided once (`column_types`), from the training table, and is saved in the model file.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.nn.plain import brief
from glassnet.tables.column import NO_TARGET, Column, Problems, Read, UnknownPolicy
from glassnet.tables.table import Table

Task = Literal["classification", "regression"]

MOST_VALUES = 1 << 27  # the largest number of inputs in all rows together, 1 GB


@dataclass(frozen=True)
class Schema:
    """The input columns of a network, and the column that it predicts.

    Attributes:
        inputs: in the order of the table.   target: its categories are the classes; for real numbers it has none.
        unknown: what becomes of a category that its column does not have, and of a missing number or date where none
            was missing in training. "refuse" refuses the row; with "answer" no indicator is set, and the number is the
            mean.
    """

    inputs: tuple[Column, ...]
    target: Column
    unknown: UnknownPolicy = "refuse"

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
        x, problems, _ = self.read_examples(table)
        if problems:
            raise problems[min(problems)]
        return x

    def read_examples(self, table: Table) -> tuple[Array, Problems, dict[str, Array]]:
        """The same, the problem of each row that cannot be used, and where values are unknown.

        Returns:
            x (N, D) float64, without meaning where there is a problem; the problems; by the name of the column, whether
            each row has an unknown or missing value there (N,), with `unknown="answer"`.

        Raises:
            DataError: a column is missing.
        """
        missing = [repr(column.name) for column in self.inputs if column.name not in table.columns]
        if missing:
            wanted, have = " and ".join(missing), ", ".join(map(repr, table.columns))
            columns = "columns are" if len(missing) > 1 else "a column is"
            raise DataError(f"{table.name}: {columns} missing: {brief(wanted)}; the table has {brief(have) or 'none'}")
        widths = [len(column.inputs) for column in self.inputs]
        if len(table) * sum(widths) > MOST_VALUES:
            raise DataError(
                f"{table.name}: {len(table):,} rows of {sum(widths):,} inputs are too many, at most {MOST_VALUES:,} "
                "numbers in all: take fewer rows, or leave columns with many categories out (ignore)"
            )
        x = np.zeros((len(table), sum(widths)))
        problems: Problems = {}
        unknown: dict[str, Array] = {}
        start = 0
        for column, width in zip(self.inputs, widths, strict=True):
            found, unknown_rows = column.write(table, x[:, start : start + width], self.unknown)
            problems = found | problems
            if self.unknown == "answer" and unknown_rows.any():
                unknown[column.name] = unknown_rows
            start += width
        return x, problems, unknown

    def targets(self, table: Table) -> Array:
        """The targets (N,): labels as int64, or real numbers as float64.

        Raises:
            DataError: the target column is missing, or a cell does not fit it.
        """
        values, problems = self.read_targets(table)
        if problems:
            raise problems[min(problems)]
        return values

    def read_targets(self, table: Table) -> Read:
        """The same, and the problem of each row that has no target.

        Raises:
            DataError: the target column is missing.
        """
        if self.target.name not in table.columns:
            raise DataError(
                f"{table.name}: there is no column {brief(repr(self.target.name))}, the truth to compare with"
            )
        values, problems = self.target.read(table)
        gaps = {row: table.fault(row, self.target.name, NO_TARGET) for row in self.target.gaps(table)}
        return Read(values, problems | gaps)

    def with_means(self, table: Table, rows: Array) -> "Schema":
        """The same schema, with missing numbers replaced by the means of these rows, the training examples."""
        return replace(self, inputs=tuple(column.with_means(table, rows) for column in self.inputs))


def digest(x: Array, y: Array) -> str:
    """A checksum of examples and targets, which identifies a table wherever its file is."""
    return hashlib.sha256(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(y).tobytes()).hexdigest()
