"""Where a row of ink could be cut into digits: its parts, and all candidates for a digit.

A piece of ink is cut wherever that makes sense, and neighbouring parts are joined. What is a digit is not decided here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.drawing import BOX, USUAL_PENS, on_a_page
from glassnet.reading.pieces import Box
from glassnet.reading.steps import Steps

# Lengths are shares of the height of the digits in the row, unless they say otherwise.
LEAST_HEIGHT, MOST_HEIGHT = 0.45, 1.8  # a shorter part is not a digit by itself; what is higher is none either
NARROW = 0.4  # a piece that is not wider is not cut
BESIDE = 0.12  # a cut leaves at least this width on both sides
THIN = 2.5  # pen widths: a cut is tried where a column has no more ink
SHORT = 0.7  # a cut is tried, whatever its ink, where the ink of a column spans no more from top to bottom
WIDEST, WIDEST_GAP = 1.7, 0.12  # a wider part is not a digit, nor is one with a wider gap
FULL = 0.85  # ink that fills more of the box around it is a block
JOINED = 8  # parts, at most
FULL_HEIGHT = 0.7  # a part that is less high is a digit only if it lies at the height of its neighbours' middle
FINEST = 2  # pixels: what is narrower is no stroke of a pen
SPECK = 0.4  # the ink of a round point of the pen is 0.8 of its width squared: a part with less than this is a speck
MOST_CUTS = 12  # of a piece
POINT = 1.8  # pen widths: what is no longer is a point
ROUND, LONG = 1.25, 1.5  # the length of a point is at most so many times its width, that of a comma at least
HANGING = 0.06  # so far below the digits beside it a comma ends at least
STEEPEST = 0.6  # the tangent of the slant of a row, at most


@dataclass(frozen=True, eq=False)
class Ink:
    """Pixels of ink: the row, the column and the strength (P,) of each, from 0 (paper) to 1 (ink)."""

    rows: Array
    columns: Array
    strengths: Array

    @cached_property
    def place(self) -> Box:
        """The rows and columns of the box around it."""
        return (
            slice(int(self.rows.min()), int(self.rows.max()) + 1),
            slice(int(self.columns.min()), int(self.columns.max()) + 1),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Its height and width."""
        rows, columns = self.place
        return rows.stop - rows.start, columns.stop - columns.start

    def where(self, chosen: Array) -> "Ink":
        return Ink(self.rows[chosen], self.columns[chosen], self.strengths[chosen])

    def image(self) -> Array:
        """Its ink, cropped (h, w)."""
        rows, columns = self.place
        image = np.zeros(self.size)
        image[self.rows - rows.start, self.columns - columns.start] = self.strengths
        return image


def joined(every: Sequence[Ink]) -> Ink:
    if len(every) == 1:
        return every[0]
    pixels = zip(*((ink.rows, ink.columns, ink.strengths) for ink in every), strict=True)
    return Ink(*(np.concatenate(of) for of in pixels))


class Mark(NamedTuple):
    """What a small part is: the sign ".", "," or "-", or "" if it is left out; and whether it is only a speck."""

    sign: str
    place: Box
    speck: bool


class Part(NamedTuple):
    """What cuts leave of a piece of ink: which piece it is of, its ink, and whether it is all of the piece."""

    piece: int
    ink: Ink
    whole: bool


@dataclass(frozen=True, eq=False)
class Candidate:
    """What could be a digit: the parts first, first + 1, ... up to past, without past.

    Attributes:
        image: in the form of MNIST (28, 28); None if it cannot be a digit.
        place: the rows and columns of the page.
        pen: the width of its stroke if it is a 1, as a share of the height of the digits: its ink per length.
        gap: the widest gap within it, from left to right, as a share of the height of the digits.
        cuts: how many of its two ends are cut off from ink beside it.
    """

    first: int
    past: int
    image: Array | None
    place: Box
    pen: float
    gap: float
    cuts: int


@dataclass(frozen=True)
class Measures:
    """Of a row: the height of its digits and the width of the pen, in pixels, and the tangent of its slant."""

    height: float
    pen: float
    slant: float

    def along(self, ink: Ink) -> Array:
        """How far along the row each pixel lies (P,), if the slant is taken away."""
        return ink.columns + self.slant * ink.rows


