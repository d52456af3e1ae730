"""Steps of the optimizer, taken by one worker or by several together.

A batch is cut into a fixed number of shards, and its gradient is the sum of theirs, added in shard order. With several
workers each computes every so manieth shard; when all are there, each adds up the shards' gradients in its own blocks
of the parameters, and applies the update rule to them. No number depends on who computes it, so the number of workers
changes no bit.
"""

import math
from functools import cache
from itertools import pairwise
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.optim import Optimizer, State
from glassnet.train.crew import Crew, WorkerError, moved, shared
from glassnet.train.gradient import Part, Worker
from glassnet.train.metrics import Examples

BLOCK = 65_536  # parameters at most that are updated at once: what a rule of many passes works on stays in the cache
ALIGNED = 16  # parameters: blocks begin at a cache line, so that no two workers write to the same one


class Block(NamedTuple):
    """A stretch of all vectors that belong to the parameters."""

    theta: Array
    sum: Array
    gradients: list[Array]  # of each shard
    state: State


class Steps:
    """Takes one step of the optimizer after the other; a context manager, for it may hold other workers.

    Inside, the network's parameters and buffers and the optimizer's state lie in memory that the workers share;
    afterwards they are where they were.

    Args:
        network: is changed by every step.
        examples: where the batches come from.
        optimizer, state: the update rule, and what it remembers.
        batch_size: the number of rows of a batch, at most.
        shards: into how many pieces a batch is cut; pieces differ by at most one example.
        workers: how many pieces are computed at once.
        seed: of the streams that layers such as Dropout draw from.
    """

    def __init__(
        self,
        network: Network,
        examples: Examples,
        optimizer: Optimizer,
        state: State,
        *,
        batch_size: int,
        shards: int,
        workers: int,
        seed: int,
    ) -> None:
        self.network, self.optimizer, self.state = network, optimizer, state
        self.batch_size, self.shards = batch_size, min(shards, batch_size)
        workers = min(workers, self.shards)
        self.crew = Crew.of(workers) if workers > 1 else None
        workers = self.crew.size if self.crew else 1
        forks = self.crew is not None and self.crew.forks
        self.workers = [
            Worker(network if number == 0 or forks else network.replica(), examples, seed=seed)
            for number in range(workers)
        ]

    def __enter__(self) -> Self:
        self.own = self.network.theta, self.network.grad, self.network.buffers
        self.sum = self.network.grad
        try:
            self._start()
        except (MemoryError, OSError):
            self._end()
            gigabytes = (self.shards + 4) * self.sum.nbytes / 1e9
            raise WorkerError(
                f"the gradients of {self.shards} shards take about {gigabytes:.1f} GB, more than this machine has to "
                "give: cut a batch into fewer shards"
            ) from None
        except BaseException:  # Ctrl-C too: what has been started must be stopped; it goes on its way below
            self._end()
            raise
        return self

    def _start(self) -> None:
        network, length = self.network, len(self.network.theta)
        self.gradients = [network.grad]
        allocate = shared if self.crew else np.empty
        self.parts = allocate((self.shards, 2), np.dtype(np.float64))
        self.rows = allocate((self.batch_size,), np.dtype(np.int64))
        self.order = allocate((3,), np.dtype(np.float64))  # how many rows, which step, at what learning rate
        if self.shards > 1:
            self.gradients = list(allocate((self.shards, length), network.dtype))
        if self.crew:
            network.move(*(moved(vector) for vector in self.own))
            for worker in self.workers[1:]:
                worker.network.move(network.theta, network.grad, network.buffers)
            self.state.update({name: moved(vector) for name, vector in self.state.items()})
        self.sum = network.grad
        self.blocks = self._blocks()
        if self.crew:
            self.crew.start(self._take)

    def _blocks(self) -> list[Block]:
        """The parameters in blocks of about the same length, as many for one worker as for the other."""
        length = len(self.network.theta)
        rounds = max(1, -(-length // (BLOCK * len(self.workers))))
        count = rounds * len(self.workers)
        bounds = [*(length * k // count // ALIGNED * ALIGNED for k in range(count)), length]
        return [
            Block(
                self.network.theta[a:b],
                self.sum[a:b],
                [gradient[a:b] for gradient in self.gradients],
                {name: vector[a:b] for name, vector in self.state.items()},
            )
            for a, b in pairwise(bounds)
        ]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        """Stop the others, and put everything back to where it was."""
        try:
            if self.crew:
                self.crew.stop()
        finally:
            for own, now in zip(self.own, (self.network.theta, self.sum, self.network.buffers), strict=True):
                if own is not now:
                    np.copyto(own, now)
            self.network.move(*self.own)

    def __call__(self, rows: Array, step: int, *, lr: float) -> Part:
        """Take the step of this number, from 0, on the batch of these rows.

        If the loss of the batch is not finite, the parameters stay as they are.

        Raises:
            WorkerError: another worker has failed.
        """
        self.rows[: len(rows)] = rows
        self.order[:] = len(rows), step, lr
        if self.crew:
            self.crew.go()
        self._take(0)
        if self.crew:
            self.crew.gather()
        loss, right = zip(*self.parts[: min(self.shards, len(rows))].tolist(), strict=True)
        return Part(sum(loss), int(sum(right)))

    def _take(self, number: int) -> None:
        """The part that one worker has in the step."""
        worker, workers = self.workers[number], len(self.workers)
        count, step, lr = self.order.tolist()
        count, step = int(count), int(step)
        shards = cut(count, self.shards)
        for shard in range(number, len(shards), workers):
            rows = self.rows[shards[shard]]
            self.parts[shard] = worker(rows, self.gradients[shard], total=count, step=step, shard=shard)
        if self.crew:
            self.crew.meet(number)
        if not math.isfinite(sum(self.parts[: len(shards), 0].tolist())):
            return
        for block in self.blocks[number::workers]:
            if self.shards > 1:
                first, *others = block.gradients[: len(shards)]
                np.add(first, others[0] if others else 0, out=block.sum)
                for other in others[1:]:
                    np.add(block.sum, other, out=block.sum)
            self.optimizer.update(block.theta, block.sum, block.state, lr=lr, step=step)


@cache
def cut(count: int, shards: int) -> list[slice]:
    """So many rows in so many pieces, fewer if there are fewer rows."""
    bounds = [count * k // shards for k in range(shards + 1)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b]
