"""glassnet predict: what a saved model sees in new examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glassnet.cli.examples import Found
    from glassnet.nn.network import Network

DRAWN = 10  # predictions are drawn when there are no more than these, unless asked for
DEFAULT = "cnn"  # the pretrained model that is used when none is given


def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[MODEL] FILE...",
            help="a model file, run folder or pretrained model [default: cnn], then pictures, IDX or CSV files",
        ),
    ],
    json_: Annotated[bool, typer.Option("--json", help="print JSON, for programs")] = False,
    draw: Annotated[
        bool | None, typer.Option("--draw/--no-draw", help="draw each digit as the network saw it [default: up to 10]")
    ] = None,
    save_seen: Annotated[
        Path | None, typer.Option(help="write what the network saw of each picture into this folder, as PNG")
    ] = None,
    submission: Annotated[Path | None, typer.Option(help="write the labels to this file as Kaggle wants them")] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="the column of a table that names its rows in the --submission"),
    ] = None,
) -> None:
    """Recognise digits in pictures, IDX files or CSV files; or predict the target of each row of a table.

    Prints label, probability and the runner-up of each. A picture of no digit, or of several, is refused; the others
    get their answer all the same, and the exit code is then 2. A model that was trained on a table takes CSV files with
    the same columns, in any order.

    Examples:

    `glassnet predict photo.png`

    `glassnet predict *.jpg --save-seen seen`

    `glassnet predict runs/classic-mnist test.csv --submission submission.csv`

    `glassnet predict runs/table-flowers new.csv --submission said.csv --key id`
    """
    import json

    import numpy as np

    from glassnet.cli.evaluate import model_path
    from glassnet.cli.examples import is_model, read_or_explain
    from glassnet.cli.rows import predict_rows
    from glassnet.cli.terminal import console
    from glassnet.data.csv import write_submission
    from glassnet.data.dataset import DataError
    from glassnet.modelfile import load_network, read_about
    from glassnet.nn.settings import nearest
    from glassnet.pretrained import pretrained_names, pretrained_path
    from glassnet.run import load_schema

    path = model_path(files[0])
    if chosen := is_model(path):
        files = files[1:]
    elif len(files) > 1 and (path.is_dir() or (not path.exists() and not path.suffix)):
        raise DataError(
            f"{path}: neither a model nor a file with examples: expected a model file, the folder of a finished run, "
            f"or a pretrained model; {nearest(str(path), pretrained_names())}"
        )
    else:
        path = pretrained_path(DEFAULT)
    if not files:
        raise DataError(
            "expected a file with examples besides the model: glassnet predict runs/classic-mnist digit.png"
        )
    if submission is not None and submission.resolve() in {file.resolve() for file in (path, *files)}:
        raise DataError(f"--submission {submission}: expected a new file, but this is one that is read")
    network = load_network(path)
    schema = load_schema(path)
    if key is not None and (schema is None or submission is None):
        raise DataError(f"--key {key}: it names the rows of a table in the file that --submission writes")
    if schema:
        if draw or save_seen is not None:
            raise DataError("--draw and --save-seen are for pictures, but this model was trained on a table")
        if not predict_rows(files, network, schema, as_json=json_, submission=submission, key=key):
            raise typer.Exit(2)
        return
    white = read_about(path).get("data", {}).get("white")
    white = white if type(white) is int and 1 <= white <= 255 else 255
    try:
        found = [read_or_explain(file, network) for file in files]
    except DataError as error:
        if not chosen and any(file.name.lower().removesuffix(".gz").endswith(".csv") for file in files):
            raise DataError(
                f"{error}; the rows of a table are for the model that was trained on it: name that first"
            ) from None
        raise
    predicted = [_predict(part, network) for part in found if not part.problem]
    answers = _answers(found, predicted, network)
    problems = [f"{answer['file']}: {answer['problem']}" for rows in answers for answer in rows if "problem" in answer]
    if save_seen is not None:
        _save(found, save_seen, white)
    if submission is not None:
        if problems:
            raise DataError(f"{problems[0]}; so there is no label for each example, and {submission} is not written")
        write_submission(submission, np.concatenate([p.argmax(axis=1) for p in predicted]))
    if json_:
        typer.echo(json.dumps([answer for rows in answers for answer in rows]))
    else:
        total = sum(map(len, answers))
        for part, rows in zip(found, answers, strict=True):
            _show(part, rows, network, white, draw if draw is not None else total <= DRAWN, submission is None)
        for part, p in zip([part for part in found if not part.problem], predicted, strict=True):
            if part.labels is not None:
                accuracy = np.mean(p.argmax(axis=1) == part.labels)
                console.print(f"{part.path}: accuracy {100 * accuracy:.2f} %")
        if submission is not None:
            console.print(f"{sum(map(len, predicted)):,} labels written to {submission}")
    if problems:
        raise typer.Exit(2)


def _refuses(part: "Found", network: "Network") -> bool:
    """Whether too little evidence is looked for: in pictures, by networks that have learned classes and a threshold."""
    from glassnet.nn.entropy import CrossEntropy

    return part.drawn and network.threshold > 0 and isinstance(network.loss, CrossEntropy)


def _answers(found: list["Found"], predicted: list[Any], network: "Network") -> list[list[dict[str, Any]]]:
    """For each file, what is said of each of its examples, in plain values."""
    from glassnet.cli.answers import best_two
    from glassnet.views import evidence

    each, answers = iter(predicted), []
    for part in found:
        if part.problem:
            answers.append([{"file": str(part.path), "row": 0, "label": None, "problem": part.problem}])
            continue
        probabilities = next(each)
        enough = evidence(probabilities) >= network.threshold if _refuses(part, network) else None
        rows = []
        for row, p in enumerate(probabilities):
            answer = {"file": str(part.path), "row": row, **best_two(p, network.class_names, network.loss)}
            if enough is not None and not enough[row]:
                answer |= {"label": None, "problem": f"no digit that I know; most like {answer['label']}"}
            rows.append(answer)
        answers.append(rows)
    return answers


def _show(
    part: "Found", rows: list[dict[str, Any]], network: "Network", white: int, draw: bool, everything: bool
) -> None:
    """Print what is said of the examples of one file, with drawings if they are wanted."""
    import sys

    from glassnet.cli.answers import in_words
    from glassnet.cli.terminal import beside, console
    from glassnet.nn.plain import plain

    path = plain(str(part.path))
    if part.problem:
        print(f"error: {path}: {plain(part.problem)}", file=sys.stderr)
        return
    for answer, image in zip(rows, part.x, strict=True):
        if image.ndim > 1 and draw:
            console.print(beside([image], [""], white=white))
        if everything or len(rows) <= DRAWN:
            name = path if len(part.x) == 1 else f"{path}, row {answer['row']}"
            truth = "" if part.labels is None else f", truth {network.class_names[part.labels[answer['row']]]}"
            console.print(f"{name}: {in_words(answer)}{truth}", soft_wrap=True)


def _save(found: list["Found"], folder: Path, white: int) -> None:
    """Write each picture as the network saw it, but never over one of the pictures themselves."""
    import numpy as np

    from glassnet.data import picture
    from glassnet.data.dataset import DataError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: expected a folder to write into, or one to be made: {error.strerror}") from None
    taken = {part.path.stem for part in found if part.path.parent.resolve() == folder.resolve()}
    for part in found:
        if part.drawn and not part.problem:
            name, number = f"{part.path.stem}-seen", 1
            while name in taken:  # of another folder or ending
                number += 1
                name = f"{part.path.stem}-seen-{number}"
            taken.add(name)
            seen = (part.x[0].astype(float) * 255 / white).round().astype(np.uint8)
            picture.write(folder / f"{name}.png", seen)


def _predict(part: "Found", network: "Network") -> Any:
    """What each class gets (N, C): probabilities, where the loss makes them."""
    from glassnet.data.dataset import DataError
    from glassnet.nn.settings import InputError
    from glassnet.views import predict_views

    try:
        p = predict_views(network, part.x) if _refuses(part, network) else network.predict_proba(part.x)
    except InputError as error:
        raise DataError(f"{part.path}: {error}") from None
    p = network.loss.by_class(p)
    if part.labels is not None and part.labels.max(initial=0) >= p.shape[1]:
        row = int(part.labels.argmax())
        raise DataError(f"{part.path}, row {row}: label {part.labels[row]}, but the model knows 0 to {p.shape[1] - 1}")
    return p
