"""Measures a network: loss, accuracy, and for each class precision, recall and confusions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.batches import portions
from glassnet.nn.decision import Decision
from glassnet.nn.entropy import is_distribution
from glassnet.nn.errors import InputError
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.scale import scale_fault
from glassnet.nn.threads import matrix_threads, processors
from glassnet.train.threshold import Curve, curve
from glassnet.warn import warn

MOST_CLASSES = 4096  # the largest number of classes of an evaluation; the confusion matrix then takes 128 MB


class Examples(NamedTuple):
    """Inputs, targets, and the numbers of the rows that belong to this split."""

    inputs: Array
    targets: Array
    rows: Array


def as_examples(data: Any, what: str, network: Network, loss: Loss | None = None) -> Examples:
    """Convert a split (an object with inputs, targets and index), a pair of arrays (x, y) or Examples to Examples.

    Labels may be integers, booleans or whole floats, of shape (N,) or (N, 1), or one-hot rows; they become integers
    (N,). Real targets of a network with one output may be (N,).

    Raises:
        InputError: data of another kind, no examples or no targets; `what` names the data in the message.
    """
    inputs: Any
    targets: Any
    if isinstance(data, Examples):
        inputs, targets, rows = data
    elif hasattr(data, "inputs") and hasattr(data, "index"):
        inputs, targets, rows = data.inputs, data.targets, np.asarray(data.index)
    elif isinstance(data, tuple | list) and len(data) == 2:
        try:
            inputs, targets = (None if part is None else np.asanyarray(part) for part in data)
        except ValueError:
            raise InputError(f"{what}: expected two arrays (x, y), got rows of different lengths") from None
        rows = np.arange(0 if inputs is None or inputs.ndim == 0 else len(inputs))
    else:
        raise InputError(f"{what}: expected a split of a dataset or a pair (x, y), got {type(data).__name__}")
    if inputs is None or len(rows) == 0:
        raise InputError(f"{what}: there are no examples")
    if targets is None:
        raise InputError(f"{what}: these examples have no labels")
    if targets.ndim == 0 or len(inputs) != len(targets):
        raise InputError(
            f"{what}: {len(inputs):,} examples but {targets.size and len(np.atleast_1d(targets)):,} targets"
        )
    if rows.min() < 0 or rows.max() >= len(inputs):
        raise InputError(
            f"{what}: its index holds {rows.min()} to {rows.max()}, but there are {len(inputs):,} examples"
        )
    return Examples(inputs, _standard_form(targets, network.output_shape[0], loss or network.loss), rows)


def _standard_form(targets: Array, outputs: int, loss: Loss) -> Array:
    """Labels as integers (N,); real targets as rows (N, M)."""
    if targets.dtype.kind in "OUS":
        raise InputError(
            "labels must be numbers, got texts: names, labels = np.unique(y, return_inverse=True) numbers them; "
            "give the names to the network as classes=names"
        )
    if targets.dtype.kind == "b":
        targets = targets.astype(np.int64)
    if targets.ndim == 2 and targets.shape[1] == 1 and (outputs > 1 or targets.dtype.kind in "iu"):
        targets = targets[:, 0]
    if targets.ndim == 1 and outputs == 1 and (targets.dtype.kind == "f" or loss.for_numbers):
        return targets[:, None]
    if targets.ndim == 1 and targets.dtype.kind == "f" and np.array_equal(targets, np.round(targets)):
        return targets.astype(np.int64)
    if targets.ndim == 2 and targets.shape[1] == outputs > 1:
        labels = np.argmax(targets, axis=1)
        if np.array_equal(targets, np.eye(outputs)[labels]):
            return labels
    return targets


class PerClass(NamedTuple):
    """The metrics of one class; precision and recall are 0 if the divisor is 0."""

    name: str
    precision: float  # of the examples predicted as this class, the fraction that is of this class
    recall: float  # of the examples of this class, the fraction predicted as this class
    f1: float  # harmonic mean of both
    support: int  # the number of examples of this class


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The results of a classifier on a split.

    Attributes:
        loss: the mean loss.   classes: a name for each class.
        truth, predicted: labels (N,).   probabilities: a value for each class (N, C), computed by the loss from the
            outputs: probabilities for cross-entropy, scores for squared error and hinge; for one output, the columns
            are no and yes.
        probabilistic: whether these values are probabilities.
        decision: the threshold by which the labels were predicted; None if the most probable labels were predicted.
    """

    loss: float
    classes: tuple[str, ...]
    truth: Array
    predicted: Array
    probabilities: Array
    probabilistic: bool = True
    decision: Decision | None = None

    def __repr__(self) -> str:
        """The main metrics without the arrays, which would fill pages."""
        return f"Evaluation(accuracy={self.accuracy:.4f}, loss={self.loss:.4f}, examples={len(self.truth)})"

    @property
    def accuracy(self) -> float:
        """The fraction of correct predictions."""
        return float(np.mean(self.truth == self.predicted))

    @property
    def score(self) -> float:
        """The metric by which columns are judged: ROC AUC if there are two classes, else the accuracy."""
        return self.accuracy if self.roc_auc is None else self.roc_auc

    @property
    def score_name(self) -> str:
        return "accuracy" if self.roc_auc is None else "ROC AUC"

    @property
    def rare(self) -> int:
        """The label of the rarer of two classes; 1 if both have the same number of examples."""
        return int(2 * np.count_nonzero(self.truth) <= len(self.truth))

    def curve(self, label: int | None = None) -> Curve | None:
        """The metrics of each threshold on the probability of one of two classes, by default the rarer one.

        None if there are more than two classes, or one has no examples.
        """
        if len(self.classes) != 2:
            return None
        label = self.rare if label is None else label
        return curve(self.truth == label, self.probabilities[:, label])

    @cached_property
    def average_precision(self) -> float | None:
        """The mean precision over the examples of the rarer of two classes; for guessing, the share of this class."""
        found = self.curve()
        return None if found is None else found.average_precision

    @cached_property
    def confusion(self) -> Array:
        """Counts (C, C): a row for each true class, a column for each predicted class."""
        C = len(self.classes)
        return np.bincount(self.truth * C + self.predicted, minlength=C * C).reshape(C, C)

    @property
    def per_class(self) -> list[PerClass]:
        """Precision, recall, F1 and support of each class."""
        correct, predicted, true = np.diag(self.confusion), self.confusion.sum(axis=0), self.confusion.sum(axis=1)
        return [
            PerClass(
                name,
                float(correct[c] / max(predicted[c], 1)),
                float(correct[c] / max(true[c], 1)),
                float(2 * correct[c] / max(predicted[c] + true[c], 1)),
                int(true[c]),
            )
            for c, name in enumerate(self.classes)
        ]

    def most_confused(self, count: int = 5) -> list[tuple[str, str, int]]:
        """The most frequent mistakes: (truth, prediction, how often), most frequent first."""
        return most_confused(self.confusion, self.classes, count)

    def mistakes(self) -> Array:
        """The numbers of the examples with a wrong prediction, most confident first."""
        wrong = np.flatnonzero(self.truth != self.predicted)
        return wrong[np.argsort(-self.probabilities[wrong, self.predicted[wrong]], kind="stable")]

    def sure(self, i: int) -> str:
        """The confidence of the network in its prediction for example i, as text: "99.8 %", or its score."""
        sure = float(self.probabilities[i, self.predicted[i]])
        return f"{100 * sure:.1f} %" if self.probabilistic else f"score {sure:.2f}"

    @cached_property
    def roc_auc(self) -> float | None:
        """The area under the ROC curve, for two classes; 1/2 means guessing.

        AUC = (R - P (P + 1) / 2) / (P Q)      R = the sum of the ranks, by p_2 - p_1, of the P examples of class 2

        and Q the number of examples of class 1. It is the probability that a random example of class 2 ranks above a
        random example of class 1; a tie counts half. It does not depend on a threshold or on the share of a class. None
        if there are more than two classes, or one has no examples.

        Reference: Hanley and McNeil 1982, "The meaning and use of the area under a receiver operating characteristic
        (ROC) curve".
        """
        positive = self.truth == 1
        P, Q = int(positive.sum()), int((~positive).sum())
        if len(self.classes) != 2 or not P or not Q:
            return None
        _, place, counts = np.unique(np.diff(self.probabilities)[:, 0], return_inverse=True, return_counts=True)
        rank = np.cumsum(counts) - (counts - 1) / 2  # from 1; tied examples share the mean of their ranks
        return float((rank[place[positive]].sum() - P * (P + 1) / 2) / (P * Q))

    @property
    def figures(self) -> dict[str, Any]:
        """The main metrics, without those that are None."""
        figures = {"loss": self.loss, "accuracy": self.accuracy, "roc_auc": self.roc_auc}
        figures |= {"average_precision": self.average_precision, "examples": len(self.truth)}
        return {name: value for name, value in figures.items() if value is not None}

    def to_table(self) -> dict[str, Any]:
        """The metrics as plain values, for JSON."""
        return {
            **self.figures,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "per_class": [row._asdict() for row in self.per_class],
        }


