"""Initialisation: the first values of the weights.

If all weights are 0, all units of a layer always get the same gradient. If the weights are too large, the signal grows
from layer to layer; if they are too small, it vanishes. The scaled initialisers choose the variance so that the signal
keeps its size.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings


@dataclass(frozen=True)
class Initializer(ABC):
    """A distribution for the first values of a parameter."""

    def __post_init__(self) -> None:
        convert_settings(self)

    @abstractmethod
    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        """Values of this shape (float64).

        Args:
            fan_in: how many inputs one output depends on.
            fan_out: how many outputs one input goes into.
            rng: the random stream to draw from.
        """


@final
@dataclass(frozen=True)
class Constant(Initializer):
    """The same number for every value; a bias usually starts at 0.

    Args:
        value: the value.
    """

    value: float = 0.0

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return np.full(shape, self.value)


@final
@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform on [low, high), independent of the size of the layer, as in the simplest tutorials.

    Args:
        low, high: the ends of the range, low below high.
    """

    low: float = -0.5
    high: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.low < self.high, f"Uniform: low must be below high, got {self.low} and {self.high}")
        require(math.isfinite(self.high - self.low), "Uniform: the range from low to high is too large")

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.uniform(self.low, self.high, shape)


@final
@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with mean 0 and this standard deviation, independent of the size of the layer.

    Args:
        std: the standard deviation, above 0.
    """

    std: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.std > 0, f"Normal: std must be above 0, got {self.std}")

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return self.std * rng.standard_normal(shape)


@dataclass(frozen=True)
class ScaledNormal(Initializer):
    """Normal with mean 0 and a variance that depends on the size of the layer."""

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of one weight."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return math.sqrt(self.variance(fan_in, fan_out)) * rng.standard_normal(shape)


@dataclass(frozen=True)
class ScaledUniform(Initializer):
    """Uniform on [-a, a], where a = sqrt(3 variance) gives a variance that depends on the size of the layer."""

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of one weight."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        limit = math.sqrt(3 * self.variance(fan_in, fan_out))
        return rng.uniform(-limit, limit, shape)


def he(fan_in: int) -> float:
    """Variance 2 / fan_in: a ReLU halves the mean square of the signal, and the factor 2 restores it.

    He et al. 2015, "Delving Deep into Rectifiers", equation 10.
    """
    return 2 / fan_in


def glorot(fan_in: int, fan_out: int) -> float:
    """Variance 2 / (fan_in + fan_out): a compromise between keeping the signal and keeping the gradient.

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", equation 12.
    """
    return 2 / (fan_in + fan_out)


def lecun(fan_in: int) -> float:
    """Variance 1 / fan_in: a linear unit keeps the size of the signal.

    LeCun et al. 1998, "Efficient BackProp", section 4.6.
    """
    return 1 / fan_in


@final
@dataclass(frozen=True)
class HeNormal(ScaledNormal):
    """Normal with variance 2 / fan_in; usual before a ReLU."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return he(fan_in)


@final
@dataclass(frozen=True)
class HeUniform(ScaledUniform):
    """Uniform with variance 2 / fan_in."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return he(fan_in)


@final
@dataclass(frozen=True)
class GlorotNormal(ScaledNormal):
    """Normal with variance 2 / (fan_in + fan_out)."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return glorot(fan_in, fan_out)


@final
@dataclass(frozen=True)
class GlorotUniform(ScaledUniform):
    """Uniform with variance 2 / (fan_in + fan_out); the default of a dense layer."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return glorot(fan_in, fan_out)


@final
@dataclass(frozen=True)
class LeCunNormal(ScaledNormal):
    """Normal with variance 1 / fan_in."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return lecun(fan_in)


@final
@dataclass(frozen=True)
class LeCunUniform(ScaledUniform):
    """Uniform with variance 1 / fan_in."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return lecun(fan_in)


@final
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random rotation: the columns or rows of the matrix (all other axes, last axis) are orthogonal, of length gain.

    A signal keeps its length through many such layers. The matrix is Q of the QR decomposition of a normal matrix; the
    signs of the diagonal of R make every rotation equally likely.

    Args:
        gain: the length, above 0; sqrt(2) before a ReLU.

    Reference: Saxe, McClelland and Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks".
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.gain > 0, f"Orthogonal: gain must be above 0, got {self.gain}")

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        columns = shape[-1]
        rows = math.prod(shape[:-1])
        normal = rng.standard_normal((max(rows, columns), min(rows, columns)))
        Q, R = np.linalg.qr(normal)
        Q *= np.where(np.diag(R) < 0, -1, 1)
        return self.gain * (Q if rows >= columns else Q.T).reshape(shape)