def slant_of(every: Sequence[Ink], height: float) -> float:
    """The tangent of the slant of a row, to the right: the median of those of its high and narrow pieces."""
    slants = []
    for ink in every:
        tall, wide = ink.size
        if LEAST_HEIGHT * height <= tall and wide <= tall:
            y = ink.rows - np.average(ink.rows, weights=ink.strengths)
            mixed, squared = (np.average(y * other, weights=ink.strengths) for other in (ink.columns, y))
            slants.append(-float(mixed) / max(float(squared), 1e-9))
    return float(np.clip(np.median(slants), -STEEPEST, STEEPEST)) if slants else 0.0


def parts_of(every: dict[int, Ink], row: Measures) -> list[Part]:
    """The parts of these pieces, by their numbers, from left to right."""
    parts: list[Part] = []
    for piece, ink in every.items():
        along = row.along(ink)
        between = np.searchsorted(_cuts(ink, along, row), along)
        numbers = np.unique(between)
        parts += [Part(piece, ink.where(between == number), len(numbers) == 1) for number in numbers]
    return sorted(parts, key=lambda part: float(row.along(part.ink).mean()))


def _cuts(ink: Ink, along: Array, row: Measures) -> list[float]:
    """Where along the row a piece is cut, in order.

    That is where a column has little ink, and where its ink spans little of the height: two rings that touch have much
    ink there, but it is short.
    """
    if np.ptp(along) <= NARROW * row.height or ink.size[0] < LEAST_HEIGHT * row.height or is_block(ink):
        return []
    start = float(along.min())
    column = (along - start).astype(int)
    count = int(column.max()) + 1
    amount = np.convolve(np.bincount(column, weights=ink.strengths, minlength=count), np.ones(3) / 3, mode="same")
    first, last = np.full(count, ink.rows.max()), np.full(count, ink.rows.min() - 1)
    np.minimum.at(first, column, ink.rows)
    np.maximum.at(last, column, ink.rows)
    tall = np.maximum(last - first + 1, 0)
    edge = max(2, int(BESIDE * row.height))
    wells = _wells(amount, THIN * row.pen, edge) + _wells(tall, SHORT * row.height, edge)
    chosen: list[int] = []
    for k in sorted(wells, key=lambda k: amount[k] / row.pen + tall[k] / row.height):
        if all(abs(k - other) >= edge for other in chosen) and len(chosen) < MOST_CUTS:
            chosen.append(k)
    return [start + k + 0.5 for k in sorted(chosen)]


def is_block(ink: Ink) -> bool:
    """Whether it is no stroke, but a block of ink."""
    tall, wide = ink.size
    return len(ink.rows) > FULL * tall * wide and min(tall, wide) > max(tall, wide) / 3


def _wells(profile: Array, most: float, edge: int) -> list[int]:
    """Where a profile (P,) is lowest in its neighbourhood, not above `most`, and not near its ends."""
    near = edge // 2
    return [
        k
        for k in range(edge, len(profile) - edge)
        if profile[k] <= most and profile[k] == profile[max(k - near, 0) : k + near + 1].min()
    ]


def candidates(parts: list[Part], row: Measures) -> Iterator[Candidate]:
    """Each part, and all neighbouring parts together that are not too wide for a digit, with their images."""
    small = [part.whole and _is_small(part.ink, row) for part in parts]
    for first in range(len(parts)):
        for past in range(first + 1, min(first + JOINED, len(parts)) + 1):
            ink = joined([part.ink for part in parts[first:past]])
            tall, wide = ink.size
            too_wide = wide > WIDEST * max(row.height, tall)
            gap = _widest_gap(row.along(ink)) / row.height
            if past > first + 1 and (too_wide or gap > WIDEST_GAP):
                break
            large = [part.ink for k, part in enumerate(parts[first:past], first) if not small[k]]
            if large and any(small[k] and _stands_beside(parts[k].ink, large, row) for k in (first, past - 1)):
                continue
            inside = {part.piece for part in parts[first:past]}
            beside = parts[max(first - 1, 0) : first] + parts[past : past + 1]
            cuts = sum(part.piece in inside for part in beside)
            is_digit = not too_wide and not is_block(ink) and _is_in_line(ink, [part.ink for part in beside], row)
            pen = float(ink.strengths.sum() / np.hypot(tall, wide) / row.height)
            yield Candidate(first, past, _image(ink, row) if is_digit else None, ink.place, pen, gap, cuts)


