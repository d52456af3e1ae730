"""One table of every layer, loss, initialiser, optimizer and schedule: what must hold for all is tested over it.

A class that is not here fails `test_cases.py`, so nothing escapes the gradient check.
"""

from collections.abc import Callable
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

    `kink` says how far an input is from a point without a derivative; `differs` where training is not prediction.
    """

    make: Any
    input_shape: tuple[int, ...]
    kink: Callable[[Array], float] | None = None
    differs: bool = False

    @property
    def layer(self) -> Layer:
        return self.make()

    @property
    def id(self) -> str:
        return f"{self.layer!r}-{'x'.join(map(str, self.input_shape))}"


def from_zero(x: Array) -> float:
    """The kink of a rectifier lies at 0."""
    return float(np.abs(x).min())


def gap(size: int) -> Callable[[Array], float]:
    """A maximum has a kink where the two largest values of a block are equal."""

    def smallest_gap(x: Array) -> float:
        N, H, W, C = x.shape
        x = x[:, : H // size * size, : W // size * size]
        blocks = x.reshape(N, H // size, size, W // size, size, C).transpose(0, 1, 3, 5, 2, 4)
        ordered = np.sort(blocks.reshape(-1, size * size))
        return float((ordered[:, -1] - ordered[:, -2]).min())

    return smallest_gap


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
    LayerCase(lambda: gn.MaxPool2D(2), (4, 6, 2), kink=gap(2)),
    LayerCase(lambda: gn.MaxPool2D(2), (5, 7, 1), kink=gap(2)),
    LayerCase(lambda: gn.MaxPool2D(3), (7, 6, 3), kink=gap(3)),
    LayerCase(lambda: gn.AveragePool2D(2), (4, 6, 2)),
    LayerCase(lambda: gn.AveragePool2D(3), (7, 8, 1)),
    LayerCase(lambda: gn.GlobalAveragePool(), (3, 5, 2)),
    LayerCase(lambda: gn.BatchNorm(), (5,), differs=True),
    LayerCase(lambda: gn.BatchNorm(momentum=0.5, epsilon=0.1), (3, 2, 4), differs=True),
    LayerCase(lambda: gn.Dropout(0.4), (7,), differs=True),
    LayerCase(lambda: gn.Dropout(0.0), (2, 3)),
    LayerCase(lambda: gn.ReLU(), (6,), kink=from_zero),
    LayerCase(lambda: gn.ReLU(), (3, 2, 2), kink=from_zero),
    LayerCase(lambda: gn.Sigmoid(), (5,)),
    LayerCase(lambda: gn.Sigmoid(), (2, 3)),
    LayerCase(lambda: gn.Tanh(), (5,)),
    LayerCase(lambda: gn.Identity(), (3, 2)),
    LayerCase(lambda: gn.LeakyReLU(), (6,), kink=from_zero),
    LayerCase(lambda: gn.LeakyReLU(0.3), (3, 2, 2), kink=from_zero),
    LayerCase(lambda: gn.ELU(), (6,)),
    LayerCase(lambda: gn.ELU(0.4), (3, 2), kink=from_zero),
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
    LayerCase(lambda: gn.Reshape((2, 6, 1)), (3, 4)),
    LayerCase(lambda: gn.Reshape((15,)), (5, 3)),
]

# Whole networks for what depends on which layer follows which: the shape of an example, and the layers.
NETWORKS: dict[str, tuple[tuple[int, ...], Callable[[], list[Layer]]]] = {
    "dense": ((7,), lambda: [gn.Standardize(), gn.Dense(9), gn.BatchNorm(), gn.GELU(), gn.Dropout(0.5), gn.Dense(4)]),
    "deep": ((6,), lambda: [layer for _ in range(20) for layer in (gn.Dense(8), gn.BatchNorm(), gn.Tanh())]),
    "images": (
        (9, 8, 3),
        lambda: [
            gn.Rescale(1 / 255),
            gn.Conv2D(5, 3, padding="same"),
            gn.BatchNorm(),
            gn.ReLU(),
            gn.MaxPool2D(2),
            gn.Conv2D(6, 2, stride=2),
            gn.LeakyReLU(),
            gn.Flatten(),
            gn.Dense(4),
        ],
    ),
    "one channel": (
        (6, 5),
        lambda: [gn.Reshape((6, 5, 1)), gn.Conv2D(3, 2), gn.SiLU(), gn.AveragePool2D(2), gn.Flatten(), gn.Dense(3)],
    ),
    "no dense": ((5, 5, 2), lambda: [gn.Conv2D(4, 3), gn.Softplus(), gn.GlobalAveragePool()]),
    "global first": ((5, 5, 2), lambda: [gn.GlobalAveragePool(), gn.Dense(3)]),
    "softmax of channels": ((4, 4, 2), lambda: [gn.Conv2D(3, 2), gn.Softmax(), gn.Flatten(), gn.Dense(2)]),
    "back and forth": (
        (24,),
        lambda: [gn.Reshape((4, 3, 2)), gn.Conv2D(2, 1), gn.Reshape((3, 8)), gn.BatchNorm(), gn.ELU(), gn.Flatten()],
    ),
    "ends as images": ((4, 4, 1), lambda: [gn.Conv2D(2, 2), gn.Identity(), gn.Standardize(), gn.Conv2D(3, 2)]),
    "flat": ((3, 2), lambda: [gn.Flatten(), gn.Reshape((6, 1, 1)), gn.MaxPool2D(1), gn.Flatten(), gn.Dense(2)]),
}

LOSSES: list[Loss] = [
    gn.CrossEntropy(),
    gn.CrossEntropy(smoothing=0.1),
    gn.BinaryCrossEntropy(),
    gn.SquaredError(),
    gn.AbsoluteError(),
    gn.Huber(),
    gn.Huber(delta=0.3),
    gn.Poisson(),
    gn.Hinge(),
]

PENALTIES = [gn.L2(0.3), gn.L1(0.2), gn.MaxNorm(1.5)]

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
    gn.AdamW(0.1),
    gn.AdamW(0.1, decay=0.5),
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


def network_named(name: str, *, dtype: type = np.float64, seed: int = 0) -> gn.Network:
    """One of NETWORKS."""
    input_shape, layers = NETWORKS[name]
    return gn.Network(layers(), input_shape=input_shape, dtype=dtype, seed=seed)


def shaken(network: gn.Network, seed: int = 3) -> gn.Network:
    """With random parameters and buffers, for zeros and ones hide faults; variances are above 0."""
    rng = np.random.default_rng(seed)
    network.theta[...] = 0.5 * rng.standard_normal(len(network.theta))
    network.buffers[...] = rng.uniform(0.5, 1.5, len(network.buffers))
    return network


def examples_for(case: LayerCase, N: int, *, seed: int = 1) -> Array:
    """Random inputs; drawn again if one of them lies within 1e-3 of a kink."""
    rng = np.random.default_rng(seed)
    for _ in range(100):
        x = rng.standard_normal((N, *case.input_shape))
        if case.kink is None or case.kink(x) >= 1e-3:
            return x
    raise AssertionError(f"{case.id}: no draw of {N} examples stays away from the kinks")


def logits_for(loss: Loss, targets: Array, M: int, *, seed: int = 0) -> Array:
    """Random logits; drawn again if the loss has a kink within 1e-3 of one of them."""
    rng = np.random.default_rng(seed)
    for _ in range(100):
        z = rng.standard_normal((len(targets), M))
        kinks = [1.0]
        if isinstance(loss, gn.AbsoluteError):
            kinks = np.abs(z - (np.eye(M)[targets] if targets.ndim == 1 else targets))
        if isinstance(loss, gn.Hinge):
            truth = z[np.arange(len(z)), targets][:, None] if M > 1 else (1 - 2 * targets)[:, None] * 2 * z + z
            kinks = np.abs(1 + z - truth)
        if np.min(kinks) >= 1e-3:
            return z
    raise AssertionError(f"{loss}: no draw stays away from the kinks")


def targets_for(loss: Loss, N: int, M: int, *, seed: int = 2) -> list[Array]:
    """Every kind of target that a loss takes: labels, and rows of numbers in its range."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, M, N)
    if isinstance(loss, gn.CrossEntropy):
        return [labels, rng.dirichlet(np.ones(M), N)]
    if isinstance(loss, gn.BinaryCrossEntropy):
        return [labels, rng.uniform(0, 1, (N, M))]
    if isinstance(loss, gn.Poisson):
        return [labels, rng.poisson(1.5, (N, M)).astype(float)]
    return [labels] if isinstance(loss, gn.Hinge) else [labels, rng.standard_normal((N, M))]


@dataclass(eq=False)
class Doubled(gn.Layer):
    """y = 2 x: a layer of one's own, which no other program knows."""

    def forward(self, x: np.ndarray, *, training: bool = False) -> np.ndarray:
        return 2 * x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return 2 * dy
