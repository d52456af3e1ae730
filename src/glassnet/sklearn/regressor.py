"""The regressor: predicts one or several numbers for each example."""

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
    """A multi-layer perceptron that predicts numbers: scikit-learn's MLPRegressor, with more settings.

    All arguments of scikit-learn's MLPRegressor have the same meaning and the same defaults here. The additional
    arguments and the attributes are those of `MLPClassifier`, without classes and class weights. In addition:

    Args:
        loss: "squared_error", "poisson", or a loss of glassnet for real targets, such as Huber().

    Raises:
        InputError: an argument or the data cannot be used (a ValueError).
    """

    loss: Any = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Train the network.

        Args:
            X: (N, D), numbers or a sparse matrix.   y: targets (N,) or (N, M).
            sample_weight: the weight of each example (N,).
            validation_data: (X, y) or (X, y, sample_weight), which is measured after each epoch, and used by
                early_stopping and monitor; without it early_stopping holds out validation_fraction of the examples.
        """
        return self._train(X, y, sample_weight, validation_data, incremental=False)

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these examples, continuing from the last call."""
        return self._train(X, y, sample_weight, None, incremental=True)

    def predict(self, X: Any) -> Array:
        """The prediction for each example (N,), or (N, M) for several targets."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _targets(self, y: Array, *, first: bool) -> Array:
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
