"""Tells which pieces of ink belong to the digit, and which are specks, a frame, or what reaches in from the border."""

from collections.abc import Callable

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.pieces import Box, extents, longer_side, pieces
from glassnet.reading.steps import Steps

AMONG_DIGITS, AS_LONG = 0.2, 0.7  # a digit has at least these shares of the largest piece's ink and longer side
MANY = 20  # more pieces as large as the largest are not a row of digits
BESIDE, ABOVE = 0.02, 0.25  # least gap between digits side by side and above each other, as a share of the longest
# digit's longer side; the gap below the bar of a broken 5 is smaller than ABOVE
LEAST_INK = 4  # pixels
LESSER = 0.5  # a piece at the border with less than this share of the ink of a piece inside is not the digit
ALONGSIDE = 0.4  # a piece that touches the border with this share of its longer side is not the digit
LEAST_DIGIT = 0.05  # of all ink must remain without a frame; else the supposed frame is the digit
TALLER = 1.2  # the height of an angular 0, as a share of its width; a frame may be less tall
HOLLOW = 0.02  # largest share of the ink of a frame that lies inside of its lines
ALL_ALONG = 0.9  # of each side: a frame has ink along more
BAND = 0.9  # of the rectangle around it: the edge of a shadow fills more
DUST = 0.05  # a piece with less than this share of the largest piece's ink is dirt
FAR = 0.4  # of the largest piece's longer side: what lies further from the digit does not belong to it
READ_NUMBERS = "whole numbers are read by read_number, and by the command glassnet read"

Boxes = dict[int, Box]  # by the number of the piece
Surroundings = Callable[[Array, Array, Boxes], list[int]]


def only_the_digit(ink: Array, steps: Steps) -> Array:
    """Only the pieces of ink that belong to the digit.

    Removed are specks, pieces along the border of the picture, and a frame around the rest.
    """
    numbers = pieces(ink > 0)
    amounts = np.bincount(numbers.ravel(), weights=ink.ravel())
    boxes = extents(numbers)
    amounts[[0, *_edges(numbers, boxes)]] = 0
    if amounts.max() < LEAST_INK:
        raise no_ink()
    for name, surroundings in (("border", _along_the_border), ("frame", _frames)):
        amounts = steps.take(name, _without, amounts, surroundings, numbers, boxes)
    amounts = steps.take("apart", _one_digit, amounts, boxes)
    amounts = steps.take("specks", _without_specks, amounts, boxes)
    largest = int(amounts.argmax())
    if _is_a_frame(numbers[boxes[largest]] == largest):
        raise DataError("found a frame with nothing in it: expected a digit")
    return np.where((amounts > 0)[numbers], ink, 0)


def _edges(numbers: Array, boxes: Boxes) -> list[int]:
    """The bands that fill a whole side of the picture (H, W), and do not reach the side across: the edge of a shadow.

    A closely cropped 1 reaches all sides.
    """
    views = (numbers, numbers[::-1], numbers.T, numbers.T[::-1])
    whole = {int(v[0, 0]) for v in views if v[0, 0] and (v[0] == v[0, 0]).all() and v[0, 0] not in v[-1]}
    return [number for number in whole if (numbers[boxes[number]] == number).mean() > BAND]


