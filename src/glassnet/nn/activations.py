"""Activations: the curve between two dense layers.

Without them a stack of dense layers is one dense layer. Each acts on every number by itself, so its derivative is a
factor for every number.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.layer import Array, Layer


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
        y = np.maximum(x, 0, out=self.space("y", x.shape) if training else None)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        passed = np.greater(y, 0, out=self.space("passed", y.shape, bool))
        return np.multiply(dy, passed, out=self.space("dx", y.shape))


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
        y = sigmoid(x, out=self.space("y", x.shape) if training else None)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        dx = np.subtract(1, y, out=self.space("dx", y.shape))
        dx *= y
        dx *= dy
        return dx


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
        y = np.tanh(x, out=self.space("y", x.shape) if training else None)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        dx = np.square(y, out=self.space("dx", y.shape))
        np.subtract(1, dx, out=dx)
        dx *= dy
        return dx


def sigmoid(x: Array, *, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x)), exact in both tails and without overflow: only exp(-|x|), at most 1, is ever computed."""
    small = np.abs(x)
    np.negative(small, out=small)
    np.exp(small, out=small)
    y = np.where(x >= 0, 1, small) if out is None else np.maximum(small, x >= 0, out=out)
    small += 1
    y /= small
    return y


def softmax(z: Array) -> Array:
    """exp(z) / sum exp(z) over each row; the row's largest logit is subtracted first, so that exp cannot overflow."""
    p = np.exp(z - np.maximum.reduce(z, axis=1, keepdims=True))
    p /= np.add.reduce(p, axis=1, keepdims=True)
    return p
