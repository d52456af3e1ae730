"""Penalties: large weights increase the loss, so the network prefers small ones.

A penalty acts on arrays of weights (with two axes or more), never on biases. It does not depend on the examples. L1 and
L2 add to the loss, and so to the gradient. A max-norm is a limit: after each step it shortens weights that exceed it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings


@dataclass(frozen=True)
class Penalty(ABC):
    """A cost of weights, or a limit on them."""

    limits: ClassVar[bool] = False  # whether it has `project`

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.limits = cls.project is not Penalty.project

    def __post_init__(self) -> None:
        convert_settings(self)

    @abstractmethod
    def forward(self, W: Array) -> float:
        """The amount that these weights add to the loss."""

    @abstractmethod
    def backward(self, W: Array, dW: Array) -> None:
        """Add the derivative of `forward` to dW, in place. Entries are independent, so parts of both are enough."""

    def project(self, W: Array) -> None:
        """Shorten the weights (..., M) of M units to the limit, in place; after each step."""


@final
@dataclass(frozen=True)
class L2(Penalty):
    """The squares of the weights: large weights cost much, small weights almost nothing.

    Forward:   (strength / 2) sum W^2
    Backward:  dW = dW + strength W

    Args:
        strength: not negative; 1e-4 is usual.

    Reference: Krogh and Hertz 1992, "A simple weight decay can improve generalization".
    """

    strength: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.strength >= 0, f"L2: strength must not be negative, got {self.strength}")

    def forward(self, W: Array) -> float:
        return 0.5 * self.strength * float(np.vdot(W, W))

    def backward(self, W: Array, dW: Array) -> None:
        dW += self.strength * W


@final
@dataclass(frozen=True)
class L1(Penalty):
    """The absolute values of the weights: each is pulled towards 0 with the same force, so many become 0.

    Forward:   strength sum |W|
    Backward:  dW = dW + strength sign(W)      (sign(0) = 0)

    Args:
        strength: not negative; 1e-5 is usual.

    Reference: Tibshirani 1996, "Regression shrinkage and selection via the lasso".
    """

    strength: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.strength >= 0, f"L1: strength must not be negative, got {self.strength}")

    def forward(self, W: Array) -> float:
        return self.strength * float(np.abs(W).sum())

    def backward(self, W: Array, dW: Array) -> None:
        dW += self.strength * np.sign(W)


@final
@dataclass(frozen=True)
class MaxNorm(Penalty):
    """A limit on the length of each unit's weight vector; below the limit, weights cost nothing.

    Project:   w = w min(1, limit / |w|) for every unit, with w = W[..., unit]

    Args:
        limit: the largest length, above 0; 3 is usual, together with dropout.

    Reference: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", section 5.1.
    """

    limit: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.limit > 0, f"MaxNorm: limit must be above 0, got {self.limit}")

    def forward(self, W: Array) -> float:
        return 0.0

    def backward(self, W: Array, dW: Array) -> None:
        pass

    def project(self, W: Array) -> None:
        lengths = np.sqrt(np.square(W).sum(axis=tuple(range(W.ndim - 1))))
        W *= self.limit / np.maximum(lengths, self.limit)
