"""The regressor: numbers, one for each example or several."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError
from glassnet.nn.loss import Loss
from glassnet.nn.regression import Poisson, RegressionLoss, SquaredError
from glassnet.sklearn.estimator import MultilayerPerceptron, takes_batches


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """A multi-layer perceptron that answers with numbers: scikit-learn's MLPRegressor, with more to choose from.

    All arguments of scikit-learn's mean here what they mean there, with the same defaults. What is added, and the
    attributes, are those of `MLPClassifier`, but for classes and their weights; and:

    Args:
        loss: "squared_error", "poisson", or a loss of glassnet that answers with numbers, such as Huber().

    Raises:
        InputError: an argument or data that cannot be used (a ValueError).
    """

    loss: Any = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Train the network.

        Args:
            X: (N, D), numbers or a sparse matrix.   y: targets (N,) or (N, M).
            sample_weight: how much each example counts (N,).
            validation_data: a pair (X, y) that is measured after each epoch, and used by early_stopping and monitor;
                without it early_stopping holds out validation_fraction of the examples.
        """
        return self._train(X, y, sample_weight, validation_data, incremental=False)

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these examples, going on from the last call."""
        return self._train(X, y, sample_weight, None, incremental=True)

    def predict(self, X: Any) -> Array:
        """The prediction for each example (N,), or (N, M) for several targets."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _targets(self, y: Array, *, anew: bool) -> Array:
        return y.astype(np.float64, copy=False)

    def _loss_and_outputs(self, targets: Array) -> tuple[Loss, int]:
        outputs = 1 if targets.ndim == 1 else targets.shape[1]
        if isinstance(self.loss, RegressionLoss):
            return self.loss, outputs
        losses = {"squared_error": SquaredError, "poisson": Poisson}
        if not isinstance(self.loss, str) or self.loss not in losses:
            raise InputError(f"loss: expected 'squared_error', 'poisson' or a loss such as Huber(), got {self.loss!r}")
        return losses[self.loss](), outputs

    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        if not np.isfinite(outputs).all():
            return np.nan
        return r2_score(targets.reshape(len(targets), -1), outputs, sample_weight=weights)
