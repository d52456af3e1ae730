"""Weights of classes and of examples in training."""

import numpy as np
import pytest

import glassnet as gn


def data() -> tuple[np.ndarray, np.ndarray]:
    """Two overlapping classes, one nine times as frequent as the other."""
    rng = np.random.default_rng(0)
    y = (np.arange(400) % 10 == 0).astype(int)
    return rng.standard_normal((400, 2)) + 1.0 * y[:, None], y


def net(outputs: int = 2) -> gn.Network:
    return gn.Network([gn.Dense(outputs)], input_shape=2, dtype=np.float64)


@pytest.mark.parametrize("shards", [1, 3])
def test_an_example_of_weight_two_counts_like_two(shards: int) -> None:
    x, y = data()
    weights = np.random.default_rng(1).integers(0, 4, len(x))
    weighted, repeated = net(), net()
    rows = np.repeat(np.arange(len(x)), weights)
    settings = {"epochs": 3, "batch_size": "full", "shards": shards}
    first = gn.fit(weighted, (x, y), sample_weights=weights, **settings)
    second = gn.fit(repeated, (x[rows], y[rows]), **settings)
    np.testing.assert_allclose(weighted.theta, repeated.theta, rtol=1e-10)
    np.testing.assert_allclose(first["training_loss"], second["training_loss"], rtol=1e-10)


def test_class_weights_are_the_weights_of_their_examples() -> None:
    x, y = data()
    by_class, by_example = net(), net()
    gn.fit(by_class, (x, y), class_weights=[1, 5], sample_weights=np.full(400, 2), epochs=3)
    gn.fit(by_example, (x, y), sample_weights=np.where(y, 10, 2), epochs=3)
    np.testing.assert_array_equal(by_class.theta, by_example.theta)


@pytest.mark.parametrize("loss", [gn.CrossEntropy(), gn.Hinge(), gn.BinaryCrossEntropy()], ids=repr)
@pytest.mark.parametrize("outputs", [1, 2])
def test_balanced_weights_find_the_rare_class(loss: gn.Loss, outputs: int) -> None:
    if outputs == 1 and isinstance(loss, gn.CrossEntropy):
        return
    x, y = data()
    recalls = []
    for class_weights in (None, "balanced"):
        network = net(outputs)
        gn.fit(network, (x, y), loss=loss, class_weights=class_weights, epochs=40)
        recalls.append(gn.evaluate(network, (x, y)).per_class[1].recall)
    assert recalls[0] < 0.3
    assert recalls[1] > 0.6


def test_balanced_weights_of_distributions() -> None:
    x, y = data()
    rows = np.eye(2)[y] * 0.8 + 0.1
    soft, counted = net(), net()
    gn.fit(soft, (x, rows), class_weights="balanced", epochs=2)
    of_class = 400 / (2 * rows.sum(axis=0))
    gn.fit(counted, (x, rows), sample_weights=rows @ of_class, epochs=2)
    np.testing.assert_allclose(soft.theta, counted.theta, rtol=1e-12)


def test_the_weights_follow_the_index_of_a_split() -> None:
    x, y = data()
    rows = np.arange(300, 40, -3)

    class Part:
        inputs, targets, index = x, y, rows

    split, pair = net(), net()
    weights = np.linspace(0, 1, len(rows))
    gn.fit(split, Part(), sample_weights=weights, epochs=2, batch_size="full")
    gn.fit(pair, (x[rows], y[rows]), sample_weights=weights, epochs=2, batch_size="full")
    np.testing.assert_allclose(split.theta, pair.theta, rtol=1e-12)


def test_a_batch_in_which_nothing_counts_has_no_gradient() -> None:
    x, y = data()
    network = net()
    history = gn.fit(network, (x, y), sample_weights=(np.arange(400) == 7).astype(float), batch_size=10, epochs=1)
    assert np.isfinite(network.theta).all()
    assert history["training_loss"][0] == pytest.approx(gn.evaluate(net(), (x[7:8], y[7:8])).loss)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_weights": np.ones(3)}, r"sample_weights: expected 400 numbers, .* got an array of shape \(3,\)"),
        ({"sample_weights": -np.ones(400)}, "must be finite and not negative"),
        ({"sample_weights": np.full(400, np.nan)}, "must be finite and not negative"),
        ({"sample_weights": np.zeros(400)}, "all weights are zero"),
        ({"sample_weights": ["a"] * 400}, "expected 400 numbers"),
        ({"class_weights": [1, 2, 3]}, "class_weights: expected 2 numbers, one for each class"),
        ({"class_weights": "even"}, "expected 'balanced' or 2 numbers, got 'even'"),
    ],
)
def test_bad_weights_are_named(settings: dict, message: str) -> None:
    network = net()
    before = network.theta.copy()
    with pytest.raises(gn.InputError, match=message):
        gn.fit(network, data(), **settings)
    np.testing.assert_array_equal(network.theta, before)


def test_one_example_cannot_have_two_weights() -> None:
    x, y = data()

    class Twice:
        inputs, targets, index = x, y, np.array([0, 0, 1])

    with pytest.raises(gn.InputError, match="is in the split twice"):
        gn.fit(net(), Twice(), sample_weights=[1, 5, 1])


def test_numbers_have_no_classes() -> None:
    x, _ = data()
    with pytest.raises(gn.InputError, match="the targets must be classes"):
        gn.fit(net(), (x, x), loss=gn.SquaredError(), class_weights="balanced")
