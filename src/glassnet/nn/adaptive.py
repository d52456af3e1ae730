"""Adaptive optimizers: every parameter has its own step size.

A parameter whose gradients were large takes smaller steps; one whose gradients were small takes larger steps. So one
learning rate works for parameters of very different scales. The optimizers are in the order of their publication. Each
solves a problem of the one before it.
"""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.optim import Optimizer, State


@final
@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """Divides the gradient by the root of the sum of all its past squares.

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
        _check(self, self.epsilon)

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
    """AdaGrad with a running mean: divides the gradient by the root of a running mean of its squares.

    Update:         v = decay v + (1 - decay) g^2      theta = theta - lr g / (sqrt(v) + epsilon)
    with momentum:  u = momentum u + g / (sqrt(v) + epsilon)      theta = theta - lr u

    Args:
        lr: the learning rate, above 0.
        decay: the share of the old mean that is kept at a step, from 0 to below 1.
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
        _check(self, self.epsilon, decay=self.decay, momentum=self.momentum)

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
    """Divides a running mean of the gradient by the root of a running mean of its squares.

    Update:  m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
             theta = theta - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)      at step t = 1, 2, ...

    Args:
        lr: the learning rate, above 0.
        beta1, beta2: the shares of the old means that are kept at a step, from 0 to below 1.
        epsilon: keeps the division finite, above 0.

    Reference: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, self.epsilon, beta1=self.beta1, beta2=self.beta2)

    def start(self, theta: Array) -> State:
        return {"m": np.zeros_like(theta), "v": np.zeros_like(theta)}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        adam_step(theta, grad, state, self.beta1, self.beta2, self.epsilon, lr=lr, step=step)


@final
@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: every parameter shrinks by the same fraction, independently of its gradient.

    Update:  theta = theta - lr decay theta, then the step of Adam

    Args:
        lr: the learning rate, above 0.
        decay: the fraction by which a parameter shrinks in a step at learning rate 1, not negative; biases shrink too.
        beta1, beta2: the shares of the old means that are kept at a step, from 0 to below 1.
        epsilon: keeps the division finite, above 0.

    Reference: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """

    lr: float = 1e-3
    decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.decay >= 0, f"AdamW: decay must not be negative, got {self.decay}")
        _check(self, self.epsilon, beta1=self.beta1, beta2=self.beta2)

    def start(self, theta: Array) -> State:
        return {"m": np.zeros_like(theta), "v": np.zeros_like(theta)}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        theta *= 1 - lr * self.decay
        adam_step(theta, grad, state, self.beta1, self.beta2, self.epsilon, lr=lr, step=step)


def _check(optimizer: Optimizer, epsilon: float, **shares: float) -> None:
    """Raise InputError unless epsilon is above 0 and each share is from 0 to below 1."""
    kind = type(optimizer).__name__
    for name, share in shares.items():
        require(0 <= share < 1, f"{kind}: {name} must be from 0 to below 1, got {share}")
    require(epsilon > 0, f"{kind}: epsilon must be above 0, got {epsilon}")


def adam_step(
    theta: Array, g: Array, state: State, beta1: float, beta2: float, epsilon: float, *, lr: float, step: int
) -> None:
    """The update of Adam, in place; g is overwritten."""
    t = step + 1
    # m and v are stored divided by (1 - beta), which saves two products. Here the factors come back.
    root = math.sqrt((1 - beta2) / (1 - beta2**t))
    m, v = state["m"], state["v"]
    m *= beta1
    m += g
    v *= beta2
    g *= g
    v += g
    np.sqrt(v, out=g)
    g += epsilon / root
    np.divide(m, g, out=g)
    g *= lr * (1 - beta1) / (1 - beta1**t) / root
    theta -= g
