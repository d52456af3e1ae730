"""Checkpoints: a training on disk, so that a crash at any instant costs at most the time since the last one.

A checkpoint is written to a new file, flushed to the disk and renamed over the old one; so there is always a whole one.
It holds the state of the training, and a resumed training ends in the same bits as one that never stopped.
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

KEY, FORMAT, STATE = "glassnet-checkpoint", 1, 2  # of the file, and of the state in it
FIRST = 10.0  # seconds after which there is a checkpoint, if the first epoch takes longer
COST = 0.02  # the part of the time that writing checkpoints may take


class CheckpointError(ValueError):
    """A checkpoint that cannot be written or used; the message names the file and says what to do."""


class Checkpoint(Callback):
    """Keeps a training on disk, and resumes it if the file is there when training starts.

    The first checkpoint is written after the first epoch or after ten seconds, whichever comes first; the last one when
    the training ends. Wherever it stands among the callbacks, it is the first to start, so that the others see what was
    resumed, and the last after each epoch, so that what they have decided is kept.

    Args:
        path: the file, such as "run/checkpoint.safetensors"; its folder must exist.
        minutes: the least time between two checkpoints; 0 writes one after every epoch, and none within one. By default
            so much that writing takes at most 2 % of the time. Ctrl-C writes one in any case.
        longer: whether the training in the file may have had another number of epochs, or been stopped: it then goes on
            to those of this one, and patience counts anew.

    Raises:
        CheckpointError: when training starts, the file is no checkpoint, or one of a training with other settings;
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
        if not self.path.parent.is_dir():
            raise CheckpointError(f"{self.path}: there is no folder {self.path.parent} to keep checkpoints in: make it")
        if self.path.exists():
            self.restore(training)
            if self.longer:
                self.write(training)

    def on_batch(self, training: Training) -> None:
        within = 0 < training.batch < training.batches
        due = training.interrupted or (self.minutes != 0 and time.monotonic() >= self.due_at)
        if within and due and np.isfinite(training.network.theta).all():  # else it has no state: it ran away
            self.write(training)

    def on_epoch(self, training: Training) -> None:
        last = training.finished or training.interrupted
        if last or self.minutes == 0 or time.monotonic() >= self.due_at or not self.path.exists():
            self.write(training)

    def write(self, training: Training) -> None:
        """Write the state of a training to the file.

        Raises:
            CheckpointError: it cannot be written; the last good file is left as it was.
        """
        started = time.monotonic()
        write_checkpoint(self.path, training.state())
        now = time.monotonic()
        self.due_at = now + ((now - started) / COST if self.minutes is None else 60 * self.minutes)

    def restore(self, training: Training) -> None:
        """Put a training into the state of the file.

        Raises:
            CheckpointError: it is no checkpoint, damaged, or one of another training.
        """
        try:
            state = read_checkpoint(self.path)
            training.restore(_lengthened(state, training.epochs) if self.longer else state)
        except InputError as error:
            raise CheckpointError(
                f"{self.path}: {error}; resume with the settings that the training began with, or delete the file to "
                "start anew"
            ) from None


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Write the state of a training to a file.

    Raises:
        CheckpointError: it cannot be written; the file is left as it was.
    """
    try:
        write_arrays(path, state.arrays, KEY, state.values | {"format": FORMAT, "state": STATE})
    except OSError as error:
        raise CheckpointError(
            f"{path}: the checkpoint cannot be written: {error.strerror or error}; training ends here, "
            "the last good checkpoint is kept: mend the cause, then resume"
        ) from None
    except (TypeError, ValueError) as error:  # a setting of a part of one's own that JSON does not know
        raise CheckpointError(f"{path}: the training cannot be written down: {error}") from None


class Summary(NamedTuple):
    """How far the training in a file has come.

    Attributes:
        epochs: how many it was to have.   trained: how many whole ones it has had.
        within: whether the next one has begun.   stopped: why it ended before the last one, or None.
    """

    epochs: int
    trained: int
    within: bool
    stopped: str | None


def summary(path: Path) -> Summary:
    """How far the training in a file has come.

    Raises:
        CheckpointError: as `read_checkpoint`.
    """
    values = read_checkpoint(path).values
    try:
        trained = len(History.checked(values["history"], str(path)))
        epochs, batch = (whole(value, "a count", 0) for value in (values["settings"]["epochs"], values["batch"]))
        stopped = values["stopped"]
        require(stopped is None or isinstance(stopped, str), f"expected why it was stopped, got {shown(stopped)}")
        within = batch > 0 and whole(values["epoch"], "epoch", 1) > trained
    except (InputError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise CheckpointError(f"{path}: this checkpoint is damaged: {reason}; delete the file to start anew") from None
    return Summary(epochs, trained, within, stopped)


def _lengthened(state: TrainingState, epochs: int) -> TrainingState:
    """The same state of a training that is to have so many epochs, and was not stopped."""
    values = dict(state.values)
    if isinstance(values.get("settings"), dict):
        values["settings"] = values["settings"] | {"epochs": epochs}
    if values.get("stopped") is not None:
        values |= {"stopped": None, "went_on": len(values["history"])}
    return TrainingState(state.arrays, values)


def read_checkpoint(path: Path) -> TrainingState:
    """The state of a training in a file; whether it fits a training is found when that is restored.

    Raises:
        CheckpointError: it is no checkpoint, damaged, or one of another version.
    """
    try:
        arrays, values = read_arrays(path, KEY)
    except ModelFileError as error:
        raise CheckpointError(f"{error}; delete the file to start anew") from None
    if (found := values.get("state", 1)) != STATE:
        raise CheckpointError(
            f"{path}: expected a checkpoint with a state of format {STATE}, got format {shown(found)}: end "
            "the training with the version of glassnet that began it, or delete the file to start anew"
        )
    return TrainingState(arrays, {key: value for key, value in values.items() if key not in ("format", "state")})
