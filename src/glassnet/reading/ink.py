"""Finds the ink on a page, and removes the paper, shadows, printed lines and dirt.

The paper is estimated as the page without everything that is darker than it and narrower than the widest pen.
"""

import math
from collections.abc import Callable

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.pale import evened, without_pattern
from glassnet.reading.pieces import depth, extent, extents, highest, longer_side, lowest, pieces
from glassnet.reading.ruled import without_box, without_lines
from glassnet.reading.sheet import around_a_canvas, around_a_sheet
from glassnet.reading.steps import Steps

LOOK = 250  # pictures of more than 250x250 pixels are first examined at a smaller size
AMONG_DIGITS, AS_LONG = 0.2, 0.7  # a digit has at least these shares of the largest piece's ink and longer side
MANY = 20  # more pieces as large as the largest are not a row of digits
BESIDE, ABOVE = 0.02, 0.25  # least gap between digits side by side and above each other, as a share of the longest
# digit's longer side; the gap below the bar of a broken 5 is smaller than ABOVE
WIDEST_PEN = 0.45  # of the shorter side of the picture
WINDOW = 1.5  # times the largest pen width found: paper is wider than that
ALONG_THE_BORDER = 0.45  # of the grey inside: darker pixels at the border are a stroke, not a shadow
LEAST_CONTRAST = 0.1  # ink is darker than the paper by at least this share of the paper's grey
FINE = 40  # pixels: in pictures with a shorter side, strokes are about as fine as noise
LEAST_INK = 4  # pixels
LEAST_SIDE = 3  # pixels: the shorter side of a stroke with paper on both sides
CLEAR = 5  # standard deviations of the noise: stronger pixels are ink
FAINT = 0.15  # of the strength of the ink: weaker pixels are paper
LESSER = 0.5  # a piece at the border with less than this share of the ink of a piece inside is not the digit
ALONGSIDE = 0.4  # a piece that touches the border with this share of its longer side is not the digit
LEAST_DIGIT = 0.05  # of all ink must remain without a frame; else the supposed frame is the digit
TALLER = 1.2  # the height of an angular 0, as a share of its width; a frame may be less tall
HOLLOW = 0.02  # largest share of the ink of a frame that lies inside of its lines
ALL_ALONG = 0.9  # of each side: a frame has ink along more
BAND = 0.9  # of the rectangle around it: the edge of a shadow fills more
DUST = 0.05  # a piece with less than this share of the largest piece's ink is dirt
FAR = 0.4  # of the largest piece's longer side: what lies further from the digit does not belong to it
DARKEST_PAPER = 0.25  # of the lightest grey: shares of darker paper would be mostly noise

Box = tuple[slice, slice]  # the rows and columns of a piece
Boxes = dict[int, Box]  # by the number of the piece
Surroundings = Callable[[Array, Array, Boxes], list[int]]


def find_ink(drawing: Array, steps: Steps | None = None) -> Array:
    """The ink of a drawing, cropped: without paper, shadows, noise and dirt.

    Args:
        drawing: grey values (H, W), uint8.
        steps: takes the steps of cleaning; by default all.

    Returns:
        (h, w) float64 from 0 (paper) to 1 (ink), without a border; a large drawing is made smaller.

    Raises:
        DataError: not an array of grey values, no ink, or more than one digit.
    """
    if drawing.ndim != 2 or drawing.dtype != np.uint8:
        raise DataError(f"expected grey values (H, W), uint8, got {drawing.dtype} of shape {drawing.shape}")
    step = _shrinking(drawing)
    if min(drawing.shape) < max(step, LEAST_SIDE):
        raise _no_ink()  # empty, or only a line of pixels
    steps = steps or Steps()
    return _zoom(steps.take("dark paper", _dark_on_light, drawing, steps), steps)


