"""Batch normalisation against its equations, and what its buffers learn."""

import numpy as np
import pytest

import glassnet as gn


def layer_of(shape: tuple[int, ...], **settings) -> tuple[gn.Network, gn.BatchNorm]:
    network = gn.Network([gn.BatchNorm(**settings)], input_shape=shape, dtype=np.float64)
    return network, network.layers[0]


@pytest.mark.parametrize("shape", [(3,), (4, 5, 3)])
def test_every_feature_gets_mean_beta_and_deviation_gamma(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    _, layer = layer_of(shape, epsilon=1e-12)
    layer.gamma[:], layer.beta[:] = [1, 2, 3], [0, -1, 5]
    x = 7 + 3 * rng.standard_normal((40, *shape))
    y = layer.forward(x, training=True).reshape(-1, 3)
    np.testing.assert_allclose(y.mean(axis=0), [0, -1, 5], atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), [1, 2, 3], rtol=1e-9)


def test_a_training_forward_leaves_the_buffers_to_fold(rng: np.random.Generator) -> None:
    network, layer = layer_of((2,), momentum=0.75)
    x = rng.standard_normal((5, 2))
    for _ in range(3):  # it may be repeated
        layer.forward(x, training=True)
    np.testing.assert_array_equal(network.buffers, [0, 0, 1, 1])
    network.update_buffers()
    np.testing.assert_allclose(layer.mean, 0.25 * x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(layer.variance, 0.75 + 0.25 * x.var(axis=0, ddof=1), rtol=1e-12)


def test_prediction_uses_the_running_statistics(rng: np.random.Generator) -> None:
    _, layer = layer_of((2,), epsilon=0.5)
    layer.gamma[:], layer.beta[:], layer.mean[:], layer.variance[:] = [2, 3], [1, 0], [10, -1], [1.75, 3.5]
    x = rng.standard_normal((4, 2))
    expected = [[2, 3]] * (x - [10, -1]) / np.sqrt([2.25, 4]) + [[1, 0]]
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-12)


def test_a_constant_feature_is_beta_and_has_no_slope() -> None:
    _, layer = layer_of((2,))
    layer.beta[:] = [3, 4]
    np.testing.assert_array_equal(layer.forward(np.full((5, 2), 8.0), training=True), np.tile([3.0, 4], (5, 1)))
    assert not np.abs(layer.backward(np.arange(10.0).reshape(5, 2)).sum(axis=0)).max() > 1e-12


def test_a_batch_of_one_is_normalised_to_beta() -> None:
    network, layer = layer_of((2,))
    np.testing.assert_array_equal(layer.forward(np.array([[5.0, -2]]), training=True), [[0, 0]])
    network.update_buffers()
    np.testing.assert_allclose(layer.mean, [0.5, -0.2], rtol=1e-12)
    np.testing.assert_array_equal(layer.variance, [1, 1])  # one value says nothing of it


def test_running_statistics_come_near_those_of_the_data(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2000, 3)) * [1, 5, 0.2] + [0, 100, -3]
    network = gn.Network([gn.BatchNorm(), gn.Dense(2)], input_shape=3)
    gn.fit(network, (x, (x[:, 0] > 0).astype(int)), epochs=30, batch_size=100)
    layer = network.layers[0]
    # A running mean with momentum 0.9 averages about 19 batches of 100: five standard errors of 1,900 values.
    np.testing.assert_allclose(layer.mean, x.mean(axis=0), atol=5 * 5 / np.sqrt(1900))
    np.testing.assert_allclose(np.sqrt(layer.variance), x.std(axis=0), rtol=5 / np.sqrt(2 * 1900))
    assert gn.evaluate(network, (x, (x[:, 0] > 0).astype(int))).accuracy > 0.95


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"momentum": 1.0}, "momentum must be from 0 to below 1, got 1"), ({"epsilon": 0}, "epsilon must be above 0")],
)
def test_impossible_settings(settings: dict, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        gn.BatchNorm(**settings)
