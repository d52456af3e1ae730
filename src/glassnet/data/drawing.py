"""A drawing of a digit as MNIST's makers would have stored it; the only copy of that knowledge.

They scaled each digit, keeping its shape, to 20 pixels on its longer side, with grey edges, and put it into 28x28
pixels so that the centre of mass of its ink is on pixel (14, 14), counted from 0 (LeCun et al. 1998, "Gradient-based
learning applied to document recognition", section III-A). A network that learned such pictures reads only such
pictures.
"""

import numpy as np

from glassnet.data.dataset import Array, DataError

SIDE, BOX = 28, 20
LEAST_CONTRAST = 24  # of 255: less than this between paper and ink is no drawing
FAINT, STRONG = 0.1, 0.3  # of the strongest ink: below is paper, above is surely ink
WORKING_SIZE = 1000  # larger pictures are first made smaller


def to_mnist(drawing: Array) -> Array:
    """Grey values (H, W) with one digit in them as (28, 28) uint8, white on black, placed as in MNIST.

    Light ink on dark and dark ink on light are told apart by the border. A picture that is in MNIST's form already
    (28x28, black all around) comes back as it is.

    Raises:
        DataError: no ink to be seen.
    """
    if drawing.shape == (SIDE, SIDE) and drawing.dtype == np.uint8 and _is_mnist(drawing):
        return drawing
    ink = _cropped(find_ink(drawing))
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    small = resize(ink, height, width)
    small = np.clip(small * (255 / max(float(small.max()), 1e-9)), 0, 255)
    rows, columns = np.arange(height), np.arange(width)
    mass = small.sum()
    top = round(SIDE / 2 - float((small.sum(axis=1) * rows).sum() / mass))
    left = round(SIDE / 2 - float((small.sum(axis=0) * columns).sum() / mass))
    top, left = (min(max(edge, 0), SIDE - size) for edge, size in ((top, height), (left, width)))
    page = np.zeros((SIDE, SIDE), np.uint8)
    page[top : top + height, left : left + width] = small.round()
    return page


def to_digits(drawing: Array) -> Array:
    """Grey values (H, W) with one digit in them as (8, 8) uint8 from 0 to 16, as the UCI digits were made.

    The ink is fitted into 32x32 pixels that are inked or not, and those are counted in blocks of 4x4.

    Raises:
        DataError: no ink to be seen.
    """
    if drawing.shape == (8, 8):
        return (drawing.astype(float) * 16 / 255).round().astype(np.uint8)
    bitmap = resize(_cropped(find_ink(drawing)), 32, 32) > 0.5
    return bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3)).astype(np.uint8)


def find_ink(drawing: Array) -> Array:
    """Where the ink is, from 0 (paper) to 1, with the paper's noise removed.

    Raises:
        DataError: no ink to be seen.
    """
    grey = drawing.astype(np.float64)
    if grey.ndim != 2:
        raise DataError(f"expected grey values (H, W), got an array of shape {drawing.shape}")
    step = -(-max(grey.shape) // WORKING_SIZE)
    if step > 1:
        H, W = (side // step * step for side in grey.shape)
        grey = grey[:H, :W].reshape(H // step, step, W // step, step).mean(axis=(1, 3))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    ink = grey - paper if grey.max() - paper > paper - grey.min() else paper - grey
    strongest = float(np.quantile(ink, 0.999)) if ink.size > 2000 else float(ink.max())
    strongest = max(strongest, 0.5 * float(ink.max()))
    if strongest < LEAST_CONTRAST:
        raise DataError("no ink to be seen: the picture is of one colour, or nearly so")
    ink = np.clip(ink / strongest, 0, 1)
    return np.where(ink < FAINT, 0, ink)


def resize(values: Array, height: int, width: int) -> Array:
    """Values (H, W) as (height, width): each new pixel is the mean over the area that it covers."""
    return _weights(height, values.shape[0]) @ values @ _weights(width, values.shape[1]).T


def _weights(new: int, old: int) -> Array:
    """Row i: how much of each old pixel lies in new pixel i (or, when it grows, in a window one old pixel wide)."""
    size = max(old / new, 1.0)
    centres = (np.arange(new) + 0.5) * (old / new)
    edges = np.arange(old + 1)
    overlap = np.minimum(edges[None, 1:], (centres + size / 2)[:, None]) - np.maximum(
        edges[None, :-1], (centres - size / 2)[:, None]
    )
    overlap = np.maximum(overlap, 0)
    return overlap / overlap.sum(axis=1, keepdims=True)


def _cropped(ink: Array) -> Array:
    strong = ink > STRONG
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _is_mnist(picture: Array) -> bool:
    """Dark paper: at least half of the outermost pixels are black."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return bool(np.median(border) == 0 and picture.any())
