"""Properties that hold for whatever comes in, tried by hypothesis."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import glassnet as gn
from cases import LAYERS, LOSSES, LayerCase, network_of, targets_for

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=20, deadline=None)


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@given(seed=SEEDS, N=st.integers(1, 9), scale=st.sampled_from([1e-3, 1.0, 30.0]))
@QUIET
def test_a_batch_is_its_examples_one_by_one_whatever_their_neighbours(
    case: LayerCase, dtype: type, tolerance: float, seed: int, N: int, scale: float
) -> None:
    layer = network_of(case, dtype=dtype).layers[0]
    rng = np.random.default_rng(seed)
    x = (scale * rng.standard_normal((N, *case.input_shape))).astype(dtype)
    together = layer.forward(x)
    alone = np.concatenate([layer.forward(x[n : n + 1]) for n in range(N)])
    others = (1e3 * rng.standard_normal(x.shape)).astype(dtype)
    others[N // 2] = x[N // 2]
    among_others = layer.forward(others)[N // 2]
    size = max(float(np.abs(together).max()), 1.0)  # errors are relative to the largest output
    assert np.abs(together - alone).max() <= tolerance * size
    assert np.abs(together[N // 2] - among_others).max() <= tolerance * size


@given(arrays(np.float64, (3, 4), elements=st.floats(-50, 50)), st.floats(-1e4, 1e4))
def test_softmax_does_not_change_with_a_shift(z: np.ndarray, shift: float) -> None:
    """Adding the shift rounds z to about 1e-12; a probability changes by as much, relative to its size."""
    p = gn.CrossEntropy().predict(z)
    np.testing.assert_allclose(gn.CrossEntropy().predict(z + shift), p, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@given(seed=SEEDS, step=st.integers(0, 2**32 - 1))
@QUIET
def test_dropout_keeps_the_expectation(rate: float, seed: int, step: int) -> None:
    size = 40_000
    network = gn.Network([gn.Dropout(rate)], input_shape=size, dtype=np.float64)
    network.set_address(seed=seed, step=step)
    mean = network.forward(np.ones((1, size)), training=True).mean()
    # m / (1 - rate) has the variance rate / (1 - rate); seven standard errors are passed once in 4e11 draws.
    assert abs(mean - 1) <= 7 * math.sqrt(rate / (1 - rate) / size)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if not isinstance(loss, gn.Poisson)], ids=repr)  # e^10000
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=SEEDS, M=st.integers(2, 6))
@QUIET
def test_no_warning_and_no_overflow_at_huge_logits(loss: gn.Loss, dtype: type, seed: int, M: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.choice([-1e4, -1.0, 0, 1, 1e4], (5, M)).astype(dtype)
    for targets in targets_for(loss, 5, M, seed=seed):
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            value, prediction = loss.forward(z, targets)
            gradient = loss.backward(prediction, targets)
        assert math.isfinite(value)
        assert np.isfinite(gradient).all()
        assert np.isfinite(loss.predict(z)).all()


@pytest.mark.parametrize(
    "layer",
    [gn.Sigmoid(), gn.Tanh(), gn.ELU(), gn.GELU(), gn.SiLU(), gn.Softplus(), gn.Softmax(), gn.BatchNorm()],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_warning_and_no_overflow_in_activations(layer: gn.Layer, dtype: type) -> None:
    layer = gn.Network([type(layer)()], input_shape=5, dtype=dtype).layers[0]
    x = np.array([[-1e4, -30, 0, 30, 1e4], [1e4, 1e4, -1e4, 1, -1]], dtype)
    with np.errstate(all="raise", under="ignore"):
        for y in (layer.forward(x), layer.forward(x, training=True), layer.backward(np.ones_like(x))):
            assert np.isfinite(y).all()
