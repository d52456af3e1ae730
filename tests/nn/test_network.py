"""The network: two flat vectors, views that survive copying, prediction that leaves no trace."""

import copy
import pickle
import threading

import numpy as np
import pytest

import glassnet as gn


def small(**kwargs) -> gn.Network:
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(5), gn.Tanh(), gn.Dense(3)]
    return gn.Network(layers, input_shape=(4, 4), **kwargs)


def pictures(N: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, 4, 4), dtype=np.uint8)


def bound(network: gn.Network) -> bool:
    """Whether every layer's arrays are views of the network's own vectors."""
    dense = [layer for layer in network.layers if isinstance(layer, gn.Dense)]
    return all(
        np.shares_memory(getattr(layer, name), vector)
        for layer in dense
        for name, vector in (("W", network.theta), ("b", network.theta), ("dW", network.grad), ("db", network.grad))
    )


def test_layers_are_views_of_the_flat_vectors() -> None:
    network = small()
    assert network.theta.size == network.grad.size == 16 * 5 + 5 + 5 * 3 + 3
    assert bound(network)
    network.theta[:] = np.arange(network.theta.size)
    np.testing.assert_array_equal(network.layers[2].W.ravel(), np.arange(80))
    np.testing.assert_array_equal(network.layers[4].b, [100, 101, 102])


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), lambda n: n.copy()]
)
def test_copies_bind_their_own_vectors(duplicate) -> None:
    network = gn.Network([gn.Standardize(), gn.Flatten(), gn.Dense(3)], input_shape=(4, 4), classes=["a", "b", "c"])
    network.adapt(pictures(9))
    network.forward(pictures(2), training=True)
    other = duplicate(network)
    assert bound(other)
    assert np.shares_memory(other.layers[0].mean, other.buffers)
    assert other.classes == network.classes
    np.testing.assert_array_equal(other.logits(pictures(5)), network.logits(pictures(5)))
    before = network.logits(pictures(5))
    other.theta += 1
    other.buffers += 1
    np.testing.assert_array_equal(network.logits(pictures(5)), before)
    dlogits = np.ones((2, 3), np.float32)
    other.forward(pictures(2), training=True)
    other.backward(dlogits)
    assert np.any(other.grad != network.grad)


def test_a_copy_in_another_dtype() -> None:
    network = small()
    other = network.copy(dtype=np.float64)
    assert other.theta.dtype == other.logits(pictures(2)).dtype == np.float64
    np.testing.assert_allclose(other.logits(pictures(2)), network.logits(pictures(2)), rtol=1e-5)


def test_the_seed_chooses_the_weights_and_nothing_else_does() -> None:
    np.random.seed(1)  # noqa: NPY002  (the global state must not matter)
    first = small(seed=3).theta
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(first, small(seed=3).theta)
    assert np.any(first != small(seed=4).theta)


def test_the_first_weights_do_not_depend_on_the_layers_above() -> None:
    lower = gn.Network([gn.Dense(5)], input_shape=4).layers[0].W
    deeper = gn.Network([gn.Dense(5), gn.ReLU(), gn.Dense(2)], input_shape=4).layers[0].W
    np.testing.assert_array_equal(lower, deeper)


def test_backward_below_the_first_parameters_is_skipped_in_training() -> None:
    network = small()
    network.forward(pictures(2), training=True)
    network.backward_parameters(np.ones((2, 3), np.float32))
    partial = network.grad.copy()
    assert "dx" not in network.layers[0].spaces
    dx = network.backward(np.ones((2, 3), np.float32))
    assert dx.shape == (2, 4, 4)
    np.testing.assert_array_equal(network.grad, partial)


