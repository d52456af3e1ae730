"""What glassnet predict says of the rows of a table, with a model that was trained on one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from glassnet.cli.predict import Found
    from glassnet.data.schema import Schema
    from glassnet.data.table import Table
    from glassnet.nn.network import Network


def predict_rows(
    files: list[Path], network: "Network", schema: "Schema", *, as_json: bool, submission: Path | None
) -> None:
    """Predict the target of every row in these files; where they hold the truth, say how good that was.

    Raises:
        DataError: a file that cannot be read, or lacks a column, or has a cell that the model does not know.
        ModelFileError: network and schema do not belong together.
    """
    import json

    from glassnet.cli.terminal import console, in_short
    from glassnet.modelfile import ModelFileError

    if network.input_shape != (len(schema.input_names),) or (network.classes or ()) != schema.target.categories:
        raise ModelFileError("this model file is damaged: the columns it names do not fit its network")
    tables = [_read(file) for file in files]
    answers = [_answers(table, network, schema) for table in tables]
    if submission is not None:
        _write(submission, schema, [answer["prediction"] for rows in answers for answer in rows])
    if as_json:
        typer.echo(json.dumps([answer for rows in answers for answer in rows]))
        return
    for table, rows in zip(tables, answers, strict=True):
        if submission is None:
            for answer in rows:
                console.print(_line(answer), soft_wrap=True)
        if "truth" in rows[0]:
            console.print(f"{table.name}: {in_short(_evaluation(table, network, schema))}", soft_wrap=True)
    if submission is not None:
        console.print(f"{sum(map(len, answers)):,} predictions written to {submission}")


def read_rows(file: Path, schema: "Schema") -> "Found":
    """The rows of a table in the form that the network was trained on; real targets as (N, 1).

    Raises:
        DataError: as `predict_rows`.
    """
    from glassnet.cli.predict import Found

    table = _read(file)
    truth = schema.targets(table) if _has_truth(table, schema) else None
    return Found(file, schema.examples(table), truth if truth is None or schema.target.categories else truth[:, None])


def _read(file: Path) -> "Table":
    from glassnet.data.dataset import DataError
    from glassnet.data.table import read_table

    if not file.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt")) and file.exists():
        raise DataError(f"{file}: this model was trained on a table: expected a CSV file with the same columns")
    return read_table(file)


def _answers(table: "Table", network: "Network", schema: "Schema") -> list[dict[str, Any]]:
    """What is said of each row, in plain values."""
    import numpy as np

    outputs = network.predict_proba(schema.examples(table))
    truth = _truth(table, schema)
    answers: list[dict[str, Any]] = []
    for row, output in enumerate(outputs):
        answer: dict[str, Any] = {"file": table.name, "row": row, "target": schema.target.name}
        if schema.target.categories:
            best, second = np.argsort(-output, kind="stable")[:2]
            answer |= {
                "prediction": schema.target.categories[best],
                "probability": round(float(output[best]), 6),
                "runner_up": schema.target.categories[second],
                "runner_up_probability": round(float(output[second]), 6),
            }
        else:
            digits = np.finfo(output.dtype).precision + 1  # more are not held
            answer["prediction"] = float(f"{output[0]:.{digits}g}")
        answers.append(answer if truth is None else answer | {"truth": truth[row]})
    return answers


def _has_truth(table: "Table", schema: "Schema") -> bool:
    return all(table.columns.get(schema.target.name, [""]))


def _truth(table: "Table", schema: "Schema") -> list[Any] | None:
    """The target of each row, if the table has it in all of them."""
    if not _has_truth(table, schema):
        return None
    targets = schema.targets(table).tolist()
    return [schema.target.categories[label] for label in targets] if schema.target.categories else targets


def _evaluation(table: "Table", network: "Network", schema: "Schema") -> Any:
    from glassnet.cli.evaluate import measure

    return measure(network, (schema.examples(table), schema.targets(table)))


def _line(answer: dict[str, Any]) -> str:
    said = f"{answer['file']}, row {answer['row']}: "
    if "probability" in answer:
        said += f"{answer['prediction']} ({answer['probability']:.1%}), "
        said += f"then {answer['runner_up']} ({answer['runner_up_probability']:.1%})"
        return said + (f", truth {answer['truth']}" if "truth" in answer else "")
    return said + f"{answer['prediction']:.5g}" + (f", truth {answer['truth']:.5g}" if "truth" in answer else "")


def _write(path: Path, schema: "Schema", predictions: list[Any]) -> None:
    """A CSV file of row, counted from 0 over all files, and prediction."""
    from glassnet.data.table import write_table

    name = "row" if schema.target.name != "row" else "number"
    write_table(path, {name: list(map(str, range(len(predictions)))), schema.target.name: list(map(str, predictions))})
