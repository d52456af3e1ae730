"""Measures a network that predicts real numbers: its errors, in the unit of the target."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.threads import matrix_threads, processors
from glassnet.train.metrics import as_examples, warn_of_scale


@dataclass(frozen=True, eq=False)
class RegressionEvaluation:
    """The results of a network that predicts one number on a split, with t the truth and p the prediction.

    R2   = 1 - sum (p - t)^2 / sum (t - mean t)^2      1 is perfect, 0 no better than the mean of these targets
    MAE  = 1/N sum |p - t|
    RMSE = sqrt(1/N sum (p - t)^2)

    Attributes:
        loss: the mean over the examples of the network's own loss.
        truth, predicted: (N,) float64, in the unit of the target.
    """

    loss: float
    truth: Array
    predicted: Array

    def __repr__(self) -> str:
        """The main metrics without the arrays, which would fill pages."""
        error = f"mean_absolute_error={self.mean_absolute_error:.6g}"
        return f"RegressionEvaluation(r2={self.r2:.4f}, {error}, examples={len(self.truth)})"

    @property
    def residuals(self) -> Array:
        """p - t (N,): above 0 where the prediction is too large."""
        return self.predicted - self.truth

    @property
    def r2(self) -> float:
        """The coefficient of determination; nan if all targets are the same."""
        spread = float(np.square(self.truth - self.truth.mean()).sum())
        return 1 - float(np.square(self.residuals).sum()) / spread if spread else math.nan

    @property
    def score(self) -> float:
        """The metric by which columns are judged: R2."""
        return self.r2

    @property
    def score_name(self) -> str:
        return "R2"

    @property
    def r2_in_words(self) -> str:
        """R2 with four decimals, or a note that it is not defined."""
        return f"R2 {self.r2:.4f}" if math.isfinite(self.r2) else "R2 not defined, because all targets are the same"

    @property
    def mean_absolute_error(self) -> float:
        return float(np.abs(self.residuals).mean())

    @property
    def root_mean_squared_error(self) -> float:
        return math.sqrt(np.square(self.residuals).mean())

    @property
    def figures(self) -> dict[str, Any]:
        """The main metrics as plain values; an R2 that is not defined is None."""
        return {
            "loss": self.loss,
            "r2": None if math.isnan(self.r2) else self.r2,
            "mean_absolute_error": self.mean_absolute_error,
            "root_mean_squared_error": self.root_mean_squared_error,
            "examples": len(self.truth),
        }

    def to_table(self) -> dict[str, Any]:
        """The metrics as plain values, for JSON."""
        return self.figures


def evaluate_regression(network: Network, split: Any) -> RegressionEvaluation:
    """Measure a network that predicts one real number, on a split or a pair (x, y).

    Raises:
        InputError: the data does not fit the network, or the network does not predict one real number.
    """
    require(
        network.task == "regression" and network.output_shape == (1,),
        "evaluate_regression: expected a network with one output, trained on real targets; for classes use evaluate",
    )
    inputs, targets, rows = as_examples(split, "evaluate_regression", network)
    warn_of_scale(network, inputs, rows)
    targets = targets[rows]
    network.loss.check(targets, 1, len(rows))
    if targets.ndim != 2:
        raise InputError(f"evaluate_regression: expected real targets (N,), got {targets.dtype} {targets.shape}")
    with matrix_threads(1):
        logits = network.logits(inputs, rows, workers=processors())
    loss, predicted = network.loss.forward(logits, targets)
    return RegressionEvaluation(loss, targets[:, 0].astype(np.float64), predicted[:, 0].astype(np.float64))
