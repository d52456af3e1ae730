"""Losses: one number for how wrong the logits are, and where it comes from.

Each loss owns the output that belongs to it: softmax with cross-entropy, sigmoid with binary cross-entropy, the
identity with squared error. Taken together, output and loss have the same simple gradient at the logits in all three:

    dLoss/dlogits = (prediction - target) / N

and they can be computed from the logits without overflow and without the logarithm of zero.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import DTypeLike

from glassnet.nn.activations import sigmoid, softmax
from glassnet.nn.layer import Array
from glassnet.nn.settings import InputError, require, settle


@dataclass(frozen=True)
class Loss(ABC):
    """How wrong a batch of logits (N, M) is.

    The loss is a mean over the batch: a sum over examples divided by `total`. A shard of a batch divides by the total
    of the whole batch, so that the shards' losses and gradients add up to those of the batch.
    """

    def __post_init__(self) -> None:
        settle(self)

    # Whether the targets are always classes.
    classifies: ClassVar[bool] = False

    @abstractmethod
    def forward(self, logits: Array, targets: Array, *, total: float | None = None) -> tuple[float, Array]:
        """The loss and the prediction (N, M), which `backward` starts from.

        Args:
            logits: (N, M).
            targets: labels (N,), integers from 0 to M - 1, or (N, M), what each output should have been.
            total: the number of examples in the whole batch; N by default.
        """

    def backward(self, prediction: Array, targets: Array, *, total: float | None = None) -> Array:
        """dLoss/dlogits (N, M) = (prediction - target) / total."""
        d = prediction.copy("C")
        if targets.ndim == 1:
            subtract_one_hot(d, targets)
        else:
            d -= targets
        d /= len(d) if total is None else total
        return d

    @abstractmethod
    def predict(self, logits: Array) -> Array:
        """The prediction (N, M) that these logits stand for."""

    def labels(self, prediction: Array) -> Array:
        """The class of each prediction (N, M): the largest output, or for M = 1 whether it is at least 1/2."""
        if prediction.shape[1] == 1:
            return (prediction[:, 0] >= 0.5).astype(np.int64)
        return prediction.argmax(axis=1)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        """Raise InputError unless these are targets for that many examples of a network with so many outputs."""
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


def one_hot(labels: Array, outputs: int, dtype: DTypeLike = np.float32) -> Array:
    """Labels (N,) as targets (N, M): a row of zeros with a 1 at the label; for M = 1 the label itself."""
    targets = np.zeros((len(labels), outputs), dtype)
    subtract_one_hot(targets, labels)
    return np.negative(targets, out=targets)


def is_distribution(targets: Array) -> bool:
    """Whether every row of targets (N, M) is a probability distribution: not negative, with sum 1 (to 0.001)."""
    return bool((targets >= 0).all() and (np.abs(targets.sum(axis=1) - 1) <= 1e-3).all())


def subtract_one_hot(d: Array, labels: Array) -> None:
    """d -= one_hot(labels), without making the zeros."""
    if d.shape[1] == 1:
        d[:, 0] -= labels
    else:
        d[np.arange(len(d)), labels] -= 1


@final
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax with cross-entropy: the negative log-probability of the truth, in nats.

    Forward:   p = exp(z) / sum_j exp(z_j)      L = -(1/N) sum_n sum_j t_nj log p_nj
    Backward:  dz = (p - t) / N

    Shapes: logits z, prediction p and targets t (N, M); t is one-hot when the targets are labels (N,). A row of targets
    that are not labels is a probability distribution: not negative, sum 1.

    Reference: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
    """

    classifies: ClassVar[bool] = True

    def forward(self, logits: Array, targets: Array, *, total: float | None = None) -> tuple[float, Array]:
        z = logits.T.copy("C")  # (M, N): maxima and sums over classes run along whole rows, which is fast
        z -= np.maximum.reduce(z, axis=0)  # at most 0
        p = np.exp(z)
        norm = np.add.reduce(p, axis=0)  # (N,), at least 1
        p /= norm
        hit = z[targets, np.arange(len(logits))] if targets.ndim == 1 else np.add.reduce(z * targets.T, axis=0)
        return float(np.add.reduce(np.log(norm) - hit)) / (total or len(logits)), p.T

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
    """Sigmoid with binary cross-entropy, for outputs that are each yes or no, independent of the others.

    Forward:   p = 1 / (1 + exp(-z))      L = -(1/N) sum_n sum_j [t_nj log p_nj + (1 - t_nj) log(1 - p_nj)]
    Backward:  dz = (p - t) / N

    Computed as max(z, 0) - z t + log(1 + exp(-|z|)), which cannot overflow.

    Shapes: logits z, prediction p and targets t (N, M), t from 0 to 1; labels (N,) stand for one-hot rows.

    Reference: Bishop 2006, "Pattern Recognition and Machine Learning", section 5.2 (independent binary outputs).
    """

    def forward(self, logits: Array, targets: Array, *, total: float | None = None) -> tuple[float, Array]:
        z = logits
        t = targets if targets.ndim == 2 else one_hot(targets, z.shape[1], z.dtype)
        value = np.sum(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z))))
        return float(value) / (total or len(z)), sigmoid(z)

    def predict(self, logits: Array) -> Array:
        return sigmoid(logits)

    def check(self, targets: Array, outputs: int, examples: int) -> None:
        super().check(targets, outputs, examples)
        inside = targets.ndim == 1 or bool(((targets >= 0) & (targets <= 1)).all())
        require(inside, "targets of BinaryCrossEntropy must lie between 0 and 1")


@final
@dataclass(frozen=True)
class SquaredError(Loss):
    """The identity with squared error, summed over outputs; the 1/2 makes the gradient simple.

    Forward:   p = z      L = (1/2N) sum_n sum_j (p_nj - t_nj)^2
    Backward:  dz = (p - t) / N

    Shapes: logits z, prediction p and targets t (N, M); labels (N,) stand for one-hot rows.

    Reference: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors" (there without
    the 1/N).
    """

    def forward(self, logits: Array, targets: Array, *, total: float | None = None) -> tuple[float, Array]:
        t = targets if targets.ndim == 2 else one_hot(targets, logits.shape[1], logits.dtype)
        return 0.5 * float(np.sum(np.square(logits - t))) / (total or len(logits)), logits

    def predict(self, logits: Array) -> Array:
        return logits
