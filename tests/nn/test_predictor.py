"""A network prepared for prediction answers as the layers do, and is forgotten when the network changes."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.batches import through
from glassnet.nn.predictor import PIECE, pays
from glassnet.nn.threads import libraries, matrix_threads, processors, single

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (2 * PIECE + 3, 12, 12, 1)).astype(np.uint8)


def network(*, slope: float = 0.1) -> gn.Network:
    layers = [gn.Rescale(1 / 255), gn.Conv2D(4, 3, padding="same"), gn.BatchNorm(), gn.LeakyReLU(slope), gn.MaxPool2D()]
    layers += [gn.Conv2D(6, 3, stride=2), gn.BatchNorm(), gn.ReLU(), gn.Flatten(), gn.Dropout(0.3)]
    layers += [gn.Dense(8), gn.BatchNorm(), gn.Tanh(), gn.Dense(3)]
    made = gn.Network(layers, input_shape=(12, 12, 1), seed=1)
    rng = np.random.default_rng(1)
    made.theta[...] = rng.normal(0, 0.3, made.theta.shape)
    made.buffers[...] = rng.uniform(0.5, 2, made.buffers.shape)
    return made


def slowly(of: gn.Network, x: np.ndarray) -> np.ndarray:
    return of.loss.predict(through(of.layers, x))


@pytest.mark.parametrize("count", [0, 1, PIECE, len(X)])
def test_probabilities_are_those_of_the_layers(count: int) -> None:
    net = network()
    assert pays(net.layers, net.theta)
    np.testing.assert_allclose(net.predict_proba(X[:count]), slowly(net, X[:count]), atol=1e-6)
    assert len(net._predictor.layers) == len(net.layers) - 3  # each BatchNorm is in the weights before it
    rows = np.array([5, 0, len(X) - 1, 5])
    np.testing.assert_allclose(net.logits(X, rows), through(net.layers, X[rows]), atol=1e-5)


@pytest.mark.mnist
def test_real_digits_get_exactly_the_same_labels(mnist: gn.Dataset) -> None:
    net, x = gn.Model.open("cnn").network, mnist.test.x[:300]
    probabilities = net.predict_proba(x)
    np.testing.assert_allclose(probabilities, slowly(net, x), atol=1e-5)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), slowly(net, x).argmax(axis=1))


def test_it_is_forgotten_when_anything_changes() -> None:
    net = network()
    net.predict_proba(X)
    before = net._predictor
    net.predict_proba(X)
    assert net._predictor is before

    def change_weight() -> None:
        net.layers[1].W[0, 0, 0, 0] += 1

    def change_buffer() -> None:
        net.layers[2].variance[...] *= 2

    def change_setting() -> None:
        net.layers[3].slope = 0.5

    def train() -> None:
        gn.fit(net, (X, np.arange(len(X)) % 3), epochs=1)

    for change in (change_weight, change_buffer, change_setting, train):
        change()
        np.testing.assert_allclose(net.predict_proba(X), slowly(net, X), atol=1e-6)
        assert net._predictor is not before
        before = net._predictor


def test_nothing_is_written_on_the_network_and_copies_have_none() -> None:
    net = network()
    theta, buffers = net.theta.copy(), net.buffers.copy()
    net.predict_proba(X)
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net.buffers, buffers)
    assert all(layer.spaces == {} and layer.saved is None for layer in net.layers)
    for other in (net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other._predictor is None
        np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))


def test_threads_may_predict_at_once_and_nothing_is_shared_by_two() -> None:
    net = network()
    parts = [X[k : k + 5] for k in range(0, 60, 5)]
    expected = [slowly(net, part) for part in parts]
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: [net.predict_proba(part) for part in parts], range(20)):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-6)


def test_large_images_go_through_one_by_one_and_idle_memory_is_bounded() -> None:
    net = gn.Network([gn.Conv2D(64, 3, padding="same"), gn.GlobalAveragePool(), gn.Dense(2)], input_shape=(128, 128, 1))
    net.logits(RNG.integers(0, 256, (6, 128, 128, 1)).astype(np.uint8), workers=6)
    assert net._predictor.piece == 1
    assert len(net._predictor.idle) <= processors()
    held = sum(space.nbytes for layers in net._predictor.idle for layer in layers for space in layer.spaces.values())
    assert held < 50e6


def test_the_threads_of_the_products_are_what_they_were() -> None:
    """A prediction beside a training leaves the training its number, and the last one gives back the first."""

    def now() -> int:
        return max(library.num_threads for library in libraries())

    before = now()
    predicting = single()
    predicting.__enter__()
    assert now() == 1
    training = matrix_threads(2)
    training.__enter__()
    assert now() == 2
    predicting.__exit__(None, None, None)
    assert now() == 2
    with single():
        assert now() == 2
    training.__exit__(None, None, None)
    assert now() == before


def test_results_that_were_returned_stay() -> None:
    net = network()
    first = net.logits(X[:3])
    kept = first.copy()
    net.logits(X[3:6])
    np.testing.assert_array_equal(first, kept)


def test_what_is_not_finite_is_named() -> None:
    net = network()
    x = X.astype(np.float32)
    x[40, 0] = np.nan
    with pytest.raises(gn.InputError, match=rf"row 40 holds NaN or infinity \(1 of {len(x)} rows"):
        net.predict_proba(x)
    with pytest.raises(gn.InputError, match="row 1 holds NaN or infinity"):
        net.logits(x, np.array([3, 40]))
    dense = gn.Network([gn.Dense(3)], input_shape=4)
    x = np.zeros((3000, 4), np.float32)
    x[2500] = np.inf
    with pytest.raises(gn.InputError, match="row 2500 holds NaN or infinity"):
        dense.predict_proba(x)
    net.layers[-1].W[...] = net.layers[-1].b[...] = 3e38
    with pytest.raises(gn.InputError, match=r"the outputs for row \d+ are not finite"):
        net.predict_proba(X)
