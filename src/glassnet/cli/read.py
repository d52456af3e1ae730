"""glassnet read: the numbers on a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import completion

if TYPE_CHECKING:
    from glassnet.model.model import Model
    from glassnet.model.number import Page


def read(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[MODEL] FILE...",
            autocompletion=completion.model_first,
            help="a model file, run folder or pretrained model [default: cnn], then pictures",
        ),
    ],
    json_: Annotated[bool, typer.Option("--json", help="print JSON, for programs")] = False,
    save_seen: Annotated[
        Path | None,
        typer.Option(help="write pictures with the numbers marked into this folder, as PNG; none without a number"),
    ] = None,
) -> None:
    """Read the numbers in pictures: rows of digits, on paper or on a screen.

    Prints each number with its probability (the product over its digits) and its place (x and y of the upper left
    corner, width x height, in pixels). A doubtful digit is written as ?. The exit code is 2 if a picture has no
    number, or if one is not accepted. Rows that are not numbers, such as words, are counted.

    Examples:

    `glassnet read meter.jpg`

    `glassnet read *.png --json`

    `glassnet read form.png --save-seen seen`
    """
    import json

    from glassnet.cli.given import DEFAULT, model_and_files
    from glassnet.model.model import Model
    from glassnet.pretrained.models import pretrained_path

    given, files = model_and_files(files, "read")
    model = Model.open(given or pretrained_path(DEFAULT))
    pages = [_ask(model, file) for file in files]
    if json_:
        said = [{"file": str(file), **_as_table(page)} for file, page in zip(files, pages, strict=True)]
        typer.echo(json.dumps(said, allow_nan=False))
    else:
        for file, page in zip(files, pages, strict=True):
            _show(file, page)
    if save_seen is not None:
        _save(files, pages, save_seen)
    if not all(page.accepted for page in pages):
        raise typer.Exit(2)


def _ask(model: "Model", file: Path) -> "Page":
    """The numbers in a picture; in one that cannot be read, why."""
    from glassnet.data.errors import DataError
    from glassnet.model.number import Page
    from glassnet.reading import picture

    try:
        grey = picture.read(file)
    except DataError as error:
        return Page(problem=str(error).removeprefix(f"{file}: "))
    return model.read_number(grey)


def _show(file: Path, page: "Page") -> None:
    import sys

    from glassnet.cli.terminal import console
    from glassnet.nn.plain import plain

    name = plain(str(file))
    if page.problem:
        print(f"error: {name}: {plain(page.problem)}", file=sys.stderr)
    for number in page.numbers:
        x, y, width, height = number.box
        guess = f"; best guess {number.guess}" if number.guess != number.text else ""
        doubt = f"; {plain(number.problem)}{guess}" if number.problem else ""
        place = f"at {x}, {y}, {width} x {height}"
        console.print(f"{name}: {number.text} ({number.probability:.1%}) {place}{doubt}", soft_wrap=True)
    if page.unknown:
        count = len(page.unknown)
        other = "other " if page.numbers else ""
        what = f"1 {other}row of ink is" if count == 1 else f"{count} {other}rows of ink are"
        console.print(f"{name}: {what} not recognised as a number", soft_wrap=True)


def _as_table(page: "Page") -> dict[str, Any]:
    numbers = [
        {
            "text": number.text,
            "accepted": number.accepted,
            **({"problem": number.problem, "guess": number.guess} if number.problem else {}),
            **({"left_out": [list(box) for box in number.left_out_boxes]} if number.left_out else {}),
            "box": list(number.box),
            "probability": round(number.probability, 6),
            "evidence": round(number.evidence, 3),
            "digits": [
                answer.to_table() | {"evidence": round(answer.evidence or 0.0, 3), "box": list(box)}
                for answer, box in zip(number.digits, number.boxes, strict=True)
            ],
        }
        for number in page.numbers
    ]
    unknown = {"unknown": [list(box) for box in page.unknown_boxes]} if page.unknown else {}
    guess = {"guess": page.guess} if page.most_like else {}
    problem = {"problem": page.problem, **guess} if page.problem else {}
    return {"accepted": page.accepted, "numbers": numbers, **unknown, **problem}


def _save(files: list[Path], pages: list["Page"], folder: Path) -> None:
    """Write each picture with boxes and answers drawn in, but never over one of the files themselves."""
    from glassnet.cli.images import new_names
    from glassnet.reading import picture

    for file, page, target in zip(files, pages, new_names(files, folder), strict=True):
        if page.numbers or page.unknown:
            marks = [(number.box, number.text) for number in page.numbers]
            marks += [(box, "no number") for box in page.unknown_boxes]
            picture.write(target, picture.marked(picture.read(file), marks))
