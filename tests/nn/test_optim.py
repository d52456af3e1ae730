"""Optimizers against their equations, worked out step by step with plain numbers."""

import numpy as np
import pytest

import glassnet as gn
from cases import OPTIMIZERS

GRADIENTS = [np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -1.0]), np.array([-2.0, 0.0, 4.0])]


def run(optimizer: gn.Optimizer, lr: float = 0.1) -> list[np.ndarray]:
    theta = np.array([1.0, 2.0, 3.0])
    state = optimizer.start(theta)
    path = []
    for step, grad in enumerate(GRADIENTS):
        optimizer.update(theta, grad.copy(), state, lr=lr, step=step)
        path.append(theta.copy())
    return path


def test_sgd() -> None:
    theta = np.array([1.0, 2.0, 3.0])
    for grad, after in zip(GRADIENTS, run(gn.SGD(0.1)), strict=True):
        theta = theta - 0.1 * grad
        np.testing.assert_allclose(after, theta, rtol=1e-14)


def test_momentum() -> None:
    theta, v = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    for grad, after in zip(GRADIENTS, run(gn.SGD(0.1, momentum=0.9)), strict=True):
        v = 0.9 * v + grad
        theta = theta - 0.1 * v
        np.testing.assert_allclose(after, theta, rtol=1e-14)


def test_nesterov() -> None:
    theta, v = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    for grad, after in zip(GRADIENTS, run(gn.SGD(0.1, momentum=0.9, nesterov=True)), strict=True):
        v = 0.9 * v + grad
        theta = theta - 0.1 * (grad + 0.9 * v)
        np.testing.assert_allclose(after, theta, rtol=1e-14)


def test_adagrad() -> None:
    theta, s = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    for grad, after in zip(GRADIENTS, run(gn.AdaGrad(0.1, epsilon=1e-3)), strict=True):
        s = s + grad**2
        theta = theta - 0.1 * grad / (np.sqrt(s) + 1e-3)
        np.testing.assert_allclose(after, theta, rtol=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.7])
def test_rmsprop(momentum: float) -> None:
    theta, v, u = np.array([1.0, 2.0, 3.0]), np.zeros(3), np.zeros(3)
    optimizer = gn.RMSProp(0.1, decay=0.8, momentum=momentum, epsilon=1e-3)
    for grad, after in zip(GRADIENTS, run(optimizer), strict=True):
        v = 0.8 * v + 0.2 * grad**2
        u = momentum * u + grad / (np.sqrt(v) + 1e-3)
        theta = theta - 0.1 * u
        np.testing.assert_allclose(after, theta, rtol=1e-13)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_one_optimizer_serves_two_trainings(optimizer: gn.Optimizer) -> None:
    for first, second in zip(run(optimizer), run(optimizer), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_parts_of_the_vectors_are_updated_like_the_whole(optimizer: gn.Optimizer, rng: np.random.Generator) -> None:
    whole = rng.standard_normal(1000).astype(np.float32)
    parts = whole.copy()
    state, part_state = optimizer.start(whole), optimizer.start(parts)
    for step in range(5):
        grad = rng.standard_normal(1000).astype(np.float32)
        for cut in (slice(0, 337), slice(337, 1000)):
            mine = {name: vector[cut] for name, vector in part_state.items()}
            optimizer.update(parts[cut], grad[cut].copy(), mine, lr=0.1, step=step)
        optimizer.update(whole, grad.copy(), state, lr=0.1, step=step)
        np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_finds_the_bottom_of_a_bowl(optimizer: gn.Optimizer) -> None:
    theta, curvature = np.array([5.0, -3.0]), np.array([1.0, 0.2])
    state = optimizer.start(theta)
    for step in range(2000):
        rate = optimizer.lr * (1 - step / 2000)  # a rule whose steps do not shrink with the gradient needs it
        optimizer.update(theta, curvature * theta, state, lr=rate, step=step)
    # Plain descent shrinks the flat direction by 1 - 0.02 (1 - k / 2000) in step k: 3 exp(-20) in all.
    # A rule that moves by its rate takes last steps far below 1e-3.
    assert np.abs(theta).max() < 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.SGD(0), "lr must be above 0"),
        (lambda: gn.SGD(0.1, momentum=1), "momentum must be from 0 to below 1"),
        (lambda: gn.SGD(0.1, nesterov=True), "nesterov needs a momentum"),
    ],
)
def test_impossible_settings(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()


def test_adamw_shrinks_every_parameter_before_the_step_of_adam() -> None:
    path, theta = run(gn.AdamW(0.1, decay=0.5)), np.array([1.0, 2.0, 3.0])
    adam, state = gn.Adam(0.1), gn.Adam(0.1).start(theta)
    for step, (grad, after) in enumerate(zip(GRADIENTS, path, strict=True)):
        theta *= 1 - 0.1 * 0.5
        adam.update(theta, grad.copy(), state, lr=0.1, step=step)
        np.testing.assert_allclose(after, theta, rtol=1e-14)
