"""Ends training by scikit-learn's rule: when the loss or the score has not improved for some epochs."""

from collections.abc import Callable

import numpy as np

from glassnet.train.callbacks import Callback
from glassnet.train.history import Record
from glassnet.train.training import Snapshot, Training

LEAST_RATE = 1e-6  # an adaptive learning rate at or below this is not lowered further: training ends instead


class ValidationScore(Callback):
    """Adds the score on validation data to the record of each epoch.

    Args:
        score: computes the score; it gets the record, whose values may save a second pass over the data.
    """

    def __init__(self, score: Callable[[Record], float]) -> None:
        self.score = score

    def on_epoch(self, training: Training) -> None:
        record = training.history.records[-1]
        record["validation_score"] = self.score(record)


def iteration_line(record: Record) -> str:
    """The number of an iteration, its loss with the penalty, and the score on validation data if there is any."""
    line = f"Iteration {record['epoch']}, loss {record['training_loss'] + record.get('penalty', 0.0):.8f}"
    return line + (f", validation score {record['validation_score']:.6f}" if "validation_score" in record else "")


class Lines(Callback):
    """Prints a line for each iteration, where no terminal shows a bar."""

    def on_epoch(self, training: Training) -> None:
        print(iteration_line(training.history.records[-1]), flush=True)


class Convergence(Callback):
    """Ends training when a value has not improved on the best so far by `tol`, in more than `patience` epochs in a row.

    Args:
        monitor: a value of the record; the penalty is added to "training_loss".
        tol: the least improvement.   patience: n_iter_no_change.
        keep_best: whether training returns the network of the best value, not the last one.
        adaptive: whether to divide the learning rate by 5 instead of ending, until it is very small.
        before: the Convergence of the training that this one continues; its best value must still be beaten.
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
        self.monitor, self.tol, self.patience = monitor, tol, patience
        self.keep_best, self.adaptive = keep_best, adaptive
        self.rises = monitor.endswith(("score", "accuracy"))
        continues = before is not None and before.monitor == monitor
        # Larger is better, so losses are negated.
        self.best: float = before.best if before and continues else -np.inf
        self.waited: int = before.waited if before and continues else 0
        self.rate = 1.0
        self.snapshot: Snapshot | None = None
        self.best_epoch = 0  # of this training; 0 if the network that it began with is better than all later ones
        self.reason = ""

    def on_start(self, training: Training) -> None:
        training.rate = self.rate
        if self.keep_best and np.isfinite(self.best):  # the current network has the best value so far
            self.snapshot = Snapshot(training.network)

    def on_epoch(self, training: Training) -> None:
        record = training.history.records[-1]
        value = record[self.monitor] + (record.get("penalty", 0.0) if self.monitor == "training_loss" else 0.0)
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
        self.reason = f"{self.monitor} has not improved by {self.tol:g} for {self.patience} epochs"
        training.stop(self.reason)

    def on_end(self, training: Training) -> None:
        training.history.best_epoch = self.best_epoch
        if self.snapshot:
            self.snapshot.restore(training.network)
            training.history.kept_epoch = self.best_epoch
        elif training.history.stopped == self.reason:  # the loop has restored the best training loss: undo that
            training.last.restore(training.network)
            training.history.kept_epoch = len(training.history)
        self.snapshot = None
