"""What may happen between epochs: watching, stopping, keeping the best network.

A callback is called by the training loop at fixed points. It reads the state of the training and may stop it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.settings import InputError, nearest, require
from glassnet.train.history import History, Record


@dataclass
class Training:
    """The state of a training, as callbacks and progress see it.

    Attributes:
        network: as it is now.   history: the finished epochs.
        epochs, batches: how many there are at the most, and in each epoch.
        epoch, batch: where training is, both from 1; batch is 0 before an epoch's first step.
        loss: the mean training loss of this epoch so far.
    """

    network: Network
    history: History
    epochs: int
    batches: int
    epoch: int = 0
    batch: int = 0
    loss: float = math.nan

    def stop(self, reason: str) -> None:
        """End the training after this epoch; the reason is kept in the history."""
        self.history.stopped = reason


class Callback:
    """Called by the training loop; every method may be left out."""

    def on_start(self, training: Training) -> None:
        """Before the first epoch."""

    def on_epoch(self, training: Training) -> None:
        """After each epoch; its record is the last of training.history."""

    def on_end(self, training: Training) -> None:
        """After the last epoch, however training ended."""


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

    best: float = field(init=False, default=math.nan, repr=False)
    best_epoch: int = field(init=False, default=0, repr=False)

    def __post_init__(self) -> None:
        require(self.patience >= 1, f"EarlyStopping: patience must be at least 1 epoch, got {self.patience}")
        require(self.min_delta >= 0, f"EarlyStopping: min_delta must not be negative, got {self.min_delta}")

    def on_start(self, training: Training) -> None:
        self.best, self.best_epoch = math.nan, 0
        for record in training.history:  # a resumed training has some already
            self.observe(record)

    def on_epoch(self, training: Training) -> None:
        self.observe(training.history.records[-1])
        if training.epoch - self.best_epoch >= self.patience:
            training.stop(
                f"{self.monitor} has not improved for {self.patience} epochs (best {self.best:.4f}, "
                f"epoch {self.best_epoch})"
            )

    def observe(self, record: Record) -> None:
        value = record[self.monitor]
        if is_better(value, self.best, self.monitor, self.min_delta):
            self.best, self.best_epoch = value, int(record["epoch"])


class BestNetwork(Callback):
    """Remembers the parameters of the epoch with the best monitored value."""

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.value = math.nan
        self.epoch = 0
        self.theta: Array | None = None
        self.buffers: Array | None = None

    def on_epoch(self, training: Training) -> None:
        value = training.history.records[-1][self.monitor]
        if is_better(value, self.value, self.monitor):
            self.value, self.epoch = value, training.epoch
            self.theta, self.buffers = training.network.theta.copy(), training.network.buffers.copy()
            training.history.best_epoch = training.epoch

    def restore(self, training: Training) -> None:
        """Give the network its best parameters back."""
        if self.theta is not None and self.buffers is not None:
            training.network.theta[...] = self.theta
            training.network.buffers[...] = self.buffers
            training.history.kept_epoch = self.epoch


def is_better(value: float, best: float, name: str, by: float = 0.0) -> bool:
    """Whether a value beats the best so far by more than `by`: accuracies are to rise, all else is to fall."""
    if math.isnan(best):
        return not math.isnan(value)
    return value > best + by if name.endswith("accuracy") else value < best - by


def monitor_of(callbacks: Sequence[Callback], measured: Sequence[str]) -> str:
    """The value by which the best network is known: that of early stopping, else the last of those measured.

    Raises:
        InputError: early stopping is to monitor what is not measured.
    """
    for callback in callbacks:
        if isinstance(callback, EarlyStopping):
            if callback.monitor not in measured:
                needs = " (there is no validation data)" if callback.monitor.startswith("validation") else ""
                raise InputError(f"cannot monitor {callback.monitor!r}{needs}; {nearest(callback.monitor, measured)}")
            return callback.monitor
    return measured[-1]
