"""Two classes: what each threshold gives, and the choice of one.

A network says one class, the positive one, where its probability p is at least a threshold t. With t = 1/2 it
says what is more probable. Where one mistake costs more than the other, or few examples may be missed, another is
better. Of the examples with p >= t, TP are positive and FP are not; of the others FN are positive and TN are not.

recall = true positive rate = TP / (TP + FN)        precision = TP / (TP + FP)
false positive rate = FP / (FP + TN)                cost = c FN + FP
"""

from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.decision import NEVER
from glassnet.nn.errors import require
from glassnet.train.metrics import Evaluation


class Curve(NamedTuple):
    """What each threshold gives, from the largest threshold to the smallest.

    Attributes:
        thresholds: each different probability of the positive class (T,).
        true, false: how many positive and how many other examples have at least this probability (T,), TP and FP.
        positives, others: the number of all positive and of all other examples.
    """

    thresholds: Array
    true: Array
    false: Array
    positives: int
    others: int

    @property
    def recall(self) -> Array:
        """TP / (TP + FN) (T,)."""
        return self.true / self.positives

    @property
    def precision(self) -> Array:
        """TP / (TP + FP) (T,)."""
        return self.true / (self.true + self.false)

    @property
    def false_positive_rate(self) -> Array:
        """FP / (FP + TN) (T,)."""
        return self.false / self.others

    @property
    def average_precision(self) -> float:
        """The mean of the precision over all positive examples: sum of (recall_k - recall_k-1) precision_k."""
        return float((np.diff(self.recall, prepend=0) * self.precision).sum())

    def for_recall(self, recall: float) -> float:
        """The largest threshold that finds at least this share of the positive examples, above 0 and at most 1."""
        require(0 < recall <= 1, f"recall: expected a share above 0 and at most 1, got {recall}")
        return float(self.thresholds[np.argmax(self.recall >= recall)])

    def for_cost(self, cost: float) -> float:
        """The threshold with the smallest cost, where a missed positive example costs this much, a false alarm 1.

        Of several it is the largest. If it costs least never to say the class, the threshold is 2, above all.
        """
        require(0 < cost < np.inf, f"cost: expected a number above 0, got {cost}")
        costs = cost * (self.positives - self.true) + self.false
        return float(self.thresholds[costs.argmin()]) if costs.min() < cost * self.positives else NEVER


def curve(evaluation: Evaluation, label: int = 1) -> Curve | None:
    """What each threshold gives; None if there are more than two classes, or one has no examples.

    Args:
        label: the number of the positive class.
    """
    positive = evaluation.truth == label
    if len(evaluation.classes) != 2 or positive.all() or not positive.any():
        return None
    scores = evaluation.probabilities[:, label]
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each different score
    true = np.cumsum(positive[order])[last]
    return Curve(scores[order][last], true, last + 1 - true, int(positive.sum()), int((~positive).sum()))
