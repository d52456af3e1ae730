"""Calibration: against counts and derivatives made by hand, and on data whose probabilities are known."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.activations import softmax
from glassnet.reading.views import evidence
from glassnet.train.calibration import best_temperature, refusal_threshold, reliability

SIX = np.array([[0.9, 0.1], [0.7, 0.3], [0.35, 0.65], [0.2, 0.8], [0.5, 0.5], [0.0, 1.0]])
LABELS = np.array([0, 1, 1, 1, 0, 0])


def cross_entropy(logits: np.ndarray, labels: np.ndarray, T: float) -> float:
    z = logits.astype(np.float64) / T
    z -= z.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]))


@pytest.fixture
def trained(blobs) -> gn.Network:
    """A classifier that is right on most of the points, but not on all."""
    network = gn.Network([gn.Dense(8), gn.ReLU(), gn.Dense(3)], input_shape=2)
    gn.fit(network, blobs, epochs=3)
    assert 0.5 < gn.evaluate(network, blobs).accuracy < 1
    return network


def test_reliability_by_hand() -> None:
    """With five bins of width 0.2: 0.5 is in the third, 0.65, 0.7 and 0.8 in the fourth, 0.9 and 1 in the fifth."""
    r = reliability(SIX, LABELS, bins=5)
    np.testing.assert_allclose(r.edges, [0, 0.2, 0.4, 0.6, 0.8, 1])
    np.testing.assert_array_equal(r.count, [0, 0, 1, 3, 2])
    np.testing.assert_allclose(r.confidence, [np.nan, np.nan, 0.5, 2.15 / 3, 0.95])
    np.testing.assert_allclose(r.accuracy, [np.nan, np.nan, 1, 2 / 3, 1 / 2])


def test_expected_calibration_error_by_hand() -> None:
    by_hand = 1 / 6 * 0.5 + 3 / 6 * (2.15 - 2) / 3 + 2 / 6 * (0.95 - 0.5)
    assert gn.expected_calibration_error(SIX, LABELS, bins=5) == pytest.approx(by_hand)
    assert gn.expected_calibration_error(SIX, LABELS, bins=1) == pytest.approx(abs(4.55 - 4) / 6)


def test_a_probability_on_an_edge_is_in_the_lower_bin() -> None:
    p = np.array([[0.75, 0.25], [0.75 + 1e-9, 0.25 - 1e-9], [1 + 1e-7, 0]])
    np.testing.assert_array_equal(reliability(p, np.zeros(3, int), bins=4).count, [0, 0, 1, 2])


def test_labels_drawn_from_the_probabilities_have_next_to_no_error() -> None:
    """Of n answers in a bin the fraction that is right deviates from its mean by at most 0.5 / sqrt(n).

    The mean deviation of a bin is less than that, so the error is below sum over bins of n / N * 0.5 / sqrt(n), which
    is at most 0.5 sqrt(bins / N), whatever the n are.
    """
    rng, N, bins = np.random.default_rng(3), 100_000, 15
    p = rng.dirichlet([0.3] * 5, N)
    labels = (rng.random((N, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    assert gn.expected_calibration_error(p, labels) < 0.5 * np.sqrt(bins / N)
    sharper = p**2 / (p**2).sum(axis=1, keepdims=True)
    assert gn.expected_calibration_error(sharper, labels) > 0.05


@pytest.mark.parametrize(
    ("probabilities", "labels", "bins", "said"),
    [
        ([[0.5, 0.6]], [0], 15, "each row with sum 1"),
        ([[0.4], [0.6]], [0, 1], 15, r"shape \(2, 1\)"),
        ([[np.nan, 1.0]], [0], 15, "each row with sum 1"),
        (np.ones((0, 2)), np.zeros(0, int), 15, r"shape \(0, 2\)"),
        ([[0.4, 0.6]], [0.0], 15, "expected 1 labels, integers"),
        ([[0.4, 0.6]], [0, 1], 15, "expected 1 labels"),
        ([[0.4, 0.6]], [2], 15, "labels go from 2 to 2, but there are 2 classes"),
        ([[0.4, 0.6]], [0], 0, "bins must be a whole number of at least 1, got 0"),
        ([[0.4, 0.6]], [0], 2.5, "bins must be a whole number"),
    ],
)
def test_what_cannot_be_measured_is_refused(probabilities, labels, bins, said) -> None:
    with pytest.raises(gn.InputError, match=said):
        gn.expected_calibration_error(np.array(probabilities), np.array(labels), bins=bins)


def test_logits_three_times_as_large_have_three_times_the_temperature(trained, blobs) -> None:
    louder = trained.copy()
    louder.layers[-1].W *= 3
    louder.layers[-1].b *= 3
    T = gn.calibrate(trained, blobs)
    assert gn.calibrate(louder, blobs) == pytest.approx(3 * T, rel=1e-5)  # the weights are float32
    np.testing.assert_allclose(louder.predict_proba(blobs[0]), trained.predict_proba(blobs[0]), atol=1e-5)


def test_a_calibrated_network_has_temperature_1(trained, blobs) -> None:
    assert gn.calibrate(trained, blobs) != pytest.approx(1, abs=0.05)
    assert gn.calibrate(trained, blobs) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("scale", [0.001, 0.3, 1, 20, 1000])
def test_the_slope_at_the_best_temperature_is_0(scale: float) -> None:
    """Measured on both sides; in 1 / T the loss is convex, so that a slope of 0 is the one lowest point."""
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 4, 200)
    z = scale * (rng.standard_normal((200, 4)) + 1.5 * np.eye(4)[labels])
    T = best_temperature(z, labels)
    step = 1e-4
    up, here, down = (cross_entropy(z, labels, T * np.exp(move)) for move in (step, 0, -step))
    curvature = (up - 2 * here + down) / step**2
    assert curvature > 0.01
    # Divided by the curvature, the slope says how far log T is from the lowest point; the measuring itself errs by
    # step^2 and by the rounding of the loss, 1e-16 / step.
    assert abs(up - down) / (2 * step) / curvature < 1e-7
    assert here < cross_entropy(z, labels, 1.01 * T)
    assert here < cross_entropy(z, labels, T / 1.01)


def test_no_start_is_too_far() -> None:
    """Two in 1,000 wrong by a hair: the best temperature is a hundredth of a hair, far from where the search starts."""
    z = np.tile([1.0, 0.0], (1000, 1))
    z[:2] = [0.0, 1e-9]
    labels = np.zeros(1000, int)
    T = best_temperature(z, labels)
    assert T < 0.1
    assert cross_entropy(z, labels, T) <= min(cross_entropy(z, labels, T * f) for f in (0.9, 1.1))


def test_every_answer_stays_and_the_loss_falls(trained, blobs) -> None:
    before = gn.evaluate(trained, blobs)
    T = gn.calibrate(trained, blobs)
    after = gn.evaluate(trained, blobs)
    np.testing.assert_array_equal(after.predicted, before.predicted)
    assert after.loss < before.loss
    assert after.loss == pytest.approx(cross_entropy(np.log(before.probabilities), blobs[1], T), rel=1e-5)


def test_label_smoothing_does_not_change_the_fit(trained, blobs) -> None:
    smoothed = trained.copy()
    smoothed.loss = gn.CrossEntropy(smoothing=0.2)
    assert gn.calibrate(smoothed, blobs) == gn.calibrate(trained, blobs)


def test_a_calibrated_network_is_saved_as_any_other(trained, blobs, tmp_path) -> None:
    gn.calibrate(trained, blobs)
    gn.save_network(trained, tmp_path / "model.safetensors")
    loaded = gn.load_network(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(blobs[0]), trained.predict_proba(blobs[0]))


def test_networks_without_a_temperature(blobs) -> None:
    x = blobs[0]
    with pytest.raises(gn.InputError, match=r"the last layer must be Dense.* ReLU"):
        gn.calibrate(gn.Network([gn.Dense(3), gn.ReLU()], input_shape=2), blobs)
    network = gn.Network([gn.Dense(3)], input_shape=2)
    network.loss = gn.Hinge()
    with pytest.raises(gn.InputError, match="belongs to CrossEntropy; the loss here is Hinge"):
        gn.calibrate(network, blobs)
    network.loss = gn.CrossEntropy()
    with pytest.raises(gn.InputError, match="expected labels"):
        gn.calibrate(network, (x, np.full((len(x), 3), 1 / 3)))


def test_examples_without_a_best_temperature(blobs) -> None:
    x = blobs[0]
    network = gn.Network([gn.Dense(3)], input_shape=2)
    network.layers[0].W[...] = [[0, 1, 0], [0, 0, 1]]
    kept = network.theta.copy()
    easy = network.predict(x)
    with pytest.raises(gn.InputError, match="right on all 300 examples"):
        gn.calibrate(network, (x, easy))
    with pytest.raises(gn.InputError, match="no better than guessing"):
        gn.calibrate(network, (x, (easy + 1) % 3))
    np.testing.assert_array_equal(network.theta, kept)


def test_logits_out_of_reach_are_said_and_not_guessed() -> None:
    z = np.array([[1e200, 0], [0, 1e200], [1e200, 0]])
    with (
        np.errstate(all="ignore"),
        pytest.raises(gn.InputError, match=r"no temperature .* 1\.0e\+200"),
    ):
        best_temperature(z, np.array([0, 1, 1]))


def test_the_threshold_refuses_the_promised_share_and_no_more() -> None:
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 1000)
    for share in (0, 0.015, 0.0155, 0.5):
        assert np.sum(evidence(p) < refusal_threshold(p, share)) == int(share * 1000)
    tied = np.tile([0.8, 0.2], (10, 1))
    assert refusal_threshold(tied, 0.5) == pytest.approx(np.log(2))  # log 0.8 - (log 0.8 + log 0.2) / 2; none below it
    with pytest.raises(gn.InputError, match="share must be from 0 to below 1, got 1"):
        refusal_threshold(p, 1)


def test_evidence_is_the_largest_logit_above_their_mean() -> None:
    z = np.random.default_rng(0).normal(0, 5, (50, 4))
    np.testing.assert_allclose(evidence(softmax(z)), z.max(axis=1) - z.mean(axis=1), rtol=1e-9)
    assert evidence(np.full((1, 5), 0.2)) == pytest.approx([0], abs=1e-12)
    # The same largest probability, but of logits that stand out less from the others.
    close, far = evidence([[0.9, 0.1 - 1e-9, 1e-9], [0.9, 0.05, 0.05]])
    assert close > far
    assert np.isfinite(evidence([[1.0, 0.0]])).all()
    with pytest.raises(gn.InputError, match="expected the probabilities of classes"):
        evidence(z)
