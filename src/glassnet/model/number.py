"""What a network says of a page of numbers: the best path through the candidates of each row.

A path goes from the left end of a row to its right end, and each step takes one candidate as a digit. It costs little
where the network is sure of a digit, and much where it sees none. The path of least cost is the number.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glassnet.data.errors import DataError
from glassnet.model.answer import Answer
from glassnet.model.judge import judge
from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.reading.cuts import Candidate
from glassnet.reading.number import Row, rows_of
from glassnet.reading.pieces import Box
from glassnet.reading.readings import Reading, ways_of_cleaning
from glassnet.reading.views import evidence

NO_DIGIT = 12.0  # the cost of a candidate that can be no digit, in nats
SPECK = 4.0  # the cost of leaving out a small part
MARK = 0.5  # the cost of a decimal point or a minus sign
EACH = 0.1  # the cost of one digit more
GAP = 6.0  # the cost of a gap within a digit that is as wide as digits are high
SPREAD = 1.0  # of evidence, around the threshold: within it a digit becomes likely
CUT = 0.05  # the cost of an end of a digit that is cut off from ink beside it: what hangs together is mostly one digit
# Digits stand beside each other, so one of them needs less evidence than alone, and all together need more. Both are
# shares of the network's threshold.
A_DIGIT, A_NUMBER = 0.5, 1.15
CUT_OFF = 1.0  # the evidence that each end counts less at which a digit is cut off: strokes of letters look like a 1
LEAST_PROBABILITY = 0.5  # of a digit in a number
MOST_WAYS = 6  # of cleaning a page


@dataclass(frozen=True, eq=False)
class Number:
    """A number on a page.

    Attributes:
        text: its digits, with "?" for each that is refused.
        place: the rows and columns of the picture.
        digits: the answer to each digit.   places: the rows and columns of each.
    """

    text: str
    place: Box
    digits: tuple[Answer, ...]
    places: tuple[Box, ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The place in pixels: x and y of its upper left corner, width and height."""
        return _box(self.place)

    @property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        """The place of each digit, as `box`."""
        return [_box(place) for place in self.places]

    @property
    def probability(self) -> float:
        """The product of the probabilities of its digits."""
        return math.prod(digit.probability or 0.0 for digit in self.digits)

    @property
    def evidence(self) -> float:
        """The evidence of the digit with the least."""
        return min((digit.evidence or 0.0 for digit in self.digits), default=0.0)

    @property
    def accepted(self) -> bool:
        """Whether no digit of it is refused."""
        return "?" not in self.text


@dataclass(frozen=True, eq=False)
class Page:
    """The numbers on a page.

    Attributes:
        numbers: from top to bottom, then from left to right.   problem: why there are none; "" if there are some.
        unknown: the rows and columns of what stands in a row as digits do, and is no number that the network knows.
    """

    numbers: tuple[Number, ...] = ()
    problem: str = ""
    unknown: tuple[Box, ...] = ()

    @property
    def total(self) -> float:
        """The evidence of all digits together."""
        return sum(digit.evidence or 0.0 for number in self.numbers for digit in number.digits)

    @property
    def text(self) -> str:
        """All numbers, with spaces between them."""
        return " ".join(number.text for number in self.numbers)


def _box(place: Box) -> tuple[int, int, int, int]:
    rows, columns = place
    return columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start


def read(network: Network, drawing: Array) -> Page:
    """The numbers in grey values (H, W), uint8.

    If the usual way of cleaning leaves no number without a doubt, the page is cleaned in other ways too, and the one
    with most evidence counts.

    Raises:
        DataError: there is no ink, or far too much.
        InputError: the network does not take these images, or its outputs are not finite.
    """
    best, most, problem = Page(), -1.0, None
    for tried, steps in enumerate(ways_of_cleaning()):
        if tried == MOST_WAYS:
            break
        try:
            page = judged(network, rows_of(drawing, steps))
        except DataError as error:
            problem = problem or error
            continue
        if page.total > most:
            best, most = page, page.total
        if page.numbers and all(number.accepted for number in page.numbers):
            break
    if most < 0 and problem:
        raise problem
    return best


def judged(network: Network, rows: list[Row]) -> Page:
    """The numbers in these rows.

    Raises:
        InputError: as `read`.
    """
    paths = [_best_path(row, cost) for row, cost in zip(rows, _costs(network, rows), strict=True)]
    readings = [_reading(row.candidates[k]) for row, path in zip(rows, paths, strict=True) for k in path if k >= 0]
    answers = iter(judge(network, readings, needs=A_DIGIT, least_probability=LEAST_PROBABILITY))
    least = A_NUMBER * network.threshold
    found = [_number(row, path, answers, least) for row, path in zip(rows, paths, strict=True)]
    numbers = tuple(number for number in found if number)
    unknown = tuple(row.place for row, number in zip(rows, found, strict=True) if not number)
    problem = "" if numbers else "no number that I know: nothing in the picture has enough evidence for digits"
    return Page(numbers, problem, unknown)


def _costs(network: Network, rows: list[Row]) -> list[list[float]]:
    """The cost of each candidate of each row; all are shown to the network at once."""
    images = [candidate.image for row in rows for candidate in row.candidates if candidate.image is not None]
    if not images:
        return [[NO_DIGIT] * len(row.candidates) for row in rows]
    p = network.loss.by_class(network.predict_proba(np.stack(images)))
    costs = iter(_cost(p, evidence(p) - network.threshold).tolist())
    return [
        [NO_DIGIT if c.image is None else next(costs) + GAP * c.gap + CUT * c.cuts for c in row.candidates]
        for row in rows
    ]


def _cost(p: Array, more: Array) -> Array:
    """-log of the largest probability, and of how likely an image with so much more evidence than needed is a digit."""
    return np.minimum(EACH - np.log(p.max(axis=1)) + np.logaddexp(0, -more / SPREAD), NO_DIGIT)


def _reading(candidate: Candidate) -> Reading:
    return Reading((), candidate.image, "" if candidate.image is not None else "too small for a digit")


def _number(row: Row, path: list[int], answers: Iterator[Answer], least: float) -> Number | None:
    """The number along a path through a row, whose digits have the next answers; None with too little evidence."""
    chosen = [row.candidates[k] for k in path if k >= 0]
    digits = tuple(next(answers) for _ in chosen)
    its_evidence = sum(answer.evidence or 0.0 for answer in digits) - CUT_OFF * sum(c.cuts for c in chosen)
    if not digits or its_evidence < least * len(digits):
        return None
    names = iter(answer.label or "?" for answer in digits)
    text = "".join(next(names) if k >= 0 else row.marks[-1 - k] for k in path)
    return Number(text, row.place, digits, tuple(candidate.place for candidate in chosen))


def _best_path(row: Row, costs: list[float]) -> list[int]:
    """The numbers of the candidates along the path of least cost; -1 - k stands for the mark that part k is."""
    least = [0.0] + [math.inf] * row.parts
    came: list[tuple[int, int]] = [(0, 0)] * (row.parts + 1)
    ways = sorted(
        [(c.first, c.past, costs[k], k) for k, c in enumerate(row.candidates)]
        + [(k, k + 1, MARK if mark else SPECK, -1 - k) for k, mark in row.marks.items()]
    )
    for first, past, cost, way in ways:
        if least[first] + cost < least[past]:
            least[past], came[past] = least[first] + cost, (first, way)
    path, place = [], row.parts
    while place:
        place, way = came[place]
        path.append(way)
    return path[::-1]
