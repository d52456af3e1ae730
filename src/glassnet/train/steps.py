"""Steps of the optimizer, taken by one worker or by several together.

A batch is cut into a fixed number of shards, and its gradient is the sum of theirs, added in shard order. With several
workers each computes every so manieth shard; when all are there, each adds up the shards' gradients in its own blocks
of the parameters, and applies the update rule to them. No number depends on who computes it, so the number of workers
changes no bit.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from glassnet.nn.average import WeightAverage
from glassnet.nn.clip import Clip
from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.optim import Optimizer, State
from glassnet.nn.penalty import Penalty
from glassnet.train.crew import Crew, WorkerError, moved, shared
from glassnet.train.gradient import Augment, Part, Worker
from glassnet.train.metrics import Examples

BLOCK = 65_536  # parameters at most that are updated at once: what a rule of many passes works on stays in the cache
ALIGNED = 16  # parameters: blocks begin at a cache line, so that no two workers write to the same one


class Rules(NamedTuple):
    """What is done with a gradient: the optimizer, and what stands before and after it."""

    optimizer: Optimizer
    penalties: Sequence[Penalty] = ()
    clip: Clip | None = None
    average: WeightAverage | None = None


class Block(NamedTuple):
    """A stretch of all vectors that belong to the parameters."""

    theta: Array
    sum: Array
    gradients: list[Array]  # of each shard
    state: State
    average: Array | None
    weights: list[tuple[Array, Array]]  # the parts of theta and sum that are weights, which penalties act on


class Steps:
    """Takes one step of the optimizer after the other; a context manager, for it may hold other workers.

    Inside, the network's parameters and buffers, the optimizer's state and the averages lie in memory that the workers
    share; afterwards the network's are where they were.

    Args:
        network: is changed by every step.
        examples: where the batches come from.
        rules: what is done with a gradient.   state: what the optimizer remembers; it changes.
        weights: how much each example counts; None if all count the same.
        averages: of "theta" and "buffers", if the rules average; they change.
        batch_size: the number of rows of a batch, at most.
        shards: into how many pieces a batch is cut; pieces differ by at most one example.
        workers: how many pieces are computed at once.
        augment: random changes to the examples.
        seed: of the streams that these and layers such as Dropout draw from.
    """

    def __init__(
        self,
        network: Network,
        examples: Examples,
        rules: Rules,
        state: State,
        *,
        weights: Array | None = None,
        averages: State | None = None,
        batch_size: int,
        shards: int,
        workers: int,
        augment: Sequence[Augment] = (),
        seed: int,
    ) -> None:
        self.network, self.weights, self.rules = network, weights, rules
        self.state, self.averages = state, {} if averages is None else averages
        self.limits = [penalty for penalty in rules.penalties if type(penalty).project is not Penalty.project]
        self.batch_size, self.shards = batch_size, min(shards, batch_size)
        workers = min(workers, self.shards)
        self.crew = Crew.of(workers) if workers > 1 else None
        workers = self.crew.size if self.crew else 1
        forks = self.crew is not None and self.crew.forks
        self.workers = [
            Worker(
                network if number == 0 or forks else network.replica(), examples, weights, augment=augment, seed=seed
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
        self.order = allocate((4,), np.dtype(np.float64))  # number of rows, step, learning rate, sum of weights
        self.spans = cut(length, -(-length // BLOCK) or 1)
        self.squares = allocate((len(self.spans),), np.dtype(np.float64))  # of the gradient, in each span
        if self.shards > 1:
            self.gradients = list(allocate((self.shards, length), network.dtype))
            self.observed = list(allocate((self.shards, len(network.buffers)), network.dtype))
        if self.crew:
            network.move(*(moved(vector) for vector in self.own))
            for worker in self.workers[1:]:
                worker.network.move(network.theta, network.grad, network.buffers)
            for vectors in (self.state, self.averages):
                vectors.update({name: moved(vector) for name, vector in vectors.items()})
        self.sum = network.grad
        self.blocks = self._blocks()
        if self.crew:
            self.crew.start(self._take)

    def _blocks(self) -> list[Block]:
        """The parameters in blocks of about the same length, as many for one worker as for the other."""
        network, length, average = self.network, len(self.network.theta), self.averages.get("theta")
        rounds = max(1, -(-length // (BLOCK * len(self.workers))))
        count = rounds * len(self.workers)
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
            self.network.move(*self.own)

    def __call__(self, rows: Array, step: int, *, lr: float) -> Part:
        """Take the step of this number, from 0, on the batch of these rows.

        If the loss of the batch is not finite, the parameters stay as they are.

        Raises:
            WorkerError: another worker has failed.
        """
        self.rows[: len(rows)] = rows
        self.order[:] = len(rows), step, lr, self.total(rows)
        if self.crew:
            self.crew.go()
        self._take(0)
        if self.crew:
            self.crew.gather()
        self._finish(step)
        loss, right = zip(*self.parts[: min(self.shards, len(rows))].tolist(), strict=True)
        return Part(sum(loss), int(sum(right)))

    def total(self, rows: Array) -> float:
        """The sum of the weights of these rows: by what the sum of their losses is divided."""
        return float(len(rows) if self.weights is None else np.add.reduce(self.weights[rows], dtype=np.float64))

    def _take(self, number: int) -> None:
        """The part that one worker has in the step."""
        worker, workers, rules = self.workers[number], len(self.workers), self.rules
        count, step, lr, total = self.order.tolist()
        count, step = int(count), int(step)
        shards = cut(count, self.shards)
        for shard in range(number, len(shards), workers):
            self.parts[shard] = worker(
                self.rows[shards[shard]],
                self.gradients[shard],
                self.observed[shard],
                total=total,
                step=step,
                shard=shard,
            )
        self._meet(number)
        if not self._finite(len(shards)):
            return
        blocks = self.blocks[number::workers]
        if rules.clip and rules.clip.norm:  # the norm is known when all blocks have been added up
            for block in blocks:
                self._add(block, len(shards))
            factor = self._factor(number, rules.clip)
            for block in blocks:
                np.multiply(block.sum, factor, out=block.sum)
                self._update(block, step, lr)
        else:
            for block in blocks:
                self._add(block, len(shards))
                self._update(block, step, lr)

    def _add(self, block: Block, shards: int) -> None:
        """The gradient of a block: those of the shards, and of the penalties, its entries clipped."""
        if self.shards > 1:
            first, *others = block.gradients[:shards]
            np.add(first, others[0] if others else 0, out=block.sum)
            for other in others[1:]:
                np.add(block.sum, other, out=block.sum)
        for penalty in self.rules.penalties:
            for theta, gradient in block.weights:
                penalty.backward(theta, gradient)
        if self.rules.clip:
            self.rules.clip.entries(block.sum)

    def _update(self, block: Block, step: int, lr: float) -> None:
        self.rules.optimizer.update(block.theta, block.sum, block.state, lr=lr, step=step)
        if self.rules.average and block.average is not None and not self.limits:
            self.rules.average.update(block.average, block.theta, step=step)

    def _factor(self, number: int, clip: Clip) -> float:
        """By what the gradient is multiplied to clip its norm; its squares are added in the same order by any number
        of workers."""
        self._meet(number)
        for span in range(number, len(self.spans), len(self.workers)):
            part = self.sum[self.spans[span]].astype(np.float64)  # in float32 the squares could overflow
            self.squares[span] = np.vdot(part, part)
        self._meet(number)
        return clip.factor(math.sqrt(sum(self.squares.tolist())))

    def _finish(self, step: int) -> None:
        """What is done once, by the first worker, after the others are there."""
        shards = min(self.shards, int(self.order[0]))
        busy = self.network.measuring or self.limits or self.rules.average
        if not busy or not self._finite(shards):
            return
        for shard in range(shards if self.network.measuring else 0):
            self.network.collect(self.network.grad, self.observed[shard])
            self.network.fold()
        for penalty in self.limits:
            for segment in self.network.segments:
                if segment.is_weight:
                    penalty.project(segment.view(self.network.theta))
        if self.rules.average:
            if self.limits:  # else each worker has done so with its own blocks
                self.rules.average.update(self.averages["theta"], self.network.theta, step=step)
            self.rules.average.update(self.averages["buffers"], self.network.buffers, step=step)

    def _finite(self, shards: int) -> bool:
        return math.isfinite(sum(self.parts[:shards, 0].tolist()))

    def _meet(self, number: int) -> None:
        if self.crew:
            self.crew.meet(number)


@cache
def cut(count: int, shards: int) -> list[slice]:
    """So many rows in so many pieces, fewer if there are fewer rows."""
    bounds = [count * k // shards for k in range(shards + 1)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b]