def _zoom(drawing: Array, steps: Steps, top: int = 0, left: int = 0) -> Array:
    """The ink of a drawing, dark on light: found at a small size first, then in the part around it at a larger size.

    The drawing is the part of the picture that begins at this row and column.
    """
    step = _shrinking(drawing)
    ink = _only_the_digit(_without_paper(_shrunk(drawing, step), steps), steps)
    rows, columns = extent(ink)
    room = max(rows.stop - rows.start, columns.stop - columns.start) // 4 + 2  # keep some paper all around
    above, before = max(rows.start - room, 0) * step, max(columns.start - room, 0) * step
    closer = drawing[above : (rows.stop + room) * step, before : (columns.stop + room) * step]
    if _shrinking(closer) < step:
        return _zoom(closer, steps, top + above, left + before)
    steps.inked = int((ink > 0).sum()) * step**2
    steps.place = tuple(
        slice(first + side.start * step, first + side.stop * step) for first, side in ((top, rows), (left, columns))
    )
    return ink[rows, columns]


def _shrinking(drawing: Array) -> int:
    """The side of the square blocks of pixels that become one pixel."""
    return max(1, math.ceil(math.sqrt(drawing.size) / LOOK))


def _shrunk(drawing: Array, step: int) -> Array:
    """The means of blocks of step x step pixels (H // step, W // step), float64."""
    height, width = (side // step for side in drawing.shape)
    rows = drawing[: height * step, : width * step].reshape(height, step, width * step).sum(axis=1, dtype=np.uint32)
    return rows.reshape(height, width, step).sum(axis=2) / step**2


def _without_paper(grey: Array, steps: Steps) -> Array:
    """Ink (H, W) from 0 to 1, still with dirt: how much darker it is than the paper around it, as a share.

    The paper is estimated twice: first as what is wider than the widest pen, then as what is wider than the pen found.
    The closer it follows the page, the less of a shadow's edge is taken for ink.
    """
    grey = steps.take("sheet", _only_the_sheet, grey)
    widest = _widest_pen(grey)
    ink = _inked(grey, widest, steps)
    pen = depth(ink > 0)
    closer = max(12, math.ceil(WINDOW * 2 * float(np.quantile(pen[pen > 0], 0.99))) + 2)
    return _inked(grey, closer, steps) if closer < 0.7 * widest else ink


def _inked(grey: Array, window: int, steps: Steps) -> Array:
    """Ink (H, W) from 0 to 1 on light paper, narrower than the window."""
    smooth = _smoothed(grey)
    paper = _paper(smooth, window)
    if smooth is not grey:
        paper = lowest(paper, 3)  # because smoothing makes the dark side of a shadow's edge too light
    darker, noise = _darker(grey, paper)
    if CLEAR * noise > FAINT:
        darker, noise = _darker(smooth, paper)
    least = max(LEAST_CONTRAST / 2, CLEAR * noise)
    darker = steps.take("frame", _without_frames, darker, least)  # before a line of it is removed
    darker = steps.take("box", without_box, darker, least)
    darker = steps.take("lines", without_lines, darker, least)
    darker = steps.take("pattern", without_pattern, evened(darker, least), darker, least)
    inked = darker[darker > least]
    strength = float(np.quantile(inked, 0.75)) if inked.size else 0.0
    if strength < LEAST_CONTRAST:
        raise _no_ink()
    darker[darker < max(CLEAR * noise, FAINT * strength)] = 0
    return np.minimum(darker / strength, 1)


def _darker(grey: Array, paper: Array) -> tuple[Array, float]:
    """How much darker the grey is than the paper, as a share (H, W); and its standard deviation outside of the ink."""
    darker = 1 - grey / paper
    clear = darker[darker <= max(darker.max() / 2, darker.min())]
    zero = float(np.median(clear))  # above 0, because the paper is estimated from the highest values of its noise
    return darker - zero, 1.5 * float(np.median(np.abs(clear - zero)))


def _paper(grey: Array, window: int) -> Array:
    """The grey of the paper (H, W) without ink, which is darker than the paper and narrower than the window.

    The highest value around each pixel, and then the lowest value of these around each pixel, covers the ink and keeps
    steps of the light. On slopes of the light it is too high near the border. So it is also computed with the slopes
    removed, and the lower of both results counts.
    """
    darkest = max(1.0, DARKEST_PAPER * float(np.quantile(grey, 0.99)))
    paper = sloping = np.maximum(_closed(grey, window), darkest)
    if paper.min() == paper.max():  # a drawing on a screen: there is no slope
        return paper
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in grey.shape), indexing="ij")
    terms = np.stack([np.ones(y.shape), y, x, y * y, y * x, x * x], axis=-1).reshape(-1, 6)
    for _ in range(3):
        factors = np.linalg.lstsq(terms.T @ terms, terms.T @ sloping.ravel(), rcond=None)[0]
        slope = np.maximum((terms @ factors).reshape(grey.shape), darkest)
        sloping = np.maximum(_closed(grey / slope, window) * slope, darkest)
    return np.minimum(paper, sloping)


