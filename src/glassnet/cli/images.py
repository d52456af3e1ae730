"""What glassnet predict says of images: of those in pictures, and of those in IDX and CSV files."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from glassnet.model.answer import Answer
    from glassnet.model.model import Model

DRAWN = 10  # answers are drawn when there are no more than these, unless asked for


class Images(NamedTuple):
    """The images in one file, and what is said of each; those of an IDX or CSV file are read before any is."""

    path: Path
    x: Any = None  # (N, ...) as the network takes them; None for a picture
    labels: Any = None  # (N,) or None
    first: int = 1  # the number of the first, as people count them
    answers: Sequence["Answer"] = ()

    @property
    def predicted(self) -> list[int]:
        """The number of the class of each image that the network was shown."""
        return [answer.ranking[0] for answer in self.answers if answer.ranking]


def read_images(path: Path, model: "Model") -> Images:
    """The images in a file; a picture is not read yet.

    Raises:
        DataError: an IDX or CSV file without images, or with others than the model takes.
    """
    from glassnet.cli.places import first_number
    from glassnet.reading.examples import is_picture, read_examples

    if is_picture(path):
        return Images(path)
    return Images(path, *read_examples(path, model.network.input_shape), first=first_number(path))


def predict_images(
    files: list[Images],
    model: "Model",
    *,
    as_json: bool,
    draw: bool | None,
    save_seen: Path | None,
    submission: Path | None,
) -> bool:
    """Say what each image shows, and where their labels are known, how many answers are right.

    A picture that is refused costs no other its answer.

    Args:
        draw: each image, as the network saw it; by default where there are few.

    Returns:
        Whether none was refused.

    Raises:
        DataError: a label that the model does not know; a submission, where a picture was refused.
    """
    import json

    import numpy as np

    from glassnet.cli.places import counted
    from glassnet.cli.terminal import console
    from glassnet.data.csv import write_submission
    from glassnet.data.errors import DataError

    files = [images._replace(answers=_ask(images, model)) for images in files]
    problems = [f"{images.path}: {answer.problem}" for images in files for answer in images.answers if answer.problem]
    if save_seen is not None:
        _save(files, save_seen, model.white)
    if submission is not None:
        if problems:
            raise DataError(f"{problems[0]}; so there is no label for each example, and {submission} is not written")
        write_submission(submission, np.concatenate([np.array(images.predicted) for images in files]))
    if as_json:
        said = [
            {"file": str(images.path), **counted(images.path, row, images.first), **answer.to_table()}
            for images in files
            for row, answer in enumerate(images.answers)
        ]
        typer.echo(json.dumps(said, allow_nan=False))
        return not problems
    few = sum(len(images.answers) for images in files) <= DRAWN
    for images in files:
        _show(
            images, model, draw=few if draw is None else draw, each=submission is None or len(images.answers) <= DRAWN
        )
    for images in files:
        if images.labels is not None:
            accuracy = np.mean(images.predicted == images.labels)
            console.print(f"{images.path}: accuracy {100 * accuracy:.2f} %")
    if submission is not None:
        console.print(f"{sum(len(images.predicted) for images in files):,} labels written to {submission}")
    return not problems


def _ask(images: Images, model: "Model") -> list["Answer"]:
    """What the model says of each image; of a picture that it does not read, why."""
    from glassnet.cli.places import place
    from glassnet.data.errors import DataError
    from glassnet.model.answer import Answer
    from glassnet.nn.errors import InputError

    path, classes = images.path, model.network.class_names
    try:
        answers = [model.read(path)] if images.x is None else model.answers(images.x)
    except DataError as error:
        return [Answer(classes, problem=str(error).removeprefix(f"{path}: "))]
    except InputError as error:
        raise DataError(f"{path}: {error}") from None
    if images.labels is not None and images.labels.max(initial=0) >= len(classes):
        row = int(images.labels.argmax())
        where = place(path, images.first + row)
        raise DataError(f"{where}: label {images.labels[row]}, but the model knows 0 to {len(classes) - 1}")
    return answers


def _show(images: Images, model: "Model", *, draw: bool, each: bool) -> None:
    """Print what is said of the images of one file: a drawing and a line of each, where they are wanted."""
    from glassnet.cli.answers import in_words
    from glassnet.cli.places import place
    from glassnet.cli.terminal import beside, console
    from glassnet.nn.plain import brief, plain

    path = plain(str(images.path))
    for row, answer in enumerate(images.answers):
        if answer.image is None:
            print(f"error: {path}: {plain(answer.problem)}", file=sys.stderr)
            continue
        if draw and answer.image.ndim > 1:
            console.print(beside([answer.image], [""], white=model.white))
        if each:
            name = path if len(images.answers) == 1 else plain(place(images.path, images.first + row))
            truth = "" if images.labels is None else f", truth {brief(answer.classes[images.labels[row]])}"
            console.print(f"{name}: {in_words(answer.to_table())}{truth}", soft_wrap=True)


def _save(files: list[Images], folder: Path, white: int) -> None:
    """Write each picture as the network saw it."""
    from glassnet.reading import picture

    for images, target in zip(files, new_names([images.path for images in files], folder), strict=True):
        image = images.answers[0].image
        if images.x is None and image is not None:
            picture.write(target, picture.as_grey(image, white))


def new_names(files: list[Path], folder: Path) -> list[Path]:
    """A PNG file in the folder for what was seen of each of these files; none is one of the files themselves.

    Raises:
        DataError: the folder cannot be made.
    """
    from glassnet.data.errors import DataError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: expected a folder to write into, or one to be made: {error.strerror}") from None
    taken = {file.stem for file in files if file.parent.resolve() == folder.resolve()}
    targets = []
    for file in files:
        name, number = f"{file.stem}-seen", 1
        while name in taken:  # of another folder or ending
            number += 1
            name = f"{file.stem}-seen-{number}"
        taken.add(name)
        targets.append(folder / f"{name}.png")
    return targets
