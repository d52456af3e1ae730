"""Digits drawn in code, in styles that are rare in a dataset.

MNIST's writers were American. Elsewhere a 1 has a long upstroke, a 7 is crossed, a 9 is hooked like a g, a 0 is
slashed. Here such digits are drawn anew at every visit, from a few lines for each way of writing a digit (`skeletons`).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.hand import Ways, draw
from glassnet.data.skeletons import WAYS
from glassnet.nn.array import Array


@dataclass(frozen=True)
class Strokes:
    """Replaces some of the images of a batch by drawn digits with the same labels.

    A digit is a mixture of drawings of one way to write it, bent, slanted, and drawn with some pen (`hand`). It has the
    size and the place of MNIST's digits.

    Args:
        share: the fraction of a batch that is replaced, from 0 to 1.

    Raises:
        DataError: share is out of range; images that are not square, or targets that are not labels from 0 to 9.
    """

    share: float = 0.2

    def __post_init__(self) -> None:
        if isinstance(self.share, bool) or not isinstance(self.share, int | float) or not 0 <= self.share <= 1:
            raise DataError(f"share must be a number from 0 to 1, got {self.share!r}")

    def __call__(self, x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Replace the first images of a batch, and return the targets unchanged, for `augment` of `fit`.

        Args:
            x: (N, H, H) or (N, H, H, 1), uint8.   y: labels (N,).   rng: the source of random numbers.

        Returns:
            an array like x, whose drawn digits are as bright as its brightest pixel, and y.

        Raises:
            DataError: as the class.
        """
        if not is_plane(x):
            raise DataError(f"strokes: expected square images (N, H, H), uint8, got {x.dtype} of shape {x.shape}")
        if y.ndim != 1 or y.dtype.kind not in "iu" or (len(y) and not 0 <= y.min() <= y.max() <= 9):
            raise DataError("strokes: expected labels (N,) from 0 to 9, because it draws digits")
        count = round(self.share * len(x))
        if count == 0:
            return x, y
        x = x.copy()
        ink = np.rint(x.max() * digits_drawn(y[:count], x.shape[1], rng))
        x[:count] = ink.reshape(x[:count].shape)
        return x, y


def is_plane(x: Array) -> bool:
    """Whether these are square images of one plane, (N, H, H) or (N, H, H, 1), of whole numbers from 0 to 255."""
    one = x.ndim == 3 or (x.ndim == 4 and x.shape[3] == 1)
    return one and x.shape[1] == x.shape[2] and x.dtype == np.uint8


def digits_drawn(digits: Array, side: int, rng: np.random.Generator) -> Array:
    """A drawing of each digit (N,), in one of the ways: (N, side, side), from 0 (paper) to 1 (ink)."""
    return draw(digit_ways(), chosen(digits, rng), side, rng)


def chosen(digits: Array, rng: np.random.Generator) -> Array:
    """In which of the ways each digit is written (N,)."""
    return np.asarray((digit_ways().upto[digits] < rng.random((len(digits), 1))).sum(axis=1))


@cache
def digit_ways() -> Ways:
    """All ways to write a digit."""
    return Ways.of(WAYS, slim={1})
