"""Callbacks: the training loop calls them at fixed points. They read the state of the training and may stop it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings
from glassnet.train.data import check_monitor
from glassnet.train.history import Record, is_better
from glassnet.train.training import Training


class Callback:
    """Called by the training loop; a subclass defines only the methods that it needs."""

    saves_training: ClassVar[bool] = False  # if True, its on_start is called first, its on_batch and on_epoch last

    def on_start(self, training: Training) -> None:
        """Called before the first epoch."""

    def on_batch(self, training: Training) -> None:
        """Called after each step of the optimizer."""

    def on_epoch(self, training: Training) -> None:
        """Called after each epoch; its record is the last one in training.history."""

    def on_end(self, training: Training) -> None:
        """Called after the last epoch, even if training was stopped or interrupted, but not after an error."""

    def needs(self) -> Sequence[str]:
        """The values of the history that it reads; `fit` refuses it if one of them is not measured."""
        return ()

    def best_by(self) -> str | None:
        """The value by which the best network is chosen, which training then returns; None for the last network."""
        return None


@final
@dataclass
class EarlyStopping(Callback):
    """Stop when a monitored value has not improved for `patience` epochs, and return the best network.

    Args:
        monitor: a value of the history: "validation_accuracy", "validation_loss", "training_loss", ...
        patience: the number of epochs in a row without improvement that ends the training, at least 1.
        min_delta: an improvement must be better than the best value so far by more than this.
    """

    monitor: str = "validation_accuracy"
    patience: int = 10
    min_delta: float = 0.0

    best: float = field(init=False, default=math.nan, repr=False, compare=False)
    best_epoch: int = field(init=False, default=0, repr=False, compare=False)

    def __post_init__(self) -> None:
        convert_settings(self)
        require(self.patience >= 1, f"EarlyStopping: patience must be at least 1 epoch, got {self.patience}")
        require(self.min_delta >= 0, f"EarlyStopping: min_delta must not be negative, got {self.min_delta}")

    def needs(self) -> Sequence[str]:
        return [self.monitor]

    def best_by(self) -> str:
        return self.monitor

    def on_start(self, training: Training) -> None:
        self.best, self.best_epoch = math.nan, 0
        for record in training.history:  # a resumed training already has records
            self.observe(record)
        self.stop_if_patience_ended(training)

    def on_epoch(self, training: Training) -> None:
        self.observe(training.history.records[-1])
        self.stop_if_patience_ended(training)

    def stop_if_patience_ended(self, training: Training) -> None:
        since = max(self.best_epoch, training.went_on)
        if len(training.history) - since >= self.patience:
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
    """Lower the learning rate when a monitored value has not improved for `patience` epochs.

    Args:
        monitor: a value of the history: "validation_loss", "validation_accuracy", "training_loss", ...
        factor: each time the rate is multiplied by this, above 0 and below 1.
        patience: the number of epochs in a row without improvement that lowers the rate, at least 1.
        min_delta: an improvement must be better than the best value so far by more than this.
    """

    monitor: str = "validation_loss"
    factor: float = 0.5
    patience: int = 5
    min_delta: float = 0.0

    best: float = field(init=False, default=math.nan, repr=False, compare=False)
    waited: int = field(init=False, default=0, repr=False, compare=False)

    def __post_init__(self) -> None:
        convert_settings(self)
        require(0 < self.factor < 1, f"ReduceOnPlateau: factor must be above 0 and below 1, got {self.factor}")
        require(self.patience >= 1, f"ReduceOnPlateau: patience must be at least 1 epoch, got {self.patience}")
        require(self.min_delta >= 0, f"ReduceOnPlateau: min_delta must not be negative, got {self.min_delta}")

    def needs(self) -> Sequence[str]:
        return [self.monitor]

    def on_start(self, training: Training) -> None:
        self.best, self.waited = math.nan, 0
        for record in training.history:  # a resumed training already has records, and the rate they led to
            self.patience_ends(record)

    def on_epoch(self, training: Training) -> None:
        if self.patience_ends(training.history.records[-1]):
            training.rate *= self.factor

    def patience_ends(self, record: Record) -> bool:
        """Whether this is the last epoch of `patience` epochs without improvement."""
        value = record[self.monitor]
        if is_better(value, self.best, self.monitor, self.min_delta):
            self.best, self.waited = value, 0
            return False
        self.waited = (self.waited + 1) % self.patience
        return self.waited == 0


def check_callbacks(callbacks: Any) -> None:
    """Raise InputError unless this is a list of callbacks."""
    require(
        isinstance(callbacks, Sequence) and all(isinstance(callback, Callback) for callback in callbacks),
        f"callbacks: expected a list of callbacks, got {callbacks!r}",
    )


def monitor_of(callbacks: Sequence[Callback]) -> str | None:
    """The monitored value of the first callback that returns the best network; None if no callback does."""
    return next((name for callback in callbacks if (name := callback.best_by())), None)


def check_monitors(callbacks: Sequence[Callback], measured: Sequence[str]) -> None:
    """Raise InputError if a callback monitors a value that is not measured."""
    for callback in callbacks:
        for name in callback.needs():
            check_monitor(name, measured)
