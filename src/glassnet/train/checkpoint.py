"""Checkpoints: a training on disk, so that a crash at any instant costs at most the time since the last one.

A checkpoint is written to a new file, flushed to the disk and renamed over the old one; so there is always a whole one.
It holds all that the rest of the training depends on, and a resumed training ends in the same bits as one that never
stopped.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from glassnet.modelfile import ModelFileError, read_arrays, write_arrays
from glassnet.nn.layer import Array
from glassnet.nn.plain import shown
from glassnet.nn.settings import require
from glassnet.train.callbacks import Callback, Snapshot, Training
from glassnet.train.history import History, Record

KEY, FORMAT = "glassnet-checkpoint", 1
WITHIN_EPOCH = ("batch", "examples", "weight", "loss_sum", "right", "seconds")


class CheckpointError(ValueError):
    """A checkpoint that cannot be written or used; the message names the file and says what to do."""


class Checkpoint(Callback):
    """Keeps a training on disk, and resumes it if the file is there when training starts.

    Wherever it stands among the callbacks, it is the first to start, so that the others see what was resumed, and the
    last after each epoch, so that what they have decided is kept.

    Args:
        path: the file, such as "run/checkpoint.safetensors"; its folder must exist.
        minutes: the least time between two checkpoints; 0 writes one after every epoch. With a larger number one is
            also written within a long epoch.

    Raises:
        CheckpointError: when training starts, the file is no checkpoint, or one of a training with other settings;
            later, the file cannot be written (the last good one stays).
    """

    holds_training: ClassVar[bool] = True

    def __init__(self, path: str | Path, *, minutes: float = 0.0) -> None:
        require(minutes >= 0, f"Checkpoint: minutes must not be negative, got {minutes}")
        self.path = Path(path)
        self.seconds = 60 * minutes
        self.written_at = 0.0

    def on_start(self, training: Training) -> None:
        self.written_at = time.monotonic()
        if not self.path.parent.is_dir():
            raise CheckpointError(f"{self.path}: there is no folder {self.path.parent} to keep checkpoints in: make it")
        if self.path.exists():
            self.restore(training)

    def on_batch(self, training: Training) -> None:
        within = 0 < training.batch < training.batches
        due = within and self.seconds and time.monotonic() - self.written_at >= self.seconds
        if due and np.isfinite(training.network.theta).all():  # else it ran away, and the loop is about to notice
            self.write(training)

    def on_epoch(self, training: Training) -> None:
        if time.monotonic() - self.written_at >= self.seconds:
            self.write(training)

    def write(self, training: Training) -> None:
        """Write the state of a training to the file.

        Raises:
            CheckpointError: it cannot be written; the last good file is left as it was.
        """
        best, history = training.best, training.history
        arrays = {"theta": training.network.theta, "buffers": training.network.buffers}
        arrays |= {"last.theta": training.last.theta, "last.buffers": training.last.buffers}
        if best.snapshot:
            arrays |= {"best.theta": best.snapshot.theta, "best.buffers": best.snapshot.buffers}
        arrays |= {f"optimizer.{name}": vector for name, vector in training.optimizer_state.items()}
        arrays |= {f"average.{name}": vector for name, vector in training.averages.items()}
        state = {
            "format": FORMAT,
            "settings": training.settings,
            "history": history.records,
            "stopped": history.stopped,
            "best_epoch": best.epoch,
            "best_value": None if math.isnan(best.value) else best.value,
            "within_epoch": len(history) < training.epoch,
            **{name: getattr(training, name) for name in WITHIN_EPOCH},
        }
        try:
            write_arrays(self.path, arrays, KEY, state)
        except OSError as error:
            raise CheckpointError(
                f"{self.path}: the checkpoint cannot be written: {error.strerror or error}; training ends here, "
                "the last good checkpoint is kept: mend the cause, then resume"
            ) from None
        except (TypeError, ValueError) as error:  # a setting of a part of one's own that JSON does not know
            raise CheckpointError(f"{self.path}: the training cannot be written down: {error}") from None
        self.written_at = time.monotonic()

    def restore(self, training: Training) -> None:
        """Put a training into the state of the file.

        Raises:
            CheckpointError: it is no checkpoint, damaged, or one of another training.
        """
        try:
            arrays, state = read_arrays(self.path, KEY)
        except ModelFileError as error:
            raise CheckpointError(f"{error}; delete the file to start anew") from None
        network, best, snapshot = training.network, training.best, Snapshot(training.network)
        vectors = {"theta": network.theta, "buffers": network.buffers}
        vectors |= {"last.theta": training.last.theta, "last.buffers": training.last.buffers}
        vectors |= {f"optimizer.{name}": vector for name, vector in training.optimizer_state.items()}
        vectors |= {f"average.{name}": vector for name, vector in training.averages.items()}
        if "best.theta" in arrays:
            vectors |= {"best.theta": snapshot.theta, "best.buffers": snapshot.buffers}
        try:
            self._compare(training, state)
            for name, vector in vectors.items():
                _check_vector(name, vector, arrays[name])
            history = self._history(training, state)
            best_epoch = _number(state, "best_epoch", 0, len(history))
            best_value = math.nan if state["best_value"] is None else _number(state, "best_value", -math.inf)
            require((best_epoch > 0) == ("best.theta" in arrays), "its best epoch and its best network do not agree")
            within = _within_epoch(training, state) if state["within_epoch"] else {}
            require(bool(within) or len(history) > 0, "it holds no step of any epoch")
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, CheckpointError):
                raise
            reason = f"it lacks {error}" if isinstance(error, KeyError) else error
            raise CheckpointError(
                f"{self.path}: this checkpoint is damaged: {reason}; delete the file to start anew"
            ) from None
        for name, vector in vectors.items():  # nothing can fail any more
            np.copyto(vector, arrays[name])
        training.history.records, training.history.stopped = history, state["stopped"]
        training.history.kept_epoch = len(history)
        best.epoch = training.history.best_epoch = int(best_epoch)
        best.value, best.snapshot = best_value, snapshot if best_epoch else None
        for name, value in within.items():
            setattr(training, name, value)

    def _history(self, training: Training, state: dict[str, Any]) -> list[Record]:
        """The records of the finished epochs, each with all that a training such as this one measures."""
        records = History.checked(state["history"], str(self.path))
        require(len(records) <= training.epochs, f"it has {len(records)} epochs of {training.epochs}")
        lacks = {name for record in records for name in training.settings["measured"] if name not in record}
        require(not lacks, f"its history lacks {', '.join(sorted(lacks))}")
        stopped = state["stopped"]
        require(stopped is None or isinstance(stopped, str), f"expected why it was stopped, got {shown(stopped)}")
        return records

    def _compare(self, training: Training, state: dict[str, Any]) -> None:
        if state.get("format") != FORMAT:
            raise CheckpointError(f"{self.path}: this checkpoint is of format {state.get('format')}, expected {FORMAT}")
        wanted = json.loads(json.dumps(training.settings))
        found = state["settings"]
        require(isinstance(found, dict), f"expected a table of settings, got {shown(found)}")
        for name, value in wanted.items():
            if found.get(name) != value:
                raise CheckpointError(
                    f"{self.path}: this checkpoint is of another training: its {name} is {shown(found.get(name))}, "
                    f"here it is {shown(value)}; resume with the same settings, or delete the file to start anew"
                )


def _check_vector(name: str, vector: Array, saved: Array) -> None:
    same = vector.shape == saved.shape and vector.dtype == saved.dtype
    require(same, f"{name}: expected {vector.shape} {vector.dtype}, got {saved.shape} {saved.dtype}")
    require(bool(np.isfinite(saved).all()), f"{name} holds NaN or infinity")


def _number(state: dict[str, Any], name: str, least: float, most: float = math.inf) -> Any:
    """A number of the state; a whole one if its bounds are whole."""
    value = state[name]
    kind = int if isinstance(least, int) else int | float
    right = isinstance(value, kind) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    require(right and least <= value <= most, f"expected {name} from {least} to {most}, got {shown(value)}")
    return value


def _within_epoch(training: Training, state: dict[str, Any]) -> dict[str, Any]:
    """How far the epoch has come that was broken off."""
    examples = training.settings["examples"]
    return {
        "batch": _number(state, "batch", 1, training.batches - 1),
        "examples": _number(state, "examples", 1, examples),
        "right": _number(state, "right", 0, examples),
        "weight": float(_number(state, "weight", 0.0)),
        "loss_sum": float(_number(state, "loss_sum", -math.inf)),
        "seconds": float(_number(state, "seconds", 0.0)),
    }
