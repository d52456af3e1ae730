"""The timeline of a training: where it is, and the way back to every step that it has taken.

A training is its state and a rule that takes it one step on. The rule draws every random number from a stream that the
number of the step addresses, so it has no memory of its own: the same state goes the same way, to the same bits. So
going back to a step needs no rule in reverse. It needs an earlier state, a *snapshot*, and the steps from there taken
once more, the *replay*.

Keeping every state would cost too much memory, keeping only the first would cost too much time. Snapshots therefore
grow rarer with their distance from where one is: near it every step counts, far from it a longer replay is bearable.

    steps    0 . . . . . . . . . . . . . . . . . . . . . . . . now
    kept     *               *               *       *   *  * *
"""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.network import Network
from glassnet.nn.plain import shown
from glassnet.train.callbacks import Callback, monitor_of
from glassnet.train.history import DivergenceError, Record
from glassnet.train.trainer import Trainer
from glassnet.train.training import TrainingState

MEMORY = 256 * 2**20  # bytes of all snapshots
MOST = 256  # snapshots
COST = 0.02  # the largest share of the time that taking snapshots may use while a training runs
STEPS = 50_000  # losses kept


class Timeline:
    """A training that can be taken to any step that it has reached, with the same bits whatever the way.

        with Trainer(network, train, plan) as trainer:
            timeline = Timeline(trainer)
            timeline.step()
            timeline.back()

    Position 0 is the start, position p is after p steps. The step that ends an epoch also measures it, and calls the
    callbacks, which act as in `fit`.

    Args:
        trainer: inside its `with` block, at its start.
        callbacks: those of the recipe; all they know must follow from the history when `on_start` is called.
        memory: the bytes that snapshots may take; the one of the start is always kept.
        steps: the number of losses that are kept; of a longer training every second, every fourth, ... is.
        watch: called between the steps of a replay, which may be long; what it raises ends the replay there.

    Attributes:
        furthest: the last position that was ever reached.
        records: of the epochs up to there; they stay when the training is taken back.
        loss: the mean loss of the batch of the last step, before it; None at the start.
        first_loss: that of the first step, once it was taken.
        prints: the fingerprint of the weights at the start, and after 1, 2, 4, 8, ... steps.
        problem: why the training cannot take the next step; None if it can.
    """

    def __init__(
        self,
        trainer: Trainer,
        callbacks: Sequence[Callback] = (),
        *,
        memory: int = MEMORY,
        steps: int = STEPS,
        watch: Callable[[], None] | None = None,
    ) -> None:
        self.trainer, self.training, self.callbacks = trainer, trainer.training, tuple(callbacks)
        self.watch = watch
        self.memory, self.steps = memory, steps
        self.furthest = 0
        self.records: list[Record] = []
        self.loss: float | None = None
        self.first_loss: float | None = None
        self.problem: str | None = None
        self.losses: list[float] = []  # of the positions stride, 2 stride, 3 stride, ...
        self.stride = 1
        self.snapshots: dict[int, TrainingState] = {}
        self.prints = {0: fingerprint(self.training.network)}
        self.due_at = 0.0  # when the next snapshot may be taken
        trainer.steps.keep_gradients()
        for callback in self.callbacks:
            callback.on_start(self.training)
        self._keep()

    @property
    def position(self) -> int:
        """The number of steps taken from the start."""
        return (self.training.epoch - 1) * self.training.batches + self.training.batch

    @property
    def finished(self) -> bool:
        """Whether there is no next step: all epochs are over, or a callback has stopped the training."""
        return self.training.finished

    def step(self) -> None:
        """Take the next step. If the training diverges in it, stay at the last finite one; `problem` then says so.

        Raises:
            InputError: the training is over.   WorkerError: another worker has failed.
        """
        position = self.position
        self.problem = None
        try:
            self._advance()
        except DivergenceError as error:
            kept = r"the network is kept as it was (after epoch \d+|at the start)"
            self.problem = re.sub(kept, "the training stands at the step before", str(error))
            self.furthest = position  # what may have been reached beyond it cannot be used
            self._replay(position)
            return
        if time.perf_counter() >= self.due_at:
            self._keep()

    def back(self) -> None:
        """Go back by one step.

        Raises:
            InputError: this is the start.
        """
        require(self.position > 0, "this is the start: there is no step to take back")
        self.go(self.position - 1)

    def start(self) -> None:
        """Go back to the start."""
        self.go(0)

    def go(self, position: int) -> None:
        """Go to any position that was reached before.

        Raises:
            InputError: this position was never reached.
        """
        is_known = 0 <= position <= self.furthest
        require(is_known, f"expected a step from 0 to {self.furthest:,}, the last one taken, got {shown(position)}")
        self.problem = None
        if position != self.position:
            self._replay(position)

    def curve(self, after: int = 0) -> tuple[Array, Array]:
        """The positions after this one and the losses of the steps that led there, (n,) each."""
        first = after // self.stride
        losses = np.array(self.losses[first:], np.float32)
        return (np.arange(len(losses)) + first + 1) * self.stride, losses

    def gradient(self) -> Array | None:
        """A copy of the gradient that the last step followed, laid out as `theta`; None at the start."""
        return self.trainer.steps.kept.copy() if self.position else None

    def give(self, network: Network) -> None:
        """Copy into a network what `fit` would return if the training ended here.

        That is the running mean if weights are averaged, and the best network if early stopping has chosen one.
        """
        training = self.training
        theta, buffers = training.network.theta, training.network.buffers
        chosen = training.history.stopped or monitor_of(self.callbacks)
        if training.finished and chosen and training.best.snapshot:
            theta, buffers = training.best.snapshot.theta, training.best.snapshot.buffers
        elif training.averages:
            theta, buffers = training.averages["theta"], training.averages["buffers"]
        np.copyto(network.theta, theta)
        np.copyto(network.buffers, buffers)

    # What follows takes steps and keeps snapshots.

    def _advance(self) -> None:
        """Take one step, and keep what it gave if this position is new."""
        training = self.training
        before = training.loss_sum if training.batch < training.batches else 0.0  # a new epoch begins at 0
        self.trainer.step()
        if not _finite(training.network.theta):
            raise self.trainer.divergence(training.batch)
        self.loss = (training.loss_sum - before) / self.trainer.batch.weight
        if training.batch == training.batches:
            self._end_epoch()
        if self.position > self.furthest:
            self.furthest = self.position
            self._note(self.loss)
        if self.position == 1:
            self.first_loss = self.loss
        if self.position & (self.position - 1) == 0:
            self.prints[self.position] = fingerprint(training.network)

    def _end_epoch(self) -> None:
        records, epoch = self.training.history.records, self.training.epoch
        if epoch > len(self.records):
            self.records.append(records[-1])
        records[-1] = self.records[epoch - 1]  # the seconds are those of the first time
        for callback in self.callbacks:
            callback.on_epoch(self.training)

    def _note(self, loss: float) -> None:
        if self.furthest % self.stride == 0:
            self.losses.append(loss)
        if len(self.losses) > self.steps:
            self.losses, self.stride = self.losses[1::2], 2 * self.stride

    def _replay(self, goal: int) -> None:
        """Go to a position from the nearest snapshot before it.

        The last step is always taken anew, so that its loss and gradient are there. On the way snapshots are kept at
        growing distances from the goal: the next steps back find one nearby.
        """
        nearest = max(p for p in self.snapshots if p < goal or p == 0)
        if not nearest <= self.position < goal:
            self._restore(nearest)
        while self.position < goal:
            self._advance()
            behind = goal - self.position - 1  # the step back from the goal needs a snapshot two steps behind it
            if behind > 0 and behind & (behind - 1) == 0 and self.position not in self.snapshots:  # 1, 2, 4, 8, ...
                self._keep()
            if self.watch:
                self.watch()
        if goal == 0:
            self.loss = None

    def _restore(self, position: int) -> None:
        state = self.snapshots[position]
        values = state.values | {"history": self.records[: state.values["history"]]}
        self.trainer.restore(TrainingState(state.arrays, values))
        self.trainer.steps.keep_gradients()  # after an error, the trainer has new steps
        for callback in self.callbacks:
            callback.on_start(self.training)  # which learns anew from the history

    def _keep(self) -> None:
        """Keep a snapshot of this position, and drop others if they take too much memory."""
        started = time.perf_counter()
        state = self.trainer.state()
        state.values["history"] = len(self.training.history)  # the records themselves are kept once
        self._share(state)
        self.snapshots[self.position] = state
        while len(self.snapshots) > 1 and (len(self.snapshots) > MOST or self.bytes() > self.memory):
            del self.snapshots[self._dearest()]
        now = time.perf_counter()
        self.due_at = now + (now - started) / COST

    def _share(self, state: TrainingState) -> None:
        """Use the arrays that the neighbours hold already: the best and the last network change with epochs only."""
        for other in sorted(self.snapshots, key=lambda p: abs(p - self.position))[:2]:
            kept = self.snapshots[other]
            state.values["settings"] = kept.values["settings"]
            for kind, key in (("last.", "history"), ("best.", "best_epoch")):
                if kept.values[key] == state.values[key]:
                    state.arrays.update({name: a for name, a in kept.arrays.items() if name.startswith(kind)})

    def bytes(self) -> int:
        """The bytes of all snapshots; an array that several of them share counts once."""
        return sum({id(a): a.nbytes for state in self.snapshots.values() for a in state.arrays.values()}.values())

    def _dearest(self) -> int:
        """The snapshot whose loss hurts least: it leaves the smallest gap, measured by its distance from here."""
        kept = sorted(self.snapshots)
        after = [*kept[1:], kept[-1] + 1]

        def harm(i: int) -> float:
            return (after[i] - kept[i - 1]) / (1 + abs(kept[i] - self.position))

        return kept[min(range(1, len(kept)), key=harm)]


def _finite(vector: Array) -> bool:
    """Whether all values are finite; their sum of squares, if it is finite, says so in one quick pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(vector, vector)) or np.isfinite(vector).all())


def fingerprint(network: Network) -> str:
    """16 hexadecimal digits that tell whether two networks have the same bits: of the SHA-256 of theta and buffers."""
    checksum = hashlib.sha256(network.theta.tobytes())
    checksum.update(network.buffers.tobytes())
    return checksum.hexdigest()[:16]


def thinned(values: Sequence[Any] | Array, most: int) -> Any:
    """At most this many of the values, at equal distances, with the last one."""
    step = -(-len(values) // most) or 1
    return values[(len(values) - 1) % step :: step]
