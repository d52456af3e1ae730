"""One table of every layer, loss, initialiser, optimizer and schedule: what must hold for all is tested over it.

A class that is not here fails `test_cases.py`, so nothing escapes the gradient check.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss

Array = np.ndarray


@dataclass(frozen=True)
class LayerCase:
    """A layer made by `make`, tried on examples of this shape.

    `kinked` where it has points without a derivative, `random` where training is not prediction.
    """

    make: Any
    input_shape: tuple[int, ...]
    kinked: bool = False
    random: bool = False

    @property
    def layer(self) -> Layer:
        return self.make()

    @property
    def id(self) -> str:
        return f"{self.layer!r}-{'x'.join(map(str, self.input_shape))}"


LAYERS = [
    LayerCase(lambda: gn.Dense(3), (5,)),
    LayerCase(lambda: gn.Dense(1, init=gn.Normal(0.5)), (7,)),
    LayerCase(lambda: gn.Dense(4, bias_init=gn.Constant(0.3)), (1,)),
    LayerCase(lambda: gn.Conv2D(3, 3), (5, 6, 2)),
    LayerCase(lambda: gn.Conv2D(2, 2, stride=2), (7, 5, 3)),
    LayerCase(lambda: gn.Conv2D(4, 3, padding="same"), (5, 4, 1)),
    LayerCase(lambda: gn.Conv2D(2, 4, stride=3, padding="same", bias_init=gn.Normal(1)), (7, 8, 2)),
    LayerCase(lambda: gn.Conv2D(2, 3, stride=2, padding="same"), (1, 2, 2)),
    LayerCase(lambda: gn.Conv2D(3, 1), (2, 2, 2)),
    LayerCase(lambda: gn.MaxPool2D(2), (4, 6, 2), kinked=True),
    LayerCase(lambda: gn.MaxPool2D(2), (5, 7, 1), kinked=True),
    LayerCase(lambda: gn.MaxPool2D(3), (7, 6, 3), kinked=True),
    LayerCase(lambda: gn.Dropout(0.4), (7,), random=True),
    LayerCase(lambda: gn.Dropout(0.0), (2, 3)),
    LayerCase(lambda: gn.ReLU(), (6,), kinked=True),
    LayerCase(lambda: gn.ReLU(), (3, 2, 2), kinked=True),
    LayerCase(lambda: gn.Sigmoid(), (5,)),
    LayerCase(lambda: gn.Sigmoid(), (2, 3)),
    LayerCase(lambda: gn.Tanh(), (5,)),
    LayerCase(lambda: gn.Identity(), (3, 2)),
    LayerCase(lambda: gn.LeakyReLU(), (6,), kinked=True),
    LayerCase(lambda: gn.LeakyReLU(0.3), (3, 2, 2), kinked=True),
    LayerCase(lambda: gn.ELU(), (6,)),
    LayerCase(lambda: gn.ELU(0.4), (3, 2), kinked=True),
    LayerCase(lambda: gn.GELU(), (6,)),
    LayerCase(lambda: gn.GELU(), (3, 2, 2)),
    LayerCase(lambda: gn.SiLU(), (6,)),
    LayerCase(lambda: gn.SiLU(), (2, 3)),
    LayerCase(lambda: gn.Softplus(), (6,)),
    LayerCase(lambda: gn.Softplus(), (3, 2)),
    LayerCase(lambda: gn.Softmax(), (5,)),
    LayerCase(lambda: gn.Softmax(), (3, 4)),
    LayerCase(lambda: gn.Rescale(1 / 255), (4, 3)),
    LayerCase(lambda: gn.Rescale(-2.5), (5,)),
    LayerCase(lambda: gn.Standardize(), (4,)),
    LayerCase(lambda: gn.Standardize(), (3, 2)),
    LayerCase(lambda: gn.Flatten(), (3, 4, 2)),
    LayerCase(lambda: gn.Flatten(), (5,)),
]

LOSSES: list[Loss] = [gn.CrossEntropy(), gn.BinaryCrossEntropy(), gn.SquaredError()]

INITIALIZERS = [
    gn.Constant(0.25),
    gn.Uniform(-0.2, 0.7),
    gn.Normal(0.3),
    gn.HeNormal(),
    gn.HeUniform(),
    gn.GlorotNormal(),
    gn.GlorotUniform(),
    gn.LeCunNormal(),
    gn.LeCunUniform(),
    gn.Orthogonal(),
]

OPTIMIZERS = [
    gn.SGD(0.1),
    gn.SGD(0.1, momentum=0.9),
    gn.SGD(0.1, momentum=0.9, nesterov=True),
    gn.AdaGrad(0.5),
    gn.RMSProp(0.1),
    gn.RMSProp(0.1, momentum=0.5),
    gn.Adam(0.1),
]

SCHEDULES = [
    gn.ConstantRate(),
    gn.OneCycle(),
    gn.OneCycle(rise=0, start=1, end=0.1),
    gn.StepDecay(3),
    gn.ExponentialDecay(),
    gn.InverseScaling(),
    gn.CosineDecay(0.1),
    gn.WarmUp(5),
    gn.WarmUp(2, gn.CosineDecay()),
]


def network_of(case: LayerCase, *, dtype: type = np.float64, seed: int = 0) -> gn.Network:
    """The layer alone as a network, its buffers adapted to some examples."""
    network = gn.Network([case.layer], input_shape=case.input_shape, dtype=dtype, seed=seed)
    network.adapt(3 + 2 * np.random.default_rng(seed).standard_normal((20, *case.input_shape)))
    return network


def examples_for(case: LayerCase, N: int, *, seed: int = 1) -> Array:
    """Random inputs, at least 1e-3 away from 0 where the layer has a kink there."""
    x = np.random.default_rng(seed).standard_normal((N, *case.input_shape))
    return np.where(np.abs(x) < 1e-3, 0.5, x) if case.kinked else x


def targets_for(loss: Loss, N: int, M: int, *, seed: int = 2) -> list[Array]:
    """Every kind of target that a loss takes: labels, and rows of numbers in its range."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, M, N)
    if isinstance(loss, gn.CrossEntropy):
        return [labels, rng.dirichlet(np.ones(M), N)]
    if isinstance(loss, gn.BinaryCrossEntropy):
        return [labels, rng.uniform(0, 1, (N, M))]
    return [labels, rng.standard_normal((N, M))]
