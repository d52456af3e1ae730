"""glassnet predict: what a saved model sees in new examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.cli import completion
from glassnet.cli.rows import Unknown

if TYPE_CHECKING:
    from glassnet.cli.images import Images
    from glassnet.model.model import Model


def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[MODEL] FILE...",
            autocompletion=completion.model_first,
            help="a model file, run folder or pretrained model [default: cnn], then pictures, IDX, CSV, Parquet files",
        ),
    ],
    json_: Annotated[bool, typer.Option("--json", help="print JSON, for programs, with rows counted from 0")] = False,
    draw: Annotated[
        bool | None, typer.Option("--draw/--no-draw", help="draw each digit as the network saw it [default: up to 10]")
    ] = None,
    save_seen: Annotated[
        Path | None, typer.Option(help="write what the network saw of each picture into this folder, as PNG")
    ] = None,
    submission: Annotated[Path | None, typer.Option(help="write the labels to this file in Kaggle's format")] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="the column of a table that names its rows in the --submission"),
    ] = None,
    unknown: Unknown = None,
) -> None:
    """Recognise digits in pictures, IDX files or CSV files; or predict the target of each row of a table.

    Prints label, probability and runner-up for each. A picture with no digit, or with several, is refused; the others
    still get an answer, and the exit code is 2. A model that was trained on a table takes CSV files with the same
    columns, in any order.

    Examples:

    `glassnet predict photo.png`

    `glassnet predict *.jpg --save-seen seen`

    `glassnet predict runs/classic-mnist test.csv --submission submission.csv`

    `glassnet predict runs/table-flowers new.csv --submission said.csv --key id`
    """
    from glassnet.cli.given import DEFAULT, model_and_files
    from glassnet.cli.images import predict_images
    from glassnet.cli.rows import predict_rows, unknown_policy
    from glassnet.data.errors import DataError
    from glassnet.model.model import Model
    from glassnet.pretrained.models import pretrained_path

    given, files = model_and_files(files, "predict")
    path = given or pretrained_path(DEFAULT)
    if submission is not None and submission.resolve() in {file.resolve() for file in (path, *files)}:
        raise DataError(f"--submission {submission}: expected a new file, but this is one that is read")
    model = Model.open(path, unknown=unknown_policy(unknown))
    if key is not None and (model.schema is None or submission is None):
        raise DataError(f"--key {key}: it names the rows of a table in the file that --submission writes")
    if model.schema and (draw or save_seen is not None):
        raise DataError("--draw and --save-seen are for pictures, but this model was trained on a table")
    if model.schema:
        fine = predict_rows(files, model, model.schema, as_json=json_, submission=submission, key=key)
    else:
        images = _read(files, model)
        fine = predict_images(images, model, as_json=json_, draw=draw, save_seen=save_seen, submission=submission)
    if not fine:
        raise typer.Exit(2)


def _read(files: list[Path], model: "Model") -> list["Images"]:
    """The images in these files; where they are none, a CSV file may hold the rows of a table."""
    from glassnet.cli.images import read_images
    from glassnet.data.errors import DataError

    try:
        return [read_images(file, model) for file in files]
    except DataError as error:
        if not any(file.name.lower().removesuffix(".gz").endswith(".csv") for file in files):
            raise
        hint = "the rows of a table are for the model that was trained on it: name that one"
        raise DataError(f"{error}; {hint}") from None
