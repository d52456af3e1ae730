"""What a network says of a page of numbers: the best path through the candidates of each row.

A path goes from the left end of a row to its right end, and each step takes one candidate as a digit. It costs little
where the network is sure of a digit, and much where it sees none. The path of least cost is the number.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

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

NO_DIGIT = 12.0  # the cost of a candidate that can be no digit, in nats; no other costs more
LEAVE_OUT = 4.0  # the cost of leaving out a small part
MARK = 0.5  # the cost of a decimal point, a minus sign, or a speck that is left out
EACH = 0.05  # the cost of one digit more
GAP = 6.0  # the cost of a gap within a digit that is as wide as digits are high
CUT = 0.05  # the cost of an end of a digit that is cut off from ink beside it: what hangs together is mostly one digit
SPREAD = 0.8  # of evidence, around the threshold: within it a digit becomes likely
# Digits stand beside each other, so one of them needs less evidence than alone, and all together need more: the least
# evidence of one digit, and the least mean evidence of all, as shares of the network's threshold.
A_DIGIT, A_NUMBER = 0.5, 1.15
CUT_OFF = 1.0  # the evidence that each end counts less at which a digit is cut off: strokes of letters look like a 1
LEAST_PROBABILITY = 0.5  # of a digit in a number
MOST_WAYS = 6  # of cleaning a page


@dataclass(frozen=True, eq=False)
class Number:
    """A number on a page.

    Attributes:
        text: its digits, decimal points and minus sign, with "?" for each digit that is refused.
        place: the rows and columns of the picture.
        digits: the answer to each digit.   places: the rows and columns of each.
        left_out: the rows and columns of what stands among them and is neither digit, point nor sign.
    """

    text: str
    place: Box
    digits: tuple[Answer, ...]
    places: tuple[Box, ...]
    left_out: tuple[Box, ...] = ()

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
        """Whether no digit of it is refused, and nothing that stands among them is left out."""
        return not self.problem

    @property
    def problem(self) -> str:
        """Why it is not accepted, in one line; "" if it is."""
        if self.left_out:
            return "there is something beside its digits that is no digit"
        return next((digit.problem for digit in self.digits if digit.problem), "")


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
    def accepted(self) -> bool:
        """Whether it has numbers, and all of them are accepted."""
        return bool(self.numbers) and all(number.accepted for number in self.numbers)

    @property
    def unknown_boxes(self) -> list[tuple[int, int, int, int]]:
        """The places of what is unknown, as `Number.box`."""
        return [_box(place) for place in self.unknown]

    def beyond(self, least: float) -> float:
        """How much more evidence than `least` each of its digits has, all together."""
        return sum((digit.evidence or 0.0) - least for number in self.numbers for digit in number.digits)

    @property
    def text(self) -> str:
        """All numbers, with spaces between them."""
        return " ".join(number.text for number in self.numbers)


def _box(place: Box) -> tuple[int, int, int, int]:
    rows, columns = place
    return columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start


def read(network: Network, drawing: Array) -> Page:
    """The numbers in grey values (H, W), uint8.

    If the usual way of cleaning shows no number, or one that is not accepted, the page is cleaned in other ways too. A
    page on which all numbers are accepted counts first, then the one with most evidence.

    Raises:
        DataError: there is no ink, or far too much.
        InputError: the network does not take these images, or its outputs are not finite.
    """
    pages: list[Page] = []
    problem: DataError | None = None
    for steps in islice(ways_of_cleaning(), MOST_WAYS):
        try:
            pages.append(judged(network, rows_of(drawing, steps)))
        except DataError as error:
            problem = problem or error
            continue
        if pages[-1].accepted:
            break
    if not pages and problem:
        raise problem
    least = A_NUMBER * network.threshold
    return max(pages, key=lambda page: (page.accepted, bool(page.numbers), page.beyond(least)))


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
        [
            NO_DIGIT if c.image is None else min(next(costs) + GAP * c.gap + CUT * c.cuts, NO_DIGIT)
            for c in row.candidates
        ]
        for row in rows
    ]


def _cost(p: Array, more: Array) -> Array:
    """-log of the largest probability, and of how likely an image with so much more evidence than needed is a digit."""
    return EACH - np.log(p.max(axis=1)) + np.logaddexp(0, -more / SPREAD)


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
    text = "".join(next(names) if k >= 0 else row.marks[-1 - k].sign for k in path)
    small = [row.marks[-1 - k] for k in path if k < 0]
    left_out = tuple(mark.place for mark in small if not mark.sign and not mark.speck)
    return Number(text, row.place, digits, tuple(candidate.place for candidate in chosen), left_out)


def _best_path(row: Row, costs: list[float]) -> list[int]:
    """The numbers of the candidates along the path of least cost; -1 - k stands for the mark that part k is."""
    least = [0.0] + [math.inf] * row.parts
    came: list[tuple[int, int]] = [(0, 0)] * (row.parts + 1)
    ways = sorted(
        [(c.first, c.past, costs[k], k) for k, c in enumerate(row.candidates)]
        + [(k, k + 1, MARK if mark.sign or mark.speck else LEAVE_OUT, -1 - k) for k, mark in row.marks.items()]
    )
    for first, past, cost, way in ways:
        if least[first] + cost < least[past]:
            least[past], came[past] = least[first] + cost, (first, way)
    path, place = [], row.parts
    while place:
        place, way = came[place]
        path.append(way)
    return path[::-1]
