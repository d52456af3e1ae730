"""glassnet evaluate: how good a saved model is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from glassnet.cli.rows import Rows
    from glassnet.data.dataset import Dataset
    from glassnet.nn.network import Network
    from glassnet.train.metrics import Evaluation
    from glassnet.train.regression import RegressionEvaluation


SHOWN = 5  # rows that are left out, of which is said why


def evaluate(
    model: Annotated[Path, typer.Argument(help="a model file, the folder of a run, or a pretrained model: cnn")],
    data: Annotated[
        str | None, typer.Option(help="a dataset, a CSV or npz file, a folder; by default what it was trained on")
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "test",
    json_: Annotated[bool, typer.Option("--json", help="print the figures as JSON")] = False,
) -> None:
    """Measure a saved model: accuracy, each class, the most confused pairs; or how far off the numbers it predicts are.

    Of a model that was trained on a table, another table named with --data is measured as a whole, without the rows
    that cannot be predicted.

    Examples:

    `glassnet evaluate runs/classic-mnist`

    `glassnet evaluate cnn --data mnist`
    """
    import json
    import sys

    from glassnet.cli.terminal import console, show_evaluation
    from glassnet.modelfile import load_network
    from glassnet.nn.plain import plain

    path = model_path(model)
    network = load_network(path)
    examples, split, about, left_out = examples_of(path, data, split)
    for problem in left_out[:SHOWN]:
        print(f"left out: {plain(problem)}", file=sys.stderr)
    result = measure(network, examples)
    if json_:
        typer.echo(json.dumps(result.to_table() | ({"left_out": len(left_out)} if left_out else {})))
        return
    console.print(f"{path} on {about}")
    show_evaluation(result, split=split)


class Examples(NamedTuple):
    """What a model is measured on: as `measure` takes it, what it is called, and why rows of a table are left out."""

    examples: Any
    split: str
    about: str
    left_out: list[str]


def examples_of(path: Path, data: str | None, split: str) -> Examples:
    """A split of what a model was trained on, or of the dataset that is named; of another table all rows that can be.

    Raises:
        DataError: it cannot be known, or has no such split, or no row.
    """
    from glassnet.data.dataset import DataError

    if split not in ("train", "validation", "test"):
        raise DataError(f"--split: expected train, validation or test, got {split!r}")
    if data is None or not (rows := other_table(path, data)):
        dataset = dataset_of(path, data, split)
        return Examples(getattr(dataset, split), split, str(dataset), [])
    if split != "test":
        raise DataError(f"--split {split}: {data} is not the table the model was trained on, and is measured whole")
    (x, y), left_out = rows.measurable(), rows.left_out()
    if not len(y):
        raise DataError(f"no row can be measured: {left_out[0] if left_out else f'{data} has none'}")
    count = f"{len(y):,} of {len(rows.table):,} rows" if left_out else f"all {len(y):,} rows"
    about = f"{count} of {data}, not the table it was trained on: rows of that, if there are any, flatter it"
    return Examples((x, y), "table", about, left_out)


def measure(network: "Network", examples: Any) -> "Evaluation | RegressionEvaluation":
    """The figures that fit the network: of a classifier, or of one that predicts numbers."""
    from glassnet.train.metrics import evaluate
    from glassnet.train.regression import evaluate_regression

    return evaluate_regression(network, examples) if predicts_numbers(network) else evaluate(network, examples)


def predicts_numbers(network: "Network") -> bool:
    """Whether a network predicts real numbers and no classes."""
    from glassnet.nn.distance import Distance

    return isinstance(network.loss, Distance) and not network.classes


def other_table(path: Path, data: str) -> "Rows | None":
    """The rows of a table that is not the one the model was trained on, by its content; None if it is, or no table.

    Raises:
        DataError: a table that lacks a column, or a truth.
    """
    from glassnet.cli.rows import rows_of
    from glassnet.data.bundled import BUNDLED
    from glassnet.data.schema import digest
    from glassnet.data.table import read_table
    from glassnet.modelfile import read_about
    from glassnet.run import load_schema

    schema = load_schema(path)
    if schema is None or data in BUNDLED:
        return None
    table = read_table(data)
    if not any(table.columns.get(schema.target.name, [])):
        schema.targets(table)  # says that it is missing
    rows = rows_of(table, schema)
    same = digest(rows.inputs.values, rows.truths.values) == read_about(path).get("data", {}).get("sha256")
    return None if same else rows


def _trained_on(path: Path) -> dict[str, Any]:
    """What the model file says of the data it was trained on, which may be anything."""
    from glassnet.modelfile import read_about

    data = read_about(path).get("recipe", {}).get("data")
    return data if isinstance(data, dict) else {}


def dataset_of(path: Path, data: str | None, split: str) -> "Dataset":
    """The dataset to measure a model on: the one that is named, or what it was trained on.

    What a model file says is followed only to a registered dataset: a path in it is not opened, for the file may come
    from anyone.

    Raises:
        DataError: it cannot be known, or has no such split.
    """
    from glassnet.data.bundled import BUNDLED
    from glassnet.data.dataset import DataError
    from glassnet.data.registry import dataset_names
    from glassnet.nn.plain import shown
    from glassnet.progress import TaskBar
    from glassnet.recipes.data import DataSettings
    from glassnet.run import load_schema

    trained_on = _trained_on(path)
    name = data or trained_on.get("name")
    if not isinstance(name, str):
        raise DataError("the model does not say what it was trained on: name a dataset with --data")
    if data is None and name not in (*dataset_names(), *BUNDLED):
        raise DataError(
            f"the model says that it was trained on {shown(name)}, which is no registered dataset; a path in a model "
            "file is not followed: name the data with --data"
        )
    held_out = trained_on.get("validation")
    validation = held_out if isinstance(held_out, int) else 5000  # the same examples that training held out
    schema = load_schema(path)
    settings = DataSettings(name, validation, target=schema.target.name if schema else None)
    with TaskBar() as bar:
        dataset = settings.load(schema=schema, progress=bar)
    if len(getattr(dataset, split)) == 0:
        raise DataError(f"{name}: its {split} split is empty")
    return dataset


def model_path(given: Path) -> Path:
    """The model file that is meant: the file itself, the model of a run folder, or a pretrained one by its name."""
    from glassnet.pretrained import pretrained_names, pretrained_path

    inside = given / "model.safetensors"
    if inside.is_file():
        return inside
    return pretrained_path(str(given)) if str(given) in pretrained_names() and not given.exists() else given
