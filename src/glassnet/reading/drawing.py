"""A drawing or photo of a digit, brought into the form of the digits that networks learn from.

A network reads only what looks like its examples: the same size, the same place, the same ink. This is the only copy of
the knowledge of how MNIST and the UCI digits were made.
"""

import math
from collections.abc import Callable

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.ink import find_ink
from glassnet.reading.pieces import depth, extent, pen_width

SIDE, BOX = 28, 20  # an MNIST image, and the longer side of the digit in it
CENTRE = 14.0  # the row and column, counted from 0, of the centre of mass in an MNIST image
OFF_CENTRE = 0.53  # pixels: none of the 70,000 is further off, up or down
MNIST_SIDES = (19, 20)  # 16 of the 70,000 have a longer side of 19 pixels
USUAL_PENS = (1.2, 4.7)  # pixels: only one MNIST digit in a hundred has thinner strokes, and one has thicker ones
THIN, THICK = 1.5, 4.0  # five in a hundred have thinner strokes, and five have thicker ones
BLOT = 9.0  # pixels: a disc's strokes are 13 wide, those of the fattest of 2,200 MNIST digits 6.7
FINE = 8  # pixels to one of MNIST's, where strokes are measured
HEIGHT, WIDTH = 32, 20  # a UCI digit before it is counted in blocks, at most so wide
LEAST_DIGIT = 250  # inked pixels of 32x32: nine in ten UCI digits have from 260 to 370
FAINT = 0.15  # of full ink: what is weaker is an edge


def to_mnist(drawing: Array) -> Array:
    """One digit on paper as MNIST's makers would have stored it, light on dark.

    They scaled a digit, keeping its shape, to 20 pixels on its longer side, which makes its edges grey, and put it into
    28x28 pixels with its centre of mass in the middle (LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning
    applied to document recognition", section III-A). A digit so lopsided that this would cut it lies at the edge.

    Args:
        drawing: grey values (H, W), uint8, dark on light or light on dark. 28x28 pixels in MNIST's form already, light
            on black, come back untouched.

    Returns:
        (28, 28) uint8; 0 is paper, 255 is ink.

    Raises:
        DataError: not an array of grey values, no ink to be seen, a blot, or more than one digit.
    """
    if _is_mnist(drawing):
        return drawing
    ink = _with_mnist_pen(find_ink(drawing))
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    small = _scaled(ink, height, width)
    page = np.zeros((SIDE, SIDE), np.uint8)
    row, column = centre_of_mass(small)
    top = min(max(round(CENTRE - row), 0), SIDE - height)
    left = min(max(round(CENTRE - column), 0), SIDE - width)
    page[top : top + height, left : left + width] = (small * 255).round()
    return page


def to_digits(drawing: Array) -> Array:
    """One digit on paper as the makers of the UCI digits (scikit-learn's) would have stored it.

    They took NIST's routines, which set a digit upright, scale it to 32 pixels in height and at most 20 in width, put
    it in the middle of 32x32 pixels that are inked or not, and thicken it if too few of them are; then they counted the
    inked pixels in blocks of 4x4 (Garris and others 1994, "NIST Form-Based Handprint Recognition System", NISTIR 5469).
    The widths and amounts of ink here are measured on the digits themselves.

    Args:
        drawing: as for `to_mnist`. 8x8 pixels are taken for such a digit, its counts scaled to 0..255.

    Returns:
        (8, 8) uint8 from 0 (paper) to 16 (ink).

    Raises:
        DataError: not an array of grey values, no ink to be seen, or more than one digit.
    """
    if drawing.shape == (8, 8) and drawing.dtype == np.uint8:
        return (drawing * (16 / 255)).round().astype(np.uint8)
    ink = _upright(find_ink(drawing))
    width = min(WIDTH, max(1, round(HEIGHT * ink.shape[1] / ink.shape[0])))
    left = (HEIGHT - width) // 2
    bitmap = np.zeros((HEIGHT, HEIGHT), bool)
    bitmap[:, left : left + width] = _scaled(ink, HEIGHT, width) > 0.5
    while bitmap.sum() < LEAST_DIGIT:
        bitmap = _thickened(bitmap)
    return bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3)).astype(np.uint8)


