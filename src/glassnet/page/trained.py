"""The process of a training: it obeys commands, and sends frames of what the training is like.

It has one thread. The workers of a trainer are forked, and a fork copies no other thread, only what they had locked.
So between steps the process looks into its pipe for a command. When the pipe closes, the server has ended, and so does
the process.
"""

import multiprocessing
import os
import signal
import time
import warnings
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.errors import MissingDataError
from glassnet.data.registry import load_dataset
from glassnet.experiments.setup import Setup
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError
from glassnet.nn.plain import brief
from glassnet.page.timeline import Timeline, fingerprint, thinned
from glassnet.recipes.recipe import Recipe
from glassnet.runs.run import save_unfinished
from glassnet.train.callbacks import monitor_of
from glassnet.train.history import Record
from glassnet.train.trainer import Trainer

FALLBACK = "digits"
LISTEN = 0.02  # seconds between two looks into the pipe while steps are taken
FRAME = 0.25  # seconds between two frames, at least
FRAMES_COST = 0.04  # the largest share of the time that frames may take
ACCURACY = 3.0  # seconds between two measurements of the classes while steps are taken, at least
POINTS = 500  # of the curve in a frame
EXAMPLES = 5_000  # of the training examples, which are measured where there is no validation


class Command(NamedTuple):
    """What the process is told to do: train, pause, step, epoch, back, go, reach, start, save or end.

    Attributes:
        number: of the command, which the frame that answers it repeats.   position: where to go.
        folder: where to save.
    """

    number: int
    name: str
    position: int = 0
    folder: Path | None = None


class Accuracy(NamedTuple):
    """How many examples of each class a network gets right, (C,) each; `of` says on which examples, `at` which step."""

    of: str
    at: int
    right: list[int]
    total: list[int]


class Frame(NamedTuple):
    """What a training is like at one moment.

    Attributes:
        answers: the number of the command that this answers; None while steps are taken.
        first_loss: of the batch of the first step.   diverged: whether the next step gives numbers that are not finite.
        steps, losses: new points of the curve.   records: those of epochs that are new.
        theta, buffers: of the network.   fingerprint: of the network, and gradient: of the last step, laid out as
            theta; both only when no steps are taken.
        prints: fingerprints of the weights after 0, 1, 2, 4, 8, ... steps, and of those now.
        saved: the folder that was written.   problem: a line for the person.   note: what they should know.
    """

    answers: int | None
    running: bool
    position: int
    furthest: int
    epoch: int
    batch: int
    finished: bool
    stopped: str | None
    best_epoch: int
    learning_rate: float
    loss: float | None
    first_loss: float | None
    diverged: bool
    steps: Array
    losses: Array
    records: list[Record]
    theta: Array
    buffers: Array
    fingerprint: str | None
    prints: dict[int, str]
    gradient: Array | None
    accuracy: Accuracy | None
    saved: Path | None
    problem: str | None
    note: str | None


class Failure(NamedTuple):
    """The last message of a process that cannot go on."""

    problem: str


def data_of(setup: Setup) -> tuple[Setup, Dataset, str | None]:
    """The dataset of a setup, downloading nothing; the 8x8 digits stand in for MNIST, and the note says so.

    Returns:
        The setup with the dataset that it has here, the dataset with the faults planted in it, and a note or None.

    Raises:
        InputError: this is a recipe for tables.   DataError: the dataset is not on this machine.
    """
    recipe, data = setup.recipe, setup.recipe.data
    if data.target is not None:
        raise InputError(
            f"the page trains on images: expected a recipe for them, got {recipe.name}, which is for tables"
        )
    try:
        return setup, setup.planted(load_here(data.name, data.validation)), None
    except MissingDataError:
        if data.name != "mnist":
            raise
    dataset = load_here(FALLBACK, data.validation)
    note = (
        "MNIST is not on this machine, so this trains on the 8x8 digits of scikit-learn; get MNIST with: "
        "glassnet data get mnist"
    )
    here = replace(setup, recipe=replace(recipe, data=replace(data, name=FALLBACK)))
    return here, here.planted(dataset), note


@lru_cache(maxsize=3)  # for the server, where all sessions share it
def load_here(name: str, validation: int) -> Dataset:
    """A dataset that is on this machine; nothing is downloaded.

    Raises:
        DataError: it is not, or its files are damaged.
    """
    return load_dataset(name, validation=validation, download=False)


