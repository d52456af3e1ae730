"""A session alone: what it shows, what is changed in it, and what comes between two asks."""

import asyncio
import io
import multiprocessing
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("anyio", reason="the page needs the extra 'page'")

import glassnet as gn
from glassnet.page import limits, messages
from glassnet.page.networks import Networks
from glassnet.page.session import Session
from glassnet.page.sessions import Place
from glassnet.page.slots import Slots
from glassnet.runs.folder import RunError

SMALL = {"recipe": "classic", "dataset": "digits", "hidden": [16]}


def picture(grey: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def a_one() -> bytes:
    grey = np.full((200, 200), 255, np.uint8)
    grey[40:160, 90:110] = 0
    return picture(grey)


class Asked(Place):
    """A place in which each ask waits for its turn, as those of a page do."""

    def __init__(self, slots: Slots | None = None) -> None:
        super().__init__(lambda tell: Session(Networks(), slots or Slots(), None, tell))

    async def ask(self, ask: messages.Ask) -> dict[str, Any]:
        async with self.turn(ask):
            return await self.session.answer(ask)

    async def read(self, file: bytes) -> dict[str, Any]:
        async with self.turn(None):
            return await self.session.read(file)


def run(story: Callable[[Asked], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        place = Asked()
        try:
            await place.ask(messages.Show("classic"))
            await story(place)
        finally:
            await place.session.close()

    asyncio.run(asyncio.wait_for(whole(), 120))
    assert multiprocessing.active_children() == []


def test_changes_are_taken_back_one_by_one_or_all() -> None:
    async def story(place: Asked) -> None:
        before = await place.read(a_one())
        for value in (1.0, 2.0, 3.0):
            answer = await place.ask(messages.Change((0, 0), value, "dense1", "W"))
        assert [line.rpartition(" ")[2] for line in answer["changes"]] == ["1", "2", "3"]
        answer = await place.ask(messages.Undo())
        assert [line.rpartition(" ")[2] for line in answer["changes"]] == ["1", "2"]
        answer = await place.ask(messages.Undo(all=True))
        assert answer["changes"] == []
        np.testing.assert_array_equal(answer["probabilities"], before["probabilities"])

    run(story)


def test_a_new_drawing_keeps_changed_weights_and_forgets_changed_pixels() -> None:
    async def story(place: Asked) -> None:
        await place.read(a_one())
        await place.ask(messages.Change((0, 0), 1.0, "dense1", "W"))
        await place.ask(messages.Change((0, 0), 9.0))
        answer = await place.read(a_one())
        assert len(answer["changes"]) == 1
        assert answer["changes"][0].startswith("dense1 W[0,0]")
        assert (await place.ask(messages.Show("cnn")))["answer"]["changes"] == []

    run(story)


def test_a_change_with_which_nothing_is_finite_does_not_stand(recwarn: pytest.WarningsRecorder) -> None:
    async def story(place: Asked) -> None:
        await place.read(a_one())
        large = float(np.finfo(np.float32).max)
        await place.ask(messages.Change((5,), 1e6, "dense1", "b"))
        for value in (large, -large):
            line = f"with {value:.4g} there the network computes numbers that are not finite"
            with pytest.raises(gn.InputError, match=re.escape(line)):
                await place.ask(messages.Change((5, 1), value, "dense2", "W"))
        answer = await place.ask(messages.Answer())
        assert len(answer["changes"]) == 1
        assert np.isfinite(answer["probabilities"]).all()

    run(story)
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_changes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHANGES", 3)

    async def story(place: Asked) -> None:
        await place.read(a_one())
        for _ in range(3):
            await place.ask(messages.Change((0, 0), 1.0))
        with pytest.raises(gn.InputError, match="3 changes stand already: take some of them back first"):
            await place.ask(messages.Change((0, 0), 1.0))
        await place.ask(messages.Undo())
        assert len((await place.ask(messages.Change((0, 0), 1.0)))["changes"]) == 3

    run(story)


def test_the_problem_of_a_picture_is_that_of_the_last() -> None:
    async def story(place: Asked) -> None:
        blank = await place.read(picture(np.full((50, 50), 255, np.uint8)))
        assert blank["problem"].startswith("no ink found")
        with pytest.raises(gn.DataError, match="expected a picture"):
            await place.read(b"garbage")
        assert (await place.ask(messages.Answer()))["problem"] == ""

    run(story)


@pytest.mark.mnist
def test_a_drawing_while_a_training_of_another_shape_begins(digits: gn.Dataset, mnist: gn.Dataset) -> None:
    """The image always has the form of the network that is shown, whichever comes first."""

    async def story(place: Asked) -> None:
        session, over = place.session, asyncio.Event()

        async def draw() -> None:
            while not over.is_set():
                answer = await place.read(a_one())
                assert answer["image"].shape in ((28, 28), (8, 8))

        await place.read(a_one())
        await place.ask(messages.Begin(SMALL))
        await place.ask(messages.Show("training"))
        assert session.image is not None
        assert session.image.pixels.shape == (8, 8)
        drawing = asyncio.create_task(draw())
        for number, dataset in enumerate(("mnist", "digits", "mnist", "digits")):
            await asyncio.sleep(0.01 * number)
            await place.ask(messages.Begin(SMALL | {"dataset": dataset}))
            assert session._network().input_shape == ((28, 28) if dataset == "mnist" else (8, 8))
        over.set()
        await drawing
        answer = await place.ask(messages.Answer())
        assert answer["image"].shape == session._network().input_shape == (8, 8)
        assert session.changes == ()

    run(story)


def test_changes_of_a_layer_that_is_no_longer_there_are_forgotten(digits: gn.Dataset) -> None:
    async def story(place: Asked) -> None:
        await place.read(a_one())
        await place.ask(messages.Begin(SMALL | {"hidden": [16, 8]}))
        await place.ask(messages.Show("training"))
        await place.ask(messages.Change((0, 0), 1.0, "dense3", "W"))
        await place.ask(messages.Begin(SMALL))
        assert (await place.ask(messages.Answer()))["changes"] == []

    run(story)


def test_the_gradient_of_the_last_step_is_that_of_the_training_only(digits: gn.Dataset) -> None:
    async def story(place: Asked) -> None:
        await place.read(a_one())
        await place.ask(messages.Begin(SMALL))
        await place.ask(messages.Move("step"))
        await place.session.training.settled()
        assert (await place.ask(messages.Layer("dense1")))["last_step"] is None
        await place.ask(messages.Show("training"))
        gradients = (await place.ask(messages.Layer("dense1")))["last_step"]
        assert {name: array.shape for name, array in gradients.items()} == {"W": (64, 16), "b": (16,)}
        assert gradients["W"].any()
        assert (await place.ask(messages.Layer("relu1")))["last_step"] == {}

    run(story)


def test_a_session_that_has_ended_starts_no_process(digits: gn.Dataset) -> None:
    """A page asks, and goes; when its session is ended in the meantime, nobody would end the process."""

    async def story(place: Asked) -> None:
        await place.ask(messages.Begin(SMALL))
        await place.session.close()
        with pytest.raises(gn.InputError, match="this session has ended: load the page again"):
            await place.ask(messages.Move("train"))
        assert multiprocessing.active_children() == []

    run(story)


def test_a_training_that_waits_to_be_saved_can_be_given_up(digits: gn.Dataset, in_tmp: Path) -> None:
    async def story() -> None:
        slots = Slots(1)
        first, second = Asked(slots), Asked(slots)
        try:
            for place in (first, second):
                await place.ask(messages.Begin(SMALL | {"epochs": 1000, "batch_size": 1}))
            await first.ask(messages.Move("train"))
            saving = asyncio.create_task(second.ask(messages.Save("run")))
            while not slots.place(second.session.training):
                await asyncio.sleep(0.01)
            await second.ask(messages.Begin(SMALL))
            with pytest.raises(RunError, match="the training was ended before the run was saved"):
                await saving
            assert list(Path("runs").iterdir()) == []
        finally:
            for place in (first, second):
                await place.session.close()

    asyncio.run(asyncio.wait_for(story(), 120))


@pytest.mark.mnist
def test_messages_stay_short() -> None:
    async def story(place: Asked) -> None:
        with pytest.raises(gn.InputError, match="mnist has no test example of the label 10000") as caught:
            await place.ask(messages.Example(10**4000))
        assert len(str(caught.value)) < 500

    run(story)
