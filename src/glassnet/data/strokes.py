"""Digits drawn from strokes: hands that are not among the writers of a dataset.

MNIST's writers were American. Elsewhere a 1 has a long upstroke, a 7 is crossed, a 9 is hooked like a g, a 0 is
slashed. Here such digits are drawn anew at every visit, from a few lines for each way of writing a digit (`skeletons`).
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.pen import distance
from glassnet.data.skeletons import WAYS
from glassnet.nn.array import Array

POINTS = 64  # along all lines of a digit
BEYOND = 0.3  # a digit may lie this far beyond its drawings, as a share of its distance from their mean
# Two waves of each kind bend a digit: the deviation of their amplitudes, as a share of its height, and how many radians
# there are to its height, from least to most.
WAVES = ((0.05, 2, 6), (0.018, 6, 14), (0.005, 18, 40))
LOOSE = 0.02  # standard deviation of the place of each further line, as a share of the height
WIDTH, WIDTHS = 0.8, 0.22  # the usual width of a digit, as a share of its height, and the deviation of its logarithm
SLANT, SLANTS = 0.1, 0.18  # the usual tangent of the slant, to the right, and its deviation
TURNS = 0.08  # deviation of the rotation, in radians
PEN, PENS = 1.2, 0.35  # the usual half width of a stroke, in pixels of 28, and the deviation of its logarithm
FINEST, COARSEST = 0.45, 2.2  # half widths, in pixels of 28
ROOM = 0.09  # half width of the coarsest pen in a digit that is not a 1, as a share of the digit's width
FIT = 20.8 / 28  # the longer side of a digit up to the tips of its lines, which fade, as a share of the image's


@dataclass(frozen=True)
class Strokes:
    """Replaces some of the images of a batch by drawn digits with the same labels.

    A digit is a mixture of drawings of one way to write it. It is bent by waves of three lengths (its curves, a hasty
    hand, a tremor), made wider or narrower, slanted, turned, and drawn with a fine or a coarse pen. Then it has the
    size and the place of MNIST's digits: 20 of 28 pixels on its longer side, its centre of mass in the middle.

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
            a new array like x, whose drawn digits are as bright as its brightest pixel, and y.

        Raises:
            DataError: as the class.
        """
        one_plane = x.ndim == 3 or (x.ndim == 4 and x.shape[3] == 1)
        if not one_plane or x.shape[1] != x.shape[2] or x.dtype != np.uint8:
            raise DataError(f"strokes: expected square images (N, H, H), uint8, got {x.dtype} of shape {x.shape}")
        if y.ndim != 1 or y.dtype.kind not in "iu" or (len(y) and not 0 <= y.min() <= y.max() <= 9):
            raise DataError("strokes: expected labels (N,) from 0 to 9, because it draws digits")
        count = round(self.share * len(x))
        if count == 0:
            return x, y
        x = x.copy()
        ink = np.rint(x.max() * drawn(y[:count], x.shape[1], rng))
        x[:count] = ink.reshape(x[:count].shape)
        return x, y


class Ways(NamedTuple):
    """All ways to write a digit.

    Attributes:
        points: of the drawings (W, V, POINTS, 2), row and column; a way with fewer than V drawings has zeros.
        drawings: how many there are (W,).   line: the number of the line of each point (W, POINTS).
        upto: the probability of this way or one before it, for each digit (10, W).
    """

    points: Array
    drawings: Array
    line: Array
    upto: Array


def drawn(digits: Array, side: int, rng: np.random.Generator) -> Array:
    """A drawing of each digit (N,): (N, side, side), from 0 (paper) to 1 (ink)."""
    points, line = skeletons(digits, rng)
    points += loosened(line, rng)
    points = leaning(points + waves(points, rng), rng)
    reach = points.max(axis=1) - points.min(axis=1)  # (N, 2)
    pen = np.clip(PEN * np.exp(rng.normal(0, PENS, len(digits))), FINEST, COARSEST)
    widest = np.where(digits == 1, COARSEST, np.maximum(28 * FIT * ROOM * reach[:, 1] / reach.max(axis=1), FINEST))
    pen = np.minimum(pen, widest) * (side / 28)
    points *= ((FIT * side - 2 * pen) / reach.max(axis=1))[:, None, None]
    lengths = np.sqrt((np.diff(points, axis=1) ** 2).sum(axis=2)) * (line[:, 1:] == line[:, :-1])
    middles = (points[:, 1:] + points[:, :-1]) / 2
    centre = np.einsum("npk,np->nk", middles, lengths) / lengths.sum(axis=1)[:, None]
    first, last = points.min(axis=1) - pen[:, None], points.max(axis=1) + pen[:, None]
    moves = np.clip(side / 2 - centre, -first, side - 1 - last)  # a lopsided digit is not cut off
    away = distance(middles + moves[:, None], lengths, side)
    return np.clip(pen[:, None, None] + 0.5 - away, 0, 1)


def skeletons(digits: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The points of each digit (N, POINTS, 2), row and column from about 0 to 1, and the line of each (N, POINTS)."""
    known = ways()
    way = (known.upto[digits] < rng.random((len(digits), 1))).sum(axis=1)
    count = known.drawings[way][:, None]
    exists = np.arange(known.points.shape[1]) < count
    share = rng.exponential(size=exists.shape) * exists
    share /= share.sum(axis=1, keepdims=True)
    share = np.where(exists, (1 + BEYOND) * share - BEYOND / count, 0)
    return np.einsum("nv,nvpk->npk", share, known.points[way]), known.line[way]


