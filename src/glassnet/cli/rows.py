"""What glassnet predict says of the rows of a table, with a model that was trained on one."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from glassnet.data.schema import Schema
    from glassnet.data.table import Table
    from glassnet.nn.network import Network


class Cells(NamedTuple):
    """What became of some cells of each row: values (n, ...), the numbers of their rows, and why others have none."""

    values: Any
    numbers: list[int]
    problems: dict[int, str]


class Rows(NamedTuple):
    """The rows of a table: their inputs (n, D), and the truths (n,), of which there may be none."""

    table: "Table"
    inputs: Cells
    truths: Cells

    def measurable(self) -> tuple[Any, Any]:
        """Inputs and truths of the rows that have both."""
        import numpy as np

        _, places, truths = np.intersect1d(self.inputs.numbers, self.truths.numbers, return_indices=True)
        return self.inputs.values[places], self.truths.values[truths]

    def left_out(self) -> list[str]:
        """Why the other rows lack one of them, or both: a reason for each row, in order."""
        reasons = self.truths.problems | self.inputs.problems
        return [reasons[row] for row in sorted(reasons)]


def predict_rows(
    files: list[Path], network: "Network", schema: "Schema", *, as_json: bool, submission: Path | None, key: str | None
) -> bool:
    """Predict the target of every row in these files; where they hold the truth, say how good that was.

    A row with a cell that the model does not know gets no prediction; the others get theirs all the same.

    Args:
        key: the column by which a submission names the rows; by default they are counted.

    Returns:
        Whether every row got its prediction.

    Raises:
        DataError: a file that cannot be read, or lacks a column.
    """
    import json

    from glassnet.cli.evaluate import measure
    from glassnet.cli.terminal import console, in_short
    from glassnet.data.dataset import DataError
    from glassnet.data.table import write_table
    from glassnet.nn.plain import plain

    found = [rows_of(_read(file), schema) for file in files]
    answers = [_answers(rows, network, schema) for rows in found]
    problems = [problem for rows in found for problem in rows.inputs.problems.values()]
    if submission is not None:
        if problems:
            raise DataError(f"{problems[0]}; so not every row has a prediction, and {submission} is not written")
        predictions = [answer["prediction"] for rows in answers for answer in rows]
        write_table(submission, _keys(found, schema, key) | {schema.target.name: list(map(str, predictions))})
    if as_json:
        typer.echo(json.dumps([answer for rows in answers for answer in rows]))
        return not problems
    for rows, said in zip(found, answers, strict=True):
        for answer in said if submission is None else ():
            if "problem" in answer:
                print(f"error: {plain(answer['problem'])}", file=sys.stderr)
            else:
                console.print(_line(answer), soft_wrap=True)
        x, y = rows.measurable()
        if len(y):
            console.print(f"{rows.table.name}: {in_short(measure(network, (x, y)))}", soft_wrap=True)
        if unknown := list(rows.truths.problems.values()):
            said_of = f"figures without {len(unknown):,} rows, the first" if len(y) else "no figures"
            print(f"{said_of}: {plain(unknown[0])}", file=sys.stderr)
    if submission is not None:
        console.print(f"{sum(map(len, answers)):,} predictions written to {submission}")
    return not problems


def read_row(file: Path, schema: "Schema", row: int) -> tuple[Any, Any]:
    """One row of a table as the network takes it (D,), and its truth: a label, a real target, or None.

    Raises:
        DataError: there is no such row, or as `predict_rows`.
    """
    from glassnet.cli.examples import check_row

    table = _read(file)
    check_row(file, row, len(table))
    one = table.row(row)
    known = any(one.columns.get(schema.target.name, []))
    return schema.examples(one)[0], schema.targets(one)[0] if known else None


def _read(file: Path) -> "Table":
    from glassnet.data.dataset import DataError
    from glassnet.data.table import read_table

    if not file.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt")) and file.exists():
        raise DataError(f"{file}: this model was trained on a table: expected a CSV file with the same columns")
    return read_table(file)


def rows_of(table: "Table", schema: "Schema") -> Rows:
    """What a network needs of each row, where the row has it.

    Raises:
        DataError: a column is missing.
    """
    import numpy as np

    inputs = _row_by_row(table, schema.examples, np.empty((0, len(schema.input_names))))
    truths = Cells(np.empty(0, np.int64 if schema.target.categories else np.float64), [], {})
    if any(table.columns.get(schema.target.name, [])):
        truths = _row_by_row(table, schema.targets, truths.values)
    return Rows(table, inputs, truths)


def _row_by_row(table: "Table", make: Callable[["Table"], Any], nothing: Any) -> Cells:
    import numpy as np

    from glassnet.data.table import CellError

    try:
        return Cells(make(table), list(range(len(table))), {})
    except CellError:  # in some row: look at each by itself
        values, problems = {}, {}
        for row in range(len(table)):
            try:
                values[row] = make(table.row(row))
            except CellError as error:
                problems[row] = str(error)
        return Cells(np.concatenate([nothing, *values.values()]), list(values), problems)


def _answers(rows: Rows, network: "Network", schema: "Schema") -> list[dict[str, Any]]:
    """What is said of each row, in plain values."""
    import numpy as np

    from glassnet.cli.answers import best_two

    x, numbers, problems = rows.inputs
    given = network.predict_proba(x) if len(x) else np.empty((0, 2))
    outputs = dict(zip(numbers, network.loss.by_class(given) if network.classes else given, strict=True))
    truths = dict(zip(rows.truths.numbers, rows.truths.values.tolist(), strict=True))
    answers: list[dict[str, Any]] = []
    for row in range(len(rows.table)):
        answer: dict[str, Any] = {"file": rows.table.name, "row": row, "target": schema.target.name}
        if row in problems:
            answers.append(answer | {"prediction": None, "problem": problems[row]})
            continue
        output = outputs[row]
        if schema.target.categories:
            two = best_two(output, schema.target.categories, network.loss)
            answer |= {"prediction": two.pop("label"), **two}
        else:
            digits = np.finfo(output.dtype).precision + 1  # more are not held
            answer["prediction"] = float(f"{output[0]:.{digits}g}")
        if row in truths:
            answer["truth"] = schema.target.categories[truths[row]] if schema.target.categories else truths[row]
        answers.append(answer)
    return answers


def _line(answer: dict[str, Any]) -> str:
    from glassnet.cli.answers import in_words

    said = f"{answer['file']}, row {answer['row']}: "
    if "runner_up" in answer:
        said += in_words(answer | {"label": answer["prediction"]})
        return said + (f", truth {answer['truth']}" if "truth" in answer else "")
    return said + f"{answer['prediction']:.5g}" + (f", truth {answer['truth']:.5g}" if "truth" in answer else "")


def _keys(found: list[Rows], schema: "Schema", key: str | None) -> dict[str, list[str]]:
    """The first column of a submission: the numbers of the rows, from 0 over all files, or the cells of a column."""
    from glassnet.data.dataset import DataError
    from glassnet.data.schema import nearest

    if key is None:
        count = sum(len(rows.table) for rows in found)
        return {"row" if schema.target.name != "row" else "number": list(map(str, range(count)))}
    if key == schema.target.name:
        raise DataError(f"--key {key!r}: expected a column that names the rows, but this is the target")
    for rows in found:
        if key not in rows.table.columns:
            raise DataError(f"{rows.table.name}: there is no column {key!r}; {nearest(key, list(rows.table.columns))}")
    return {key: [cell for rows in found for cell in rows.table.columns[key]]}
