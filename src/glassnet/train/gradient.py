"""One batch's gradient: shard after shard, or shards side by side.

A batch is cut into a fixed number of shards. Each shard goes forward and backward by itself, and the batch's gradient
is the sum of theirs, added in shard order. How many shards run at once (`workers`) therefore changes no bit of the
result, and a batch of any size needs only the memory of the shards in flight.
"""

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.train.metrics import Examples, count_right


class Part(NamedTuple):
    """What a shard adds to the mean loss of its batch, and how many of its examples were right."""

    loss: float
    right: int


class BatchGradient:
    """Computes the gradient of one batch after the other; a context manager, for it may hold threads.

    Args:
        network: leaves the gradient in its `grad`.
        examples: where the batches come from.
        shards: into how many pieces a batch is cut; pieces differ by at most one example.
        workers: how many pieces are computed at once.
        seed: of the streams that layers such as Dropout draw from.
    """

    def __init__(self, network: Network, examples: Examples, *, shards: int, workers: int, seed: int) -> None:
        self.network = network
        self.shards = shards
        self.seed = seed
        inputs = network.as_batch(examples.inputs)
        self.workers = [
            Worker(network if number == 0 else network.replica(), inputs, examples.targets)
            for number in range(min(workers, shards))
        ]
        self.gradients = np.empty((shards, len(network.grad)), network.dtype) if shards > 1 else None
        self.threads = ThreadPoolExecutor(len(self.workers) - 1) if len(self.workers) > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.threads:
            self.threads.shutdown()

    def __call__(self, rows: Array, step: int) -> Part:
        """Write the gradient of these rows, the batch of this step, into network.grad."""
        if self.gradients is None:
            return self.workers[0](rows, total=len(rows), seed=self.seed, step=step, shard=0)
        cuts = [len(rows) * k // self.shards for k in range(self.shards + 1)]
        shards = [rows[a:b] for a, b in pairwise(cuts) if a < b]
        gradients = self.gradients[: len(shards)]

        def work(number: int) -> list[Part]:
            """Every so manieth shard, from this worker's number on."""
            parts = []
            for shard in range(number, len(shards), len(self.workers)):
                worker = self.workers[number]
                parts.append(worker(shards[shard], total=len(rows), seed=self.seed, step=step, shard=shard))
                np.copyto(gradients[shard], worker.network.grad)
            return parts

        others = [self.threads.submit(work, number) for number in range(1, len(self.workers))] if self.threads else []
        try:
            mine = work(0)
        finally:  # also when interrupted: nobody may still be writing when we go on
            wait(others)
        by_worker = [mine, *(other.result() for other in others)]
        parts = [by_worker[shard % len(by_worker)][shard // len(by_worker)] for shard in range(len(shards))]
        np.sum(gradients, axis=0, out=self.network.grad)  # row after row: in shard order
        return Part(sum(part.loss for part in parts), sum(part.right for part in parts))


class Worker:
    """Computes one shard at a time on a network whose gradient and workspaces are its own."""

    def __init__(self, network: Network, inputs: Array, targets: Array) -> None:
        self.network, self.inputs, self.targets = network, inputs, targets
        self.gathered = np.empty((0, *inputs.shape[1:]), inputs.dtype)

    def __call__(self, rows: Array, *, total: int, seed: int, step: int, shard: int) -> Part:
        """Forward and backward of these rows, which are one shard of a batch of `total` examples."""
        network, loss = self.network, self.network.loss
        if len(self.gathered) < len(rows):
            self.gathered = np.empty((len(rows), *self.inputs.shape[1:]), self.inputs.dtype)
        x = np.take(self.inputs, rows, axis=0, out=self.gathered[: len(rows)], mode="clip")  # others copy once more
        y = self.targets[rows]
        network.seek(seed=seed, step=step, shard=shard)
        with np.errstate(over="ignore", invalid="ignore"):  # the loop looks for what is not finite
            value, prediction = loss.forward(network.forward(x, training=True), y, total=total)
            network.backward_parameters(loss.backward(prediction, y, total=total))
        return Part(value, count_right(network, prediction, y) if y.ndim == 1 else 0)
