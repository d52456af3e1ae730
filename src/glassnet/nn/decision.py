"""The decision between two classes: a threshold on the probability of one of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array

NEVER = 2.0  # a threshold that no probability reaches


class Decision(NamedTuple):
    """Which of two classes is predicted: this one where its probability is at least the threshold, else the other.

    Attributes:
        label: the number of the positive class, 0 or 1.
        threshold: a probability; above 1 the class is never predicted.
    """

    label: int
    threshold: float

    def labels(self, probabilities: Array) -> Array:
        """The labels (N,) predicted from probabilities (N, 2)."""
        return np.where(probabilities[:, self.label] >= self.threshold, self.label, 1 - self.label)

    def least(self, label: int) -> float:
        """The least probability at which a class is predicted; if below 0 it always is, if above 1 never."""
        return self.threshold if label == self.label else 1 - self.threshold

    def in_words(self, classes: Sequence[str]) -> str:
        """`predicts 'ill' where its probability is at least 0.0331`."""
        positive = repr(classes[self.label])
        if self.threshold > 1:
            return f"never predicts {positive}"
        return f"predicts {positive} where its probability is at least {self.threshold:.4g}"
