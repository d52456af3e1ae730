"""Finds what lies around a page: the table around a sheet of paper, the wall around a card, the room around a screen.

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
EDGE = 3  # pixels: how far the edge of a sheet may be blurred


def around_a_sheet(grey: Array) -> Array | None:
    """A mask (H, W) of the surroundings of a light sheet, including its edge; None if there is no such sheet.

    A sheet is a rectangle, possibly rotated, with a sharp edge and with small holes, which are the ink.
    """
    low, high = np.quantile(grey, (0.01, 0.99))
    light = grey > (low + high) / 2
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    if light.mean() < SMALLEST * (1 - MOST_HOLES) or border.all():
        return None
    sheet = _largest(light)
    outside = _from_the_border(~sheet)
    whole = ~outside
    holes = whole & ~sheet
    if whole.mean() < SMALLEST or outside.mean() < LEAST_AROUND or not 0 < holes.sum() < MOST_HOLES * whole.sum():
        return None
    if whole.sum() < RECTANGLE * _smallest_rectangle(whole):
        return None
    near = _grown(outside, 2 * EDGE) & ~_grown(outside, EDGE)
    far = _grown(whole, 2 * EDGE) & ~_grown(whole, EDGE)
    if not near.any() or not far.any():
        return None
    ink = np.median(grey[sheet]) - np.quantile(grey[holes], 0.2)
    edge = np.median(grey[near]) - np.median(grey[far])
    return _grown(outside, EDGE) if ink > (high - low) / 2 and edge > AS_INK * ink else None


def _largest(mask: Array) -> Array:
    numbers = pieces(mask)
    amounts = np.bincount(numbers[mask])
    return numbers == amounts.argmax()


def _from_the_border(mask: Array) -> Array:
    """The pieces of the mask (H, W) that touch the border of the picture."""
    numbers = pieces(mask)
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    return np.isin(numbers, border[border > 0])


def _grown(mask: Array, pixels: int) -> Array:
    """The mask (H, W), grown by this number of pixels on all sides."""
    return highest(mask.astype(float), 2 * pixels + 1) > 0


def _smallest_rectangle(mask: Array) -> float:
    """The area of the smallest rectangle around the mask (H, W), rotated in steps of 3 degrees."""
    y, x = np.nonzero(mask)
    areas = []
    for angle in np.radians(np.arange(-45, 45, 3)):
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        areas.append((np.ptp(along) + 1) * (np.ptp(across) + 1))
    return float(min(areas))
