"""The rows of a table for prediction: their inputs and truths, and why some rows are left out.

If a cell cannot be used, only its row is left out, from the prediction or from the comparison with the truth.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.tables.dialect import NoTextError
from glassnet.tables.schema import Schema
from glassnet.tables.table import CellError, Table, read_table


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


def read_rows(file: Path) -> Table:
    """Read a file with rows for a model that was trained on a table.

    Raises:
        DataError: the file is not a table.
    """
    try:
        return read_table(file)
    except NoTextError as error:
        raise DataError(f"{error}; this model was trained on a table, and takes rows with the same columns") from None


def rows_of(table: Table, schema: Schema) -> Rows:
    """The inputs and truths of all rows that have them.

    Raises:
        DataError: a column is missing.
    """
    inputs = _row_by_row(table, schema.examples, np.empty((0, len(schema.input_names))))
    truths = Cells(np.empty(0, np.int64 if schema.target.categories else np.float64), [], {})
    if has_truths(table, schema):
        truths = _row_by_row(table, schema.targets, truths.values)
    unknown = schema.examples_and_unknown(table.rows(inputs.row_numbers))[1] if schema.unknown == "answer" else {}
    return Rows(table, inputs, truths, unknown)


def has_truths(table: Table, schema: Schema) -> bool:
    """Whether any row holds a value in the target column."""
    return any(table.columns.get(schema.target.name, []))


def _row_by_row(table: Table, make: Callable[[Table], Array], nothing: Array) -> Cells:
    try:
        return Cells(make(table), list(range(len(table))), {})
    except CellError:  # some row has a fault: try each row separately
        values, problems = {}, {}
        for row in range(len(table)):
            try:
                values[row] = make(table.rows([row]))
            except CellError as error:
                problems[row] = str(error)
        return Cells(np.concatenate([nothing, *values.values()]), list(values), problems)
