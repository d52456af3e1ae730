"""Optimizers: how a step is made from a gradient.

An optimizer sees nothing of layers: it gets the vector of parameters and the vector of gradients. What it remembers
between steps (a velocity, say) is a few more vectors of the same length, in a state that the caller keeps.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.settings import require, settle

State = dict[str, Array]


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule on flat vectors. The object holds settings only, so one can serve many trainings."""

    lr: float

    def __post_init__(self) -> None:
        settle(self)
        require(self.lr > 0, f"{type(self).__name__}: lr must be above 0, got {self.lr}")

    def start(self, theta: Array) -> State:
        """The state before the first step: the vectors that this rule remembers, as long as theta."""
        return {}

    @abstractmethod
    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        """Change theta and state in place by one step; every parameter by itself, so parts of the vectors will do.

        Args:
            theta, grad: the parameters and dLoss/dtheta, vectors of the same length; grad may be overwritten.
            state: from `start`, or the same part of each of its vectors.
            lr: the learning rate of this step: the setting `lr` times what the schedule says.
            step: how many steps were taken before.
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


@final
@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """Smaller steps for parameters that have moved much: the gradient over the root of the sum of all its squares.

    Update:  s = s + g^2          theta = theta - lr g / (sqrt(s) + epsilon)

    Args:
        lr: the learning rate, above 0.
        epsilon: keeps the division finite, above 0.

    Reference: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization" (the diagonal form).
    """

    lr: float = 0.01
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.epsilon > 0, f"AdaGrad: epsilon must be above 0, got {self.epsilon}")

    def start(self, theta: Array) -> State:
        return {"squares": np.zeros_like(theta)}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        s = state["squares"]
        root = np.square(grad)
        s += root
        np.sqrt(s, out=root)
        root += self.epsilon
        grad /= root
        grad *= lr
        theta -= grad


@final
@dataclass(frozen=True)
class RMSProp(Optimizer):
    """AdaGrad that forgets: the gradient over the root of a running mean of its squares.

    Update:         v = decay v + (1 - decay) g^2      theta = theta - lr g / (sqrt(v) + epsilon)
    with momentum:  u = momentum u + g / (sqrt(v) + epsilon)      theta = theta - lr u

    Args:
        lr: the learning rate, above 0.
        decay: how much of the old mean is kept at a step, from 0 to below 1.
        momentum: 0 (none) up to below 1.
        epsilon: keeps the division finite, above 0.

    Reference: Tieleman and Hinton 2012, "Lecture 6.5: rmsprop", Coursera: Neural networks for machine learning.
    """

    lr: float = 1e-3
    decay: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.decay < 1, f"RMSProp: decay must be from 0 to below 1, got {self.decay}")
        require(0 <= self.momentum < 1, f"RMSProp: momentum must be from 0 to below 1, got {self.momentum}")
        require(self.epsilon > 0, f"RMSProp: epsilon must be above 0, got {self.epsilon}")

    def start(self, theta: Array) -> State:
        return {name: np.zeros_like(theta) for name in ("v", "velocity")[: 2 if self.momentum else 1]}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        v = state["v"]
        root = np.square(grad)
        root *= 1 - self.decay
        v *= self.decay
        v += root
        np.sqrt(v, out=root)
        root += self.epsilon
        grad /= root
        if self.momentum:
            u = state["velocity"]
            u *= self.momentum
            u += grad
            np.copyto(grad, u)
        grad *= lr
        theta -= grad


@final
@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps of about the same size for every parameter: the mean gradient over the root of its mean square.

    Update:  m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
             theta = theta - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)      at step t = 1, 2, ...

    Args:
        lr: the learning rate, above 0.
        beta1, beta2: how much of the old means is kept at a step, from 0 to below 1.
        epsilon: keeps the division finite, above 0.

    Reference: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("beta1", "beta2"):
            require(0 <= getattr(self, name) < 1, f"Adam: {name} must be from 0 to below 1, got {getattr(self, name)}")
        require(self.epsilon > 0, f"Adam: epsilon must be above 0, got {self.epsilon}")

    def start(self, theta: Array) -> State:
        return {"m": np.zeros_like(theta), "v": np.zeros_like(theta)}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        t = step + 1
        # m and v are kept divided by (1 - beta), which saves two products; the factors come in again here.
        root = math.sqrt((1 - self.beta2) / (1 - self.beta2**t))
        rate = lr * (1 - self.beta1) / (1 - self.beta1**t) / root
        epsilon = self.epsilon / root
        m, v, g = state["m"], state["v"], grad
        m *= self.beta1
        m += g
        v *= self.beta2
        g *= g
        v += g
        np.sqrt(v, out=g)
        g += epsilon
        np.divide(m, g, out=g)
        g *= rate
        theta -= g
