"""Wrong backwards, planted in every layer and every loss: the gradient check rejects each of them."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import glassnet as gn
from cases import LAYERS, LOSSES, Array, LayerCase, examples_for, logits_for, targets_for
from glassnet.nn.gradcheck import GradientCheck

N = 4


def without_largest(d: Array) -> Array:
    d.reshape(-1)[np.abs(d).argmax()] = 0
    return d


def transposed(d: Array) -> Array:
    """The first axis and the others as if they had been read in the other order."""
    return d.reshape(len(d), -1).T.reshape(d.shape)


# Each turns a copy of the right gradient into a wrong one.
FAULTS: dict[str, Callable[[Array], Array]] = {
    "sign": lambda d: -d,
    "missing term": without_largest,
    "transposed": transposed,
    "missing 1/N": lambda d: N * d,
    "off by one": lambda d: np.roll(d.reshape(-1), 1).reshape(d.shape),
}


def applicable(shape: tuple[int, ...]) -> Iterator[str]:
    """The faults that a gradient of this shape can have: a vector cannot be transposed, one number has no order."""
    size = int(np.prod(shape))
    for name in FAULTS:
        if (name != "transposed" or (len(shape) > 1 and 1 < shape[0] < size)) and (name != "off by one" or size > 1):
            yield name


def checked(case: LayerCase) -> GradientCheck:
    """The gradient check of the layer, with something above it that asks for all of its outputs."""
    layers = [case.layer, gn.Flatten(), gn.Dense(3)]
    network = gn.Network(layers, input_shape=case.input_shape, dtype=np.float64, seed=3)
    x = examples_for(case, N)
    network.adapt(x)
    network.theta += 0.1 * np.random.default_rng(5).standard_normal(network.theta.shape)
    return gn.check_gradients(network, x, np.array([0, 1, 2, 1]))


def planted() -> Iterator[object]:
    for case in LAYERS:
        layer = gn.Network([case.layer], input_shape=case.input_shape).layers[0]
        shapes = {f"d{name}": declared.shape for name, declared in layer.parameters().items()}
        for gradient, shape in {"dx": (N, *case.input_shape), **shapes}.items():
            for fault in applicable(shape):
                yield pytest.param(case, gradient, fault, id=f"{case.id}-{gradient}-{fault}")


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
def test_the_right_backward_of_a_layer_passes(case: LayerCase) -> None:
    assert checked(case), str(checked(case))


@pytest.mark.parametrize(("case", "gradient", "fault"), list(planted()))
def test_a_fault_in_a_layer_is_rejected(
    case: LayerCase, gradient: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = "backward" if gradient == "dx" else "backward_parameters"
    right = getattr(type(case.layer), method)

    def wrong(self: gn.Layer, dy: Array) -> Array | None:
        dx = right(self, dy)
        if self.address[3] > 0:  # not the layer in question, but the Flatten or Dense above it
            return dx
        if gradient == "dx":
            return FAULTS[fault](dx.copy())
        getattr(self, gradient)[...] = FAULTS[fault](getattr(self, gradient).copy())
        return dx

    monkeypatch.setattr(type(case.layer), method, wrong)
    assert not checked(case)


def loss_cases() -> Iterator[object]:
    for loss in LOSSES:
        for kind, targets in enumerate(targets_for(loss, N, 3)):
            yield pytest.param(loss, targets, id=f"{loss!r}-{['labels', 'rows'][kind]}")


def checked_loss(loss: gn.Loss, targets: Array) -> GradientCheck:
    network = gn.Network([gn.Identity()], input_shape=3, dtype=np.float64)
    network.loss = loss
    return gn.check_gradients(network, logits_for(loss, targets, 3), targets)


@pytest.mark.parametrize(("loss", "targets"), list(loss_cases()))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_loss_is_rejected(
    loss: gn.Loss, targets: Array, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checked_loss(loss, targets)
    right = gn.Loss.backward

    def wrong(self: gn.Loss, prediction: Array, targets: Array) -> Array:
        return FAULTS[fault](right(self, prediction, targets))

    monkeypatch.setattr(type(loss), "backward", wrong)
    assert not checked_loss(loss, targets)


def test_a_softmax_with_the_diagonal_of_its_jacobian_only_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gn.Softmax, "backward", lambda self, dy: dy * self.saved * (1 - self.saved))
    assert not checked(next(case for case in LAYERS if isinstance(case.layer, gn.Softmax)))


def test_a_batch_normalisation_that_forgets_its_own_mean_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gn.BatchNorm.backward
    monkeypatch.setattr(gn.BatchNorm, "backward", lambda self, dy: right(self, dy) + self.gamma * self.saved[1] * 0.1)
    assert not checked(next(case for case in LAYERS if isinstance(case.layer, gn.BatchNorm)))
