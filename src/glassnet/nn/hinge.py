"""The hinge loss: the score of the truth must exceed all other scores by a margin of 1.

An example that keeps the margin has loss 0 and gradient 0. Support vector machines use this loss. The outputs are
scores, not probabilities.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.loss import Loss


@final
@dataclass(frozen=True)
class Hinge(Loss):
    """Each class whose score is less than 1 below the score of the truth y adds the missing part to the loss.

    Forward:   p = z      l = sum over j != y of max(0, 1 + z_j - z_y)
    Backward:  dl/dz_j = 1 where 1 + z_j - z_y > 0, else 0 (j != y)      dl/dz_y = -(the number of those)

    With one output, M = 1, the sign of z means yes or no: l = max(0, 1 - s z) and dl/dz = -s where l is above 0, with
    s = 1 for label 1 and s = -1 for label 0.

    Shapes: logits z and prediction p (N, M), labels y (N,).

    Raises:
        InputError: targets that are not labels.

    Reference: Weston and Watkins 1999, "Support vector machines for multi-class pattern recognition" (their loss, on
    the outputs of a network).
    """

    classifies: ClassVar[bool] = True
    least_yes: ClassVar[float] = 0.0

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        return np.add.reduce(self._short(logits, targets), axis=1), logits

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        short = (self._short(prediction, targets) > 0).astype(prediction.dtype)
        if prediction.shape[1] == 1:
            return np.where(targets[:, None] == 1, -short, short)
        short[np.arange(len(short)), targets] = -np.add.reduce(short, axis=1)
        return short

    def _short(self, z: Array, labels: Array) -> Array:
        """The missing part of the margin (N, M): 0 if the margin is kept, and at the truth."""
        if z.shape[1] == 1:
            return np.maximum(1 - _signs(labels).astype(z.dtype) * z, 0)
        truth = np.arange(len(z)), labels
        short = np.maximum(1 + z - z[truth][:, None], 0)
        short[truth] = 0
        return short

    def predict(self, logits: Array) -> Array:
        return logits

    def by_class(self, prediction: Array) -> Array:
        """The score of each class (N, C): for M = 1, -p for no and p for yes."""
        return prediction if prediction.shape[1] > 1 else np.concatenate([-prediction, prediction], axis=1)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        super().check(targets, outputs, examples)
        require(targets.ndim == 1, f"Hinge takes labels of shape (N,), got targets of shape {targets.shape}")


def _signs(labels: Array) -> Array:
    """1 for label 1, -1 for label 0, as a column (N, 1)."""
    return 2 * labels.astype(np.int64)[:, None] - 1
