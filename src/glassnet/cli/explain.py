"""glassnet explain: one example on its way through a network and back, number by number."""

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import completion
from glassnet.cli.rows import Unknown, unknown_policy


def explain(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[MODEL] FILE",
            autocompletion=completion.model_first,
            help="a model file, run folder or pretrained model [default: cnn], then a picture, IDX, CSV, Parquet file",
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(help="the true class; by default the label in the file, or else the prediction"),
    ] = None,
    neuron: Annotated[str | None, typer.Option(help="follow one neuron: layer:index, such as dense1:7")] = None,
    picture: Annotated[Path | None, typer.Option(help="draw it all into this PNG file")] = None,
    row: Annotated[int | None, typer.Option(help="which example, counted from 0 [default: the first]")] = None,
    line: Annotated[
        int | None, typer.Option(help="which example of a CSV file: its line, as predict prints it")
    ] = None,
    unknown: Unknown = None,
    lr: Annotated[float, typer.Option(help="the learning rate of the step that is shown")] = 0.1,
) -> None:
    """Show every number for one example: the output of each layer, the loss, each gradient, one training step.

    Examples:

    `glassnet explain photo.png`

    `glassnet explain runs/classic-mnist photo.png --label 3`

    `glassnet explain runs/classic-mnist photo.png --neuron dense1:7`

    `glassnet explain runs/table-patients patients.csv --line 5`

    `glassnet explain runs/classic-mnist t10k-images-idx3-ubyte.gz --row 9 --picture explained.png`
    """
    from glassnet import plots
    from glassnet.cli.given import DEFAULT, model_and_files
    from glassnet.cli.places import example
    from glassnet.cli.png import check_png
    from glassnet.cli.terminal import console
    from glassnet.data.errors import DataError
    from glassnet.model.model import Model
    from glassnet.nn.errors import InputError
    from glassnet.pretrained.models import pretrained_path

    if picture is not None:
        check_png("--picture", picture)
    model, (file, *more) = model_and_files(files, "explain")
    if more:
        raise DataError(f"{more[0]}: expected one file, because one example is explained; --row or --line chooses it")
    opened = Model.open(model or pretrained_path(DEFAULT), unknown=unknown_policy(unknown))
    x, truth, where = example(opened, file, row, line)
    if label is not None:
        try:
            truth = opened.target(label)
        except InputError as error:
            raise InputError(f"--label {error}") from None
    elif truth is not None and not opened.schema and truth >= len(opened.network.class_names):
        raise DataError(f"{where}: label {truth}, which the model does not know: give one with --label")
    explanation = opened.explain(x, truth, neuron=neuron, lr=lr)
    if picture is not None:
        plots.save(plots.explanation(explanation), picture)
    typer.echo(explanation.text(min(console.width, 100)), nl=False)
    if picture is not None:
        typer.echo(f"\nDrawn into {picture}")
