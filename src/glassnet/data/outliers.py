"""Outliers: images of no class, made from the training images. With them a network learns when to be unsure.

A network that was trained on digits only is confident about everything, even a letter. So it is also trained on wrongly
combined pieces of digits, on random signs and on letters, with the target that all classes are equally probable.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from glassnet.data.augment import resampled
from glassnet.data.errors import DataError
from glassnet.data.hand import Ways, draw
from glassnet.data.letters import LETTERS, SLIM
from glassnet.data.pen import distance
from glassnet.nn.array import Array

STROKES = 3, 5  # least and largest number of strokes of a sign
GRID, PIECES = 4, 24  # grid points along a side, where strokes begin and end; straight pieces of each stroke
PEN = 0.02, 0.06  # half the width of a stroke, as a fraction of the side
FIT = 20 / 28  # size of a digit in its image, as a fraction of the side


@dataclass(frozen=True)
class Outliers:
    """Replaces some of the images of a batch by outliers.

    A share of the outliers may be drawn letters. Half of the others are pieces of images from the batch: either one
    half of image a and the other half of image b, which is turned by 90 degrees so that halves of the same class do not
    fit together; or a quarter of each of four images; or b, turned, drawn over a; or two images side by side, both half
    as wide. Only images with at least the median amount of ink are used: pieces of simpler ones could make a digit,
    such as a 7 or a 4.

    The rest are signs drawn at random: three to five strokes, straight, bent or round. All but the letters
    are then centred and scaled to the size of a digit.

    Targets become rows of probabilities (N, classes): 1 at the label of an image that was not replaced, 1 / classes
    everywhere for an outlier.

    Args:
        share: the fraction of a batch that is replaced, from 0 to 0.5.
        classes: the number of classes.
        letters: the fraction of the outliers that are letters or symbols such as +, drawn in code (`hand`), from 0 to
            1. Use it only where no class is a letter.

    Raises:
        DataError: settings out of range; images that are not square, or targets that are not labels.

    Reference: Hendrycks, Mazeika and Dietterich 2019, "Deep anomaly detection with outlier exposure", section 3 (there
    with outliers from other datasets).
    """

    share: float = 0.1
    classes: int = 10
    letters: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.share, int | float) or not 0 <= self.share <= 0.5:
            raise DataError(f"share must be a number from 0 to 0.5, got {self.share!r}")
        if isinstance(self.letters, bool) or not isinstance(self.letters, int | float) or not 0 <= self.letters <= 1:
            raise DataError(f"letters must be a number from 0 to 1, got {self.letters!r}")
        if not isinstance(self.classes, int) or self.classes < 2:
            raise DataError(f"classes must be a whole number of at least 2, got {self.classes!r}")

    def __call__(self, x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Replace the last images of a batch, and return it with its targets as rows, for `augment` of `fit`.

        Args:
            x: (N, H, H) or (N, H, H, C), uint8.   y: labels (N,).   rng: the source of random numbers.
        """
        if x.ndim not in (3, 4) or x.shape[1] != x.shape[2] or x.dtype != np.uint8:
            raise DataError(f"outliers are made from square images (N, H, H), uint8; got {x.dtype} of shape {x.shape}")
        if y.ndim != 1:
            raise DataError(f"outliers: expected labels (N,), got targets of shape {y.shape}")
        if len(y) and not 0 <= y.min() <= y.max() < self.classes:
            raise DataError(f"outliers: expected labels from 0 to {self.classes - 1}, got {y.min()} to {y.max()}")
        targets = np.eye(self.classes, dtype=np.float32)[y]
        count = round(self.share * len(x))
        if count == 0:
            return x, targets
        x = x.copy()
        images = x.reshape(*x.shape[:3], -1)
        letters = round(self.letters * count)
        outliers = np.empty_like(images[:count])
        if rest := count - letters:
            made = [spliced(images, rest // 2, rng), signs(images, rest - rest // 2, rng)]
            outliers[:rest] = centred(np.concatenate(made))
        if letters:
            outliers[rest:] = letters_drawn(images, letters, rng)
        x[-count:] = outliers.reshape(count, *x.shape[1:])
        targets[-count:] = 1 / self.classes
        return x, targets


def spliced(images: Array, count: int, rng: np.random.Generator) -> Array:
    """Make images (count, H, H, C) from pieces of the images (N, H, H, C)."""
    H = images.shape[1]
    ink = images.sum(axis=(1, 2, 3))
    inky = images[ink >= np.median(ink)]
    a, b, c, d = (inky[rng.integers(len(inky), size=count)] for _ in range(4))
    b, c, d = (turned(part, rng) for part in (b, c, d))
    place = np.arange(H)
    lower, right = place[:, None, None] >= H // 2, place[None, :, None] >= H // 2
    narrow = place[H % 2 :: 2]
    kinds = [
        np.where(lower, b, a),
        np.where(right, b, a),
        np.where(lower, np.where(right, a, b), np.where(right, c, d)),
        np.maximum(a, b),  # one over the other
        np.pad(np.concatenate([a[:, :, narrow], d[:, :, narrow]], axis=2), [(0, 0), (0, 0), (0, H % 2), (0, 0)]),
    ]
    return np.stack(kinds)[rng.integers(len(kinds), size=count), np.arange(count)]


def signs(images: Array, count: int, rng: np.random.Generator) -> Array:
    """Draw images (count, H, H, C) of signs, as bright as the brightest of the images (N, H, H, C)."""
    H, C = images.shape[1], images.shape[3]
    drawn = np.arange(STROKES[1]) < rng.integers(STROKES[0], STROKES[1] + 1, (count, 1))
    pen = rng.uniform(*PEN, (count, 1, 1)) * H
    ink = np.clip(pen + 0.5 - distances(H * strokes(count, rng), drawn, H), 0, 1) * images.max()
    return np.repeat(ink[..., None], C, axis=3).astype(np.uint8)


def letters_drawn(images: Array, count: int, rng: np.random.Generator) -> Array:
    """Draw images (count, H, H, C) of letters, as bright as the brightest of the images (N, H, H, C)."""
    H, C = images.shape[1], images.shape[3]
    known = letter_ways()
    ink = draw(known, rng.integers(len(known.sign), size=count), H, rng) * images.max()
    return np.repeat(np.rint(ink[..., None]), C, axis=3).astype(np.uint8)


@cache
def letter_ways() -> Ways:
    """All ways to write a letter."""
    return Ways.of(LETTERS, slim=SLIM)


def strokes(count: int, rng: np.random.Generator) -> Array:
    """Points along the strokes of signs (count, strokes, pieces + 1, 2): row and column as fractions of the side.

    A quarter of the strokes are bent, a quarter are arcs of half a turn to a whole turn, the others are straight. Half
    of the strokes begin at a point of the grid, the others where the previous stroke ended.
    """
    t = np.linspace(0, 1, 1 + PIECES)[:, None]
    step = 0.6 / (GRID - 1)
    every: list[Array] = []
    for _ in range(STROKES[1]):
        start, end = rng.integers(GRID, size=(2, count, 2))
        end = np.where(np.arange(2) == rng.integers(4, size=(count, 1)), start, end)  # half run along a row or column
        end = np.where((start == end).all(axis=1, keepdims=True), (end + 1) % GRID, end)  # no stroke is a dot
        start, end = (0.2 + step * part + rng.normal(0, 0.02, (count, 2)) for part in (start, end))
        if every:
            start = np.where(rng.integers(2, size=(count, 1)) > 0, every[-1][:, -1], start)
        straight = start[:, None] + t * (end - start)[:, None]
        bent = straight + 4 * t * (1 - t) * rng.normal(0, 0.25, (count, 1, 2))
        turn = rng.uniform(1, 2, (count, 1, 1)) * rng.choice([-np.pi, np.pi], (count, 1, 1))
        angle = rng.uniform(0, 2 * np.pi, (count, 1, 1)) + t * turn
        circle = np.concatenate([np.cos(angle), np.sin(angle)], axis=2) * rng.uniform(0.12, 0.32, (count, 1, 2))
        kind = rng.integers(4, size=(count, 1, 1))
        every.append(np.where(kind == 0, bent, np.where(kind == 1, start[:, None] + circle - circle[:, :1], straight)))
    return np.stack(every, axis=1)


def distances(points: Array, drawn: Array, H: int) -> Array:
    """The distance (N, H, H) of each pixel from the strokes through points (N, K, P, 2).

    The mask `drawn` (N, K) says which strokes count.
    """
    N = len(points)
    lengths = np.sqrt((np.diff(points, axis=2) ** 2).sum(axis=3)) * drawn[:, :, None]  # (N, K, P - 1)
    middles = (points[:, :, 1:] + points[:, :, :-1]).astype(np.float32) / 2
    return distance(middles.reshape(N, -1, 2), lengths.reshape(N, -1), H)


def turned(images: Array, rng: np.random.Generator) -> Array:
    """Turn each image (N, H, H, C) by 90 degrees, in a random direction."""
    ways = rng.integers(2, size=(len(images), 1, 1, 1))
    across = images.transpose(0, 2, 1, 3)
    return np.where(ways == 0, across[:, ::-1], across[:, :, ::-1])


def centred(images: Array) -> Array:
    """Scale each image (N, H, H, C) so that its ink fits a digit's box, and put its centre of mass in the middle."""
    N, H, _, C = images.shape
    values = images.astype(np.float32)
    grey = values.sum(axis=3)
    total = np.maximum(grey.sum(axis=(1, 2)), 1)
    place = np.arange(H, dtype=np.float32)
    middles, extents = [], []
    for axis in (2, 1):
        line = grey.sum(axis=axis)  # (N, H)
        middles.append(line @ place / total)
        inked = line > 0
        extents.append(H - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1))
    scale = np.maximum(*extents) / (FIT * H)  # size in the source / size in the result
    offsets = (place - (H - 1) / 2) * scale[:, None]  # (N, H)
    rows = (middles[0][:, None] + offsets)[:, :, None]
    columns = (middles[1][:, None] + offsets)[:, None, :]
    rows, columns = (np.broadcast_to(part, grey.shape).reshape(N, -1).astype(np.float32) for part in (rows, columns))
    planes = [resampled(values[..., c], rows, columns) for c in range(C)]
    return np.rint(np.stack(planes, axis=-1)).astype(np.uint8)
