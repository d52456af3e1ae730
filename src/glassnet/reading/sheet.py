"""Finds what lies around a page: the table around a sheet, the room around a screen, the tools around a canvas.

Without this, a dark table in a photo would be taken for ink or paper.
"""

import math

import numpy as np

from glassnet.nn.array import Array
from glassnet.reading.pieces import highest, pieces

SMALLEST = 0.15  # least share of the picture that a sheet fills
LEAST_AROUND = 0.01  # least share of the picture around the sheet
MOST_HOLES = 0.3  # largest share of the holes in a sheet; the hole in the ring of a 0 is larger
RECTANGLE = 0.87  # a sheet fills at least this share of the smallest rectangle around it; an ellipse fills 0.79
AS_INK = 0.65  # the edge of a sheet has at least this share of the ink's contrast; the edge of a shadow has less
ALL_AROUND = 0.75  # the surroundings of a canvas have at least this share of the border of the picture
SAME = 2  # of 255: greys that differ by less are the same, but for how a JPEG stores them
EDGE = 3  # pixels: how far the edge of a sheet may be blurred


def around_a_sheet(grey: Array) -> Array | None:
    """A mask (H, W) of the surroundings of a light sheet, including its edge; None if there is no such sheet.

    A sheet is a rectangle, possibly rotated, with a sharp edge and with small holes, which are the ink.
    """
    low, high = np.quantile(grey, (0.01, 0.99))
    sheet, whole = _rectangle(grey > (low + high) / 2)
    if not whole.any():
        return None
    outside, holes = ~whole, whole & ~sheet
    near = _grown(outside, 2 * EDGE) & ~_grown(outside, EDGE)
    far = _grown(whole, 2 * EDGE) & ~_grown(whole, EDGE)
    if not near.any() or not far.any():
        return None
    ink = np.median(grey[sheet]) - np.quantile(grey[holes], 0.2)
    edge = np.median(grey[near]) - np.median(grey[far])
    return _grown(outside, EDGE) if ink > (high - low) / 2 and edge > AS_INK * ink else None


def around_a_canvas(grey: Array) -> Array | None:
    """A mask (H, W) of the surroundings of the canvas of a painting program, including its edge; None if there is none.

    A canvas is a rectangle of a single grey. So its edge may be as faint as it likes. The other parts of the program's
    window lie around it.
    """
    counts = np.bincount(np.rint(grey).astype(int).ravel())
    for value in np.flatnonzero(counts >= SMALLEST * (1 - MOST_HOLES) * grey.size):
        _, whole = _rectangle(np.abs(grey - value) <= SAME)
        if whole.any() and _border(~whole).mean() >= ALL_AROUND:
            return _grown(~whole, EDGE)
    return None


def _rectangle(light: Array) -> tuple[Array, Array]:
    """The largest piece of a mask (H, W) without its holes, and with them; nothing if this is no rectangle with ink."""
    nothing = np.zeros_like(light)
    if light.mean() < SMALLEST * (1 - MOST_HOLES) or _border(light).all():
        return nothing, nothing
    sheet = _largest(light)
    outside = _from_the_border(~sheet)
    whole = ~outside
    holes = whole & ~sheet
    if whole.mean() < SMALLEST or outside.mean() < LEAST_AROUND or not 0 < holes.sum() < MOST_HOLES * whole.sum():
        return nothing, nothing
    return (sheet, whole) if whole.sum() >= RECTANGLE * _smallest_rectangle(whole) else (nothing, nothing)


def _border(values: Array) -> Array:
    """The outermost pixels of a picture (H, W); those of the corners twice."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _largest(mask: Array) -> Array:
    numbers = pieces(mask)
    amounts = np.bincount(numbers[mask])
    return numbers == amounts.argmax()


def _from_the_border(mask: Array) -> Array:
    """The pieces of the mask (H, W) that touch the border of the picture."""
    numbers = pieces(mask)
    border = _border(numbers)
    return np.isin(numbers, border[border > 0])


def _grown(mask: Array, pixels: int) -> Array:
    """The mask (H, W), grown by this number of pixels on all sides."""
    return highest(mask.astype(np.float32), 2 * pixels + 1) > 0


def _smallest_rectangle(mask: Array) -> float:
    """The area of the smallest rectangle around the mask (H, W), rotated in steps of 3 degrees."""
    inked = np.flatnonzero(mask.any(axis=1))
    first, last = mask[inked].argmax(axis=1), mask.shape[1] - 1 - mask[inked, ::-1].argmax(axis=1)
    y, x = np.tile(inked, 2), np.concatenate([first, last])  # the outermost pixels lie at the ends of rows
    areas = []
    for angle in np.radians(np.arange(-45, 45, 3)):
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        areas.append((np.ptp(along) + 1) * (np.ptp(across) + 1))
    return float(min(areas))
