"""Trainings that ended badly, although no number became infinite: that is seen, and said."""

import math
from typing import NamedTuple

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.settings import InputError
from glassnet.train.metrics import Examples, count_right
from glassnet.train.training import Training

MOST = 256  # training examples that are looked at, before the first step and after the last one
GROWN = 0.1  # by so much of the loss of one who always answers 0 a loss must be larger than at the start


class Look(NamedTuple):
    """How a network does on a few examples.

    Attributes:
        loss: the mean loss.   of_zeros: that of one whose outputs are all 0, as a measure of what is much.
        accuracy: how often it is right; NaN without labels.
    """

    loss: float
    of_zeros: float
    accuracy: float


def look(network: Network, examples: Examples, weights: Array | None) -> Look:
    """How a network does on the first examples; NaN where its outputs are not finite."""
    rows = examples.rows[:MOST]
    y = examples.targets[rows]
    weighted = None if weights is None else weights[rows]
    if weighted is not None and not weighted.any():
        return Look(math.nan, math.nan, math.nan)
    try:
        logits = network.logits(examples.inputs, rows)
        loss, prediction = network.loss.forward(logits, y, weights=weighted)
        of_zeros, _ = network.loss.forward(np.zeros_like(logits), y, weights=weighted)
    except InputError:
        return Look(math.nan, math.nan, math.nan)
    return Look(loss, of_zeros, count_right(network, prediction, y) / len(y) if y.ndim == 1 else math.nan)


def failure(training: Training, examples: Examples, validation: Examples | None, weights: Array | None) -> str | None:
    """What to tell of a training that ended no better than it began, and what usually causes that; None if it is well.

    It ended badly if its loss has grown, or if it is less often right than one who always says the largest class: by
    more than two standard errors, for in few examples chance can do that. Weights may want the second; then it is none.
    """
    if not training.history.kept_epoch:
        return None
    now, faults = look(training.network, examples, weights), []
    grown = now.loss > training.start_loss + GROWN * abs(now.of_zeros)  # NaN, which is not known, never is
    if grown:
        faults.append(f"the loss went from {training.start_loss:.4g}, before the first step, to {now.loss:.4g}")
    if weights is None and examples.targets.ndim == 1:
        measured, accuracy = examples._replace(rows=examples.rows[:MOST]), now.accuracy
        if validation is not None:
            kept = training.history.records[training.history.kept_epoch - 1]
            measured, accuracy = validation, kept["validation_accuracy"]
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
