"""Converts a drawing or photo of a digit into the form of the training digits.

A network reads only digits that look like its examples: the same size, the same place, the same ink. This module knows
how MNIST and the UCI digits were made.
"""

import math
from collections.abc import Callable

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.ink import find_ink
from glassnet.reading.pieces import depth, extent, pen_width
from glassnet.reading.steps import Steps

SIDE, BOX = 28, 20  # pixels: the side of an MNIST image, and the longer side of the digit in it
CENTRE = 14.0  # the row and column, counted from 0, of the centre of mass in an MNIST image
OFF_CENTRE = 0.53  # pixels: the largest distance of the centre of mass from CENTRE in the 70,000 images, up or down
MNIST_SIDES = (19, 20)  # 16 of the 70,000 digits have a longer side of 19 pixels
USUAL_PENS = (1.2, 4.7)  # pixels: only 1 % of the MNIST digits have thinner strokes, and 1 % thicker ones
THIN, THICK = 1.5, 4.0  # pixels: 5 % have thinner strokes, and 5 % thicker ones
BLOT = 9.0  # pixels: the pen width of a disc is 13, that of the thickest of 2,200 MNIST digits 6.7
LEAST_BLOT = 143  # pixels: those of the disc with that pen width, the smallest shape that has it; to count is quicker
FINE = 8  # strokes are measured at this number of pixels per MNIST pixel
HEIGHT, WIDTH = 32, 20  # pixels: height and largest width of a UCI digit before its blocks are counted
LEAST_DIGIT = 250  # inked pixels of 32x32: nine in ten UCI digits have from 260 to 370
DECIMALS = 12  # of resized values and of a slant: what is further behind is an error of rounding
FAINT = 0.15  # of full ink: weaker pixels belong to the edge of a stroke


def to_mnist(drawing: Array, steps: Steps | None = None) -> Array:
    """One digit on paper in the form of MNIST, light on dark.

    The makers of MNIST scaled a digit to 20 pixels on its longer side, keeping its shape; this makes its edges grey.
    They put it into 28x28 pixels with its centre of mass in the middle (LeCun, Bottou, Bengio and Haffner 1998,
    "Gradient-based learning applied to document recognition", section III-A). A digit so lopsided that this would cut
    it off is moved to the edge instead.

    Args:
        drawing: grey values (H, W), uint8, dark on light or light on dark. 28x28 pixels that are already in MNIST's
            form, light on black, are returned unchanged.

    Returns:
        (28, 28) uint8; 0 is paper, 255 is ink.

    Raises:
        DataError: not an array of grey values, no ink, a blot, or more than one digit.
    """
    if _is_mnist(drawing):
        return drawing
    steps = steps or Steps()
    return on_a_page(find_ink(drawing, steps), steps)


def on_a_page(ink: Array, steps: Steps) -> Array:
    """The ink of a digit (h, w), from 0 to 1 and cropped, in the form of MNIST: (28, 28) uint8.

    Raises:
        DataError: it is a blot.
    """
    small = _small(ink)  # refuses a blot, before its strokes are made thinner
    usual = steps.take("pen", _with_mnist_pen, ink)
    if usual is not ink:
        small = _small(usual)
    height, width = small.shape
    row, column = centre_of_mass(small)
    page = np.zeros((SIDE, SIDE), np.uint8)
    top = min(max(round(CENTRE - row), 0), SIDE - height)
    left = min(max(round(CENTRE - column), 0), SIDE - width)
    page[top : top + height, left : left + width] = (small * 255).round()
    return page


def to_digits(drawing: Array, steps: Steps | None = None) -> Array:
    """One digit on paper in the form of the UCI digits (scikit-learn's).

    Their makers used NIST's routines. These remove the slant of a digit, scale it to 32 pixels in height and at most 20
    in width, centre it in 32x32 pixels that are either inked or not, and thicken it if too few pixels are inked. Then
    the inked pixels in blocks of 4x4 are counted (Garris and others 1994, "NIST Form-Based Handprint Recognition
    System", NISTIR 5469). The widths and amounts of ink here were measured on the digits themselves.

    Args:
        drawing: as for `to_mnist`. 8x8 pixels are taken as such a digit with its counts scaled to 0..255.

    Returns:
        (8, 8) uint8 from 0 (paper) to 16 (ink).

    Raises:
        DataError: not an array of grey values, no ink, or more than one digit.
    """
    if drawing.shape == (8, 8) and drawing.dtype == np.uint8:
        return (drawing * (16 / 255)).round().astype(np.uint8)
    ink = _upright(find_ink(drawing, steps))
    width = min(WIDTH, max(1, round(HEIGHT * ink.shape[1] / ink.shape[0])))
    left = (HEIGHT - width) // 2
    bitmap = np.zeros((HEIGHT, HEIGHT), bool)
    bitmap[:, left : left + width] = _scaled(ink, HEIGHT, width) > 0.5
    while bitmap.sum() < LEAST_DIGIT:
        bitmap = _thickened(bitmap)
    return bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3)).astype(np.uint8)


