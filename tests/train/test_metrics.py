"""Figures of a classifier, against counts made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.metrics import Evaluation, accuracy_interval


def result(truth: list[int], predicted: list[int], sure: list[float] | None = None) -> Evaluation:
    p = np.full((len(truth), 3), 0.1)
    for row, (label, value) in enumerate(zip(predicted, sure or [0.8] * len(truth), strict=True)):
        p[row, label] = value
    return Evaluation(0.5, ("a", "b", "c"), np.array(truth), np.array(predicted), p)


def test_by_hand() -> None:
    r = result([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 1])
    assert r.accuracy == 0.5
    np.testing.assert_array_equal(r.confusion, [[2, 1, 0], [0, 1, 1], [0, 1, 0]])
    a, b, c = r.per_class
    assert (a.precision, a.recall, a.support) == (1, 2 / 3, 3)
    assert a.f1 == pytest.approx(2 * 1 * (2 / 3) / (1 + 2 / 3))
    assert (b.precision, b.recall) == (1 / 3, 1 / 2)
    assert (c.precision, c.recall, c.f1) == (0, 0, 0)


def test_a_class_that_is_never_called_has_figures_of_zero() -> None:
    row = result([0, 0], [0, 0]).per_class[2]
    assert (row.precision, row.recall, row.f1, row.support) == (0, 0, 0, 0)


def test_most_confused_pairs() -> None:
    r = result([0, 0, 1, 2, 2, 2, 1], [1, 1, 1, 0, 0, 0, 0])
    assert r.most_confused() == [("c", "a", 3), ("a", "b", 2), ("b", "a", 1)]
    assert r.most_confused(1) == [("c", "a", 3)]
    assert result([0, 1], [0, 1]).most_confused() == []


def test_mistakes_come_surest_first() -> None:
    r = result([0, 0, 1, 2], [1, 0, 2, 0], [0.5, 0.99, 0.9, 0.7])
    assert r.mistakes().tolist() == [2, 3, 0]
    assert result([0], [0]).mistakes().tolist() == []


def test_evaluate_agrees_with_predict(blobs) -> None:
    x, y = blobs
    network = gn.Network([gn.Dense(3)], input_shape=2)
    r = gn.evaluate(network, (x, y))
    np.testing.assert_array_equal(r.predicted, network.predict(x))
    assert r.accuracy == np.mean(network.predict(x) == y)
    assert r.loss == pytest.approx(-np.log(network.predict_proba(x)[np.arange(len(y)), y]).mean(), rel=1e-5)
    assert r.classes == ("0", "1", "2")


def test_the_table_is_plain(blobs) -> None:
    import json

    table = gn.evaluate(gn.Network([gn.Dense(3)], input_shape=2), blobs).to_table()
    assert json.loads(json.dumps(table)) == table
    assert sum(row["support"] for row in table["per_class"]) == 300


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((np.zeros((2, 2)), np.array([0, 3])), "row 1 has label 3"),
        ((np.zeros((2, 2)), np.full((2, 3), 1 / 3)), "expected labels"),
        ((np.zeros((2, 2)), None), "have no labels"),
        ("mnist", "expected a split of a dataset or a pair"),
    ],
)
def test_bad_data_is_named(data, message: str) -> None:
    with pytest.raises(gn.InputError, match=message):
        gn.evaluate(gn.Network([gn.Dense(3)], input_shape=2), data)


def test_the_surest_mistakes_of_one_output() -> None:
    network = gn.Network([gn.Dense(1)], input_shape=1, classes=["no", "yes"], dtype=np.float64)
    network.layers[0].W[...] = 1
    for loss, z, sure in (
        (gn.BinaryCrossEntropy(), np.log([0.0003 / 0.9997, 0.55 / 0.45, 9]), ["100.0 %", "55.0 %", "90.0 %"]),
        (gn.Hinge(), [-3, 0.5, 9], ["score 3.00", "score 0.50", "score 9.00"]),
    ):
        network.loss = loss
        r = gn.evaluate(network, (np.array(z)[:, None], np.array([1, 0, 1])))
        assert r.predicted.tolist() == [0, 1, 1]
        assert r.mistakes().tolist() == [0, 1]
        assert [r.sure(i) for i in range(3)] == sure  # of its answer, which is no for the first


def test_roc_auc_by_hand_and_as_scikit_learn_has_it() -> None:
    def auc(truth: list[int], p: list[float]) -> float | None:
        second = np.array(p)
        both = np.stack([1 - second, second], axis=1)
        return Evaluation(0.5, ("no", "yes"), np.array(truth), both.argmax(axis=1), both).roc_auc

    assert auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]) == (1 + 1 + 0.5 + 1) / 4  # pairs of a no and a yes
    assert auc([0, 1], [0.1, 0.2]) == 1
    assert auc([1, 1], [0.1, 0.2]) is None
    assert result([0, 1, 2], [0, 1, 2]).roc_auc is None
    scores = np.array([[3.0, 4], [0, 0.5], [9, 8]])  # what counts is by how much one exceeds the other
    alone = Evaluation(0.5, ("no", "yes"), np.array([1, 1, 0]), np.array([1, 1, 0]), scores, probabilistic=False)
    assert alone.roc_auc == 1
    measured = pytest.importorskip("sklearn.metrics", reason="compared with scikit-learn")
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, 500), rng.integers(0, 20, 500) / 20
    assert auc(truth, p) == pytest.approx(measured.roc_auc_score(truth, p))


@pytest.mark.parametrize("index", [[0, -1], [3, 20]])
def test_an_index_beyond_the_examples_is_refused(index: list[int]) -> None:
    split = SimpleNamespace(inputs=np.zeros((20, 2)), targets=np.zeros(20, int), index=np.array(index))
    with pytest.raises(gn.InputError, match=r"train: its index holds .* but there are 20 examples"):
        gn.fit(gn.Network([gn.Dense(3)], input_shape=2), split)


def test_an_ensemble_averages_probabilities_and_outvotes_mistakes() -> None:
    truth = np.array([0, 1, 2])
    one = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7]])
    two = np.array([[0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    each = [Evaluation(0.0, ("a", "b", "c"), truth, p.argmax(axis=1), p) for p in (one, two)]
    together = gn.ensemble(each)
    assert [e.accuracy for e in each] == [2 / 3, 2 / 3]
    np.testing.assert_allclose(together.probabilities, (one + two) / 2)
    assert together.accuracy == 1  # the first is a tie, which goes to the lower label
    assert together.loss == pytest.approx(-np.log([0.4, 0.6, 0.55]).mean())


def test_an_ensemble_of_others_is_refused() -> None:
    a = result([0, 1], [0, 1])
    with pytest.raises(gn.InputError, match="not of the same examples"):
        gn.ensemble([a, result([1, 1], [0, 1])])
    with pytest.raises(gn.InputError, match="expected the probabilities of classes"):
        gn.ensemble([Evaluation(0.0, ("a", "b", "c"), np.array([0]), np.array([0]), np.array([[3.0, -1.0, 0.0]]))])
    scores = Evaluation(0.0, ("a", "b"), np.array([0]), np.array([0]), np.array([[0.7, 0.3]]), probabilistic=False)
    with pytest.raises(gn.InputError, match="expected the probabilities of classes"):
        gn.ensemble([scores])
    with pytest.raises(gn.InputError, match="at least one"):
        gn.ensemble([])


def test_the_interval_of_an_accuracy_is_wilsons() -> None:
    """Its ends are the accuracies c from which the measured one lies just 1.96 standard errors of c away."""
    assert accuracy_interval(0.5, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)
    for accuracy, examples in ((0.979, 10_000), (0.03, 40), (1.0, 7), (0.0, 7)):
        for c in accuracy_interval(accuracy, examples):
            assert (accuracy - c) ** 2 == pytest.approx(1.959964**2 * c * (1 - c) / examples, abs=1e-12)
    low, high = accuracy_interval(1.0, 360)
    assert 0.98 < low < 1 == high
