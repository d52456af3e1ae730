"""Activations: non-linear functions between the layers.

Without activations, several dense layers compute no more than one dense layer. An activation acts on each number
separately, so its derivative is one factor for each number. Only Softmax combines the numbers of an example.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer

FEW = 4096  # values: up to this many, zeros for the whole batch are kept; above, zeros for one example


@final
@dataclass(eq=False)
class Identity(Layer):
    """The identity, which changes nothing: the activation of a linear unit.

    Forward:   y = x
    Backward:  dx = dy

    Shapes: any; y and dx have the shape of x.
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        return x

    def backward(self, dy: Array) -> Array:
        return dy


@final
@dataclass(eq=False)
class ReLU(Layer):
    """The rectifier: negative numbers become 0.

    Forward:   y = max(x, 0)
    Backward:  dx = dy where y > 0, else 0      (at x = 0 the derivative is taken as 0)

    Shapes: any; y and dx have the shape of x.

    Reference: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        zero = zeros(x.shape if x.size <= FEW else x.shape[1:], x.dtype)  # max with an array is faster than with 0
        y = np.maximum(x, zero, out=self.space("y", x.shape, keep=training))
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        passed = np.greater(y, 0, out=self.space("passed", y.shape, bool))
        return np.multiply(dy, passed, out=self.space("dx", y.shape))

    def output_range(self) -> tuple[float, float]:
        return 0, math.inf


@final
@dataclass(eq=False)
class LeakyReLU(Layer):
    """A rectifier that multiplies negative numbers by a small slope, so that no unit stops learning.

    Forward:   y = x where x > 0, else slope x
    Backward:  dx = dy where x > 0, else slope dy

    Shapes: any; y and dx have the shape of x.

    Args:
        slope: from 0 (a ReLU) to 1 (the identity).

    Reference: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".
    """

    slope: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.slope <= 1, f"LeakyReLU: slope must be from 0 to 1, got {self.slope}")

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = np.multiply(x, self.slope, out=self.space("y", x.shape, keep=training))
        np.maximum(x, y, out=y)
        if training:
            self.saved = x
        return y

    def backward(self, dy: Array) -> Array:
        factor = np.greater(self.saved, 0, out=self.space("factor", dy.shape))
        factor *= 1 - self.slope
        factor += self.slope
        return np.multiply(dy, factor, out=self.space("dx", dy.shape))


@final
@dataclass(eq=False)
class Sigmoid(Layer):
    """The logistic curve, from 0 to 1.

    Forward:   y = 1 / (1 + exp(-x))
    Backward:  dx = dy y (1 - y)

    Shapes: any; y and dx have the shape of x.

    Reference: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = sigmoid(x, out=self.space("y", x.shape, keep=training))
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        dx = np.subtract(1, y, out=self.space("dx", y.shape))
        dx *= y
        dx *= dy
        return dx

    def output_range(self) -> tuple[float, float]:
        return 0, 1


@final
@dataclass(eq=False)
class Tanh(Layer):
    """The hyperbolic tangent, from -1 to 1.

    Forward:   y = tanh(x)
    Backward:  dx = dy (1 - y^2)

    Shapes: any; y and dx have the shape of x.

    Reference: LeCun et al. 1998, "Efficient BackProp", section 4.4 (plain, without its factors 1.7159 and 2/3).
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = np.tanh(x, out=self.space("y", x.shape, keep=training))
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        dx = np.square(y, out=self.space("dx", y.shape))
        np.subtract(1, dx, out=dx)
        dx *= dy
        return dx

    def output_range(self) -> tuple[float, float]:
        return -1, 1


@final
@dataclass(eq=False)
class Softmax(Layer):
    """Turns numbers into probabilities over the last axis. A classifier does not need it: CrossEntropy contains it.

    Forward:   y_j = exp(x_j) / sum_k exp(x_k)
    Backward:  dx_j = y_j (dy_j - sum_k dy_k y_k)      which is dy times the Jacobian, diag(y) - y y^T

    Shapes: x (..., M); y and dx have the shape of x.

    Reference: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = softmax(x)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        dx = np.multiply(dy, y, out=self.space("dx", dy.shape))
        dx -= y * np.add.reduce(dx, axis=-1, keepdims=True)
        return dx

    def output_range(self) -> tuple[float, float]:
        return 0, 1


def sigmoid(x: Array, *, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x)), exact in both tails and without overflow: only exp(-|x|), at most 1, is computed."""
    small = np.abs(x)
    np.negative(small, out=small)
    np.exp(small, out=small)
    y = np.where(x >= 0, 1, small) if out is None else np.maximum(small, x >= 0, out=out)
    small += 1
    y /= small
    return y


def softmax(z: Array) -> Array:
    """exp(z) / sum exp(z) over the last axis; the largest is subtracted first, so that exp cannot overflow."""
    p = np.exp(z - np.maximum.reduce(z, axis=-1, keepdims=True))
    p /= np.add.reduce(p, axis=-1, keepdims=True)
    return p


@lru_cache(64)
def zeros(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Read-only zeros, made once: NumPy compares two arrays faster than an array and a number."""
    array = np.zeros(shape, dtype)
    array.flags.writeable = False
    return array
