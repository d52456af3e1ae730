"""Initialisers: their moments, and that they depend on the size of the layer as their papers say."""

import numpy as np
import pytest

import glassnet as gn
from cases import INITIALIZERS
from glassnet.nn.init import Initializer

FAN_IN, FAN_OUT = 300, 100
VARIANCE = {
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
