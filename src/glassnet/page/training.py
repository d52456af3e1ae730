"""A training as the server sees it: it asks the training's process, and keeps what that sends.

Everything here runs in the event loop, but for the thread that reads frames, which touches nothing that others change.
"""

import asyncio
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.experiments.setup import Setup
from glassnet.modelfile import save_network
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.summary import in_short
from glassnet.page.prepared import Prepared, prepare
from glassnet.page.process import Process
from glassnet.page.slots import Slots
from glassnet.page.timeline import fingerprint, thinned
from glassnet.page.trained import Command, Failure, Frame
from glassnet.runs.folder import RunError
from glassnet.runs.run import about_model
from glassnet.train.history import Record
from glassnet.train.metrics import evaluate

State = dict[str, Any]

RUNS = ("train", "epoch", "reach")  # commands that another command ends
MOST_WAITING = 100  # commands of one training that wait
MOST_POINTS = 50_000  # of the whole curve
POINTS = 2_000  # of the whole curve, for a page that has just opened


class Training:
    """One training of a session, in a process of its own.

    `begin` says what to train. The process starts with the first command. Commands return at once; what they lead to
    comes in frames, and for each `changed` is called with the new state.

    Args:
        changed: called in the event loop with the state, in which curve and records hold only what is new.
        slots: shared by all trainings of the server.

    Attributes:
        setup, dataset: what is trained; None before `begin`.
        first: the network that the training begins with.
        network: what the training would give now. It is replaced and never changed, so any thread may read it.
        gradient: that the last step followed, laid out as `network.theta`; None at the start and while steps are taken.
    """

    def __init__(self, changed: Callable[[State], None], slots: Slots) -> None:
        self.changed, self.slots = changed, slots
        self.setup: Setup | None = None
        self.dataset: Dataset | None = None
        self.first: Network | None = None
        self.network: Network | None = None
        self.gradient: Array | None = None
        self._process: Process | None = None
        self._number = 0
        self._forget()

    def _forget(self) -> None:
        """Forget all that a process has sent."""
        self._frame: Frame | None = None
        self._steps = self._losses = np.zeros(0, np.float32)
        self.records: list[Record] = []
        self._queue: deque[Command] = deque()
        self._asked: dict[int, Command] = {}  # those that are not answered yet
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._problem: str | None = None
        self.gradient = None

    async def begin(self, setup: Setup) -> None:
        """Train this from now on; the training before it ends.

        Raises:
            InputError, RecipeError, DataError: it cannot be trained here; then nothing has changed.
        """
        await self.begin_prepared(await asyncio.to_thread(prepare, setup))

    async def begin_prepared(self, prepared: Prepared) -> None:
        """As `begin`, with what `prepare` gave."""
        await self.close()
        self._forget()
        self.setup, self.dataset, self.data_note, self.network = prepared
        self.first = self.network
        self.changed(self.state)

    async def forget(self) -> None:
        """End the training, as if none had been begun."""
        await self.close()
        self._forget()
        begun = self.setup is not None
        self.setup = self.dataset = self.network = self.first = None
        if begun:
            self.changed(self.state)

    def can(self, by: str) -> bool:
        """Whether there is a way to go, so that the method of this name moves it."""
        if by in ("back", "start"):
            return self.position > 0
        return by == "pause" or not (self._frame and self._frame.finished)

    @property
    def position(self) -> int:
        """The number of steps taken from the start."""
        return self._frame.position if self._frame else 0

    @property
    def prints(self) -> dict[int, str]:
        """Fingerprints of the weights by the number of steps: at 0, 1, 2, 4, 8, ... and where it stands."""
        return self._frame.prints if self._frame else {}

    @property
    def furthest(self) -> int:
        """The last position that was reached."""
        return self._frame.furthest if self._frame else 0

    def train(self) -> None:
        """Take steps until the end, or until another command."""
        if not any(command.name == "train" for command in self._waiting()):
            self._ask("train")

    def pause(self) -> None:
        """End `train` or `epoch` after the current step."""
        if any(command.name in RUNS for command in self._queue):
            self._queue = deque(command for command in self._queue if command.name not in RUNS)
            self._go_on()
        if any(command.name in RUNS for command in self._asked.values()):
            self._ask("pause")

    def step(self) -> None:
        """Take one step."""
        self._ask("step")

    def epoch(self) -> None:
        """Take steps to the end of the epoch."""
        self._ask("epoch")

    def back(self) -> None:
        """Go back by one step."""
        self._ask("back")

    def go(self, position: int) -> None:
        """Go to a position that was reached before; of several that wait, only the newest counts."""
        if self._queue and self._queue[-1].name == "go":
            self._queue.pop()
        self._ask("go", position=position)

    def reach(self, position: int) -> None:
        """Go to a position, or take steps until it is reached, or the end."""
        self._ask("reach", position=position)

    def start(self) -> None:
        """Go back to the start."""
        self._ask("start")

    async def settled(self) -> None:
        """Wait until every command is answered."""
        while waiting := [self._answer(command.number) for command in self._waiting()]:
            await asyncio.wait(waiting)

    async def save_model(self) -> bytes:
        """The network as a model file, measured on the test examples.

        Raises:
            InputError: nothing was begun, or it has a fault.   ModelFileError: the network is not finite.
        """
        setup, dataset = self._begun()
        setup.check_sound("the model is not saved")
        assert self.network is not None
        return await asyncio.to_thread(_model_file, setup, dataset, self.network, self._epochs_finished)

    async def save_run(self) -> Path:
        """Save the training as an interrupted `glassnet train` leaves it; return the new folder, below runs/.

        Raises:
            InputError: nothing was begun, or it has a fault.   RunError: the folder cannot be written.
        """
        setup, dataset = self._begun()
        setup.check_sound("the run is not saved")
        require(setup.taught is None, "a run is a recipe, which holds no digits of your own: save the model instead")
        running = next((command.name for command in self._waiting() if command.name in RUNS), None)
        folder = _own_folder(f"page-{setup.recipe.name}-{dataset.name}")
        try:
            answer = self._answer(self._ask("save", folder=folder))
            if running:
                self._ask(running)
            frame = await answer
            if frame.saved is None:
                raise RunError(frame.problem or "the run could not be saved")
        except ValueError:
            with suppress(OSError):
                folder.rmdir()  # if it is empty
            raise
        return folder

    async def close(self) -> None:
        """End the process, if there is one: it is asked, then terminated, then killed."""
        process, self._process = self._process, None
        self._drop("the training was ended before the run was saved")
        if process is not None:
            await asyncio.to_thread(process.end)
        self.slots.leave(self)

    @property
    def state(self) -> State:
        """All that a page shows of this training, as plain values and arrays; empty before `begin`."""
        return self._view(thinned(self._steps, POINTS), thinned(self._losses, POINTS), self.records)

    def _view(self, steps: Array, losses: Array, records: list[Record]) -> State:
        if self.setup is None or self.dataset is None or self.network is None:
            return {}
        frame, waiting = self._frame, self._waiting()
        place = self.slots.place(self)
        accuracy = frame.accuracy._asdict() if frame and frame.accuracy else None
        return {
            "recipe": self.setup.recipe.name,
            "faults": list(self.setup.faults),
            "taught": self.setup.taught is not None,
            "dataset": self.dataset.name,
            "classes": list(self.dataset.classes),
            "input_shape": list(self.dataset.input_shape),
            "network": in_short(self.network.layers),
            "parameters": self.network.theta.size,
            "position": self.position,
            "furthest": self.furthest,
            "epoch": frame.epoch if frame else 1,
            "batch": frame.batch if frame else 0,
            "batches": self._steps_of_epoch,
            "epochs": self.setup.recipe.training.epochs,
            "running": place == 0 and any(command.name in RUNS for command in waiting),
            "busy": waiting[0].name if waiting else None,
            "place": place,
            "finished": frame.finished if frame else False,
            "stopped": frame.stopped if frame else None,
            "best_epoch": frame.best_epoch if frame else 0,
            "learning_rate": frame.learning_rate if frame else None,
            "loss": frame.loss if frame else None,
            "first_loss": frame.first_loss if frame else None,
            "diverged": frame.diverged if frame else False,
            "fingerprint": frame.fingerprint if frame else fingerprint(self.network),
            "accuracy": accuracy,
            "curve": {"steps": steps.astype(np.float32), "losses": losses.astype(np.float32)},
            "records": list(records),
            "problem": self._problem or (frame.problem if frame else None),
            "note": "; ".join(filter(None, (self.data_note, frame.note if frame else None))) or None,
        }

    # What follows asks the process and hears its answers.

    def _drop(self, problem: str) -> None:
        """Drop all commands; who waits for the answer to one is told of this problem."""
        answers = list(self._answers.values())
        self._queue.clear()
        self._asked.clear()
        self._answers.clear()
        for answer in answers:
            answer.set_exception(RunError(problem))
            answer.exception()  # so that one that nobody waits for is not reported

    @property
    def _steps_of_epoch(self) -> int:
        setup, dataset = self._begun()
        size, examples = setup.recipe.training.batch_size, len(dataset.train)
        return 1 if size == "full" else -(-examples // min(size, examples))

    @property
    def _epochs_finished(self) -> int:
        return self._frame.position // self._steps_of_epoch if self._frame else 0

    def _begun(self) -> tuple[Setup, Dataset]:
        if self.setup is None or self.dataset is None:
            raise InputError("there is no training yet: choose a recipe first")
        return self.setup, self.dataset

    def _waiting(self) -> list[Command]:
        """The commands that are not answered yet, in order."""
        return [*self._asked.values(), *self._queue]

    def _answer(self, number: int) -> "asyncio.Future[Frame]":
        return self._answers.setdefault(number, asyncio.get_running_loop().create_future())

    def _ask(self, name: str, *, position: int = 0, folder: Path | None = None) -> int:
        """Put a command into the queue; return its number."""
        self._begun()
        require(len(self._queue) < MOST_WAITING, f"{MOST_WAITING} commands wait already: wait until they are done")
        self._problem = None
        if self._process is None:
            self._start_process()
        self._number += 1
        self._queue.append(Command(self._number, name, position, folder))
        self.slots.join(self)
        self._go_on()
        self.changed(self._view(np.zeros(0), np.zeros(0), []))
        return self._number

    def _go_on(self) -> None:
        """Send the next command, if there is one and its turn has come; leave the slot if there is none."""
        if not self._waiting():
            self.slots.leave(self)
        elif self._queue and not self.slots.place(self) and all(c.name in RUNS for c in self._asked.values()):
            command = self._queue.popleft()
            self._asked[command.number] = command
            assert self._process is not None  # it was started when the command was given
            self._process.send(command)

    def moved_up(self) -> None:
        """Called when those before it in the line have become fewer."""
        self._go_on()
        self.changed(self._view(np.zeros(0), np.zeros(0), []))

    def _start_process(self) -> None:
        setup, _ = self._begun()
        self._forget()
        self.network = self.first
        assert self.network is not None
        self._process = Process(setup, self.network, self._heard)

    def _heard(self, process: Process, message: Frame | Failure | None, network: Network | None) -> None:
        """Called in the event loop with each message of a process; None is its end."""
        if process is not self._process:
            return  # it was closed in the meantime
        if isinstance(message, Frame):
            assert network is not None
            self._show(message, network)
        else:
            self._lost(process, message)

    def _show(self, frame: Frame, network: Network) -> None:
        self._frame, self.network, self.gradient = frame, network, frame.gradient
        self.records += frame.records
        self._steps, self._losses = _joined(self._steps, frame.steps), _joined(self._losses, frame.losses)
        if frame.answers is not None:
            self._asked.pop(frame.answers, None)
            if answer := self._answers.pop(frame.answers, None):
                answer.set_result(frame)
            self._go_on()
        self.changed(self._view(frame.steps, frame.losses, frame.records))

    def _lost(self, process: Process, failure: Failure | None) -> None:
        """The process has ended, and nobody had asked it to."""
        self._process = None
        why = process.why_ended(failure)
        self._problem = f"the training has ended unexpectedly ({why}); Train and Step begin it again from the start"
        self._drop(self._problem)
        self.slots.leave(self)
        self.changed(self._view(np.zeros(0), np.zeros(0), []))


def _joined(curve: Array, new: Array) -> Array:
    """A curve with new points; of too many points every second one."""
    curve = np.concatenate([curve, new.astype(np.float32)])
    return curve if len(curve) <= MOST_POINTS else curve[1::2]


def _own_folder(name: str) -> Path:
    """Make the first of runs/name, runs/name-2, ... that does not exist."""
    number = 1
    while True:
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise RunError(f"cannot write to the run folder {folder}: {error.strerror or error}") from None
        else:
            return folder


def _model_file(setup: Setup, dataset: Dataset, network: Network, epochs: int) -> bytes:
    about = about_model(setup.recipe, dataset) | {"training": {"epochs": epochs, "kept_epoch": epochs}}
    if setup.taught:  # then this recipe alone does not give this network
        about["taught"] = {"digits": int(np.count_nonzero(~setup.taught.held_out)), "began_with": "trained weights"}
    if len(dataset.test):
        about["test"] = evaluate(network, dataset.test).figures
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_network(network, path, about=about)
        return path.read_bytes()
