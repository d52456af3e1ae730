"""Finding the ink on a page: what is neither paper nor light nor printed line nor dirt.

Paper is what a page would be if there were nothing on it darker than it and narrower than the widest pen.
"""

import math

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.pieces import depth, extent, extents, highest, longer_side, lowest, pieces
from glassnet.reading.ruled import without_lines
from glassnet.reading.sheet import around_a_sheet

LOOK = 250  # pictures of more than 250x250 pixels are looked at made smaller
AMONG_DIGITS, AS_LONG = 0.2, 0.7  # of the largest piece's ink is in another digit, and of its longer side
MANY = 20  # pieces as large as the largest are no row of digits
BESIDE, ABOVE = 0.02, 0.25  # of the longest digit's longer side is between digits; the bar of a broken 5 lies above it
WIDEST_PEN = 0.45  # of the shorter side of the picture
WINDOW = 1.5  # times the widest place of the pen that was seen: paper is wider
ALONG_THE_BORDER = 0.45  # of the grey inside: what is darker at the border is a stroke, not a shadow
LEAST_CONTRAST = 0.1  # by what share of the paper's grey the ink is darker
FINE = 40  # pixels: in pictures with a shorter side strokes are about as fine as noise
MUCH_DARKER = 2  # times as dark as a pattern on the paper is the ink
SPECK = 0.05  # of the longer side of the picture: a smaller piece is not the digit on a pattern
LEAST_INK = 4  # pixels
CLEAR = 5  # standard deviations of the noise: what is stronger is ink
FAINT = 0.15  # of the strength of the ink: what is weaker is paper
LESSER = 0.5  # of the ink of a piece inside the picture is in what reaches into it from outside
ALONGSIDE = 0.4  # of its longer side a piece lies along the border that is not the digit
LEAST_DIGIT = 0.05  # of all ink; else what was taken for a frame is the digit
DUST = 0.05  # a piece with less than this share of the largest piece's ink is dirt
DARKEST_PAPER = 64  # on darker paper shares of its grey would be mostly noise

Boxes = dict[int, tuple[slice, slice]]  # the rows and the columns of each piece, by its number


def find_ink(drawing: Array) -> Array:
    """The ink of a drawing, cut out: without its paper, the light on it, its noise and dirt.

    Args:
        drawing: grey values (H, W), uint8.

    Returns:
        (h, w) float64 from 0 (paper) to 1 (ink), no border; of a large drawing, made smaller.

    Raises:
        DataError: not an array of grey values, no ink to be seen, or more than one digit.
    """
    if drawing.ndim != 2 or drawing.dtype != np.uint8:
        raise DataError(f"expected grey values (H, W), uint8, got {drawing.dtype} of shape {drawing.shape}")
    step = _shrinking(drawing)
    if min(drawing.shape) < step:
        raise _no_ink()  # nothing, or a line
    return _look(255 - drawing if _is_light_on_dark(_shrunk(drawing, step)) else drawing)


def _look(drawing: Array) -> Array:
    """The ink of a drawing, dark on light: seen from afar, then from as close by as its size lets one come."""
    step = _shrinking(drawing)
    ink = _only_the_digit(_without_paper(_shrunk(drawing, step)))
    rows, columns = extent(ink)
    room = max(rows.stop - rows.start, columns.stop - columns.start) // 4 + 2  # paper to be seen all around
    closer = drawing[
        max(rows.start - room, 0) * step : (rows.stop + room) * step,
        max(columns.start - room, 0) * step : (columns.stop + room) * step,
    ]
    return _look(closer) if _shrinking(closer) < step else ink[rows, columns]


def _shrinking(drawing: Array) -> int:
    """How many pixels a side are looked at as one."""
    return max(1, math.ceil(math.sqrt(drawing.size) / LOOK))


