"""What one worker or several share while they take a step together.

A batch is cut into a fixed number of shards, and its gradient is the sum of theirs, added in shard order. The workers
take the shards in turn. When all shards are there, each worker adds up their gradients in its own blocks of the
parameters, and updates these. No number depends on who computes it, so the number of workers changes no bit.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.clip import Clip
from glassnet.nn.network import Network
from glassnet.nn.optim import State
from glassnet.train.crew import Crew, WorkerError, moved, shared
from glassnet.train.metrics import Examples
from glassnet.train.plan import Plan
from glassnet.train.shard import ShardReader

BLOCK = 65_536  # parameters at most that are updated at once: what a rule of many passes works on stays in the cache
ALIGNED = 16  # parameters: blocks begin at a cache line, so that no two workers write to the same one


class Batch(NamedTuple):
    """The batch of a step, as every worker is told of it."""

    examples: int
    step: int  # from 0
    lr: float
    weight: float  # of its examples together: by what the sum of their losses is divided
    shards: int


class Shard(NamedTuple):
    """A slice of a batch: its number, its rows, and where the network writes their gradient and what it measures."""

    number: int
    rows: Array
    gradient: Array
    observed: Array


class Block(NamedTuple):
    """A stretch of all vectors that belong to the parameters."""

    theta: Array
    sum: Array
    gradients: list[Array]  # of each shard
    state: State
    average: Array | None
    weights: list[tuple[Array, Array]]  # the parts of theta and sum that are weights, which penalties act on


class Steps:
    """The parameters in the memory that the workers share, and who does what in a step; a context manager.

    Inside, the network's parameters and buffers, the optimizer's state and the averages lie in memory that the workers
    share; afterwards the network's are where they were.

    Args:
        network: is changed by every step.
        examples: where the batches come from.
        plan: what is done with a gradient, the number of shards, the seed of what is drawn.
        work: the part of one worker in a step; it is called with the number of the worker.
        state: what the optimizer remembers; it changes.
        weights: how much each example counts; None if all count the same.
        averages: of "theta" and "buffers", if the plan averages; they change.
        batch_size: the number of rows of a batch, at most.
        workers: how many shards are computed at once.
    """

    def __init__(
        self,
        network: Network,
        examples: Examples,
        plan: Plan,
        work: Callable[[int], None],
        state: State,
        *,
        weights: Array | None = None,
        averages: State | None = None,
        batch_size: int,
        workers: int,
    ) -> None:
        self.network, self.plan, self.work, self.weights = network, plan, work, weights
        self.state, self.averages = state, {} if averages is None else averages
        self.limits = [penalty for penalty in plan.penalties if penalty.limits]
        self.batch_size, self.shards = batch_size, min(plan.shards, batch_size)
        workers = min(workers, self.shards)
        self.crew = Crew.of(workers) if workers > 1 else None
        workers = self.crew.size if self.crew else 1
        forks = self.crew is not None and self.crew.forks
        self.readers = [
            ShardReader(
                network if number == 0 or forks else network.replica(),
                examples,
                weights,
                augment=plan.augment,
                seed=plan.seed,
            )
            for number in range(workers)
        ]

    def __enter__(self) -> Self:
        self.own = self.network.theta, self.network.grad, self.network.buffers
        self.own_observed = self.network.observed
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
        self.gradients, self.observed = [network.grad], [network.observed]
        allocate = shared if self.crew else np.empty
        self.parts = allocate((self.shards, 2), np.dtype(np.float64))
        self.rows = allocate((self.batch_size,), np.dtype(np.int64))
        self.told = allocate((5,), np.dtype(np.float64))  # the fields of Batch, for the other workers
        self.spans = cut(length, -(-length // BLOCK) or 1)
        self.squares = allocate((len(self.spans),), np.dtype(np.float64))  # of the gradient, in each span
        if self.shards > 1:
            self.gradients = list(allocate((self.shards, length), network.dtype))
            self.observed = list(allocate((self.shards, len(network.buffers)), network.dtype))
        if self.crew:
            network.use_vectors(*(moved(vector) for vector in self.own))
            for reader in self.readers[1:]:
                reader.network.use_vectors(network.theta, network.grad, network.buffers)
            for vectors in (self.state, self.averages):
                vectors.update({name: moved(vector) for name, vector in vectors.items()})
        self.sum = network.grad
        self.blocks = self._blocks()
        if self.crew:
            self.crew.start(self.work)

    def _blocks(self) -> list[Block]:
        """The parameters in blocks of about the same length, as many for one worker as for the other."""
        network, length, average = self.network, len(self.network.theta), self.averages.get("theta")
        rounds = max(1, -(-length // (BLOCK * len(self.readers))))
        count = rounds * len(self.readers)
        bounds = [*(length * k // count // ALIGNED * ALIGNED for k in range(count)), length]
        weights = [(segment.start, segment.stop) for segment in network.segments if segment.is_weight]
        return [
            Block(
                network.theta[a:b],
                self.sum[a:b],
                [gradient[a:b] for gradient in self.gradients],
                {name: vector[a:b] for name, vector in self.state.items()},
                None if average is None else average[a:b],
                [
                    (network.theta[max(a, start) : min(b, stop)], self.sum[max(a, start) : min(b, stop)])
                    for start, stop in weights
                    if max(a, start) < min(b, stop)
                ],
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
            self.network.observed = self.own_observed
            self.network.use_vectors(*self.own)

    def begin(self, rows: Array, step: int, *, lr: float) -> Batch:
        """Let the other workers start on the step of this number, from 0, on the batch of these rows."""
        batch = Batch(len(rows), step, lr, self.weight(rows), min(self.shards, len(rows)))
        self.rows[: len(rows)] = rows
        self.told[:] = batch
        if self.crew:
            self.crew.go()
        return batch

    def weight(self, rows: Array) -> float:
        """How much these rows count together."""
        return float(len(rows) if self.weights is None else np.add.reduce(self.weights[rows], dtype=np.float64))

    def told_batch(self) -> Batch:
        """What this step is about, for any worker."""
        examples, step, lr, weight, shards = self.told.tolist()
        return Batch(int(examples), int(step), lr, weight, int(shards))

    def shards_of(self, worker: int, batch: Batch) -> Iterator[Shard]:
        """The shards of the batch that a worker computes."""
        spans = cut(batch.examples, self.shards)
        for number in range(worker, batch.shards, len(self.readers)):
            yield Shard(number, self.rows[spans[number]], self.gradients[number], self.observed[number])

    def keep(self, shard: Shard, loss: float, right: int) -> None:
        """Remember what a shard adds to the mean loss of the batch, and how many of its examples were right."""
        self.parts[shard.number] = loss, right

    def blocks_of(self, worker: int, batch: Batch) -> Iterator[Block]:
        """The blocks that a worker updates, each with its gradient: summed over the shards, penalties added, clipped.

        There are none if the loss of the batch is not finite: the parameters then stay as they are.
        """
        self._meet(worker)
        if not self._finite(batch):
            return
        blocks = self.blocks[worker :: len(self.readers)]
        clip = self.plan.clip
        if clip and clip.norm:  # the norm is known when all blocks have been added up
            for block in blocks:
                self._add(block, batch)
            factor = self._factor(worker, clip)
            for block in blocks:
                np.multiply(block.sum, factor, out=block.sum)
                yield block
        else:
            for block in blocks:
                self._add(block, batch)
                yield block

    def averaged(self, block: Block, batch: Batch) -> None:
        """Take the block into the average of the weights, if there is one; limits on the weights come before it."""
        if self.plan.average and block.average is not None and not self.limits:
            self.plan.average.update(block.average, block.theta, step=batch.step)

    def end(self, batch: Batch) -> tuple[float, int]:
        """Wait for the others and end the step: the mean loss of the batch, and how many of its examples were right.

        Raises:
            WorkerError: another worker has failed.
        """
        if self.crew:
            self.crew.gather()
        self._finish(batch)
        loss, right = zip(*self.parts[: batch.shards].tolist(), strict=True)
        return sum(loss), int(sum(right))

    def _add(self, block: Block, batch: Batch) -> None:
        """The gradient of a block: those of the shards, and of the penalties, its entries clipped."""
        if self.shards > 1:
            first, *others = block.gradients[: batch.shards]
            np.add(first, others[0] if others else 0, out=block.sum)
            for other in others[1:]:
                np.add(block.sum, other, out=block.sum)
        for penalty in self.plan.penalties:
            for theta, gradient in block.weights:
                penalty.backward(theta, gradient)
        if self.plan.clip:
            self.plan.clip.entries(block.sum)

    def _factor(self, worker: int, clip: Clip) -> float:
        """By what the gradient is multiplied to clip its norm; its squares are added in the same order by any number
        of workers."""
        self._meet(worker)
        for span in range(worker, len(self.spans), len(self.readers)):
            part = self.sum[self.spans[span]].astype(np.float64)  # in float32 the squares could overflow
            self.squares[span] = np.vdot(part, part)
        self._meet(worker)
        return clip.factor(math.sqrt(sum(self.squares.tolist())))

    def _finish(self, batch: Batch) -> None:
        """What is done once, by the first worker, after the others are there."""
        network, average = self.network, self.plan.average
        busy = network.measuring or self.limits or average
        if not busy or not self._finite(batch):
            return
        for shard in range(batch.shards if network.measuring else 0):
            network.use_gradient(network.grad, self.observed[shard])
            network.update_buffers()
        for penalty in self.limits:
            for segment in network.segments:
                if segment.is_weight:
                    penalty.project(segment.view(network.theta))
        if average:
            if self.limits:  # else each worker has done so with its own blocks
                average.update(self.averages["theta"], network.theta, step=batch.step)
            average.update(self.averages["buffers"], network.buffers, step=batch.step)

    def _finite(self, batch: Batch) -> bool:
        return math.isfinite(sum(self.parts[: batch.shards, 0].tolist()))

    def _meet(self, worker: int) -> None:
        if self.crew:
            self.crew.meet(worker)


@cache
def cut(count: int, shards: int) -> list[slice]:
    """So many rows in so many pieces, fewer if there are fewer rows."""
    bounds = [count * k // shards for k in range(shards + 1)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b]