def serve(pipe: Connection, setup: Setup) -> None:
    """Train this as the commands in the pipe say, until one is "end" or the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches all; the server ends this process
    try:
        setup, dataset, _ = data_of(setup)
        recipe, network = setup.recipe, setup.make_network(dataset)
        own = [callback for callback in (recipe.reduce_on_plateau, recipe.early_stopping) if callback]
        with warnings.catch_warnings(record=True) as warned:
            trainer = Trainer(
                network,
                dataset.train,
                setup.plan(dataset),
                validation=dataset.validation if len(dataset.validation) else None,
                monitor=monitor_of(own),
            )
        note = "; ".join(str(warning.message) for warning in warned) or None
        with trainer:
            Trained(pipe, recipe, dataset, Timeline(trainer, own, watch=_check_server), note).obey()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the server has ended
    except Exception as error:  # whatever it is, the person must hear of it
        with suppress(OSError):
            pipe.send(Failure(brief(error) or type(error).__name__))


def _check_server() -> None:
    """Raise EOFError if the server has ended: then this process has another parent."""
    server = multiprocessing.parent_process()
    if server and os.getppid() != server.pid:
        raise EOFError


class Trained:
    """A training that obeys the commands in a pipe."""

    def __init__(
        self, pipe: Connection, recipe: Recipe, dataset: Dataset, timeline: Timeline, note: str | None
    ) -> None:
        self.pipe, self.recipe, self.dataset, self.timeline, self.note = pipe, recipe, dataset, timeline, note
        self.network = timeline.training.network.copy()  # what the training would give, for frames
        self.sent_step = self.sent_epoch = 0
        self.measured_at = 0.0
        self.accuracy: Accuracy | None = None

    def obey(self) -> None:
        """Obey commands until one is "end".

        Raises:
            EOFError, OSError: the server has ended.   WorkerError: another worker has failed.
        """
        while (command := self.pipe.recv()).name != "end":
            problem, saved = None, None
            try:
                saved = self._do(command)
            except ValueError as error:  # of this project: the person asked for something that is not possible
                problem = str(error)
            self.pipe.send(self._frame(answers=command.number, problem=problem, saved=saved))

    def _do(self, command: Command) -> Path | None:
        timeline = self.timeline
        batches = timeline.training.batches
        match command.name:
            case "train":
                self._run(None)
            case "epoch":
                self._run((timeline.position // batches + 1) * batches)
            case "reach":
                self._reach(command.position)
            case "step":
                timeline.step()
            case "back":
                timeline.back()
            case "go":
                timeline.go(command.position)
            case "start":
                timeline.start()
            case "save":
                return self._save(command.folder)
        return None

    def _reach(self, position: int) -> None:
        """Go to a position, back to one that was reached before, or on to a new one or the end."""
        self.timeline.go(min(position, self.timeline.furthest))
        self._run(position)

    def _run(self, goal: int | None) -> None:
        """Take steps up to this position, or to the end, or until another command comes."""
        timeline, clock = self.timeline, time.perf_counter
        listen_at = clock() + LISTEN
        frame_at = clock() + FRAME
        while not timeline.finished and timeline.position != goal:
            timeline.step()
            now = clock()
            if timeline.problem:
                return
            if now < listen_at:
                continue
            if self.pipe.poll():
                return
            listen_at = now + LISTEN
            if now >= frame_at:
                self.pipe.send(self._frame(running=True))
                spent = clock() - now
                frame_at = clock() + max(FRAME, spent / FRAMES_COST)

    def _frame(
        self,
        *,
        answers: int | None = None,
        running: bool = False,
        problem: str | None = None,
        saved: Path | None = None,
    ) -> Frame:
        timeline = self.timeline
        training = timeline.training
        timeline.give(self.network)
        steps, losses = timeline.curve(self.sent_step)
        records = timeline.records[self.sent_epoch :]
        self._measure(running=running, new_epoch=bool(records))
        self.sent_step, self.sent_epoch = max(self.sent_step, timeline.furthest), len(timeline.records)
        note = self.note
        if timeline.finished and not running:
            note = timeline.trainer.failure() or note
        return Frame(
            answers=answers,
            running=running,
            position=timeline.position,
            furthest=timeline.furthest,
            epoch=training.epoch,
            batch=training.batch,
            finished=timeline.finished,
            stopped=training.history.stopped,
            best_epoch=training.best.epoch,
            learning_rate=training.learning_rate,
            loss=timeline.loss,
            first_loss=timeline.first_loss,
            diverged=timeline.problem is not None,
            steps=thinned(steps, POINTS),
            losses=thinned(losses, POINTS),
            records=records,
            theta=self.network.theta,
            buffers=self.network.buffers,
            fingerprint=None if running else fingerprint(self.network),
            prints={**timeline.prints, **({} if running else {timeline.position: fingerprint(training.network)})},
            gradient=None if running else timeline.gradient(),
            accuracy=self.accuracy,
            saved=saved,
            problem=problem or timeline.problem,
            note=note,
        )

    def _measure(self, *, running: bool, new_epoch: bool) -> None:
        """Count the right answers by class: where the training stands, and at times where an epoch has ended."""
        now = time.perf_counter()
        here = self.timeline.position
        if running and not (new_epoch and now >= self.measured_at + ACCURACY):
            return
        if self.accuracy is not None and self.accuracy.at == here:
            return
        of, inputs, labels, rows = self._measured
        try:
            predicted = self.network.loss.labels(self.network.loss.predict(self.network.logits(inputs, rows)))
        except InputError:  # the weights are finite still, and the outputs are not: the next step diverges
            self.accuracy = None
            return
        C = len(self.dataset.classes)
        total, right = np.bincount(labels, minlength=C), np.bincount(labels[predicted == labels], minlength=C)
        self.accuracy = Accuracy(of, here, right.tolist(), total.tolist())
        self.measured_at = now

    @cached_property
    def _measured(self) -> tuple[str, Array, Array, Array]:
        """The name of the examples by which accuracy is measured, their inputs, labels and rows."""
        data, validation = self.timeline.trainer.data, self.timeline.trainer.data.validation
        of, examples = ("validation", validation) if validation else ("training", data.examples)
        rows = examples.rows[:EXAMPLES]
        return of, examples.inputs, examples.targets[rows].astype(np.int64), rows

    def _save(self, folder: Path | None) -> Path:
        if folder is None:
            raise InputError("expected a folder to save the run in, got none")
        trainer = self.timeline.trainer
        save_unfinished(self.recipe, self.dataset, folder, trainer)
        return folder
