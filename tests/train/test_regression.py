"""Regression: figures beside those of scikit-learn, targets without their unit, and networks that answer in it."""

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.target import TargetScale, target_scale


def line(outputs: int = 1, **settings) -> gn.Network:
    return gn.Network([gn.Standardize(), gn.Dense(outputs)], input_shape=2, **settings)


def test_figures_worked_out_by_hand() -> None:
    result = gn.RegressionEvaluation(0.5, np.array([1.0, 2, 6]), np.array([2.0, 2, 3]))
    np.testing.assert_array_equal(result.residuals, [1, 0, -3])
    assert result.mean_absolute_error == pytest.approx(4 / 3)
    assert result.root_mean_squared_error == pytest.approx(math.sqrt(10 / 3))
    assert result.r2 == pytest.approx(1 - 10 / 14)  # around the mean 3: 4 + 1 + 9
    assert result.to_table() == result.figures
    assert result.figures["examples"] == 3


def test_figures_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="the comparison needs the extra 'sklearn'")
    truth, predicted = rng.standard_normal((2, 50))
    result = gn.RegressionEvaluation(0.5, truth, predicted)
    assert result.r2 == pytest.approx(metrics.r2_score(truth, predicted))
    assert result.mean_absolute_error == pytest.approx(metrics.mean_absolute_error(truth, predicted))
    assert result.root_mean_squared_error == pytest.approx(metrics.root_mean_squared_error(truth, predicted))


def test_r2_is_not_defined_for_equal_targets() -> None:
    result = gn.RegressionEvaluation(0.5, np.ones(3), np.zeros(3))
    assert math.isnan(result.r2)
    assert result.figures["r2"] is None


def test_a_network_is_measured_in_the_unit_of_its_targets(rng: np.random.Generator) -> None:
    x = rng.standard_normal((200, 2))
    t = 1000 + 300 * x[:, 0] - 50 * x[:, 1]
    network = line()
    network.loss = gn.SquaredError()
    scale = target_scale(network, t)
    assert scale == TargetScale(t.mean(), t.std())
    u = scale.standardized(t)
    np.testing.assert_allclose([u.mean(), u.std()], [0, 1], atol=1e-12)  # float64 rounding of 200 terms
    gn.fit(network, (x, u), epochs=200, optimizer=gn.SGD(0.2))
    learned = network.predict(x)[:, 0]
    scale.add_unit(network)
    np.testing.assert_allclose(network.predict(x)[:, 0], learned * t.std() + t.mean(), rtol=1e-5)  # float32
    result = gn.evaluate_regression(network, (x, t))
    assert result.r2 > 0.999999  # the targets are linear in x
    np.testing.assert_array_equal(result.truth, t)


def test_the_last_layer_takes_the_unit_in(rng: np.random.Generator) -> None:
    network, x = line(), rng.standard_normal((5, 2))
    network.layers[-1].b[...] = 0.25
    before = network.forward(x)
    TargetScale(1000.0, 300.0).add_unit(network)
    np.testing.assert_allclose(network.forward(x), 300 * before + 1000, rtol=1e-6)  # float32


def test_targets_that_never_change_keep_their_scale() -> None:
    assert TargetScale.of(np.full(4, 7.0)) == TargetScale(7.0, 1.0)


def test_labels_and_counts_are_left_as_they_are() -> None:
    network = line()
    network.loss = gn.Poisson()
    assert target_scale(network, np.arange(4.0)) is None
    assert target_scale(line(), np.arange(4)) is None
    assert target_scale(line(), None) is None


def test_counts_are_predicted_as_counts() -> None:
    network = line()
    network.loss = gn.Poisson()
    network.theta[...] = 0
    result = gn.evaluate_regression(network, (np.zeros((3, 2)), np.array([0.0, 1, 2])))
    np.testing.assert_array_equal(result.predicted, np.ones(3))  # exp(0)


@pytest.mark.parametrize("last", [gn.Tanh(), gn.Dense(2)])
def test_a_network_must_end_in_what_can_take_the_unit(last: gn.Layer) -> None:
    network = gn.Network([gn.Dense(1), last], input_shape=2)
    with pytest.raises(gn.InputError, match=r"a network must end in Dense\(1\), but it ends in (Tanh|Dense)"):
        target_scale(network, np.arange(4.0))


def test_classes_are_measured_elsewhere(blobs: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = blobs
    with pytest.raises(gn.InputError, match="for classes use evaluate"):
        gn.evaluate_regression(line(3), (x, y))
    network = line()
    network.loss = gn.SquaredError()
    with pytest.raises(gn.InputError, match="real numbers are measured by evaluate_regression"):
        gn.evaluate(network, (x, y.astype(float) + 0.5))