def form_for(shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """What makes examples of this shape of drawings: `to_mnist` where they have 784 pixels, `to_digits` for 64.

    Raises:
        DataError: examples of another size.
    """
    forms = {SIDE * SIDE: to_mnist, 8 * 8: to_digits}
    size = math.prod(shape)
    if size not in forms:
        raise DataError(f"this model takes examples of shape {shape}, not pictures of digits")
    return forms[size]


def resize(values: Array, height: int, width: int) -> Array:
    """Values (H, W) as (height, width): means over areas where it shrinks, straight lines between where it grows."""
    return _weights(height, values.shape[0]) @ values @ _weights(width, values.shape[1]).T


def centre_of_mass(ink: Array) -> tuple[float, float]:
    """The row and column, counted from 0, of the centre of mass of ink (H, W)."""
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)
    row, column = (line @ np.arange(len(line)) / line.sum() for line in (rows, columns))
    return float(row), float(column)


def _is_mnist(drawing: Array) -> bool:
    """28x28 pixels, most of them black, with a digit of MNIST's size where MNIST has it."""
    if drawing.shape != (SIDE, SIDE) or drawing.dtype != np.uint8:
        return False
    if drawing.max() <= 127 or np.count_nonzero(drawing) > drawing.size / 2:
        return False
    longer = max(side.stop - side.start for side in extent(drawing))
    return longer in MNIST_SIDES and max(abs(place - CENTRE) for place in centre_of_mass(drawing)) <= OFF_CENTRE


def _with_mnist_pen(ink: Array) -> Array:
    """The ink (H, W), its strokes made thicker or thinner if MNIST's are; larger, so that their edges stay smooth.

    Each side of a stroke is moved by d pixels. The digit's longer side L grows with it, so for strokes that are w wide
    and shall be p of 20 once the digit is scaled: w + 2d = p (L + 2d) / 20.
    """
    scale = FINE * BOX / max(ink.shape)
    smooth = resize(ink, *(max(1, round(side * scale)) for side in ink.shape))
    room = FINE * BOX // 8
    inked = np.pad(smooth > 0.5, room)
    width = pen_width(inked) / FINE
    if width > BLOT:
        raise DataError("a blot to be seen, and no strokes: expected a digit, written or drawn")
    if not width or USUAL_PENS[0] <= width <= USUAL_PENS[1]:
        return ink
    pen = min(max(width, THIN), THICK)
    move = FINE * (pen - width) / 2 / (1 - pen / BOX)
    outside = depth(np.pad(~inked, room, constant_values=True))[room:-room, room:-room]  # not from the picture's border
    height = depth(inked) - outside
    moved = np.clip(height + move + 0.5, 0, 1)
    return moved[extent(moved > 0)]


def _scaled(ink: Array, height: int, width: int) -> Array:
    """Ink (height, width) from 0 to 1; a pen so thin that it fills no pixel counts as one that does.

    A tenth of the inked pixels are made full. In MNIST at least so many are white.
    """
    small = resize(ink, height, width)
    return np.minimum(small / np.quantile(small[small > FAINT * small.max()], 0.9), 1)


def _thickened(bitmap: Array) -> Array:
    """The bitmap (H, W) with each inked pixel's neighbours above, below and beside it inked too."""
    padded = np.pad(bitmap, 1)
    tall, wide = padded[:-2, 1:-1] | padded[2:, 1:-1], padded[1:-1, :-2] | padded[1:-1, 2:]
    return bitmap | tall | wide


def _upright(ink: Array) -> Array:
    """The ink (H, W) with its slant taken out, cut to what is inked: its rows are pushed sideways."""
    height, width = ink.shape
    row, column = centre_of_mass(ink)
    y, x = np.arange(height) - row, np.arange(width) - column
    slant = float(y @ ink @ x) / max(float(y**2 @ ink.sum(axis=1)), 1e-9)
    shifts = slant * y
    least, most = math.floor(shifts.min()), math.ceil(shifts.max())
    places = np.arange(least, width + most)
    rows = [
        np.interp(places + shift, np.arange(width), line, left=0, right=0)
        for line, shift in zip(ink, shifts, strict=True)
    ]
    straight = np.stack(rows)
    return straight[extent(straight > FAINT)]


def _weights(new: int, old: int) -> Array:
    """The share of each old pixel in each new one (new, old): by overlap, over a window of at least one old pixel."""
    window = max(old / new, 1.0)
    centres = (np.arange(new)[:, None] + 0.5) * (old / new)
    left = np.arange(old)[None, :]
    overlap = np.minimum(left + 1, centres + window / 2) - np.maximum(left, centres - window / 2)
    overlap = np.maximum(overlap, 0)
    return overlap / overlap.sum(axis=1, keepdims=True)
