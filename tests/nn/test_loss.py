"""What holds for every loss, and values worked out by hand."""

import math

import numpy as np
import pytest

import glassnet as gn
from cases import LOSSES, logits_for, targets_for

ALL = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@ALL
@pytest.mark.parametrize("kind", [0, 1], ids=["labels", "rows"])
@pytest.mark.parametrize("N", [1, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_backward_is_the_derivative_of_forward(loss: gn.Loss, kind: int, N: int, weighted: bool) -> None:
    if kind >= len(targets_for(loss, N, 4)):
        return  # a hinge takes labels only
    targets = targets_for(loss, N, 4)[kind]
    z = logits_for(loss, targets, 4)
    weights = np.arange(1.0, N + 1) if weighted else None
    _, prediction = loss.forward(z, targets, weights=weights)
    analytic = loss.backward(prediction, targets, weights=weights)
    numeric, h = np.empty_like(z), 1e-6
    for place in np.ndindex(z.shape):
        nudge = np.zeros_like(z)
        nudge[place] = h
        up, down = (loss.forward(z + sign * nudge, targets, weights=weights)[0] for sign in (1, -1))
        numeric[place] = (up - down) / (2 * h)
    assert np.abs(analytic - numeric).max() <= 1e-6 * np.abs(numeric).max()


@ALL
def test_a_weight_of_two_is_an_example_twice_and_of_zero_none(loss: gn.Loss) -> None:
    z = np.random.default_rng(0).standard_normal((3, 4))
    for targets in targets_for(loss, 3, 4):
        value, p = loss.forward(z, targets, weights=np.array([2.0, 0, 1]))
        rows = [0, 0, 2]
        expected, q = loss.forward(z[rows], targets[rows])
        assert value == pytest.approx(expected, rel=1e-12)
        gradient = loss.backward(p, targets, weights=np.array([2.0, 0, 1]))
        repeated = loss.backward(q, targets[rows])
        np.testing.assert_allclose(gradient, [repeated[0] + repeated[1], np.zeros(4), repeated[2]], atol=1e-15)
        assert loss.forward(z, targets, weights=np.zeros(3))[0] == 0
        assert not loss.backward(p, targets, weights=np.zeros(3)).any()


@ALL
def test_shards_add_up_to_the_batch(loss: gn.Loss) -> None:
    z = np.random.default_rng(0).standard_normal((7, 4))
    for targets in targets_for(loss, 7, 4):
        value, prediction = loss.forward(z, targets)
        gradient = loss.backward(prediction, targets)
        value_sum, parts = 0.0, []
        for rows in (slice(0, 3), slice(3, 7)):
            part, p = loss.forward(z[rows], targets[rows], total=7)
            value_sum += part
            parts.append(loss.backward(p, targets[rows], total=7))
        assert value_sum == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-12)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if not isinstance(loss, gn.Poisson)], ids=repr)  # e^10000
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_overflow_at_logits_of_ten_thousand(loss: gn.Loss, dtype: type) -> None:
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, 1e4]], dtype)
    labels = np.array([1, 2])
    with np.errstate(all="raise", under="ignore"):
        value, prediction = loss.forward(z, labels)
        gradient = loss.backward(prediction, labels)
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()
    assert gradient.dtype == dtype


@ALL
@pytest.mark.parametrize("M", [1, 3])
def test_all_is_computed_in_the_dtype_of_the_logits(loss: gn.Loss, M: int) -> None:
    if isinstance(loss, gn.CrossEntropy) and M == 1:
        return
    z = np.zeros((2, M), np.float32)
    for targets in (np.array([0, 1]), *targets_for(loss, 2, M)[1:]):
        _, prediction = loss.forward(z, targets, weights=np.ones(2, np.float32))
        assert prediction.dtype == np.float32
        assert loss.backward(prediction, targets, weights=np.ones(2, np.float32)).dtype == np.float32


@ALL
def test_labels_stand_for_one_hot_rows(loss: gn.Loss) -> None:
    z = np.random.default_rng(0).standard_normal((5, 4))
    labels = np.array([3, 0, 1, 1, 2])
    value, prediction = loss.forward(z, labels)
    if isinstance(loss, gn.Hinge):
        return  # takes labels only
    rows = np.eye(4)[labels]
    assert value == pytest.approx(loss.forward(z, rows)[0], rel=1e-12)
    np.testing.assert_allclose(loss.backward(prediction, labels), loss.backward(prediction, rows), atol=1e-15)


