"""Optimizers: update rules that compute a step from a gradient.

An optimizer does not know the layers: it gets the vector of parameters and the vector of gradients. Its state between
steps, such as a velocity, consists of a few more vectors of the same length. The caller keeps the state.
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
    """An update rule on flat vectors. The object holds only settings, so it can be used in many trainings."""

    lr: float

    def __post_init__(self) -> None:
        convert_settings(self)
        require(self.lr > 0, f"{type(self).__name__}: lr must be above 0, got {self.lr}")

    def start(self, theta: Array) -> State:
        """The state before the first step: vectors as long as theta, by name."""
        return {}

    @abstractmethod
    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        """Change theta and state in place by one step. Entries are independent, so parts of the vectors are enough.

        Args:
            theta, grad: the parameters and dLoss/dtheta, vectors of the same length; grad may be overwritten.
            state: from `start`, or the same part of each of its vectors.
            lr: the learning rate of this step: the setting `lr` times the factor of the schedule.
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
    deep learning" (here theta is the point that Nesterov's step looks ahead to, and lr is outside the velocity).
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
