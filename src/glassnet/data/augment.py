"""Augmentation: random changes to the training images at every visit. The labels stay the same.

A digit that is rotated, shifted or distorted a little is still that digit. In fifty epochs over sixty thousand digits,
a network sees three million different images.
"""

import math
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array

AT_ONCE = 64  # number of images changed at once, so that intermediate results stay in the cache
LIMITS = {
    "rotation": (0, 180),
    "shift": (0, 0.5),
    "elastic": (0, 0.5),
    "blur": (0, 0.2),
    "white": (1, 255),
}  # others: from 0 to 1
SMOOTH = 1 / 7  # width of a bump of an elastic distortion, as a fraction of the side (Simard's 4 of 28 pixels)


@dataclass(frozen=True)
class Augmentation:
    """How much images may be changed at random. The default of every amount is 0: no change.

    First, strokes become thicker or thinner, and the image is blurred. Then one map does all that moves pixels, so the
    image is resampled only once (bilinear): the pixel at p = (row, column), counted from the middle, is taken from

    p' = A (p - t) + e(p)      A = rotation(a) [[1, 0], [s, 1]] diag(1 / f, 1 / g)

    with a the angle, s the shear, f and g the scales of rows and columns, t the shift, and e a smooth random field: a
    sum of Gaussian bumps on a grid, each with a random height. Pixels from outside the image are 0. Then a rectangle
    may be erased, and noise is added.

    Args:
        shift: the largest shift t in both directions, as a fraction of the side: 0.1 is 2.8 of 28 pixels.
        rotation: the largest angle a in both directions, in degrees.
        scale: the largest change of the factors f and g: 0.1 means from 1 / 1.1 to 1.1.
        shear: the largest slant s in both directions, as a tangent.
        elastic: the standard deviation of the displacement e, as a fraction of the side: 0.04 is about 1 of 28 pixels.
        thickness: strokes grow or shrink on each side by up to this number of pixels, at most 1.
        erase: the largest side of a rectangle that is set to 0, as a fraction of the image's side.
        noise: the largest standard deviation of the noise, as a fraction of white.
        blur: the largest standard deviation of the Gaussian blur, as a fraction of the side: 0.05 is 1.4 of 28 pixels.
            The brightest pixel of the image stays as bright.
        white: the largest value of a pixel, 1 to 255.

    Raises:
        DataError: an amount is out of range.

    References: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to visual
    document analysis", section 2 (elastic; there one random number per pixel, smoothed); DeVries and Taylor 2017,
    "Improved regularization of convolutional neural networks with cutout" (erase).
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    thickness: float = 0.0
    erase: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    white: int = 255

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            value = value.item() if isinstance(value, np.generic) else value
            object.__setattr__(self, field.name, value)
            least, most = LIMITS.get(field.name, (0, 1))
            kind, number = (int, "whole number") if field.name == "white" else (int | float, "number")
            if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
                raise DataError(f"{field.name} must be a {number} from {least} to {most}, got {value!r}")

    def __call__(self, x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Change each image at random, and return the targets unchanged, as `fit` expects of `augment`.

        Args:
            x: (N, H, W) or (N, H, W, C), uint8.   y: returned unchanged.   rng: the source of random numbers.

        Returns:
            a new array like x, and y.

        Raises:
            DataError: x does not hold images.
        """
        if x.ndim not in (3, 4) or x.dtype != np.uint8:
            raise DataError(f"augmentation takes images (N, H, W) or (N, H, W, C), uint8; got {x.dtype} {x.shape}")
        planes = x[..., None] if x.ndim == 3 else x
        changed = np.empty_like(planes)
        for start in range(0, len(x), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            changed[part] = self._change(planes[part], rng)
        return changed.reshape(x.shape), y

    def _change(self, x: Array, rng: np.random.Generator) -> Array:
        """Change these images (N, H, W, C)."""
        N, H, W, C = x.shape
        values = x.astype(np.float32)
        if self.thickness:
            amount = rng.uniform(-self.thickness, self.thickness, (N, 1, 1, 1)).astype(np.float32)
            values = thickened(values, amount)
        if self.blur:
            values = blurred(values, rng.uniform(0, self.blur * max(H, W), N))
        rows, columns = self._sources(N, H, W, rng)
        if rows is not None and columns is not None:
            planes = (resampled(values[..., c], rows, columns) for c in range(C))
            values = np.stack(list(planes), axis=-1) if C > 1 else next(planes)[..., None]
        if self.erase:
            values *= self._erase_mask(N, H, W, rng)[..., None]
        if self.noise:
            amount = rng.uniform(0, self.noise * self.white, (N, 1, 1, 1)).astype(np.float32)
            values += amount * rng.standard_normal(values.shape, np.float32)
        return np.clip(np.rint(values, out=values), 0, self.white, out=values).astype(np.uint8)

    def _sources(self, N: int, H: int, W: int, rng: np.random.Generator) -> tuple[Array | None, Array | None]:
        """The row and the column (N, H W) that each pixel is taken from; None if no pixel moves."""
        if not (self.shift or self.rotation or self.scale or self.shear or self.elastic):
            return None, None
        angle, shear, shift_y, shift_x, log_f, log_g = rng.uniform(-1, 1, (6, N))
        angle *= math.radians(self.rotation)
        shear *= self.shear
        f, g = (np.exp(-math.log1p(self.scale) * log) for log in (log_f, log_g))
        cosine, sine = np.cos(angle), np.sin(angle)
        affine = np.array([[(cosine - sine * shear) * f, -sine * g], [(sine + cosine * shear) * f, cosine * g]])
        t = np.array([shift_y * self.shift * H, shift_x * self.shift * W])
        offset = np.array([(H - 1) / 2, (W - 1) / 2])[:, None] - np.einsum("ijn,jn->in", affine, t)
        fields = basis(H, W)  # (3 + bumps, H W)
        heights = rng.standard_normal((2, N, len(fields) - 3), np.float32) if self.elastic else np.zeros((2, N, 0))
        sides = H, W
        sources = []
        for axis in range(2):
            bent = heights[axis] * (self.elastic * sides[axis])
            factors = np.concatenate([affine[axis].T, offset[axis][:, None], bent], axis=1, dtype=np.float32)
            sources.append(factors @ fields[: factors.shape[1]])
        return sources[0], sources[1]

    def _erase_mask(self, N: int, H: int, W: int, rng: np.random.Generator) -> Array:
        """A mask (N, H, W): 0 in a rectangle of each image, 1 elsewhere."""
        inside = []
        for side in (H, W):
            length = rng.uniform(0, self.erase * side, (N, 1))
            start = rng.uniform(-length, side)
            place = np.arange(side)
            inside.append((place >= start) & (place < start + length))
        return np.float32(1) - (inside[0][:, :, None] & inside[1][:, None, :])


def blurred(images: Array, widths: Array) -> Array:
    """Images (N, H, W, C), each blurred by a bell of this standard deviation (N,), in pixels.

    The brightest pixel of an image is as bright as before. The bell is a product of one down and one across, and each
    is a product with a matrix.
    """
    result = images
    for axis in (1, 2):
        side = images.shape[axis]
        away = np.arange(side)[:, None] - np.arange(side)
        bells = np.exp(-0.5 * (away / np.maximum(widths, 0.1)[:, None, None]) ** 2)  # (N, side, side)
        bells = (bells / bells.sum(axis=2, keepdims=True)).astype(np.float32)
        result = np.einsum("nij,njwc->niwc" if axis == 1 else "nij,nhjc->nhic", bells, result, optimize=True)
    before, after = (np.maximum(every.max(axis=(1, 2, 3), keepdims=True), 1) for every in (images, result))
    return np.asarray(result * (before / after))


@cache
def basis(H: int, W: int) -> Array:
    """The basis of all displacements (3 + bumps, H W): the row, the column, 1, and the bumps of elastic distortions.

    Rows and columns are counted from the middle. A bump is exp(-d^2 / (2 s^2)) at the distance d from its centre; the
    centres are s apart. If the heights have standard deviation 1, so has the sum at every pixel.
    """
    lines = [np.arange(side) - (side - 1) / 2 for side in (H, W)]
    y, x = (line.ravel() for line in np.meshgrid(*lines, indexing="ij"))
    reach = SMOOTH * max(H, W)
    centres = [np.arange(-math.ceil(side / 2 / reach) - 1, math.ceil(side / 2 / reach) + 2) * reach for side in (H, W)]
    v, u = (line.ravel()[:, None] for line in np.meshgrid(*centres, indexing="ij"))
    bumps = np.exp(-((y - v) ** 2 + (x - u) ** 2) / (2 * reach**2))
    bumps /= np.sqrt((bumps**2).sum(axis=0))
    return np.concatenate([[y, x, np.ones(H * W)], bumps]).astype(np.float32)


def resampled(images: Array, rows: Array, columns: Array) -> Array:
    """The images (N, H, W) with each pixel taken from a real-valued place (N, H W), by bilinear interpolation."""
    N, H, W = images.shape
    wide = W + 3
    padded = np.zeros((N, H + 3, wide), np.float32)  # one before, two after: so no place needs a bounds check
    padded[:, 1 : H + 1, 1 : W + 1] = images
    rows, columns = (np.clip(line + 1, 0, side + 1) for line, side in ((rows, H), (columns, W)))
    row, column = rows.astype(np.int32), columns.astype(np.int32)
    rows -= row
    columns -= column
    row *= wide
    row += column
    row += np.arange(N, dtype=np.int32)[:, None] * ((H + 3) * wide)
    flat = padded.ravel()
    above = flat[row]
    above += columns * (flat[row + 1] - above)
    row += wide
    below = flat[row]
    below += columns * (flat[row + 1] - below)
    above += rows * (below - above)
    return above.reshape(N, H, W)


def thickened(images: Array, amount: Array) -> Array:
    """Grow the strokes of images (N, H, W, C) on each side by `amount` pixels, up to 1; a negative amount shrinks them.

    Growing by 1 gives each pixel the largest value among itself and its four neighbours, shrinking the smallest. An
    amount between 0 and 1 interpolates.
    """
    grown, shrunk = images.copy(), images.copy()
    for k in (1, 2):
        all_but_last = (slice(None),) * k + (slice(None, -1),)
        all_but_first = (slice(None),) * k + (slice(1, None),)
        for to, source in ((all_but_last, all_but_first), (all_but_first, all_but_last)):
            np.maximum(grown[to], images[source], out=grown[to])
            np.minimum(shrunk[to], images[source], out=shrunk[to])
    grown -= images
    grown *= np.maximum(amount, 0)
    shrunk -= images
    shrunk *= np.maximum(-amount, 0)
    grown += shrunk
    grown += images
    return grown
