"""The data of a training, converted and checked before anything is changed."""

import math
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.batches import check_finite, portions
from glassnet.nn.entropy import is_distribution
from glassnet.nn.errors import InputError, require
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest
from glassnet.nn.regression import SquaredError
from glassnet.nn.settings import describe
from glassnet.nn.stream import random_stream
from glassnet.train.metrics import Examples, as_examples, warn_of_scale
from glassnet.train.plan import Augment, Plan
from glassnet.train.shard import augmented
from glassnet.train.weights import example_weights
from glassnet.warn import warn


class TrainingData(NamedTuple):
    """The data for training and validation.

    Attributes:
        examples, validation: targets are labels as integers (N,), or real targets (N, M); validation may be None.
        loss: the loss that training minimises.   weights: the weight of each example; None if all count the same.
    """

    examples: Examples
    validation: Examples | None
    loss: Loss
    weights: Array | None

    @property
    def labelled(self) -> bool:
        """Whether the targets are labels."""
        return self.examples.targets.ndim == 1

    @property
    def measured(self) -> list[str]:
        """The names of the values that are measured after each epoch."""
        return [
            *(["training_accuracy"] if self.labelled else []),
            "training_loss",
            *(["validation_loss"] if self.validation else []),
            *(["validation_accuracy"] if self.validation and self.labelled else []),
        ]


def prepare(network: Network, train: Any, plan: Plan, validation: Any, sample_weights: Any) -> TrainingData:
    """Check the data of a training and return it; arguments are as in `Trainer`.

    Raises:
        InputError: the data does not fit the network, the loss or the plan.
    """
    examples = as_examples(train, "train", network, plan.loss)
    loss = _loss_of(plan, network, examples)
    held_out = None if validation is None else as_examples(validation, "validation", network, loss)
    check_examples(network, examples, loss)
    if held_out:
        check_examples(network, held_out, loss)
    _try_augment(plan.augment, network, examples, loss, plan.seed)
    weights = example_weights(examples, plan.class_weights, sample_weights, network, loss)
    warn_of_scale(network, examples.inputs, examples.rows)
    _warn_of_last_layer(network, loss)
    data = TrainingData(examples, held_out, loss, weights)
    require(
        held_out is None or (held_out.targets.ndim == 1) == data.labelled,
        "train and validation must have the same kind of targets: labels in both, or rows in both",
    )
    return data


def check_monitor(name: str, measured: Sequence[str]) -> None:
    """Raise InputError unless this value is measured."""
    if name not in measured:
        absent = name.startswith("validation") and "validation_loss" not in measured
        needs = " (there is no validation data)" if absent else ""
        raise InputError(f"cannot monitor {name!r}{needs}; {nearest(name, measured)}")


def _loss_of(plan: Plan, network: Network, examples: Examples) -> Loss:
    """The loss of the plan, else of the network; but SquaredError for real targets if that is CrossEntropy."""
    targets = examples.targets
    if plan.loss is None and targets.ndim == 2 and network.loss.softmax:
        real = targets.dtype.kind == "f" and not is_distribution(targets)
        return SquaredError() if real or network.output_shape == (1,) else network.loss
    return plan.loss or network.loss


def check_examples(network: Network, examples: Examples, loss: Loss) -> None:
    """Raise InputError unless these examples fit the network and the loss."""
    require(len(network.output_shape) == 1, f"the last layer must give rows, but it gives {network.output_shape}")
    inputs = network.as_batch(examples.inputs)
    loss.check(examples.targets[examples.rows], network.output_shape[0], len(examples.rows))
    if inputs.dtype.kind == "f":
        for span in portions(len(examples.rows), 4096):
            check_finite(inputs[examples.rows[span]])


def _try_augment(augment: Sequence[Augment], network: Network, examples: Examples, loss: Loss, seed: int) -> None:
    """Try the augmentation on a few examples: raise InputError if it does not work."""
    rows = examples.rows[:32]
    x, y = augmented(augment, examples.inputs[rows], examples.targets[rows], random_stream(seed, "augment", 0, 0))
    network.as_batch(x)
    if augment:
        loss.check(y, network.output_shape[0], len(rows))


def _warn_of_last_layer(network: Network, loss: Loss) -> None:
    """Warn if the last layer limits the logits, because the loss itself computes the softmax, and takes any numbers."""
    last = network.layers[-1]
    if loss.softmax and last.output_range() != (-math.inf, math.inf):
        low, high = last.output_range()
        warn(
            f"the network ends in {last.name}, whose outputs lie from {low:g} to {high:g}, but {describe(loss)} "
            "computes the softmax itself and takes any numbers: remove that layer"
        )


def fingerprint(examples: Examples, weights: Array | None) -> str:
    """A checksum of targets, weights and some inputs, to detect that a training is resumed with other data."""
    sampled = examples.rows[:: max(len(examples.rows) // 100, 1)]
    parts = [examples.inputs[sampled], examples.targets[examples.rows], *([] if weights is None else [weights])]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(np.ascontiguousarray(part).tobytes(), checksum)
    return f"{checksum:08x}"
