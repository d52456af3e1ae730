"""The gradient of one shard: forward, loss and backward of a few rows, on workspaces of one's own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.settings import require
from glassnet.nn.stream import stream
from glassnet.train.metrics import Examples, count_right

# Changes a batch at random: inputs, targets and random numbers in; new inputs and targets out, as many as before.
Augment = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]


class Part(NamedTuple):
    """What a shard adds to the mean loss of its batch, and how many of its examples were right."""

    loss: float
    right: int


class Worker:
    """Computes one shard at a time.

    Args:
        network: goes forward and backward; nobody else may use its gradient and workspaces meanwhile.
        examples: where the rows come from.
        weights: how much each of them counts; None if all count the same.
        augment: changes to the examples, one after the other.
        seed: of the streams that these and layers such as Dropout draw from.
    """

    def __init__(
        self, network: Network, examples: Examples, weights: Array | None, *, augment: Sequence[Augment], seed: int
    ) -> None:
        self.network, self.weights, self.augment, self.seed = network, weights, augment, seed
        # Images stay images for who changes them; the network takes any shape with the right number of values.
        self.inputs = examples.inputs if augment else network.as_batch(examples.inputs)
        self.targets = examples.targets
        self.gathered = np.empty((0, *self.inputs.shape[1:]), self.inputs.dtype)

    def __call__(self, rows: Array, gradient: Array, observed: Array, *, total: float, step: int, shard: int) -> Part:
        """The part that these rows, one shard of a batch, have in its loss and gradient.

        Args:
            gradient: what they add to that of the batch is written here.
            observed: what layers such as BatchNorm measure is written here.
            total: the sum of the weights in the whole batch.
        """
        network, loss = self.network, self.network.loss
        if len(self.gathered) < len(rows):
            self.gathered = np.empty((len(rows), *self.inputs.shape[1:]), self.inputs.dtype)
        x = self.inputs.take(rows, axis=0, out=self.gathered[: len(rows)], mode="clip")  # others copy once more
        y = self.targets[rows]
        labelled = y.ndim == 1
        weights = None if self.weights is None else self.weights[rows]
        if self.augment:
            rng = stream(self.seed, "augment", step, shard)
            for change in self.augment:
                x, y = change(x, y, rng)
            changed = f"augment: expected as many examples as before, {len(rows)}, got {len(x)} and {len(y)}"
            require(len(x) == len(y) == len(rows), changed)
        network.seek(seed=self.seed, step=step, shard=shard)
        network.collect(gradient, observed)
        value, prediction = loss.forward(network.forward(x, training=True), y, weights=weights, total=total)
        network.backward_parameters(loss.backward(prediction, y, weights=weights, total=total))
        return Part(value, count_right(network, prediction, y) if labelled else 0)
