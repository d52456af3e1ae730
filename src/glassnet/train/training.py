"""Where a training is: all that its rest depends on. It can be copied between two steps, and put back.

`Trainer` changes it, callbacks look at it, a checkpoint writes it down.
"""

import copy
import json
import math
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.network import Network
from glassnet.nn.optim import State
from glassnet.nn.plain import shown
from glassnet.train.history import History, Record, is_better
from glassnet.train.plan import Plan

NUMBERS = ("epoch", "batch", "right", "weight", "loss_sum", "seconds", "rate", "learning_rate", "went_on")
IN_RECORDS = (
    *("epoch", "training_loss", "training_accuracy", "penalty", "validation_loss", "validation_accuracy"),
    *("learning_rate", "seconds"),
)


class Snapshot:
    """The parameters and buffers of a network at one moment."""

    def __init__(self, network: Network) -> None:
        self.theta, self.buffers = network.theta.copy(), network.buffers.copy()

    def take(self, network: Network) -> None:
        """Remember the network as it is now instead."""
        np.copyto(self.theta, network.theta)
        np.copyto(self.buffers, network.buffers)

    def restore(self, network: Network) -> None:
        """Make the network what it was."""
        np.copyto(network.theta, self.theta)
        np.copyto(network.buffers, self.buffers)


class BestNetwork:
    """Remembers the network of the epoch with the best monitored value.

    Attributes:
        epoch, value: of the best network; 0 and NaN before the first epoch.   snapshot: the network itself.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.value = math.nan
        self.epoch = 0
        self.snapshot: Snapshot | None = None

    def observe(self, training: "Training") -> None:
        """Look at the epoch that has just ended; `training.last` is still the network before it."""
        value = training.history.records[-1][self.monitor]
        if is_better(value, self.value, self.monitor):
            # With one batch an epoch, the training loss is that of the network before its only step.
            before = self.monitor.startswith("training") and training.batches == 1
            self.snapshot = copy.deepcopy(training.last) if before else Snapshot(training.network)
            self.value, self.epoch = value, training.epoch
            training.history.best_epoch = training.epoch

    def restore(self, training: "Training") -> None:
        """Give the network its best parameters back."""
        if self.snapshot:
            self.snapshot.restore(training.network)
            training.history.kept_epoch = self.epoch


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A copy of all that the rest of a training depends on, as it was between two steps.

    Attributes:
        arrays: vectors by name: "theta" and "buffers" of the network, the same of "last." and "best.", what the
            optimizer remembers ("optimizer.velocity"), and running means ("average.theta").
        values: plain values: the settings of the training, its history, how far the epoch has come.
    """

    arrays: dict[str, Array]
    values: dict[str, Any]


