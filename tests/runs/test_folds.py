"""Cross-validation: every row is tested once, with the figures of scikit-learn; it goes on where it stopped."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from commandline import glassnet
from glassnet.data.errors import DataError
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.folder import RunError, read_run
from glassnet.runs.folds import FOLDS, cross_validate
from glassnet.runs.run import train_recipe
from glassnet.tables.csv import write_table
from glassnet.tables.folds import divide
from glassnet.tables.load import load_table

pytest.importorskip("sklearn", reason="the figures are compared with those of scikit-learn")

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRAIN = ["train", "--data", "t.csv", "--target", "y", "--epochs", "2", "--out", "run"]


def table_with(targets: list[Any], folder: Path) -> list[str]:
    """The rows of a table with these targets, written into t.csv."""
    rows = [f"{row},{row % 7},{target}" for row, target in enumerate(targets)]
    (folder / "t.csv").write_text("\n".join(["x,z,y", *rows]))
    return rows


@pytest.fixture(scope="module")
def tumours() -> gn.Dataset:
    return load_table("breast-cancer", target="diagnosis")


def recipe(folds: int) -> Recipe:
    settings = {"data.name": "breast-cancer", "data.target": "diagnosis", "data.folds": folds, "training.epochs": 3}
    return load_recipe("table", settings=settings)


def test_every_row_is_tested_once_with_the_figures_of_scikit_learn(tumours: gn.Dataset, tmp_path: Path) -> None:
    folder = train_recipe(recipe(4), tumours, tmp_path / "run", pictures=False).folder
    ours, always, linear = cross_validate(recipe(4), tumours, folder) or []
    x, y = tumours.train.inputs, tumours.train.targets
    assert y is not None
    fold_of = np.full(len(y), -1)
    for fold, part in enumerate(divide(tumours, 4)):
        assert (fold_of[part.test.index] == -1).all()
        fold_of[part.test.index] = fold
        assert not set(part.test.index) & {*part.train.index, *part.validation.index}
        assert len({*part.test.index, *part.train.index, *part.validation.index}) == len(y)
        network = gn.load_network(folder / FOLDS / str(fold + 1) / "model.safetensors")
        p = network.predict_proba(part.test.x)
        assert ours["accuracy"][fold] == pytest.approx(accuracy_score(part.test.y, p.argmax(axis=1)), abs=1e-6)
        assert ours["roc_auc"][fold] == pytest.approx(roc_auc_score(part.test.y, p[:, 1]), abs=1e-6)
        again = gn.Model.open(folder / FOLDS / str(fold + 1))
        assert again.trained_on.dataset().test.index.tolist() == part.test.index.tolist()
        assert always["accuracy"][fold] == pytest.approx(np.mean(part.test.y == 0), abs=1e-6)
    assert (fold_of >= 0).all()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    for figure, scoring in (("accuracy", "accuracy"), ("roc_auc", "roc_auc")):
        theirs = cross_val_score(pipeline, x, y, cv=PredefinedSplit(fold_of), scoring=scoring)
        np.testing.assert_allclose(linear[figure], theirs, atol=1e-6)
    assert read_run(folder).evaluation["folds"] == [ours, always, linear]


def test_what_is_missing_is_the_mean_of_the_rows_that_a_fold_learns_from(tmp_path: Path) -> None:
    rows = range(60)
    size = ["" if row % 7 == 0 else str(row) for row in rows]
    write_table(tmp_path / "t.csv", {"size": size, "y": [str(row / 3) for row in rows]})
    for part in divide(load_table(tmp_path / "t.csv", target="y"), 3):
        learned = [row for row in part.train.index if row % 7]
        assert part.train.inputs[0, 0] == np.mean(learned)


def test_a_fold_has_five_rows_and_images_have_none(tumours: gn.Dataset, digits: gn.Dataset) -> None:
    with pytest.raises(DataError, match="expected at least 570 rows for 114 folds, got 569"):
        divide(tumours, 114)
    with pytest.raises(DataError, match="digits: folds are for tables"):
        divide(digits, 5)


def test_an_interrupted_cross_validation_goes_on(tmp_path: Path) -> None:
    command = ["train", "--data", "breast-cancer", "--target", "diagnosis", "--epochs", "2", "--no-pictures"]
    done = glassnet(*command, "--folds", "3", "--out", "whole", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Cross-validation: every row is tested once" in done.stdout
    assert "this network" in done.stdout
    assert glassnet(*command, "--folds", "3", "--out", "part", cwd=tmp_path).returncode == 0
    evaluation = json.loads((tmp_path / "part" / "evaluation.json").read_text())
    whole = evaluation.pop("folds")
    (tmp_path / "part" / "evaluation.json").write_text(json.dumps(evaluation))  # as if it had been killed
    (tmp_path / "part" / FOLDS / "2" / "evaluation.json").unlink()
    kept = (tmp_path / "part" / FOLDS / "1" / "model.safetensors").stat().st_mtime_ns
    done = glassnet("resume", "part", "--no-pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "part" / "evaluation.json").read_text())["folds"] == whole
    assert (tmp_path / "part" / FOLDS / "1" / "model.safetensors").stat().st_mtime_ns == kept
    assert "there is nothing to resume" in glassnet("resume", "part", cwd=tmp_path).stderr
    damaged = evaluation | {"folds": [{"name": "this network", "accuracy": 0.5}]}
    (tmp_path / "part" / "evaluation.json").write_text(json.dumps(damaged))
    with pytest.raises(RunError, match="expected folds to be a list of tables"):
        read_run(tmp_path / "part")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--data", "iris", "--target", "species", "--folds", "1"], "folds: expected a number from 2 to 100, got 1"),
        (
            ["--data", "iris", "--target", "species", "--folds", "40"],
            "at least 200 rows for 40 folds, got 150",
        ),
        (["classic", "--folds", "5"], "--folds is for tables"),
        (["--data", "iris", "--target", "species", "--folds", "5", "--mpi"], "--folds and --mpi do not go together"),
    ],
)
def test_folds_that_cannot_be_are_refused_before_training(given: list[str], message: str, tmp_path: Path) -> None:
    done = glassnet("train", *given, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


def test_folds_of_other_settings_or_another_table_are_not_mixed(tmp_path: Path) -> None:
    rows = table_with(["ab"[row % 2] for row in range(60)], tmp_path)
    command = [*TRAIN, "--no-pictures", "--folds", "3"]
    assert glassnet(*command, cwd=tmp_path).returncode == 0
    assert glassnet("resume", "run", "--epochs", "3", "--no-pictures", cwd=tmp_path).returncode == 0
    assert read_run(tmp_path / "run" / FOLDS / "2").epochs == 3  # they went on, too
    evaluation = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    del evaluation["folds"]
    (tmp_path / "run" / "evaluation.json").write_text(json.dumps(evaluation))
    recipe = tmp_path / "run" / FOLDS / "2" / "recipe.toml"
    before = recipe.read_text()
    recipe.write_text(before.replace("seed = 0", "seed = 1"))
    assert "this fold was trained with other settings" in glassnet("resume", "run", cwd=tmp_path).stderr
    recipe.write_text(before)
    (tmp_path / "t.csv").write_text("\n".join(["x,z,y", *reversed(rows)]))
    assert "the table t has changed since this run began" in glassnet("resume", "run", cwd=tmp_path).stderr


def test_a_fold_without_one_of_two_classes_has_no_linear_model(tmp_path: Path) -> None:
    table_with(["pos" if row == 7 else "neg" for row in range(60)], tmp_path)
    command = [*TRAIN, "--no-pictures", "--folds", "3"]
    done = glassnet(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [way["name"] for way in read_run(tmp_path / "run").evaluation["folds"]] == ["this network", "always 'neg'"]


def test_test_rows_with_one_target_have_no_importance(tmp_path: Path) -> None:
    rows = table_with([max(row - 54, 0) for row in range(60)], tmp_path)
    done = glassnet(*TRAIN, "--task", "regression", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    evaluation = read_run(tmp_path / "run").evaluation
    assert evaluation["r2"] is None or evaluation["importance"]
    (tmp_path / "one.csv").write_text("\n".join(["x,z,y", *rows[:1]]))
    said = glassnet("evaluate", "run", "--data", "one.csv", "--importance", cwd=tmp_path)
    assert "no importance: R2 is not defined on these rows" in said.stderr
