"""glassnet predict: what a saved model sees in new examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from glassnet.nn.network import Network

DRAWN = 10  # predictions are drawn when there are no more than these, unless asked for


class Found(NamedTuple):
    """Examples read from one file, as the network takes them."""

    path: Path
    x: Any  # (N, ...)
    labels: Any  # (N,) or None


def predict(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL FILE...", help="a model or run folder, then pictures, IDX or CSV files"),
    ],
    json_: Annotated[bool, typer.Option("--json", help="print JSON, for programs")] = False,
    draw: Annotated[
        bool | None, typer.Option("--draw/--no-draw", help="draw each digit as the network saw it [default: up to 10]")
    ] = None,
    submission: Annotated[Path | None, typer.Option(help="write the labels to this file as Kaggle wants them")] = None,
) -> None:
    """Recognise digits in pictures, IDX files or CSV files.

    Prints label, probability and the runner-up of each.

    Examples:

    `glassnet predict runs/classic-mnist photo.png`

    `glassnet predict runs/classic-mnist test.csv --submission submission.csv`
    """
    import json

    import numpy as np

    from glassnet.cli.evaluate import model_path
    from glassnet.cli.terminal import beside, console
    from glassnet.data.csv import write_submission
    from glassnet.data.dataset import DataError
    from glassnet.modelfile import load_network, read_about

    if len(files) < 2:
        raise DataError("expected a model and at least one file: glassnet predict runs/classic-mnist digit.png")
    path = model_path(files[0])
    network = load_network(path)
    white = int(read_about(path).get("data", {}).get("white", 255))
    found = [read_examples(file, network) for file in files[1:]]
    probabilities = [network.predict_proba(part.x) for part in found]
    names = network.classes or tuple(map(str, range(network.output_shape[0])))

    rows: list[dict[str, Any]] = []
    for part, p in zip(found, probabilities, strict=True):
        for row, order in enumerate(np.argsort(-p, axis=1, kind="stable")[:, :2]):
            best, second = order[0], order[-1]
            rows.append(
                {
                    "file": str(part.path),
                    "row": row,
                    "label": names[best],
                    "probability": round(float(p[row, best]), 6),
                    "runner_up": names[second],
                    "runner_up_probability": round(float(p[row, second]), 6),
                }
            )
    if submission is not None:
        write_submission(submission, np.concatenate([p.argmax(axis=1) for p in probabilities]))
    if json_:
        typer.echo(json.dumps(rows))
        return
    number = 0
    for part in found:
        for row, image in enumerate(part.x):
            said = rows[number]
            number += 1
            name = f"{part.path}" if len(part.x) == 1 else f"{part.path}, row {row}"
            truth = "" if part.labels is None else f", truth {names[part.labels[row]]}"
            line = (
                f"{name}: [bold]{said['label']}[/bold] ({said['probability']:.1%}), "
                f"then {said['runner_up']} ({said['runner_up_probability']:.1%}){truth}"
            )
            if draw or (draw is None and len(rows) <= DRAWN):
                console.print(beside([image], [""], white=white))
            if submission is None or len(rows) <= DRAWN:
                console.print(line, soft_wrap=True)
    for part, p in zip(found, probabilities, strict=True):
        if part.labels is not None:
            console.print(f"{part.path}: accuracy {100 * np.mean(p.argmax(axis=1) == part.labels):.2f} %")
    if submission is not None:
        console.print(f"{len(rows):,} labels written to {submission}")


def read_examples(path: Path, network: "Network") -> Found:
    """The examples in a file, in the form that the network was trained on.

    Raises:
        DataError: the file is missing, of no known kind, or does not fit the network.
    """
    import math

    from glassnet.data import drawing, picture
    from glassnet.data.csv import read_csv
    from glassnet.data.dataset import DataError
    from glassnet.data.idx import read_idx

    size = math.prod(network.input_shape)
    name = path.name.removesuffix(".gz")
    if name.endswith(".csv"):
        x, labels = read_csv(path)
    elif "idx" in name or name.endswith("ubyte"):
        x, labels = read_idx(path), None
        if x.ndim < 2:
            raise DataError(f"{path}: expected images, but this IDX file holds {x.ndim}-dimensional data (labels?)")
    else:
        pixels = picture.read(path)
        if size == 784:
            x, labels = drawing.to_mnist(pixels)[None], None
        elif size == 64:
            x, labels = drawing.to_digits(pixels)[None], None
        else:
            raise DataError(f"{path}: this model takes examples of shape {network.input_shape}, not pictures of digits")
    if math.prod(x.shape[1:]) != size:
        raise DataError(
            f"{path}: the model takes {size} values an example (shape {network.input_shape}), "
            f"but the file has {math.prod(x.shape[1:])} (shape {x.shape[1:]})"
        )
    return Found(path, x, labels)
