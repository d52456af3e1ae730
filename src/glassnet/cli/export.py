"""glassnet export: a trained network as a file for other programs, or for anybody's browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glassnet.cli import completion

if TYPE_CHECKING:
    from glassnet.model.model import Model


def export(
    model: Annotated[
        Path,
        typer.Argument(
            autocompletion=completion.models, help="a model file, the folder of a run, or a pretrained model: cnn"
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            help="what to write: .html for a browser, .onnx for ONNX, .safetensors for a state_dict of PyTorch"
        ),
    ],
    input_type: Annotated[
        Literal["uint8", "float32"] | None,
        typer.Option(
            "--input", help="for ONNX, except tables: whether x is uint8 or float32; pixels are uint8, others float32"
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="for HTML: the heading [default: the model's name]")] = "",
    text: Annotated[str, typer.Option(help="for HTML: a line below the heading, such as a task for a class")] = "",
    without: Annotated[
        list[str] | None, typer.Option(help="for HTML: a panel to leave out: inside, words or inside,words")
    ] = None,
    with_training: Annotated[
        bool, typer.Option("--with-training", help="for HTML: include 5,000 images of MNIST, to train in the file")
    ] = False,
) -> None:
    """Write a network as one HTML file that anybody can open and use, as an ONNX file, which runs nearly everywhere, or
    as the weights of a PyTorch module.

    Examples:

    `glassnet export cnn digits.html`

    `glassnet export cnn lesson.html --title "Class 9b" --text "Draw a 7 that it reads as a 1."`

    `glassnet export cnn digits.onnx`

    `glassnet export runs/classic-mnist digits.onnx --input float32`

    `glassnet export runs/classic-mnist for-torch.safetensors`
    """
    from glassnet.model.model import Model
    from glassnet.modelfile import ModelFileError, is_model_file

    ending = file.suffix.lower()
    if ending not in (".html", ".onnx", ".safetensors"):
        raise ModelFileError(
            f"{file}: expected a name that ends in .html for a browser, .onnx, or .safetensors for PyTorch"
        )
    if ending != ".onnx" and input_type is not None:
        raise ModelFileError(f"--input {input_type}: this is for ONNX; a file that ends in {ending} has no such choice")
    if ending != ".html" and (title or text or without or with_training):
        raise ModelFileError(
            f"--title, --text, --without and --with-training are for HTML, but {file} ends in {ending}"
        )
    if is_model_file(file):
        raise ModelFileError(f"{file}: not written, because a model of glassnet is there: choose another name")
    opened = Model.open(model)
    if ending == ".html":
        what = _html(opened, file, title, text, without or [], training=with_training)
    elif ending == ".onnx":
        what = _onnx(opened, file, input_type)
    else:
        from glassnet.export.torch import export_torch

        export_torch(opened.network, file)
        what = "a state_dict for PyTorch"
    typer.echo(f"{file}: {what}, {file.stat().st_size / 1000:,.0f} kB")


def _html(model: "Model", file: Path, title: str, text: str, without: list[str], *, training: bool) -> str:
    from glassnet.export.html import PANELS, export_html
    from glassnet.nn.errors import require
    from glassnet.nn.plain import nearest

    without = [panel for each in without for panel in each.split(",")]
    for panel in without:
        require(panel in PANELS, f"--without {panel}: there is no such panel; {nearest(panel, PANELS)}")
    panels = [panel for panel in PANELS if panel not in without]
    export_html(model, file, title=title, text=text, panels=panels, training=training)
    return "open it in any browser, or send it to others"


def _onnx(model: "Model", file: Path, input_type: Literal["uint8", "float32"] | None) -> str:
    from glassnet.export.onnx import export_onnx
    from glassnet.nn.plain import number_of

    schema = model.schema
    export_onnx(model.network, file, input_type=input_type, schema=schema, decision=model.decision)
    columns = f", takes {number_of(len(schema.inputs), 'column')} as text, as in a table" if schema else ""
    return f"for ONNX Runtime and others{columns}"
