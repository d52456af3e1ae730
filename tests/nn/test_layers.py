"""What holds for every layer of the case table, and a few values worked out by hand."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from cases import LAYERS, LayerCase, examples_for, network_of

ALL = pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.id)


def slopes(function, values: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Central differences of a scalar function by each entry of values."""
    result = np.empty_like(values)
    for place in np.ndindex(values.shape):
        before = values[place]
        values[place] = before + h
        up = function()
        values[place] = before - h
        result[place] = (up - function()) / (2 * h)
        values[place] = before
    return result


@ALL
@pytest.mark.parametrize("N", [1, 4])
def test_backward_is_the_derivative_of_forward(case: LayerCase, N: int) -> None:
    network = network_of(case)
    layer = network.layers[0]
    x = examples_for(case, N)
    upstream = np.random.default_rng(3).standard_normal((N, *layer.output_shape))

    def loss() -> float:
        return float(np.sum(upstream * layer.forward(x, training=True)))

    loss()
    dx = layer.backward(upstream).copy()
    gradients = {name: getattr(layer, f"d{name}").copy() for name in layer.parameters()}
    pairs = [(dx, slopes(loss, x)), *((g, slopes(loss, getattr(layer, name))) for name, g in gradients.items())]
    for analytic, numeric in pairs:
        # Central differences in float64 with h = 1e-6 are good to about 1e-9.
        assert np.abs(analytic - numeric).max() <= 1e-6 * np.abs(numeric).max()


@ALL
def test_backward_parameters_writes_the_same_gradients(case: LayerCase) -> None:
    network = network_of(case)
    layer = network.layers[0]
    upstream = np.random.default_rng(3).standard_normal((4, *layer.output_shape))
    layer.forward(examples_for(case, 4), training=True)
    layer.backward(upstream)
    expected = network.grad.copy()
    network.grad[:] = np.nan
    layer.backward_parameters(upstream)
    np.testing.assert_array_equal(network.grad, expected)


@ALL
def test_backward_writes_gradients_instead_of_adding_to_them(case: LayerCase) -> None:
    network = network_of(case)
    layer = network.layers[0]
    upstream = np.random.default_rng(3).standard_normal((4, *layer.output_shape))
    theta = network.theta.copy()
    layer.forward(examples_for(case, 4), training=True)
    layer.backward(upstream)
    once = network.grad.copy()
    layer.backward(upstream)
    np.testing.assert_array_equal(network.grad, once)
    np.testing.assert_array_equal(network.theta, theta)


@ALL
def test_training_and_prediction_agree_and_prediction_leaves_no_trace(case: LayerCase) -> None:
    network = network_of(case)
    layer = network.layers[0]
    x = examples_for(case, 4)
    before = {key: copy.copy(value) for key, value in vars(layer).items()}
    predicted = layer.forward(x)
    assert vars(layer).keys() == before.keys()
    assert layer.saved is None
    assert layer.spaces == {}
    np.testing.assert_array_equal(layer.forward(x, training=True), predicted)


