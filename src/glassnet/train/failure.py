"""Detects trainings that failed although no number became infinite."""

import math
from typing import NamedTuple

import numpy as np

from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.train.data import TrainingData
from glassnet.train.metrics import Examples, count_correct
from glassnet.train.training import Training

PROBED = 256  # number of training examples that are measured before the first step and after the last one
ONE_CLASS = 0.9  # if one class has this share of the examples, a network may predict it for all of them
RESAMPLED = 0.1  # if the shares of a class in training and validation differ by more, this was intended
GROWN = 0.1  # a loss has grown if it exceeds the loss at the start by this fraction of the loss of outputs all 0


class Probe(NamedTuple):
    """Loss and accuracy of a network on a few examples.

    Attributes:
        loss: the mean loss.   of_zeros: the mean loss if all outputs were 0, as a scale.
        accuracy: the fraction that is correct, 0 to 1; NaN without labels.
        answers: the number of different classes among its predictions; 0 without labels.
    """

    loss: float
    of_zeros: float
    accuracy: float
    answers: int


UNKNOWN = Probe(math.nan, math.nan, math.nan, 0)


def probe(network: Network, data: TrainingData) -> Probe:
    """Loss and accuracy of a network on some of the training examples; NaN if its outputs are not finite."""
    rows = _probed(data.examples).rows
    y = data.examples.targets[rows]
    weights = None if data.weights is None else data.weights[rows]
    if weights is not None and not weights.any():
        return UNKNOWN
    try:
        logits = network.logits(data.examples.inputs, rows)
        loss, prediction = network.loss.forward(logits, y, weights=weights)
        of_zeros, _ = network.loss.forward(np.zeros_like(logits), y, weights=weights)
    except InputError:
        return UNKNOWN
    if not data.labelled:
        return Probe(loss, of_zeros, math.nan, 0)
    answers = len(np.unique(network.loss.labels(prediction)))
    return Probe(loss, of_zeros, count_correct(network, prediction, y) / len(y), answers)


def _probed(examples: Examples) -> Examples:
    """Some of the examples, evenly spread, because they may be sorted by class."""
    return examples._replace(rows=examples.rows[:: -(-len(examples.rows) // PROBED)])


def failure(training: Training, data: TrainingData) -> str | None:
    """A message about a training that ended no better than it began, with the usual causes; None if it did not fail.

    It failed if its loss has grown, or if its accuracy is lower than the share of the largest class by more than two
    standard errors (with few examples, a smaller difference can be chance). With weights, only the first test is made,
    because a low accuracy may be intended.
    """
    if not training.history.kept_epoch:
        return None
    now, faults = probe(training.network, data), []
    grown = now.loss > training.start_loss + GROWN * abs(now.of_zeros)  # False if one of them is NaN
    if grown:
        faults.append(f"the loss went from {training.start_loss:.4g}, before the first step, to {now.loss:.4g}")
    if data.weights is None and data.labelled:
        measured, accuracy = _probed(data.examples), now.accuracy
        if data.validation is not None:
            record = training.history.records[training.history.kept_epoch - 1]
            measured, accuracy = data.validation, record["validation_accuracy"]
        if fault := _worse_than_guessing(accuracy, measured, data.examples):
            faults.append(fault)
        elif now.answers == 1 and _largest(data.examples)[1] < ONE_CLASS:
            faults.append("it answers every example with the same class")
    if not faults:
        return None
    rate = training.plan.optimizer.lr
    causes = f"the learning rate is too high (lr is {rate:g}: try {rate / 10:g}, then {rate / 100:g})"
    if not grown:
        causes = f"the learning rate is far too high or too low (lr is {rate:g}), there are too few epochs"
    return f"this training has failed: {' and '.join(faults)}. Usually {causes}, or the inputs are not scaled"


def _worse_than_guessing(accuracy: float, measured: Examples, learned: Examples) -> str:
    """A message if the accuracy is worse than guessing; empty if not, or if the training classes were resampled."""
    largest, share = _largest(measured)
    error = math.sqrt(share * (1 - share) / len(measured.rows))
    resampled = abs(np.mean(learned.targets[learned.rows] == largest) - share) > RESAMPLED
    if resampled or not accuracy < share - 2 * error:
        return ""
    return f"the accuracy is {accuracy:.2%}, worse than always saying the largest class ({share:.2%})"


def _largest(examples: Examples) -> tuple[int, float]:
    """The most frequent class, and its share of the examples."""
    classes, counts = np.unique(examples.targets[examples.rows], return_counts=True)
    return int(classes[counts.argmax()]), float(counts.max() / counts.sum())
