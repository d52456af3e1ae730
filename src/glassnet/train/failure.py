"""Trainings that ended badly, although no number became infinite: that is seen, and said."""

import math
from typing import NamedTuple

import numpy as np

from glassnet.nn.network import Network
from glassnet.nn.settings import InputError
from glassnet.train.data import TrainingData
from glassnet.train.metrics import Examples, count_right
from glassnet.train.training import Training

PROBED = 256  # training examples that are looked at, before the first step and after the last one
GROWN = 0.1  # a loss has grown if it is larger than at the start by this part of the loss of outputs that are all 0


class Probe(NamedTuple):
    """How a network does on a few examples.

    Attributes:
        loss: the mean loss.   of_zeros: the mean loss if all outputs were 0, as a scale.
        accuracy: how often it is right, 0 to 1; NaN without labels.
    """

    loss: float
    of_zeros: float
    accuracy: float


UNKNOWN = Probe(math.nan, math.nan, math.nan)


def probe(network: Network, data: TrainingData) -> Probe:
    """How a network does on the first training examples; NaN where its outputs are not finite."""
    rows = data.examples.rows[:PROBED]
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
    return Probe(loss, of_zeros, count_right(network, prediction, y) / len(y) if data.labelled else math.nan)


def failure(training: Training, data: TrainingData) -> str | None:
    """What to tell of a training that ended no better than it began, and what usually causes that; None if it is well.

    It ended badly if its loss has grown, or if it is less often right than one who always says the largest class: by
    more than two standard errors, for in few examples chance can do that. With weights the second test is left out:
    they may cause that on purpose.
    """
    if not training.history.kept_epoch:
        return None
    now, faults = probe(training.network, data), []
    grown = now.loss > training.start_loss + GROWN * abs(now.of_zeros)  # NaN, which is not known, never is
    if grown:
        faults.append(f"the loss went from {training.start_loss:.4g}, before the first step, to {now.loss:.4g}")
    if data.weights is None and data.labelled:
        measured, accuracy = data.examples._replace(rows=data.examples.rows[:PROBED]), now.accuracy
        if data.validation is not None:
            kept = training.history.records[training.history.kept_epoch - 1]
            measured, accuracy = data.validation, kept["validation_accuracy"]
        if fault := _worse_than_guessing(accuracy, measured):
            faults.append(fault)
    if not faults:
        return None
    rate = training.plan.optimizer.lr
    causes = f"the learning rate is too high (lr is {rate:g}: try {rate / 10:g}, then {rate / 100:g})"
    if not grown:
        causes = f"the learning rate is far too high or too low (lr is {rate:g}), there are too few epochs"
    return f"this training has failed: {' and '.join(faults)}. Usually {causes}, or the inputs are not scaled"


def _worse_than_guessing(accuracy: float, measured: Examples) -> str:
    counts = np.unique(measured.targets[measured.rows], return_counts=True)[1]
    share = counts.max() / counts.sum()
    if not accuracy < share - 2 * math.sqrt(share * (1 - share) / counts.sum()):
        return ""
    return f"the accuracy is {accuracy:.2%}, worse than always saying the largest class ({share:.2%})"
