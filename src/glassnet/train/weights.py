"""Weights of examples in the loss.

They help if some classes are rare, or some examples are more reliable than others.
"""

from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.entropy import is_distribution
from glassnet.nn.errors import InputError, require
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.train.metrics import Examples
from glassnet.train.plan import ClassWeights


def example_weights(
    examples: Examples, class_weights: ClassWeights | None, sample_weights: Any, network: Network, loss: Loss
) -> Array | None:
    """The weight of every row of the inputs: class weight times sample weight; None if all weights are equal.

    Raises:
        InputError: weights are negative, not finite or all 0; their number is wrong; there are class weights, but the
            targets are not classes.
    """
    if class_weights is None and sample_weights is None:
        return None
    weights = np.ones(len(examples.rows))
    if sample_weights is not None:
        weights *= _checked(sample_weights, len(examples.rows), "sample_weights", "one for each training example")
    if class_weights is not None:
        weights *= _of_classes(examples.targets[examples.rows], class_weights, max(network.output_shape[0], 2), loss)
    require(bool(weights.any()), "sample_weights, class_weights: together all weights are zero, so no example counts")
    repeated = sample_weights is not None and len(np.unique(examples.rows)) < len(examples.rows)
    require(not repeated, "sample_weights: an example that is in the split twice cannot have two weights")
    all_weights = np.zeros(len(examples.inputs), network.dtype)
    all_weights[examples.rows] = weights
    return all_weights


def _of_classes(targets: Array, given: ClassWeights, classes: int, loss: Loss) -> Array:
    """The weight of each example by its class; for a distribution over classes, the mean weight of the classes."""
    labelled = targets.ndim == 1
    if not (labelled or (loss.classifies and is_distribution(targets))):
        raise InputError("class_weights: the targets must be classes, but these are numbers")
    if isinstance(given, str):
        require(given == "balanced", f"class_weights: expected 'balanced' or {classes} numbers, got {given!r}")
        counts = np.bincount(targets, minlength=classes) if labelled else targets.sum(axis=0)
        of_class = len(targets) / (classes * np.maximum(counts, 1e-9))
    else:
        of_class = _checked(given, classes, "class_weights", "one for each class")
    return of_class[targets] if labelled else targets @ of_class


def _checked(given: Any, count: int, name: str, each: str) -> Array:
    try:
        weights = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected {count:,} numbers, {each}, got {given!r:.60}") from None
    require(
        weights.shape == (count,), f"{name}: expected {count:,} numbers, {each}, got an array of shape {weights.shape}"
    )
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    require(len(bad) == 0, f"{name} must be finite and not negative, but some are not: {weights[bad[:3]]}")
    return weights
