"""Faults that are planted on purpose, by name.

No recipe can name one, and nothing in `nn/` knows of them: a network is only wrong where an experiment says so. A fault
changes the layers, the training examples or the plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from glassnet.data.dataset import Split
from glassnet.nn.activations import ReLU, Softmax
from glassnet.nn.array import Array
from glassnet.nn.layer import Layer
from glassnet.nn.reshape import Rescale, Standardize
from glassnet.train.plan import Plan

FEW = 100  # examples


@dataclass(eq=False)
class OwnReLU(Layer):
    """A rectifier that somebody has written, with one error in it.

    Forward:   y = max(x, 0)
    Backward:  dx = -dy where y > 0, else 0

    Shapes: any; y and dx have the shape of x.
    """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = np.maximum(x, 0)
        if training:
            self.saved = y
        return y

    def backward(self, dy: Array) -> Array:
        return np.where(self.saved > 0, -dy, 0)


@dataclass(frozen=True)
class Fault:
    """What is wrong.

    Attributes:
        about: the fault in a line.
        layers: what it makes of the layers of a network.
        train: what it makes of the training examples, with random numbers of its own.
        plan: what it makes of the plan.
    """

    about: str
    layers: Callable[[list[Layer]], list[Layer]] = lambda layers: layers
    train: Callable[[Split, np.random.Generator], Split] = lambda train, rng: train
    plan: Callable[[Plan], Plan] = lambda plan: plan


def _without_scaling(layers: list[Layer]) -> list[Layer]:
    return [layer for layer in layers if type(layer) not in (Rescale, Standardize)]


def _with_own_relu(layers: list[Layer]) -> list[Layer]:
    return [OwnReLU() if type(layer) is ReLU else layer for layer in layers]


def _sorted(train: Split, rng: np.random.Generator) -> Split:
    return train if train.y is None else train[np.argsort(train.y, kind="stable")]


def _half_random(train: Split, rng: np.random.Generator) -> Split:
    if train.targets is None:
        return train
    targets = train.targets.copy()
    rows = train.index[rng.random(len(train)) < 0.5]
    targets[rows] = rng.integers(targets.max() + 1, size=len(rows))
    return Split(train.inputs, targets, train.index)


FAULTS = {
    "pixels not scaled": Fault("no layer divides the pixels by the largest value", layers=_without_scaling),
    "softmax twice": Fault(
        "the last layer is a softmax, and the loss applies another", layers=lambda layers: [*layers, Softmax()]
    ),
    "own ReLU": Fault("each ReLU is replaced by one with an error in it", layers=_with_own_relu),
    "not shuffled": Fault(
        "all 0s come first, then all 1s, and so on; no epoch shuffles them",
        train=_sorted,
        plan=lambda plan: replace(plan, shuffle=False),
    ),
    "random labels": Fault("half of the training labels are drawn at random", train=_half_random),
    "a fifth of the examples": Fault("only every fifth training example is used", train=lambda train, rng: train[::5]),
    "few examples": Fault(f"there are only {FEW} training examples", train=lambda train, rng: train[:FEW]),
}
