"""A hand that draws digits and letters from skeletons, each time differently.

What it draws is a random mixture of the drawings of one way to write a sign. Each line of it but the first is moved a
little. It is bent by waves with wave numbers in three ranges (its curves, a hasty hand, a tremor), made wider or
narrower, slanted, turned, and drawn with a fine or a coarse pen. Then it has the size and the place of MNIST's digits:
20 of 28 pixels on its longer side, its centre of mass in the middle.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from glassnet.data.pen import distance
from glassnet.data.skeletons import Way
from glassnet.nn.array import Array

POINTS = 64  # along all lines of a digit
BEYOND = 0.3  # a digit may lie this far beyond its drawings, as a share of their distance from their mean
# Two waves of each kind bend a digit: the standard deviation of their amplitudes, as a share of its height, and their
# least and greatest wave number, in radians per height.
WAVES = ((0.05, 2, 6), (0.018, 6, 14), (0.005, 18, 40))
LOOSE = 0.02  # standard deviation of how far each further line is moved, as a share of the height
WIDTH, WIDTH_SD = (
    0.8,
    0.22,
)  # the usual factor of x, by which a drawing becomes narrower; the deviation of its logarithm
NARROWEST = 0.62  # the least such factor: a narrower 7 looks like a 1
SLANT, SLANT_SD = 0.1, 0.18  # mean and standard deviation of the tangent of the slant; above 0 it leans right
TURN_SD = 0.05  # standard deviation of the rotation, in radians
PEN, PEN_SD = 1.2, 0.35  # the usual half width of a stroke, in pixels of 28, and the deviation of its logarithm
FINEST, COARSEST = 0.45, 2.2  # half widths, in pixels of 28
ROOM = 0.09  # half width of the coarsest pen in a digit that is not a 1, as a share of the digit's width
FIT = 20.8 / 28  # the longer side of a digit up to the tips of its lines, which fade, as a share of the image's


class Ways(NamedTuple):
    """All ways to write some signs, as arrays.

    Attributes:
        sign: the number of the sign that each is a way to write (W,).
        slim: whether the pen may be as wide as the sign (W,).
        points: of the drawings (W, V, POINTS, 2), row and column; a way with fewer than V drawings has zeros.
        drawings: how many there are (W,).   line: the number of the line of each point (W, POINTS).
        upto: the cumulative probabilities of the ways, for each sign (S, W).
    """

    sign: Array
    slim: Array
    points: Array
    drawings: Array
    line: Array
    upto: Array

    @classmethod
    def of(cls, table: Mapping[Any, list[Way]], slim: Collection[Any]) -> "Ways":
        """The ways in a table of signs; the slim ones are named."""
        every = [(number, sign, way) for number, (sign, of) in enumerate(table.items()) for way in of]
        most = max(len(way.drawings) for _, _, way in every)
        points, line = np.zeros((len(every), most, POINTS, 2)), np.zeros((len(every), POINTS), int)
        weights = np.zeros((len(table), len(every)))
        for k, (number, _, way) in enumerate(every):
            weights[number, k] = way.weight
            for v, drawing in enumerate(way.drawings):
                points[k, v], line[k] = _points(drawing)
        upto = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
        upto /= upto[:, -1:]  # exactly 1 at the end
        numbers, narrow = np.array([number for number, _, _ in every]), np.array([sign in slim for _, sign, _ in every])
        return cls(numbers, narrow, points, np.array([len(way.drawings) for _, _, way in every]), line, upto)


def draw(known: Ways, way: Array, side: int, rng: np.random.Generator) -> Array:
    """A drawing in each of these ways (N,), by their numbers: (N, side, side), from 0 (paper) to 1 (ink)."""
    points, line = skeletons(known, way, rng)
    points += loosened(line, rng)
    points = leaning(points + waves(points, rng), rng)
    reach = points.max(axis=1) - points.min(axis=1)  # (N, 2)
    pen = np.clip(PEN * np.exp(rng.normal(0, PEN_SD, len(way))), FINEST, COARSEST)
    widest = np.where(known.slim[way], COARSEST, np.maximum(28 * FIT * ROOM * reach[:, 1] / reach.max(axis=1), FINEST))
    pen = np.minimum(pen, widest) * (side / 28)
    points *= ((FIT * side - 2 * pen) / reach.max(axis=1))[:, None, None]
    lengths = np.sqrt((np.diff(points, axis=1) ** 2).sum(axis=2)) * (line[:, 1:] == line[:, :-1])
    middles = (points[:, 1:] + points[:, :-1]) / 2
    centre = np.einsum("npk,np->nk", middles, lengths) / lengths.sum(axis=1)[:, None]
    first, last = points.min(axis=1) - pen[:, None], points.max(axis=1) + pen[:, None]
    moves = np.clip(side / 2 - centre, -first, side - 1 - last)  # a lopsided digit is not cut off
    away = distance(middles + moves[:, None], lengths, side)
    return np.clip(pen[:, None, None] + 0.5 - away, 0, 1)


def skeletons(known: Ways, way: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Points of signs in these ways (N, POINTS, 2), row and column from about 0 to 1, and their lines (N, POINTS)."""
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
        wave_number = rng.uniform(least, most, (2, N))
        for k in range(2):
            wave = wave_number[k] * np.stack([np.sin(angle[k]), np.cos(angle[k])])  # its vector
            moves += size[k] * np.sin(np.einsum("npk,kn->np", points, wave)[..., None] + phase[k])
    return moves


def leaning(points: Array, rng: np.random.Generator) -> Array:
    """The points (N, P, 2), wider or narrower, slanted and turned."""
    N = len(points)
    wide = np.maximum(WIDTH * np.exp(rng.normal(0, WIDTH_SD, (N, 1))), NARROWEST)
    slant, turn = rng.normal(SLANT, SLANT_SD, (N, 1)), rng.normal(0, TURN_SD, (N, 1))
    row = points[..., 0] - 0.5
    column = wide * (points[..., 1] - 0.5) - slant * row
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack([cosine * row + sine * column, cosine * column - sine * row], axis=2)


def _points(drawing: str) -> tuple[Array, Array]:
    """Points along the lines of a drawing (POINTS, 2), row and column, and the number of the line of each (POINTS,)."""
    lines = [np.array(text.split(), float).reshape(-1, 2)[:, ::-1] / 100 for text in drawing.split("/")]
    spans = np.cumsum([len(line) - 1 for line in lines])
    counts = np.diff([0, *np.rint(spans / spans[-1] * POINTS).astype(int)])
    along = [_along(line, count) for line, count in zip(lines, counts.tolist(), strict=True)]
    return np.concatenate(along), np.repeat(np.arange(len(lines)), counts)


def _along(points: Array, count: int) -> Array:
    """Points (count, 2) along a smooth line through these points (P, 2): a Catmull-Rom spline."""
    p = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    t = np.linspace(0, len(points) - 1, count)
    first = np.minimum(t.astype(int), len(points) - 2)
    u = (t - first)[:, None]
    a, b, c, d = (p[first + k] for k in range(4))
    return b + u / 2 * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
