"""The base of both estimators: their settings, and how data and settings become a trained network."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from glassnet.nn.array import Array
from glassnet.nn.dense import Dense
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.settings import describe
from glassnet.sklearn.convergence import Convergence
from glassnet.sklearn.gaps import without_gaps
from glassnet.sklearn.settings import check_settings, hidden_sizes, layers_of
from glassnet.sklearn.solvers import Prepared, descend, minimise
from glassnet.sklearn.sparse import on_rows_of, row_numbers, stacked
from glassnet.train.history import History
from glassnet.train.metrics import Examples


def takes_batches(estimator: Any) -> bool:
    """Raise AttributeError unless the solver can learn from one batch at a time."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is only available for gradient descent: lbfgs takes all data at once")
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class MultilayerPerceptron(BaseEstimator, ABC):
    """The settings that scikit-learn's classifier and regressor share, and those that glassnet adds."""

    solver: Any = "adam"
    alpha: float = 0.0001
    batch_size: Any = "auto"
    learning_rate: Any = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: Any = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    dropout: Any = 0.0
    batch_norm: bool = False
    init: Any = None
    monitor: str | None = None
    callbacks: Any = None
    shards: Any = None
    unknown: str = "refuse"

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each dense layer (D, M): views into the network's vector of parameters."""
        return [layer.W for layer in self.network_.layers if isinstance(layer, Dense)]

    @coefs_.setter
    def coefs_(self, values: Sequence[Array]) -> None:
        for W, value in zip(self.coefs_, values, strict=True):
            W[...] = value

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each dense layer (M,): views into the network's vector of parameters."""
        return [layer.b for layer in self.network_.layers if isinstance(layer, Dense)]

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Array]) -> None:
        for b, value in zip(self.intercepts_, values, strict=True):
            b[...] = value

    @property
    def n_layers_(self) -> int:
        """The number of layers, including input and output."""
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        """The number of outputs."""
        return int(self.network_.output_shape[0])

    @property
    def out_activation_(self) -> str:
        """The function that the loss applies to the logits."""
        names = {"CrossEntropy": "softmax", "BinaryCrossEntropy": "logistic", "Poisson": "exp"}
        return names.get(type(self.network_.loss).__name__, "identity")

    @abstractmethod
    def _targets(self, y: Array, *, first: bool) -> Array:
        """The targets in the form that `fit` takes; if `first`, the classes are set from them."""

    def _check_all_classes(self, targets: Array) -> None:
        """Raise InputError if the targets of a continued training lack classes of the previous one."""

    @abstractmethod
    def _loss_and_outputs(self, targets: Array) -> tuple[Loss, int]:
        """The loss for these targets, and the number of outputs that they need."""

    def _names(self, outputs: int, loss: Loss) -> list[str] | None:
        """The names of the classes of which the network chooses one; None if it does not choose."""
        return None

    @abstractmethod
    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        """The value of `score` for these outputs (N, M)."""

    def _weights(self, y: Array, sample_weight: Any) -> Array | None:
        """The weight of each example (N,); None if all count the same."""
        if sample_weight is None:
            return None
        weights = np.asarray(sample_weight, dtype=np.float64)
        weights = np.full(len(y), weights) if weights.ndim == 0 else weights
        require(
            weights.shape == (len(y),),
            f"sample_weight: expected {len(y):,} numbers, one for each example, got an array of shape {weights.shape}",
        )
        least = weights.min(initial=0)
        require(not least < 0, f"sample_weight: expected numbers that are not negative, got {least:g}")
        require(
            bool(np.isfinite(weights).all()), "sample_weight: expected finite numbers, but some are NaN or infinity"
        )
        return weights

    def _class_weights(self, y: Array, *, incremental: bool) -> Array | None:
        """The weight of each example by its class (N,); None if all count the same."""
        return None

    def _train(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, *, incremental: bool) -> Self:
        check_settings(self)
        require(not (incremental and self.early_stopping), "partial_fit does not support early_stopping=True")
        first = not hasattr(self, "network_") or not (self.warm_start or incremental)
        X, y = self._validated(X, y, reset=first)
        by_sample = self._weights(y, sample_weight)
        targets = self._targets(y, first=first and not incremental)
        loss, outputs = self._loss_and_outputs(targets)
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        if first:
            self._start(X.shape[1], outputs, loss, X.dtype, seed=seed)
        else:
            self._check_same(X.shape[1], outputs, loss)
            if not incremental:
                self._check_all_classes(targets)
        self._take_means(X)
        self._trainings += 1  # gives each training another order of the examples

        rows = np.arange(len(targets))
        train = Examples(X, targets, rows)
        sparse = hasattr(X, "tocsr")
        validation, validation_weights = None, None
        if validation_data is not None:
            validation, validation_weights = self._validation(validation_data, sparse=sparse)
        by_class = self._class_weights(y, incremental=incremental)
        weights = by_class if by_sample is None else by_sample if by_class is None else by_sample * by_class
        if validation is None and self.early_stopping and self.solver != "lbfgs":
            inside, outside = self._split(targets, by_sample, rng)
            train, validation = Examples(X, targets, inside), Examples(X, targets, outside)
            weights = None if weights is None else weights[inside]
            validation_weights = None if by_sample is None else by_sample[outside]  # `score` has no class weights
        network = self.network_
        if sparse:
            matrix, train, validation = stacked(train, validation)
            network = on_rows_of(matrix, network)
        prepared = Prepared(network, train, validation, weights, validation_weights)
        if self.solver == "lbfgs":
            history = minimise(self, prepared)
        else:
            history = descend(self, prepared, seed=seed + self._trainings, incremental=incremental)
        self._remember(history, len(train.rows))
        return self

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=is_regressor(self),
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        y = y.toarray() if hasattr(y, "toarray") else y
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X.tocsr() if hasattr(X, "tocsr") else X, y

    def _validation(self, given: Any, *, sparse: bool) -> tuple[Examples, Array | None]:
        what = f"{len(given)} parts" if isinstance(given, tuple | list) else type(given).__name__
        fits = isinstance(given, tuple | list) and len(given) in (2, 3)
        require(fits, f"validation_data: expected (X, y) or (X, y, sample_weight), got {what}")
        X, y = self._validated(*given[:2], reset=False)
        X = X.toarray() if hasattr(X, "toarray") and not sparse else X
        weights = self._weights(y, given[2]) if len(given) == 3 else None
        require(
            weights is None or bool(weights.any()), "validation_data: all its weights are zero, so no example counts"
        )
        return Examples(X, self._targets(y, first=False), np.arange(len(y))), weights

    def _split(self, targets: Array, weights: Array | None, rng: Any) -> tuple[Array, Array]:
        """The rows to train on, and those to hold out, of which every one counts."""
        counting = np.arange(len(targets)) if weights is None else np.flatnonzero(weights > 0)
        weightless = np.setdiff1d(np.arange(len(targets)), counting)
        counted = targets[counting]
        counts = np.bincount(counted) if targets.ndim == 1 and targets.dtype.kind in "iu" else np.zeros(1, int)
        counts, held_out = counts[counts > 0], math.ceil(self.validation_fraction * len(counting))
        possible = len(counts) and counts.min() > 1 and len(counts) <= min(held_out, len(counting) - held_out)
        require(len(counting) >= 2, "early_stopping: expected at least two examples with a weight to hold some out of")
        inside, outside = train_test_split(
            counting, random_state=rng, test_size=self.validation_fraction, stratify=counted if possible else None
        )
        require(len(outside) >= 2, "The validation set is too small: raise validation_fraction, or use more examples")
        return np.concatenate([inside, weightless]), outside

    def _layers(self, features: int, outputs: int) -> list[Layer]:
        return layers_of(
            features,
            hidden_sizes(self.hidden_layer_sizes),
            outputs,
            activation=self.activation,
            batch_norm=self.batch_norm,
            dropout=self.dropout,
            init=self.init,
        )

    def _start(self, features: int, outputs: int, loss: Loss, dtype: Any, *, seed: int) -> None:
        """Make a new network, and reset what was recorded about earlier trainings."""
        self.network_ = Network(
            self._layers(features, outputs),
            input_shape=features,
            seed=seed,
            dtype=dtype,
            classes=self._names(outputs, loss),
        )
        self.network_.loss = loss
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] | None = None
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None
        self.t_ = self._trainings = self._steps = 0
        self.means_ = np.zeros(features)
        self._seen = 0
        self._convergence: Convergence | None = None
        self._optimizer_state: dict[str, Array] = {}
        self._rule: tuple[str, list[str]] | None = None

    def _check_same(self, features: int, outputs: int, loss: Loss) -> None:
        """Raise InputError unless the existing network fits the settings and the targets."""
        require(
            loss == self.network_.loss,
            f"the existing network has the loss {describe(self.network_.loss)}, but the settings or the targets now "
            f"need {describe(loss)}: make another estimator",
        )
        existing, needed = (
            [f"Dense({layer.units})" if isinstance(layer, Dense) else describe(layer) for layer in layers]
            for layers in (self.network_.layers, self._layers(features, outputs))
        )
        require(
            existing == needed,
            f"the existing network is {', '.join(existing)}, but the settings now need {', '.join(needed)}: make "
            "another estimator",
        )

    def _remember(self, history: History, examples: int) -> None:
        self.history_ = history
        self.n_iter_ = len(history)
        self.t_ += len(history) * examples if self.solver != "lbfgs" else 0
        self.loss_curve_ += [record["training_loss"] + record.get("penalty", 0.0) for record in history]
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.best_loss_ = None if self.early_stopping or not self.loss_curve_ else min(self.loss_curve_)
        if "validation_loss" in history:
            self.validation_loss_curve_ = [*(self.validation_loss_curve_ or []), *history["validation_loss"]]
        if "validation_score" in history:
            self.validation_scores_ = [*(self.validation_scores_ or []), *history["validation_score"]]
            self.best_validation_score_ = max(self.validation_scores_)

    def _outputs(self, X: Any) -> Array:
        """The predictions (N, M), which the loss computes from the logits."""
        check_is_fitted(self)
        finite: Any = "allow-nan" if self.unknown == "answer" else True
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False, ensure_all_finite=finite)
        X = without_gaps(X, self) if self.unknown == "answer" else X
        if hasattr(X, "tocsr"):
            return on_rows_of(X, self.network_).predict_proba(row_numbers(X))
        return self.network_.predict_proba(X)

    def _take_means(self, X: Any) -> None:
        """Take these examples (N, D) into the mean of each input."""
        self._seen += X.shape[0]
        means = np.asarray(X.mean(axis=0, dtype=np.float64)).ravel()
        self.means_ = self.means_ + (means - self.means_) * (X.shape[0] / self._seen)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_iter_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