def loosened(line: Array, rng: np.random.Generator) -> Array:
    """How far each point is moved with its line (N, POINTS, 2); the first line stays where it is."""
    moves = rng.normal(0, LOOSE, (len(line), line.max() + 1, 2))
    moves[:, 0] = 0
    return moves[np.arange(len(line))[:, None], line]


def waves(points: Array, rng: np.random.Generator) -> Array:
    """How far each point (N, P, 2) is moved by waves that run through the plane."""
    N = len(points)
    moves = np.zeros_like(points)
    for amplitude, least, most in WAVES:
        size = rng.normal(0, amplitude, (2, N, 1, 2))
        angle, phase = rng.uniform(0, 2 * np.pi, (2, N)), rng.uniform(0, 2 * np.pi, (2, N, 1, 2))
        length = rng.uniform(least, most, (2, N))
        for k in range(2):
            direction = length[k] * np.stack([np.sin(angle[k]), np.cos(angle[k])])
            moves += size[k] * np.sin(np.einsum("npk,kn->np", points, direction)[..., None] + phase[k])
    return moves


def leaning(points: Array, rng: np.random.Generator) -> Array:
    """The points (N, P, 2), wider or narrower, slanted and turned."""
    N = len(points)
    wide = WIDTH * np.exp(rng.normal(0, WIDTHS, (N, 1)))
    slant, turn = rng.normal(SLANT, SLANTS, (N, 1)), rng.normal(0, TURNS, (N, 1))
    row = points[..., 0] - 0.5
    column = wide * (points[..., 1] - 0.5) - slant * row
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack([cosine * row + sine * column, cosine * column - sine * row], axis=2)


@cache
def ways() -> Ways:
    """The skeletons as arrays."""
    every = [(digit, weight, drawings) for digit, of in WAYS.items() for weight, drawings in of]
    most = max(len(drawings) for _, _, drawings in every)
    points, line = np.zeros((len(every), most, POINTS, 2)), np.zeros((len(every), POINTS), int)
    weights = np.zeros((10, len(every)))
    for number, (digit, weight, drawings) in enumerate(every):
        weights[digit, number] = weight
        for k, drawing in enumerate(drawings):
            points[number, k], line[number] = _points(drawing)
    upto = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return Ways(points, np.array([len(drawings) for _, _, drawings in every]), line, upto)


def _points(drawing: str) -> tuple[Array, Array]:
    """Points along the lines of a drawing (POINTS, 2), row and column, and the number of the line of each (POINTS,)."""
    lines = [np.array(text.split(), float).reshape(-1, 2)[:, ::-1] / 100 for text in drawing.split("/")]
    spans = np.cumsum([len(line) - 1 for line in lines])
    counts = np.diff([0, *np.rint(spans / spans[-1] * POINTS).astype(int)])
    along = [_along(line, count) for line, count in zip(lines, counts.tolist(), strict=True)]
    return np.concatenate(along), np.repeat(np.arange(len(lines)), counts)


def _along(points: Array, count: int) -> Array:
    """So many points (count, 2) along a smooth line through these points (P, 2): a Catmull-Rom spline."""
    p = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    t = np.linspace(0, len(points) - 1, count)
    first = np.minimum(t.astype(int), len(points) - 2)
    u = (t - first)[:, None]
    a, b, c, d = (p[first + k] for k in range(4))
    return b + u / 2 * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
