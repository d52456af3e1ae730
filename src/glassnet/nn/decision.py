"""Which of two classes a network says: by a threshold on the probability of one of them."""

from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array

NEVER = 2.0  # a threshold that no probability reaches


class Decision(NamedTuple):
    """Which of two classes is said: this one where its probability is at least the threshold, else the other.

    Attributes:
        label: the number of the positive class, 0 or 1.   threshold: a probability; above 1 the class is never said.
    """

    label: int
    threshold: float

    def labels(self, probabilities: Array) -> Array:
        """The numbers of the classes that are said (N,), of probabilities (N, 2)."""
        return np.where(probabilities[:, self.label] >= self.threshold, self.label, 1 - self.label)
