"""Outliers: images that are none of the classes, made from those that are, so that a network learns to be unsure.

A network that has only ever seen digits is sure of everything, also of a letter. Shown pieces of digits that are put
together wrongly, with all classes equally probable as the target, it learns to say "none that I know".
"""

import math
from dataclasses import dataclass

import numpy as np

from glassnet.data.augment import resampled
from glassnet.data.errors import DataError
from glassnet.nn.array import Array

STROKES = 3, 5  # of a sign, least and most
GRID, PIECES = 4, 24  # points along a side between which strokes run; straight pieces that make up a stroke
PEN = 0.02, 0.06  # half the width of a stroke, in parts of the side
BELL = 1.2  # pixels, of the bell that draws the strokes
FIT = 20 / 28  # of the side: as large as a digit is in its image


@dataclass(frozen=True)
class Outliers:
    """Some of the images of a batch replaced by outliers.

    Half of the outliers are made from images a and b of the batch: half of a, and of b after a quarter turn the other
    half, so that even halves of the same class do not fit together; or each quarter is that of another image, turned;
    or b, turned, lies over a, or stands beside it, both half as wide.
    Only images with at least the median amount of ink give pieces: two simple strokes could make a sign that is in the
    classes, such as a 7 or a 4. The others are signs drawn at random: three to five strokes, straight, bent or round.
    All are then set into the middle and enlarged to the size of a digit.

    Targets become rows of probabilities (N, classes): 1 at the label of an image that stayed, 1 / classes everywhere
    for an outlier.

    Args:
        share: how much of a batch is replaced, from 0 to 0.5.
        classes: how many classes the labels have.

    Raises:
        DataError: settings out of range; images that are not square, or targets that are no labels.

    Reference: Hendrycks, Mazeika and Dietterich 2019, "Deep anomaly detection with outlier exposure", section 3 (there
    with outliers from other datasets).
    """

    share: float = 0.1
    classes: int = 10

    def __post_init__(self) -> None:
        if not isinstance(self.share, int | float) or not 0 <= self.share <= 0.5:
            raise DataError(f"share must be a number from 0 to 0.5, got {self.share!r}")
        if not isinstance(self.classes, int) or self.classes < 2:
            raise DataError(f"classes must be a whole number of at least 2, got {self.classes!r}")

    def __call__(self, x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """A batch with its last images replaced, and its targets as rows: one of the changes that `fit` takes.

        Args:
            x: (N, H, H) or (N, H, H, C), uint8.   y: labels (N,).   rng: what is drawn comes from here.
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
        made = np.concatenate([spliced(images, count // 2, rng), signs(images, count - count // 2, rng)])
        x[-count:] = centred(made).reshape(count, *x.shape[1:])
        targets[-count:] = 1 / self.classes
        return x, targets


def spliced(images: Array, count: int, rng: np.random.Generator) -> Array:
    """So many images (count, H, H, C) from pieces of the images (N, H, H, C)."""
    H = images.shape[1]
    ink = images.sum(axis=(1, 2, 3))
    rich = images[ink >= np.median(ink)]
    a, b, c, d = (rich[rng.integers(len(rich), size=count)] for _ in range(4))
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
    """So many images (count, H, H, C) of signs, drawn as bright as the brightest of the images (N, H, H, C)."""
    H, C = images.shape[1], images.shape[3]
    drawn = np.arange(STROKES[1]) < rng.integers(STROKES[0], STROKES[1] + 1, (count, 1))
    pen = rng.uniform(*PEN, (count, 1, 1)) * H
    ink = np.clip(pen + 0.5 - distance(H * strokes(count, rng), drawn, H), 0, 1) * images.max()
    return np.repeat(ink[..., None], C, axis=3).astype(np.uint8)


def strokes(count: int, rng: np.random.Generator) -> Array:
    """Points along the strokes of so many signs (count, strokes, pieces + 1, 2), row and column in parts of the side.

    A quarter of the strokes are bent, a quarter go round, by half a turn to a whole one; the others are straight. They
    begin at a point of the grid or, half of them, where the stroke before them ended.
    """
    t = np.linspace(0, 1, 1 + PIECES)[:, None]
    step = 0.6 / (GRID - 1)
    every: list[Array] = []
    for _ in range(STROKES[1]):
        start, end = rng.integers(GRID, size=(2, count, 2))
        end = np.where(np.arange(2) == rng.integers(4, size=(count, 1)), start, end)  # half along a row or a column
        end = np.where((start == end).all(axis=1, keepdims=True), (end + 1) % GRID, end)  # none is a dot
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


def distance(points: Array, drawn: Array, H: int) -> Array:
    """About how far (N, H, H) each pixel lies from the drawn ones (N, K) of the strokes through points (N, K, P, 2).

    A bell of width s over every short piece of a stroke adds up to exp(-d^2 / 2 s^2) at distance d from a long straight
    one, and is a product of two matrices; so d is got back from the sum. Where strokes meet the ink is a little wider.
    """
    N = len(points)
    length = np.sqrt((np.diff(points, axis=2) ** 2).sum(axis=3)) * drawn[:, :, None]  # (N, K, P - 1)
    middle = (points[:, :, 1:] + points[:, :, :-1]).reshape(N, -1, 2, 1).astype(np.float32) / 2
    bell = np.exp(-0.5 * ((middle - np.arange(H, dtype=np.float32)) / BELL) ** 2)  # (N, K (P - 1), 2, H)
    weight = length.reshape(N, -1, 1).astype(np.float32) / (BELL * math.sqrt(2 * math.pi))
    total = (bell[:, :, 0] * weight).swapaxes(1, 2) @ bell[:, :, 1]
    return BELL * np.sqrt(-2 * np.log(np.clip(total, 1e-9, 1)))


def turned(images: Array, rng: np.random.Generator) -> Array:
    """Each image (N, H, H, C) turned by a quarter, this way or the other."""
    ways = rng.integers(2, size=(len(images), 1, 1, 1))
    across = images.transpose(0, 2, 1, 3)
    return np.where(ways == 0, across[:, ::-1], across[:, :, ::-1])


def centred(images: Array) -> Array:
    """The images (N, H, H, C), each scaled so that its ink fits a digit's box, its centre of mass in the middle."""
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
    scale = np.maximum(*extents) / (FIT * H)  # of the source to the result
    offsets = (place - (H - 1) / 2) * scale[:, None]  # (N, H)
    rows = (middles[0][:, None] + offsets)[:, :, None]
    columns = (middles[1][:, None] + offsets)[:, None, :]
    rows, columns = (np.broadcast_to(part, grey.shape).reshape(N, -1).astype(np.float32) for part in (rows, columns))
    planes = [resampled(values[..., c], rows, columns) for c in range(C)]
    return np.rint(np.stack(planes, axis=-1)).astype(np.uint8)
