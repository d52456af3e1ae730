"""glassnet explain: one example on its way through a network and back, number by number."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from glassnet.nn.network import Network


def explain(
    model: Annotated[Path, typer.Argument(help="a model file, the folder of a run, or a pretrained model: classic")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a picture, or an IDX or CSV file (see --row)")],
    label: Annotated[
        str | None,
        typer.Option(help="the true class; by default the label in the file, or else what the network says"),
    ] = None,
    neuron: Annotated[str | None, typer.Option(help="follow one neuron: layer:index, such as dense1:7")] = None,
    picture: Annotated[Path | None, typer.Option(help="draw it all into this PNG file")] = None,
    row: Annotated[int, typer.Option(help="which example of an IDX or CSV file, counted from 0")] = 0,
    lr: Annotated[float, typer.Option(help="the learning rate of the step that is shown")] = 0.1,
) -> None:
    """Show every number: what each layer makes of one example, the loss, each gradient, one step of learning.

    Examples:

    `glassnet explain runs/classic-mnist photo.png --label 3`

    `glassnet explain runs/classic-mnist photo.png --neuron dense1:7`

    `glassnet explain runs/classic-mnist t10k-images-idx3-ubyte.gz --row 8 --picture explained.png`
    """
    from glassnet import plots
    from glassnet.cli.evaluate import model_path
    from glassnet.cli.examples import check_row, read_examples
    from glassnet.cli.png import check_png
    from glassnet.cli.rows import read_row
    from glassnet.cli.terminal import console
    from glassnet.data.dataset import DataError
    from glassnet.explanation.example import explain as explained
    from glassnet.modelfile import load_network
    from glassnet.run import load_schema

    if picture is not None:
        check_png("--picture", picture)
    path = model_path(model)
    network, schema = load_network(path), load_schema(path)
    if schema:
        x, truth = read_row(file, schema, row)
    else:
        found = read_examples(file, network)
        check_row(file, row, len(found.x))
        x, truth = found.x[row], None if found.labels is None else found.labels[row]
    if label is not None:
        truth = class_number(label, network)
    elif truth is not None and not schema and truth >= len(network.class_names):
        raise DataError(f"{file}, row {row}: label {truth}, which the model does not know: give one with --label")
    names = schema.input_names if schema else ()
    explanation = explained(network, x, truth, neuron=neuron, lr=lr, names=names)
    if picture is not None:
        plots.save(plots.explanation(explanation), picture)
    typer.echo(explanation.text(min(console.width, 100)), nl=False)
    if picture is not None:
        typer.echo(f"\nDrawn into {picture}")


def class_number(label: str, network: "Network") -> float:
    """The number of the class with this name; a number stands for itself. Of a regression, the number that is true.

    Raises:
        InputError: there is no such class.
    """
    from glassnet.cli.evaluate import predicts_numbers
    from glassnet.nn.settings import InputError, nearest

    if predicts_numbers(network):
        try:
            return float(label)
        except ValueError:
            raise InputError(f"--label {label!r}: expected a number, which this network predicts") from None
    classes = network.class_names
    if label in classes:
        return classes.index(label)
    if label.isdecimal() and int(label) < len(classes):
        return int(label)
    raise InputError(f"--label {label!r}: no such class; {nearest(label, classes)}")
