"""Properties that hold for whatever comes in."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import glassnet as gn
from cases import LAYERS, LayerCase
from properties import DTYPES, NO_POISSON, dropout, examples_one_by_one, huge_logits

FEW = range(4)  # `make fuzz` tries thousands


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_a_batch_is_its_examples_one_by_one_whatever_their_neighbours(
    case: LayerCase, dtype: type, tolerance: float
) -> None:
    for number in FEW:
        examples_one_by_one(case, dtype, tolerance, number)


@given(arrays(np.float64, (3, 4), elements=st.floats(-50, 50)), st.floats(-1e4, 1e4))
def test_softmax_does_not_change_with_a_shift(z: np.ndarray, shift: float) -> None:
    """Adding the shift rounds z to about 1e-12; a probability changes by as much, relative to its size."""
    p = gn.CrossEntropy().predict(z)
    np.testing.assert_allclose(gn.CrossEntropy().predict(z + shift), p, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("number", FEW)
def test_dropout_keeps_the_expectation(number: int, tmp_path: Path) -> None:
    dropout(number, tmp_path)


@pytest.mark.parametrize("loss", NO_POISSON, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_warning_and_no_overflow_at_huge_logits(loss: gn.Loss, dtype: type) -> None:
    for number in FEW:
        huge_logits(loss, dtype, number)


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
