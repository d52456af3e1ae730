"""Pooling: an image with fewer pixels.

Once a pattern is found, its exact place matters little. So each block of pixels becomes one pixel.
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
    Backward:  dx = dy at the largest value of each block (the first, if several are equal), else 0

    Shapes: x (N, H, W, C), y (N, H // s, W // s, C); rows and columns that fill no block are left out.

    Args:
        size: s, the side of a block, at least 1.

    Raises:
        InputError: size below 1; examples that are no images (H, W, C), or smaller than a block.

    Reference: Ranzato et al. 2007, "Unsupervised learning of invariant feature hierarchies with applications to object
    recognition".
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        first, *others = self._corners(x)
        y = self.space("y", first.shape, keep=training)
        np.copyto(y, first)
        for pixels in others:
            np.maximum(y, pixels, out=y)
        if training:
            self.saved = x, y
        return y

    def backward(self, dy: Array) -> Array:
        x, y = self.saved
        dx = self.space("dx", x.shape)
        dx.fill(0)
        left = self.space("left", dy.shape)  # dy, until the first largest pixel of its block has taken it
        np.copyto(left, dy)
        largest = self.space("largest", dy.shape)
        for pixels, dpixels in zip(self._corners(x), self._corners(dx), strict=True):
            np.equal(pixels, y, out=largest)
            np.multiply(left, largest, out=dpixels)
            left -= dpixels
        return dx


@final
@dataclass(eq=False)
class AveragePool2D(Pool2D):
    """The mean of each block of pixels.

    Forward:   y[n,i,j,c] = (1 / s^2) sum over k,l < s of x[n, i s + k, j s + l, c]
    Backward:  dx[n, i s + k, j s + l, c] = dy[n,i,j,c] / s^2, and 0 at pixels of no block

    Shapes: x (N, H, W, C), y (N, H // s, W // s, C); rows and columns that fill no block are left out.

    Args:
        size: s, the side of a block, at least 1.

    Raises:
        InputError: size below 1; examples that are no images (H, W, C), or smaller than a block.

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
    """The mean of each channel over the whole image; a dense layer behind it needs few weights.

    Forward:   y[n,c] = (1 / H W) sum over i,j of x[n,i,j,c]
    Backward:  dx[n,i,j,c] = dy[n,c] / (H W)

    Shapes: x (N, H, W, C), y (N, C).

    Raises:
        InputError: examples that are no images (H, W, C).

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
