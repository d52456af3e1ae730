"""What a network says of a page of numbers: the digits along the best path through each row, and what is refused."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from glassnet.data.errors import DataError
from glassnet.model.answer import Answer
from glassnet.model.judge import SURE, judge
from glassnet.model.segmentation import Choice, Path, best_paths, costs_of
from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.reading.cuts import Candidate
from glassnet.reading.pieces import Box
from glassnet.reading.readings import Reading, ways_of_cleaning
from glassnet.reading.rows import Row, rows_of

# How much each further digit adds to the evidence that a number needs, as a share of the network's threshold: strokes
# of words look like digits here and there, but not one after the other.
A_FURTHER = 1.35
CUT_OFF = 1.0  # how much more evidence a digit needs for each cut end, and a number: parts of letters look like a 1
FINEST = 0.04  # of the height of a number of 1s alone: with a finer pen they may be printed lines
GROUPS = re.compile(r"-?[\d?]{1,3}(,[\d?]{3})+(\.|$)")  # thousands
DOUBT = 1.1  # nats: a digit is refused if a path that costs less than that more reads something else there
SMALL = 0.3  # of the height of a page's digits: less high ones that are seen in one way of cleaning only are dirt
MOST_WAYS, MOST_LOOKED_AT = 6, 4_000  # ways of cleaning a page; candidates after which no further way is tried


@dataclass(frozen=True, eq=False)
class Number:
    """A number on a page.

    Attributes:
        text: its digits, decimal points or commas, and minus sign, with "?" for each digit that is refused.
        place: the rows and columns of the picture.
        digits: the answer to each digit.   places: the rows and columns of each.
        left_out: the rows and columns of what stands among them and is neither digit, point nor sign.
        doubt: what the number could also be; "" if no other text is nearly as good.
    """

    text: str
    place: Box
    digits: tuple[Answer, ...]
    places: tuple[Box, ...]
    left_out: tuple[Box, ...] = ()
    doubt: str = ""

    @property
    def guess(self) -> str:
        """The text with the most probable digit in the place of each that is refused."""
        refused = (digit.classes[digit.ranking[0]] if digit.ranking else "?" for digit in self.digits if digit.problem)
        return "".join(next(refused) if sign == "?" else sign for sign in self.text)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The place in pixels: x and y of its upper left corner, width and height."""
        return _box(self.place)

    @property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        """The place of each digit, as `box`."""
        return [_box(place) for place in self.places]

    @property
    def left_out_boxes(self) -> list[tuple[int, int, int, int]]:
        """The places of what is left out, as `box`."""
        return [_box(place) for place in self.left_out]

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
        """Whether no digit is refused, nothing that stands among them is left out, and no other text is as likely."""
        return not self.problem

    @property
    def problem(self) -> str:
        """Why it is not accepted, in one line; "" if it is."""
        if self.left_out:
            return "a mark beside its digits could not be read"
        if self.doubt:
            return f"the number could also be {self.doubt}"
        if self.text.count(",") > 1 and not GROUPS.match(self.text):
            return "it has several commas, but not before groups of three digits"
        return next((digit.problem for digit in self.digits if digit.problem), "")

    def __repr__(self) -> str:
        """The number without its arrays, which would fill pages."""
        problem = f", problem={self.problem!r}" if self.problem else ""
        return f"Number({self.text!r}, box={self.box}, probability={self.probability:.3f}{problem})"


