"""Finds the ink on a page, and removes the paper, shadows, printed lines and dirt.

The paper is estimated as the page without everything that is darker than it and narrower than the widest pen.
"""

import math

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.digit import no_ink, only_the_digit, without_frames
from glassnet.reading.pale import evened, without_pattern
from glassnet.reading.pieces import depth, extent, highest, lowest
from glassnet.reading.ruled import without_box, without_lines
from glassnet.reading.sheet import around_a_canvas, around_a_sheet
from glassnet.reading.steps import Steps

LOOK = 250  # pictures of more than 250x250 pixels are first examined at a smaller size
LOOK_AT_PAGES = 1000  # the same, for pages of numbers
WIDEST_PEN = 0.45  # of the shorter side of the picture
WINDOW = 1.5  # times the largest pen width found: paper is wider than that
ALONG_THE_BORDER = 0.45  # of the grey inside: darker pixels at the border are a stroke, not a shadow
LEAST_CONTRAST = 0.1  # ink is darker than the paper by at least this share of the paper's grey
FINE = 40  # pixels: in pictures with a shorter side, strokes are about as fine as noise
LEAST_SIDE = 3  # pixels: the shorter side of a stroke with paper on both sides
CLEAR = 5  # standard deviations of the noise: stronger pixels are ink
FAINT = 0.15  # of the strength of the ink: weaker pixels are paper
DARKEST_PAPER = 0.25  # of the lightest grey: shares of darker paper would be mostly noise


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
        raise no_ink()  # empty, or only a line of pixels
    steps = steps or Steps()
    return _zoom(steps.take("dark paper", _dark_on_light, drawing, steps), steps)


def find_page(drawing: Array, steps: Steps) -> tuple[Array, tuple[int, int], int]:
    """The ink of a whole page, with all that stands on it.

    Args:
        drawing: grey values (H, W), uint8.   steps: takes the steps of cleaning.

    Returns:
        (h, w) float64 from 0 (paper) to 1 (ink); the row and the column of the drawing where it begins; and the side of
        the square blocks of the drawing's pixels that became one of its pixels.

    Raises:
        DataError: no ink.
    """
    if min(drawing.shape) < max(_shrinking(drawing), LEAST_SIDE):
        raise no_ink()
    drawing = steps.take("dark paper", _dark_on_light, drawing, steps)
    top = left = 0
    while True:
        step = _shrinking(drawing, LOOK_AT_PAGES)
        grey = _shrunk(drawing, step).astype(np.float32)  # a large page takes less time and memory so
        ink = _without_paper(grey, steps)
        rows, columns = extent(ink > 0)
        room = 8
        above, before = max(rows.start - room, 0) * step, max(columns.start - room, 0) * step
        closer = drawing[above : (rows.stop + room) * step, before : (columns.stop + room) * step]
        if _shrinking(closer, LOOK_AT_PAGES) == step:
            return ink, (top, left), step
        drawing, top, left = closer, top + above, left + before


def _zoom(drawing: Array, steps: Steps, top: int = 0, left: int = 0) -> Array:
    """The ink of a drawing, dark on light: found at a small size first, then in the part around it at a larger size.

    The drawing is the part of the picture that begins at this row and column.
    """
    step = _shrinking(drawing)
    ink = only_the_digit(_without_paper(_shrunk(drawing, step), steps), steps)
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


def _shrinking(drawing: Array, look: int = LOOK) -> int:
    """The side of the square blocks of pixels that become one pixel, so that at most look x look remain."""
    return max(1, math.ceil(math.sqrt(drawing.size) / look))


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
    darker = steps.take("frame", without_frames, darker, least)  # before a line of it is removed
    darker = steps.take("box", without_box, darker, least)
    darker = steps.take("lines", without_lines, darker, least)
    darker = steps.take("pattern", without_pattern, evened(darker, least), darker, least)
    inked = darker[darker > least]
    strength = float(np.quantile(inked, 0.75)) if inked.size else 0.0
    if strength < LEAST_CONTRAST:
        raise no_ink()
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
    for _ in range(3):
        slope = np.maximum(_quadratic(sloping), darkest)
        sloping = np.maximum(_closed(grey / slope, window) * slope, darkest)
    return np.minimum(paper, sloping)


def _quadratic(values: Array) -> Array:
    """The polynomial of degree 2 in row and column that is closest to values (H, W): the least squares, (H, W).

    A sum of y^a x^b over all pixels is a sum over rows times a sum over columns, so no term is computed pixel by pixel.
    """
    y, x = (np.linspace(-1, 1, side)[:, None] ** np.arange(5) for side in values.shape)  # (H, 5), (W, 5)
    a, b = np.array([(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]).T  # the powers in each term
    products = y.sum(axis=0)[a + a[:, None]] * x.sum(axis=0)[b + b[:, None]]
    factors = np.zeros((3, 3))
    factors[a, b] = np.linalg.lstsq(products, (y[:, :3].T @ values @ x[:, :3])[a, b], rcond=None)[0]
    return (y[:, :3] @ factors @ x[:, :3].T).astype(values.dtype)


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
    step = _shrinking(grey)
    if step > 1 and _surroundings(_shrunk(grey, step)) is None:
        return grey
    surroundings = _surroundings(grey)
    return grey if surroundings is None else np.where(surroundings, np.median(grey[~surroundings]), grey)


def _surroundings(grey: Array) -> Array | None:
    """A mask (H, W) of what lies around a canvas or a sheet of paper; None if there is none."""
    canvas = around_a_canvas(grey)
    return around_a_sheet(grey) if canvas is None else canvas


def _widest_pen(grey: Array) -> int:
    return math.ceil(WIDEST_PEN * min(grey.shape))


def _smoothed(grey: Array) -> Array:
    """The mean of each pixel with its eight neighbours (H, W); of a small picture, itself."""
    if min(grey.shape) < FINE:
        return grey
    padded = np.pad(grey, 1, mode="edge")
    tall = padded[:-2] + padded[1:-1] + padded[2:]
    return (tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]) / 9
