"""The state of a training: everything on which its next steps depend. It can be copied between two steps, and restored.

`Trainer` changes it, callbacks read it, a checkpoint saves it.
"""

import copy
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.network import Network
from glassnet.nn.optim import State
from glassnet.nn.plain import shown
from glassnet.train.history import History, Record, is_better
from glassnet.train.pieces import batches_of
from glassnet.train.plan import Plan

NUMBERS = ("epoch", "batch", "weight", "loss_sum", "seconds", "rate", "learning_rate", "went_on")
IN_RECORDS = (
    *("epoch", "training_loss", "training_accuracy", "penalty", "validation_loss", "validation_accuracy"),
    *("learning_rate", "seconds"),
)


class Snapshot:
    """The parameters and buffers of a network at one moment."""

    def __init__(self, network: Network) -> None:
        self.theta, self.buffers = network.theta.copy(), network.buffers.copy()

    def take(self, network: Network) -> None:
        """Replace the copy by the network as it is now."""
        np.copyto(self.theta, network.theta)
        np.copyto(self.buffers, network.buffers)

    def restore(self, network: Network) -> None:
        """Copy the parameters and buffers back into the network."""
        np.copyto(network.theta, self.theta)
        np.copyto(network.buffers, self.buffers)


class BestNetwork:
    """Stores the network of the epoch with the best monitored value.

    Attributes:
        epoch, value: of the best network; 0 and NaN before the first epoch.   snapshot: the network itself.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.value = math.nan
        self.epoch = 0
        self.snapshot: Snapshot | None = None

    def observe(self, training: "Training") -> None:
        """Compare the epoch that has just ended with the best one; `training.last` is still the network before it."""
        value = training.history.records[-1][self.monitor]
        if is_better(value, self.value, self.monitor):
            # With one batch per epoch, the training loss is that of the network before its only step.
            measured_before_step = self.monitor.startswith("training") and training.batches == 1
            self.snapshot = copy.deepcopy(training.last) if measured_before_step else Snapshot(training.network)
            self.value, self.epoch = value, training.epoch
            training.history.best_epoch = training.epoch

    def restore(self, training: "Training") -> None:
        """Copy the best parameters back into the network."""
        if self.snapshot:
            self.snapshot.restore(training.network)
            training.history.kept_epoch = self.epoch


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A copy of everything on which the next steps of a training depend, taken between two steps.

    Attributes:
        arrays: vectors by name: "theta" and "buffers" of the network, the same with the prefixes "last." and "best.",
            the optimizer's state ("optimizer.velocity"), and running means ("average.theta").
        values: plain values: the settings of the training, its history, the progress of the epoch.
    """

    arrays: dict[str, Array]
    values: dict[str, Any]