def _stands_beside(small: Ink, large: list[Ink], row: Measures) -> bool:
    """Whether a small part does not lie above or below these parts, as the points of a colon do not."""
    own, others = row.along(small), np.concatenate([row.along(ink) for ink in large])
    return bool(own.min() > others.max() or own.max() < others.min())


def _is_in_line(ink: Ink, beside: list[Ink], row: Measures) -> bool:
    """Whether ink is as high as digits, or in the middle between its neighbours that are; a comma is neither."""
    tall = [other for other in beside if other.size[0] >= FULL_HEIGHT * row.height]
    if ink.size[0] >= FULL_HEIGHT * row.height or not tall:
        return True
    top, bottom = np.mean([(other.rows.min(), other.rows.max()) for other in tall], axis=0)
    return bool(0.25 < (ink.rows.mean() - top) / max(bottom - top, 1) < 0.75)


def _image(ink: Ink, row: Measures) -> Array | None:
    """Ink in the form of MNIST; None if it is too low or too high for a digit, or a blot."""
    if not LEAST_HEIGHT <= ink.size[0] / row.height <= MOST_HEIGHT or min(ink.size) < FINEST:
        return None
    usual = USUAL_PENS[0] <= row.pen * BOX / max(ink.size) <= USUAL_PENS[1]
    try:
        return on_a_page(ink.image(), Steps(frozenset({"pen"} if usual else ())))  # to measure each pen takes long
    except DataError:
        return None


def _widest_gap(along: Array) -> float:
    """The widest gap between these places (P,) along the row."""
    return float(np.diff(np.unique(along.astype(int))).max(initial=1) - 1)


def marks(parts: list[Part], row: Measures) -> dict[int, Mark]:
    """What each small part is by its shape and place: "." or "," between digits, "-" there or before, or left out."""
    small = [part.whole and _is_small(part.ink, row) for part in parts]
    spans: dict[int, tuple[int, int]] = {}  # of the rows of each piece, whatever parts it has
    for part in parts:
        first, last = spans.get(part.piece, (part.ink.rows.min(), part.ink.rows.max()))
        spans[part.piece] = min(first, part.ink.rows.min()), max(last, part.ink.rows.max())
    found = {}
    for k in np.flatnonzero(small).tolist():
        beside = [spans[parts[o].piece] for o in (k - 1, k + 1) if 0 <= o < len(parts) and not small[o]]
        ink = parts[k].ink
        sign = _sign(ink, beside, row) if len(beside) == 2 or k == 0 else ""
        found[k] = Mark(sign, ink.place, _is_speck(ink, row))
    return found


def _sign(ink: Ink, beside: list[tuple[int, int]], row: Measures) -> str:
    """What a small part means by its shape, and its place beside digits with these first and last rows."""
    if not beside or _is_speck(ink, row):
        return ""
    top, bottom = np.mean(beside, axis=0)
    middle = (ink.rows.mean() - top) / max(bottom - top, 1)
    if _is_bar(ink, row) and 0.25 < middle < 0.75:
        return "-"
    if middle < 0.75 or len(beside) < 2:
        return ""
    tall, wide = ink.size
    hangs = ink.rows.max() - bottom > HANGING * row.height
    if max(tall, wide) <= POINT * row.pen or (max(tall, wide) <= ROUND * min(tall, wide) and not hangs):
        return "."
    return "," if tall > wide and (hangs or tall >= LONG * wide) else ""


def _is_small(ink: Ink, row: Measures) -> bool:
    return max(ink.size) < LEAST_HEIGHT * row.height or _is_bar(ink, row)


def _is_speck(ink: Ink, row: Measures) -> bool:
    return bool(ink.strengths.sum() < SPECK * row.pen**2)


def _is_bar(ink: Ink, row: Measures) -> bool:
    """Whether ink is low and wide, as a minus sign is."""
    high, wide = ink.size
    return high < 0.3 * row.height and 1.5 * high < wide < 2 * row.height
