"""Checkpoints: the state of a training on disk, so that a crash costs only the time since the last checkpoint.

A checkpoint is written to a new file, flushed to the disk and renamed over the old one; so there is always a complete
one. A resumed training ends with the same bits as one that was never stopped.
"""

import time
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from glassnet.modelfile import ModelFileError, read_arrays, write_arrays
from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import shown
from glassnet.nn.settings import whole
from glassnet.train.callbacks import Callback
from glassnet.train.history import History
from glassnet.train.training import Training, TrainingState

KEY, FORMAT, STATE = "glassnet-checkpoint", 1, 2  # FORMAT: version of the file; STATE: version of the state in it
FIRST = 10.0  # seconds until the first checkpoint, if the first epoch takes longer
COST = 0.02  # the largest share of the time that writing checkpoints may take


class CheckpointError(ValueError):
    """A checkpoint cannot be written or used; the message names the file and the way out."""


class Checkpoint(Callback):
    """Saves a training to a file, and resumes it if the file exists when training starts.

    The first checkpoint is written after the first epoch or after ten seconds, whichever comes first; the last one when
    the training ends. Its place in the list of callbacks does not matter. It starts first, so that the others see the
    resumed training. After each epoch it is called last, so that it saves the decisions of the others.

    Args:
        path: the file, such as "run/checkpoint.safetensors"; its folder must exist.
        minutes: the least time between two checkpoints; 0 writes one after every epoch, and none within an epoch. By
            default it is chosen so that writing takes at most 2 % of the time. Ctrl-C always writes a checkpoint.
        longer: whether to continue a training that had another number of epochs or was stopped: it continues up to the
            number of epochs of this training, and the patience of callbacks starts again.

    Raises:
        CheckpointError: at the start, the file is not a checkpoint, or belongs to a training with other settings;
            later, the file cannot be written (the last good one stays).
    """

    saves_training: ClassVar[bool] = True

    def __init__(self, path: str | Path, *, minutes: float | None = None, longer: bool = False) -> None:
        require(minutes is None or minutes >= 0, f"Checkpoint: minutes must not be negative, got {minutes}")
        self.path = Path(path)
        self.minutes, self.longer = minutes, longer
        self.due_at = 0.0

    def on_start(self, training: Training) -> None:
        self.due_at = time.monotonic() + (FIRST if self.minutes is None else min(FIRST, 60 * self.minutes))
        if training.leads and not self.path.parent.is_dir():
            raise CheckpointError(f"{self.path}: there is no folder {self.path.parent} to keep checkpoints in: make it")
        if training.decide(self.path.exists()):
            self.restore(training)
            if self.longer:
                self.write(training)

    def on_batch(self, training: Training) -> None:
        within_epoch = 0 < training.batch < training.batches
        due = training.interrupted or (self.minutes != 0 and time.monotonic() >= self.due_at)
        if not within_epoch or not training.decide(due):
            return
        if np.isfinite(training.network.theta).all():  # a diverged training has no state
            self.write(training)

    def on_epoch(self, training: Training) -> None:
        last = training.finished or training.interrupted
        if training.decide(last or self.minutes == 0 or time.monotonic() >= self.due_at or not self.path.exists()):
            self.write(training)

    def write(self, training: Training) -> None:
        """Write the state of a training to the file.

        Raises:
            CheckpointError: the file cannot be written; the last good one is unchanged.
        """
        started = time.monotonic()
        state = training.state()
        if training.leads:
            write_checkpoint(self.path, state)
        now = time.monotonic()
        self.due_at = now + ((now - started) / COST if self.minutes is None else 60 * self.minutes)

    def restore(self, training: Training) -> None:
        """Set a training to the state in the file.

        Raises:
            CheckpointError: the file is not a checkpoint, is damaged, or belongs to another training.
        """
        try:
            state = read_checkpoint(self.path)
            training.restore(_lengthened(state, training.epochs) if self.longer else state)
        except InputError as error:
            raise CheckpointError(
                f"{self.path}: {error}; resume with the settings that the training began with, or delete the file to "
                "start again"
            ) from None


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Write the state of a training to a file.

    Raises:
        CheckpointError: it cannot be written; the file is unchanged.
    """
    try:
        write_arrays(path, state.arrays, KEY, state.values | {"format": FORMAT, "state": STATE})
    except OSError as error:
        raise CheckpointError(
            f"{path}: the checkpoint cannot be written: {error.strerror or error}; training ends here, "
            "the last good checkpoint is kept: fix the cause, then resume"
        ) from None
    except (TypeError, ValueError) as error:  # a user-defined part has a setting that JSON cannot hold
        raise CheckpointError(f"{path}: the state of the training cannot be written: {error}") from None


class Summary(NamedTuple):
    """The progress of the training in a file.

    Attributes:
        epochs: the number of epochs planned.   trained: the number of epochs finished.
        within_epoch: whether the next epoch has begun.   stopped: why it ended before the last epoch, or None.
    """

    epochs: int
    trained: int
    within_epoch: bool
    stopped: str | None


def summary(path: Path) -> Summary:
    """The progress of the training in a file.

    Raises:
        CheckpointError: as `read_checkpoint`.
    """
    values = read_checkpoint(path).values
    try:
        trained = len(History.checked(values["history"], str(path)))
        epochs, batch = (whole(value, "a count", 0) for value in (values["settings"]["epochs"], values["batch"]))
        stopped = values["stopped"]
        require(stopped is None or isinstance(stopped, str), f"expected why it was stopped, got {shown(stopped)}")
        within_epoch = batch > 0 and whole(values["epoch"], "epoch", 1) > trained
    except (InputError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise CheckpointError(f"{path}: this checkpoint is damaged: {reason}; delete the file to start again") from None
    return Summary(epochs, trained, within_epoch, stopped)


def _lengthened(state: TrainingState, epochs: int) -> TrainingState:
    """The same state with another number of epochs, and no longer stopped."""
    values = dict(state.values)
    if isinstance(values.get("settings"), dict):
        values["settings"] = values["settings"] | {"epochs": epochs}
    if values.get("stopped") is not None:
        values |= {"stopped": None, "went_on": len(values["history"])}
    return TrainingState(state.arrays, values)


def read_checkpoint(path: Path) -> TrainingState:
    """The state of the training in a file; whether it fits a training is checked when it is restored.

    Raises:
        CheckpointError: the file is not a checkpoint, is damaged, or has another version.
    """
    try:
        arrays, values = read_arrays(path, KEY)
    except ModelFileError as error:
        raise CheckpointError(f"{error}; delete the file to start again") from None
    if (version := values.get("state", 1)) != STATE:
        raise CheckpointError(
            f"{path}: expected a checkpoint with a state of format {STATE}, got format {shown(version)}: finish "
            "the training with the version of glassnet that began it, or delete the file to start again"
        )
    return TrainingState(arrays, {key: value for key, value in values.items() if key not in ("format", "state")})
