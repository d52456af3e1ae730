"""Cross-entropy losses: the network predicts probabilities.

The loss is the negative logarithm of the probability of the true class. It is large if that probability is small, and
near 0 if that probability is near 1.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glassnet.nn.activations import sigmoid, softmax
from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.loss import Loss, difference, one_hot


@final
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax with cross-entropy: the negative log-probability of the truth, in nats.

    Forward:   p_j = exp(z_j) / sum_k exp(z_k)      l = -sum_j t_j log p_j
    Backward:  dl/dz = p - t

    With smoothing s, t is replaced by t' = (1 - s) t + s / M, a mixture of t and equal probabilities.

    Shapes: logits z, prediction p and targets t (N, M); t is one-hot when the targets are labels (N,). A row of targets
    that are not labels is a probability distribution: not negative, sum 1.

    Args:
        smoothing: s, from 0 (none) to below 1; 0.1 is usual.

    References: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs"; Szegedy et
    al. 2016, "Rethinking the Inception architecture for computer vision", section 7 (smoothing).
    """

    classifies: ClassVar[bool] = True
    probabilistic: ClassVar[bool] = True
    softmax: ClassVar[bool] = True

    smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.smoothing < 1, f"CrossEntropy: smoothing must be from 0 to below 1, got {self.smoothing}")

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        z = logits.T.copy("C")  # (M, N): maxima and sums over classes run along whole rows, which is fast
        z -= np.maximum.reduce(z, axis=0)  # at most 0
        p = np.exp(z)
        norm = np.add.reduce(p, axis=0)  # (N,), at least 1
        p /= norm
        lost = np.log(norm)
        if targets.ndim == 1:
            lost -= z[targets, np.arange(len(logits))]
        else:  # the sum of a target is 1 up to rounding; the true sum is used
            lost = lost * np.add.reduce(targets, axis=1) - np.add.reduce(z * targets.T, axis=0)
        if self.smoothing:
            lost *= 1 - self.smoothing
            lost += self.smoothing * (np.log(norm) - z.mean(axis=0))
        return lost, p.T

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        if targets.ndim == 1:
            d = difference(prediction, targets)
        else:
            total = np.add.reduce(targets, axis=1, keepdims=True, dtype=prediction.dtype)
            d = np.multiply(prediction, total, order="C")
            d -= targets
        if self.smoothing:  # p - t' = (1 - s) (p - t) + s (p - 1 / M)
            d *= 1 - self.smoothing
            d += self.smoothing * (prediction - 1 / prediction.shape[1])
        return d

    def predict(self, logits: Array) -> Array:
        return softmax(logits)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        super().check(targets, outputs, examples)
        require(outputs > 1, "CrossEntropy needs at least 2 outputs; for one output use BinaryCrossEntropy()")
        if targets.ndim == 2:
            require(
                is_distribution(targets),
                "each row of targets must be a probability distribution (not negative, sum 1), and some are not: "
                "for outputs that are independent of each other use BinaryCrossEntropy()",
            )


@final
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Sigmoid with binary cross-entropy: each output predicts yes or no, independently of the others.

    Forward:   p_j = 1 / (1 + exp(-z_j))      l = -sum_j [t_j log p_j + (1 - t_j) log(1 - p_j)]
    Backward:  dl/dz = p - t

    Computed as max(z, 0) - z t + log(1 + exp(-|z|)), which cannot overflow.

    Shapes: logits z, prediction p and targets t (N, M), t from 0 to 1; labels (N,) mean one-hot rows.

    Reference: Bishop 2006, "Pattern Recognition and Machine Learning", section 5.2 (independent binary outputs).
    """

    probabilistic: ClassVar[bool] = True

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        z = logits
        t = targets if targets.ndim == 2 else one_hot(targets, z.shape[1], z.dtype)
        each = np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))
        return np.add.reduce(each, axis=1), sigmoid(z)

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        return difference(prediction, targets)

    def predict(self, logits: Array) -> Array:
        return sigmoid(logits)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        super().check(targets, outputs, examples)
        inside = targets.ndim == 1 or bool(((targets >= 0) & (targets <= 1)).all())
        require(inside, "targets of BinaryCrossEntropy must lie between 0 and 1")


def is_distribution(targets: Array) -> bool:
    """Whether every row of targets (N, M) is a probability distribution: not negative, with sum 1 (to 0.001)."""
    return bool((targets >= 0).all() and (np.abs(targets.sum(axis=1) - 1) <= 1e-3).all())