def test_cross_entropy_by_hand() -> None:
    z = np.log(np.array([[1.0, 2, 5], [6, 3, 1]]))  # probabilities 1/8 2/8 5/8 and 6/10 3/10 1/10
    value, p = gn.CrossEntropy().forward(z, np.array([2, 1]))
    np.testing.assert_allclose(p, [[0.125, 0.25, 0.625], [0.6, 0.3, 0.1]], rtol=1e-14)
    assert value == pytest.approx(-(math.log(0.625) + math.log(0.3)) / 2, rel=1e-14)
    gradient = gn.CrossEntropy().backward(p, np.array([2, 1]))
    np.testing.assert_allclose(gradient, [[0.0625, 0.125, -0.1875], [0.3, -0.35, 0.05]], rtol=1e-13)


def test_cross_entropy_of_a_sure_wrong_answer_is_the_distance() -> None:
    value, _ = gn.CrossEntropy().forward(np.array([[0, 1e4]], np.float32), np.array([0]))
    assert value == 1e4


def test_binary_cross_entropy_by_hand() -> None:
    z = np.array([[0.0, math.log(3)]])  # probabilities 1/2 and 3/4
    value, p = gn.BinaryCrossEntropy().forward(z, np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(p, [[0.5, 0.75]], rtol=1e-15)
    assert value == pytest.approx(math.log(2) + math.log(4), rel=1e-14)


def test_binary_cross_entropy_with_one_output_takes_labels_0_and_1() -> None:
    loss, labels = gn.BinaryCrossEntropy(), np.array([0, 1])
    z = np.array([[math.log(3)], [math.log(3)]])
    value, p = loss.forward(z, labels)
    assert value == pytest.approx((math.log(4) - math.log(0.75)) / 2, rel=1e-14)
    np.testing.assert_allclose(loss.backward(p, labels), [[0.375], [-0.125]], rtol=1e-14)
    np.testing.assert_array_equal(loss.labels(np.array([[0.49], [0.51]])), [0, 1])


def test_smoothing_mixes_the_truth_with_an_even_guess() -> None:
    z, labels = np.random.default_rng(0).standard_normal((2, 5)), np.array([3, 0])
    smooth, plain = gn.CrossEntropy(smoothing=0.2), gn.CrossEntropy()
    mixed = 0.8 * np.eye(5)[labels] + 0.2 / 5
    for targets in (labels, np.eye(5)[labels]):
        value, p = smooth.forward(z, targets)
        assert value == pytest.approx(plain.forward(z, mixed)[0], rel=1e-14)
        np.testing.assert_allclose(smooth.backward(p, targets), plain.backward(p, mixed), atol=1e-16)


def test_absolute_error_and_huber_by_hand() -> None:
    z, t = np.array([[1.0, 2], [3, -4]]), np.array([[1.5, 0], [0, 0]])
    value, p = gn.AbsoluteError().forward(z, t)
    assert value == (0.5 + 2 + 3 + 4) / 2
    np.testing.assert_array_equal(gn.AbsoluteError().backward(p, t), [[-0.5, 0.5], [0.5, -0.5]])
    value, p = gn.Huber(delta=2).forward(z, t)
    assert value == (0.125 + 2 + (6 - 2) + (8 - 2)) / 2
    np.testing.assert_array_equal(gn.Huber(delta=2).backward(p, t), [[-0.25, 1], [1, -1]])


def test_poisson_by_hand() -> None:
    z, t = np.log([[1.0, 2], [3, 4]]), np.array([[0.0, 2], [3, 8]])
    value, p = gn.Poisson().forward(z, t)
    assert value == pytest.approx((1 + 0 + 0 + 4 - 8 + 8 * np.log(2)) / 2, rel=1e-14)
    np.testing.assert_allclose(p, [[1, 2], [3, 4]], rtol=1e-15)
    np.testing.assert_allclose(gn.Poisson().backward(p, t), [[0.5, 0], [0, -2]], rtol=1e-15, atol=1e-15)
    with pytest.raises(gn.InputError, match="targets of Poisson must not be negative"):
        gn.Poisson().check(-t, 2, 2)


def test_poisson_says_infinity_without_a_warning() -> None:
    value, p = gn.Poisson().forward(np.array([[1e4], [-1e4]]), np.array([[1.0], [0.0]]))
    assert value == np.inf
    np.testing.assert_array_equal(p, [[np.inf], [0]])


def test_hinge_by_hand() -> None:
    z = np.array([[2.0, 1.5, 0], [3, 1, 0.5]])  # the first truth is too close to class 1, the second far ahead
    value, p = gn.Hinge().forward(z, np.array([0, 0]))
    assert value == 0.5 / 2
    np.testing.assert_array_equal(gn.Hinge().backward(p, np.array([0, 0])), [[-0.5, 0.5, 0], [0, 0, 0]])
    np.testing.assert_array_equal(gn.Hinge().labels(z), [0, 0])


def test_hinge_with_one_output() -> None:
    z, labels = np.array([[0.25], [0.25], [-3]]), np.array([1, 0, 0])
    value, p = gn.Hinge().forward(z, labels)
    assert value == (0.75 + 1.25 + 0) / 3
    np.testing.assert_allclose(gn.Hinge().backward(p, labels), [[-1 / 3], [1 / 3], [0]], rtol=1e-15)
    np.testing.assert_array_equal(gn.Hinge().labels(z), [1, 1, 0])


def test_squared_error_by_hand() -> None:
    value, p = gn.SquaredError().forward(np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [0, 0]]))
    assert value == (4 + 9 + 16) / 4
    np.testing.assert_array_equal(gn.SquaredError().backward(p, np.array([[1.0, 0], [0, 0]])), [[0, 1], [1.5, 2]])


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        (gn.CrossEntropy(), np.array([0, 3, 1]), "labels must be 0 to 2 .* row 1 has label 3"),
        (gn.CrossEntropy(), np.array([0, -1, 1]), "row 1 has label -1"),
        (gn.CrossEntropy(), np.array([0, 1]), "one target for each of the 3 examples, got 2"),
        (gn.CrossEntropy(), np.array(["a", "b", "c"]), "integer labels .* got <U1"),
        (gn.CrossEntropy(), np.zeros((3, 4)), r"targets of shape \(N, 3\)"),
        (gn.CrossEntropy(), np.full((3, 3), 0.5), "probability distribution .not negative, sum 1."),
        (gn.CrossEntropy(), np.array([[1.5, -0.5, 0]] * 3), "probability distribution"),
        (gn.CrossEntropy(), np.array([[0.5, 0.49, 0]] * 3), "probability distribution"),
        (gn.BinaryCrossEntropy(), np.full((3, 3), 1.5), "between 0 and 1"),
        (gn.BinaryCrossEntropy(), np.full((3, 3), -0.5), "between 0 and 1"),
        (gn.Hinge(), np.zeros((3, 3)), r"takes labels of shape \(N,\), got targets of shape \(3, 3\)"),
        (gn.SquaredError(), np.full((3, 3), np.nan), "NaN or infinity"),
        (gn.SquaredError(), np.array([0.5, 1, 2]), "integer labels"),
    ],
)
def test_targets_are_checked(loss: gn.Loss, targets: np.ndarray, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        loss.check(targets, 3, 3)


def test_cross_entropy_needs_two_outputs() -> None:
    with pytest.raises(gn.InputError, match="BinaryCrossEntropy"):
        gn.CrossEntropy().check(np.array([0, 1]), 1, 2)


def test_softmax_rows_do_not_share_their_largest_logit() -> None:
    p = gn.CrossEntropy().predict(np.array([[1e4, 0], [-1e4, -1e4]]))
    np.testing.assert_array_equal(p, [[1, 0], [0.5, 0.5]])


@ALL
@pytest.mark.parametrize("shape", [(1, 4), (4, 4), (5, 1)])
def test_logits_and_targets_are_left_as_they_were(loss: gn.Loss, shape: tuple[int, int]) -> None:
    if isinstance(loss, gn.CrossEntropy) and shape[1] == 1:
        return
    z = np.random.default_rng(0).standard_normal(shape)
    for targets in targets_for(loss, *shape):
        before, kept = z.copy(), targets.copy()
        _, prediction = loss.forward(z, targets)
        loss.backward(prediction, targets)
        np.testing.assert_array_equal(z, before)
        np.testing.assert_array_equal(targets, kept)
