"""L-BFGS: it finds the minimum of the very function that gradient descent walks down."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.lbfgs import ROWS, fit_lbfgs

pytest.importorskip("scipy", reason="L-BFGS needs the extra 'sklearn'")


def net(**kwargs) -> gn.Network:
    return gn.Network([gn.Dense(6), gn.Tanh(), gn.Dense(3)], input_shape=2, dtype=np.float64, **kwargs)


def gradient_of(network: gn.Network, x: np.ndarray, y: np.ndarray, strength: float) -> np.ndarray:
    _, p = network.loss.forward(network.forward(x, training=True), y)
    network.backward(network.loss.backward(p, y))
    for segment in network.segments:
        if segment.is_weight:
            gn.L2(strength).backward(segment.view(network.theta), segment.view(network.grad))
    return network.grad


def test_it_ends_where_the_slope_is_zero(blobs) -> None:
    x, y = blobs
    network = net()
    history = fit_lbfgs(
        network, (x, y), loss=gn.CrossEntropy(), penalties=[gn.L2(0.01)], iterations=500, tolerance=1e-6
    )
    assert history.stopped
    # A last step that gains 2.2e-9 of a loss below 1 is about sqrt(2.2e-9) = 5e-5 long, and so is the slope.
    assert np.abs(gradient_of(network, x.astype(float), y, 0.01)).max() <= 1e-4
    assert history["training_loss"][-1] < history["training_loss"][0]
    descent = net()
    gn.fit(descent, (x, y), penalties=[gn.L2(0.01)], optimizer=gn.SGD(0.5), batch_size="full", epochs=300)
    least = history["training_loss"][-1] + history["penalty"][-1]
    loss, _ = gn.CrossEntropy().forward(descent.logits(x), y)
    assert least < loss + sum(gn.L2(0.01).forward(layer.W) for layer in (descent.layers[0], descent.layers[2]))


def test_a_line_is_found_exactly() -> None:
    x = np.random.default_rng(0).standard_normal((3 * ROWS + 7, 4))  # more than one portion
    truth = np.array([[1.0, -2], [0.5, 0], [3, 1], [0, 4]])
    network = gn.Network([gn.Dense(2)], input_shape=4, dtype=np.float64)
    fit_lbfgs(network, (x, x @ truth + [5, -6]), loss=gn.SquaredError(), tolerance=1e-10)
    np.testing.assert_allclose(network.layers[0].W, truth, atol=1e-4)  # as above, with a curvature of about 1
    np.testing.assert_allclose(network.layers[0].b, [5, -6], atol=1e-4)


def test_weights_count_as_repetition(blobs) -> None:
    x, y = blobs[0].astype(float), blobs[1]
    counts = np.random.default_rng(3).integers(0, 3, len(x))
    settings = {"loss": gn.CrossEntropy(), "penalties": [gn.L2(0.1)], "iterations": 20}
    weighted, repeated = net(), net()
    fit_lbfgs(weighted, (x, y), sample_weights=counts, **settings)
    fit_lbfgs(repeated, (x.repeat(counts, axis=0), y.repeat(counts)), **settings)
    np.testing.assert_allclose(weighted.theta, repeated.theta, atol=1e-7)


def test_the_history_holds_each_iteration(blobs) -> None:
    x, y = blobs
    seen = []
    history = fit_lbfgs(
        net(), (x, y), validation=(x[:50], y[:50]), loss=gn.CrossEntropy(), iterations=4, on_iteration=seen.append
    )
    assert [record["epoch"] for record in seen] == [1, 2, 3, 4]
    assert seen == history.records
    assert history.stopped is None
    assert set(seen[0]) == {"epoch", "training_loss", "penalty", "validation_loss", "validation_accuracy"}


def test_an_interruption_keeps_the_last_iterate(blobs) -> None:
    x, y = blobs
    kept = []
    network = net()

    def interrupt(record) -> None:
        kept.append(network.theta.copy())
        if len(kept) == 3:
            raise KeyboardInterrupt

    history = fit_lbfgs(network, (x, y), loss=gn.CrossEntropy(), on_iteration=interrupt)
    assert history.stopped == "interrupted after iteration 3"
    np.testing.assert_array_equal(network.theta, kept[-1])


@pytest.mark.parametrize("layer", [gn.Dropout(0.5), gn.BatchNorm()])
def test_what_changes_from_batch_to_batch_is_refused(blobs, layer: gn.Layer) -> None:
    network = gn.Network([gn.Dense(6), layer, gn.Dense(3)], input_shape=2)
    with pytest.raises(gn.InputError, match=f"with {layer.name} it is a different one for every batch"):
        fit_lbfgs(network, blobs, loss=gn.CrossEntropy())


def test_bad_data_is_refused_before_anything_changes(blobs) -> None:
    network = net()
    before = network.theta.copy()
    with pytest.raises(gn.InputError, match="labels must be 0 to 2"):
        fit_lbfgs(network, (blobs[0], blobs[1] + 3), loss=gn.CrossEntropy())
    np.testing.assert_array_equal(network.theta, before)


def test_validation_outputs_that_are_not_finite_end_it_at_the_last_iterate(blobs) -> None:
    x, y = blobs
    network = gn.Network([gn.Dense(3)], input_shape=2)
    huge = (np.full((4, 2), 3e38, np.float32), y[:4])
    with pytest.raises(gn.DivergenceError, match="on the validation data") as caught:
        fit_lbfgs(network, (x, y), validation=huge, loss=gn.CrossEntropy())
    again = gn.Network([gn.Dense(3)], input_shape=2)
    fit_lbfgs(again, (x, y), loss=gn.CrossEntropy(), iterations=len(caught.value.history) + 1)
    np.testing.assert_array_equal(network.theta, again.theta)
