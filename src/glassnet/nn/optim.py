"""Optimizers: how a gradient becomes a step.

An optimizer knows no layers: it gets the vector of parameters and the vector of gradients. What it remembers between
steps, such as a velocity, is a few more vectors of the same length. The caller keeps them, as its state.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings

State = dict[str, Array]


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule on flat vectors. The object holds settings only, so one can serve many trainings."""

    lr: float

    def __post_init__(self) -> None:
        convert_settings(self)
        require(self.lr > 0, f"{type(self).__name__}: lr must be above 0, got {self.lr}")

    def start(self, theta: Array) -> State:
        """The state before the first step: the vectors that this rule remembers, each as long as theta."""
        return {}

    @abstractmethod
    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        """Change theta and state in place by one step. Each entry changes by itself, so parts of the vectors will do.

        Args:
            theta, grad: the parameters and dLoss/dtheta, vectors of the same length; grad may be overwritten.
            state: from `start`, or the same part of each of its vectors.
            lr: the learning rate of this step: the setting `lr` times what the schedule says.
            step: the number of steps before this one.
        """


@final
@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, plain or with momentum.

    Update:         theta = theta - lr g
    with momentum:  v = momentum v + g          theta = theta - lr v
    Nesterov:       v = momentum v + g          theta = theta - lr (g + momentum v)

    Args:
        lr: the learning rate, above 0.
        momentum: 0 (none) up to below 1; 0.9 is usual.
        nesterov: look ahead along the velocity; needs momentum.

    References: Robbins and Monro 1951, "A stochastic approximation method"; Polyak 1964, "Some methods of speeding up
    the convergence of iteration methods"; Sutskever et al. 2013, "On the importance of initialization and momentum in
    deep learning", whose Nesterov step is written here at the point looked ahead to, with lr outside the velocity.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.momentum < 1, f"SGD: momentum must be from 0 to below 1, got {self.momentum}")
        require(self.momentum > 0 or not self.nesterov, "SGD: nesterov needs a momentum above 0, such as 0.9")

    def start(self, theta: Array) -> State:
        return {"velocity": np.zeros_like(theta)} if self.momentum else {}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        direction = grad
        if self.momentum:
            v = state["velocity"]
            v *= self.momentum
            v += grad
            if self.nesterov:
                grad += self.momentum * v
            else:
                direction = v
        theta -= np.multiply(direction, lr, out=grad)
