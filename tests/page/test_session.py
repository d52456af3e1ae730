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
from PIL import Image, ImageDraw

pytest.importorskip("anyio", reason="the page needs the extra 'page'")

import glassnet as gn
from glassnet.page import limits, messages
from glassnet.page.networks import Networks
from glassnet.page.pair import NAMES
from glassnet.page.session import Session
from glassnet.page.sessions import Place, Sessions
from glassnet.page.slots import Slots
from glassnet.page.trained import load_here
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.folder import RunError
from reading.kinds import KINDS

SMALL = {"recipe": "classic", "dataset": "digits", "hidden": [16]}


def picture(grey: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def a_one() -> bytes:
    grey = np.full((200, 200), 255, np.uint8)
    grey[40:160, 90:110] = 0
    return picture(grey)


def a_three_with_a_speck() -> bytes:
    """A 3 with and without its speck: two readings with the same answer."""
    image = Image.new("L", (200, 200), 255)
    pen = ImageDraw.Draw(image)
    pen.arc((50, 10, 150, 100), -160, 90, 20, 12)
    pen.arc((50, 90, 150, 190), -90, 160, 20, 12)
    pen.ellipse((10, 10, 18, 18), 20)
    return picture(np.array(image))


def a_pale_three() -> bytes:
    """A 3 with a pale stroke, which is taken for a pattern of the paper."""
    file = io.BytesIO()
    KINDS["pale stroke"](3, 3).save(file, "PNG")
    return file.getvalue()


def two_digits() -> bytes:
    """A 2 and a 3, side by side."""
    image = Image.new("L", (300, 200), 255)
    pen = ImageDraw.Draw(image)
    pen.arc((30, 30, 110, 110), 180, 400, 20, 12)
    pen.line([(102, 95), (35, 165), (115, 165)], 20, 12)
    pen.arc((180, 30, 250, 100), 190, 450, 20, 12)
    pen.arc((175, 95, 255, 170), 270, 530, 20, 12)
    return picture(np.array(image))


class Asked(Place):
    """A place in which each ask waits for its turn, as those of a page do."""

    def __init__(self, slots: Slots | None = None) -> None:
        super().__init__(lambda tell: Session(Networks(), slots or Slots(), None, {}, tell))

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


def test_a_file_that_is_no_picture_leaves_the_picture_before() -> None:
    async def story(place: Asked) -> None:
        blank = await place.read(picture(np.full((50, 50), 255, np.uint8)))
        assert blank["problem"].startswith("no ink found")
        read = await place.read(a_pale_three())
        with pytest.raises(gn.DataError, match="expected a picture"):
            await place.read(b"garbage")
        now = await place.ask(messages.Answer())
        np.testing.assert_array_equal(now["image"], read["image"])
        assert now["problem"] == read["problem"] == ""

    run(story)


@pytest.mark.parametrize("network", ["cnn", "strong"])
def test_the_answer_is_that_of_the_reading_that_the_model_chooses(network: str) -> None:
    file, model = a_pale_three(), gn.Model.open(network)
    expected = model.read(file)
    assert expected.left_out == ("pattern",)
    assert expected.image is not None

    async def story(place: Asked) -> None:
        await place.ask(messages.Show(network))
        answer = await place.read(file)
        np.testing.assert_array_equal(answer["image"], expected.image)
        assert (answer["evidence"], answer["problem"]) == (expected.evidence, "")
        assert answer["left_out"] == ["with its pale parts as dark as the rest"]
        first, second = answer["readings"]
        assert (first["label"], first["refused"], first["shown"]) == (3, False, True)
        assert (second["evidence"], second["shown"]) == (expected.others[0].evidence, False)
        np.testing.assert_array_equal(second["image"], expected.others[0].image)

    run(story)


def test_a_reading_that_is_chosen_is_shown_without_the_changed_pixels() -> None:
    model = gn.Model.open("cnn")
    other = model.read(a_three_with_a_speck()).others[0]
    assert other.image is not None
    own = model.predict_proba(other.image[None])[0]

    async def story(place: Asked) -> None:
        await place.ask(messages.Show("cnn"))
        await place.read(a_three_with_a_speck())
        changed = await place.ask(messages.Change((0, 0), 200.0))
        assert [one["image"][0, 0] for one in changed["readings"]] == [200, 0]
        answer = await place.ask(messages.Reading(1))
        np.testing.assert_array_equal(answer["image"], other.image)
        np.testing.assert_array_equal(answer["probabilities"], own)
        assert (answer["evidence"], answer["left_out"]) == (other.evidence, ["with its specks"])
        assert answer["changes"] == []
        assert [one["shown"] for one in answer["readings"]] == [False, True]
        again = await place.ask(messages.Answer())
        np.testing.assert_array_equal(again["image"], other.image)

    run(story)


def test_every_reading_is_judged_by_the_network_with_its_changes() -> None:
    async def story(place: Asked) -> None:
        await place.ask(messages.Show("cnn"))
        before = await place.read(a_three_with_a_speck())
        after = await place.ask(messages.Change((7,), 100.0, "dense1", "b"))
        assert [one["label"] for one in before["readings"]] == [3, 3]
        assert [one["label"] for one in after["readings"]] == [7, 7]
        assert after["evidence"] == after["readings"][0]["evidence"]

    run(story)


def test_of_a_picture_of_a_number_its_digits_and_other_readings_can_be_chosen() -> None:
    page = gn.Model.open("cnn").read_number(two_digits())
    (number,) = page.numbers

    async def story(place: Asked) -> None:
        await place.ask(messages.Show("cnn"))
        answer = await place.read(two_digits())
        assert answer["image"] is None
        assert answer["problem"].startswith("found 2 digits")
        digits = number.digits
        said = {"text": number.text, "probability": number.probability, "problem": number.problem, "unknown": 0}
        assert answer["numbers"] == said
        assert [one["label"] for one in answer["readings"][: len(digits)]] == [one.ranking[0] for one in digits]
        others = answer["readings"][len(digits) :]
        assert others
        assert all(one["refused"] and not one["shown"] for one in others)
        chosen = await place.ask(messages.Reading(0))
        np.testing.assert_array_equal(chosen["image"], digits[0].image)
        chosen = await place.ask(messages.Reading(len(digits)))
        assert chosen["problem"].startswith("not recognised as a digit")
        assert "all strokes as one digit" in chosen["left_out"]
        assert [one["shown"] for one in chosen["readings"]].index(True) == len(digits)

    run(story)


def test_the_number_of_a_reading_that_is_not_there() -> None:
    async def story(place: Asked) -> None:
        with pytest.raises(gn.InputError, match="there is no other way to read this picture"):
            await place.ask(messages.Reading(0))
        await place.read(a_one())
        with pytest.raises(gn.InputError, match="there is no other way to read this picture"):
            await place.ask(messages.Reading(0))
        await place.read(a_three_with_a_speck())
        for number in (-1, 2):
            line = f"expected the number of a reading, from 0 to 1, got {number}"
            with pytest.raises(gn.InputError, match=f"^{line}$"):
                await place.ask(messages.Reading(number))
        assert (await place.ask(messages.Answer()))["readings"][0]["shown"]

    run(story)


def test_a_picture_is_read_anew_for_another_network_and_once_for_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    by, judge_read = [], gn.Model.read
    monkeypatch.setattr(gn.Model, "read", lambda model, file: by.append(model.path.stem) or judge_read(model, file))

    async def story(place: Asked) -> None:
        await place.read(a_three_with_a_speck())
        await place.ask(messages.Reading(1))
        answer = (await place.ask(messages.Show("classic")))["answer"]
        assert [one["shown"] for one in answer["readings"]] == [False, True]
        answer = (await place.ask(messages.Show("cnn")))["answer"]
        assert answer["evidence"] == judge_read(gn.Model.open("cnn"), a_three_with_a_speck()).evidence
        assert by == ["classic", "cnn"]

    run(story)


def test_a_picture_for_a_network_that_computes_nothing_finite_is_read_as_usual() -> None:
    async def story(place: Asked) -> None:
        network = place.session.model.network.copy()
        network.theta[:] = np.nan
        place.session.model = gn.Model(place.session.model.path, network, None, {})
        with pytest.raises(gn.InputError, match="finite"):
            await place.read(a_three_with_a_speck())
        assert place.session.image is not None
        assert place.session.image.shown.left_out == ()
        assert place.session.image.pixels is not None

    run(story)


@pytest.mark.mnist
def test_an_example_has_one_reading() -> None:
    async def story(place: Asked) -> None:
        answer = await place.ask(messages.Example(3))
        assert (answer["readings"], answer["left_out"], answer["truth"]) == ([], [], 3)
        with pytest.raises(gn.InputError, match="no other way"):
            await place.ask(messages.Reading(0))
        assert (await place.ask(messages.Show("cnn")))["answer"]["truth"] == 3

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
        await place.session.trainings.trainings["training"].settled()
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


def test_a_session_without_a_page_makes_room_for_others(digits: gn.Dataset) -> None:
    async def story() -> None:
        slots, places = Slots(1), list[Place]()
        sessions = Sessions(lambda tell: Session(Networks(), slots, None, {}, tell), alone=0.2)
        try:
            for _ in range(2):
                place, _ = sessions.come(None, leave)
                places.append(place)
                await place.session.answer(messages.Begin(SMALL | {"epochs": 1000, "batch_size": 1}))
                await place.session.answer(messages.Move("train"))
            sessions.left(places[0], leave)
            while not places[1].session.state("training")["position"]:
                await asyncio.sleep(0.01)
            assert not places[0].session.state("training")["running"]
            assert sessions.come(places[0].id, leave) == (places[0], True)
        finally:
            await sessions.close()

    def leave() -> None:
        pass

    asyncio.run(asyncio.wait_for(story(), 120))


@pytest.mark.mnist
def test_a_test_digit_is_not_kept() -> None:
    async def story(place: Asked) -> None:
        await place.ask(messages.Example(3))
        with pytest.raises(gn.InputError, match="this is a test digit, and those are never learned"):
            await place.ask(messages.Keep(3))

    run(story)


def test_without_its_dataset_a_network_learns_no_digits(
    digits: gn.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    load_here.cache_clear()

    async def story(place: Asked) -> None:
        await place.read(a_one())
        await place.ask(messages.Keep(1))
        with pytest.raises(gn.InputError, match="the dataset of this network is not on this machine; get it with: "):
            await place.ask(messages.Teach())
        assert place.session.trainings.begun == []

    run(story)
    load_here.cache_clear()


def test_a_recipe_of_ones_own_is_not_shared_under_the_name_of_another(digits: gn.Dataset) -> None:
    async def story() -> None:
        own = load_recipe("classic", settings={"optimizer.lr": 0.003})
        session = Session(Networks(), Slots(), own, {}, lambda event: None)
        try:
            await session.answer(messages.Begin({"recipe": "classic", "dataset": "digits"}))
            with pytest.raises(gn.InputError, match="'classic' is a file on this machine: send the file itself"):
                await session.answer(messages.Share())
            await session.answer(messages.Begin({"recipe": "sixteen", "dataset": "digits"}))
            assert "recipe=sixteen" in (await session.answer(messages.Share()))["fragment"]
        finally:
            await session.close()

    asyncio.run(asyncio.wait_for(story(), 120))


@pytest.mark.repeats
def test_a_link_holds_the_place_of_both_trainings(digits: gn.Dataset) -> None:
    other = SMALL | {"epochs": 1, "batch_size": 700}

    async def story(place: Asked) -> None:
        await place.ask(messages.Begin(SMALL, other))
        for _ in range(5):
            await place.ask(messages.Move("step"))
        await settled(place, (5, 2))
        link = (await place.ask(messages.Share()))["fragment"]
        assert "step=5" in link
        assert "other.step=2" in link
        await place.ask(messages.Begin(SMALL))
        await place.ask(messages.Follow(link))
        await settled(place, (5, 2))
        assert [place.session.state(name)["shared"]["same"] for name in NAMES] == [5, 2]
        await place.ask(messages.Follow(link.replace("other.batch_size=700", "other.batch_size=500")))
        await settled(place, (5, 2))
        assert [place.session.state(name)["shared"]["differs"] for name in NAMES] == [None, 1]

    async def settled(place: Asked, positions: tuple[int, int]) -> None:
        while True:
            states = [place.session.state(name) for name in NAMES]
            if tuple(state.get("position") for state in states) == positions and not any(s["busy"] for s in states):
                return
            await asyncio.sleep(0.01)

    run(story)


def test_an_experiment_without_a_name_ends_nothing(digits: gn.Dataset) -> None:
    async def story(place: Asked) -> None:
        await place.ask(messages.Begin(SMALL))
        with pytest.raises(gn.InputError, match="there is no experiment ''"):
            await place.ask(messages.Perform(""))
        assert len(place.session.trainings.begun) == 1

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
            while not slots.place(second.session.trainings.trainings["training"]):
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
