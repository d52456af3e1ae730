"""Penalties, clipping and averaging: each against its equation."""

import math

import numpy as np
import pytest

import glassnet as gn
from cases import PENALTIES


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_backward_adds_the_derivative_of_forward(penalty: gn.Penalty, rng: np.random.Generator) -> None:
    W, dW = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    W[np.abs(W) < 1e-3] = 0.5  # away from the kink of L1
    before, h = dW.copy(), 1e-6
    penalty.backward(W, dW)
    for place in np.ndindex(W.shape):
        nudge = np.zeros_like(W)
        nudge[place] = h
        slope = (penalty.forward(W + nudge) - penalty.forward(W - nudge)) / (2 * h)
        assert dW[place] - before[place] == pytest.approx(slope, abs=1e-8)


def test_penalties_by_hand() -> None:
    W = np.array([[3.0, -4], [0, 0]])
    assert gn.L2(0.5).forward(W) == 0.25 * 25
    assert gn.L1(0.5).forward(W) == 3.5
    dW = np.ones((2, 2))
    gn.L2(0.5).backward(W, dW)
    np.testing.assert_array_equal(dW, [[2.5, -1], [1, 1]])
    gn.L1(2).backward(W, dW)
    np.testing.assert_array_equal(dW, [[4.5, -3], [1, 1]])


def test_max_norm_shortens_units_that_are_too_long_and_no_others() -> None:
    W = np.array([[3.0, 0.3], [4.0, 0.4]])
    gn.MaxNorm(2).project(W)
    np.testing.assert_allclose(W, [[1.2, 0.3], [1.6, 0.4]], rtol=1e-15)
    filters = np.ones((2, 2, 3, 5))
    gn.MaxNorm(1).project(filters)
    np.testing.assert_allclose(np.sqrt(np.square(filters).sum(axis=(0, 1, 2))), 1, rtol=1e-15)


def test_l1_and_l2_change_one_step_by_their_equation() -> None:
    x, y = np.random.default_rng(0).standard_normal((20, 4)), np.arange(20) % 3
    networks = [gn.Network([gn.Dense(3, bias_init=gn.Constant(1))], input_shape=4, dtype=np.float64) for _ in range(2)]
    W = networks[0].layers[0].W.copy()
    gn.fit(networks[0], (x, y), epochs=1, batch_size="full", optimizer=gn.SGD(0.1))
    gn.fit(networks[1], (x, y), epochs=1, batch_size="full", optimizer=gn.SGD(0.1), penalties=[gn.L2(0.3), gn.L1(0.2)])
    plain, penalised = (network.layers[0] for network in networks)
    np.testing.assert_allclose(penalised.W, plain.W - 0.1 * (0.3 * W + 0.2 * np.sign(W)), rtol=1e-12)
    np.testing.assert_array_equal(penalised.b, plain.b)  # biases are free


def test_max_norm_holds_after_training() -> None:
    x, y = 5 * np.random.default_rng(0).standard_normal((60, 4)), np.arange(60) % 3
    network = gn.Network([gn.Dense(8), gn.ReLU(), gn.Dense(3)], input_shape=4)
    history = gn.fit(network, (x, y), epochs=5, batch_size=10, penalties=[gn.MaxNorm(0.5)])
    for layer in network.layers[::2]:
        assert np.linalg.norm(layer.W, axis=0).max() <= 0.5 * (1 + 1e-6)
    assert history.records[0]["penalty"] == 0


def test_max_norm_holds_for_the_average_too() -> None:
    x, y = 5 * np.random.default_rng(0).standard_normal((60, 4)), np.arange(60) % 3
    network = gn.Network([gn.Dense(3)], input_shape=4)
    settings = {"optimizer": gn.SGD(1), "penalties": [gn.MaxNorm(0.5)], "average": gn.WeightAverage(0)}
    gn.fit(network, (x, y), epochs=5, batch_size=10, **settings)
    assert np.linalg.norm(network.layers[0].W, axis=0).max() <= 0.5 * (1 + 1e-6)


def test_a_huge_gradient_is_clipped_to_its_norm() -> None:
    x = np.full((4, 2), 1e15, np.float32)
    network = gn.Network([gn.Rescale(1e-15), gn.Dense(1)], input_shape=2)
    before = network.theta.copy()
    targets = np.full((4, 1), 1.2e19)  # the loss is finite, but the squares of three slopes are too large for float32
    gn.fit(network, (x, targets), loss=gn.SquaredError(), epochs=1, clip=gn.Clip(norm=0.5), optimizer=gn.SGD(1))
    assert np.linalg.norm(network.theta - before) == pytest.approx(0.5, rel=1e-6)


def test_the_penalty_stands_in_the_history_beside_the_loss() -> None:
    x, y = np.random.default_rng(0).standard_normal((20, 4)), np.arange(20) % 3
    network = gn.Network([gn.Dense(3)], input_shape=4)
    history = gn.fit(network, (x, y), epochs=2, penalties=[gn.L2(0.5)], validation=(x, y))
    assert history["penalty"][-1] == pytest.approx(0.25 * np.square(network.layers[0].W).sum(), rel=1e-6)
    assert history["validation_loss"][-1] == pytest.approx(gn.evaluate(network, (x, y)).loss, rel=1e-6)


