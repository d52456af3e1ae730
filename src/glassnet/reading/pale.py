"""Pale ink: a pattern on the paper, or strokes by a pen that runs dry.

Both look alike, so a picture is read both ways.
"""

from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.reading.pieces import extent, highest, longer_side, pieces

MUCH_DARKER = 2  # ink is at least this number of times as dark as pale ink
SOME = 0.1  # of the strong pixels: fewer pale pixels are dirt
SPECK = 0.05  # of the longer side of the picture: a smaller piece is not the digit on a pattern


class _Shades(NamedTuple):
    """Masks (H, W) of the strong ink, and of the pale ink away from it."""

    strong: Array
    pale: Array


def evened(darker: Array, least: float) -> Array:
    """The same (H, W) with strong ink no darker than pale ink, if there is pale ink: as if all were by one pen.

    Args:
        darker: how much darker pixels are than the paper.   least: less is not ink.
    """
    shades = _shades(darker, least)
    return darker if shades is None else np.minimum(darker, np.quantile(darker[shades.pale], 0.75))


def without_pattern(even: Array, darker: Array, least: float) -> Array:
    """The ink in its own shades (H, W), without the pale pixels if there are more of them than of strong ones.

    These are curved lines, a printed pattern, or a coarse cloth. Fewer pale pixels may be a light pen stroke.
    """
    shades = None if even is darker else _shades(darker, least)
    if shades is None or shades.pale.sum() <= shades.strong.sum():
        return darker
    numbers = pieces(shades.strong)
    largest = extent(numbers == np.bincount(numbers[shades.strong]).argmax())
    return darker if longer_side(largest) < SPECK * max(darker.shape) else np.where(shades.pale, 0, darker)


def _shades(darker: Array, least: float) -> _Shades | None:
    """The strong and the pale ink; None if there is no pale ink."""
    inked = darker > least
    if not inked.any():
        return None
    strong = inked & (darker > _split(darker[inked]))
    pale = inked & ~(highest(strong.astype(float), 5) > 0)
    some = pale.sum() > SOME * strong.sum()
    return (
        _Shades(strong, pale) if some and np.median(darker[strong]) >= MUCH_DARKER * np.median(darker[pale]) else None
    )


def _split(values: Array) -> float:
    """The threshold between the two groups that differ most from each other (Otsu 1979, equation 18)."""
    counts, edges = np.histogram(values, 64, range=(0.0, float(values.max())))
    middles = (edges[1:] + edges[:-1]) / 2
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[::-1][1:]
    sums = np.cumsum(counts * middles)
    means_apart = (sums[-1] - sums[:-1]) / np.maximum(above, 1) - sums[:-1] / np.maximum(below, 1)
    return float(edges[1:-1][np.argmax(below * above * means_apart**2)])
