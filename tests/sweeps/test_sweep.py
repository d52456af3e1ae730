"""Sweeps on the 8x8 digits: what they leave, that they go on to the same end, and that the test split waits."""

import csv
import io
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from commandline import refused
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.recipes.toml import RecipeError
from glassnet.runs.folder import RunError, read_run
from glassnet.runs.run import train_recipe
from glassnet.sweeps.results import best_of
from glassnet.sweeps.space import space_of
from glassnet.sweeps.sweep import Sweep, read_sweep
from glassnet.sweeps.trials import Trial

pytest.importorskip("optuna", reason="sweeps need the extra 'sweep'")

SEARCH = {"optimizer.lr": "log(1e-3, 3)", "network.hidden": [[16], [64], [64, 32]]}
LINES = [f"{key} = {text}" for key, text in SEARCH.items()]


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe("classic", settings={"data.name": "digits", "training.epochs": 10})


def command(out: Path, *more: str, trials: int = 8, epochs: int = 10) -> list[str]:
    searched = [part for line in LINES for part in ("--search", line)]
    start = [sys.executable, "-m", "glassnet", "sweep", "classic", "--data", "digits", "--no-pictures", *searched]
    return [*start, "--trials", str(trials), "--epochs", str(epochs), "--out", str(out), *more]


