"""The readings of a picture: the ways in which it can be cleaned.

The first is the usual reading, with every step. The second leaves out all steps that removed something, because a step
that did nothing cannot have been mistaken. The others leave out one of these steps, then two, and so on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.steps import STEPS, Steps

MOST = 12  # ways of cleaning one picture


@dataclass(frozen=True, eq=False)
class Reading:
    """One way of seeing the digit in a picture.

    Attributes:
        left_out: the steps of cleaning that are left out; none in the usual reading.
        image: the digit in the form of the training digits; None if there is none.
        problem: why there is none, in one line; "" if there is one.
        inked: the number of pixels of the picture that were taken for the digit.
        place: the rows and the columns of the picture that they fill.
    """

    left_out: tuple[str, ...]
    image: Array | None
    problem: str = ""
    inked: int = 0
    place: tuple[slice, ...] = ()

    def surrounds(self, other: "Reading") -> bool:
        """Whether the digit of the other reading lies within this one, and touches none of its sides."""
        sides = zip(self.place, other.place, strict=True)
        return bool(self.place) and all(mine.start < its.start and its.stop < mine.stop for mine, its in sides)


def readings(drawing: Array, form: Callable[[Array, Steps], Array]) -> Iterator[Reading]:
    """The readings of a drawing, the usual one first. Each is made when it is asked for, and some may be the same.

    Args:
        drawing: grey values (H, W), uint8.   form: `to_mnist` or `to_digits`.
    """
    for steps in ways_of_cleaning():
        yield _reading(drawing, form, steps)


def ways_of_cleaning() -> Iterator[Steps]:
    """The steps of cleaning for each reading, all of them first.

    Take the steps before you ask for the next: what they did decides it.
    """
    ways: list[frozenset[str]] = [frozenset()]
    for tried in range(MOST):
        if tried == len(ways):
            return
        steps = Steps(ways[tried])
        yield steps
        further = [steps.left_out | {name} for name in STEPS if name in steps.done]
        removing = steps.done - {"dark paper"}  # this step removes nothing
        if not tried and removing:
            further.insert(0, frozenset(removing))
        ways += [way for way in dict.fromkeys(further) if way not in ways]


def different(found: Iterable[Reading]) -> list[Reading]:
    """The readings that differ from each other: of those with the same image, the first."""
    kept: dict[bytes | str, Reading] = {}
    for reading in found:
        kept.setdefault(reading.problem if reading.image is None else reading.image.tobytes(), reading)
    return list(kept.values())


def _reading(drawing: Array, form: Callable[[Array, Steps], Array], steps: Steps) -> Reading:
    left_out = tuple(name for name in STEPS if name in steps.left_out)
    try:
        image = form(drawing, steps)
    except DataError as error:
        return Reading(left_out, None, str(error))
    return Reading(left_out, image, inked=steps.inked, place=steps.place)
