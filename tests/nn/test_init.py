"""Initialisers: their moments, and that they depend on the size of the layer as their papers say."""

import numpy as np
import pytest

import glassnet as gn
from cases import INITIALIZERS
from glassnet.nn.init import Initializer

FAN_IN, FAN_OUT = 300, 100
VARIANCE = {
    "LeCunNormal": 1 / FAN_IN,
    "LeCunUniform": 1 / FAN_IN,
    "Orthogonal": 1 / max(FAN_IN, FAN_OUT),
    "HeNormal": 2 / FAN_IN,
    "HeUniform": 2 / FAN_IN,
    "GlorotNormal": 2 / (FAN_IN + FAN_OUT),
    "GlorotUniform": 2 / (FAN_IN + FAN_OUT),
    "Normal": 0.3**2,
    "Uniform": 0.9**2 / 12,
    "Constant": 0,
}
MEAN = {"Constant": 0.25, "Uniform": 0.25}


@pytest.mark.parametrize("init", INITIALIZERS, ids=lambda init: type(init).__name__)
def test_mean_and_variance(init: Initializer) -> None:
    name = type(init).__name__
    draws = init.draw((FAN_IN, FAN_OUT), FAN_IN, FAN_OUT, np.random.default_rng(0))
    n = draws.size
    # Five standard errors of the mean and of the variance (of a normal, the larger of the two kinds).
    assert abs(draws.mean() - MEAN.get(name, 0)) <= 5 * np.sqrt(VARIANCE[name] / n)
    assert abs(draws.var() - VARIANCE[name]) <= 5 * VARIANCE[name] * np.sqrt(2 / n)


@pytest.mark.parametrize("init", [gn.HeUniform(), gn.GlorotUniform()])
def test_uniform_stays_within_its_limit(init: Initializer) -> None:
    draws = init.draw((FAN_IN, FAN_OUT), FAN_IN, FAN_OUT, np.random.default_rng(0))
    limit = np.sqrt(3 * VARIANCE[type(init).__name__])
    assert 0.99 * limit < np.abs(draws).max() <= limit


def test_dense_uses_its_initialisers() -> None:
    network = gn.Network([gn.Dense(4, init=gn.Constant(2), bias_init=gn.Constant(-1))], input_shape=3)
    np.testing.assert_array_equal(network.layers[0].W, np.full((3, 4), 2))
    np.testing.assert_array_equal(network.layers[0].b, np.full(4, -1))


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (3, 3, 2, 5)])
def test_orthogonal_weights_keep_lengths(shape: tuple[int, ...]) -> None:
    W = gn.Orthogonal(2.0).draw(shape, 1, 1, np.random.default_rng(0)).reshape(-1, shape[-1])
    product = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_weights_are_not_turned_one_way() -> None:
    """Without the signs of R, the first entry of Q would always be of one sign."""
    firsts = [gn.Orthogonal().draw((3, 3), 3, 3, np.random.default_rng(seed))[0, 0] for seed in range(40)]
    assert 8 < sum(first > 0 for first in firsts) < 32  # 20 expected, standard deviation 3.2
