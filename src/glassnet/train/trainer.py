"""Training step by step: a Trainer takes one step per call, returns its whole state, and restores any such state.

The caller, such as `fit` or a notebook, decides when to continue.
"""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.settings import to_table, whole
from glassnet.nn.stream import random_stream
from glassnet.nn.threads import matrix_threads, processors
from glassnet.train.data import check_monitor, fingerprint, prepare
from glassnet.train.failure import failure, probe
from glassnet.train.history import DivergenceError, History, Record
from glassnet.train.interrupt import first_interrupt
from glassnet.train.metrics import Examples, count_correct, measure
from glassnet.train.pieces import batches_of, default_shards
from glassnet.train.plan import Plan
from glassnet.train.ranks import Ranks, bits_depend_on
from glassnet.train.steps import Steps
from glassnet.train.training import BestNetwork, Snapshot, Training, TrainingState

NOT_ENTERED = "a Trainer trains in a with block: with Trainer(network, train, plan) as trainer: trainer.step()"


class Trainer:
    """A training, step by step; a context manager, because it may start other workers.

        with Trainer(network, train, Plan(epochs=3)) as trainer:
            trainer.step()
            then = trainer.state()
            trainer.epoch()
            trainer.restore(then)

    The network is changed in place, from the moment the `with` block is entered. With `plan.average` it holds the
    current weights inside the block, and their average afterwards.

    Args:
        network: the network to train.
        train: a split of a dataset or a pair (x, y); y are labels (N,), one-hot rows, or real targets (N, M).
        plan: the settings of the training.
        validation: as train; measured after each epoch.
        sample_weights: the weight of each example in the loss (N,); multiplied by the weight of its class.
        monitor: the value of the history that decides which network is best; by default the last one measured.
        workers: the number of shards computed at once; by default all processors. Changes no bit of the result.
        ranks: processes that train together, each with this Trainer: `Ranks`, or a communicator of mpi4py. Changes no
            bit either.

    Attributes:
        data: the checked and converted examples, and the names of the measured values.

    Raises:
        InputError: the data or the settings cannot be used; nothing was changed.
    """

    def __init__(
        self,
        network: Network,
        train: Any,
        plan: Plan | None = None,
        *,
        validation: Any = None,
        sample_weights: Any = None,
        monitor: str | None = None,
        workers: int | None = None,
        ranks: Any = None,
    ) -> None:
        require(isinstance(network, Network), f"expected a Network, got {network!r}")
        require(plan is None or isinstance(plan, Plan), f"plan: expected a gn.Plan, got {plan!r}")
        self.network, self.plan = network, plan or Plan()
        self.ranks = ranks if ranks is None or isinstance(ranks, Ranks) else Ranks(ranks)
        usual = self.ranks.workers() if self.ranks else processors()
        self.workers = whole(usual if workers is None else workers, "workers", 1)
        self.data = prepare(network, train, self.plan, validation, sample_weights)
        self.monitor = monitor or self.data.measured[-1]
        check_monitor(self.monitor, self.data.measured)
        self.labelled = self.data.labelled
        rows, size = len(self.data.examples.rows), self.plan.batch_size
        self.batch_size = rows if size == "full" else min(size, rows)
        self.batches = batches_of(rows, self.batch_size, self.plan.remainder)
        self.shards = self.plan.shards or default_shards(network, self.batch_size)
        if self.ranks:
            self.ranks.check_enough(min(self.shards, self.batch_size))
        self.epoch_rows = 0, self.data.examples.rows  # the number of an epoch, and its rows in order
        self._training: Training | None = None
        self._steps: Steps | None = None
        self.intact = True  # False after a step was interrupted

    @property
    def training(self) -> Training:
        """The current state of the training."""
        if self._training is None:
            raise InputError(NOT_ENTERED)
        return self._training

    @property
    def steps(self) -> Steps:
        """The steps of the workers, and their shared memory."""
        if self._steps is None:
            raise InputError(NOT_ENTERED)
        return self._steps

    @property
    def history(self) -> History:
        """The records of the finished epochs."""
        return self.training.history

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or the training was stopped."""
        return self.training.finished

    def __enter__(self) -> Self:
        require(self._steps is None, "this Trainer is in a with block already: make another Trainer")
        network, plan = self.network, self.plan
        network.loss = self.data.loss
        if self.labelled and network.classes is None:
            network.classes = network.class_names
        elif not self.labelled and self.data.loss.for_numbers:
            network.classes = None  # from now on it predicts numbers
        network.adapt(self.data.examples.inputs, self.data.examples.rows)
        with np.errstate(over="ignore", invalid="ignore"):
            start_loss = probe(network, self.data).loss
        self._training = Training(
            network,
            plan,
            plan.optimizer.start(network.theta),
            BestNetwork(self.monitor),
            self._settings(),
            start_loss=start_loss,
            batches=len(self.batches),
            averages={"theta": network.theta.copy(), "buffers": network.buffers.copy()} if plan.average else {},
        )
        if self.ranks:
            self._join(self.ranks)
        self._open()
        return self

    def _join(self, ranks: Ranks) -> None:
        """Begin to train together with the other ranks.

        Raises:
            DifferentRanksError: they differ in something that affects the result.
        """
        training, validation = self.training, self.data.validation
        known = bits_depend_on(self.network.theta, self.network.buffers)
        held_out = None if validation is None else fingerprint(validation, None)
        ranks.check_same({**known, **training.settings, "validation data": held_out})
        ranks.told_to_end = lambda: training.interrupted
        training.decide, training.share_state = ranks.from_rank_0, lambda: self.steps.share_state()
        training.leads = ranks.leads

    def _open(self) -> None:
        """Start the workers."""
        training, plan = self.training, self.plan
        steps = Steps(
            self.network,
            self.data.examples,
            plan,
            self.learn,
            training.optimizer_state,
            weights=self.data.weights,
            averages=training.averages,
            batch_size=self.batch_size,
            shards=self.shards,
            workers=self.workers,
            ranks=self.ranks,
        )
        self._steps = steps  # the workers inherit it
        with ExitStack() as stack:
            stack.callback(self._forget)
            stack.enter_context(matrix_threads(plan.blas_threads if plan.blas_threads or self.shards == 1 else 1))
            stack.enter_context(steps)
            self.opened = stack.pop_all()

    def _forget(self) -> None:
        self._steps = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.ranks and error is None and self.intact and self.training.averages:
            self.ranks.share_parts(self.training.averages["theta"])
        self.opened.__exit__(kind, error, trace)
        if not self.intact:
            self.training.last.restore(self.network)
        elif self.training.averages and error is None:
            np.copyto(self.network.theta, self.training.averages["theta"])
            np.copyto(self.network.buffers, self.training.averages["buffers"])

    def step(self) -> None:
        """Take the next step. After the last step of an epoch, measure the epoch and add its record to the history.

        Ctrl-C waits for the end of the step. After an error within a step, call `restore` before the next step.

        Raises:
            InputError: the training is over, or was interrupted within a step; `plan.augment` returned something that
                cannot be used.   DivergenceError: the loss is not finite; the network is as it was after the last
                finished epoch.   WorkerError: another worker has failed.
        """
        training = self.training
        self._check_intact()
        self.next_epoch()
        interrupts: list[bool] = []
        try:
            self.intact = False
            with first_interrupt(lambda: interrupts.append(True)), np.errstate(over="ignore", invalid="ignore"):
                if training.batch < training.batches:  # else it was restored to a state just before the measurement
                    self.begin()
                    self.learn()
                    self.end()
                if training.batch == training.batches:
                    self.measure()
            self.intact = True
        except DivergenceError:
            training.last.restore(self.network)
            raise
        if self.ranks.any(bool(interrupts)) if self.ranks else interrupts:
            raise KeyboardInterrupt

    def epoch(self) -> Record:
        """Continue to the end of this epoch, or take a whole new one; return its record.

        Raises:
            InputError, DivergenceError, WorkerError: as `step`.
        """
        finished = len(self.history)
        while len(self.history) == finished:
            self.step()
        return self.history.records[-1]

    def state(self) -> TrainingState:
        """A copy of the whole state of the training, for `restore` or for a file; all ranks must call it together."""
        self._check_intact()
        return self.training.state()

    def restore(self, state: TrainingState) -> None:
        """Set the training to a state, bit for bit. The state may be earlier or later, or from another training with
        the same settings.

        Raises:
            InputError: the state belongs to another training, or is damaged; nothing was changed.
        """
        require(self._steps is not None, NOT_ENTERED)
        if self.intact:
            self.training.restore(state)
            return
        self.opened.close()  # the other workers may be in the middle of the interrupted step, so restart them
        try:
            self.training.restore(state)
            self.intact = True
        finally:
            self._open()

    def _check_intact(self) -> None:
        require(self._steps is not None, NOT_ENTERED)
        require(self.intact, "this training was interrupted within a step: call restore(state) with one of its states")

    def failure(self) -> str | None:
        """A message if the training ended no better than it began, with the usual causes; None if it did not fail."""
        with np.errstate(over="ignore", invalid="ignore"):
            return failure(self.training, self.data)

    def next_epoch(self) -> None:
        """Begin the next epoch, if the current one is finished and measured.

        Raises:
            InputError: the current one was the last, or the training was stopped.
        """
        training = self.training
        stopped = training.history.stopped
        require(stopped is None, f"the training is over: it was stopped, for {stopped}")
        if len(training.history) < training.epoch:
            return
        require(training.epoch < training.epochs, f"the training is over: it had all its {training.epochs} epochs")
        training.epoch += 1
        training.batch = training.correct = 0
        training.weight = training.loss_sum = training.seconds = 0.0

    def begin(self) -> None:
        """Begin a step: choose its batch and learning rate, and start the other workers."""
        training, plan = self.training, self.plan
        self.started = time.perf_counter()
        rows = self._rows_of_epoch()[self.batches[training.batch]]
        step = (training.epoch - 1) * training.batches + training.batch
        factor = plan.schedule.factor(step, training.epochs * training.batches)
        training.learning_rate = plan.optimizer.lr * training.rate * factor
        self.batch = self.steps.begin(rows, step, lr=training.learning_rate)

    def learn(self, worker: int = 0) -> None:
        """The part of one worker in a step: forward, loss and backward of its shards, then the update of its blocks.

        A shard is a part of the batch. A block is a part of the vector of parameters.
        """
        steps, optimizer = self.steps, self.plan.optimizer
        batch, reader = steps.current_batch(), steps.readers[worker]
        network = reader.network
        for shard in steps.shards_of(worker, batch):
            x, y, weights = reader.take(shard.rows, shard.gradient, shard.observed, step=batch.step, shard=shard.number)
            logits = network.forward(x, training=True)
            loss, prediction = network.loss.forward(logits, y, weights=weights, total=batch.weight)
            dlogits = network.loss.backward(prediction, y, weights=weights, total=batch.weight)
            network.backward_parameters(dlogits)
            steps.record(shard, loss, count_correct(network, prediction, y) if self.labelled else 0)
        for block in steps.blocks_of(worker, batch):
            optimizer.update(block.theta, block.sum, block.state, lr=batch.lr, step=batch.step)
            steps.averaged(block, batch)

    def end(self) -> None:
        """End a step: wait for the other workers, and add its results to those of the epoch.

        Raises:
            DivergenceError, WorkerError: as `step`.
        """
        training = self.training
        loss, correct = self.steps.end(self.batch)
        if not math.isfinite(loss):
            raise self.divergence(training.batch + 1)
        training.batch += 1
        training.weight += self.batch.weight
        training.loss_sum += loss * self.batch.weight
        training.correct += correct
        training.seconds += time.perf_counter() - self.started

    def measure(self) -> None:
        """End an epoch: measure it, and add its record to the history.

        Raises:
            DivergenceError: parameters or validation outputs are not finite.
        """
        training, network = self.training, self.network
        if not np.isfinite(network.theta).all():
            raise self.divergence(training.batch)
        started = time.perf_counter()
        record: Record = {"epoch": training.epoch, "training_loss": training.loss}
        if self.labelled:
            record["training_accuracy"] = training.correct / training.seen
        with self._averaged():
            if self.plan.penalties:
                arrays = [segment.view(network.theta) for segment in network.segments if segment.is_weight]
                record["penalty"] = sum(penalty.forward(W) for penalty in self.plan.penalties for W in arrays)
            if self.data.validation:
                record |= self._validate(self.data.validation)
            training.seconds += time.perf_counter() - started
            record |= {"learning_rate": training.learning_rate, "seconds": training.seconds}
            training.history.records.append(record)
            training.history.kept_epoch = training.epoch
            training.best.observe(training)  # may copy training.last, so this comes first
            training.last.take(network)

    def _validate(self, validation: Examples) -> Record:
        workers = self.workers if self.shards > 1 else 1
        try:
            loss, accuracy = measure(self.network, validation, workers=workers)
        except InputError:  # the weights are finite, but the outputs are not
            raise self.divergence(self.training.batch) from None
        if not math.isfinite(loss):
            raise self.divergence(self.training.batch)
        return {"validation_loss": loss} | ({} if accuracy is None else {"validation_accuracy": accuracy})

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Inside, the network holds the averaged weights, if weights are averaged."""
        if not self.training.averages:
            yield
            return
        current = Snapshot(self.network)
        if self.ranks:
            self.ranks.share_parts(self.training.averages["theta"])
        np.copyto(self.network.theta, self.training.averages["theta"])
        np.copyto(self.network.buffers, self.training.averages["buffers"])
        try:
            yield
        finally:
            current.restore(self.network)

    def _rows_of_epoch(self) -> Array:
        """The rows of the examples, in the order of this epoch."""
        epoch, rows = self.training.epoch, self.data.examples.rows
        if self.epoch_rows[0] != epoch:
            shuffled = self.plan.shuffle
            rng = random_stream(self.plan.seed, "shuffle", epoch)
            self.epoch_rows = epoch, rows[rng.permutation(len(rows))] if shuffled else rows
        return self.epoch_rows[1]

    def _settings(self) -> dict[str, Any]:
        """The settings that must be the same when a training continues from a state."""
        return self.plan.to_table() | {
            "layers": [to_table(layer) for layer in self.network.layers],
            "loss": to_table(self.data.loss),
            "examples": len(self.data.examples.rows),
            "batch_size": self.batch_size,
            "shards": self.shards,
            "dtype": str(self.network.dtype),
            "measured": self.data.measured,
            "monitor": self.monitor,
            "data": fingerprint(self.data.examples, self.data.weights),
        }

    def divergence(self, batch: int) -> DivergenceError:
        """The error for a loss that is not finite in this batch of the current epoch."""
        training = self.training
        state_kept = f"as it was after epoch {training.epoch - 1}" if training.epoch > 1 else "as it was at the start"
        rate = training.learning_rate
        return DivergenceError(
            f"the loss is no longer a finite number in epoch {training.epoch}, batch {batch} of {training.batches}; "
            f"the network is kept {state_kept}. Lower the learning rate (it was {rate:g}; try {rate / 10:g}), "
            "and check that the inputs are scaled",
            training.history,
        )