def warn_of_scale(network: Network, inputs: Array, rows: Array) -> None:
    """Warn if these rows of the inputs are not scaled, or scaled twice: with either mistake, training usually fails."""
    inputs = network.as_batch(inputs)
    if fault := scale_fault(network.layers, (inputs[rows[span]] for span in portions(len(rows), 4096))):
        warn(fault)


def evaluate(network: Network, split: Any) -> Evaluation:
    """Measure a classifier on a split or a pair (x, y).

    Raises:
        InputError: the data does not fit the network, the targets are not labels, or there are more than 4,096 classes.
    """
    inputs, targets, rows = as_examples(split, "evaluate", network)
    targets = targets[rows]
    network.loss.check(targets, network.output_shape[0], len(rows))
    if targets.ndim != 1:
        raise InputError(
            f"evaluate: expected labels (N,), got targets of shape {targets.shape}; real numbers are measured by "
            "evaluate_regression"
        )
    classes = network.class_names
    warn_of_scale(network, inputs, rows)
    if len(classes) > MOST_CLASSES:
        raise InputError(f"evaluate: expected at most {MOST_CLASSES:,} classes, got {len(classes):,}")
    with matrix_threads(1):
        logits = network.logits(inputs, rows, workers=processors())
    loss, prediction = network.loss.forward(logits, targets)
    labels, outputs = network.loss.labels(prediction), network.loss.by_class(prediction)
    return Evaluation(loss, classes, targets.astype(np.int64), labels, outputs, network.loss.probabilistic)


