"""When training ends, as scikit-learn decides it: when loss or score has not become better for some epochs."""

from collections.abc import Callable

import numpy as np

from glassnet.train.callbacks import Callback
from glassnet.train.history import Record
from glassnet.train.training import Snapshot, Training

LEAST_RATE = 1e-6  # an adaptive rate at or below this ends training instead of becoming smaller still


class ValidationScore(Callback):
    """Adds to each epoch's record the score on validation data.

    Args:
        score: of a record; what it holds already needs no second pass over the data.
    """

    def __init__(self, score: Callable[[Record], float]) -> None:
        self.score = score

    def on_epoch(self, training: Training) -> None:
        record = training.history.records[-1]
        record["validation_score"] = self.score(record)


class Convergence(Callback):
    """Ends training when a value is not better than the best so far by `tol`, more than `patience` epochs in a row.

    Args:
        monitor: a value of the record; "training_loss" is taken together with the penalty.
        tol: what counts as better.   patience: n_iter_no_change.
        keep_best: give back the network of the best value, not the last one.
        adaptive: divide the learning rate by 5 instead, until it is very small.
        before: that of the training which this one goes on from; the best so far is to be beaten still.
    """

    def __init__(
        self,
        monitor: str,
        *,
        tol: float,
        patience: float,
        keep_best: bool,
        adaptive: bool,
        before: "Convergence | None" = None,
    ) -> None:
        self.watched, self.tol, self.patience = monitor, tol, patience
        self.keep_best, self.adaptive = keep_best, adaptive
        self.rises = monitor.endswith(("score", "accuracy"))
        goes_on = before is not None and before.watched == monitor
        # The larger the better: losses count negative.
        self.best: float = before.best if before and goes_on else -np.inf
        self.waited: int = before.waited if before and goes_on else 0
        self.rate = 1.0
        self.snapshot: Snapshot | None = None
        self.best_epoch = 0  # of this training; the network it began with may be better than all of its own
        self.reason = ""

    def on_start(self, training: Training) -> None:
        training.rate = self.rate
        if self.keep_best and np.isfinite(self.best):  # it was that of the network there is
            self.snapshot = Snapshot(training.network)

    def on_epoch(self, training: Training) -> None:
        record = training.history.records[-1]
        value = record[self.watched] + (record.get("penalty", 0.0) if self.watched == "training_loss" else 0.0)
        value = value if self.rises else -value
        self.waited = 0 if value >= self.best + self.tol else self.waited + 1
        if value > self.best:
            self.best, self.best_epoch = value, training.epoch
            if self.keep_best:
                self.snapshot = Snapshot(training.network)
        if self.waited > self.patience:
            self._lower_or_stop(training)

    def _lower_or_stop(self, training: Training) -> None:
        lr = training.plan.optimizer.lr * training.rate
        if self.adaptive and lr > LEAST_RATE:
            self.rate = training.rate = training.rate / 5
            self.waited = 0
            return
        self.reason = f"{self.watched} has not improved by {self.tol:g} for {self.patience} epochs"
        training.stop(self.reason)

    def on_end(self, training: Training) -> None:
        training.history.best_epoch = self.best_epoch
        if self.snapshot:
            self.snapshot.restore(training.network)
            training.history.kept_epoch = self.best_epoch
        elif training.history.stopped == self.reason:  # the loop has gone back to the best training loss
            training.last.restore(training.network)
            training.history.kept_epoch = len(training.history)
        self.snapshot = None
