"""One trial: a run that reports its figure on validation data after each epoch, and ends early if others are better."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.data.dataset import Dataset
from glassnet.nn.errors import InputError
from glassnet.recipes.toml import RecipeError, inline
from glassnet.runs.run import train_untested
from glassnet.sweeps.storage import storage_errors
from glassnet.sweeps.sweep import Sweep
from glassnet.sweeps.trials import ALIVE, BEAT, ENDED, Trial, Trials, run_name
from glassnet.train.callbacks import Callback
from glassnet.train.history import DivergenceError, History
from glassnet.train.training import Training

if TYPE_CHECKING:
    from optuna.trial import Trial as Attempt

Event = dict[str, Any]  # plain values: "event" and "trial", and what belongs to the event
Listener = Callable[[Event], None]

PRUNED = "pruned"  # how the reason begins for which a pruned training was stopped
MOST_REPORTS = 100  # of a trial
REFRESH = 0.2  # seconds between two events within an epoch


def monitor_of(dataset: Dataset) -> str:
    """The figure that trials are compared by."""
    return "validation_accuracy" if dataset.classes else "validation_loss"


class Reporter(Callback):
    """Reports each epoch to the list of trials, and stops a training that is worse than most were at that epoch.

    Args:
        monitor: the figure of the history.   attempt: Optuna's.   url: of the database, for messages.
    """

    def __init__(self, monitor: str, attempt: "Attempt", url: str | None) -> None:
        self.monitor, self.attempt, self.url = monitor, attempt, url

    def on_start(self, training: Training) -> None:
        for record in training.history:  # of a training that goes on
            self.report(record, training.epochs)

    def on_epoch(self, training: Training) -> None:
        if not self.report(training.history.records[-1], training.epochs) or training.finished:
            return
        with storage_errors(self.url):
            if self.attempt.should_prune():
                training.stop(f"{PRUNED} after epoch {training.epoch} of {training.epochs}")

    def report(self, record: dict[str, float], epochs: int) -> bool:
        """Whether this epoch was reported: at most MOST_REPORTS are."""
        epoch, value = int(record["epoch"]), record[self.monitor]
        if epoch % math.ceil(epochs / MOST_REPORTS) or not math.isfinite(value):
            return False
        with storage_errors(self.url):
            self.attempt.report(value, epoch)
        return True


class Watch:
    """Tells the listener how far a training is, and the other machines that it goes on.

    Args:
        number: of the trial.   attempt, url: as for Reporter.
    """

    def __init__(self, number: int, attempt: "Attempt", listener: Listener, url: str | None) -> None:
        self.number, self.attempt, self.listener, self.url = number, attempt, listener, url
        self.shown = self.beaten = -math.inf
        self.count = 0

    def __call__(self, training: Training) -> None:
        now = time.monotonic()
        if now - self.beaten >= BEAT:
            self.beaten, self.count = now, self.count + 1
            with storage_errors(self.url):
                self.attempt.set_user_attr(ALIVE, self.count)
        if now - self.shown >= REFRESH:
            self.shown = now
            done = (training.epoch - 1) * training.batches + training.batch
            event = {"event": "step", "trial": self.number, "done": done, "total": training.epochs * training.batches}
            self.listener(event | {"epoch": training.epoch, "epochs": training.epochs})


def train_trial(
    sweep: Sweep,
    trials: Trials,
    begun: "tuple[Trial, Attempt]",
    dataset: Dataset,
    runs: Path,
    *,
    listener: Listener,
    workers: int | None,
) -> None:
    """Train the recipe with the settings of a trial, and write down how it has ended.

    Args:
        begun: from `Trials.begin`.   runs: the folder of all runs.   listener: is told the events "begins", "step" and
        "ends".   workers: as in `fit`.

    Raises:
        LostError: another machine has taken the trial over.
        KeyboardInterrupt: the training was interrupted; a checkpoint was saved.
        RunError, CheckpointError, WorkerError, StorageError: it cannot go on; the trial is not lost.
    """
    trial, attempt = begun
    settings = {key: inline(value) for key, value in trial.settings.items()}
    listener({"event": "begins", "trial": trial.number, "settings": settings})
    monitor = monitor_of(dataset)
    reporter, watch = Reporter(monitor, attempt, trials.url), Watch(trial.number, attempt, listener, trials.url)
    value = None
    try:
        recipe, run = sweep.recipe_with(trial.settings), runs / run_name(trial.number)
        _, history = train_untested(recipe, dataset, run, callbacks=[reporter], progress=watch, workers=workers)
        if history.interrupted:
            raise KeyboardInterrupt
        value, known = _result(history, monitor)
    except DivergenceError as error:
        known = {"epochs": len(error.history), ENDED: f"diverged: {str(error).partition(';')[0]}"}
    except (RecipeError, InputError) as error:
        known = {"epochs": 0, ENDED: f"refused: {error}"}
    except MemoryError as error:
        known = {"epochs": 0, ENDED: f"refused: this machine has too little memory for it: {error}"}
    trials.finish(attempt, value, known)
    listener({"event": "ends", "trial": trial.number, "value": value, **known, "settings": settings})


def _result(history: History, monitor: str) -> tuple[float | None, dict[str, Any]]:
    """The figure of the network that was kept, None for a pruned trial, and what is known besides."""
    kept, stopped = history.kept_epoch, history.stopped or ""
    known = {"epochs": len(history), "kept": kept, "seconds": round(sum(history["seconds"]), 3)}
    known["loss"] = history["validation_loss"][kept - 1]
    if stopped.startswith(PRUNED):
        return None, known | {ENDED: stopped}
    return history[monitor][kept - 1], known
