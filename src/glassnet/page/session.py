"""A session: what one browser tab has before it, and the answers to what it asks.

A session shows one network and one image. All that computes runs in a thread, on values that no other thread changes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Semaphore
from typing import Any, NamedTuple

import numpy as np
from anyio.to_thread import run_sync

from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError
from glassnet.data.registry import dataset_names
from glassnet.model.model import Model
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import shown
from glassnet.page import changes, inside, limits, messages
from glassnet.page.form import offer, recipe_of
from glassnet.page.networks import Networks, facts
from glassnet.page.nudge import nudge
from glassnet.page.prepared import prepare
from glassnet.page.slots import Slots
from glassnet.page.trained import load_here
from glassnet.page.training import Training
from glassnet.reading import picture
from glassnet.reading.drawing import form_for
from glassnet.recipes.data import DataSettings
from glassnet.recipes.recipe import Recipe

DECODING = Semaphore(limits.DECODING)
IN_TRAINING = "training"  # the name under which the network in training is shown


@dataclass(frozen=True, eq=False)
class Image:
    """The image before the network.

    Attributes:
        pixels: in the form of the network.   truth: the number of its class, if it is known.
        source: what it was made from, a picture file or grey values, to be brought into the form of another network.
    """

    pixels: Array
    source: bytes | Array
    truth: int | None = None


class Changed(NamedTuple):
    """A change that the person has made, and what it changed, in words."""

    change: changes.Change
    described: str


class Session:
    """What one browser tab has before it.

    Args:
        networks: the trained networks.   slots: the places for trainings that compute at once.
        given: the recipe that the command named, or None.
        tell: is called with each event, in the event loop.

    Attributes:
        looking: held by whoever looks at what is shown or changes it: one ask at a time.
    """

    def __init__(
        self, networks: Networks, slots: Slots, given: Recipe | None, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self.networks, self.given, self.tell = networks, given, tell
        self.training = Training(self._moved, slots)
        self.looking = asyncio.Lock()
        self.closed = False
        self.shown = networks.first
        self.model = networks.open(self.shown)
        self.image: Image | None = None
        self.problem = ""  # why the last picture has no image
        self.changes: tuple[Changed, ...] = ()
        self.examples_taken = 0
        self.values: dict[str, Any] | None = None  # of the form, with which the training was begun

    async def welcome(self) -> dict[str, Any]:
        """All that a page needs to begin, or to begin again."""
        return {
            "networks": self.networks.names,
            "form": offer(self.given),
            "training": self.training.state,
            "values": self.values,
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
                self.image, self.problem = None, ""
                return await self._answer()
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
            case messages.Begin(values):
                return await self._begin(values)
            case messages.Move(by):
                getattr(self.training, by)()
                return {}
            case messages.Go(position):
                self.training.go(position)
                return {}
            case messages.Save("model"):
                return {"model": np.frombuffer(await self.training.save_model(), np.uint8)}
            case messages.Save():
                return {"folder": str((await self.training.save_run()).resolve())}

    async def read(self, file: bytes) -> dict[str, Any]:
        """Take the bytes of a picture file as the image, and answer."""
        self.changes = tuple(changed for changed in self.changes if changed.change.layer is not None)
        self.image, self.problem = None, ""
        await self._form(file)
        return await self._answer()

    async def _form(self, source: bytes | Array) -> None:
        """Bring a picture into the form of the network now shown; what cannot be read becomes the problem.

        Raises:
            DataError: this is no picture.
        """
        shape = self.model.network.input_shape

        def form() -> tuple[Array | None, str]:
            with DECODING:
                grey = picture.read(source) if isinstance(source, bytes) else source
            try:
                return form_for(shape)(grey), ""
            except DataError as error:
                return None, str(error)

        pixels, self.problem = await run_sync(form)
        self.image = None if pixels is None else Image(pixels, source)

    async def close(self) -> None:
        """End the training, for good."""
        self.closed = True
        await self.training.close()

    def _network(self) -> Network:
        return self.training.network if self.shown == IN_TRAINING and self.training.network else self.model.network

    def _now(self) -> tuple[Network, Array]:
        """The network and the image, with the changes."""
        if self.image is None:
            raise InputError("there is no digit to look at yet: draw one, or take an example")
        network, pixels = self._network(), self.image.pixels
        if not self.changes:
            return network, pixels
        return changes.apply(network, pixels, [changed.change for changed in self.changes], white=self.model.white)

    def _last_step(self, name: str) -> dict[str, Array] | None:
        """The gradient of the last training step for each parameter of a layer; None where there is none."""
        network, gradient = self._network(), self.training.gradient
        if self.shown != IN_TRAINING or gradient is None:
            return None
        of_layer = (s for s in network.segments if network.layers[s.layer].name == name)
        return {segment.name: segment.view(gradient) for segment in of_layer}

    def _facts(self) -> dict[str, Any]:
        network = self._network()
        return {"name": self.shown, **facts(network, white=self.model.white, can_refuse=network.threshold > 0)}

    async def _answer(self) -> dict[str, Any]:
        """What the network says of the image: its own probabilities, and whether it refuses, by five views."""
        if self.image is None:
            return {"image": None, "problem": self.problem, "changes": self._described()}
        network, pixels = self._now()
        model = Model(self.model.path, network, None, self.model.about)

        def judge() -> dict[str, Any]:
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # by a changed weight; if the outputs are not finite, it says so
                judged = model.judge(pixels)
                own = network.loss.by_class(network.predict_proba(pixels[None]))[0]
            return {
                "image": pixels,
                "probabilities": own,
                "evidence": judged.evidence,
                "threshold": network.threshold,
                "problem": judged.problem,
            }

        truth = self.image.truth
        return {**await run_sync(judge), "truth": truth, "changes": self._described()}

    def _described(self) -> list[str]:
        return [changed.described for changed in self.changes]

    async def _show(self, name: str) -> dict[str, Any]:
        if name == IN_TRAINING:
            if self.training.network is None:
                raise InputError("there is no training yet: choose a recipe and press Train or Step")
            network, white = self.training.network, self.training.dataset.white if self.training.dataset else 255
            model = Model(Path(IN_TRAINING), network, None, {"data": {"white": white}})
        else:
            model = await run_sync(self.networks.open, name)
        self.shown, self.model, self.changes = name, model, ()
        await self._form_again()
        return {"network": self._facts(), "answer": await self._answer()}

    async def _form_again(self) -> None:
        """Bring the picture into the form of the network now shown, if that is another one."""
        if self.image and self.image.pixels.shape != self.model.network.input_shape:
            truth = self.image.truth
            await self._form(self.image.source)
            if self.image:
                self.image = replace(self.image, truth=truth)

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
        self.image, self.changes, self.problem = Image(pixels, grey, int(labels[row])), (), ""
        return {**await self._answer(), "dataset": dataset.name, "row": row}

    def _examples(self) -> Dataset:
        """The dataset of the network that is shown, where it is at hand.

        Raises:
            MissingDataError: it is not.
        """
        if self.shown == IN_TRAINING and self.training.dataset:
            return self.training.dataset
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

    async def _begin(self, values: dict[str, Any]) -> dict[str, Any]:
        prepared = await run_sync(prepare, await run_sync(recipe_of, values, self.given))
        async with self.looking:
            await self.training.begin_prepared(prepared)
            self.values = values
            if self.shown == IN_TRAINING:
                await self._show(IN_TRAINING)  # it may have another shape now
        return {}

    def _moved(self, state: dict[str, Any]) -> None:
        self.tell({"event": "training", "state": state})