@pytest.mark.parametrize("workers", [1, 3])
def test_prediction_in_many_batches_is_prediction_in_one(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    whole = small(dtype=np.float64).logits(pictures(50))
    monkeypatch.setattr("glassnet.nn.batches.ROWS", 7)
    network = small(dtype=np.float64)
    seen = []
    forward = network.layers[-1].forward
    monkeypatch.setattr(network.layers[-1], "forward", lambda x, training: (seen.append(len(x)), forward(x))[1])
    np.testing.assert_allclose(network.logits(pictures(50), workers=workers), whole, rtol=1e-12)
    assert sorted(seen) == [1, 7, 7, 7, 7, 7, 7, 7]
    rows = np.array([3, 40, 11] * 5)
    np.testing.assert_allclose(network.logits(pictures(50), rows, workers=workers), whole[rows], rtol=1e-12)


def test_large_examples_are_predicted_in_smaller_batches() -> None:
    network = gn.Network([gn.Conv2D(32, 3), gn.Flatten(), gn.Dense(2)], input_shape=(28, 28, 1))
    # the largest output has 26 x 26 x 32 values per example
    assert network._rows_at_once == 2**20 // (26 * 26 * 32)
    assert small()._rows_at_once == 1024


def test_no_examples_and_examples_returned_as_they_came() -> None:
    assert small().logits(pictures(0)).shape == (0, 3)
    x = np.ones((2, 3), np.float32)
    logits = gn.Network([gn.Flatten()], input_shape=3).logits(x)
    logits += 1
    assert (x == 1).all()


def test_one_network_serves_many_threads() -> None:
    network = small()
    x = pictures(300)
    expected = network.logits(x)
    wrong = []

    def work(part: int) -> None:
        for _ in range(50):
            rows = slice(60 * part, 60 * part + 60)
            if not np.allclose(network.logits(x[rows]), expected[rows], atol=1e-6):
                wrong.append(part)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(layer.saved is None and layer.spaces == {} for layer in network.layers)


def test_images_and_rows_are_the_same_examples() -> None:
    network = small()
    x = pictures(6)
    np.testing.assert_array_equal(network.predict_proba(x), network.predict_proba(x.reshape(6, 16)))


def test_predict_gives_labels_and_probabilities() -> None:
    network = small()
    p = network.predict_proba(pictures(6))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(network.predict(pictures(6)), p.argmax(axis=1))


def test_a_trace_holds_what_each_layer_makes_of_the_batch() -> None:
    network, x = small(), pictures(3)
    trace = network.trace(x)
    assert [a.shape for a in trace] == [(3, 4, 4), (3, 16), (3, 5), (3, 5), (3, 3)]
    np.testing.assert_allclose(trace[0], x / 255, rtol=1e-6)
    np.testing.assert_array_equal(trace[3], np.tanh(trace[2]))
    np.testing.assert_array_equal(trace[-1], network.forward(x))
    assert all(layer.saved is None for layer in network.layers)  # as in prediction
    with pytest.raises(gn.InputError, match="row 1 holds NaN"):
        network.trace(np.where(np.arange(3)[:, None, None] == 1, np.nan, x))


def test_a_network_says_its_task() -> None:
    tasks = {}
    for loss in (gn.CrossEntropy(), gn.Hinge(), gn.BinaryCrossEntropy(), gn.SquaredError(), gn.Poisson()):
        for classes in (None, "abc"):
            network = small(classes=classes)
            network.loss = loss
            tasks[type(loss).__name__, classes] = network.task
            assert network.predict(pictures(2)).shape == ((2,) if network.task == "classification" else (2, 3))
    assert {name for (name, _), task in tasks.items() if task == "regression"} == {"SquaredError", "Poisson"}
    assert tasks["BinaryCrossEntropy", None] == "multilabel"
    assert {task for (_, classes), task in tasks.items() if classes} == {"classification"}


def test_an_array_that_no_network_has_given_yet_is_named() -> None:
    with pytest.raises(AttributeError, match="Dense has no attribute 'W'; arrays such as W come with the network"):
        _ = gn.Dense(3).W


def test_a_network_for_real_targets_predicts_its_outputs() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3)
    network.loss = gn.SquaredError()
    x = np.ones((4, 3))
    np.testing.assert_array_equal(network.predict(x), network.logits(x))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            np.zeros((2, 5)),
            r"layer rescale1: expected a batch of shape \(N, 4, 4\), 16 values per example; got \(2, 5\)",
        ),
        (np.zeros((4, 4)), r"for a single example write x\[None\]"),
        (np.zeros(16), r"got \(16,\) \(for a single example"),
        (np.array([["a"] * 16]), "array of numbers, got one of <U1"),
        (np.full((1, 4, 4), np.nan), "row 0 holds NaN or infinity"),
        (np.array([[0.0] * 16, [np.inf] * 16]), r"row 1 holds NaN or infinity \(1 of 2 rows do\)"),
    ],
)
def test_bad_input_is_named(x: np.ndarray, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        small().predict(x)


def test_large_finite_input_is_no_infinity() -> None:
    x = np.full((3, 4, 4), np.finfo(np.float32).max, np.float32)
    assert len(small().predict(x)) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.Network([gn.Dense(3)], input_shape=(4, 4)), r"layer dense1 .*put Flatten\(\) before it"),
        (lambda: gn.Network([], input_shape=3), "at least one layer"),
        (lambda: gn.Network([gn.Dense], input_shape=3), r"layers\[0\]: expected a layer"),
        (lambda: gn.Network([gn.Dense(3)], input_shape=0), "input_shape must be a whole number of at least 1"),
        (lambda: gn.Network([gn.Dense(3)], input_shape=2, dtype=np.int32), "float32 or float64"),
        (lambda: gn.Network([gn.Dense(3)], input_shape=2, classes=["a"]), "expected 3 names"),
        (lambda: gn.Network([gn.Dense(3)], input_shape=2, seed=-1), "seed must be"),
        (lambda: gn.Network([gn.Dense(3)], input_shape=2, dtype=np.float16), "float32 or float64"),
        (lambda: gn.Network([gn.Dense(1)], input_shape=2, classes=["x"]), "expected 2 names"),
        (lambda: gn.Network([gn.Dense(10**10)], input_shape=10**6), "10,000,010,000,000,000 parameters does not fit"),
    ],
)
def test_layers_that_do_not_fit(make, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        make()


def test_a_layer_belongs_to_one_network() -> None:
    layer = gn.Dense(3)
    gn.Network([layer], input_shape=2)
    with pytest.raises(gn.InputError, match="in a network already"):
        gn.Network([layer], input_shape=2)


def test_layers_of_a_failed_network_can_be_used_again() -> None:
    layers = [gn.Rescale(0.5), gn.Dense(3)]
    for wrong in ({"input_shape": (2, 2)}, {"input_shape": 4, "classes": ["a"]}, {"input_shape": 4, "seed": -1}):
        with pytest.raises(gn.InputError):
            gn.Network(layers, **wrong)
    gn.Network(layers, input_shape=4)


def test_a_layer_stands_in_a_network_once() -> None:
    layer = gn.Tanh()
    with pytest.raises(gn.InputError, match=r"layers\[1\]: this Tanh is in a network already"):
        gn.Network([layer, layer], input_shape=2)


def test_equal_layers_start_differently() -> None:
    network = gn.Network([gn.Dense(4), gn.Dense(4)], input_shape=4)
    assert np.any(network.layers[0].W != network.layers[1].W)


def test_he_counts_the_inputs_of_a_layer_not_its_outputs() -> None:
    network = gn.Network([gn.Dense(10, init=gn.HeNormal())], input_shape=1000)
    assert network.layers[0].W.var() == pytest.approx(2 / 1000, rel=0.1)  # seven standard errors


def test_numpy_numbers_serve_as_settings() -> None:
    network = gn.Network([gn.Dense(np.int64(3))], input_shape=(np.int64(2),))
    assert type(network.layers[0].units) is int


def test_a_name_serves_as_an_initialiser() -> None:
    assert gn.Dense(3, init="HeNormal").init == gn.HeNormal()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outputs_that_overflow_are_named(dtype: type) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=2, dtype=dtype)
    network.theta[:] = 1
    x = np.array([[1, 1], [1e308, 1e308]])
    with pytest.raises(gn.InputError, match=r"the outputs for row 1 are not finite"):
        network.predict_proba(x)


def test_a_replica_shares_the_parameters_and_nothing_else() -> None:
    network = small()
    other = network.replica()
    assert np.shares_memory(other.theta, network.theta)
    assert not np.shares_memory(other.grad, network.grad)
    network.theta += 1
    np.testing.assert_array_equal(other.logits(pictures(3)), network.logits(pictures(3)))
    other.forward(pictures(2), training=True)
    assert all(layer.saved is None for layer in network.layers)


def test_a_class_of_the_user_does_not_take_the_name_of_ours() -> None:
    from glassnet.nn.settings import from_table

    original = gn.ReLU

    class ReLU(gn.Layer):
        def forward(self, x, *, training=False):
            return x

        def backward(self, dy):
            return dy

    assert type(from_table(gn.Layer, "ReLU", "here")) is original
    del ReLU


def test_summary_counts_parameters() -> None:
    lines = small().summary().splitlines()
    assert lines[3].split() == ["dense1", "Dense(units=5)", "(5,)", "85", "80"]
    assert lines[-1].split() == ["total", "103", "95"]