def table(folder: Path) -> list[dict[str, str]]:
    """The table of trials, without what time they took."""
    rows = list(csv.DictReader(io.StringIO((folder / "trials.csv").read_text())))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_trials_are_runs_and_the_best_is_measured_at_the_end(
    recipe: Recipe, digits: gn.Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    swept = gn.sweep(recipe, SEARCH, trials=8, out=folder, dataset=digits)
    assert [trial.number for trial in swept.trials] == list(range(1, 9))
    complete = [trial for trial in swept.trials if trial.state == "complete"]
    assert swept.best == min(complete, key=lambda t: (-(t.value or 0), t.attributes["loss"]))
    for trial in swept.trials:
        run = read_run(folder / "trials" / f"{trial.number:03d}")
        assert run.finished == (trial == swept.best)
        assert run.recipe is not None
        assert run.recipe.optimizer.lr == trial.settings["optimizer.lr"]
        if trial.state == "complete":
            assert run.history["validation_accuracy"][run.history.kept_epoch - 1] == trial.value
        else:
            assert trial.attributes["ended"].startswith("pruned after epoch")
            assert run.epochs < 10
    assert any(trial.state == "pruned" for trial in swept.trials)
    assert swept.run is not None
    assert swept.best is not None
    assert swept.best.value is not None
    assert swept.evaluation == read_run(swept.run).evaluation
    assert swept.measured == [swept.best.number]
    assert "8 trials, best 0." in repr(swept)

    rows = table(folder)
    assert [row["optimizer.lr"] for row in rows] == [str(trial.settings["optimizer.lr"]) for trial in swept.trials]
    assert rows[swept.best.number - 1]["validation_accuracy"] == str(swept.best.value)
    assert {path.stem for path in (folder / "pictures").iterdir()} == {"trials", "optimizer.lr", "network.hidden"}
    page = (folder / "report.html").read_text()
    assert f"Best validation accuracy: {100 * swept.best.value:.2f} ±" in page
    assert f"{100 * swept.evaluation['accuracy']:.2f} % right" in page

    again = train_recipe(load_recipe(folder / "best.toml"), digits, tmp_path / "best", pictures=False)
    model = (swept.run / "model.safetensors").read_bytes()
    assert (tmp_path / "best" / "model.safetensors").read_bytes() == model
    assert again.evaluation.figures == gn.evaluate(again.network, digits.test).figures
    assert (folder / "model.safetensors").read_bytes() == model
    opened = gn.Model.open(folder)  # the best network
    assert (opened.predict(digits.test.x[:50]) == gn.Model.open(swept.run).predict(digits.test.x[:50])).all()

    for command in ("resume", "report"):  # a sweep is no run, and stays what it is
        assert "base.toml" not in refused(command, folder)
    moved = folder.rename(tmp_path / "renamed")
    more = gn.sweep(recipe, SEARCH, trials=9, out=moved, dataset=digits, pictures=False)
    assert more.trials[:8] == swept.trials  # it went on
    assert len(more.trials) == 9


def test_the_test_split_does_not_matter_before_the_end(recipe: Recipe, digits: gn.Dataset, tmp_path: Path) -> None:
    others = gn.Split(np.full((50, 8, 8), 16, np.uint8), np.zeros(50, np.int64), np.arange(50))
    swept = [
        gn.sweep(recipe, SEARCH, trials=7, out=tmp_path / name, dataset=data, pictures=False)
        for name, data in (("a", digits), ("b", replace(digits, test=others)))
    ]
    assert table(tmp_path / "a") == table(tmp_path / "b")
    assert swept[0].best
    assert swept[1].best
    assert swept[0].best.number == swept[1].best.number
    assert swept[0].evaluation != swept[1].evaluation


def test_the_first_trial_has_the_settings_of_the_recipe_if_they_are_searched(
    recipe: Recipe, digits: gn.Dataset, tmp_path: Path
) -> None:
    wanted: dict[str, Any] = {"dataset": digits, "pictures": False}
    search = {"network.hidden": [[16], [128]], "optimizer.lr": "log(1e-2, 1)"}
    swept = gn.sweep(recipe, search, trials=2, out=tmp_path / "s", **wanted)
    assert swept.own == swept.trials[0]
    assert swept.trials[0].settings == {"network.hidden": [128], "optimizer.lr": 0.1}
    without = gn.sweep(recipe, {"optimizer.lr": "log(0.2, 1)"}, trials=1, out=tmp_path / "t", **wanted)
    assert without.own is None


def test_choices_alone_are_trained_once_each(recipe: Recipe, digits: gn.Dataset, tmp_path: Path) -> None:
    search = {"network.hidden": [[16], (128,)], "optimizer.lr": np.array([0.2, 0.4, 0.1])}
    swept = gn.sweep(recipe, search, trials=40, out=tmp_path / "s", dataset=digits, pictures=False)
    tried = [(trial.settings["network.hidden"], trial.settings["optimizer.lr"]) for trial in swept.trials]
    assert sorted(tried) == [([size], rate) for size in (16, 128) for rate in (0.1, 0.2, 0.4)]
    assert tried[0] == ([128], 0.1)  # the recipe as it stands
    other = gn.sweep(
        recipe.changed({"optimizer.lr": 0.4}), search, trials=1, out=tmp_path / "t", dataset=digits, pictures=False
    )
    assert other.trials[0].settings == {"network.hidden": [128], "optimizer.lr": 0.4}
    assert swept.evaluation


def test_a_place_in_a_list_is_searched(recipe: Recipe, digits: gn.Dataset, tmp_path: Path) -> None:
    layers = recipe.changed({"network.hidden": [32, {"type": "Dropout", "rate": 0.1}]})
    search = {"network.hidden.0": "whole_log(8, 64)", "network.hidden.1.rate": "uniform(0, 0.5)"}
    swept = gn.sweep(layers, search, trials=2, out=tmp_path / "s", dataset=digits, pictures=False)
    assert swept.trials[0].settings == {"network.hidden.0": 32, "network.hidden.1.rate": 0.1}
    hidden = swept.trials[1].settings
    run = read_run(tmp_path / "s" / "trials" / "002")
    assert run.network == f"64-{hidden['network.hidden.0']}-10"


@pytest.mark.long
def test_a_killed_sweep_goes_on_to_the_same_end(recipe: Recipe, digits: gn.Dataset, tmp_path: Path) -> None:
    whole, killed = tmp_path / "a" / "sweep", tmp_path / "b" / "sweep"
    swept = gn.sweep(recipe, SEARCH, trials=8, out=whole, dataset=digits, pictures=False)
    kills = 0
    for seconds in (0.25, 0.35):
        process = subprocess.Popen(command(killed), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_for(killed / "trials" / f"{1 + kills:03d}" / "history.jsonl", process)
        time.sleep(seconds)
        kills += process.poll() is None
        process.kill()
        process.communicate()
    assert kills == 2
    again = gn.sweep(recipe, SEARCH, trials=8, out=killed, dataset=digits, pictures=False)
    assert table(killed) == table(whole)
    for name in ("best.toml", "base.toml", "search.toml"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert swept.run
    assert again.run
    assert (again.run / "model.safetensors").read_bytes() == (swept.run / "model.safetensors").read_bytes()


@pytest.mark.posix
@pytest.mark.repeats
@pytest.mark.long
def test_jobs_share_the_trials_and_end_when_they_are_told_to(tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    two = command(out, "--jobs", "2", trials=2, epochs=500)
    process = subprocess.Popen(two, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for number in ("001", "002"):
        wait_for(out / "trials" / number / "history.jsonl", process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command continues" in said
    assert [row["state"] for row in table(out)] == ["waiting", "waiting"]
    reached = len((out / "trials" / "001" / "history.jsonl").read_text().splitlines())
    assert 0 < reached < 500
    done = subprocess.run(two, check=True, capture_output=True, text=True)
    assert [(row["trial"], row["state"]) for row in table(out)] == [(str(k), "complete") for k in (1, 2)]
    assert "test accuracy" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    (out / "trials").mkdir(parents=True)
    (out / "trials" / "001").write_text("in the way")
    (out / "journal.log").touch()
    settings = {"data.name": "digits", "training.epochs": 10}
    Sweep(load_recipe("classic", settings=settings), space_of(SEARCH)).begin(tmp_path / "other")
    for name in ("base.toml", "search.toml"):
        (out / name).write_bytes((tmp_path / "other" / name).read_bytes())
    done = subprocess.run(command(out, "--jobs", "2", trials=1), capture_output=True, text=True)
    assert done.returncode == 2
    assert f"error: {out / 'trials' / '001'} is a file: name a folder" in done.stderr


def test_a_folder_holds_one_sweep(recipe: Recipe, digits: gn.Dataset, tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"trials": 1, "dataset": digits, "pictures": False}
    gn.sweep(recipe, SEARCH, out=tmp_path / "s", **wanted)
    assert read_sweep(tmp_path / "s").searches() == SEARCH | {"optimizer.lr": "log(0.001, 3)"}
    with pytest.raises(RunError, match="another search"):
        gn.sweep(recipe, {"optimizer.lr": "log(1e-3, 1)"}, out=tmp_path / "s", **wanted)
    with pytest.raises(RunError, match=r"another recipe and seed \(training\.epochs\)"):
        gn.sweep(recipe.changed({"training.epochs": 9}), SEARCH, out=tmp_path / "s", seed=1, **wanted)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(RunError, match="not empty"):
        gn.sweep(recipe, SEARCH, out=tmp_path / "full", **wanted)
    other = digits.with_targets(lambda y: y[::-1].copy())
    with pytest.raises(RunError, match="data are others"):
        gn.sweep(recipe, SEARCH, out=tmp_path / "s", **(wanted | {"dataset": other}))


@pytest.mark.repeats
def test_trials_that_diverge_or_do_not_fit_are_ended_and_the_sweep_goes_on(
    recipe: Recipe, digits: gn.Dataset, tmp_path: Path
) -> None:
    bad = {"optimizer.lr": [0.1, 1e20]}
    swept = gn.sweep(recipe, bad, out=tmp_path / "s", dataset=digits, pictures=False)
    ended = {trial.settings["optimizer.lr"]: trial.attributes.get("ended") for trial in swept.trials}
    assert [trial.state for trial in swept.trials] == ["complete", "diverged"]
    assert ended[0.1] is None
    assert str(ended[1e20]).startswith("diverged: the loss is no longer a finite number in epoch")
    assert swept.best is not None
    assert swept.best.settings == {"optimizer.lr": 0.1}
    with pytest.raises(RecipeError, match="memory"):
        gn.sweep(recipe, {"network.hidden": [[16], [10**9]]}, trials=2, out=tmp_path / "t", dataset=digits)
    assert not (tmp_path / "t").exists()
    conv = {"type": "Conv2D", "filters": 1, "kernel_size": 3}
    layers = recipe.changed({"network.hidden": [{"type": "Reshape", "shape": [8, 8, 1]}, conv, conv, "Flatten"]})
    sizes = {f"network.hidden.{place}.kernel_size": [3, 5] for place in (1, 2)}  # 5 and 5 leave nothing of 8
    swept = gn.sweep(layers, sizes, out=tmp_path / "m", dataset=digits)
    states = {tuple(trial.settings.values()): trial.state for trial in swept.trials}
    assert states == {(3, 3): "complete", (3, 5): "complete", (5, 3): "complete", (5, 5): "refused"}
    assert swept.own == swept.trials[0]
    assert "refused: " in (tmp_path / "m" / "report.html").read_text()
    without = replace(digits, validation=digits.validation[:0])
    with pytest.raises(gn.InputError, match="no validation examples"):
        gn.sweep(recipe, bad, trials=2, out=tmp_path / "t", dataset=without)
    with pytest.raises(gn.InputError, match="no trial was trained to its end: diverged"):
        gn.sweep(recipe, {"optimizer.lr": [1e19, 1e20]}, out=tmp_path / "u", dataset=digits, pictures=False)
    with pytest.raises(gn.InputError, match="expected mnist, which the recipe names, got digits"):
        gn.sweep("classic", SEARCH, out=tmp_path / "t", dataset=digits)


def test_a_table_with_an_amount_as_its_target(tmp_path: Path) -> None:
    recipe = load_recipe(
        "table", settings={"data.name": "diabetes", "data.target": "progression", "training.epochs": 5}
    )
    search = {"optimizer.lr": "log(1e-4, 1e-1)", "optimizer": ["Adam", "AdamW"]}
    swept = gn.sweep(recipe, search, trials=4, out=tmp_path / "s", pictures=False)
    assert swept.best is not None
    assert swept.best.value == min(trial.value for trial in swept.trials if trial.value is not None)
    assert "r2" in swept.evaluation
    with pytest.raises(gn.InputError, match=r"network\.loss\.delta: amounts are compared by their loss"):
        gn.sweep(recipe.changed({"network.loss": "Huber"}), {"network.loss.delta": "log(0.01, 1)"}, out=tmp_path / "t")
    assert swept.trials[0].settings["optimizer"] in ("Adam", "AdamW")


def test_of_equal_values_the_lowest_loss_is_best_and_then_the_first() -> None:
    def trial(number: int, value: float | None, loss: float) -> Trial:
        return Trial(number, "complete", {}, value, {"loss": loss}, {}, number)

    trials = [trial(1, 0.9, 0.1), trial(2, 0.95, 0.3), trial(3, 0.95, 0.2), trial(4, 0.95, 0.2), trial(5, None, 0.0)]
    best = [best_of(trials, rises=True), best_of(trials, rises=False), best_of([trials[4]], rises=True)]
    assert [found and found.number for found in best] == [3, 1, None]


def test_settings_that_cannot_be_are_refused_before_anything_is_written(
    recipe: Recipe, digits: gn.Dataset, tmp_path: Path
) -> None:
    bad: dict[str, Any]
    for bad in (
        {"workers": 0},
        {"minutes": "x"},
        {"out": ""},
        {"dataset": 3},
        {"progress": 3},
        {"trials": 0},
        {"jobs": 2_000},
        {"seed": -1},
        {"storage": ""},
    ):
        with pytest.raises(gn.InputError, match=f"^{next(iter(bad))}"):
            gn.sweep(recipe, SEARCH, **({"out": tmp_path / "s", "dataset": digits} | bad))
    with pytest.raises(gn.InputError, match="recipe: expected a name"):
        gn.sweep(None, SEARCH, out=tmp_path / "s")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_minutes_end_a_sweep_before_its_trials_do(recipe: Recipe, digits: gn.Dataset, tmp_path: Path) -> None:
    longer = recipe.changed({"training.epochs": 300})
    swept = gn.sweep(longer, SEARCH, minutes=0.01, out=tmp_path / "s", dataset=digits, pictures=False)
    assert 0 < len(swept.trials) < 40
    assert swept.evaluation  # this was its end


def wait_for(path: Path, process: "subprocess.Popen[Any]") -> None:
    """Wait until the process has written to this file; it must still run."""
    while not (path.is_file() and path.stat().st_size):
        assert process.poll() is None
        time.sleep(0.01)
