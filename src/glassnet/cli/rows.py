"""What glassnet predict says of the rows of a table, with a model that was trained on one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from glassnet.data.schema import Schema
    from glassnet.data.table import Table
    from glassnet.nn.network import Network


class Rows(NamedTuple):
    """The rows of a table: inputs (n, D) of those that can be predicted, their numbers, and why the others cannot.

    The truth (N,) is that of all rows; None if the table has it not in all of them.
    """

    table: "Table"
    x: Any
    numbers: list[int]
    problems: dict[int, str]
    truth: Any


def predict_rows(
    files: list[Path], network: "Network", schema: "Schema", *, as_json: bool, submission: Path | None
) -> bool:
    """Predict the target of every row in these files; where they hold the truth, say how good that was.

    A row with a cell that the model does not know gets no prediction; the others get theirs all the same.

    Returns:
        Whether every row got its prediction.

    Raises:
        DataError: a file that cannot be read, or lacks a column.
    """
    import json

    from glassnet.cli.evaluate import measure
    from glassnet.cli.terminal import console, in_short
    from glassnet.data.dataset import DataError
    from glassnet.nn.plain import plain

    found = [rows_of(_read(file), schema) for file in files]
    answers = [_answers(rows, network, schema) for rows in found]
    problems = [problem for rows in found for problem in rows.problems.values()]
    if submission is not None:
        if problems:
            raise DataError(f"{problems[0]}; so not every row has a prediction, and {submission} is not written")
        _write(submission, schema, [answer["prediction"] for rows in answers for answer in rows])
    if as_json:
        typer.echo(json.dumps([answer for rows in answers for answer in rows]))
        return not problems
    for rows, said in zip(found, answers, strict=True):
        for answer in said if submission is None else ():
            if "problem" in answer:
                print(f"error: {plain(answer['problem'])}", file=sys.stderr)
            else:
                console.print(_line(answer), soft_wrap=True)
        if rows.truth is not None and len(rows.x):
            result = measure(network, (rows.x, rows.truth[rows.numbers]))
            console.print(f"{rows.table.name}: {in_short(result)}", soft_wrap=True)
    if submission is not None:
        console.print(f"{sum(map(len, answers)):,} predictions written to {submission}")
    return not problems


def read_row(file: Path, schema: "Schema", row: int) -> tuple[Any, Any]:
    """One row of a table as the network takes it (D,), and its truth: a label, a real target, or None.

    Raises:
        DataError: there is no such row, or as `predict_rows`.
    """
    from glassnet.data.dataset import DataError

    table = _read(file)
    if not 0 <= row < len(table):
        raise DataError(f"--row {row}: {file} holds {len(table):,} examples, so rows are 0 to {len(table) - 1}")
    one = table.row(row)
    return schema.examples(one)[0], schema.targets(one)[0] if _has_truth(one, schema) else None


def _read(file: Path) -> "Table":
    from glassnet.data.dataset import DataError
    from glassnet.data.table import read_table

    if not file.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt")) and file.exists():
        raise DataError(f"{file}: this model was trained on a table: expected a CSV file with the same columns")
    return read_table(file)


def rows_of(table: "Table", schema: "Schema") -> Rows:
    """The rows that can be predicted, and why the others cannot; the truth only if all of it is known, or that is said.

    Raises:
        DataError: a column is missing.
    """
    import numpy as np

    from glassnet.data.table import CellError

    truth = None
    if _has_truth(table, schema):
        try:
            truth = schema.targets(table)
        except CellError as error:
            print(f"no figures: {error}", file=sys.stderr)
    try:
        return Rows(table, schema.examples(table), list(range(len(table))), {}, truth)
    except CellError:  # in some row: look at each by itself
        inputs, problems = {}, {}
        for row in range(len(table)):
            try:
                inputs[row] = schema.examples(table.row(row))
            except CellError as error:
                problems[row] = str(error)
        x = np.concatenate([np.empty((0, len(schema.input_names))), *inputs.values()])
        return Rows(table, x, list(inputs), problems, truth)


def _answers(rows: Rows, network: "Network", schema: "Schema") -> list[dict[str, Any]]:
    """What is said of each row, in plain values."""
    import numpy as np

    from glassnet.cli.answers import best_two

    given = network.predict_proba(rows.x) if len(rows.x) else np.empty((0, 2))
    outputs = dict(zip(rows.numbers, network.loss.by_class(given) if network.classes else given, strict=True))
    answers: list[dict[str, Any]] = []
    for row in range(len(rows.table)):
        answer: dict[str, Any] = {"file": rows.table.name, "row": row, "target": schema.target.name}
        if row in rows.problems:
            answers.append(answer | {"prediction": None, "problem": rows.problems[row]})
            continue
        output = outputs[row]
        if schema.target.categories:
            two = best_two(output, schema.target.categories, network.loss)
            answer |= {"prediction": two.pop("label"), **two}
        else:
            digits = np.finfo(output.dtype).precision + 1  # more are not held
            answer["prediction"] = float(f"{output[0]:.{digits}g}")
        if rows.truth is not None:
            truth = rows.truth[row].item()
            answer["truth"] = schema.target.categories[truth] if schema.target.categories else truth
        answers.append(answer)
    return answers


def _has_truth(table: "Table", schema: "Schema") -> bool:
    return all(table.columns.get(schema.target.name, [""]))


def _line(answer: dict[str, Any]) -> str:
    from glassnet.cli.answers import in_words

    said = f"{answer['file']}, row {answer['row']}: "
    if "runner_up" in answer:
        said += in_words(answer | {"label": answer["prediction"]})
        return said + (f", truth {answer['truth']}" if "truth" in answer else "")
    return said + f"{answer['prediction']:.5g}" + (f", truth {answer['truth']:.5g}" if "truth" in answer else "")


def _write(path: Path, schema: "Schema", predictions: list[Any]) -> None:
    """A CSV file of row, counted from 0 over all files, and prediction."""
    from glassnet.data.table import write_table

    name = "row" if schema.target.name != "row" else "number"
    write_table(path, {name: list(map(str, range(len(predictions)))), schema.target.name: list(map(str, predictions))})
