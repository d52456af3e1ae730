"""Two classes: the metrics of each threshold, and the choice of a threshold.

A network predicts the positive class if its probability p is at least a threshold t. t = 1/2 predicts the more probable
class. Another t is better if one mistake costs more than the other, or if few positive examples may be missed. Of the
examples with p >= t, TP are positive and FP are not; of the others, FN are positive and TN are not.

recall = true positive rate = TP / (TP + FN)        precision = TP / (TP + FP)
false positive rate = FP / (FP + TN)                cost = c FN + FP
"""

from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.decision import NEVER
from glassnet.nn.errors import require


class Curve(NamedTuple):
    """The counts for each threshold, from the largest threshold to the smallest.

    Attributes:
        thresholds: each different probability of the positive class (T,).
        true, false: the numbers of positive and of other examples with at least this probability (T,), TP and FP.
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
        """A threshold that finds at least this share of the positive examples, and as few others as possible.

        Args:
            recall: above 0 and at most 1.
        """
        require(0 < recall <= 1, f"recall: expected a share above 0 and at most 1, such as 0.9, got {recall:g}")
        return self._between(int(np.argmax(self.recall >= recall)))

    def for_cost(self, cost: float) -> float:
        """The threshold with the smallest total cost, if a missed positive example costs `cost` and a false alarm 1.

        Of several it is the largest. If the cost is smallest without positive predictions, the threshold is 2, above
        all probabilities.
        """
        require(0 < cost < np.inf, f"cost: expected a number above 0, got {cost:g}")
        costs = cost * (self.positives - self.true) + self.false
        return self._between(int(costs.argmin())) if costs.min() < cost * self.positives else NEVER

    def _between(self, place: int) -> float:
        """The middle between a probability and the next smaller one, so that rounding elsewhere does not matter."""
        lower = self.thresholds[place + 1] if place + 1 < len(self.thresholds) else 0.0
        return (float(self.thresholds[place]) + float(lower)) / 2


def curve(positive: Array, scores: Array) -> Curve | None:
    """The curve over all thresholds; None if all examples are positive, or none is.

    Args:
        positive: whether each example is of the positive class (N,).   scores: its probability of that class (N,).
    """
    if positive.all() or not positive.any():
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each different score
    true = np.cumsum(positive[order])[last]
    return Curve(scores[order][last], true, last + 1 - true, int(positive.sum()), int((~positive).sum()))
