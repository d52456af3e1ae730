"""A drawing or photo of a digit, brought into the form of the digits that networks learn from.

A network reads only what looks like its examples: the same size, the same place, the same ink. This is the only copy of
the knowledge of how MNIST and the UCI digits were made.
"""

import math

import numpy as np

from glassnet.data.dataset import Array, DataError

SIDE, BOX = 28, 20  # an MNIST image, and the longer side of the digit in it
CENTRE = 14.0  # the row and column, counted from 0, of the centre of mass in an MNIST image
OFF_CENTRE = 0.53  # pixels: none of the 70,000 is further off, up or down
MNIST_SIDES = (19, 20)  # 16 of the 70,000 have a longer side of 19 pixels
HEIGHT, WIDTH = 32, 20  # a UCI digit before it is counted in blocks, at most so wide
LEAST_DIGIT = 250  # inked pixels of 32x32: nine in ten UCI digits have from 260 to 370
LOOK = 250  # pictures of more than 250x250 pixels are looked at made smaller
WIDEST_PEN = 0.35  # of the shorter side of the picture
LEAST_CONTRAST = 0.1  # by what share of the paper's grey the ink is darker
LEAST_INK = 4  # pixels
CLEAR = 5  # standard deviations of the noise: what is stronger is ink
FAINT = 0.15  # of the strength of the ink: what is weaker is paper
DUST = 0.05  # a piece with less than this share of the largest piece's ink is dirt
DARKEST_PAPER = 64  # on darker paper shares of its grey would be mostly noise


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
        DataError: not an array of grey values, or no ink to be seen.
    """
    if _is_mnist(drawing):
        return drawing
    ink = find_ink(drawing)
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
        DataError: not an array of grey values, or no ink to be seen.
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


def find_ink(drawing: Array) -> Array:
    """The ink of a drawing, cut out: without its paper, the light on it, its noise and dirt.

    Args:
        drawing: grey values (H, W), uint8.

    Returns:
        (h, w) float64 from 0 (paper) to 1 (ink), no border; of a large drawing, made smaller.

    Raises:
        DataError: not an array of grey values, or no ink to be seen.
    """
    if drawing.ndim != 2 or drawing.dtype != np.uint8:
        raise DataError(f"expected grey values (H, W), uint8, got {drawing.dtype} of shape {drawing.shape}")
    step = _shrinking(drawing)
    if min(drawing.shape) < step:
        raise _no_ink()  # nothing, or a line
    ink = _without_dirt(_without_paper(_shrunk(drawing, step)))
    rows, columns = _extent(ink)
    room = max(rows.stop - rows.start, columns.stop - columns.start) // 4 + 2  # paper to be seen all around
    closer = drawing[
        max(rows.start - room, 0) * step : (rows.stop + room) * step,
        max(columns.start - room, 0) * step : (columns.stop + room) * step,
    ]
    return find_ink(closer) if _shrinking(closer) < step else ink[rows, columns]


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
    longer = max(side.stop - side.start for side in _extent(drawing))
    return longer in MNIST_SIDES and max(abs(place - CENTRE) for place in centre_of_mass(drawing)) <= OFF_CENTRE


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


def _shrinking(drawing: Array) -> int:
    """How many pixels a side are looked at as one."""
    return max(1, math.ceil(math.sqrt(drawing.size) / LOOK))


def _shrunk(drawing: Array, step: int) -> Array:
    """The means of blocks of step x step pixels (H // step, W // step), float64."""
    height, width = (side // step for side in drawing.shape)
    rows = drawing[: height * step, : width * step].reshape(height, step, width * step).sum(axis=1, dtype=np.uint32)
    return rows.reshape(height, width, step).sum(axis=2) / step**2


def _without_paper(grey: Array) -> Array:
    """Ink (H, W) from 0 to 1, with its dirt: by what share it is darker than the paper around it."""
    window = math.ceil(WIDEST_PEN * min(grey.shape))
    smooth = _smoothed(grey)
    if _is_light_on_dark(smooth, window):
        grey, smooth = 255 - grey, 255 - smooth
    paper = _paper(smooth, window)
    darker, noise = _darker(grey, paper)
    if CLEAR * noise > FAINT:
        darker, noise = _darker(smooth, paper)
    inked = darker[darker > max(LEAST_CONTRAST / 2, CLEAR * noise)]
    strength = float(np.quantile(inked, 0.75)) if inked.size else 0.0
    if strength < LEAST_CONTRAST:
        raise _no_ink()
    darker[darker < max(CLEAR * noise, FAINT * strength)] = 0
    return np.minimum(darker / strength, 1)


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
    paper = sloping = np.maximum(_lowest(_highest(grey, window), window), DARKEST_PAPER)
    for _ in range(3):
        factors = np.linalg.lstsq(terms.T @ terms, terms.T @ sloping.ravel(), rcond=None)[0]
        slope = np.maximum((terms @ factors).reshape(grey.shape), DARKEST_PAPER)
        sloping = np.maximum(_lowest(_highest(grey / slope, window), window) * slope, DARKEST_PAPER)
    return np.minimum(paper, sloping)


def _is_light_on_dark(grey: Array, window: int) -> bool:
    """Whether around the ink most pixels, above all at the border, are closer to the darkest nearby."""
    highest, lowest = _highest(grey, window), _lowest(grey, window)
    contrast = highest - lowest
    votes = np.where(contrast > 0.5 * contrast.max(), np.sign(2 * grey - highest - lowest), 0)
    edge = max(1, min(grey.shape) // 16)
    votes[edge:-edge, edge:-edge] /= 4
    return bool(votes.sum() < 0)


def _smoothed(grey: Array) -> Array:
    """The mean of each pixel with its eight neighbours (H, W)."""
    padded = np.pad(grey, 1, mode="edge")
    tall = padded[:-2] + padded[1:-1] + padded[2:]
    return (tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]) / 9


def _highest(grey: Array, window: int) -> Array:
    """The highest value in a square of window x window around each pixel (H, W)."""
    around = [(window // 2, (window - 1) // 2), (0, 0)]
    for _ in ("down", "across"):
        grey = np.pad(grey, around, constant_values=-np.inf)
        seen = 1
        while seen < window:  # the highest of so many in a row is that of two shorter rows
            more = min(seen, window - seen)
            grey = np.maximum(grey[:-more], grey[more:])
            seen += more
        grey = grey.T
    return grey


def _lowest(grey: Array, window: int) -> Array:
    return -_highest(-grey, window)


def _without_dirt(ink: Array) -> Array:
    """Only the pieces of ink that are large enough to belong to the digit."""
    pieces = _pieces(ink > 0)
    amounts = np.bincount(pieces.ravel(), weights=ink.ravel())
    if amounts.max(initial=0) < LEAST_INK:
        raise _no_ink()
    return np.where((amounts >= DUST * amounts.max())[pieces], ink, 0)


def _pieces(mask: Array) -> Array:
    """A number for each connected piece of the mask (H, W), neighbours by side or corner; 0 outside.

    Each pixel starts as a piece with a number of its own. A piece that touches one of a higher number takes that.
    """
    number = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    flat = number.reshape(-1)
    while True:
        padded = np.pad(number, 1)
        tall = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        highest = np.maximum(np.maximum(tall[:, :-2], tall[:, 1:-1]), tall[:, 2:])
        touching = mask & (highest > number)
        if not touching.any():
            return number
        np.maximum.at(flat, number[touching] - 1, highest[touching])  # tell the pixel that gave the piece its number,
        number[mask] = flat[number[mask] - 1]  # and through it the whole piece


def _extent(ink: Array) -> tuple[slice, slice]:
    """The rows and the columns that hold ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


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
    return straight[_extent(straight > FAINT)]


def _weights(new: int, old: int) -> Array:
    """The share of each old pixel in each new one (new, old): by overlap, over a window of at least one old pixel."""
    window = max(old / new, 1.0)
    centres = (np.arange(new)[:, None] + 0.5) * (old / new)
    left = np.arange(old)[None, :]
    overlap = np.minimum(left + 1, centres + window / 2) - np.maximum(left, centres - window / 2)
    overlap = np.maximum(overlap, 0)
    return overlap / overlap.sum(axis=1, keepdims=True)


def _no_ink() -> DataError:
    return DataError(
        "no ink to be seen: expected a digit that stands out from its paper, dark on light or light on dark"
    )
