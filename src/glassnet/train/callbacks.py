"""What may happen between epochs: watching, stopping, keeping the best network.

A callback is called by the training loop at fixed points. It reads the state of the training and may stop it.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import numpy as np

from glassnet.nn.network import Network
from glassnet.nn.optim import State
from glassnet.nn.settings import InputError, nearest, require, settle
from glassnet.train.history import History, Record


@dataclass
class Training:
    """The state of a training: all that a resumed one needs to go on as if it had never stopped.

    Attributes:
        network: as it is now.   optimizer_state: what its update rule remembers.
        averages: of its "theta" and "buffers"; empty if weights are not averaged.
        history: the finished epochs.   best: the best network so far.   last: as it was after the last whole epoch.
        settings: what must be the same when this training is resumed.
        epochs, batches: how many there are at the most, and in each epoch.
        epoch, batch: where training is, both from 1; batch is 0 before an epoch's first step.
        examples, weight, loss_sum, right: of this epoch so far: how many were seen, how much they count together, their
            loss, how many were right.
        rate: a factor on the learning rate, besides the schedule's; who changes it sets it again when resumed.
        seconds: spent on this epoch before it was resumed.
    """

    network: Network
    optimizer_state: State
    best: "BestNetwork"
    settings: dict[str, Any]
    epochs: int
    batches: int
    history: History = field(default_factory=History)
    epoch: int = 1
    batch: int = 0
    averages: State = field(default_factory=dict)
    examples: int = 0
    weight: float = 0.0
    loss_sum: float = 0.0
    right: int = 0
    seconds: float = 0.0
    rate: float = 1.0
    last: "Snapshot" = field(init=False)

    def __post_init__(self) -> None:
        self.last = Snapshot(self.network)

    @property
    def loss(self) -> float:
        """The mean training loss of this epoch so far; NaN before its first step."""
        return self.loss_sum / (self.weight or 1.0) if self.examples else math.nan

    def stop(self, reason: str) -> None:
        """End the training after this epoch; the reason is kept in the history."""
        self.history.stopped = reason


class Snapshot:
    """The parameters and buffers of a network at one moment."""

    def __init__(self, network: Network) -> None:
        self.theta, self.buffers = network.theta.copy(), network.buffers.copy()

    def take(self, network: Network) -> None:
        """Remember the network as it is now instead."""
        np.copyto(self.theta, network.theta)
        np.copyto(self.buffers, network.buffers)

    def restore(self, network: Network) -> None:
        """Make the network what it was."""
        np.copyto(network.theta, self.theta)
        np.copyto(network.buffers, self.buffers)


class Callback:
    """Called by the training loop; every method may be left out."""

    holds_training: ClassVar[bool] = False  # whether it keeps the whole training: first to start, last after an epoch

    def on_start(self, training: Training) -> None:
        """Before the first epoch."""

    def on_batch(self, training: Training) -> None:
        """After each step of the optimizer."""

    def on_epoch(self, training: Training) -> None:
        """After each epoch; its record is the last of training.history."""

    def on_end(self, training: Training) -> None:
        """After the last epoch, also when training was stopped or interrupted; not after an error."""


@final
@dataclass
class EarlyStopping(Callback):
    """Stop when a monitored value has not become better for some epochs, and give back the best network.

    Args:
        monitor: a value of the history: "validation_accuracy", "validation_loss", "training_loss", ...
        patience: how many epochs in a row without improvement end the training, at least 1.
        min_delta: what counts as an improvement: better than the best so far by more than this.
    """

    monitor: str = "validation_accuracy"
    patience: int = 10
    min_delta: float = 0.0

    best: float = field(init=False, default=math.nan, repr=False, compare=False)
    best_epoch: int = field(init=False, default=0, repr=False, compare=False)

    def __post_init__(self) -> None:
        settle(self)
        require(self.patience >= 1, f"EarlyStopping: patience must be at least 1 epoch, got {self.patience}")
        require(self.min_delta >= 0, f"EarlyStopping: min_delta must not be negative, got {self.min_delta}")

    def on_start(self, training: Training) -> None:
        self.best, self.best_epoch = math.nan, 0
        for record in training.history:  # a resumed training has some already
            self.observe(record)
        self.stop_if_patience_ended(training)

    def on_epoch(self, training: Training) -> None:
        self.observe(training.history.records[-1])
        self.stop_if_patience_ended(training)

    def stop_if_patience_ended(self, training: Training) -> None:
        if len(training.history) - self.best_epoch >= self.patience:
            training.stop(
                f"{self.monitor} has not improved for {self.patience} epochs (best {self.best:.4f}, "
                f"epoch {self.best_epoch})"
            )

    def observe(self, record: Record) -> None:
        value = record[self.monitor]
        if is_better(value, self.best, self.monitor, self.min_delta):
            self.best, self.best_epoch = value, int(record["epoch"])


@final
@dataclass
class ReduceOnPlateau(Callback):
    """Lower the learning rate when a monitored value has not become better for some epochs.

    Args:
        monitor: a value of the history: "validation_loss", "validation_accuracy", "training_loss", ...
        factor: by what the rate is multiplied each time, above 0 and below 1.
        patience: how many epochs in a row without improvement lower it, at least 1.
        min_delta: what counts as an improvement: better than the best so far by more than this.
    """

    monitor: str = "validation_loss"
    factor: float = 0.5
    patience: int = 5
    min_delta: float = 0.0

    best: float = field(init=False, default=math.nan, repr=False, compare=False)
    waited: int = field(init=False, default=0, repr=False, compare=False)

    def __post_init__(self) -> None:
        settle(self)
        require(0 < self.factor < 1, f"ReduceOnPlateau: factor must be above 0 and below 1, got {self.factor}")
        require(self.patience >= 1, f"ReduceOnPlateau: patience must be at least 1 epoch, got {self.patience}")
        require(self.min_delta >= 0, f"ReduceOnPlateau: min_delta must not be negative, got {self.min_delta}")

    def on_start(self, training: Training) -> None:
        self.best, self.waited = math.nan, 0
        for record in training.history:  # a resumed training has some already
            self.observe(record, training)

    def on_epoch(self, training: Training) -> None:
        self.observe(training.history.records[-1], training)

    def observe(self, record: Record, training: Training) -> None:
        value = record[self.monitor]
        if is_better(value, self.best, self.monitor, self.min_delta):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            training.rate *= self.factor
            self.waited = 0


class BestNetwork:
    """Remembers the network of the epoch with the best monitored value.

    Attributes:
        epoch, value: of the best network; 0 and NaN before the first epoch.   snapshot: the network itself.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.value = math.nan
        self.epoch = 0
        self.snapshot: Snapshot | None = None

    def on_epoch(self, training: Training) -> None:
        value = training.history.records[-1][self.monitor]
        if is_better(value, self.value, self.monitor):
            # With one batch an epoch, the training loss is that of the network before its only step.
            before = self.monitor.startswith("training") and training.batches == 1
            snapshot = copy.deepcopy(training.last) if before else Snapshot(training.network)
            self.snapshot, self.value, self.epoch = snapshot, value, training.epoch
            training.history.best_epoch = training.epoch

    def restore(self, training: Training) -> None:
        """Give the network its best parameters back."""
        if self.snapshot:
            self.snapshot.restore(training.network)
            training.history.kept_epoch = self.epoch


def is_better(value: float, best: float, name: str, by: float = 0.0) -> bool:
    """Whether a value beats the best so far by more than `by`: accuracies are to rise, all else is to fall."""
    if math.isnan(best):
        return not math.isnan(value)
    return value > best + by if name.endswith("accuracy") else value < best - by


def monitor_of(callbacks: Sequence[Callback], measured: Sequence[str]) -> str:
    """The value by which the best network is known: that of early stopping, else the last of those measured.

    Raises:
        InputError: a callback is to monitor what is not measured.
    """
    monitors = [callback.monitor for callback in callbacks if isinstance(callback, EarlyStopping)]
    others = [callback.monitor for callback in callbacks if isinstance(callback, ReduceOnPlateau)]
    for monitor in (*monitors, *others):
        if monitor not in measured:
            absent = monitor.startswith("validation") and "validation_loss" not in measured
            needs = " (there is no validation data)" if absent else ""
            raise InputError(f"cannot monitor {monitor!r}{needs}; {nearest(monitor, measured)}")
    return monitors[0] if monitors else measured[-1]
