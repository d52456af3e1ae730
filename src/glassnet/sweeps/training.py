"""One trial: a run that reports its figure on validation data after each epoch, and ends early if others are better."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.data.dataset import Dataset
from glassnet.nn.errors import InputError
from glassnet.recipes.recipe import Recipe
from glassnet.recipes.toml import RecipeError, as_text
from glassnet.runs.run import train_untested
from glassnet.sweeps.storage import told
from glassnet.sweeps.trials import ALIVE, BEAT, Trial, run_name
from glassnet.train.callbacks import Callback
from glassnet.train.history import DivergenceError
from glassnet.train.training import Training

if TYPE_CHECKING:
    from optuna.trial import Trial as Attempt

Event = dict[str, Any]  # plain values: which trial, and how far it is, or how it has ended
Listener = Callable[[Event], None]

PRUNED = "pruned"  # how the reason begins for which a pruned training was stopped
MOST_REPORTS = 100  # of a trial
REFRESH = 0.2  # seconds between two events within an epoch


class LostError(RuntimeError):
    """Another machine has taken this trial, because nothing had been heard of it for long."""


def monitor_of(dataset: Dataset) -> str:
    """The figure that trials are compared by."""
    return "validation_accuracy" if dataset.classes else "validation_loss"


class Reporter(Callback):
    """Reports each epoch to the sweep, and stops a training that is worse than most were at that epoch.

    Args:
        monitor: the figure of the history.   attempt: Optuna's.   url: of the storage, for messages.
    """

    def __init__(self, monitor: str, attempt: "Attempt", url: str | None) -> None:
        self.monitor, self.attempt, self.url = monitor, attempt, url

    def on_start(self, training: Training) -> None:
        for record in training.history:  # of a training that goes on
            self.report(record, training.epochs)

    def on_epoch(self, training: Training) -> None:
        if not self.report(training.history.records[-1], training.epochs) or training.finished:
            return
        with told(self.url):
            if self.attempt.should_prune():
                training.stop(f"{PRUNED} after epoch {training.epoch} of {training.epochs}")

    def report(self, record: dict[str, float], epochs: int) -> bool:
        """Whether this epoch was reported: at most MOST_REPORTS are."""
        from optuna.exceptions import UpdateFinishedTrialError

        epoch, value = int(record["epoch"]), record[self.monitor]
        if epoch % math.ceil(epochs / MOST_REPORTS) or not math.isfinite(value):
            return False
        with told(self.url):
            try:
                self.attempt.report(value, epoch)
            except UpdateFinishedTrialError:
                raise LostError from None
        return True


class Watch:
    """Tells the listener how far a training is, and the other machines that it goes on.

    Args:
        number: of the trial.
    """

    def __init__(self, number: int, attempt: "Attempt", listener: Listener) -> None:
        self.number, self.attempt, self.listener = number, attempt, listener
        self.shown = self.beaten = -math.inf
        self.count = 0

    def __call__(self, training: Training) -> None:
        from optuna.exceptions import UpdateFinishedTrialError

        now = time.monotonic()
        if now - self.beaten >= BEAT:
            self.beaten, self.count = now, self.count + 1
            try:
                self.attempt.set_user_attr(ALIVE, self.count)
            except UpdateFinishedTrialError:
                raise LostError from None
        if now - self.shown >= REFRESH:
            self.shown = now
            done = (training.epoch - 1) * training.batches + training.batch
            event = {"event": "step", "trial": self.number, "done": done, "total": training.epochs * training.batches}
            self.listener(event | {"epoch": training.epoch, "epochs": training.epochs})


def train_trial(
    recipe: Recipe,
    dataset: Dataset,
    folder: Path,
    trial: Trial,
    attempt: "Attempt",
    *,
    listener: Listener,
    workers: int | None,
    url: str | None = None,
) -> None:
    """Train the recipe with the settings of this trial, and tell Optuna the result.

    Args:
        folder: of all runs.   attempt: Optuna's attempt of this trial.   listener, workers: as in `search`.

    Raises:
        KeyboardInterrupt: the training was interrupted; a checkpoint was saved.
        RunError, CheckpointError, WorkerError, StorageError: it cannot go on; the trial is not lost.
    """
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    settings = {key: as_text(value) for key, value in trial.settings.items()}
    listener({"event": "begins", "trial": trial.number, "settings": settings})
    monitor = monitor_of(dataset)
    reporter, watch = Reporter(monitor, attempt, url), Watch(trial.number, attempt, listener)
    known: dict[str, Any] = {}
    value = None
    try:
        changed = recipe.changed(trial.settings)
        run = folder / run_name(trial.number)
        _, history = train_untested(changed, dataset, run, callbacks=[reporter], progress=watch, workers=workers)
        if history.interrupted:
            raise KeyboardInterrupt
        kept = history.kept_epoch
        known = {"epochs": len(history), "kept": kept, "seconds": round(sum(history["seconds"]), 3)}
        stopped = history.stopped or ""
        if stopped.startswith(PRUNED):
            known["ended"] = stopped
        else:
            value = history[monitor][kept - 1]
    except DivergenceError as error:
        known = {"epochs": len(error.history), "ended": f"diverged: {str(error).partition(';')[0]}"}
    except (RecipeError, InputError) as error:
        known = {"epochs": 0, "ended": f"refused: {error}"}
    except LostError:
        listener({"event": "lost", "trial": trial.number})
        return
    with told(url):
        try:
            for key, what in known.items():
                attempt.set_user_attr(key, what)
            attempt.study.tell(attempt, value, state=TrialState.PRUNED if value is None else TrialState.COMPLETE)
        except (UpdateFinishedTrialError, ValueError):
            listener({"event": "lost", "trial": trial.number})
            return
    listener({"event": "ends", "trial": trial.number, "value": value, **known, "settings": settings})