def form_for(shape: tuple[int, ...]) -> Callable[..., Array]:
    """The function that converts drawings to examples of this shape: `to_mnist` for 784 pixels, `to_digits` for 64.

    Raises:
        DataError: the examples have another size.
    """
    forms = {SIDE * SIDE: to_mnist, 8 * 8: to_digits}
    size = math.prod(shape)
    if size not in forms:
        raise DataError(f"this model takes examples of shape {shape}, not pictures of digits")
    return forms[size]


def resize(values: Array, height: int, width: int) -> Array:
    """Resize values (H, W) to (height, width): by means over areas to shrink, by linear interpolation to enlarge.

    They are rounded, so that a limit that one just meets does not depend on the order of additions.
    """
    return (_weights(height, values.shape[0]) @ values @ _weights(width, values.shape[1]).T).round(DECIMALS)


def centre_of_mass(ink: Array) -> tuple[float, float]:
    """The row and column, counted from 0, of the centre of mass of ink (H, W)."""
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)
    row, column = ((line * np.arange(len(line))).sum() / line.sum() for line in (rows, columns))
    return float(row), float(column)


def _is_mnist(drawing: Array) -> bool:
    """Whether this is in MNIST's form: 28x28 pixels, most of them black, the digit with MNIST's size and place."""
    if drawing.shape != (SIDE, SIDE) or drawing.dtype != np.uint8:
        return False
    if drawing.max() <= 127 or np.count_nonzero(drawing) > drawing.size / 2:
        return False
    longer = max(side.stop - side.start for side in extent(drawing))
    return longer in MNIST_SIDES and max(abs(place - CENTRE) for place in centre_of_mass(drawing)) <= OFF_CENTRE


def _small(ink: Array) -> Array:
    """The ink (H, W), scaled to 20 pixels on its longer side.

    Raises:
        DataError: it is a blot.
    """
    scale = BOX / max(ink.shape)
    small = _scaled(ink, *(max(1, round(side * scale)) for side in ink.shape))
    inked = small > 0.5
    if inked.sum() >= LEAST_BLOT and pen_width(inked) > BLOT:
        raise DataError("found a blot, not strokes: expected a digit, written or drawn")
    return small


def _with_mnist_pen(ink: Array) -> Array:
    """The ink (H, W) with strokes as thick as MNIST's. If they change, the ink is enlarged, to keep its edges smooth.

    Each side of a stroke moves by d pixels, so the digit's longer side L grows by 2d. For strokes of width w that
    should have width p when the digit is scaled to 20 pixels: w + 2d = p (L + 2d) / 20.
    """
    scale = FINE * BOX / max(ink.shape)
    smooth = resize(ink, *(max(1, round(side * scale)) for side in ink.shape))
    width = pen_width(smooth > 0.5) / FINE
    if not width or USUAL_PENS[0] <= width <= USUAL_PENS[1]:
        return ink
    pen = min(max(width, THIN), THICK)
    move = FINE * (pen - width) / 2 / (1 - pen / BOX)
    room = FINE * BOX // 8
    inked = np.pad(smooth > 0.5, room)
    outside = depth(np.pad(~inked, room, constant_values=True))[room:-room, room:-room]  # padded: no border effect
    height = depth(inked) - outside
    moved = np.clip(height + move + 0.5, 0, 1)
    return moved[extent(moved > 0)]


def _scaled(ink: Array, height: int, width: int) -> Array:
    """Scale ink to (height, width), from 0 to 1, so that a tenth of the inked pixels get the value 1.

    In MNIST at least a tenth are white. So a pen too thin to fill a pixel also gives full ink.
    """
    small = resize(ink, height, width)
    inked = np.sort(small[small > FAINT * small.max()])
    white = np.interp(0.9 * (len(inked) - 1), np.arange(len(inked)), inked)  # as np.quantile, much faster
    return np.minimum(small / white, 1)


def _thickened(bitmap: Array) -> Array:
    """The bitmap (H, W) with the four neighbours of each inked pixel inked too."""
    padded = np.pad(bitmap, 1)
    tall, wide = padded[:-2, 1:-1] | padded[2:, 1:-1], padded[1:-1, :-2] | padded[1:-1, 2:]
    return bitmap | tall | wide


def _upright(ink: Array) -> Array:
    """The ink (H, W) without its slant, cropped to the inked part: its rows are shifted sideways."""
    height, width = ink.shape
    row, column = centre_of_mass(ink)
    y, x = np.arange(height) - row, np.arange(width) - column
    slant = round(float(y @ ink @ x) / max(float(y**2 @ ink.sum(axis=1)), 1e-9), DECIMALS)
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
    """The weight of each old pixel in each new one (new, old): its overlap with a window of at least one old pixel."""
    window = max(old / new, 1.0)
    centres = (np.arange(new)[:, None] + 0.5) * (old / new)
    left = np.arange(old)[None, :]
    overlap = np.minimum(left + 1, centres + window / 2) - np.maximum(left, centres - window / 2)
    overlap = np.maximum(overlap, 0)
    return overlap / overlap.sum(axis=1, keepdims=True)
