"""The classifier: labels of any kind, one or several for each example."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from glassnet.nn.array import Array
from glassnet.nn.entropy import BinaryCrossEntropy, CrossEntropy
from glassnet.nn.errors import InputError, require
from glassnet.nn.loss import Loss
from glassnet.sklearn.estimator import MultilayerPerceptron, takes_batches


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    """A multi-layer perceptron that classifies: scikit-learn's MLPClassifier, with more settings.

    All arguments of scikit-learn's MLPClassifier have the same meaning and the same defaults here. In addition:

    Args:
        hidden_layer_sizes: the sizes of the hidden layers, such as (100,); () is logistic regression.
        activation: also any other activation of glassnet ("gelu", "elu", "silu", "leaky_relu", ..., or a layer such as
            LeakyReLU(0.1)); or a list, one for each hidden layer.
        solver: also any other optimizer of glassnet, by name ("rmsprop", "adagrad", "adamw", with learning_rate_init)
            or with its settings, such as RMSProp(0.01, decay=0.95).
        learning_rate: also a schedule of glassnet, such as CosineDecay().
        dropout: the rate of dropout after each hidden layer, from 0 to below 1; or a list, one for each.
        batch_norm: whether each hidden layer is normalised over the batch, before its activation.
        init: an initialiser of glassnet for the weights, such as HeNormal(); by default as in scikit-learn.
        class_weight: the weight of the examples of each class: {label: weight}, 1 where a label is not named, or
            "balanced".
        monitor: the value that decides when training ends and which network is best: "training_loss", "validation_loss"
            or "validation_score"; by default the score with early_stopping, else the training loss.
        callbacks: a list of glassnet's callbacks, to run between epochs.
        shards: the number of pieces that a batch is cut into; they are computed at the same time on several processors,
            which is faster for large networks and batches. By default it follows from the network and the batch size.
            The result depends on shards, not on the number of processors.
        unknown: what becomes of missing numbers (NaN) when the estimator predicts: "refuse" is an error, as in
            scikit-learn; with "answer" each is the mean of its input in training, and a warning says where.
        verbose: whether to show progress: a bar in a terminal, elsewhere a line for each iteration.

    Attributes:
        classes_, coefs_, intercepts_, loss_, best_loss_, loss_curve_, validation_scores_, best_validation_score_, t_,
        n_iter_, n_layers_, n_outputs_, n_features_in_, feature_names_in_, out_activation_: as in scikit-learn; but
            coefs_ and intercepts_ are views into one vector, network_.theta.
        network_: the network itself, a Network of glassnet.   history_: the last training, by epoch.
        means_: the mean of each input over all examples that were trained on (D,).
        validation_loss_curve_: the loss on validation data after each epoch; None without such data.

    Raises:
        InputError: an argument or the data cannot be used (a ValueError).
    """

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    class_weight: Any = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Train the network.

        Args:
            X: (N, D), numbers or a sparse matrix.   y: labels (N,), or 1 or 0 for each of several labels (N, L).
            sample_weight: the weight of each example (N,).
            validation_data: (X, y) or (X, y, sample_weight), which is measured after each epoch, and used by
                early_stopping and monitor; without it early_stopping holds out validation_fraction of the examples.
        """
        return self._train(X, y, sample_weight, validation_data, incremental=False)

    @available_if(takes_batches)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on these examples, continuing from the last call.

        Args:
            X, y, sample_weight: as in `fit`.
            classes: all labels that can occur in any call; required in the first call.
        """
        if not hasattr(self, "network_"):
            require(classes is not None, "classes must be passed on the first call to partial_fit.")
            self.classes_ = unique_labels(classes) if np.ndim(classes) == 1 else np.arange(np.shape(classes)[1])
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise InputError(f"classes: expected those of the first call, {self.classes_}, got {classes!r}")
        return self._train(X, y, sample_weight, None, incremental=True)

    def predict(self, X: Any) -> Array:
        """The label of each example (N,), or 1 or 0 for each of several labels (N, L)."""
        outputs = self._outputs(X)
        if self._is_multilabel:
            return (outputs > 0.5).astype(int)
        codes = (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        return self.classes_[np.minimum(codes, len(self.classes_) - 1)]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (N, C), in the order of classes_; or of each of several labels (N, L)."""
        outputs = self._outputs(X)
        if outputs.shape[1] == 1 and len(self.classes_) == 2:
            return np.hstack([1 - outputs, outputs])
        return np.ones_like(outputs) if len(self.classes_) == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):  # log 0: a probability too small for the type is 0
            return np.log(self.predict_proba(X))

    @property
    def _is_multilabel(self) -> bool:
        return isinstance(self.network_.loss, BinaryCrossEntropy) and self.n_outputs_ > 1

    def _targets(self, y: Array, *, first: bool) -> Array:
        kind = type_of_target(y, input_name="y")
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            check_classification_targets(y)  # raises an error that names the fault
        if kind == "multiclass-multioutput":
            raise InputError("Multioutput target data is not supported: y has several columns of more than two classes")
        if kind == "multilabel-indicator":
            if first or not hasattr(self, "network_"):
                self.classes_ = np.arange(y.shape[1])
            return y.astype(np.float64)
        if first:
            self.classes_ = np.unique(y)
        unknown = np.setdiff1d(np.unique(y), self.classes_)
        if len(unknown):
            raise InputError(f"`y` has classes not in `self.classes_`, which is {self.classes_}: {unknown}")
        return np.searchsorted(self.classes_, y)

    def _check_all_classes(self, targets: Array) -> None:
        present = len(np.unique(targets))
        require(
            targets.ndim == 2 or present == len(self.classes_),
            "warm_start can only be used where `y` has the same classes as in the previous call to fit: "
            f"{self.classes_}, but now `y` has only {present} of them",
        )

    def _loss_and_outputs(self, targets: Array) -> tuple[Loss, int]:
        if targets.ndim == 2:
            return BinaryCrossEntropy(), targets.shape[1]
        classes = len(self.classes_)
        return (CrossEntropy(), classes) if classes > 2 else (BinaryCrossEntropy(), 1)

    def _names(self, outputs: int, loss: Loss) -> list[str] | None:
        is_multilabel = isinstance(loss, BinaryCrossEntropy) and outputs > 1  # then the network chooses no single class
        labels = [str(label) for label in self.classes_] * (2 if len(self.classes_) == 1 else 1)  # whatever is said
        return labels if len(labels) == max(outputs, 2) and not is_multilabel else None

    def _class_weights(self, y: Array, *, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return None
        require(
            not (incremental and isinstance(self.class_weight, str)),
            "class_weight: 'balanced' needs to see all examples; give partial_fit a dictionary {label: weight}",
        )
        if isinstance(self.class_weight, str) or y.ndim == 2:
            return compute_sample_weight(self.class_weight, y)
        unknown = [label for label in self.class_weight if label not in self.classes_]
        require(not unknown, f"class_weight: {unknown} are not in the classes, which are {self.classes_}")
        of_class = np.array([float(self.class_weight.get(label, 1.0)) for label in self.classes_.tolist()])
        return of_class[np.searchsorted(self.classes_, y)]  # also where a batch lacks some of these classes

    def _score_of(self, outputs: Array, targets: Array, weights: Array | None) -> float:
        if not np.isfinite(outputs).all():
            return np.nan
        codes = outputs > 0.5 if outputs.shape[1] == 1 or targets.ndim == 2 else outputs.argmax(axis=1)
        codes = codes[:, 0] if targets.ndim == 1 and outputs.shape[1] == 1 else codes
        return accuracy_score(targets, codes.astype(targets.dtype), sample_weight=weights)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
