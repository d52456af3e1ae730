"""A training that can be held: it takes a step when asked, gives its whole state, and goes back to any state it gave.

Whoever asks decides when to go on: `fit`, a page, a notebook.
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
from glassnet.train.crew import processors
from glassnet.train.data import check_monitor, fingerprint, prepare
from glassnet.train.failure import failure, probe
from glassnet.train.history import DivergenceError, History, Record
from glassnet.train.interrupt import first_interrupt
from glassnet.train.metrics import Examples, count_right, matrix_threads, measure
from glassnet.train.plan import Plan
from glassnet.train.steps import Steps
from glassnet.train.training import BestNetwork, Snapshot, Training, TrainingState

NOT_ENTERED = "a Trainer trains in a with block: with Trainer(network, train, plan) as trainer: trainer.step()"


class Trainer:
    """A training, step by step; a context manager, for it may hold other workers.

        with Trainer(network, train, Plan(epochs=3)) as trainer:
            trainer.step()
            then = trainer.state()
            trainer.epoch()
            trainer.restore(then)

    The network is changed in place, from the moment the trainer is entered. With `plan.average` it holds the weights
    themselves inside, and their average afterwards.

    Args:
        network: to be trained.
        train: a split of a dataset or a pair (x, y); y are labels (N,), one-hot rows, or real targets (N, M).
        plan: the settings of the training.
        validation: as train, to measure after each epoch.
        sample_weights: how much each example counts in the loss (N,); multiplied with those of their classes.
        monitor: the value of the history by which the best network is known; by default the last one measured.
        workers: how many shards run at once, all processors by default; changes no bit of the result.

    Attributes:
        data: the examples, as they are used, and what is measured on them.

    Raises:
        InputError: data or settings that cannot be used; nothing was changed.
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
    ) -> None:
        require(isinstance(network, Network), f"expected a Network, got {network!r}")
        require(plan is None or isinstance(plan, Plan), f"plan: expected a gn.Plan, got {plan!r}")
        self.network, self.plan = network, plan or Plan()
        self.workers = whole(processors() if workers is None else workers, "workers", 1)
        self.data = prepare(network, train, self.plan, validation, sample_weights)
        self.monitor = monitor or self.data.measured[-1]
        check_monitor(self.monitor, self.data.measured)
        self.labelled = self.data.labelled
        rows, size = len(self.data.examples.rows), self.plan.batch_size
        self.batch_size = rows if size == "full" else min(size, rows)
        self.order = 0, self.data.examples.rows  # the epoch, and in which order it takes the examples
        self._training: Training | None = None
        self._steps: Steps | None = None
        self.whole = True  # no step was broken off

    @property
    def training(self) -> Training:
        """Where the training is now."""
        if self._training is None:
            raise InputError(NOT_ENTERED)
        return self._training

    @property
    def steps(self) -> Steps:
        """What the workers share."""
        if self._steps is None:
            raise InputError(NOT_ENTERED)
        return self._steps

    @property
    def history(self) -> History:
        """What happened in each epoch that is over."""
        return self.training.history

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or the training was stopped."""
        return self.training.finished

    def __enter__(self) -> Self:
        require(self._steps is None, "this Trainer is in a with block already: make another one")
        network, plan = self.network, self.plan
        network.loss = self.data.loss
        if self.labelled and network.classes is None:
            network.classes = network.class_names
        elif not self.labelled and self.data.loss.for_numbers:
            network.classes = None  # it learns numbers now, and predicts them
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
            batches=math.ceil(len(self.data.examples.rows) / self.batch_size),
            averages={"theta": network.theta.copy(), "buffers": network.buffers.copy()} if plan.average else {},
        )
        self._open()
        return self

    def _open(self) -> None:
        """Let the workers start."""
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
            workers=self.workers,
        )
        self._steps = steps  # the workers inherit it
        with ExitStack() as stack:
            stack.callback(self._forget)
            stack.enter_context(matrix_threads(plan.blas_threads if plan.blas_threads or plan.shards == 1 else 1))
            stack.enter_context(steps)
            self.opened = stack.pop_all()

    def _forget(self) -> None:
        self._steps = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.opened.__exit__(kind, error, trace)
        if not self.whole:
            self.training.last.restore(self.network)
        elif self.training.averages and error is None:
            np.copyto(self.network.theta, self.training.averages["theta"])
            np.copyto(self.network.buffers, self.training.averages["buffers"])

    def step(self) -> None:
        """Take the next step. After the last one of an epoch, the epoch is measured, and the history has its record.

        Ctrl-C waits for the end of the step. After an error within one, training goes on from a state that is restored.

        Raises:
            InputError: the training is over, or was broken off within a step; a change by `plan.augment` that cannot
                be used.   DivergenceError: the loss is not finite; the network is as it was after the last whole epoch.
            WorkerError: another worker has failed.
        """
        training = self.training
        self._check_whole()
        self.next_epoch()
        told: list[bool] = []
        try:
            self.whole = False
            with first_interrupt(lambda: told.append(True)), np.errstate(over="ignore", invalid="ignore"):
                if training.batch < training.batches:  # else its state was taken before it was measured
                    self.begin()
                    self.learn()
                    self.end()
                if training.batch == training.batches:
                    self.measure()
            self.whole = True
        except DivergenceError:
            training.last.restore(self.network)
            raise
        if told:
            raise KeyboardInterrupt

    def epoch(self) -> Record:
        """Go on to the end of this epoch, or take a whole one; returns its record.

        Raises:
            InputError, DivergenceError, WorkerError: as `step`.
        """
        finished = len(self.history)
        while len(self.history) == finished:
            self.step()
        return self.history.records[-1]

    def state(self) -> TrainingState:
        """All there is to know of the training, to go back to or to keep."""
        self._check_whole()
        return self.training.state()

    def restore(self, state: TrainingState) -> None:
        """Go to a state of this training, earlier or later, or of another one with the same settings, bit for bit.

        Raises:
            InputError: it is of another training, or damaged; then nothing was changed.
        """
        require(self._steps is not None, NOT_ENTERED)
        if self.whole:
            self.training.restore(state)
            return
        self.opened.close()  # the other workers may be anywhere in the step that was broken off: they start anew
        try:
            self.training.restore(state)
            self.whole = True
        finally:
            self._open()

    def _check_whole(self) -> None:
        require(self._steps is not None, NOT_ENTERED)
        require(self.whole, "this training was broken off within a step: go back to a state of it with restore(state)")

    def failure(self) -> str | None:
        """What to tell of a training that ended no better than it began, and its usual causes; None if it is well."""
        with np.errstate(over="ignore", invalid="ignore"):
            return failure(self.training, self.data)

    def next_epoch(self) -> None:
        """Begin the next epoch, if this one is over and measured.

        Raises:
            InputError: it was the last one, or the training was stopped.
        """
        training = self.training
        stopped = training.history.stopped
        require(stopped is None, f"the training is over: it was stopped, for {stopped}")
        if len(training.history) < training.epoch:
            return
        require(training.epoch < training.epochs, f"the training is over: it had all its {training.epochs} epochs")
        training.epoch += 1
        training.batch = training.right = 0
        training.weight = training.loss_sum = training.seconds = 0.0

    def begin(self) -> None:
        """Begin a step: choose its batch and rate, and let the other workers start."""
        training, plan = self.training, self.plan
        self.started = time.perf_counter()
        rows = self._order()[training.batch * self.batch_size : (training.batch + 1) * self.batch_size]
        step = (training.epoch - 1) * training.batches + training.batch
        factor = plan.schedule.factor(step, training.epochs * training.batches)
        training.learning_rate = plan.optimizer.lr * training.rate * factor
        self.batch = self.steps.begin(rows, step, lr=training.learning_rate)

    def learn(self, worker: int = 0) -> None:
        """What one worker does in a step: forward, loss and backward of its shards, and the update of its blocks."""
        steps, optimizer = self.steps, self.plan.optimizer
        batch, reader = steps.told_batch(), steps.readers[worker]
        network = reader.network
        for shard in steps.shards_of(worker, batch):
            x, y, weights = reader.take(shard.rows, shard.gradient, shard.observed, step=batch.step, shard=shard.number)
            logits = network.forward(x, training=True)
            loss, prediction = network.loss.forward(logits, y, weights=weights, total=batch.weight)
            dlogits = network.loss.backward(prediction, y, weights=weights, total=batch.weight)
            network.backward_parameters(dlogits)
            steps.keep(shard, loss, count_right(network, prediction, y) if self.labelled else 0)
        for block in steps.blocks_of(worker, batch):
            optimizer.update(block.theta, block.sum, block.state, lr=batch.lr, step=batch.step)
            steps.averaged(block, batch)

    def end(self) -> None:
        """End a step: wait for the other workers, and count what it gave.

        Raises:
            DivergenceError, WorkerError: as `step`.
        """
        training = self.training
        loss, right = self.steps.end(self.batch)
        if not math.isfinite(loss):
            raise self._ran_away(training.batch + 1)
        training.batch += 1
        training.weight += self.batch.weight
        training.loss_sum += loss * self.batch.weight
        training.right += right
        training.seconds += time.perf_counter() - self.started

    def measure(self) -> None:
        """End an epoch: measure it, and write its record into the history.

        Raises:
            DivergenceError: parameters or validation outputs are not finite.
        """
        training, network = self.training, self.network
        if not np.isfinite(network.theta).all():
            raise self._ran_away(training.batch)
        started = time.perf_counter()
        record: Record = {"epoch": training.epoch, "training_loss": training.loss}
        if self.labelled:
            record["training_accuracy"] = training.right / training.seen
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
            training.best.observe(training)  # may want the last network still
            training.last.take(network)

    def _validate(self, validation: Examples) -> Record:
        workers = self.workers if self.plan.shards > 1 else 1
        try:
            loss, accuracy = measure(self.network, validation, workers=workers)
        except InputError:  # the weights are finite still, but the outputs are not
            raise self._ran_away(self.training.batch) from None
        if not math.isfinite(loss):
            raise self._ran_away(self.training.batch)
        return {"validation_loss": loss} | ({} if accuracy is None else {"validation_accuracy": accuracy})

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Meanwhile the network is the average of those so far, if weights are averaged."""
        if not self.training.averages:
            yield
            return
        now = Snapshot(self.network)
        np.copyto(self.network.theta, self.training.averages["theta"])
        np.copyto(self.network.buffers, self.training.averages["buffers"])
        try:
            yield
        finally:
            now.restore(self.network)

    def _order(self) -> Array:
        """The rows of the examples, in the order in which this epoch takes them."""
        epoch, rows = self.training.epoch, self.data.examples.rows
        if self.order[0] != epoch:
            shuffled = self.plan.shuffle
            rng = random_stream(self.plan.seed, "shuffle", epoch)
            self.order = epoch, rows[rng.permutation(len(rows))] if shuffled else rows
        return self.order[1]

    def _settings(self) -> dict[str, Any]:
        """What must be the same when a training goes on from a state."""
        return self.plan.to_table() | {
            "layers": [to_table(layer) for layer in self.network.layers],
            "loss": to_table(self.data.loss),
            "examples": len(self.data.examples.rows),
            "batch_size": self.batch_size,
            "dtype": str(self.network.dtype),
            "measured": self.data.measured,
            "monitor": self.monitor,
            "data": fingerprint(self.data.examples, self.data.weights),
        }

    def _ran_away(self, batch: int) -> DivergenceError:
        training = self.training
        kept = f"as it was after epoch {training.epoch - 1}" if training.epoch > 1 else "as it was at the start"
        rate = training.learning_rate
        return DivergenceError(
            f"the loss is no longer a finite number in epoch {training.epoch}, batch {batch} of {training.batches}; "
            f"the network is kept {kept}. Lower the learning rate (it was {rate:g}; try {rate / 10:g}), "
            "and see that the inputs are scaled",
            training.history,
        )
