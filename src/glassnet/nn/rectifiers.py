"""Smooth rectifiers: activations that are close to a ReLU for large numbers, but have no corner.

For negative numbers, the slope of a ReLU is 0. These have a small slope there, so a unit can still learn.
"""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.activations import sigmoid
from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer

ROOT = math.sqrt(2 / math.pi)


@final
@dataclass(eq=False)
class ELU(Layer):
    """The exponential linear unit: a rectifier that approaches -alpha smoothly.

    Forward:   y = x where x > 0, else alpha (exp(x) - 1)
    Backward:  dx = dy where x > 0, else dy (y + alpha)

    Shapes: any; y and dx have the shape of x.

    Args:
        alpha: how far the floor lies below 0, above 0.

    Reference: Clevert, Unterthiner and Hochreiter 2016, "Fast and accurate deep network learning by exponential linear
    units (ELUs)".
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.alpha > 0, f"ELU: alpha must be above 0, got {self.alpha}")

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = np.minimum(x, 0, out=self.space("y", x.shape, keep=training))
        np.expm1(y, out=y)
        y *= self.alpha
        np.copyto(y, x, where=x > 0)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        y = self.saved
        factor = np.add(y, self.alpha, out=self.space("factor", dy.shape))
        np.copyto(factor, 1, where=y > 0)
        return np.multiply(dy, factor, out=self.space("dx", dy.shape))


@final
@dataclass(eq=False)
class SiLU(Layer):
    """The sigmoid linear unit, also called swish: x times its own sigmoid.

    Forward:   y = x s      s = 1 / (1 + exp(-x))
    Backward:  dx = dy (s + y (1 - s))

    Shapes: any; y and dx have the shape of x.

    Reference: Elfwing, Uchibe and Doya 2018, "Sigmoid-weighted linear units for neural network function approximation
    in reinforcement learning", equations 4 and 5.
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        s = sigmoid(x, out=self.space("s", x.shape, keep=training))
        y = np.multiply(x, s, out=self.space("y", x.shape, keep=training))
        if training:
            self.saved = s, y
        return y

    def backward(self, dy: Array) -> Array:
        s, y = self.saved
        dx = np.subtract(1, s, out=self.space("dx", dy.shape))
        dx *= y
        dx += s
        dx *= dy
        return dx


@final
@dataclass(eq=False)
class GELU(Layer):
    """The Gaussian error linear unit: x times the probability that a normal number is below x, approximated with tanh.

    Forward:   y = x (1 + t) / 2      t = tanh(u)      u = sqrt(2 / pi) (x + 0.044715 x^3)
    Backward:  dx = dy [(1 + t) / 2 + x (1 - t^2) u' / 2]      u' = sqrt(2 / pi) (1 + 3 0.044715 x^2)

    Shapes: any; y and dx have the shape of x.

    Reference: Hendrycks and Gimpel 2016, "Gaussian error linear units (GELUs)", section 2.
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        t = self.space("t", x.shape, keep=training)
        np.multiply(x, x, out=t)
        t *= 0.044715 * ROOT
        t += ROOT
        t *= x
        np.tanh(t, out=t)
        y = np.add(t, 1, out=self.space("y", x.shape, keep=training))
        y *= x
        y *= 0.5
        if training:
            self.saved = x, t
        return y

    def backward(self, dy: Array) -> Array:
        x, t = self.saved
        slope = np.multiply(x, x, out=self.space("slope", dy.shape))  # u'
        slope *= 3 * 0.044715 * ROOT
        slope += ROOT
        dx = np.multiply(t, t, out=self.space("dx", dy.shape))
        np.subtract(1, dx, out=dx)
        dx *= slope
        dx *= x
        dx += t
        dx += 1
        dx *= 0.5
        dx *= dy
        return dx


@final
@dataclass(eq=False)
class Softplus(Layer):
    """A rectifier without a corner.

    Forward:   y = log(1 + exp(x))
    Backward:  dx = dy / (1 + exp(-x)) = dy (1 - exp(-y))

    Computed as max(x, 0) + log(1 + exp(-|x|)), which cannot overflow.

    Shapes: any; y and dx have the shape of x.

    Reference: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = np.abs(x, out=self.space("y", x.shape, keep=training))
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.log1p(y, out=y)
        y += np.maximum(x, 0)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        dx = np.negative(self.saved, out=self.space("dx", dy.shape))
        np.expm1(dx, out=dx)
        np.negative(dx, out=dx)
        dx *= dy
        return dx
