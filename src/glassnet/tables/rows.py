"""The rows of a table for prediction: their inputs and truths, and why some rows are left out.

If a cell cannot be used, only its row is left out, from the prediction or from the comparison with the truth.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.nn.plain import brief, number_of
from glassnet.tables.column import KINDS, Column, Problems
from glassnet.tables.column_options import ColumnOptions
from glassnet.tables.column_types import ColumnDetector
from glassnet.tables.dialect import NoTextError
from glassnet.tables.read import read_table
from glassnet.tables.schema import Schema
from glassnet.tables.table import Table


class Cells(NamedTuple):
    """Values (n, ...) made from the cells of each row, the row numbers of these values, and a problem for each other
    row."""

    values: Array
    row_numbers: list[int]
    problems: dict[int, str]


class Rows(NamedTuple):
    """The rows of a table: their inputs (n, D) and truths (n,); there may be no truths.

    `unknown` tells by the name of the column which of the inputs had an unknown or missing value there (n,).
    """

    table: Table
    inputs: Cells
    truths: Cells
    unknown: dict[str, Array]

    def measurable(self) -> tuple[Array, Array]:
        """Inputs and truths of the rows that have both."""
        _, places, truths = np.intersect1d(self.inputs.row_numbers, self.truths.row_numbers, return_indices=True)
        return self.inputs.values[places], self.truths.values[truths]

    def left_out(self) -> list[str]:
        """The problem of each row that lacks inputs, truth or both, in the order of the rows."""
        reasons = self.truths.problems | self.inputs.problems
        return [reasons[row] for row in sorted(reasons)]


def said_of_unknown(unknown: Mapping[str, Array]) -> list[str]:
    """A line for each column with unknown values: in how many rows."""
    return [
        f"predicted despite an unknown or missing value in column {brief(repr(name))}: "
        f"{number_of(int(rows.sum()), 'row')}"
        for name, rows in unknown.items()
    ]


def read_rows(file: Path) -> Table:
    """Read a file with rows for a model that was trained on a table.

    Raises:
        DataError: the file is not a table.
    """
    try:
        return read_table(file)
    except NoTextError as error:
        raise DataError(f"{error}; this model was trained on a table, and takes rows with the same columns") from None


def check_forms(table: Table, schema: Schema) -> None:
    """Raise DataError if a whole column is of another type, or written in another form, than in the training table.

    By itself 1.250 could be read in either form, and would be answered a thousand times too small or too large.
    """
    detector = ColumnDetector(table, ColumnOptions())
    for column in (*schema.inputs, schema.target):
        if column.name not in table.columns:
            continue
        _check_kind(table, column)
        if not column.categories and (other := detector.written_otherwise(column)):
            raise DataError(
                f"{table.name}: column {brief(repr(column.name))} is written like {other}, but in the training table "
                f"like {column.example}: write it so"
            )


def _check_kind(table: Table, column: Column) -> None:
    """Raise DataError if a column states that it holds something else than in training, so that no cell would fit."""
    cells = table.columns[column.name]
    holds = f"{table.name}: column {brief(repr(column.name))}"
    if cells.problem:
        raise DataError(f"{holds} {cells.problem}; in training it held {KINDS[column.kind]}")
    if cells.kind == column.kind == "date" and cells.stated("date", column.date, column.zone) is None:
        raise DataError(
            f"{holds} holds {_in_zone(cells.zone)}, but in training it held {_in_zone(column.zone)}: convert it, as "
            "by frame['column'].dt.tz_localize(None)"
        )
    if cells.kind and cells.kind != column.kind and len(column.read(table).problems) == len(table):
        stated = KINDS[cells.kind]
        raise DataError(f"{holds} holds {stated}, but in training it held {KINDS[column.kind]}: bring it as that")


def _in_zone(zone: str | None) -> str:
    return f"times of the zone {zone}" if zone else "dates without a time zone"


def rows_of(table: Table, schema: Schema) -> Rows:
    """The inputs and truths of all rows that have them.

    Raises:
        DataError: a column is missing, or is written in another form.
    """
    check_forms(table, schema)
    x, problems, unknown = schema.read_examples(table)
    inputs = _without(x, problems)
    truths = Cells(np.empty(0, np.int64 if schema.target.categories else np.float64), [], {})
    if has_truths(table, schema):
        truths = _without(*schema.read_targets(table))
    return Rows(table, inputs, truths, {name: rows[inputs.row_numbers] for name, rows in unknown.items()})


def has_truths(table: Table, schema: Schema) -> bool:
    """Whether any row holds a value in the target column."""
    name = schema.target.name
    return name in table.columns and len(schema.target.gaps(table)) < len(table)


def _without(values: Array, problems: Problems) -> Cells:
    """The values of the rows that have no problem."""
    numbers = [row for row in range(len(values)) if row not in problems]
    return Cells(values[numbers], numbers, {row: str(problem) for row, problem in problems.items()})
