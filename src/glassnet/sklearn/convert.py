"""Converts fitted estimators between scikit-learn and glassnet, with the same weights and the same predictions."""

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from glassnet.nn.dense import Dense
from glassnet.nn.dropout import Dropout
from glassnet.nn.entropy import BinaryCrossEntropy, CrossEntropy
from glassnet.nn.errors import InputError, require
from glassnet.nn.regression import Poisson, SquaredError
from glassnet.sklearn.classifier import MLPClassifier
from glassnet.sklearn.regressor import MLPRegressor
from glassnet.sklearn.settings import ACTIVATIONS, hidden_sizes

PAIRS: dict[type, Any] = {MLPClassifier: neural_network.MLPClassifier, MLPRegressor: neural_network.MLPRegressor}
LOSSES = {"softmax": CrossEntropy, "logistic": BinaryCrossEntropy, "exp": Poisson, "identity": SquaredError}
LEARNED = (
    "classes_",
    "n_features_in_",
    "feature_names_in_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
)


def from_sklearn(fitted: Any) -> Any:
    """Convert a fitted MLPClassifier or MLPRegressor of scikit-learn to one of glassnet.

    Its predictions are the same, and training may continue, with `warm_start` or `partial_fit`. The optimizer's state
    is not copied.

    Raises:
        InputError: another kind of estimator.   NotFittedError: the estimator is not fitted.
    """
    kind = next((ours for ours, theirs in PAIRS.items() if isinstance(fitted, theirs)), None)
    if kind is None:
        raise InputError(
            f"from_sklearn: expected an MLPClassifier or MLPRegressor of scikit-learn, got {type(fitted).__name__}"
        )
    check_is_fitted(fitted)
    ours = kind(**fitted.get_params())
    first = fitted.coefs_[0]
    sizes = [len(b) for b in fitted.intercepts_[:-1]]
    if hidden_sizes(ours.hidden_layer_sizes) != sizes:  # the setting was changed after fitting
        ours.hidden_layer_sizes = tuple(sizes)
    if kind is MLPClassifier:
        ours.classes_ = fitted.classes_  # _start gives them to the network
    ours._start(len(first), fitted.n_outputs_, LOSSES[fitted.out_activation_](), first.dtype, seed=0)
    for target, source in zip([*ours.coefs_, *ours.intercepts_], [*fitted.coefs_, *fitted.intercepts_], strict=True):
        target[...] = source
    _copy_learned(fitted, ours)
    return ours


def to_sklearn(fitted: Any) -> Any:
    """Convert a fitted estimator of glassnet to one of scikit-learn, with the same predictions.

    Settings that scikit-learn does not know, such as dropout, are left out; they have no effect on prediction.

    Raises:
        InputError: scikit-learn cannot represent the network: it has batch normalisation, several activations or one
            that is not among scikit-learn's four, or another loss.   NotFittedError: the estimator is not fitted.
    """
    kind = next((theirs for ours, theirs in PAIRS.items() if isinstance(fitted, ours)), None)
    if kind is None:
        raise InputError(
            f"to_sklearn: expected an MLPClassifier or MLPRegressor of glassnet, got {type(fitted).__name__}"
        )
    check_is_fitted(fitted)
    known = kind().get_params()
    params = {name: value for name, value in fitted.get_params().items() if name in known}
    params["activation"] = _activation_of(fitted)
    for name in ("solver", "learning_rate", "loss"):
        if name in params and not isinstance(params[name], str):
            del params[name]
    if params.get("solver") not in ("lbfgs", "sgd", "adam"):
        params["solver"] = "adam"
    loss = type(fitted.network_.loss)
    require(loss in LOSSES.values(), f"to_sklearn: scikit-learn has no loss {loss.__name__}")
    theirs = kind(**params)
    theirs.coefs_ = [W.copy() for W in fitted.coefs_]
    theirs.intercepts_ = [b.copy() for b in fitted.intercepts_]
    for name in ("n_layers_", "n_outputs_", "out_activation_"):
        setattr(theirs, name, getattr(fitted, name))
    _copy_learned(fitted, theirs)
    theirs._no_improvement_count = 0
    theirs._best_coefs = [W.copy() for W in theirs.coefs_]
    theirs._best_intercepts = [b.copy() for b in theirs.intercepts_]
    if isinstance(fitted, MLPClassifier):
        theirs._label_binarizer = LabelBinarizer().fit(
            np.eye(fitted.n_outputs_, dtype=int) if fitted._is_multilabel else fitted.classes_
        )
    return theirs


def _copy_learned(source: Any, target: Any) -> None:
    for name in LEARNED:
        if hasattr(source, name):
            value = getattr(source, name)
            setattr(target, name, list(value) if isinstance(value, list) else value)


def _activation_of(fitted: Any) -> str:
    """The name of the activation, which must be the same for all hidden layers."""
    names = {cls: name for name, cls in ACTIVATIONS.items()}
    kinds = {type(layer) for layer in fitted.network_.layers if not isinstance(layer, Dense | Dropout)}
    require(
        len(kinds) <= 1 and kinds <= names.keys(),
        "to_sklearn: scikit-learn knows one activation for all hidden layers, "
        f"{', '.join(ACTIVATIONS)}, and no other layers; this network has {fitted.network_!r}",
    )
    return names[kinds.pop()] if kinds else "identity"
