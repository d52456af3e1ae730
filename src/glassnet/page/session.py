"""A session: what one browser tab has before it, and the answers to what it asks.

A session shows one network and one image. All that computes runs in a thread, on values that no other thread changes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from anyio.to_thread import run_sync

from glassnet.data.dataset import Dataset
from glassnet.data.registry import dataset_names
from glassnet.experiments.experiment import Experiment
from glassnet.experiments.setup import Setup
from glassnet.experiments.taught import teaching
from glassnet.model.answer import Answer
from glassnet.model.model import Model
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest, shown
from glassnet.page import changes, inside, limits, messages
from glassnet.page.form import RECIPES, offer, recipe_of
from glassnet.page.hand import Hand, learned
from glassnet.page.image import Image, fitted, read, said, said_by
from glassnet.page.link import Link, read_link
from glassnet.page.networks import Networks, facts
from glassnet.page.nudge import nudge
from glassnet.page.pair import NAMES, Pair
from glassnet.page.slots import Slots
from glassnet.page.trained import load_here
from glassnet.page.training import Training
from glassnet.reading import picture
from glassnet.recipes.data import DataSettings
from glassnet.recipes.recipe import Recipe


class Changed(NamedTuple):
    """A change that the person has made, and what it changed, in words."""

    change: changes.Change
    described: str


class Session:
    """What one browser tab has before it.

    Args:
        networks: the trained networks.   slots: the places for trainings that compute at once.
        given: the recipe that the command named, or None.   experiments: those to choose from, by their names.
        tell: is called with each event, in the event loop.

    Attributes:
        looking: held by whoever looks at what is shown or changes it: one ask at a time.
    """

    def __init__(
        self,
        networks: Networks,
        slots: Slots,
        given: Recipe | None,
        experiments: dict[str, Experiment],
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.networks, self.given, self.experiments, self.tell = networks, given, experiments, tell
        self.trainings = Pair(self._moved, slots)
        self.looking = asyncio.Lock()
        self.closed = False
        self.shown = networks.first
        self.model = networks.open(self.shown)
        self.image: Image | None = None
        self.changes: tuple[Changed, ...] = ()
        self.examples_taken = 0
        self.hand = Hand()
        self.counted: tuple[tuple[Network, Network], list[dict[str, Any]]] | None = None  # what these have learned

    async def welcome(self) -> dict[str, Any]:
        """All that a page needs to begin, or to begin again."""
        return {
            "networks": self.networks.names,
            "form": offer(self.given),
            "experiment": self.trainings.link.experiment or None,
            "experiments": [shown_to(name, one) for name, one in self.experiments.items()],
            "trainings": {name: self.state(name) for name in NAMES},
            "values": list(self.trainings.link.values) or None,
            "digits": self.hand.said(),
            "network": self._facts(),
            "answer": await self._answer(),
        }

    async def answer(self, ask: messages.Ask) -> dict[str, Any]:
        """The answer to what a browser asks.

        Raises:
            ValueError: one of the library's own, whose message is for the person.
        """
        require(not self.closed, "this session has ended: load the page again")  # else a process would outlive it
        match ask:
            case messages.Show(name):
                return await self._show(name)
            case messages.Clear():
                self.image = None
                return await self._answer()
            case messages.Reading(number):
                return await self._choose(number)
            case messages.Example(label):
                return await self._example(label)
            case messages.Answer():
                return await self._answer()
            case messages.Layers(label):
                return await run_sync(inside.layers, *self._now(), label)
            case messages.Layer(name, label):
                return {**await run_sync(inside.layer, *self._now(), name, label), "last_step": self._last_step(name)}
            case messages.Unit(name, index, label):
                return await run_sync(inside.unit, *self._now(), name, index, label)
            case messages.Speaks():
                return await run_sync(inside.speaks, *self._now())
            case messages.Weights(name, first, count):
                return await run_sync(inside.weights, self._network(), name, first, count)
            case messages.Change(index, value, layer, parameter):
                return await self._change(changes.Change(layer, parameter, index, value))
            case messages.Undo(everything):
                self.changes = () if everything else self.changes[:-1]
                return await self._answer()
            case messages.Nudge(layer, parameter, index, label, h):
                return await run_sync(nudge, *self._now(), label, layer, parameter, index, h)
            case messages.Compare():
                return await self._compare()
            case messages.Keep(label):
                return self._keep(label)
            case messages.Drop(number):
                self.hand.drop(number)
                return {"digits": self.hand.said()}
            case messages.Digits():
                return {"file": np.frombuffer(self.hand.as_csv(), np.uint8)}
            case messages.Learned():
                return await self._learned()
            case messages.Teach():
                return await self._teach()
            case messages.Begin(values, other):
                return await self._begin(Link(values=(values,) if other is None else (values, other)))
            case messages.Perform(name):
                return await self._begin(Link(name))
            case messages.Move(by):
                self.trainings.move(by)
                return {}
            case messages.Go(position):
                self.trainings.go(position)
                return {}
            case messages.Share():
                return {"fragment": self._link().fragment}
            case messages.Follow(link):
                return await self._follow(read_link(link))
            case messages.Save(what, other):
                return await self._save(what, self.trainings.trainings[NAMES[other]])

    async def read(self, file: bytes) -> dict[str, Any]:
        """Take the bytes of a picture file as the image, and answer.

        Raises:
            DataError: this is no picture; the image before it stays.
        """
        self.image = await run_sync(read, self._model(), file)
        self._forget_changed_pixels()
        return await self._answer()

    async def _choose(self, number: int) -> dict[str, Any]:
        """Show another reading of the picture."""
        offered = self.image.offered if self.image else ()
        if not self.image or not offered:
            raise InputError("there is no other way to read this picture")
        if not 0 <= number < len(offered):
            raise InputError(f"expected the number of a reading, from 0 to {len(offered) - 1}, got {shown(number)}")
        self._forget_changed_pixels()
        self.image = replace(self.image, shown=offered[number])
        return await self._answer()

    def _forget_changed_pixels(self) -> None:
        self.changes = tuple(changed for changed in self.changes if changed.change.layer is not None)

    def rest(self) -> None:
        """Let trainings pause: nobody looks."""
        if self.trainings.begun:
            self.trainings.move("pause")

    async def close(self) -> None:
        """End the trainings, for good."""
        self.closed = True
        await self.trainings.close()

    def _network(self) -> Network:
        return self.trainings.network(self.shown) or self.model.network

    def _model(self) -> Model:
        """The model with the network now shown."""
        return Model(self.model.path, self._network(), None, self.model.about)

    def _now(self) -> tuple[Network, Array]:
        """The network and the image, with the changes."""
        if self.image is None or self.image.pixels is None:
            raise InputError("there is no digit to look at yet: draw one, or take an example")
        return self._changed(self.image.pixels)

    def _changed(self, pixels: Array) -> tuple[Network, Array]:
        """The network, and pixels, with the changes."""
        network = self._network()
        if not self.changes:
            return network, pixels
        return changes.apply(network, pixels, [changed.change for changed in self.changes], white=self.model.white)

    def _last_step(self, name: str) -> dict[str, Array] | None:
        """The gradient of the last training step for each parameter of a layer; None where there is none."""
        network, training = self._network(), self._training()
        if training is None or (gradient := training.gradient) is None:
            return None
        of_layer = (s for s in network.segments if network.layers[s.layer].name == name)
        return {segment.name: segment.view(gradient) for segment in of_layer}

    def _facts(self) -> dict[str, Any]:
        network = self._network()
        return {"name": self.shown, **facts(network, white=self.model.white, can_refuse=network.threshold > 0)}

    async def _answer(self) -> dict[str, Any]:
        """What the network says of the image: its own probabilities, and whether it refuses, by five views."""
        if self.image is None:
            nothing: dict[str, Any] = {"image": None, "problem": "", "left_out": [], "numbers": None, "readings": []}
            return {**nothing, "changes": self._described()}
        image = self.image
        blank = np.zeros(self.model.network.input_shape, np.uint8)  # only the network is changed then
        network, pixels = self._changed(blank if image.pixels is None else image.pixels)
        answer = await run_sync(said, image, network, pixels)
        return {**answer, "truth": image.truth, "changes": self._described()}

    def _described(self) -> list[str]:
        return [changed.described for changed in self.changes]

    async def _show(self, name: str) -> dict[str, Any]:
        if name in NAMES:
            model = self._model_of(self.trainings.trainings[name])
        else:
            model = await run_sync(self.networks.open, name)
        self.shown, self.model, self.changes = name, model, ()
        if self.image:
            self.image = await run_sync(fitted, self.image, self._model())
        return {"network": self._facts(), "answer": await self._answer()}

    async def _example(self, label: int | None) -> dict[str, Any]:
        dataset = await run_sync(self._examples)
        labels = dataset.test.y
        assert labels is not None  # each dataset of images has them
        rows = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
        if not len(rows):
            raise InputError(f"{dataset.name} has no test example of the label {shown(label)}")
        row = int(rows[self.examples_taken % len(rows)])
        self.examples_taken += 1
        pixels = np.ascontiguousarray(dataset.test[row : row + 1].x[0])
        grey = picture.as_grey(pixels, dataset.white)
        self.image, self.changes = Image(grey, Answer((), image=pixels), truth=int(labels[row])), ()
        return {**await self._answer(), "dataset": dataset.name, "row": row}

    def _examples(self) -> Dataset:
        """The dataset of the network that is shown, where it is at hand.

        Raises:
            MissingDataError: it is not.
        """
        training = self._training()
        if training and training.dataset:
            return training.dataset
        name = self.model.recipe.data.name if self.model.recipe else ""
        usual = "digits" if self.model.network.input_shape == (8, 8) else "mnist"
        return load_here(name if name in dataset_names() else usual, DataSettings.validation)

    async def _change(self, change: changes.Change) -> dict[str, Any]:
        most = limits.CHANGES
        require(len(self.changes) < most, f"{most:,} changes stand already: take some of them back first")
        network, pixels = self._now()
        before = changes.before(network, pixels, change)
        changes.apply(network, pixels, [change], white=self.model.white)  # raises if the value cannot stand there
        others = self.changes
        self.changes = (*others, Changed(change, changes.describe(change, before)))
        try:
            return await self._answer()
        except InputError:  # it would be the answer to all that follows
            self.changes = others
            raise InputError(
                f"with {change.value:.4g} there the network computes numbers that are not finite"
            ) from None

    async def _begin(self, link: Link) -> dict[str, Any]:
        """Begin what a link names: an experiment, or trainings of a person's own."""
        name = link.experiment
        if name not in self.experiments and not link.values:
            raise InputError(f"there is no experiment {shown(name)}; {nearest(name, self.experiments)}")
        if experiment := self.experiments.get(name):
            await self._train(experiment.setups, link, experiment)
        else:
            await self._train([Setup(await run_sync(recipe_of, each, self.given)) for each in link.values], link)
        return {"values": list(link.values) or None, "experiment": name or None}

    async def _train(self, setups: Sequence[Setup], link: Link, experiment: Experiment | None = None) -> None:
        async with self.looking:
            await self.trainings.begin(setups, link, experiment)
            if self.shown in NAMES:  # it may have another shape now, or be gone
                await self._show(self.shown if self.trainings.network(self.shown) else NAMES[0])

    def _keep(self, label: int) -> dict[str, Any]:
        if self.image is None or self.image.pixels is None:
            raise InputError("there is no digit to keep yet: draw one")
        require(self.image.truth is None, "this is a test digit, and those are never learned: draw one of your own")
        self.hand.add(self.image.pixels, label, self._network().class_names)
        return {"digits": self.hand.said()}

    async def _teach(self) -> dict[str, Any]:
        """Train the network that is shown on the digits of the person, from where it stands."""
        training = self._training()
        if training and training.setup:
            training.setup.check_sound("this network learns no digits of yours")
        recipe = training.setup.recipe if training and training.setup else self.model.recipe
        if recipe is None:
            raise InputError(f"the file of {self.shown} does not say how its network was trained: choose another")
        setup = Setup(teaching(recipe), taught=self.hand.taught(self._network()))
        await self._train([setup], Link())
        return {"network": setup.recipe.name}

    async def _learned(self) -> dict[str, Any]:
        """How the digits are read by the network as it was before it learned them, and as it is now."""
        training = self.trainings.trainings[NAMES[0]]
        setup, dataset = training.setup, training.dataset
        if setup is None or setup.taught is None or dataset is None or not (training.first and training.network):
            raise InputError("no digits were learned yet: keep some, and teach them to a network")
        networks = (training.first, training.network)
        if self.counted is None or self.counted[0] != networks:
            self.counted = networks, await run_sync(learned, setup.taught, dataset, networks)
        return {"rows": self.counted[1]}

    def _link(self) -> Link:
        """The link to the trainings, where they stand.

        Raises:
            InputError: there is none, or it follows from a recipe that is a file of this machine.
        """
        link = self.trainings.shared()
        for each in link.values:
            everywhere = each["recipe"] in RECIPES and recipe_of(each) == recipe_of(each, self.given)
            require(everywhere, f"the recipe {shown(each['recipe'])} is a file on this machine: send the file itself")
        return link

    async def _follow(self, link: Link) -> dict[str, Any]:
        """Begin the trainings of a link, and train to its steps."""
        begun = await self._begin(link)
        self.trainings.follow()
        return begun

    async def _compare(self) -> dict[str, Any]:
        """How the two trainings differ, and what each says of the image."""
        answers, weights = [], []
        for training in self.trainings.begun:
            model = self._model_of(training)
            answers.append(await run_sync(said_by, model, self.image))
            weights.append(await run_sync(inside.first_weights, model.network))
        return {**self.trainings.compared(), "answers": answers, "weights": weights}

    async def _save(self, what: str, training: Training) -> dict[str, Any]:
        if what == "model":
            return {"model": np.frombuffer(await training.save_model(), np.uint8)}
        return {"folder": str((await training.save_run()).resolve())}

    def _training(self) -> Training | None:
        """The training whose network is shown; None if it is another network."""
        return self.trainings.trainings.get(self.shown)

    def _model_of(self, training: Training) -> Model:
        """The network in training as a model.

        Raises:
            InputError: there is none yet.
        """
        if training.network is None:
            raise InputError("there is no training yet: choose a recipe and press Train or Step")
        white = training.dataset.white if training.dataset else 255
        return Model(Path(NAMES[0]), training.network, None, {"data": {"white": white}})

    def state(self, name: str) -> dict[str, Any]:
        """All that a page shows of a training; empty if it was not begun."""
        return self.trainings.state(name)

    def _moved(self, name: str, state: dict[str, Any]) -> None:
        self.tell({"event": name, "state": state})


def shown_to(name: str, experiment: Experiment) -> dict[str, Any]:
    """An experiment as the page shows it."""
    return {
        "name": name,
        "title": experiment.title,
        "question": experiment.question,
        "watch": experiment.watch,
        "answer": experiment.answer,
        "course": experiment.course,
        "trainings": [variant.name for variant in experiment.trainings],
    }
