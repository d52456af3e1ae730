"""Figures that a person can judge by: they are those of scikit-learn, to 1e-6."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.decision import NEVER, Decision
from glassnet.tables.load import load_table
from glassnet.train.baseline import constant, linear, usual_answer
from glassnet.train.importance import permutation_importance
from glassnet.train.metrics import Evaluation, evaluate
from glassnet.train.regression import evaluate_regression

pytest.importorskip("sklearn", reason="the figures are compared with those of scikit-learn")

from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def trained(name: str, target: str) -> tuple[gn.Network, gn.Dataset]:
    dataset = load_table(name, target=target)
    outputs = len(dataset.classes) or 1
    network = gn.Network(
        [gn.Standardize(), gn.Dense(8), gn.ReLU(), gn.Dense(outputs)],
        input_shape=dataset.input_shape,
        classes=dataset.classes or None,
    )
    loss = gn.CrossEntropy() if dataset.classes else gn.SquaredError()
    gn.fit(network, dataset.train, loss=loss, optimizer=gn.Adam(1e-2), epochs=3)
    return network, dataset


def learned(dataset: gn.Dataset) -> tuple[Any, Any]:
    rows = np.concatenate([dataset.train.index, dataset.validation.index])
    assert dataset.train.targets is not None
    return dataset.train.inputs[np.sort(rows)], dataset.train.targets[np.sort(rows)]


@pytest.mark.parametrize(("name", "target"), [("breast-cancer", "diagnosis"), ("wine", "cultivar")])
def test_the_baselines_of_classes(name: str, target: str) -> None:
    dataset = load_table(name, target=target)
    x, y = dataset.test.x, dataset.test.y
    dummy = DummyClassifier().fit(dataset.train.x, dataset.train.y)
    ours = constant(usual_answer(dataset.train.y, dataset.classes), y, dataset.classes)
    assert ours.name == f"always {dataset.classes[int(dummy.predict(x)[0])]!r}"
    assert ours.figures["accuracy"] == pytest.approx(dummy.score(x, y), abs=1e-6)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*learned(dataset))
    (other,) = linear(dataset, (x, y))
    assert other.figures["accuracy"] == pytest.approx(pipeline.score(x, y), abs=1e-6)
    if len(dataset.classes) == 2:
        p = pipeline.predict_proba(x)[:, 1]
        assert other.figures["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-6)
        assert other.figures["average_precision"] == pytest.approx(metrics.average_precision_score(y, p), abs=1e-6)
        assert ours.figures["average_precision"] == pytest.approx(np.mean(y == 1), abs=1e-6)


def test_the_baselines_of_numbers() -> None:
    dataset = load_table("diabetes", target="progression")
    x, y = dataset.test.x, dataset.test.y
    dummy = DummyRegressor().fit(dataset.train.x, dataset.train.y)
    pipeline = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 11))).fit(*learned(dataset))
    found = [constant(usual_answer(dataset.train.y, ()), y, ()), *linear(dataset, (x, y))]
    assert [one.name for one in found] == ["always the mean", "ridge regression"]
    for one, model in zip(found, (dummy, pipeline), strict=True):
        p = model.predict(x)
        assert one.figures == pytest.approx(
            {
                "r2": metrics.r2_score(y, p),
                "mean_absolute_error": metrics.mean_absolute_error(y, p),
                "root_mean_squared_error": metrics.root_mean_squared_error(y, p),
            },
            abs=1e-6,
        )


@pytest.fixture(scope="module")
def tumours() -> tuple[gn.Network, gn.Dataset]:
    return trained("breast-cancer", "diagnosis")


def test_the_curves_of_two_classes(tumours: tuple[gn.Network, gn.Dataset]) -> None:
    network, dataset = tumours
    result = evaluate(network, dataset.test)
    for label in (0, 1):
        scores, truth = result.probabilities[:, label], result.truth == label
        ours = result.curve(label)
        assert ours is not None
        false, true, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
        np.testing.assert_allclose(ours.thresholds, thresholds[1:], atol=1e-6)
        np.testing.assert_allclose(ours.false_positive_rate, false[1:], atol=1e-6)
        np.testing.assert_allclose(ours.recall, true[1:], atol=1e-6)
        precision, recall, _ = metrics.precision_recall_curve(truth, scores)
        np.testing.assert_allclose(ours.precision[::-1], precision[:-1], atol=1e-6)
        np.testing.assert_allclose(ours.recall[::-1], recall[:-1], atol=1e-6)
        assert ours.average_precision == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-6)


def test_a_threshold_by_recall_or_cost_is_the_best_of_all(tumours: tuple[gn.Network, gn.Dataset]) -> None:
    network, dataset = tumours
    result = evaluate(network, dataset.validation)
    found, truth, scores = result.curve(1), result.truth == 1, result.probabilities[:, 1]
    assert found is not None
    candidates = np.unique(scores)
    for recall in (0.5, 0.9, 1.0):
        enough = [t for t in candidates if metrics.recall_score(truth, scores >= t) >= recall]
        np.testing.assert_array_equal(scores >= found.for_recall(recall), scores >= max(enough))
    for cost in (0.01, 1, 20):
        costs = [cost * (truth & (scores < t)).sum() + (~truth & (scores >= t)).sum() for t in candidates]
        t = found.for_cost(cost)
        assert cost * (truth & (scores < t)).sum() + (~truth & (scores >= t)).sum() == min(costs)
        assert not np.isclose(scores, t, atol=1e-9).any()  # it lies between two of them
    never = Evaluation(
        0.0, ("a", "b"), np.array([0, 1, 0]), np.zeros(3, int), np.array([[0.1, 0.9], [0.8, 0.2], [0.1, 0.9]])
    )
    worthless = never.curve(1)
    assert worthless is not None
    assert worthless.for_cost(0.5) == NEVER
    for wrong in (0, 1.1, -1, np.nan):
        with pytest.raises(gn.InputError, match="recall: expected a share above 0 and at most 1"):
            found.for_recall(wrong)
    for wrong in (0, -1, np.inf, np.nan):
        with pytest.raises(gn.InputError, match="cost: expected a number above 0"):
            found.for_cost(wrong)


def test_three_classes_or_one_have_no_curve() -> None:
    p = np.full((2, 2), 0.5)
    assert Evaluation(0.0, ("a", "b"), np.array([1, 1]), np.array([0, 0]), p).curve() is None
    three = Evaluation(0.0, ("a", "b", "c"), np.array([0, 1]), np.array([0, 0]), np.full((2, 3), 1 / 3))
    assert three.curve() is three.average_precision is None


class OfRows(BaseEstimator):
    """Takes the number of a row for each column, so that scikit-learn shuffles all inputs of a column together."""

    def __init__(self, x: Any, widths: list[int], measure: Any) -> None:
        self.x, self.widths, self.measure = x, widths, measure

    def fit(self, X: Any, y: Any) -> "OfRows":
        return self

    def score(self, X: Any, y: Any) -> float:
        ends = np.cumsum(self.widths)
        parts = [
            self.x[X[:, c], end - width : end] for c, (end, width) in enumerate(zip(ends, self.widths, strict=True))
        ]
        return float(self.measure((np.hstack(parts), y)).score)


@pytest.mark.parametrize("name", ["diabetes", "breast-cancer"])
def test_the_importance_of_columns(name: str) -> None:
    network, dataset = trained(name, "progression" if name == "diabetes" else "diagnosis")
    measure = (
        (lambda data: evaluate(network, data)) if dataset.classes else (lambda data: evaluate_regression(network, data))
    )
    x, y = dataset.test.x, dataset.test.y
    widths = [1, 3, 2] + [1] * (x.shape[1] - 6)
    columns = [(f"c{number}", width) for number, width in enumerate(widths)]
    ours = {one.column: one for one in permutation_importance(measure, (x, y), columns, repeats=4, seed=3)}
    rows = np.tile(np.arange(len(x))[:, None], len(widths))
    other = theirs(OfRows(x, widths, measure), rows, y, n_repeats=4, random_state=3)
    np.testing.assert_allclose([ours[name].mean for name, _ in columns], other.importances_mean, atol=1e-6)
    deviations = other.importances.std(axis=1, ddof=1)
    np.testing.assert_allclose([ours[name].deviation for name, _ in columns], deviations, atol=1e-6)


def test_a_decision_is_kept_in_the_model(tmp_path: Path, tumours: tuple[gn.Network, gn.Dataset]) -> None:
    network, dataset = tumours
    gn.save_network(network, tmp_path / "m.safetensors")
    model = gn.Model.open(tmp_path / "m.safetensors")
    x = dataset.test.x
    before = model.predict(x)
    model.with_decision(Decision(1, 0.01)).save()
    changed = gn.Model.open(tmp_path / "m.safetensors")
    said = np.where(changed.predict_proba(x)[:, 1] >= 0.01, "malignant", "benign")
    assert (changed.predict(x) == said).all()
    assert [answer.label for answer in changed.answers(x)] == said.tolist()
    assert (said == "malignant").sum() > (before == "malignant").sum()
    result = changed.measure(dataset.test)
    assert isinstance(result, Evaluation)
    assert result.accuracy == np.mean(said == np.array(dataset.classes)[dataset.test.y])
    assert (changed.with_decision(None).predict(x) == before).all()
    row = int(np.flatnonzero(said != before)[0])
    explained = changed.explain(x[row])
    assert explained.classes[explained.predicted or 0] == said[row]
    assert f"The network predicts {said[row]}" in explained.text()
    assert f"the log-odds of {said[row]}" in changed.explain(x[row]).text() or not explained.names
    for damaged in (
        {"label": 2, "threshold": 0.5},
        {"label": 1, "threshold": -1},
        {"label": 1},
        {"label": 1, "threshold": "a"},
    ):
        gn.save_network(network, tmp_path / "m.safetensors", about={"decision": damaged})
        with pytest.raises(gn.ModelFileError, match="its decision is"):
            gn.Model.open(tmp_path / "m.safetensors").predict(x)


def test_only_two_classes_have_a_decision(tmp_path: Path) -> None:
    network, _ = trained("wine", "cultivar")
    gn.save_network(network, tmp_path / "m.safetensors")
    with pytest.raises(gn.InputError, match="a threshold decides between two classes whose probabilities add up to 1"):
        gn.Model.open(tmp_path / "m.safetensors").with_decision(Decision(1, 0.5))
