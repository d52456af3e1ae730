"""Outliers: images that are none of the classes, made from those that are, so that a network learns to be unsure.

A network that has only ever seen digits is sure of everything, also of a letter. Shown pieces of digits that are put
together wrongly, with all classes equally probable as the target, it learns to say "none that I know".
"""

from dataclasses import dataclass

import numpy as np

from glassnet.data.augment import resampled
from glassnet.data.dataset import Array, DataError

STROKES = 3, 5  # of a sign, least and most
GRID, PIECES = 4, 4  # points along a side between which strokes run; straight pieces that make up a stroke
FIT = 20 / 28  # of the side: as large as a digit is in its image


@dataclass(frozen=True)
class Outliers:
    """Some of the images of a batch replaced by outliers.

    Half of the outliers are made from images a and b of the batch: half of a, and of b after a quarter turn the other
    half, so that even halves of the same class do not fit together; or each quarter is that of another image, turned;
    or b, turned, lies over a, or stands beside it, both half as wide.
    Only images with at least the median amount of ink give pieces: two simple strokes could make a sign that is in the
    classes, such as a 7 or a 4. The others are signs drawn at random: three to five strokes, straight or bent, between
    points of a grid. All are then set into the middle and enlarged to the size of a digit.

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
            raise DataError(f"outliers: share must be a number from 0 to 0.5, got {self.share!r}")
        if not isinstance(self.classes, int) or self.classes < 2:
            raise DataError(f"outliers: classes must be a whole number of at least 2, got {self.classes!r}")

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
    grid = np.linspace(0.2, 0.8, GRID) * H
    chosen = rng.integers(GRID, size=(count, STROKES[1], 2, 2))  # from where, to where; row and column
    joined = rng.integers(2, size=(count, STROKES[1], 1)) > 0  # half of the strokes begin where the last one ended
    for stroke in range(STROKES[1]):
        start, end = chosen[:, stroke].swapaxes(0, 1)
        if stroke:
            start[:] = np.where(joined[:, stroke], chosen[:, stroke - 1, 1], start)
        end[:] = np.where((start == end).all(axis=1, keepdims=True), (end + 1) % GRID, end)  # none is a dot
    ends = grid[chosen] + rng.normal(0, 0.02 * H, (count, STROKES[1], 2, 2))
    # Half of the strokes are straight; a bent one goes around a point beside its middle.
    bend = rng.normal(0, 0.25 * H, (count, STROKES[1], 2)) * rng.integers(2, size=(count, STROKES[1], 1))
    t = np.linspace(0, 1, 1 + PIECES)[:, None]
    start, end = ends[:, :, 0, None], ends[:, :, 1, None]  # (count, strokes, 1, 2)
    points = start + t * (end - start) + (4 * t * (1 - t)) * bend[:, :, None]  # (count, strokes, pieces + 1, 2)
    drawn = np.arange(STROKES[1]) < rng.integers(STROKES[0], STROKES[1] + 1, (count, 1))
    pen = rng.uniform(0.025, 0.075, (count, 1, 1)) * H
    missing = ~np.repeat(drawn, PIECES, axis=1)
    distance = np.sqrt(
        _nearest(points[:, :, :-1].reshape(count, -1, 2), points[:, :, 1:].reshape(count, -1, 2), missing, H)
    )
    ink = np.clip(pen + 0.5 - distance, 0, 1) * images.max()
    return np.repeat(ink[..., None], C, axis=3).astype(np.uint8)


def _nearest(a: Array, b: Array, missing: Array, H: int) -> Array:
    """The square of the distance (N, H, H) of each pixel to the nearest of the lines from a to b (N, K, 2)."""
    place = np.arange(H, dtype=np.float32)
    a, along = a.astype(np.float32)[..., None], (b - a).astype(np.float32)[..., None]  # (N, K, 2, 1)
    away = place - a  # (N, K, 2, H): rows and columns apart
    square = np.maximum((along**2).sum(axis=2), 1e-6)[..., None]  # (N, K, 1, 1)
    dot = away * along
    inner = dot[:, :, 0, :, None] + dot[:, :, 1, None, :]  # (N, K, H, H)
    away **= 2
    away[missing] = np.inf
    nearest = np.clip(inner / square, 0, 1)  # the part of the line at which it is nearest
    inner *= -2
    inner += nearest * square
    inner *= nearest
    inner += away[:, :, 0, :, None]
    inner += away[:, :, 1, None, :]
    return np.maximum(inner.min(axis=1), 0)


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