@dataclass(frozen=True, eq=False)
class Page:
    """The numbers on a page.

    Attributes:
        numbers: from top to bottom, then from left to right.   problem: why there are none; "" if there are some.
        unknown: the rows and columns of each row of ink that is no number to the network, and of each digit that it
            sees only if the page is cleaned in another way.
        most_like: what a row of ink is most like if it is the only one, and is unknown; "" otherwise.
    """

    numbers: tuple[Number, ...] = ()
    problem: str = ""
    unknown: tuple[Box, ...] = ()
    most_like: str = ""

    @property
    def guess(self) -> str:
        """The best guess at all numbers, with spaces between them, or at the only row of ink if that is none."""
        return " ".join(number.guess for number in self.numbers) or self.most_like

    @property
    def accepted(self) -> bool:
        """Whether it has numbers, and all of them are accepted."""
        return bool(self.numbers) and all(number.accepted for number in self.numbers)

    @property
    def unknown_boxes(self) -> list[tuple[int, int, int, int]]:
        """The places of what is unknown, as `Number.box`."""
        return [_box(place) for place in self.unknown]

    def missed(self, others: Sequence["Page"]) -> list[Box]:
        """The places of digits on other pages, where no number of this one is; without small ones."""
        digits = [place for number in self.numbers for place in number.places]
        found = [*digits, *(place for number in self.numbers for place in number.left_out)]
        least = SMALL * np.median([_height(place) for place in digits]) if digits else 0
        missed: list[Box] = []
        for place in (place for page in others for number in page.numbers for place in number.places):
            if _height(place) >= least and not any(_overlap(place, other) for other in (*found, *missed)):
                missed.append(place)
        return missed

    def beyond(self, threshold: float) -> float:
        """How much more evidence its digits have than numbers need that are not cut."""
        return sum(
            sum(digit.evidence or 0.0 for digit in number.digits) - least_evidence(threshold, len(number.digits))
            for number in self.numbers
        )

    @property
    def text(self) -> str:
        """All numbers, with spaces between them."""
        return " ".join(number.text for number in self.numbers)

    def __repr__(self) -> str:
        """The page in a line."""
        problem = f", problem={self.problem!r}" if self.problem else ""
        return f"Page({self.text!r}, accepted={self.accepted}, unknown={len(self.unknown)}{problem})"


def _height(place: Box) -> int:
    return int(place[0].stop - place[0].start)


def _overlap(a: Box, b: Box) -> bool:
    return all(p.start < q.stop and q.start < p.stop for p, q in zip(a, b, strict=True))


def _box(place: Box) -> tuple[int, int, int, int]:
    rows, columns = place
    return columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start


def read(network: Network, drawing: Array) -> Page:
    """The numbers in grey values (H, W), uint8.

    The page is cleaned in the usual way, and without all steps that removed something. If neither is accepted, other
    ways are tried too. A page counts first if it is accepted, and misses no digit of a number on another page. Of
    several such pages, or without one, that with most evidence.

    Raises:
        InputError: the network does not take these images, or its outputs are not finite.
    """
    pages: list[Page] = []
    problem = ""
    looked_at = 0
    for tried, steps in enumerate(islice(ways_of_cleaning(), MOST_WAYS)):
        if tried > 1 and (any(page.accepted for page in pages) or looked_at > MOST_LOOKED_AT):
            break
        try:
            rows = rows_of(drawing, steps)
            looked_at += sum(len(row.candidates) for row in rows)
            pages.append(judged(network, rows))
        except DataError as error:
            problem = problem or str(error)
    if not pages:
        return Page(problem=problem)

    def worth(page: Page) -> tuple[bool, bool, float]:
        return page.accepted and not page.missed(pages), bool(page.numbers), page.beyond(network.threshold)

    best = max(pages, key=worth)
    further = [place for place in best.missed(pages) if not any(_overlap(place, known) for known in best.unknown)]
    return replace(best, unknown=(*best.unknown, *further))


def judged(network: Network, rows: list[Row]) -> Page:
    """The numbers in these rows.

    Raises:
        InputError: as `read`.
    """
    found = [best_paths(row, costs) for row, costs in zip(rows, costs_of(network, rows), strict=True)]
    readings = [
        _reading(row.candidates[candidate])
        for row, paths in zip(rows, found, strict=True)
        for candidate, _ in paths[0].choices
        if candidate >= 0
    ]
    answers = iter(judge(network, readings))
    each = [_number(row, paths, answers, network.threshold) for row, paths in zip(rows, found, strict=True)]
    numbers = tuple(number for number in each if number)
    unknown = tuple(row.place for row, number in zip(rows, each, strict=True) if not number)
    if numbers:
        return Page(numbers, unknown=unknown)
    most_like = found[0][0].text.strip("?") if len(rows) == 1 else ""
    said = f"; most like {most_like}" if most_like else ""
    problem = f"no number found: nothing in the picture has enough evidence for digits{said}"
    return Page((), problem, unknown, most_like)