def _is_a_frame(mask: Array) -> bool:
    """Whether a piece (h, w) lies along all four sides of the rectangle around it, and there only.

    An angular 0 does too, but it is higher than wide.
    """
    side = max(2, min(mask.shape) // 8)
    along = (mask[:side].any(0), mask[-side:].any(0), mask[:, :side].any(1), mask[:, -side:].any(1))
    hollow = min(mask.shape) > 4 * side and mask[side:-side, side:-side].sum() < HOLLOW * mask.sum()
    return bool(hollow and len(mask) < TALLER * mask.shape[1] and min(line.mean() for line in along) > ALL_ALONG)


def _without(amounts: Array, surroundings: Surroundings, numbers: Array, boxes: Boxes) -> Array:
    """The amounts (P,) without those of the surroundings, unless nearly nothing remains."""
    found = surroundings(numbers, amounts, boxes)
    if not found:
        return amounts
    rest = amounts.copy()
    rest[found] = 0
    return rest if rest.max() >= max(LEAST_INK, LEAST_DIGIT * amounts.sum()) else amounts


def _one_digit(amounts: Array, boxes: Boxes) -> Array:
    """The amounts (P,) themselves, if they are those of one digit."""
    count = count_digits(amounts, boxes)
    if count > MANY:
        raise DataError(f"found more than {MANY} objects: expected one digit; crop the picture to it; {READ_NUMBERS}")
    if count > 1:
        raise DataError(f"found {count} digits, side by side or one above the other: expected one; {READ_NUMBERS}")
    return amounts


def _without_specks(amounts: Array, boxes: Boxes) -> Array:
    """The amounts (P,) without those of dirt, and of small things far from the digit, such as the buttons of a window.

    What is far away and as large as a digit stays: it is another digit, and nothing must be read without it.
    """
    near = _digits_among(amounts, boxes)
    digits = set(near)
    reach = FAR * max(longer_side(boxes[number]) for number in near)
    others = np.array([n for n in boxes if amounts[n] >= DUST * amounts.max() and n not in digits], int)
    sides = np.array([[(side.start, side.stop) for side in boxes[n]] for n in others.tolist()]).reshape(-1, 2, 2)
    for number in near:  # which grows
        starts, stops = zip(*((side.start, side.stop) for side in boxes[number]), strict=True)
        gaps = np.maximum(sides[..., 0], starts) - np.minimum(sides[..., 1], stops)  # down and across
        found = gaps.max(axis=1) <= reach
        near += others[found].tolist()
        others, sides = others[~found], sides[~found]
    kept = np.zeros(len(amounts), bool)
    kept[near] = True
    return amounts if kept[amounts > 0].all() else np.where(kept, amounts, 0)


def _digits_among(amounts: Array, boxes: Boxes) -> list[int]:
    """The pieces that are nearly as large as the largest, so that each could be a digit."""
    large = [number for number in boxes if amounts[number] >= AMONG_DIGITS * amounts.max()]
    longest = max(longer_side(boxes[number]) for number in large)
    return [number for number in large if longer_side(boxes[number]) >= AS_LONG * longest]


def count_digits(amounts: Array, boxes: Boxes) -> int:
    """The number of digits among the pieces: those that are nearly as large as the largest, and lie well apart.

    With these limits, 8 of MNIST's 70,000 digits would count as two, because they are broken.
    """
    alike = [boxes[number] for number in _digits_among(amounts, boxes)]
    longest = max(longer_side(box) for box in alike)
    if len(alike) > MANY:
        return len(alike)  # too many in any case, so their distances do not matter
    digits: list[list[tuple[slice, slice]]] = []
    for box in alike:
        near = [digit for digit in digits if not all(_are_apart(box, other, longest) for other in digit)]
        digits = [digit for digit in digits if digit not in near] + [
            [box, *(other for digit in near for other in digit)]
        ]
    return len(digits)


def _are_apart(a: Box, b: Box, longest: int) -> bool:
    down, across = _gaps(a, b)
    return across >= BESIDE * longest or down >= ABOVE * longest


def _gaps(a: Box, b: Box) -> tuple[int, int]:
    """The pixels between two boxes, down and across; negative where they overlap."""
    down, across = (max(p.start, q.start) - min(p.stop, q.stop) for p, q in zip(a, b, strict=True))
    return down, across


def _along_the_border(numbers: Array, amounts: Array, boxes: Boxes) -> list[int]:
    """The pieces that touch the border with much of their length, or touch it and have less ink than a piece inside.

    These are the edge of a table, a shadow, a line, or parts of digits next to this one.
    """
    border = np.concatenate([numbers[0], numbers[-1], numbers[1:-1, 0], numbers[1:-1, -1]])
    contacts = np.bincount(border, minlength=len(amounts))
    return [
        number
        for number in np.unique(border[border > 0]).tolist()
        if amounts[number] < LESSER * amounts[contacts == 0].max(initial=0)
        or contacts[number] >= ALONGSIDE * longer_side(boxes[number])
    ]


def _frames(numbers: Array, amounts: Array, boxes: Boxes) -> list[int]:
    """The large pieces that lie almost only along the sides of the rectangle around them."""
    frames, least = [], DUST * amounts.max()
    for number, box in boxes.items():
        if amounts[number] < least:
            continue
        frame = numbers[box] == number
        side = max(2, min(frame.shape) // 8)
        if frame[side:-side, side:-side].sum() < HOLLOW * frame.sum() and min(frame.shape) > 4 * side:
            frames.append(number)
    return frames


def without_frames(darker: Array, least: float) -> Array:
    """The same (H, W) without frames around the rest."""
    numbers = pieces(darker > least)
    amounts = np.bincount(numbers.ravel(), weights=darker.ravel())
    amounts[0] = 0
    rest = _without(amounts, _frames, numbers, extents(numbers))
    return darker if rest is amounts else np.where((rest < amounts)[numbers], 0, darker)


def no_ink() -> DataError:
    return DataError("no ink found: expected a digit that stands out from its paper, dark on light or light on dark")
