"""Pooling: an image with fewer pixels.

The exact place of a pattern matters little. So each block of pixels becomes one pixel.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer


@dataclass(eq=False)
class Pool2D(Layer):
    """One value for each block of s x s pixels, channel by channel."""

    size: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.size >= 1, f"{type(self).__name__}: size must be at least 1, got {self.size}")

    def build(self, input_shape: Shape) -> Shape:
        name = type(self).__name__
        require(len(input_shape) == 3, f"{name} takes images (H, W, C), but here examples have shape {input_shape}")
        H, W, C = input_shape
        require(min(H, W) >= self.size, f"{name}: a block of {self.size}x{self.size} is larger than {H}x{W} pixels")
        return (H // self.size, W // self.size, C)

    def _corners(self, x: Array) -> list[Array]:
        """The pixels (N, H', W', C) at each place in their block, as views."""
        (H1, W1, _), s = self.output_shape, self.size
        return [x[:, k : H1 * s : s, m : W1 * s : s] for k in range(s) for m in range(s)]


@final
@dataclass(eq=False)
class MaxPool2D(Pool2D):
    """The largest value of each block of pixels.

    Forward:   y[n,i,j,c] = max over k,l < s of x[n, i s + k, j s + l, c]
    Backward:  dx = dy at the largest value of each block, else 0 (among equal values: the first column, then the first
               row)

    The largest value is found in two stages, first over the rows and then over the columns, with fewer operations.

    Shapes: x (N, H, W, C), y (N, H // s, W // s, C); rows and columns that do not fill a block are left out.

    Args:
        size: s, the side of a block, at least 1.

    Raises:
        InputError: size below 1; examples that are not images (H, W, C), or smaller than a block.

    Reference: Ranzato et al. 2007, "Unsupervised learning of invariant feature hierarchies with applications to object
    recognition".
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        N, (H1, W1, C), s = len(x), self.output_shape, self.size
        rows = [x[:, k : H1 * s : s, : W1 * s] for k in range(s)]  # the first of all blocks, the second, ...
        highest = _largest(rows, self.space("highest", (N, H1, W1 * s, C), keep=training))  # of each column of a block
        columns = _columns(highest, s)
        y = _largest(columns, self.space("y", (N, H1, W1, C), keep=training))
        if training:
            self.saved = self._equal("row", rows, highest), self._equal("column", columns, y)
        return y

    def _equal(self, name: str, parts: list[Array], y: Array) -> list[Array]:
        """Where each of the parts but the last equals y."""
        spaces = [self.space(f"{name}{k}", y.shape, bool) for k in range(len(parts) - 1)]
        return [np.equal(part, y, out=space) for part, space in zip(parts, spaces, strict=False)]

    def backward(self, dy: Array) -> Array:
        N, (H, W, C), (H1, W1, _), s = len(dy), self.input_shape, self.output_shape, self.size
        in_rows, in_columns = self.saved
        dhighest, dx = self.space("dhighest", (N, H1, W1 * s, C)), self.space("dx", (N, H, W, C))
        if H % s or W % s:
            dx.fill(0)  # pixels outside the blocks
        _share(dy, in_columns, _columns(dhighest, s))
        _share(dhighest, in_rows, [dx[:, k : H1 * s : s, : W1 * s] for k in range(s)])
        return dx


def _largest(parts: list[Array], y: Array) -> Array:
    """The largest value of the parts, written into y."""
    first, *others = parts
    if not others:
        np.copyto(y, first)
    for part in others:
        first = np.maximum(first, part, out=y)
    return y


def _columns(x: Array, s: int) -> list[Array]:
    """The first columns of all blocks (N, H', W', C), the second columns, ..., as views of x (N, H', W' s, C)."""
    return [x[:, :, k::s] for k in range(s)]


def _share(dy: Array, largest: list[Array], dparts: list[Array]) -> None:
    """Give dy to the first part that is the largest, and 0 to the others; to the last part if no other took it."""
    remaining, last = dy, dparts[-1]
    for here, dpart in zip(largest, dparts, strict=False):
        np.multiply(remaining, here, out=dpart)
        remaining = np.subtract(remaining, dpart, out=last)
    if remaining is dy:
        np.copyto(last, dy)


@final
@dataclass(eq=False)
class AveragePool2D(Pool2D):
    """The mean of each block of pixels.

    Forward:   y[n,i,j,c] = (1 / s^2) sum over k,l < s of x[n, i s + k, j s + l, c]
    Backward:  dx[n, i s + k, j s + l, c] = dy[n,i,j,c] / s^2, and 0 at pixels outside the blocks

    Shapes: x (N, H, W, C), y (N, H // s, W // s, C); rows and columns that do not fill a block are left out.

    Args:
        size: s, the side of a block, at least 1.

    Raises:
        InputError: size below 1; examples that are not images (H, W, C), or smaller than a block.

    Reference: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II-B (there with a
    weight and a bias).
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        first, *others = self._corners(x)
        y = self.space("y", first.shape, keep=training)
        np.copyto(y, first)
        for pixels in others:
            y += pixels
        y *= 1 / self.size**2
        return y

    def backward(self, dy: Array) -> Array:
        dx = self.space("dx", (len(dy), *self.input_shape))
        dx.fill(0)
        first, *others = self._corners(dx)
        np.multiply(dy, 1 / self.size**2, out=first)
        for pixels in others:
            pixels[...] = first
        return dx


@final
@dataclass(eq=False)
class GlobalAveragePool(Layer):
    """The mean of each channel over the whole image; a dense layer after it needs few weights.

    Forward:   y[n,c] = (1 / H W) sum over i,j of x[n,i,j,c]
    Backward:  dx[n,i,j,c] = dy[n,c] / (H W)

    Shapes: x (N, H, W, C), y (N, C).

    Raises:
        InputError: examples that are not images (H, W, C).

    Reference: Lin, Chen and Yan 2014, "Network in network", section 3.2.
    """

    def build(self, input_shape: Shape) -> Shape:
        require(
            len(input_shape) == 3,
            f"GlobalAveragePool takes images (H, W, C), but here examples have shape {input_shape}",
        )
        return input_shape[2:]

    def forward(self, x: Array, *, training: bool = False) -> Array:
        return np.mean(x, axis=(1, 2), out=self.space("y", (len(x), *self.output_shape), keep=training))

    def backward(self, dy: Array) -> Array:
        H, W, _ = self.input_shape
        dx = self.space("dx", (len(dy), *self.input_shape))
        np.divide(dy[:, None, None, :], H * W, out=dx)
        return dx
