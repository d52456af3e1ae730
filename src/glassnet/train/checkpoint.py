"""Checkpoints: a training on disk, so that a crash at any instant costs at most the time since the last one.

A checkpoint is written to a new file, flushed to the disk and renamed over the old one; so there is always a whole one.
It holds all that the rest of the training depends on, and a resumed training ends in the same bits as one that never
stopped.
"""

import json
import math
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from glassnet.modelfile import ModelFileError, read_arrays, write_arrays
from glassnet.nn.layer import Array
from glassnet.nn.settings import require
from glassnet.train.callbacks import Callback, Snapshot, Training
from glassnet.train.history import History

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
        try:
            self._compare(training, state)
            network, best = training.network, training.best
            _fill(network.theta, arrays["theta"])
            _fill(network.buffers, arrays["buffers"])
            _fill(training.last.theta, arrays["last.theta"])
            _fill(training.last.buffers, arrays["last.buffers"])
            for name, vector in training.optimizer_state.items():
                _fill(vector, arrays[f"optimizer.{name}"])
            for name, vector in training.averages.items():
                _fill(vector, arrays[f"average.{name}"])
            training.history.records = History.checked(state["history"], str(self.path))
            training.history.stopped = state["stopped"]
            training.history.kept_epoch = len(training.history)
            best.epoch = training.history.best_epoch = int(state["best_epoch"])
            best.value = math.nan if state["best_value"] is None else float(state["best_value"])
            if "best.theta" in arrays:
                best.snapshot = Snapshot(network)
                _fill(best.snapshot.theta, arrays["best.theta"])
                _fill(best.snapshot.buffers, arrays["best.buffers"])
            if state["within_epoch"]:
                training.batch, training.examples = int(state["batch"]), int(state["examples"])
                training.loss_sum, training.right = float(state["loss_sum"]), int(state["right"])
                training.weight, training.seconds = float(state["weight"]), float(state["seconds"])
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(
                f"{self.path}: this checkpoint is damaged ({error}); delete the file to start anew"
            ) from None

    def _compare(self, training: Training, state: dict[str, Any]) -> None:
        if state.get("format") != FORMAT:
            raise CheckpointError(f"{self.path}: this checkpoint is of format {state.get('format')}, expected {FORMAT}")
        wanted = json.loads(json.dumps(training.settings))
        found = state["settings"]
        for name, value in wanted.items():
            if found.get(name) != value:
                raise CheckpointError(
                    f"{self.path}: this checkpoint is of another training: its {name} is {found.get(name)}, here it is "
                    f"{value}; resume with the same settings, or delete the file to start anew"
                )


def _fill(vector: Array, saved: Array) -> None:
    if vector.shape != saved.shape or vector.dtype != saved.dtype:
        raise ValueError(f"expected {vector.shape} {vector.dtype}, got {saved.shape} {saved.dtype}")
    np.copyto(vector, saved)
