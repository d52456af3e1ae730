"""glassnet ensemble: several networks asked together."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.cli import completion

if TYPE_CHECKING:
    from glassnet.model.model import Model


def ensemble(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            autocompletion=completion.models,
            help="run folders, model files or pretrained models, at least two",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(autocompletion=completion.datasets, help="a dataset; by default what the first was trained on"),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "test",
) -> None:
    """Average the probabilities of several networks, and show what that gains.

    Examples:

    `glassnet ensemble runs/cnn-mnist runs/cnn-mnist-2 runs/cnn-mnist-3`

    `glassnet ensemble cnn strong --data mnist`
    """
    import numpy as np
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console
    from glassnet.data.errors import DataError
    from glassnet.model.model import Model
    from glassnet.progress import TaskBar
    from glassnet.train.metrics import ensemble as together
    from glassnet.train.metrics import evaluate

    if len(models) < 2:
        raise DataError("expected at least two networks: glassnet ensemble runs/cnn-mnist runs/cnn-mnist-2")
    first, *_ = opened = [Model.open(model) for model in models]
    for model in opened:
        if model.predicts_numbers:
            raise DataError(
                f"{model.path}: an ensemble averages the probabilities of classes, but this network predicts numbers"
            )
        if _columns(model) != _columns(first):
            raise DataError(f"{model.path}: expected a model that takes the columns of the first one, {first.path}")
    with TaskBar() as bar:
        examples, split, about, left_out, _ = first.trained_on.evaluation_set(data, split, progress=bar)
    if left_out:
        about += f"; the first that is left out: {left_out[0]}"
    each = [evaluate(model.network, examples) for model in opened]
    result = together(each)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("network", overflow="fold")
    for name in ("accuracy", "wrong", "loss"):
        table.add_column(name, justify="right")
    for name, row in [*zip(map(str, models), each, strict=True), ("all together", result)]:
        wrong = int(np.sum(row.truth != row.predicted))
        table.add_row(name, f"{100 * row.accuracy:.2f} %", f"{wrong:,}", f"{row.loss:.4f}")
    console.print(f"on {about}")
    console.print(table)
    accuracies = [100 * row.accuracy for row in each]
    gain = 100 * result.accuracy
    console.print(
        f"together {gain:.2f} % of {len(result.truth):,} {split} examples: {gain - np.mean(accuracies):+.2f} points "
        f"against their mean, {gain - max(accuracies):+.2f} against the best of them"
    )


def _columns(model: "Model") -> tuple[list[str], str] | None:
    """The inputs and the target of a model that was trained on a table."""
    return None if model.schema is None else (model.schema.input_names, model.schema.target.name)