def least_evidence(threshold: float, digits: int) -> float:
    """What the digits of a number need all together if none is cut off: t (1 + A_FURTHER (n - 1))."""
    return threshold * (1 + A_FURTHER * (digits - 1))


def _reading(candidate: Candidate) -> Reading:
    return Reading((), candidate.image, "" if candidate.image is not None else "not the shape of a digit")


def _number(row: Row, paths: Sequence[Path], answers: Iterator[Answer], threshold: float) -> Number | None:
    """The number along the best path through a row, whose digits have the next answers; None with too little evidence.

    A digit is refused, too, if a path that is nearly as good reads something else in its place.
    """
    best, *others = paths
    near = [path for path in others if path.cost - best.cost < DOUBT]
    chosen = [row.candidates[candidate] for candidate, _ in best.choices if candidate >= 0]
    digits = [_doubted(next(answers), choice, row, near, threshold) for choice in best.choices if choice.candidate >= 0]
    its_evidence = sum(digit.evidence or 0.0 for digit in digits) - CUT_OFF * sum(c.cuts for c in chosen)
    ones = [candidate for candidate, digit in zip(chosen, digits, strict=True) if digit.label == "1"]
    if not digits or its_evidence < least_evidence(threshold, len(digits)):
        return None
    if len(ones) == len(chosen) and min(one.pen for one in ones) < FINEST:
        return None
    names = iter(digit.label or "?" for digit in digits)
    text = "".join(next(names) if candidate >= 0 else sign for candidate, sign in best.choices)
    small = [row.marks[-1 - candidate] for candidate, _ in best.choices if candidate < 0]
    left_out = tuple(mark.place for mark in small if not mark.sign and not mark.speck)
    places = tuple(candidate.place for candidate in chosen)
    read = Number(text, row.place, tuple(digits), places, left_out)
    texts = [best.text, *(path.text for path in near)]  # its guess, by five views, may be one of the others
    return replace(read, doubt=next((other for other in texts if other != read.guess), "") if near else "")


def _doubted(answer: Answer, choice: Choice, row: Row, near: Sequence[Path], threshold: float) -> Answer:
    """The answer to a digit; refused if its path reads another digit, or one of these paths does so in its place.

    It is refused, too, if it is not sure, or if it is cut off, and has less evidence than a digit needs that is.
    """
    if answer.label is None:
        return answer
    if (answer.probability or 0.0) < SURE:
        either = f"it could be {answer.label} or {answer.classes[answer.ranking[1]]}"
        sure = f"a digit of a number needs a probability of {100 * SURE:.0f} %"
        return replace(answer, problem=f"{either}, and {sure}; most like {answer.label}")
    needed = threshold + CUT_OFF * row.candidates[choice.candidate].cuts
    if (answer.evidence or 0.0) < needed:
        had = f"its evidence is {answer.evidence:.2f}, and a digit that is cut off needs {needed:.2f}"
        return replace(answer, problem=f"{had}; most like {answer.label}")
    if answer.label != choice.sign:
        return replace(answer, problem=f"it could be {choice.sign} or {answer.label}: views of it differ")
    other = next((path for path in near if not any(_same(choice, its, row) for its in path.choices)), None)
    return replace(answer, problem=f"the number could also be {other.text}") if other else answer


def _same(choice: Choice, other: Choice, row: Row) -> bool:
    """Whether two choices read the same digit in candidates that share a part."""
    if choice.candidate < 0 or other.candidate < 0 or choice.sign != other.sign:
        return False
    a, b = row.candidates[choice.candidate], row.candidates[other.candidate]
    return a.first < b.past and b.first < a.past
