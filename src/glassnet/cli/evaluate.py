"""glassnet evaluate: how good a saved model is."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[Path, typer.Argument(help="a model file, or the folder of a run")],
    data: Annotated[
        str | None, typer.Option(help="a dataset, a CSV or npz file, a folder; by default what it was trained on")
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "test",
    json_: Annotated[bool, typer.Option("--json", help="print the figures as JSON")] = False,
) -> None:
    """Measure a saved model: accuracy, each class, the most confused pairs.

    Example: `glassnet evaluate runs/classic-mnist`
    """
    import json

    from glassnet.cli.terminal import console, show_evaluation
    from glassnet.data.dataset import DataError
    from glassnet.data.registry import load_dataset
    from glassnet.modelfile import load_network, read_about
    from glassnet.progress import TaskBar
    from glassnet.train.metrics import evaluate as measure

    path = model_path(model)
    network = load_network(path)
    trained_on = read_about(path).get("recipe", {}).get("data", {})
    name = data or trained_on.get("name")
    if not isinstance(name, str):
        raise DataError("the model does not say what it was trained on: name a dataset with --data")
    held_out = trained_on.get("validation")
    validation = held_out if isinstance(held_out, int) else 5000  # the same examples that training held out
    if split not in ("train", "validation", "test"):
        raise DataError(f"--split: expected train, validation or test, got {split!r}")
    with TaskBar() as bar:
        dataset = load_dataset(name, validation=validation, progress=bar)
    if len(getattr(dataset, split)) == 0:
        raise DataError(f"{name}: its {split} split is empty")
    result = measure(network, getattr(dataset, split))
    if json_:
        typer.echo(json.dumps(result.to_table()))
        return
    console.print(f"{path} on {dataset}")
    show_evaluation(result, split=split)


def model_path(given: Path) -> Path:
    """The model file that is meant: the file itself, or the model of a run folder."""
    inside = given / "model.safetensors"
    return inside if inside.is_file() else given