def _closed(grey: Array, window: int) -> Array:
    """The highest value around each pixel, and then the lowest of these, as if the page continued beyond the picture.

    There it is as light as at the border; where a dark stroke lies along the border, as light as inside of the stroke.
    """
    height, width = grey.shape
    around = window // 2
    for _ in ("down", "across"):
        inside = min(window, len(grey) - 1)
        first, last = (
            np.where(border < ALONG_THE_BORDER * inner, inner, border)
            for border, inner in ((grey[0], grey[inside]), (grey[-1], grey[-1 - inside]))
        )
        grey = np.concatenate([np.tile(first, (around, 1)), grey, np.tile(last, (around, 1))]).T
    return lowest(highest(grey, window), window)[around : around + height, around : around + width]


def _dark_on_light(drawing: Array, steps: Steps) -> Array:
    """The drawing (H, W); inverted if there is a dark sheet, or if most pixels around the ink are near the darkest.

    The border counts most.
    """
    grey = _shrunk(drawing, _shrinking(drawing))
    if "sheet" not in steps.left_out:
        canvas = around_a_canvas(grey)
        if canvas is not None:
            return drawing if grey[~canvas].mean() < np.median(grey[~canvas]) else 255 - drawing
        if around_a_sheet(grey) is not None:
            return drawing
        if around_a_sheet(255 - grey) is not None:
            return 255 - drawing
    smooth, window = _smoothed(grey), _widest_pen(grey)
    high, low = highest(smooth, window), lowest(smooth, window)
    contrast = high - low
    votes = np.where(contrast > 0.5 * contrast.max(), np.sign(2 * smooth - high - low), 0)
    edge = max(1, min(grey.shape) // 16)
    votes[edge:-edge, edge:-edge] /= 4
    return 255 - drawing if votes.sum() < 0 else drawing


def _only_the_sheet(grey: Array) -> Array:
    """The page (H, W) with what lies around a canvas or a sheet of paper as light as it."""
    surroundings = around_a_canvas(grey)
    if surroundings is None:
        surroundings = around_a_sheet(grey)
    return grey if surroundings is None else np.where(surroundings, np.median(grey[~surroundings]), grey)


def _widest_pen(grey: Array) -> int:
    return math.ceil(WIDEST_PEN * min(grey.shape))


def _smoothed(grey: Array) -> Array:
    """The mean of each pixel with its eight neighbours (H, W); of a small picture, itself."""
    if min(grey.shape) < FINE:
        return grey
    padded = np.pad(grey, 1, mode="edge")
    tall = padded[:-2] + padded[1:-1] + padded[2:]
    return (tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]) / 9


def _only_the_digit(ink: Array, steps: Steps) -> Array:
    """Only the pieces of ink that belong to the digit.

    Removed are specks, pieces along the border of the picture, and a frame around the rest.
    """
    numbers = pieces(ink > 0)
    amounts = np.bincount(numbers.ravel(), weights=ink.ravel())
    boxes = extents(numbers)
    amounts[[0, *_edges(numbers, boxes)]] = 0
    if amounts.max() < LEAST_INK:
        raise _no_ink()
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
        raise DataError(f"found more than {MANY} objects: expected one digit; crop the picture to it")
    if count > 1:
        raise DataError(f"found {count} digits, side by side or one above the other: expected one; cut them apart")
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


def _without_frames(darker: Array, least: float) -> Array:
    """The same (H, W) without frames around the rest."""
    numbers = pieces(darker > least)
    amounts = np.bincount(numbers.ravel(), weights=darker.ravel())
    amounts[0] = 0
    rest = _without(amounts, _frames, numbers, extents(numbers))
    return darker if rest is amounts else np.where((rest < amounts)[numbers], 0, darker)


def _no_ink() -> DataError:
    return DataError("no ink found: expected a digit that stands out from its paper, dark on light or light on dark")