@dataclass
class Training:
    """The state of a training.

    Attributes:
        network: as it is now.   plan: the settings of the training.
        optimizer_state: what its update rule remembers.
        averages: of its "theta" and "buffers"; empty if weights are not averaged.
        history: the finished epochs.   best: the best network so far.   last: as it was after the last whole epoch.
        settings: what must be the same when this training goes on from a state, as plain values.
        epochs, batches: how many there are at the most, and in each epoch.
        epoch, batch: where training is, both from 1; batch is 0 before an epoch's first step.
        weight, loss_sum, right: of the examples of this epoch so far: how much they count together, their loss, how
            many were right.
        seconds: spent on steps and measuring in this epoch so far.
        rate: a factor on the learning rate, besides the schedule's.   learning_rate: of the last step.
        start_loss: the mean loss before the first step, on a few training examples; NaN if that is not known.
        went_on: the number of epochs after which a training that had been stopped went on; 0 if it never did.
        interrupted: whether somebody has asked `fit` to end it after this step.
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
    right: int = 0
    weight: float = 0.0
    loss_sum: float = 0.0
    seconds: float = 0.0
    rate: float = 1.0
    learning_rate: float = 0.0
    start_loss: float = math.nan
    went_on: int = 0
    interrupted: bool = False
    last: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.last = Snapshot(self.network)

    @property
    def epochs(self) -> int:
        return self.plan.epochs

    @property
    def seen(self) -> int:
        """How many examples this epoch has had."""
        return min(self.batch * self.settings["batch_size"], self.settings["examples"])

    @property
    def loss(self) -> float:
        """The mean training loss of this epoch so far; NaN before its first step."""
        return self.loss_sum / (self.weight or 1.0) if self.seen else math.nan

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or the training was stopped."""
        return len(self.history) >= self.epochs or self.history.stopped is not None

    def stop(self, reason: str) -> None:
        """End the training after this epoch; the reason is kept in the history."""
        self.history.stopped = reason

    def interrupt(self) -> None:
        """Ask `fit` to end the training after this step, as Ctrl-C does."""
        self.interrupted = True

    def state(self) -> TrainingState:
        """A copy of all there is to know.

        Raises:
            InputError: the training has run away: its parameters are no finite numbers.
        """
        finite = bool(np.isfinite(self.network.theta).all())
        require(finite, "the training has run away, and has no state to keep: its parameters are no finite numbers")
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
            **{name: getattr(self, name) for name in NUMBERS},
        }
        return TrainingState(arrays, values)

    def restore(self, state: TrainingState) -> None:
        """Go back, or forward, to a state of this training or of another one with the same settings, bit for bit.

        Raises:
            InputError: it is of another training, or damaged; then nothing was changed.
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
        for name, vector in vectors.items():  # nothing can fail any more
            np.copyto(vector, state.arrays[name])
        self.best.epoch, self.best.value = numbers.pop("best_epoch"), numbers.pop("best_value")
        self.best.snapshot = snapshot if self.best.epoch else None
        self.history.records, self.history.stopped = history, state.values["stopped"]
        self.history.interrupted = False
        self.history.kept_epoch, self.history.best_epoch = len(history), self.best.epoch
        for name, value in numbers.items():
            setattr(self, name, value)

    def _vectors(self) -> dict[str, Array]:
        """Every vector that a state holds, but for those of the best network, which there may not be."""
        vectors = {"theta": self.network.theta, "buffers": self.network.buffers}
        vectors |= {"last.theta": self.last.theta, "last.buffers": self.last.buffers}
        vectors |= {f"optimizer.{name}": vector for name, vector in self.optimizer_state.items()}
        return vectors | {f"average.{name}": vector for name, vector in self.averages.items()}

    def _compare(self, found: Any) -> None:
        require(isinstance(found, dict), f"the state is damaged: expected a table of settings, got {shown(found)}")
        for name, value in json.loads(json.dumps(self.settings)).items():
            there = json.loads(json.dumps(found.get(name)))
            require(
                there == value,
                f"the state is of another training: its {name} is {shown(there)}, here it is {shown(value)}",
            )

    def _history(self, values: dict[str, Any]) -> list[Record]:
        """The records of the finished epochs, each with all that a training such as this one measures."""
        records = History.checked(values["history"], "the state is damaged: its history")
        require(len(records) <= self.epochs, f"the state is damaged: it has {len(records)} epochs of {self.epochs}")
        lacks = {name for record in records for name in self.settings["measured"] if name not in record}
        require(not lacks, f"the state is damaged: its history lacks {', '.join(sorted(lacks))}")
        known = {name: place for place, name in enumerate(IN_RECORDS)}  # a file sorts its keys
        records = [dict(sorted(record.items(), key=lambda item: known.get(item[0], len(known)))) for record in records]
        stopped = values["stopped"]
        text = stopped is None or isinstance(stopped, str)
        require(text, f"the state is damaged: expected why it was stopped, got {shown(stopped)}")
        return records

    def _numbers(self, values: dict[str, Any], finished: int) -> dict[str, Any]:
        """How far the training had come: every number of the state, after so many whole epochs."""
        begun = finished + 1
        epoch = _number(values, "epoch", max(finished, 1), min(begun, self.epochs))
        batch = _number(values, "batch", self.batches if epoch < begun else 0, self.batches)
        seen = min(batch * self.settings["batch_size"], self.settings["examples"])
        numbers = {
            "epoch": epoch,
            "batch": batch,
            "right": _number(values, "right", 0, seen),
            "went_on": _number(values, "went_on", 0, finished),
            "best_epoch": _number(values, "best_epoch", 0, finished),
            "loss_sum": _number(values, "loss_sum", -math.inf, math.inf),
            **{name: _number(values, name, 0.0, math.inf) for name in ("weight", "seconds", "learning_rate", "rate")},
        }
        for name in ("best_value", "start_loss"):  # which may be unknown
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
    require(bool(np.isfinite(saved).all()), f"the state is damaged: {name} holds NaN or infinity")


def _number(values: dict[str, Any], name: str, least: float, most: float) -> Any:
    """A number of the state; a whole one if its lower bound is whole."""
    value = values[name]
    kind = int if isinstance(least, int) else int | float
    right = isinstance(value, kind) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    require(
        right and least <= value <= most,
        f"the state is damaged: expected {name} from {least} to {most}, got {shown(value)}",
    )
    return value if kind is int else float(value)
