"""One batch's gradient, shard after shard.

A batch is cut into a fixed number of shards. Each shard goes forward and backward by itself, and the batch's gradient
is the sum of theirs, added in shard order. So a batch of any size needs only the memory of one shard.
"""

from itertools import pairwise

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.train.metrics import Examples, count_right


class BatchGradient:
    """Computes the gradient of one batch after the other.

    Args:
        network: leaves the gradient in its `grad`.
        examples: where the batches come from.
        shards: into how many pieces a batch is cut; pieces differ by at most one example.
    """

    def __init__(self, network: Network, examples: Examples, *, shards: int) -> None:
        self.network = network
        self.inputs = network.as_batch(examples.inputs)
        self.targets = examples.targets
        self.shards = shards
        self.gathered = np.empty((0, *self.inputs.shape[1:]), self.inputs.dtype)
        self.sum = np.zeros_like(network.grad)

    def __call__(self, rows: Array) -> tuple[float, int]:
        """Write the gradient of these rows into network.grad; return their loss and how many were right."""
        cuts = [len(rows) * k // self.shards for k in range(self.shards + 1)]
        shards = [rows[a:b] for a, b in pairwise(cuts) if a < b]
        loss, right = self.shard(shards[0], total=len(rows))
        if len(shards) > 1:
            np.copyto(self.sum, self.network.grad)
            for shard in shards[1:]:
                shard_loss, shard_right = self.shard(shard, total=len(rows))
                loss, right = loss + shard_loss, right + shard_right
                self.sum += self.network.grad
            np.copyto(self.network.grad, self.sum)
        return loss, right

    def shard(self, rows: Array, *, total: int) -> tuple[float, int]:
        """The same for one shard, which adds its part to the mean over `total` examples."""
        if len(self.gathered) < len(rows):
            self.gathered = np.empty((len(rows), *self.inputs.shape[1:]), self.inputs.dtype)
        x = self.gathered[: len(rows)]
        np.take(self.inputs, rows, axis=0, out=x, mode="clip")  # other modes copy once more
        y = self.targets[rows]
        loss, network = self.network.loss, self.network
        value, prediction = loss.forward(network.forward(x, training=True), y, total=total)
        network.backward_parameters(loss.backward(prediction, y, total=total))
        return value, count_right(network, prediction, y) if y.ndim == 1 else 0