@ALL
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_an_example_does_not_depend_on_its_neighbours(case: LayerCase, dtype: type, tolerance: float) -> None:
    layer = network_of(case, dtype=dtype).layers[0]
    x = examples_for(case, 5).astype(dtype)
    together = layer.forward(x)
    alone = np.concatenate([layer.forward(x[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(together, alone, rtol=tolerance, atol=tolerance)
    assert together.dtype == dtype


@ALL
def test_a_short_batch_reuses_the_memory_of_a_long_one(case: LayerCase) -> None:
    layer = network_of(case).layers[0]
    x = examples_for(case, 6)
    for N in (6, 2, 6):
        y = layer.forward(x[:N], training=True)
        np.testing.assert_array_equal(y, layer.forward(x[:N]))
        layer.backward(np.ones_like(y))
    sizes = {name: len(array) for name, array in layer.spaces.items()}
    assert set(sizes.values()) <= {6}


@ALL
def test_copies_and_pickles_hold_no_arrays_of_the_network(case: LayerCase) -> None:
    layer = network_of(case).layers[0]
    layer.forward(examples_for(case, 3), training=True)
    for other in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other.saved is None
        assert not [key for key, value in vars(other).items() if isinstance(value, np.ndarray)]


def test_dense_by_hand() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3, dtype=np.float64)
    layer = network.layers[0]
    network.theta[:] = [1, 2, 3, 4, 5, 6, 10, 20]  # W row by row, then b
    y = layer.forward(np.array([[1.0, 0, -1], [2, 1, 0]]), training=True)
    np.testing.assert_array_equal(y, [[1 - 5 + 10, 2 - 6 + 20], [2 + 3 + 10, 4 + 4 + 20]])
    dx = layer.backward(np.array([[1.0, 0], [0, 2]]))
    np.testing.assert_array_equal(layer.dW, [[1, 4], [0, 2], [-1, 0]])
    np.testing.assert_array_equal(layer.db, [1, 2])
    np.testing.assert_array_equal(dx, [[1, 3, 5], [4, 8, 12]])


def test_activations_by_hand() -> None:
    x = np.array([[-2.0, 0.0, 3.0]])
    np.testing.assert_array_equal(gn.ReLU().forward(x), [[0, 0, 3]])
    np.testing.assert_allclose(gn.Sigmoid().forward(x), [[0.11920292202211755, 0.5, 0.9525741268224334]], rtol=1e-15)
    np.testing.assert_allclose(gn.Tanh().forward(x), [[-0.9640275800758169, 0, 0.9950547536867305]], rtol=1e-15)


def test_relu_passes_nothing_at_zero() -> None:
    layer = gn.ReLU()
    layer.forward(np.array([[-1.0, 0, 1]], np.float32), training=True)
    np.testing.assert_array_equal(layer.backward(np.array([[5.0, 5, 5]], np.float32)), [[0, 0, 5]])


@given(st.floats(-1e4, 1e4))
def test_sigmoid_is_exact_in_both_tails(x: float) -> None:
    y = float(gn.Sigmoid().forward(np.array([[x]]))[0, 0])
    other = float(gn.Sigmoid().forward(np.array([[-x]]))[0, 0])
    assert 0 <= y <= 1
    assert y + other == pytest.approx(1, rel=1e-12)
    if -700 < x < 0:
        assert np.log(y / (1 - y)) == pytest.approx(x, rel=1e-9)


def test_standardize_measures_the_training_inputs(rng: np.random.Generator) -> None:
    x = rng.integers(0, 256, (3000, 4), dtype=np.uint8)
    x[:, 2] = 7  # never varies
    network = gn.Network([gn.Standardize()], input_shape=4)
    network.adapt(x)
    y = network.forward(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), [1, 1, 0, 1], atol=1e-5)
    network.adapt(x[:10] * 2)  # the first training data count, once and for all
    assert network.layers[0].seen[0] == 3000


def test_standardize_can_be_adapted_to_some_rows(rng: np.random.Generator) -> None:
    x = rng.standard_normal((50, 3))
    rows = np.array([1, 4, 9, 30])
    network = gn.Network([gn.Flatten(), gn.Standardize()], input_shape=3, dtype=np.float64)
    network.adapt(x, rows)
    np.testing.assert_allclose(network.layers[1].mean, x[rows].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(network.layers[1].std, x[rows].std(axis=0), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.Dense(0), "units must be at least 1, got 0"),
        (lambda: gn.Rescale(0.0), "scale must not be 0"),
        (lambda: gn.Rescale(float("nan")), "scale must not be 0"),
        (lambda: gn.Normal(0.0), "std must be above 0"),
        (lambda: gn.Uniform(1.0, 1.0), "low must be below high"),
    ],
)
def test_impossible_settings(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()
