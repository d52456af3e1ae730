"""Losses for regression: the network predicts real numbers, such as a price or a count.

The loss depends on the distance between prediction and target. SquaredError grows with the square of the distance,
AbsoluteError with the distance itself, and Huber is in between. Poisson is for counts, and measures the error relative
to the size of the count.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.loss import Loss, difference, one_hot


@dataclass(frozen=True)
class RegressionLoss(Loss):
    """A loss for targets that are real numbers (N, M); labels (N,) mean one-hot rows."""

    for_numbers: ClassVar[bool] = True

    def predict(self, logits: Array) -> Array:
        return logits


@final
@dataclass(frozen=True)
class SquaredError(RegressionLoss):
    """The identity with squared error, summed over outputs; the 1/2 makes the gradient simple.

    Forward:   p = z      l = 1/2 sum_j (p_j - t_j)^2
    Backward:  dl/dz = p - t

    Shapes: logits z, prediction p and targets t (N, M); labels (N,) mean one-hot rows.

    Reference: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors" (there summed
    over the examples too).
    """

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        d = difference(logits, targets)
        return 0.5 * np.add.reduce(np.square(d, out=d), axis=1), logits

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        return difference(prediction, targets)


@final
@dataclass(frozen=True)
class AbsoluteError(RegressionLoss):
    """The identity with absolute error, summed over outputs: an outlier has the same weight as any other target.

    Forward:   p = z      l = sum_j |p_j - t_j|
    Backward:  dl/dz = sign(p - t)      (0 where they are equal)

    Shapes: logits z, prediction p and targets t (N, M); labels (N,) mean one-hot rows.

    Reference: Bishop 2006, "Pattern Recognition and Machine Learning", section 1.5.5 (the Minkowski loss with q = 1).
    """

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        d = difference(logits, targets)
        return np.add.reduce(np.abs(d, out=d), axis=1), logits

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        d = difference(prediction, targets)
        return np.sign(d, out=d)


@final
@dataclass(frozen=True)
class Huber(RegressionLoss):
    """The identity with an error that is squared near the target, and absolute far from it.

    Forward:   p = z      l = sum_j h(p_j - t_j)      h(d) = d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
    Backward:  dl/dz = p - t, but at most delta and at least -delta

    Computed as c (|d| - c / 2) with c = min(|d|, delta).

    Shapes: logits z, prediction p and targets t (N, M); labels (N,) mean one-hot rows.

    Args:
        delta: the distance at which the error becomes absolute, above 0.

    Reference: Huber 1964, "Robust estimation of a location parameter".
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.delta > 0, f"Huber: delta must be above 0, got {self.delta}")

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        d = difference(logits, targets)
        np.abs(d, out=d)
        near = np.minimum(d, self.delta)
        return np.add.reduce(near * (d - 0.5 * near), axis=1), logits

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        d = difference(prediction, targets)
        return np.clip(d, -self.delta, self.delta, out=d)


@final
@dataclass(frozen=True)
class Poisson(RegressionLoss):
    """The exponential with half the Poisson deviance: for counts and other targets that are not negative.

    Forward:   p = exp(z)      l = sum_j (p_j - t_j + t_j log(t_j / p_j))      (0 log 0 = 0)
    Backward:  dl/dz = p - t

    A prediction is never negative. An error of 1 costs more if the target is 1 than if it is 1,000.

    Shapes: logits z, prediction p and targets t (N, M), t not negative; labels (N,) mean one-hot rows.

    Raises:
        InputError: negative targets.

    Reference: McCullagh and Nelder 1989, "Generalized Linear Models", section 6.2 (the deviance, with the log link).
    """

    keeps_unit: ClassVar[bool] = True

    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        t = targets if targets.ndim == 2 else one_hot(targets, logits.shape[1], logits.dtype)
        p = self.predict(logits)
        t_log_t = t * np.log(np.where(t > 0, t, 1))  # and t log p = t z is exact
        return np.add.reduce(p - t + t_log_t - t * logits, axis=1), p

    def backward_each(self, prediction: Array, targets: Array) -> Array:
        return difference(prediction, targets)

    def predict(self, logits: Array) -> Array:
        with np.errstate(over="ignore"):  # infinity, for which the caller checks
            return np.exp(logits)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        super().check(targets, outputs, examples)
        require(bool((targets >= 0).all()), "targets of Poisson must not be negative, because they are counts")
