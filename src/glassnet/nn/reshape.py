"""Layers that change the form of an example: its scale, its origin, its shape.

They are the first layers of a network. So the network takes data as it is stored, and nobody can forget to divide by
255.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import require
from glassnet.nn.layer import Declared, Layer
from glassnet.nn.plain import shown
from glassnet.nn.segments import MOST_AXES


@final
@dataclass(eq=False)
class Rescale(Layer):
    """Multiplies every number by a constant: Rescale(1 / 255) scales pixels to the range from 0 to 1.

    Forward:   y = scale x
    Backward:  dx = scale dy

    Shapes: any; y and dx have the shape of x. x may be of any numeric dtype.

    Args:
        scale: the factor, not 0.
    """

    takes_raw: ClassVar[bool] = True
    scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.scale != 0 and math.isfinite(self.scale), f"Rescale: scale must not be 0, got {self.scale}")

    def input_scale(self) -> float:
        return self.scale

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = self.space("y", x.shape, keep=training)
        np.copyto(y, x)
        y *= self.scale
        return y

    def backward(self, dy: Array) -> Array:
        return np.multiply(dy, self.scale, out=self.space("dx", dy.shape))


@final
@dataclass(eq=False)
class Standardize(Layer):
    """Shifts and scales every feature to mean 0 and standard deviation 1, as measured on the training inputs.

    Forward:   y = (x - mean) / std
    Backward:  dx = dy / std

    Shapes: x (N, ...); mean and std have the shape of one example; the buffer `factor` holds 1 / std. A feature that is
    constant in training carries no information: its factor is 0, so its output is 0 for every input. `fit` measures the
    training inputs before the first step, unless they were measured before. `seen` counts the examples.

    Reference: LeCun et al. 1998, "Efficient BackProp", section 4.3.
    """

    takes_raw: ClassVar[bool] = True

    def buffers(self) -> dict[str, Declared]:
        shape = self.input_shape
        return {
            "mean": Declared(shape, lambda rng: np.zeros(shape)),
            "factor": Declared(shape, lambda rng: np.ones(shape)),
            "seen": Declared((1,), lambda rng: np.zeros(1)),
        }

    def adapt(self, batches: Iterable[Array]) -> None:
        if self.seen[0] > 0:
            return
        count, first = 0, np.zeros(self.input_shape)
        total, squares = np.zeros(self.input_shape), np.zeros(self.input_shape)
        varies = np.zeros(self.input_shape, bool)
        for batch in batches:
            if count == 0:
                first = batch[0].astype(np.float64)
            centred = batch - first  # sums of differences from a typical value lose fewer digits
            total += centred.sum(axis=0)
            squares += np.square(centred).sum(axis=0)
            varies |= centred.any(axis=0)
            count += len(batch)
        variance = np.where(varies, squares / count - np.square(total / count), 1)
        self.mean[...] = total / count + first
        self.factor[...] = np.where(varies, 1 / np.sqrt(variance), 0)
        self.seen[0] = count

    def input_scale(self) -> float:
        return math.nan  # measured

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = self.space("y", x.shape, keep=training)
        np.subtract(x, self.mean, out=y, casting="same_kind")
        y *= self.factor
        return y

    def backward(self, dy: Array) -> Array:
        return np.multiply(dy, self.factor, out=self.space("dx", dy.shape))


@final
@dataclass(eq=False)
class Flatten(Layer):
    """Turns each example, such as an image, into one row of numbers, which a dense layer takes.

    Forward:   y = x, each example as one row
    Backward:  dx = dy, in the shape of x

    Shapes: x (N, ...), y (N, D) with D the number of values in one example.
    """

    takes_raw: ClassVar[bool] = True

    def build(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        return x.reshape(len(x), *self.output_shape)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(len(dy), *self.input_shape)


@final
@dataclass(eq=False)
class Reshape(Layer):
    """Gives the same numbers another shape: Reshape((28, 28, 1)) makes an image with one channel of 784 pixels.

    Forward:   y = x, each example in this shape
    Backward:  dx = dy, in the shape of x

    Shapes: x (N, ...), y (N, *shape); the number of values in one example stays the same.

    Args:
        shape: of one example, whole numbers of at least 1.

    Raises:
        InputError: no shape; examples with another number of values.
    """

    takes_raw: ClassVar[bool] = True
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = 0 < len(self.shape) <= MOST_AXES and min(self.shape) >= 1
        require(fits, f"Reshape: shape must hold 1 to {MOST_AXES} whole numbers of at least 1, got {shown(self.shape)}")

    def build(self, input_shape: Shape) -> Shape:
        have, need = math.prod(input_shape), math.prod(self.shape)
        require(have == need, f"Reshape: shape {self.shape} has {need} values, but examples {input_shape} have {have}")
        return self.shape

    def forward(self, x: Array, *, training: bool = False) -> Array:
        return x.reshape(len(x), *self.shape)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(len(dy), *self.input_shape)
