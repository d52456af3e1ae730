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
    white = read_about(path).get("data", {}).get("white")
    found = [read_examples(file, network) for file in files[1:]]
    predicted = [_predict(part, network) for part in found]
    names = network.classes or tuple(map(str, range(max(network.output_shape[0], 2))))

    rows = [
        {
            "file": str(part.path),
            "row": row,
            "label": names[best],
            "probability": round(float(p[best]), 6),
            "runner_up": names[second],
            "runner_up_probability": round(float(p[second]), 6),
        }
        for part, probabilities in zip(found, predicted, strict=True)
        for row, (p, (best, second)) in enumerate(zip(probabilities, _two_largest(probabilities), strict=True))
    ]
    if submission is not None:
        write_submission(submission, np.concatenate([p.argmax(axis=1) for p in predicted]))
    if json_:
        typer.echo(json.dumps(rows))
        return
    number = 0
    score = "{:.1%}" if network.loss.probabilistic else "score {:.2f}"
    for part in found:
        for row, image in enumerate(part.x):
            said = rows[number]
            number += 1
            name = f"{part.path}" if len(part.x) == 1 else f"{part.path}, row {row}"
            truth = "" if part.labels is None else f", truth {names[part.labels[row]]}"
            first, second = (score.format(said[key]) for key in ("probability", "runner_up_probability"))
            if image.ndim > 1 and (draw or (draw is None and len(rows) <= DRAWN)):
                console.print(beside([image], [""], white=white if isinstance(white, int) else 255))
            if submission is None or len(rows) <= DRAWN:
                console.print(
                    f"{name}: {said['label']} ({first}), then {said['runner_up']} ({second}){truth}", soft_wrap=True
                )
    for part, probabilities in zip(found, predicted, strict=True):
        if part.labels is not None:
            accuracy = np.mean(probabilities.argmax(axis=1) == part.labels)
            console.print(f"{part.path}: accuracy {100 * accuracy:.2f} %")
    if submission is not None:
        console.print(f"{len(rows):,} labels written to {submission}")


def _predict(part: Found, network: "Network") -> Any:
    """Probabilities (N, C), with a column for "no" where the network has one output that says "yes"."""
    import numpy as np

    from glassnet.data.dataset import DataError
    from glassnet.nn.settings import InputError

    try:
        p = network.predict_proba(part.x)
    except InputError as error:
        raise DataError(f"{part.path}: {error}") from None
    p = np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p
    if part.labels is not None and part.labels.max(initial=0) >= p.shape[1]:
        row = int(part.labels.argmax())
        raise DataError(f"{part.path}, row {row}: label {part.labels[row]}, but the model knows 0 to {p.shape[1] - 1}")
    return p


def _two_largest(probabilities: Any) -> Any:
    import numpy as np

    return np.argsort(-probabilities, axis=1, kind="stable")[:, :2]


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
    name = path.name.lower().removesuffix(".gz")
    labels = None
    if name.endswith(".csv"):
        x, labels = read_csv(path)
    elif name.endswith(".npz"):
        raise DataError(
            f"{path}: expected pictures, IDX or CSV files; to measure a model on an npz use glassnet evaluate"
        )
    elif _is_idx(path):
        x = read_idx(path)
        if x.ndim < 2:
            raise DataError(f"{path}: expected images, but this IDX file holds {x.ndim}-dimensional data (labels?)")
    else:
        pixels = picture.read(path)
        forms = {784: drawing.to_mnist, 64: drawing.to_digits}
        if size not in forms:
            raise DataError(f"{path}: this model takes examples of shape {network.input_shape}, not pictures of digits")
        try:
            x = forms[size](pixels)[None]
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
    if len(x) == 0:
        raise DataError(f"{path}: the file holds no examples")
    if math.prod(x.shape[1:]) != size:
        raise DataError(
            f"{path}: the model takes {size} values an example (shape {network.input_shape}), "
            f"but the file has {math.prod(x.shape[1:])} (shape {x.shape[1:]})"
        )
    return Found(path, x, labels)


def _is_idx(path: Path) -> bool:
    """Told by how the file begins, not by its name: two zero bytes, or gzip."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) in (b"\0\0", b"\x1f\x8b")
