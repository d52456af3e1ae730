"""Baselines: a constant prediction and a linear model.

A metric alone says little: an accuracy of 95 % is poor where 96 % of the rows are of one class. The constant prediction
is the largest class of the training examples, or the mean of their targets. The linear model is scikit-learn's, where
it is installed: logistic regression, or ridge regression with a penalty chosen by cross-validation. It learns from
training and validation examples, because it needs no early stopping.
"""

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.train.metrics import Evaluation
from glassnet.train.regression import RegressionEvaluation

PENALTIES = np.logspace(-2, 3, 11)
MOST_NUMBERS = 1 << 22  # that the linear model learns from: some seconds
FIGURES = ("accuracy", "roc_auc", "average_precision", "r2", "mean_absolute_error", "root_mean_squared_error")


@dataclass(frozen=True, eq=False)
class Baseline:
    """A simpler way to predict, measured on the examples that the network was measured on.

    Attributes:
        name: in words, such as "always 'no'" or "logistic regression".
    """

    name: str
    evaluation: Evaluation | RegressionEvaluation

    @property
    def figures(self) -> dict[str, Any]:
        """The figures that both have, without a loss."""
        return {name: value for name, value in self.evaluation.figures.items() if name in FIGURES and value is not None}


def usual_answer(targets: Array, classes: tuple[str, ...]) -> float:
    """The number of the largest class in these labels (of several, the first), or the mean of these numbers."""
    return int(np.bincount(targets, minlength=len(classes)).argmax()) if classes else float(targets.mean())


def constant(answer: float, y: Array, classes: tuple[str, ...]) -> Baseline:
    """The same answer to all, compared with the truth y (N,)."""
    if not classes:
        return Baseline("always the mean", RegressionEvaluation(np.nan, y, np.full(len(y), answer)))
    probabilities = np.tile(np.arange(len(classes)) == answer, (len(y), 1)).astype(np.float64)
    return Baseline(f"always {classes[int(answer)]!r}", _of_classes(y, probabilities, classes))


def linear(dataset: Any, data: tuple[Array, Array]) -> list[Baseline]:
    """Logistic or ridge regression on standardised columns.

    None, if scikit-learn is not installed, or if the learned examples are all of one class.

    Args:
        dataset: with its classes, and what is learned from, `train` and `validation`, inputs (N, D).
        data: inputs and targets that are measured.
    """
    if not find_spec("sklearn"):
        return []
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = data
    inputs, targets = dataset.train.inputs, dataset.train.targets
    rows = np.sort(np.concatenate([dataset.train.index, dataset.validation.index]))
    most = max(MOST_NUMBERS // inputs.shape[1], 1)
    said = ""
    if len(rows) > most:
        rows, said = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)], f" on {most:,} rows"
    if dataset.classes and len(np.unique(targets[rows])) < 2:
        return []  # there is nothing to tell apart
    learner = LogisticRegression(max_iter=1000) if dataset.classes else RidgeCV(PENALTIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it might still improve a little
        model = make_pipeline(StandardScaler(), learner).fit(inputs[rows], targets[rows])
    if not dataset.classes:
        return [Baseline(f"ridge regression{said}", RegressionEvaluation(np.nan, y, model.predict(x)))]
    probabilities = np.zeros((len(y), len(dataset.classes)))
    probabilities[:, model.classes_] = model.predict_proba(x)
    return [Baseline(f"logistic regression{said}", _of_classes(y, probabilities, dataset.classes))]


def _of_classes(y: Array, probabilities: Array, classes: tuple[str, ...]) -> Evaluation:
    return Evaluation(np.nan, classes, y, probabilities.argmax(axis=1), probabilities)