def most_confused(confusion: Array, classes: Sequence[str], count: int) -> list[tuple[str, str, int]]:
    """The most frequent mistakes in counts (C, C): (truth, prediction, how often), most frequent first."""
    mistakes = confusion - np.diag(np.diag(confusion))
    largest = np.argsort(-mistakes, axis=None, kind="stable")[:count]
    pairs = [np.unravel_index(place, mistakes.shape) for place in largest]
    return [(classes[t], classes[p], int(mistakes[t, p])) for t, p in pairs if mistakes[t, p]]


def accuracy_interval(accuracy: float, examples: int) -> tuple[float, float]:
    """Wilson's 95 % confidence interval: in 95 of 100 such measurements it contains the accuracy on unlimited data.

    With p the accuracy on N examples and z = 1.96:   (p + z²/2N ± z sqrt(p (1 - p) / N + z²/4N²)) / (1 + z²/N).
    It stays between 0 and 1, and has a width above 0 even if all predictions are correct.

    Reference: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    z2 = 1.959964**2 / examples
    middle = accuracy + z2 / 2
    half = math.sqrt(z2 * accuracy * (1 - accuracy) + z2 * z2 / 4)
    return max((middle - half) / (1 + z2), 0.0), min((middle + half) / (1 + z2), 1.0)


def mean_and_deviation(values: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation of some values."""
    array = np.array(values)
    return float(array.mean()), float(array.std(ddof=1))


def ensemble(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Combine classifiers measured on the same examples: p = the mean of their probabilities.

    Classifiers make different mistakes, so the mean corrects many of them. The loss is the mean of -log p of the true
    class.

    Raises:
        InputError: no evaluations; different examples or classes; outputs that are not probabilities of classes.

    Reference: Hansen and Salamon 1990, "Neural network ensembles".
    """
    if not evaluations:
        raise InputError("ensemble: expected at least one evaluation")
    first = evaluations[0]
    for other in evaluations:
        if other.classes != first.classes or not np.array_equal(other.truth, first.truth):
            raise InputError("ensemble: the evaluations are not of the same examples and classes")
        if not other.probabilistic or not is_distribution(other.probabilities):
            raise InputError(
                "ensemble: expected the probabilities of classes, as networks with cross-entropy give them"
            )
    p = np.stack([e.probabilities for e in evaluations]).mean(axis=0, dtype=np.float64)
    surprise = -np.log(np.maximum(p[np.arange(len(p)), first.truth], np.finfo(np.float64).tiny))
    return Evaluation(float(surprise.mean()), first.classes, first.truth, p.argmax(axis=1), p)


def measure(network: Network, examples: Examples, *, workers: int = 1) -> tuple[float, float | None]:
    """The loss, and for labels the accuracy (else None), as measured on validation data after each epoch."""
    targets = examples.targets[examples.rows]
    logits = network.logits(examples.inputs, examples.rows, workers=workers)
    loss, prediction = network.loss.forward(logits, targets)
    return loss, count_correct(network, prediction, targets) / len(targets) if targets.ndim == 1 else None


def count_correct(network: Network, prediction: Array, targets: Array) -> int:
    """The number of predictions (N, M) that are correct.

    For a target that is a distribution, its most probable label is used. If the probability of that label is not above
    (1 + 1/M) / 2, half way between even and certain, a prediction is correct if its own largest probability is not
    above it, either.
    """
    labels = network.loss.labels(prediction)
    if targets.ndim == 1:
        return int(np.count_nonzero(labels == targets))
    half_way = (1 + 1 / targets.shape[1]) / 2
    decided, undecided = targets.max(axis=1) > half_way, prediction.max(axis=1) <= half_way
    return int(np.count_nonzero(np.where(decided, labels == targets.argmax(axis=1), undecided)))
