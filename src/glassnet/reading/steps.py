"""The steps that clean a picture. Each can be left out, because each can be mistaken.

A step removes what looks like a table, a line, a frame or a pattern. Nearly always it is right. But sometimes the
digit itself looks like that. Then the picture has to be read without this step, and the network tells which reading is
a digit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from glassnet.data.errors import DataError
from glassnet.nn.array import Array


class Step(NamedTuple):
    """One step: what it does, what it can be mistaken in, and how a reading is called that leaves it out."""

    does: str
    mistake: str
    without: str


# In the order in which they are left out.
STEPS = {
    "dark paper": Step(
        "inverts a picture of light ink on dark paper",
        "a dark table around a small sheet of paper",
        "as dark ink on light paper",
    ),
    "sheet": Step(
        "paints over what lies around a sheet of paper, or the canvas of a program",
        "the cell of a form, or a large digit that touches the border",
        "without looking for a sheet",
    ),
    "box": Step(
        "removes the lines of a box around the digit",
        "the stem and the bar of a closely cropped digit",
        "with the lines at its sides",
    ),
    "lines": Step(
        "removes printed lines across the whole picture",
        "a stem as high as the picture",
        "with the lines across it",
    ),
    "pattern": Step(
        "removes a pale pattern on the paper, and leaves other pale ink pale",
        "a stroke by a pen that runs dry",
        "with its pale parts as dark as the rest",
    ),
    "border": Step(
        "removes what lies along the border of the picture",
        "a digit that touches the border, beside a speck",
        "with what touches the border",
    ),
    "frame": Step(
        "removes a frame around the digit",
        "an angular 0",
        "with its frame",
    ),
    "specks": Step(
        "removes specks, and what lies far from the digit",
        "a short stroke that stands apart",
        "with its specks",
    ),
    "apart": Step(
        "refuses strokes that lie well apart, as several digits",
        "a 5 whose bar does not touch it",
        "all strokes as one digit",
    ),
    "pen": Step(
        "makes very thin and very thick strokes as thick as those of MNIST",
        "a thick digit whose holes close",
        "with its strokes as thick as they are",
    ),
}


class Steps:
    """Takes the steps, but for those that are left out, and notes which have done something.

    Attributes:
        left_out: the names of the steps that are not taken.
        done: the names of those that have changed the picture, or refused it.
        inked: the number of pixels of the picture that were taken for ink in the end.
        place: the rows and the columns of the picture that it fills.
    """

    def __init__(self, left_out: frozenset[str] = frozenset()) -> None:
        self.left_out = left_out
        self.done: set[str] = set()
        self.inked = 0
        self.place: tuple[slice, ...] = ()

    def take(self, name: str, step: Callable[..., Array], given: Array, *more: Any) -> Array:
        """What a step makes of an array. A step that has nothing to do returns the array itself.

        Raises:
            DataError: the step refuses the picture.
        """
        if name in self.left_out:
            return given
        try:
            result = step(given, *more)
        except DataError:
            self.done.add(name)
            raise
        if result is not given:
            self.done.add(name)
        return result
