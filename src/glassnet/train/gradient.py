"""The gradient of one shard: forward, loss and backward of a few rows, on workspaces of one's own."""

from typing import NamedTuple

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.train.metrics import Examples, count_right


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
        seed: of the streams that layers such as Dropout draw from.
    """

    def __init__(self, network: Network, examples: Examples, weights: Array | None, *, seed: int) -> None:
        self.network, self.weights, self.seed = network, weights, seed
        self.inputs, self.targets = network.as_batch(examples.inputs), examples.targets
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
        weights = None if self.weights is None else self.weights[rows]
        network.seek(seed=self.seed, step=step, shard=shard)
        network.collect(gradient, observed)
        value, prediction = loss.forward(network.forward(x, training=True), y, weights=weights, total=total)
        network.backward_parameters(loss.backward(prediction, y, weights=weights, total=total))
        return Part(value, count_right(network, prediction, y) if y.ndim == 1 else 0)
