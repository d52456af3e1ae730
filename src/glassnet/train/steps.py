"""A training step of one or several workers, and the memory that they share.

A batch is divided into a fixed number of shards. Its gradient is the sum of the gradients of the shards, added in shard
order. The workers take the shards in turn. When all shards are computed, each worker sums the gradients of its own
blocks of the parameters, and updates these blocks. So the number of workers changes no bit of the result. Several
ranks work together in the same way, each with its own workers: see ranks.py.
"""

import math
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.clip import Clip
from glassnet.nn.network import Network
from glassnet.nn.optim import State
from glassnet.train.crew import Crew, WorkerMemoryError, shared, shared_copy
from glassnet.train.metrics import Examples
from glassnet.train.pieces import BLOCK, Batch, Block, Shard, cut, cut_parameters
from glassnet.train.plan import Plan
from glassnet.train.ranks import Ranks
from glassnet.train.shard import ShardReader


class Steps:
    """Divides the work of a step among the workers, in memory that they share; a context manager.

    Inside, the network's parameters and buffers, the optimizer's state and the averages are in shared memory.
    Afterwards the network uses its original arrays again.

    Args:
        network: is changed by every step.
        examples: the source of the batches.
        plan: the settings of the training.
        work: computes the part of one worker in a step; it is called with the number of the worker.
        state: the optimizer's state; it is changed.
        weights: the weight of each example; None if all count the same.
        averages: the averages of "theta" and "buffers", if the plan averages; they are changed.
        batch_size: the largest number of rows in a batch.
        shards: the number of pieces of a batch.   workers: the number of shards computed at once, on this rank.
        ranks: the ranks that train together; None if this process trains alone.
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
        shards: int,
        workers: int,
        ranks: Ranks | None = None,
    ) -> None:
        self.network, self.plan, self.work, self.weights = network, plan, work, weights
        self.state, self.averages = state, {} if averages is None else averages
        self.limiting_penalties = [penalty for penalty in plan.penalties if penalty.limits]
        self.batch_size, self.shards, self.ranks = batch_size, min(shards, batch_size), ranks
        self.own_shards = range(self.shards)[ranks.rank :: ranks.size] if ranks else range(self.shards)
        workers = min(workers, len(self.own_shards))
        self.crew = Crew.of(workers, forks=ranks is None) if workers > 1 else None  # MPI forbids forking
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
        self.original_vectors = self.network.theta, self.network.grad, self.network.buffers
        self.original_observed = self.network.observed
        self.sum = self.network.grad
        try:
            self._start()
        except (MemoryError, OSError):
            self._end()
            gigabytes = (self.shards + 4) * self.sum.nbytes / 1e9
            raise WorkerMemoryError(
                f"the gradients of {self.shards} shards take about {gigabytes:.1f} GB, more than this machine has "
                "free: use fewer shards"
            ) from None
        except BaseException:  # also Ctrl-C: stop the workers that were started, then raise the error again
            self._end()
            raise
        return self

    def _start(self) -> None:
        network, length = self.network, len(self.network.theta)
        self.gradients, self.observed = [network.grad], [network.observed]
        allocate = shared if self.crew else np.empty
        self.results = allocate((self.shards, 2), np.dtype(np.float64))  # loss and number correct of each shard
        self.rows = allocate((self.batch_size,), np.dtype(np.int64))
        self.batch_fields = allocate((5,), np.dtype(np.float64))  # the fields of Batch, for the other workers
        self.spans = cut(length, -(-length // BLOCK) or 1)
        self.own_spans = range(len(self.spans))[
            self.ranks.spans_of(self.ranks.rank, length) if self.ranks else slice(None)
        ]
        self.squares = allocate((len(self.spans),), np.dtype(np.float64))  # sum of squared gradients in each span
        self.keeps = allocate((1,), np.dtype(np.bool_))
        self.keeps[0] = False
        self.kept = allocate((length,), network.dtype)
        if self.shards > 1:
            self.gradients = list(allocate((self.shards, length), network.dtype))
            self.observed = list(allocate((self.shards, len(network.buffers)), network.dtype))
        if self.crew:
            network.use_vectors(*(shared_copy(vector) for vector in self.original_vectors))
            for reader in self.readers[1:]:
                reader.network.use_vectors(network.theta, network.grad, network.buffers)
            for vectors in (self.state, self.averages):
                vectors.update({name: shared_copy(vector) for name, vector in vectors.items()})
        self.sum = network.grad
        part = self.ranks.part_of(self.ranks.rank, length) if self.ranks else slice(0, length)
        self.blocks = cut_parameters(
            network, self.kept, self.gradients, self.state, self.averages.get("theta"), len(self.readers), part
        )
        if self.crew:
            self.crew.start(self.work)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        """Stop the other workers, and give the network its original arrays with the current values."""
        try:
            if self.crew:
                self.crew.stop()
        finally:
            current_vectors = self.network.theta, self.sum, self.network.buffers
            for original, current in zip(self.original_vectors, current_vectors, strict=True):
                if original is not current:
                    np.copyto(original, current)
            self.network.observed = self.original_observed
            self.network.use_vectors(*self.original_vectors)

    def begin(self, rows: Array, step: int, *, lr: float) -> Batch:
        """Start a step with the batch of these rows; the other workers begin to compute. `step` counts from 0."""
        batch = Batch(len(rows), step, lr, self.weight(rows), min(self.shards, len(rows)))
        self.rows[: len(rows)] = rows
        self.batch_fields[:] = batch
        if self.crew:
            self.crew.go()
        return batch

    def weight(self, rows: Array) -> float:
        """The sum of the weights of these rows."""
        return float(len(rows) if self.weights is None else np.add.reduce(self.weights[rows], dtype=np.float64))

    def current_batch(self) -> Batch:
        """The batch of the current step, read from shared memory; any worker may call this."""
        examples, step, lr, weight, shards = self.batch_fields.tolist()
        return Batch(int(examples), int(step), lr, weight, int(shards))

    def shards_of(self, worker: int, batch: Batch) -> Iterator[Shard]:
        """The shards of the batch that a worker computes."""
        spans = cut(batch.examples, self.shards)
        for number in self.own_shards[worker :: len(self.readers)]:
            if number >= batch.shards:  # a short batch has fewer shards
                break
            yield Shard(number, self.rows[spans[number]], self.gradients[number], self.observed[number])

    def record(self, shard: Shard, loss: float, correct: int) -> None:
        """Record a shard's part of the mean loss of the batch, and its number of correct predictions."""
        self.results[shard.number] = loss, correct

    def blocks_of(self, worker: int, batch: Batch) -> Iterator[Block]:
        """The blocks that a worker updates, each with its gradient: summed over the shards, penalties added, clipped.

        If the loss of the batch is not finite, there are no blocks, and the parameters stay as they are.
        """
        self._meet(worker)
        if self.ranks:
            if worker == 0:
                self._exchange(self.ranks, batch)
            self._meet(worker)
        if not self._finite(batch):
            return
        blocks = self.blocks[worker :: len(self.readers)]
        plan = self.plan
        if plan.clip and plan.clip.norm:  # the norm is known when all blocks have been added up
            for block in blocks:
                block.add(batch.shards, plan.penalties, plan.clip)
            factor = self._factor(worker, plan.clip)
        for block in blocks:
            if plan.clip and plan.clip.norm:
                np.multiply(block.sum, factor, out=block.sum)
            else:
                block.add(batch.shards, plan.penalties, plan.clip)
            if self.keeps[0]:  # because the optimizer may compute in the sum
                np.copyto(block.kept, block.sum)
            yield block

    def keep_gradients(self) -> None:
        """From now on, keep the gradient of each step in `kept`, in the order of theta, until the next step."""
        self.keeps[0] = True

    def averaged(self, block: Block, batch: Batch) -> None:
        """Update the average of this block, if weights are averaged. With limits on the weights, `end` updates it."""
        if self.plan.average and block.average is not None and not self.limiting_penalties:
            self.plan.average.update(block.average, block.theta, step=batch.step)

    def end(self, batch: Batch) -> tuple[float, int]:
        """Wait for the other workers and end the step; return the mean loss and the number of correct predictions.

        Raises:
            WorkerError: another worker has failed.
        """
        if self.crew:
            self.crew.gather()
        if self.ranks:
            self.ranks.share_parts(self.network.theta)
        self._finish(batch)
        loss, correct = zip(*self.results[: batch.shards].tolist(), strict=True)
        return sum(loss), int(sum(correct))

    def share_state(self) -> None:
        """Send the whole state of the optimizer, and the whole averages, to each rank."""
        if self.ranks:
            for vector in (*self.state.values(), *([self.averages["theta"]] if self.averages else [])):
                self.ranks.share_parts(vector)

    def _exchange(self, ranks: Ranks, batch: Batch) -> None:
        """Exchange the results of the batch's shards with the other ranks."""
        ranks.share(list(self.results[: batch.shards]))
        if self.network.measuring:
            ranks.share(self.observed[: batch.shards])
        ranks.exchange(self.gradients[: batch.shards])

    def _factor(self, worker: int, clip: Clip) -> float:
        """The factor that clips the norm of the gradient. The order of the sum of squares is the same for any number
        of workers."""
        self._meet(worker)
        for span in self.own_spans[worker :: len(self.readers)]:
            part = self.sum[self.spans[span]].astype(np.float64)  # in float32 the squares could overflow
            self.squares[span] = np.vdot(part, part)
        self._meet(worker)
        if self.ranks:
            if worker == 0:
                length = len(self.network.theta)
                self.ranks.share([self.squares[self.ranks.spans_of(rank, length)] for rank in range(self.ranks.size)])
            self._meet(worker)
        return clip.factor(math.sqrt(sum(self.squares.tolist())))

    def _finish(self, batch: Batch) -> None:
        """The part of the first worker alone, when all workers have finished: buffers, limits and averages."""
        network, average = self.network, self.plan.average
        needed = network.measuring or self.limiting_penalties or average
        if not needed or not self._finite(batch):
            return
        for shard in range(batch.shards if network.measuring else 0):
            network.use_gradient(network.grad, self.observed[shard])
            network.update_buffers()
        for penalty in self.limiting_penalties:
            for segment in network.segments:
                if segment.is_weight:
                    penalty.project(segment.view(network.theta))
        if average:
            if self.limiting_penalties:  # else each worker has updated the average of its own blocks
                average.update(self.averages["theta"], network.theta, step=batch.step)
            average.update(self.averages["buffers"], network.buffers, step=batch.step)

    def _finite(self, batch: Batch) -> bool:
        """Whether the loss of the batch is finite."""
        return math.isfinite(sum(self.results[: batch.shards, 0].tolist()))

    def _meet(self, worker: int) -> None:
        if self.crew:
            self.crew.meet(worker)