def test_clipping_by_hand() -> None:
    g = np.array([3.0, -4.0, 0.5])
    gn.Clip(value=1).entries(g)
    np.testing.assert_array_equal(g, [1, -1, 0.5])
    assert gn.Clip(norm=1).factor(4) == 0.25
    assert gn.Clip(norm=5).factor(4) == 1
    assert gn.Clip(value=5).factor(1e9) == 1


@pytest.mark.parametrize("shards", [1, 3])
def test_a_step_is_no_longer_than_the_clipped_gradient(shards: int) -> None:
    x, y = 10 * np.random.default_rng(0).standard_normal((20, 4)), np.arange(20) % 3
    network = gn.Network([gn.Dense(3)], input_shape=4, dtype=np.float64)
    settings = {"epochs": 1, "batch_size": "full", "shards": shards, "workers": 1}
    before, free = network.theta.copy(), network.copy()
    gn.fit(free, (x, y), **settings, optimizer=gn.SGD(1))
    gn.fit(network, (x, y), **settings, optimizer=gn.SGD(1), clip=gn.Clip(norm=0.25))
    step, full = network.theta - before, free.theta - before
    assert np.linalg.norm(full) > 1
    np.testing.assert_allclose(step, 0.25 * full / np.linalg.norm(full), rtol=1e-9)
    network.theta[:] = before
    gn.fit(network, (x, y), **settings, optimizer=gn.SGD(1), clip=gn.Clip(value=0.5))
    np.testing.assert_allclose(network.theta - before, np.clip(full, -0.5, 0.5), rtol=1e-9)


class Remember(gn.Callback):
    def __init__(self) -> None:
        self.seen: list = []

    def on_batch(self, training) -> None:
        self.seen.append((training.network.theta.copy(), training.network.buffers.copy()))


def test_the_average_is_kept_and_covers_the_buffers() -> None:
    x, y = np.random.default_rng(0).standard_normal((30, 4)), np.arange(30) % 3
    layers = [gn.BatchNorm(), gn.Dense(3)]
    network = gn.Network(layers, input_shape=4, dtype=np.float64)
    theta, buffers, remember = network.theta.copy(), network.buffers.copy(), Remember()
    history = gn.fit(
        network, (x, y), validation=(x, y), epochs=3, batch_size=6, callbacks=[remember],
        average=gn.WeightAverage(0.7), optimizer=gn.SGD(0.5),
    )  # fmt: skip
    for t, (now, now_buffers) in enumerate(remember.seen):
        d = min(0.7, (1 + t) / (10 + t))
        theta, buffers = d * theta + (1 - d) * now, d * buffers + (1 - d) * now_buffers
    np.testing.assert_allclose(network.theta, theta, rtol=1e-9)
    np.testing.assert_allclose(network.buffers, buffers, rtol=1e-9)
    assert history["validation_loss"][-1] == pytest.approx(gn.evaluate(network, (x, y)).loss, rel=1e-9)
    assert not np.allclose(network.theta, remember.seen[-1][0])


def test_early_stopping_gives_back_the_best_average() -> None:
    x, y = np.random.default_rng(0).standard_normal((30, 4)), np.arange(30) % 3
    network = gn.Network([gn.Dense(3)], input_shape=4, dtype=np.float64)
    history = gn.fit(
        network, (x, y), validation=(x, y), epochs=30, batch_size=6, optimizer=gn.SGD(2),
        average=gn.WeightAverage(0.9), callbacks=[gn.EarlyStopping("validation_loss", patience=2)],
    )  # fmt: skip
    assert history.stopped
    assert gn.evaluate(network, (x, y)).loss == pytest.approx(min(history["validation_loss"]), rel=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.L2(-1), "strength must not be negative"),
        (lambda: gn.L1(-1), "strength must not be negative"),
        (lambda: gn.L1(math.nan), "expected a finite number"),
        (lambda: gn.MaxNorm(0), "limit must be above 0"),
        (lambda: gn.Clip(), "expected norm=, value= or both"),
        (lambda: gn.Clip(norm=0), "norm must be above 0"),
        (lambda: gn.Clip(value=-1), "value must be above 0"),
        (lambda: gn.WeightAverage(1), "decay must be from 0 to below 1"),
    ],
)
def test_impossible_settings(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()


def test_a_limit_of_ones_own_is_kept_in_training() -> None:
    class Positive(gn.Penalty):
        def forward(self, W: np.ndarray) -> float:
            return 0.0

        def backward(self, W: np.ndarray, dW: np.ndarray) -> None:
            pass

        def project(self, W: np.ndarray) -> None:
            np.maximum(W, 0, out=W)

    network = gn.Network([gn.Dense(4), gn.ReLU(), gn.Dense(2)], input_shape=3)
    x = np.random.default_rng(0).standard_normal((20, 3))
    gn.fit(network, (x, np.arange(20) % 2), epochs=2, penalties=[Positive()])
    assert (network.layers[0].W >= 0).all()
    assert (network.layers[2].W >= 0).all()
