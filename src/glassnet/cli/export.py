"""glassnet export: a trained network as a file for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    model: Annotated[Path, typer.Argument(help="a model file, the folder of a run, or a pretrained model: cnn")],
    file: Annotated[
        Path, typer.Argument(help="what to write: .onnx for ONNX, .safetensors for a state_dict of PyTorch")
    ],
    input_type: Annotated[
        Literal["uint8", "float32"] | None,
        typer.Option("--input", help="for ONNX: whether x is uint8 or float32; pixels are uint8, others float32"),
    ] = None,
) -> None:
    """Write a network as an ONNX file, which runs nearly everywhere, or as the weights of a PyTorch module.

    Examples:

    `glassnet export cnn digits.onnx`

    `glassnet export runs/classic-mnist digits.onnx --input float32`

    `glassnet export runs/classic-mnist for-torch.safetensors`
    """
    from glassnet.export.onnx import export_onnx
    from glassnet.export.torch import export_torch
    from glassnet.model.model import Model
    from glassnet.modelfile import ModelFileError, is_model_file
    from glassnet.nn.settings import to_table

    ending = file.suffix.lower()
    if ending not in (".onnx", ".safetensors"):
        raise ModelFileError(f"{file}: expected a name that ends in .onnx, or in .safetensors for PyTorch")
    if ending == ".safetensors" and input_type is not None:
        raise ModelFileError(f"--input {input_type}: a file for PyTorch holds weights only; --input is for ONNX")
    if is_model_file(file):
        raise ModelFileError(f"{file}: not written, because a model of glassnet is there: choose another name")
    opened = Model.open(model)
    if ending == ".onnx":
        schema = opened.schema  # what its inputs are, if it was trained on a table
        about = {"table": to_table(schema), "inputs": schema.input_names} if schema else {}
        export_onnx(opened.network, file, input_type=input_type, about=about)
        what = "for ONNX Runtime and others"
    else:
        export_torch(opened.network, file)
        what = "a state_dict for PyTorch"
    typer.echo(f"{file}: {what}, {file.stat().st_size / 1000:,.0f} kB")
