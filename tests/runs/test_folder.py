"""Reading runs back: what was written comes back, and what is damaged is named in one line."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.modelfile import ModelFileError
from glassnet.pretrained.models import pretrained_path
from glassnet.recipes.recipe import load_recipe
from glassnet.recipes.toml import RecipeError
from glassnet.runs.folder import RunError, read_run
from glassnet.runs.run import Run, train_recipe

pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    settings = {"data.name": "digits", "training.epochs": 4, "network.hidden": [12]}
    recipe = load_recipe("classic", settings=settings | {"early_stopping.monitor": "validation_loss"})
    return train_recipe(recipe, gn.load_dataset("digits"), tmp_path_factory.mktemp("runs") / "run", pictures=False)


@pytest.fixture
def folder(trained: Run, tmp_path: Path) -> Path:
    """A copy of the run that may be damaged."""
    return Path(shutil.copytree(trained.folder, tmp_path / "run"))


def test_what_was_written_is_read(trained: Run) -> None:
    run = read_run(trained.folder)
    assert run.finished
    assert run.recipe == load_recipe(trained.folder / "recipe.toml")
    assert (run.network, run.parameters) == ("64-12-10", trained.network.theta.size)
    assert run.history.records == trained.history.records
    assert run.history.kept_epoch == trained.history.kept_epoch == 4
    assert run.evaluation == trained.evaluation.to_table()
    assert run.environment["numpy"] == np.__version__
    assert (run.epochs, run.seconds) == (4, sum(trained.history["seconds"]))


def test_a_model_file_knows_less(trained: Run) -> None:
    run = read_run(trained.folder / "model.safetensors")
    assert run.recipe == load_recipe(trained.folder / "recipe.toml")
    assert run.evaluation == {key: trained.evaluation.to_table()[key] for key in ("accuracy", "loss", "examples")}
    assert (run.epochs, run.history.kept_epoch, len(run.history), run.seconds) == (4, 4, 0, None)
    assert read_run(pretrained_path("classic")).finished


def test_a_network_that_was_saved_by_hand_has_no_recipe(tmp_path: Path) -> None:
    gn.save_network(gn.Network([gn.Dense(2)], input_shape=3), tmp_path / "mine.safetensors")
    run = read_run(tmp_path / "mine.safetensors")
    assert (run.recipe, run.finished, run.epochs, run.network) == (None, False, 0, "3-2")


def test_an_unfinished_run_is_read_as_far_as_it_came(folder: Path) -> None:
    (folder / "evaluation.json").unlink()
    assert read_run(folder).network is not None  # interrupted between saving and measuring
    (folder / "model.safetensors").unlink()
    lines = (folder / "history.jsonl").read_text().splitlines(keepends=True)
    (folder / "history.jsonl").write_text("".join(lines[:2]))
    run = read_run(folder)
    assert (run.finished, run.network, run.epochs) == (False, None, 2)
    (folder / "history.jsonl").unlink()
    assert read_run(folder).epochs == 0


@pytest.mark.parametrize("kept", [-1, 5, 1.5, "2", None])
def test_a_kept_epoch_that_cannot_be_is_unknown(folder: Path, trained: Run, kept: object) -> None:
    about = {"training": {"epochs": 4, "kept_epoch": kept}}
    gn.save_network(trained.network, folder / "model.safetensors", about=about)
    assert read_run(folder).history.kept_epoch == read_run(folder / "model.safetensors").history.kept_epoch == 0


def changed(folder: Path, **figures: object) -> str:
    """The evaluation of the run with these figures; NaN and infinity are written as Python does."""
    return json.dumps(json.loads((folder / "evaluation.json").read_text()) | figures)


DAMAGE = [
    ("evaluation.json", "{", "expected JSON"),
    ("evaluation.json", "[]", "expected a table, got list"),
    ("evaluation.json", "[" * 100_000, "expected JSON"),
    ("evaluation.json", b"\xff\xfe", "expected JSON"),
    ("evaluation.json", {"loss": float("nan")}, "expected loss to be a finite number, got nan"),
    ("evaluation.json", {"loss": "0.1"}, "expected loss to be a finite number, got '0.1'"),
    ("evaluation.json", {"loss": 10**400}, "expected loss to be a finite number"),
    ("evaluation.json", {"r2": float("inf")}, "expected r2 to be a finite number"),
    ("evaluation.json", {"accuracy": 1.5}, "expected accuracy to be a number from 0 to 1, got 1.5"),
    ("evaluation.json", {"accuracy": True}, "expected accuracy to be a number from 0 to 1, got True"),
    ("evaluation.json", {"examples": 0}, "expected examples to be a whole number of at least 1, got 0"),
    ("evaluation.json", {"classes": "0123456789"}, "expected classes to be a list of names"),
    ("evaluation.json", {"classes": [1] * 10}, "expected classes to be a list of names"),
    ("evaluation.json", {"confusion": [[1]]}, "expected confusion to be 10 lists of 10 whole numbers"),
    ("evaluation.json", {"confusion": [[-1] * 10] * 10}, "expected confusion to be 10 lists of 10 whole numbers"),
    ("evaluation.json", {"per_class": [{"name": "0"}]}, "expected per_class to be figures of each class"),
    (
        "evaluation.json",
        {"per_class": [{"name": "0", "precision": float("nan"), "recall": 1, "f1": 1, "support": 1}]},
        "expected per_class to be finite figures",
    ),
    ("evaluation.json", {"r2": "good"}, "expected r2 to be a finite number, got 'good'"),
    ("evaluation.json", {"examples": 10**400}, "expected examples to be a whole number of at least 1"),
    ("history.jsonl", '{"epoch": 1, "seconds": 1' + "0" * 400 + "}\n", "line 1: expected the record of epoch 1"),
    ("history.jsonl", "{", "history.jsonl, line 1: expected a record as JSON"),
    ("history.jsonl", '{"epoch": 1, "training_loss": NaN}\n', "line 1: expected the record of epoch 1"),
    ("history.jsonl", '{"epoch": 1, "training_loss": null}\n', "line 1: expected a finite training_loss, got nan"),
    ("history.jsonl", '{"epoch": 1, "a": 1}\n{"epoch": 2}\n', "line 2: expected the same figures as in line 1"),
    ("history.jsonl", b"\xff\n", "this is not UTF-8 text"),
    ("history.jsonl", "", "its history.jsonl is missing or empty"),
    ("history.jsonl", None, "its history.jsonl is missing or empty"),
    ("recipe.toml", "name = ", "expected a recipe in TOML"),
    ("recipe.toml", None, "but it has no recipe.toml"),
    ("model.safetensors", b"short", "the file is another kind or truncated"),
    ("model.safetensors", None, "expected a glassnet model, but it does not exist"),
    ("environment.json", "{", "environment.json: expected JSON"),
]


@pytest.mark.parametrize(("name", "contents", "message"), DAMAGE, ids=[message[:60] for *_, message in DAMAGE])
def test_damage_is_named(folder: Path, name: str, contents: object, message: str) -> None:
    if contents is None:
        (folder / name).unlink()
    elif isinstance(contents, bytes):
        (folder / name).write_bytes(contents)
    else:
        (folder / name).write_text(contents if isinstance(contents, str) else changed(folder, **contents))
    with pytest.raises((RunError, RecipeError, ModelFileError)) as raised:
        read_run(folder)
    assert message in str(raised.value)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["recipe.toml", "history.jsonl", "evaluation.json", "environment.json"])
def test_a_file_of_a_gigabyte_is_not_read(folder: Path, name: str) -> None:
    os.truncate(folder / name, 2**30)  # sparse: it takes no place
    with pytest.raises(RunError, match=f"{name}: expected at most 67,108,864 bytes, got 1,073,741,824"):
        read_run(folder)


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run or a model file, but it does not exist"):
        read_run(tmp_path / "nothing")
    with pytest.raises(RunError, match=r"but it has no recipe\.toml"):
        read_run(tmp_path)
