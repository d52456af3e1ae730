"""A training in a process of its own, as the server has it: real processes, real data."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.experiments.setup import Setup
from glassnet.nn.threads import processors
from glassnet.page import trained
from glassnet.page.form import recipe_of
from glassnet.page.timeline import fingerprint
from glassnet.page.training import MOST_POINTS, MOST_WAITING, Slots, Training, _joined
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.folder import RunError, read_run
from glassnet.runs.run import resume_run, train_recipe
from glassnet.runs.unfinished import find_unfinished

MNIST = pytest.mark.mnist
SMALL = {"recipe": "classic", "dataset": "digits", "hidden": [16], "epochs": 6}
ENDLESS = SMALL | {"epochs": 1000, "batch_size": 1}


@pytest.fixture(autouse=True)
def no_process_is_left(digits: gn.Dataset):
    yield
    assert multiprocessing.active_children() == []


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 120))


class Watched(Training):
    """A training that remembers the states it told of, and is closed after its `async with` block."""

    def __init__(self, slots: Slots | None = None) -> None:
        self.told: list[dict[str, Any]] = []
        super().__init__(self.told.append, slots or Slots())

    async def __aenter__(self) -> "Watched":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        while not holds(self.state):
            await asyncio.sleep(0.01)

    async def do(self, *names: str) -> dict[str, Any]:
        for name in names:
            getattr(self, name)()
            await self.settled()
        return self.state


def by_hand(recipe: Recipe, steps: int) -> gn.Network:
    """The network after so many steps of a Trainer in this process."""
    dataset = gn.load_dataset(recipe.data.name, validation=recipe.data.validation, download=False)
    network = recipe.make_network(dataset)
    validation = dataset.validation if len(dataset.validation) else None
    with gn.Trainer(network, dataset.train, recipe.plan(dataset), validation=validation) as trainer:
        for _ in range(steps):
            trainer.step()
    return network


@MNIST
def test_forward_and_back_on_mnist_with_the_bits_of_a_trainer() -> None:
    recipe = load_recipe("classic")

    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe))
            assert multiprocessing.active_children() == []  # not before the first command
            start = training.state
            assert start["fingerprint"] == fingerprint(by_hand(recipe, 0))
            assert (start["position"], start["batches"], start["epochs"]) == (0, 430, 50)
            state = await training.do("step", "step", "step")
            assert state["fingerprint"] == fingerprint(by_hand(recipe, 3)) == fingerprint(training.network)
            assert (state["position"], state["furthest"], state["busy"], state["running"]) == (3, 3, None, False)
            assert state["curve"]["steps"].tolist() == [1, 2, 3]
            assert state["accuracy"]["of"] == "validation"
            assert sum(state["accuracy"]["total"]) == 5000
            assert training.gradient.shape == training.network.theta.shape
            state = await training.do("back")
            assert state["fingerprint"] == fingerprint(by_hand(recipe, 2))
            assert (state["position"], state["furthest"]) == (2, 3)
            state = await training.do("start")
            assert state["fingerprint"] == start["fingerprint"]
            assert training.gradient is None
            training.go(3)
            await training.settled()
            assert training.state["fingerprint"] == fingerprint(by_hand(recipe, 3))

    run(story)


def test_the_gradient_is_that_of_the_last_step() -> None:
    """Plain descent: theta after the step is theta before it, less the rate times the gradient."""

    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(SMALL)))
            before = training.network.theta
            for names in (["step"], ["step", "back"]):
                await training.do(*names)
                np.testing.assert_allclose(training.network.theta, before - 0.1 * training.gradient, atol=1e-7)

    run(story)


def epochs_before(state: dict[str, Any]) -> list[int]:
    """The numbers of the epochs that are finished."""
    return list(range(1, state["position"] // state["batches"] + 1))


def test_it_trains_until_it_is_paused_and_keeps_every_step() -> None:
    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(ENDLESS)))
            first = training.network
            bits = first.theta.copy()
            training.train()
            training.train()  # once is enough
            await training.until(lambda state: len(state["records"]) >= 2)
            assert training.state["running"]
            assert training.state["fingerprint"] is None
            assert training.gradient is None
            training.pause()
            await training.settled()
            state = training.state
            assert (state["running"], state["busy"]) == (False, None)
            assert state["fingerprint"] == fingerprint(training.network)
            assert training.network is not first
            np.testing.assert_array_equal(first.theta, bits)
            told = [frame for frame in training.told if frame["running"]]
            assert len(told) >= 2
            steps = np.concatenate([frame["curve"]["steps"] for frame in training.told])
            assert (np.diff(steps) > 0).all()
            assert steps[-1] == state["position"] == state["furthest"]
            assert all(len(frame["curve"]["steps"]) <= trained.POINTS for frame in training.told)
            assert [record["epoch"] for record in state["records"]] == epochs_before(state)
            training.pause()  # nothing to pause
            await training.settled()
            there = training.state["fingerprint"]
            state = await training.do("back", "step")
            assert state["fingerprint"] == there

    run(story)


def test_another_command_ends_the_running() -> None:
    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(ENDLESS)))
            training.train()
            await training.until(lambda state: state["position"] > 0)
            training.back()
            await training.settled()
            state = training.state
            assert not state["running"]
            assert state["position"] == state["furthest"] - 1

    run(story)


def test_an_epoch_and_the_end() -> None:
    recipe = recipe_of(SMALL)
    dataset = gn.load_dataset("digits")
    network, history = recipe.fit(dataset, workers=1)

    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe))
            state = await training.do("step", "epoch")
            assert (state["position"], state["epoch"]) == (state["batches"], 1)
            state = await training.do("epoch")
            assert state["position"] == 2 * state["batches"]
            state = await training.do("train")
            assert state["finished"]
            assert state["fingerprint"] == fingerprint(network)
            for ours, theirs in zip(state["records"], history, strict=True):
                assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
            right = state["accuracy"]["right"]
            assert sum(right) / sum(state["accuracy"]["total"]) == pytest.approx(history["validation_accuracy"][-1])
            state = await training.do("train")  # nothing is left
            assert state["problem"] is None
            state = await training.do("step")
            assert state["problem"] == "the training is over: it had all its 6 epochs"
            state = await training.do("back")
            assert not state["finished"]
            assert state["problem"] is None

    run(story)


def test_what_is_not_possible_is_a_line_and_the_training_lives_on() -> None:
    async def story() -> None:
        async with Watched() as training:
            assert training.state == {}
            for command in (training.train, training.step, training.back, training.start):
                with pytest.raises(gn.InputError, match="there is no training yet: choose a recipe first"):
                    command()
            with pytest.raises(gn.InputError, match="there is no training yet"):
                await training.save_run()
            await training.begin(Setup(recipe_of(SMALL)))
            state = await training.do("back")
            assert state["problem"] == "this is the start: there is no step to take back"
            training.go(7)
            await training.settled()
            assert training.state["problem"] == "expected a step from 0 to 0, the last one taken, got 7"
            state = await training.do("step")
            assert (state["position"], state["problem"]) == (1, None)
            state = (
                await training.begin(Setup(recipe_of(SMALL | {"lr": 1e9, "activation": "Identity"}))),
                await training.do("train"),
            )[1]
            assert "is no longer a finite number" in state["problem"]
            assert np.isfinite(training.network.theta).all()
            assert not state["running"]

    run(story)


def test_of_two_trainings_with_one_slot_one_waits() -> None:
    async def story() -> None:
        slots = Slots(1)
        async with Watched(slots) as first, Watched(slots) as second, Watched(slots) as third:
            for training in (first, second, third):
                await training.begin(Setup(recipe_of(ENDLESS)))
            first.train()
            await first.until(lambda state: state["position"] > 0)
            second.step()
            third.train()
            assert [training.state["place"] for training in (first, second, third)] == [0, 1, 2]
            assert second.state["busy"] == "step"
            assert not third.state["running"]
            await first.until(lambda state, then=first.state["position"]: state["position"] > then)
            assert second.state["position"] == 0
            first.pause()
            await second.settled()
            assert second.state["position"] == 1
            await third.until(lambda state: state["position"] > 0)
            assert [training.state["place"] for training in (first, second, third)] == [0, 0, 0]
            assert 1 in [state["place"] for state in third.told]
            first.train()
            second.train()
            assert [training.state["place"] for training in (first, second, third)] == [1, 2, 0]
            first.pause()  # before its turn has come
            assert [training.state["place"] for training in (first, second, third)] == [0, 1, 0]
            assert first.state["busy"] is None
            await third.close()
            await second.until(lambda state: state["position"] > 1)

    run(story)


def test_as_many_trainings_compute_as_there_are_processors() -> None:
    assert Slots().count == processors()


def test_a_slider_that_is_drawn_while_a_training_waits_asks_once() -> None:
    async def story() -> None:
        slots = Slots(1)
        async with Watched(slots) as first, Watched(slots) as second:
            for training in (first, second):
                await training.begin(Setup(recipe_of(ENDLESS)))
            first.train()
            second.step()
            for _ in range(MOST_WAITING):
                second.go(0)
            second.go(1)
            await first.close()
            await second.settled()
            assert second.state["position"] == 1
            assert second.state["problem"] is None

    run(story)


def test_of_a_long_curve_every_second_point_is_kept() -> None:
    curve = _joined(np.arange(MOST_POINTS - 1), np.arange(1))
    assert len(curve) == MOST_POINTS
    curve = _joined(curve, np.arange(1))
    assert len(curve) == MOST_POINTS // 2
    assert curve[:3].tolist() == [1, 3, 5]


@pytest.mark.posix
def test_a_killed_process_is_a_line_and_the_next_command_begins_again() -> None:
    async def story() -> None:
        slots = Slots(1)
        async with Watched(slots) as training, Watched(slots) as other:
            await training.begin(Setup(recipe_of(ENDLESS)))
            await other.begin(Setup(recipe_of(SMALL)))
            start = training.state["fingerprint"]
            training.train()
            await training.until(lambda state: state["position"] > 0)
            other.step()
            assert other.state["place"] == 1
            os.kill(training._process.process.pid, signal.SIGKILL)
            training.step()  # which the process cannot answer any more
            await training.until(lambda state: state["busy"] is None)
            assert training.state["problem"].startswith("the training has ended unexpectedly (it was killed")
            await training.settled()
            await other.until(lambda state: state["position"] == 1)  # its turn has come
            training.step()
            assert (training.state["position"], training.state["fingerprint"]) == (0, start)
            await training.settled()
            state = training.state
            assert (state["position"], state["furthest"], state["problem"]) == (1, 1, None)
            state = await training.do("back")
            assert state["fingerprint"] == start

    run(story)


def test_a_new_recipe_ends_the_old_training(in_tmp: Path) -> None:
    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(ENDLESS)))
            training.train()
            await training.until(lambda state: state["position"] > 0)
            saving = asyncio.create_task(training.save_run())
            await asyncio.sleep(0)
            await training.begin(Setup(recipe_of(SMALL | {"hidden": [4]})))
            assert multiprocessing.active_children() == []
            state = training.state
            assert (state["position"], state["network"], len(state["curve"]["steps"])) == (0, "64-4-10", 0)
            with pytest.raises(RunError, match="the training was ended before the run was saved"):
                await saving
            large = load_recipe("classic", settings={"network.hidden": [80_000], "data.name": "digits"})
            with pytest.raises(gn.InputError, match="at most 5,000,000 parameters, got 6,000,010"):
                await training.begin(Setup(large))
            assert training.state["network"] == "64-4-10"
            with pytest.raises(gn.InputError, match="expected a recipe for them"):
                await training.begin(
                    Setup(load_recipe("table", settings={"data.name": "iris", "data.target": "species"}))
                )

    run(story)


def test_what_a_process_still_said_when_it_was_ended_is_not_heard() -> None:
    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(SMALL)))
            await training.do("step")
            before, frame, network = training._process, training._frame, training.network
            await training.begin(Setup(recipe_of(SMALL | {"hidden": [4]})))
            for late in (frame, None):
                training._heard(before, late, network)
                assert (training.state["position"], training.state["problem"]) == (0, None)
                assert training.network is not network

    run(story)


def test_without_mnist_it_takes_the_small_digits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    trained.load_here.cache_clear()

    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(load_recipe("classic")))
            assert training.state["dataset"] == "digits"
            assert training.state["note"].startswith("MNIST is not on this machine, so this trains on the 8x8 digits")
            assert (await training.do("step"))["position"] == 1
            with pytest.raises(gn.DataError, match="fashion-mnist is not on this machine"):
                await training.begin(Setup(load_recipe("classic", settings={"data.name": "fashion-mnist"})))

    run(story)
    trained.load_here.cache_clear()


@pytest.mark.repeats
def test_a_run_is_saved_while_it_trains_and_both_go_on_to_the_same_bits(in_tmp: Path, digits: gn.Dataset) -> None:
    recipe = recipe_of(SMALL | {"optimizer": "Adam", "dropout": 0.2, "batch_size": 16, "epochs": 100})
    whole = train_recipe(recipe, digits, "whole", pictures=False)
    Path("runs/page-classic-digits").mkdir(parents=True)

    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe))
            await training.do("epoch", "step")
            training.train()
            folder = await training.save_run()
            assert str(folder) == "runs/page-classic-digits-2"
            assert training.state["running"]
            await training.settled()
            assert training.state["finished"]
            assert training.state["fingerprint"] == fingerprint(whole.network)
            saved = read_run(folder)
            assert 1 <= saved.epochs < 100
            assert (
                saved.history["training_loss"]
                == [r["training_loss"] for r in training.state["records"]][: saved.epochs]
            )
            assert (folder / "report.html").is_file()
            resumed = resume_run(find_unfinished(folder), digits, pictures=False)
            assert fingerprint(resumed.network) == fingerprint(whole.network)

    run(story)


def test_a_run_that_cannot_be_saved_leaves_no_folder(in_tmp: Path) -> None:
    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(ENDLESS)))
            training.train()
            for number in range(MOST_WAITING + 1):
                training.epoch() if number == 0 else training.start()
            with pytest.raises(gn.InputError, match="100 commands wait already: wait until they are done"):
                await training.save_run()
            assert list(Path("runs").iterdir()) == []

    run(story)


def test_a_saved_model_knows_what_it_is(tmp_path: Path, digits: gn.Dataset) -> None:
    async def story() -> None:
        async with Watched() as training:
            await training.begin(Setup(recipe_of(SMALL)))
            await training.do("epoch")
            path = tmp_path / "model.safetensors"
            path.write_bytes(await training.save_model())
            model = gn.Model.open(path)
            assert fingerprint(model.network) == training.state["fingerprint"]
            assert model.recipe.to_table() == training.setup.recipe.to_table()
            assert model.about["test"]["accuracy"] == gn.evaluate(training.network, digits.test).accuracy
            assert model.about["training"] == {"epochs": 1, "kept_epoch": 1}
            assert model.about["data"] == {"white": 16}

    run(story)


ORPHAN = """
import asyncio, multiprocessing, os, signal, sys
from glassnet.experiments.setup import Setup
from glassnet.page.form import recipe_of
from glassnet.page.slots import Slots
from glassnet.page.training import Training

async def story(values):
    training = Training(lambda state: None, Slots())
    await training.begin(Setup(recipe_of(values)))
    training.train()
    while not training.state["position"]:
        await asyncio.sleep(0.01)
    print(multiprocessing.active_children()[0].pid, flush=True)
    if sys.argv[1] == "another was closed":
        other = Training(lambda state: None, Slots())
        await other.begin(Setup(recipe_of(values)))
        other.step()
        await other.settled()
        await other.close()
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(story({values}))
"""


@pytest.mark.posix
@pytest.mark.repeats
def test_the_process_ends_with_the_server(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(ORPHAN.replace("{values}", repr(ENDLESS)))
    servers = [
        subprocess.Popen([sys.executable, script, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for how in ("killed", "just ends", "another was closed")
    ]
    said = [server.communicate(timeout=60) for server in servers]
    assert [server.returncode for server in servers] == [-signal.SIGKILL, 0, 0]
    assert [errors for _, errors in said] == ["", "", ""]
    left = {int(pid) for pid, _ in said}
    for _ in range(300):
        left = {pid for pid in left if Path(f"/proc/{pid}").exists()}
        if not left:
            return
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    raise AssertionError("the process of a training outlives its server")
