"""What glassnet predict says of the rows of a table, with a model that was trained on one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glassnet.cli.terminal import Amount
    from glassnet.model.model import Model
    from glassnet.tables.rows import Rows
    from glassnet.tables.schema import Schema

Unknown = Annotated[
    str | None,
    typer.Option(
        metavar="refuse|answer",
        help="rows with an unknown category, or with a missing number where none was missing in training: refuse "
        "them, or predict without the category or with the mean",
    ),
]


def unknown_policy(unknown: str | None) -> Any:
    """The value of --unknown.

    Raises:
        DataError: another one.
    """
    from glassnet.data.errors import DataError

    if unknown not in (None, "refuse", "answer"):
        raise DataError(f"--unknown {unknown}: expected refuse or answer")
    return unknown


def predict_rows(
    files: list[Path], model: "Model", schema: "Schema", *, as_json: bool, submission: Path | None, key: str | None
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

    from glassnet.cli.terminal import amounts_of, console, in_short
    from glassnet.data.errors import DataError
    from glassnet.nn.plain import number_of, plain
    from glassnet.tables.csv import write_table
    from glassnet.tables.rows import read_rows, rows_of, said_of_unknown

    found = [rows_of(read_rows(file), schema) for file in files]
    answers = [_answers(rows, model, schema) for rows in found]
    problems = [answer["problem"] for rows in answers for answer in rows if "problem" in answer]
    if submission is not None:
        if problems:
            count = _count(found, schema, len(problems))
            raise DataError(f"{problems[0]}; {submission} is not written, because {count}")
        predictions = [answer["prediction"] for rows in answers for answer in rows]
        write_table(submission, _keys(found, schema, key) | {schema.target.name: list(map(str, predictions))})
    for rows in found:
        for line in said_of_unknown(rows.unknown):
            print(plain(line), file=sys.stderr)
    if as_json:
        typer.echo(json.dumps([answer for rows in answers for answer in rows], allow_nan=False))
        return not problems
    for rows, said in zip(found, answers, strict=True):
        for answer in said if submission is None else ():
            if "problem" in answer:
                print(f"error: {plain(answer['problem'])}", file=sys.stderr)
            else:
                words = _said(answer, amounts_of(schema))
                console.print(f"{rows.table.place(answer['row'])}: {words}", soft_wrap=True)
        x, y = rows.measurable()
        if len(y):
            console.print(f"{rows.table.name}: {in_short(model.measure((x, y)), amounts_of(schema))}", soft_wrap=True)
        if unknown := list(rows.truths.problems.values()):
            left_out = (
                f"{number_of(len(unknown), 'row')} not counted in the figures; the first" if len(y) else "no figures"
            )
            print(f"{left_out}: {plain(unknown[0])}", file=sys.stderr)
    if model.decision and submission is None:
        console.print(f"it {model.decision.in_words(model.classes)}", soft_wrap=True)
    if submission is not None:
        console.print(f"{sum(map(len, answers)):,} predictions written to {submission}")
    if problems:
        print(_count(found, schema, len(problems)), file=sys.stderr)
    return not problems


def _count(found: list["Rows"], schema: "Schema", problems: int) -> str:
    """How many rows have no prediction, and what helps."""
    from dataclasses import replace

    from glassnet.tables.rows import rows_of

    answering = replace(schema, unknown="answer")
    refused = [rows.table.rows(sorted(rows.inputs.problems)) for rows in found]
    helped = (
        sum(len(rows_of(table, answering).inputs.row_numbers) for table in refused) if schema.unknown == "refuse" else 0
    )
    way = f"; with --unknown answer, {helped:,} of them get one" if helped else ""
    return f"{problems:,} of {sum(len(rows.table) for rows in found):,} rows have no prediction{way}"


def _answers(rows: "Rows", model: "Model", schema: "Schema") -> list[dict[str, Any]]:
    """What is said of each row, in plain values."""
    x, numbers, problems = rows.inputs
    said = dict(zip(numbers, _predictions(x, model) if len(x) else [], strict=True))
    truths = dict(zip(rows.truths.row_numbers, rows.truths.values.tolist(), strict=True))
    unknown_in = {name: {numbers[n] for n in unknown.nonzero()[0]} for name, unknown in rows.unknown.items()}
    answers: list[dict[str, Any]] = []
    for row in range(len(rows.table)):
        line = {} if rows.table.lines is None else {"line": rows.table.lines[row]}
        answer: dict[str, Any] = {"file": rows.table.name, "row": row, **line, "target": schema.target.name}
        if row in problems:
            answers.append(answer | {"prediction": None, "problem": problems[row]})
            continue
        answer |= said[row]
        if unknown := [name for name, rows in unknown_in.items() if row in rows]:
            answer["unknown"] = unknown
        if "problem" in answer:
            answer["problem"] = f"{rows.table.place(row)}: {answer['problem']}"
        if row in truths:
            answer["truth"] = schema.target.categories[truths[row]] if schema.target.categories else truths[row]
        answers.append(answer)
    return answers


def _predictions(x: Any, model: "Model") -> list[dict[str, Any]]:
    """The prediction of each row (N, D), and of a class how much speaks for it."""
    import numpy as np

    if model.predicts_numbers:
        numbers = model.predict(x)
        digits = np.finfo(numbers.dtype).precision + 1  # more are not held
        return [
            {"prediction": float(f"{number:.{digits}g}")}
            if np.isfinite(number)
            else {
                "prediction": None,
                "problem": f"the network computes {number} here: the row lies far from all others",
            }
            for number in numbers
        ]
    tables = [answer.to_table() for answer in model.answers(x)]
    return [{"prediction": table.pop("label"), **table} for table in tables]


def _said(answer: dict[str, Any], amount: "Amount") -> str:
    """What is said of a row."""
    from glassnet.cli.answers import in_words
    from glassnet.nn.plain import brief

    if "runner_up" in answer:
        said = in_words(answer | {"label": answer["prediction"]})
        return said + (f", truth {brief(answer['truth'])}" if "truth" in answer else "")
    return amount(answer["prediction"]) + (f", truth {amount(answer['truth'])}" if "truth" in answer else "")


def _keys(found: list["Rows"], schema: "Schema", key: str | None) -> dict[str, list[str]]:
    """The first column of a submission: the numbers of the rows, from 0 over all files, or the cells of a column."""
    from glassnet.data.errors import DataError
    from glassnet.nn.plain import nearest

    if key is None:
        count = sum(len(rows.table) for rows in found)
        return {"row" if schema.target.name != "row" else "number": list(map(str, range(count)))}
    if key == schema.target.name:
        raise DataError(f"--key {key!r}: expected a column that names the rows, but this is the target")
    for rows in found:
        if key not in rows.table.columns:
            raise DataError(f"{rows.table.name}: there is no column {key!r}; {nearest(key, list(rows.table.columns))}")
    return {key: [cell for rows in found for cell in rows.table.columns[key]]}
