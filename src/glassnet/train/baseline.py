"""Baselines: a constant prediction and a linear model.

A metric alone says little: an accuracy of 95 % is poor if 96 % of the rows are of one class. The constant prediction is
the largest class of the training examples, or the mean of their targets. The linear model comes from scikit-learn, if
it is installed: logistic regression, or ridge regression with a penalty chosen by cross-validation. It learns from the
training and the validation examples, because it needs no early stopping.
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
MOST_NUMBERS = 1 << 22  # numbers from which the linear model learns: some seconds
FIGURES = ("accuracy", "roc_auc", "average_precision", "r2", "mean_absolute_error", "root_mean_squared_error")


@dataclass(frozen=True, eq=False)
class Baseline:
    """A simpler model, measured on the same examples as the network.

    Attributes:
        name: in words, such as "always 'no'" or "logistic regression".
    """

    name: str
    evaluation: Evaluation | RegressionEvaluation

    @property
    def figures(self) -> dict[str, Any]:
        """The metrics that network and baseline both have, without the loss."""
        return {name: value for name, value in self.evaluation.figures.items() if name in FIGURES and value is not None}


def usual_answer(targets: Array, classes: tuple[str, ...]) -> float:
    """The label of the largest class (of several, the first), or the mean of the targets if there are no classes."""
    return int(np.bincount(targets, minlength=len(classes)).argmax()) if classes else float(targets.mean())


def constant(answer: float, y: Array, classes: tuple[str, ...]) -> Baseline:
    """The same prediction for all examples, compared with the truth y (N,)."""
    if not classes:
        return Baseline("always the mean", RegressionEvaluation(np.nan, y, np.full(len(y), answer)))
    probabilities = np.tile(np.arange(len(classes)) == answer, (len(y), 1)).astype(np.float64)
    return Baseline(f"always {classes[int(answer)]!r}", _of_classes(y, probabilities, classes))


def linear(dataset: Any, data: tuple[Array, Array]) -> list[Baseline]:
    """Logistic or ridge regression on standardised columns.

    The list is empty if scikit-learn is not installed, or if the training examples are all of one class.

    Args:
        dataset: its classes, and its `train` and `validation` with inputs (N, D), from which the model learns.
        data: the inputs and targets on which the model is measured.
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
        return []  # there is nothing to classify
    learner = LogisticRegression(max_iter=1000) if dataset.classes else RidgeCV(PENALTIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the warning that it has not fully converged
        model = make_pipeline(StandardScaler(), learner).fit(inputs[rows], targets[rows])
    if not dataset.classes:
        return [Baseline(f"ridge regression{said}", RegressionEvaluation(np.nan, y, model.predict(x)))]
    probabilities = np.zeros((len(y), len(dataset.classes)))
    probabilities[:, model.classes_] = model.predict_proba(x)
    return [Baseline(f"logistic regression{said}", _of_classes(y, probabilities, dataset.classes))]


def _of_classes(y: Array, probabilities: Array, classes: tuple[str, ...]) -> Evaluation:
    return Evaluation(np.nan, classes, y, probabilities.argmax(axis=1), probabilities)