@dataclass
class Training:
    """The state of a training.

    Attributes:
        network: the current network.   plan: the settings of the training.
        optimizer_state: the vectors that the optimizer keeps between steps.
        averages: the averages of "theta" and "buffers"; empty if weights are not averaged.
        history: the finished epochs.   best: the best network so far.   last: the network after the last whole epoch.
        settings: the settings that must be the same when this training continues from a state, as plain values.
        epochs: the largest number of epochs.   batches: the number of batches in each epoch.
        epoch, batch: the current position, both from 1; batch is 0 before an epoch's first step.
        weight, loss_sum, correct: sums over the examples of this epoch so far: of their weights, of their losses, and
            of the correct predictions.
        seconds: the time spent on steps and measuring in this epoch so far.
        rate: a factor for the learning rate, in addition to the schedule.   learning_rate: that of the last step.
        start_loss: the mean loss before the first step, on a few training examples; NaN if it is not known.
        went_on: the number of epochs finished when a stopped training was continued; 0 if that never happened.
        interrupted: whether `fit` was asked to end the training after this step.
        leads: whether this process prints and writes; with several ranks, only rank 0 does.
        decide: the decision of the leading process, if it depends on more than the training, such as the time.
        share_state: called before the state is copied, because with several ranks each has only a part of it.
    """

    network: Network
    plan: Plan
    optimizer_state: State
    best: BestNetwork
    settings: dict[str, Any]
    batches: int
    averages: State = field(default_factory=dict)
    history: History = field(default_factory=History)
    epoch: int = 1
    batch: int = 0
    correct: int = 0
    weight: float = 0.0
    loss_sum: float = 0.0
    seconds: float = 0.0
    rate: float = 1.0
    learning_rate: float = 0.0
    start_loss: float = math.nan
    went_on: int = 0
    interrupted: bool = False
    leads: bool = True
    decide: Callable[[bool], bool] = bool
    share_state: Callable[[], None] = lambda: None
    last: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.last = Snapshot(self.network)

    @property
    def epochs(self) -> int:
        return self.plan.epochs

    @property
    def seen(self) -> int:
        """The number of examples that this epoch has used so far."""
        return self._seen(self.batch)

    def _seen(self, batch: int) -> int:
        """The number of examples in the first batches of an epoch."""
        settings = self.settings
        batches = batches_of(settings["examples"], settings["batch_size"], settings["remainder"])
        return batches[batch - 1].stop if batch else 0

    @property
    def loss(self) -> float:
        """The mean training loss of this epoch so far; NaN before its first step."""
        return self.loss_sum / (self.weight or 1.0) if self.seen else math.nan

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or the training was stopped."""
        return len(self.history) >= self.epochs or self.history.stopped is not None

    def stop(self, reason: str) -> None:
        """End the training after this epoch; the reason is stored in the history."""
        self.history.stopped = reason

    def interrupt(self) -> None:
        """Ask `fit` to end the training after this step, as Ctrl-C does."""
        self.interrupted = True

    def state(self) -> TrainingState:
        """A copy of the whole state.

        Raises:
            InputError: the training has diverged: its parameters are not finite.
        """
        self.share_state()
        finite = bool(np.isfinite(self.network.theta).all())
        require(finite, "the training has diverged and has no state to keep: its parameters are not finite")
        arrays = {name: vector.copy() for name, vector in self._vectors().items()}
        if self.best.snapshot:
            arrays |= {"best.theta": self.best.snapshot.theta.copy(), "best.buffers": self.best.snapshot.buffers.copy()}
        values: dict[str, Any] = {
            "settings": copy.deepcopy(self.settings),
            "history": [dict(record) for record in self.history],
            "stopped": self.history.stopped,
            "best_epoch": self.best.epoch,
            "best_value": None if math.isnan(self.best.value) else self.best.value,
            "start_loss": None if math.isnan(self.start_loss) else self.start_loss,
            "right": self.correct,
            **{name: getattr(self, name) for name in NUMBERS},
        }
        return TrainingState(arrays, values)

    def restore(self, state: TrainingState) -> None:
        """Set the training to a state of this training, or of another one with the same settings, bit for bit.

        Raises:
            InputError: the state belongs to another training, or is damaged; nothing was changed.
        """
        require(isinstance(state, TrainingState), f"expected a state from Trainer.state(), got {type(state).__name__}")
        self._compare(state.values.get("settings"))
        snapshot = Snapshot(self.network)
        vectors = self._vectors()
        if "best.theta" in state.arrays:
            vectors |= {"best.theta": snapshot.theta, "best.buffers": snapshot.buffers}
        try:
            for name, vector in vectors.items():
                _check_vector(name, vector, state.arrays[name])
            history = self._history(state.values)
            numbers = self._numbers(state.values, len(history))
        except KeyError as error:
            require(False, f"the state is damaged: it lacks {error}")
        known = not math.isnan(numbers["best_value"])
        require(
            (numbers["best_epoch"] > 0) == ("best.theta" in state.arrays) == known,
            "the state is damaged: its best epoch and its best network do not agree",
        )
        for name, vector in vectors.items():  # all checks are done: from here nothing can fail
            np.copyto(vector, state.arrays[name])
        self.best.epoch, self.best.value = numbers.pop("best_epoch"), numbers.pop("best_value")
        self.best.snapshot = snapshot if self.best.epoch else None
        self.history.records, self.history.stopped = history, state.values["stopped"]
        self.history.interrupted = False
        self.history.kept_epoch, self.history.best_epoch = len(history), self.best.epoch
        for name, value in numbers.items():
            setattr(self, name, value)

    def _vectors(self) -> dict[str, Array]:
        """Every vector of a state, except those of the best network, which may not exist yet."""
        vectors = {"theta": self.network.theta, "buffers": self.network.buffers}
        vectors |= {"last.theta": self.last.theta, "last.buffers": self.last.buffers}
        vectors |= {f"optimizer.{name}": vector for name, vector in self.optimizer_state.items()}
        return vectors | {f"average.{name}": vector for name, vector in self.averages.items()}

    def _compare(self, settings: Any) -> None:
        """Raise InputError unless these settings of a state are those of this training."""
        require(
            isinstance(settings, dict), f"the state is damaged: expected a table of settings, got {shown(settings)}"
        )
        for name, value in json.loads(json.dumps(self.settings)).items():
            saved = json.loads(json.dumps(settings.get(name)))
            require(
                saved == value,
                f"the state is of another training: its {name} is {shown(saved)}, here it is {shown(value)}",
            )

    def _history(self, values: dict[str, Any]) -> list[Record]:
        """The records of the finished epochs; each must have every value that this training measures."""
        records = History.checked(values["history"], "the state is damaged: its history")
        require(len(records) <= self.epochs, f"the state is damaged: it has {len(records)} epochs of {self.epochs}")
        lacks = {name for record in records for name in self.settings["measured"] if name not in record}
        require(not lacks, f"the state is damaged: its history lacks {', '.join(sorted(lacks))}")
        known = {name: place for place, name in enumerate(IN_RECORDS)}  # a file sorts the keys, so restore their order
        records = [dict(sorted(record.items(), key=lambda item: known.get(item[0], len(known)))) for record in records]
        stopped = values["stopped"]
        is_valid = stopped is None or isinstance(stopped, str)
        require(is_valid, f"the state is damaged: expected why it was stopped, got {shown(stopped)}")
        return records

    def _numbers(self, values: dict[str, Any], finished: int) -> dict[str, Any]:
        """The numbers of the state, checked; `finished` is the number of finished epochs."""
        next_epoch = finished + 1
        epoch = _number(values, "epoch", max(finished, 1), min(next_epoch, self.epochs))
        batch = _number(values, "batch", self.batches if epoch < next_epoch else 0, self.batches)
        seen = self._seen(batch)
        numbers = {
            "epoch": epoch,
            "batch": batch,
            "correct": _number(values, "right", 0, seen),
            "went_on": _number(values, "went_on", 0, finished),
            "best_epoch": _number(values, "best_epoch", 0, finished),
            "loss_sum": _number(values, "loss_sum", -math.inf, math.inf),
            **{name: _number(values, name, 0.0, math.inf) for name in ("weight", "seconds", "learning_rate", "rate")},
        }
        for name in ("best_value", "start_loss"):
            unknown = values[name] is None
            numbers[name] = math.nan if unknown else _number(values, name, -math.inf, math.inf)
        return numbers


def _check_vector(name: str, vector: Array, saved: Array) -> None:
    require(isinstance(saved, np.ndarray), f"the state is damaged: {name}: expected an array, got {shown(saved)}")
    same = vector.shape == saved.shape and vector.dtype == saved.dtype
    require(
        same,
        f"the state is damaged: {name}: expected {vector.shape} {vector.dtype}, got {saved.shape} {saved.dtype}",
    )
    # The optimizer's state may have overflowed although the training continues.
    is_usable = name.startswith("optimizer.") or bool(np.isfinite(saved).all())
    require(is_usable, f"the state is damaged: {name} holds NaN or infinity")


def _number(values: dict[str, Any], name: str, least: float, most: float) -> Any:
    """A number of the state, between two bounds; it must be an integer if the lower bound is one."""
    value = values[name]
    kind = int if isinstance(least, int) else int | float
    is_number = isinstance(value, kind) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    require(
        is_number and least <= value <= most,
        f"the state is damaged: expected {name} from {least} to {most}, got {shown(value)}",
    )
    return value if kind is int else float(value)
