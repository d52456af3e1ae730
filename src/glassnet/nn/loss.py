"""Losses: one number that measures how wrong the logits are, and its gradient. This file is the contract of all losses.

Each loss includes its output function: softmax with cross-entropy, sigmoid with binary cross-entropy, the identity with
squared error. In all three cases, output function and loss together have the same simple gradient:

    dLoss/dlogits = (prediction - target) / N

And both can be computed from the logits without overflow and without the logarithm of 0.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.settings import convert_settings


@dataclass(frozen=True)
class Loss(ABC):
    """A measure of how wrong a batch of logits (N, M) is: the mean of the losses of its examples.

    Forward:   L = sum_n w_n l_n / total
    Backward:  dL/dz_n = (w_n / total) dl_n/dz_n

    l_n is the loss of example n (`forward_each`), w_n its weight (1 by default), total the sum of all weights. A
    shard, a part of a batch for one worker, divides by the total of the whole batch. So the losses and gradients of the
    shards add up to those of the batch.
    """

    classifies: ClassVar[bool] = False  # whether the targets are always classes
    for_numbers: ClassVar[bool] = False  # whether the targets are real numbers
    keeps_unit: ClassVar[bool] = False  # whether targets must not be standardised, such as counts
    probabilistic: ClassVar[bool] = False  # whether the predictions are probabilities
    least_yes: ClassVar[float] = 0.5  # the least prediction of a single output that means yes
    softmax: ClassVar[bool] = False  # whether the predictions are the softmax of the logits

    def __post_init__(self) -> None:
        convert_settings(self)

    def forward(
        self, logits: Array, targets: Array, *, weights: Array | None = None, total: float | None = None
    ) -> tuple[float, Array]:
        """The loss and the prediction (N, M), which `backward` takes.

        Args:
            logits: (N, M).
            targets: labels (N,), integers from 0 to M - 1, or (N, M), the true value for each output.
            weights: the weight of each example (N,), not negative; all equal by default.
            total: the sum of the weights in the whole batch; by default the sum for these examples.
        """
        losses, prediction = self.forward_each(logits, targets)
        lost = np.add.reduce(losses) if weights is None else np.dot(losses, weights)
        return float(lost) / self._total(len(logits), weights, total), prediction

    def backward(
        self, prediction: Array, targets: Array, *, weights: Array | None = None, total: float | None = None
    ) -> Array:
        """dLoss/dlogits (N, M)."""
        d = self.backward_each(prediction, targets)
        if weights is not None:
            d *= weights[:, None]
        d /= self._total(len(d), weights, total)
        return d

    @staticmethod
    def _total(examples: int, weights: Array | None, total: float | None) -> float:
        if total is None:
            total = examples if weights is None else float(np.add.reduce(weights))
        return total or 1.0  # a batch whose weights are all 0 has the loss 0

    @abstractmethod
    def forward_each(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        """The loss of each example (N,), and the prediction (N, M)."""

    @abstractmethod
    def backward_each(self, prediction: Array, targets: Array) -> Array:
        """The derivative of each example's loss with respect to its logits, a new array (N, M)."""

    @abstractmethod
    def predict(self, logits: Array) -> Array:
        """The prediction (N, M) for these logits."""

    def labels(self, prediction: Array) -> Array:
        """The class of each prediction (N, M): the largest output, or for M = 1 whether it is at least `least_yes`."""
        if prediction.shape[1] == 1:
            return (prediction[:, 0] >= self.least_yes).astype(np.int64)
        return prediction.argmax(axis=1)

    def by_class(self, prediction: Array) -> Array:
        """The prediction (N, M) for each class (N, C): for M = 1, 1 - p for no and p for yes."""
        return prediction if prediction.shape[1] > 1 else np.concatenate([1 - prediction, prediction], axis=1)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        """Raise InputError unless these are targets for this number of examples and of outputs."""
        require(
            len(targets) == examples,
            f"expected one target for each of the {examples:,} examples, got {len(targets):,}",
        )
        if targets.ndim == 1 and targets.dtype.kind in "ui":
            classes = max(outputs, 2)
            bad = np.flatnonzero((targets < 0) | (targets >= classes))
            if len(bad):
                raise InputError(
                    f"labels must be 0 to {classes - 1} for a network with {outputs} outputs, "
                    f"but row {bad[0]} has label {targets[bad[0]]} ({len(bad):,} such rows)"
                    + ("; if these are amounts, name a loss for them, such as SquaredError()" if outputs == 1 else "")
                )
            return
        require(
            targets.ndim == 2 and targets.shape[1] == outputs and targets.dtype.kind in "uifb",
            f"expected integer labels of shape (N,) or targets of shape (N, {outputs}), "
            f"got {targets.dtype} of shape {targets.shape}",
        )
        require(
            bool(np.isfinite(targets).all()),
            "the targets must be finite numbers, but some are NaN or infinity",
        )


def difference(prediction: Array, targets: Array) -> Array:
    """prediction - target (N, M), a new array; labels (N,) mean one-hot rows."""
    d = prediction.copy("C")
    if targets.ndim == 1:
        subtract_one_hot(d, targets)
    else:
        d -= targets
    return d


def one_hot(labels: Array, outputs: int, dtype: DTypeLike = np.float32) -> Array:
    """Labels (N,) as targets (N, M): a row of zeros with a 1 at the label; for M = 1 the label itself."""
    targets = np.zeros((len(labels), outputs), dtype)
    subtract_one_hot(targets, labels)
    return np.negative(targets, out=targets)


def subtract_one_hot(d: Array, labels: Array) -> None:
    """d -= one_hot(labels), without computing the zeros."""
    if d.shape[1] == 1:
        d[:, 0] -= labels
    else:
        d[np.arange(len(d)), labels] -= 1
