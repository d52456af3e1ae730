"""Outliers: images that are none of the classes, made from those that are, so that a network learns to be unsure.

A network that has only ever seen digits is sure of everything, also of a letter. Shown pieces of digits that are put
together wrongly, with all classes equally probable as the target, it learns to say "none that I know".
"""

from dataclasses import dataclass

import numpy as np

from glassnet.data.augment import resampled
from glassnet.data.dataset import Array, DataError

FIT = 20 / 28  # of the side: as large as a digit is in its image


@dataclass(frozen=True)
class Outliers:
    """Some of the images of a batch replaced by outliers.

    An outlier is made from images a and b of the batch: half of it is half of a, the other half is that of b after a
    quarter turn, so that even halves of the same class do not fit together; or each quarter is that of another image,
    turned. It is then set into the middle and enlarged to the size of a digit. Only images with at least the median
    amount of ink give pieces: two simple strokes could make a sign that is in the classes, such as a 7 or a 4.

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
        if not 0 <= self.share <= 0.5:
            raise DataError(f"outliers: share must be from 0 to 0.5, got {self.share}")
        if self.classes < 2:
            raise DataError(f"outliers: classes must be at least 2, got {self.classes}")

    def __call__(self, x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """A batch with its last images replaced, and its targets as rows: one of the changes that `fit` takes.

        Args:
            x: (N, H, H) or (N, H, H, C), uint8.   y: labels (N,).   rng: what is drawn comes from here.
        """
        if x.ndim not in (3, 4) or x.shape[1] != x.shape[2] or x.dtype != np.uint8:
            raise DataError(f"outliers are made from square images (N, H, H), uint8; got {x.dtype} of shape {x.shape}")
        if y.ndim != 1:
            raise DataError(f"outliers: expected labels (N,), got targets of shape {y.shape}")
        targets = np.eye(self.classes, dtype=np.float32)[y]
        count = round(self.share * len(x))
        if count == 0:
            return x, targets
        x = x.copy()
        images = x.reshape(*x.shape[:3], -1)
        x[-count:] = spliced(images, count, rng).reshape(count, *x.shape[1:])
        targets[-count:] = 1 / self.classes
        return x, targets


def spliced(images: Array, count: int, rng: np.random.Generator) -> Array:
    """So many outliers (count, H, H, C) from pieces of the images (N, H, H, C)."""
    H = images.shape[1]
    ink = images.sum(axis=(1, 2, 3))
    rich = images[ink >= np.median(ink)]
    a, b, c, d = (rich[rng.integers(len(rich), size=count)] for _ in range(4))
    b, c, d = (turned(part, rng) for part in (b, c, d))
    place = np.arange(H)
    lower, right = place[:, None, None] >= H // 2, place[None, :, None] >= H // 2
    halves = np.where(lower, b, a)
    sides = np.where(right, b, a)
    quarters = np.where(lower, np.where(right, a, b), np.where(right, c, d))
    kind = rng.integers(3, size=count)[:, None, None, None]
    return centred(np.where(kind == 0, halves, np.where(kind == 1, sides, quarters)))


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