def _shrunk(drawing: Array, step: int) -> Array:
    """The means of blocks of step x step pixels (H // step, W // step), float64."""
    height, width = (side // step for side in drawing.shape)
    rows = drawing[: height * step, : width * step].reshape(height, step, width * step).sum(axis=1, dtype=np.uint32)
    return rows.reshape(height, width, step).sum(axis=2) / step**2


def _without_paper(grey: Array) -> Array:
    """Ink (H, W) from 0 to 1, with its dirt: by what share it is darker than the paper around it.

    The paper is first what is wider than the widest pen, then what is wider than the pen that was seen: the closer it
    follows the page, the less of a shadow's edge is taken for ink.
    """
    table = around_a_sheet(grey)
    if table is not None:
        grey = np.where(table, np.median(grey[~table]), grey)
    widest = _widest_pen(grey)
    ink = _inked(grey, widest)
    pen = depth(ink > 0)
    closer = max(12, math.ceil(WINDOW * 2 * float(np.quantile(pen[pen > 0], 0.99))) + 2)
    return _inked(grey, closer) if closer < 0.7 * widest else ink


def _inked(grey: Array, window: int) -> Array:
    """Ink (H, W) from 0 to 1 on light paper, narrower than the window."""
    smooth = _smoothed(grey)
    paper = _paper(smooth, window)
    if smooth is not grey:
        paper = lowest(paper, 3)  # smoothing made the dark side of a shadow's edge too light
    darker, noise = _darker(grey, paper)
    if CLEAR * noise > FAINT:
        darker, noise = _darker(smooth, paper)
    least = max(LEAST_CONTRAST / 2, CLEAR * noise)
    darker = _without_pattern(without_lines(darker, least), least)
    inked = darker[darker > least]
    strength = float(np.quantile(inked, 0.75)) if inked.size else 0.0
    if strength < LEAST_CONTRAST:
        raise _no_ink()
    darker[darker < max(CLEAR * noise, FAINT * strength)] = 0
    return np.minimum(darker / strength, 1)


def _without_pattern(darker: Array, least: float) -> Array:
    """The same (H, W) without what is pale and away from the ink, if there is more of it than of ink.

    Such are lines that bend, a printed pattern, a coarse cloth. Less of it may be a stroke of a light hand.
    """
    inked = darker > least
    if not inked.any():
        return darker
    strong = inked & (darker > _split(darker[inked]))
    pale = inked & ~(highest(strong.astype(float), 5) > 0)
    if pale.sum() <= strong.sum() or np.median(darker[strong]) < MUCH_DARKER * np.median(darker[pale]):
        return darker
    numbers = pieces(strong)
    largest = extent(numbers == np.bincount(numbers[strong]).argmax())
    if longer_side(largest) < SPECK * max(darker.shape):
        return darker
    return np.where(pale, 0, darker)


def _split(values: Array) -> float:
    """The value between the two groups that differ most from each other (Otsu 1979, equation 18)."""
    counts, edges = np.histogram(values, 64, range=(0.0, float(values.max())))
    middles = (edges[1:] + edges[:-1]) / 2
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[::-1][1:]
    sums = np.cumsum(counts * middles)
    means_apart = (sums[-1] - sums[:-1]) / np.maximum(above, 1) - sums[:-1] / np.maximum(below, 1)
    return float(edges[1:-1][np.argmax(below * above * means_apart**2)])


def _darker(grey: Array, paper: Array) -> tuple[Array, float]:
    """By what share the grey is darker than the paper (H, W), and one standard deviation of that where no ink is."""
    darker = 1 - grey / paper
    clear = darker[darker <= max(darker.max() / 2, darker.min())]
    zero = float(np.median(clear))  # above 0, for the paper is taken from the highest of its noise
    return darker - zero, 1.5 * float(np.median(np.abs(clear - zero)))


def _paper(grey: Array, window: int) -> Array:
    """The grey the paper would have (H, W) if there were no ink on it, darker than it and narrower than the window.

    The highest around each pixel, and of that the lowest around, covers the ink and leaves steps of light as they are.
    On slopes it is too high near the border; so it is also done with the slopes taken out, and the lower of both holds.
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in grey.shape), indexing="ij")
    terms = np.stack([np.ones(y.shape), y, x, y * y, y * x, x * x], axis=-1).reshape(-1, 6)
    paper = sloping = np.maximum(_closed(grey, window), DARKEST_PAPER)
    for _ in range(3):
        factors = np.linalg.lstsq(terms.T @ terms, terms.T @ sloping.ravel(), rcond=None)[0]
        slope = np.maximum((terms @ factors).reshape(grey.shape), DARKEST_PAPER)
        sloping = np.maximum(_closed(grey / slope, window) * slope, DARKEST_PAPER)
    return np.minimum(paper, sloping)


def _closed(grey: Array, window: int) -> Array:
    """The highest around each pixel, and of that the lowest around, as if the page went on beyond the picture.

    It goes on as light as at the border or, where a dark stroke lies along the border, as light as inside of it.
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


def _is_light_on_dark(grey: Array) -> bool:
    """Whether a sheet is dark, or most pixels around the ink, above all at the border, are near the darkest there."""
    if around_a_sheet(grey) is not None:
        return False
    if around_a_sheet(255 - grey) is not None:
        return True
    smooth, window = _smoothed(grey), _widest_pen(grey)
    high, low = highest(smooth, window), lowest(smooth, window)
    contrast = high - low
    votes = np.where(contrast > 0.5 * contrast.max(), np.sign(2 * smooth - high - low), 0)
    edge = max(1, min(grey.shape) // 16)
    votes[edge:-edge, edge:-edge] /= 4
    return bool(votes.sum() < 0)


def _widest_pen(grey: Array) -> int:
    return math.ceil(WIDEST_PEN * min(grey.shape))


def _smoothed(grey: Array) -> Array:
    """The mean of each pixel with its eight neighbours (H, W); of a small picture, itself."""
    if min(grey.shape) < FINE:
        return grey
    padded = np.pad(grey, 1, mode="edge")
    tall = padded[:-2] + padded[1:-1] + padded[2:]
    return (tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]) / 9


def _only_the_digit(ink: Array) -> Array:
    """Only the pieces of ink that are large enough to belong to the digit, and lie where digits lie.

    Left out are specks, what runs along the border of the picture, and a frame around the rest.
    """
    numbers = pieces(ink > 0)
    amounts = np.bincount(numbers.ravel(), weights=ink.ravel())
    amounts[0] = 0
    if amounts.max() < LEAST_INK:
        raise _no_ink()
    boxes = extents(numbers)
    for surroundings in (_along_the_border, _frames):
        without = amounts.copy()
        without[surroundings(numbers, amounts, boxes)] = 0
        if without.max() >= max(LEAST_INK, LEAST_DIGIT * amounts.sum()):
            amounts = without
    count = count_digits(amounts, boxes)
    if count > MANY:
        raise DataError(f"more than {MANY} things to be seen: expected one digit; cut it out of the picture")
    if count > 1:
        raise DataError(f"{count} digits to be seen, side by side or one above the other: expected one; cut them apart")
    return np.where((amounts >= DUST * amounts.max())[numbers] & (numbers > 0), ink, 0)


def count_digits(amounts: Array, boxes: Boxes) -> int:
    """How many digits the pieces are, if each but the largest is large too and lies well apart.

    By these bounds 8 of MNIST's 70,000 digits, which are broken, would be two.
    """
    large = amounts >= AMONG_DIGITS * amounts.max()
    alike = [box for number, box in boxes.items() if large[number]]
    longest = max(longer_side(box) for box in alike)
    alike = [box for box in alike if longer_side(box) >= AS_LONG * longest]
    if len(alike) > MANY:
        return len(alike)  # whether some touch makes no difference
    digits: list[list[tuple[slice, slice]]] = []
    for box in alike:
        near = [digit for digit in digits if not all(_are_apart(box, other, longest) for other in digit)]
        digits = [digit for digit in digits if digit not in near] + [
            [box, *(other for digit in near for other in digit)]
        ]
    return len(digits)


def _are_apart(a: tuple[slice, slice], b: tuple[slice, slice], longest: int) -> bool:
    down, across = (max(one.start, other.start) - min(one.stop, other.stop) for one, other in zip(a, b, strict=True))
    return across >= BESIDE * longest or down >= ABOVE * longest


def _along_the_border(numbers: Array, amounts: Array, boxes: Boxes) -> list[int]:
    """The pieces that touch the border with much of their length, or hold less ink than another that does not touch it.

    The edge of a table, a shadow, a line; parts of the digits on both sides.
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
    """The large pieces of which nearly all lies along the sides of the rectangle around them."""
    found, least = [], DUST * amounts.max()
    for number, box in boxes.items():
        if amounts[number] < least:
            continue
        frame = numbers[box] == number
        side = max(2, min(frame.shape) // 8)
        if frame[side:-side, side:-side].sum() < 0.02 * frame.sum() and min(frame.shape) > 4 * side:
            found.append(number)
    return found


def _no_ink() -> DataError:
    return DataError(
        "no ink to be seen: expected a digit that stands out from its paper, dark on light or light on dark"
    )
