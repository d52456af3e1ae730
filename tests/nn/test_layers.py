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
def test_a_layer_says_whether_it_draws_at_random_and_measures_batches(case: LayerCase) -> None:
    network, x = network_of(case), examples_for(case, 4)
    outputs = []
    for step in (1, 2):
        network.set_address(seed=0, step=step)
        outputs.append(network.forward(x, training=True).copy())
    layer = network.layers[0]
    silent = isinstance(layer, gn.Dropout) and layer.rate == 0  # it draws, and uses nothing of it
    assert (layer.is_random and not silent) == (not np.array_equal(*outputs))
    before = network.buffers.copy()
    network.update_buffers()
    assert layer.measures_batches == (not np.array_equal(network.buffers, before))


@ALL
def test_a_layer_says_by_what_it_scales_its_input(case: LayerCase) -> None:
    network, x = network_of(case), examples_for(case, 4)
    network.adapt(x)
    scale = network.layers[0].input_scale()
    if scale is None or np.isnan(scale):
        kinds = {gn.Standardize, gn.BatchNorm}
        assert (scale is None) == (type(network.layers[0]) not in kinds)  # measured
    else:
        np.testing.assert_allclose(network.forward(x), scale * x)


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
    if not case.differs:
        np.testing.assert_array_equal(layer.forward(x, training=True), predicted)


@ALL
def test_a_short_batch_reuses_the_memory_of_a_long_one(case: LayerCase) -> None:
    layer = network_of(case).layers[0]
    x = examples_for(case, 6)
    for N in (6, 2, 6):
        y = layer.forward(x[:N], training=True)
        if not case.differs:
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
        assert other.spaces == {}
        assert not [key for key, value in vars(other).items() if isinstance(value, np.ndarray)]


def test_a_space_of_another_shape_is_another_space() -> None:
    layer = gn.ReLU()
    assert layer.space("a", (4, 3)).shape == (4, 3)
    assert layer.space("a", (2, 5)).shape == (2, 5)


def test_convolution_by_hand() -> None:
    network = gn.Network([gn.Conv2D(1, 2)], input_shape=(2, 3, 1), dtype=np.float64)
    network.theta[:] = [1, 10, 100, 1000, 0.5]  # the window row by row, then b
    layer = network.layers[0]
    y = layer.forward(np.arange(6.0).reshape(1, 2, 3, 1), training=True)
    np.testing.assert_array_equal(y.ravel(), [0 + 10 + 300 + 4000 + 0.5, 1 + 20 + 400 + 5000 + 0.5])
    dx = layer.backward(np.array([1.0, 2]).reshape(1, 1, 2, 1))
    np.testing.assert_array_equal(layer.dW.ravel(), [0 + 2, 1 + 4, 3 + 8, 4 + 10])
    np.testing.assert_array_equal(layer.db, [3])
    np.testing.assert_array_equal(dx.ravel(), [1, 12, 20, 100, 1200, 2000])


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding", "expected"),
    [
        (5, 3, 1, "valid", 3),
        (5, 3, 2, "valid", 2),
        (6, 3, 2, "valid", 2),
        (5, 3, 1, "same", 5),
        (5, 3, 2, "same", 3),
        (4, 2, 3, "same", 2),
    ],
)
def test_sizes_of_a_convolution(side: int, kernel: int, stride: int, padding: str, expected: int) -> None:
    layer = gn.Conv2D(2, kernel, stride=stride, padding=padding)
    assert layer.build((side, side, 1)) == (expected, expected, 2)


def test_max_pool_by_hand_gives_a_tie_to_the_first() -> None:
    layer = gn.Network([gn.MaxPool2D(2)], input_shape=(2, 5, 1)).layers[0]
    x = np.array([[1, 9, 3, 3, 100], [4, 2, 3, 3, 100]], np.float32).reshape(
        1, 2, 5, 1
    )  # the last column fills no block
    np.testing.assert_array_equal(layer.forward(x, training=True).ravel(), [9, 3])
    dx = layer.backward(np.array([5, 7], np.float32).reshape(1, 1, 2, 1))
    np.testing.assert_array_equal(dx.reshape(2, 5), [[0, 5, 7, 0, 0], [0, 0, 0, 0, 0]])


def test_dropout_keeps_the_expectation_and_its_address() -> None:
    network = gn.Network([gn.Dropout(0.3)], input_shape=100_000)
    x = np.ones((1, 100_000), np.float32)
    network.set_address(seed=1, step=2, shard=0)
    first = network.forward(x, training=True).copy()
    kept = np.count_nonzero(first) / first.size
    assert abs(kept - 0.7) < 5 * np.sqrt(0.3 * 0.7 / first.size)  # five standard errors
    np.testing.assert_allclose(first[first > 0], 1 / 0.7, rtol=1e-4)  # the rate is kept to 1/65,536
    np.testing.assert_array_equal(network.forward(x, training=True), first)
    for address in ({"seed": 2, "step": 2}, {"seed": 1, "step": 3}, {"seed": 1, "step": 2, "shard": 1}):
        network.set_address(**address)
        assert np.any(network.forward(x, training=True) != first)
    np.testing.assert_array_equal(network.forward(x), x)


def test_two_dropouts_are_silent_at_different_places() -> None:
    network = gn.Network([gn.Dropout(0.5), gn.Dropout(0.5)], input_shape=10_000)
    y = network.forward(np.ones((1, 10_000), np.float32), training=True)
    assert np.count_nonzero(y) < 3000  # a quarter, not a half


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
    np.testing.assert_allclose(network.layers[1].factor, 1 / x[rows].std(axis=0), rtol=1e-12)


def test_standardize_measures_what_comes_out_of_the_layers_below() -> None:
    network = gn.Network([gn.Rescale(0.01), gn.Standardize()], input_shape=2, dtype=np.float64)
    network.adapt(np.array([[100.0, 300], [300, 500]]))
    np.testing.assert_allclose(network.layers[1].mean, [2, 4], rtol=1e-12)


def test_a_feature_that_never_varied_stays_silent_whatever_comes_later() -> None:
    network = gn.Network([gn.Standardize(), gn.Dense(3)], input_shape=2)
    network.adapt(np.array([[0, 7], [5, 7], [9, 7]], np.uint8))
    np.testing.assert_array_equal(network.logits(np.array([[4, 255]])), network.logits(np.array([[4, 0]])))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.Dense(0), "units must be at least 1, got 0"),
        (lambda: gn.Rescale(0.0), "scale must not be 0"),
        (lambda: gn.Rescale(float("nan")), "expected a finite number"),
        (lambda: gn.Dense("3"), "Dense: units: expected a whole number, got '3'"),
        (lambda: gn.Dense(2.5), "expected a whole number, got 2.5"),
        (lambda: gn.Uniform(-1e308, 1e308), "range from low to high is too large"),
        (lambda: gn.Rescale(10**400), "got a whole number of 1329 bits"),
        (lambda: gn.Dropout(1.0), "rate must be from 0 to below 1"),
        (lambda: gn.Conv2D(0, 3), "filters must be at least 1"),
        (lambda: gn.Conv2D(1, 3, padding="full"), "expected one of 'valid', 'same'"),
        (lambda: gn.MaxPool2D(0), "size must be at least 1"),
        (lambda: gn.Normal(0.0), "std must be above 0"),
        (lambda: gn.Uniform(1.0, 1.0), "low must be below high"),
    ],
)
def test_impossible_settings(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()
