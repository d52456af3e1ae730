"""Runs: what they leave behind, that the same recipe gives the same file, and that nothing is overwritten."""

import json
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.model.model import load_schema
from glassnet.model.path import MODEL, RECIPE
from glassnet.modelfile import ModelFileError, read_about
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.claim import new_folder
from glassnet.runs.folder import ENVIRONMENT, HISTORY, RunError
from glassnet.runs.run import resume_run, save_unfinished, train_recipe
from glassnet.runs.unfinished import find_unfinished
from glassnet.tables.csv import write_table
from glassnet.train.checkpoint import read_checkpoint
from glassnet.train.training import Training


def recipe(**settings):
    quick = {"data.name": "digits", "training.epochs": 3, "network.hidden": [12]}
    return load_recipe("classic", settings=quick | {k.replace("__", "."): v for k, v in settings.items()})


def test_a_run_leaves_everything_behind(digits: gn.Dataset, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plots'")
    run = train_recipe(recipe(), digits, tmp_path / "run")
    names = sorted(str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file())
    assert names == [
        "checkpoint.safetensors",
        "environment.json",
        "evaluation.json",
        "history.jsonl",
        "model.safetensors",
        "pictures/confusion.png",
        "pictures/curves.png",
        "pictures/first-layer.png",
        "pictures/mistakes.png",
        "pictures/predictions.png",
        "recipe.toml",
        "report.html",
    ]
    assert gn.History.load(run.folder / "history.jsonl").records == run.history.records
    loaded = gn.load_network(run.folder / "model.safetensors")
    np.testing.assert_array_equal(loaded.theta, run.network.theta)
    evaluation = json.loads((run.folder / "evaluation.json").read_text())
    assert evaluation["accuracy"] == run.evaluation.accuracy == gn.evaluate(loaded, digits.test).accuracy
    about = read_about(run.folder / "model.safetensors")
    assert about["test"]["accuracy"] == run.evaluation.accuracy
    assert about["data"] == {"white": 16}
    assert about["recipe"]["data"]["name"] == "digits"


def test_the_same_recipe_and_seed_give_the_same_file_and_another_seed_does_not(
    digits: gn.Dataset, tmp_path: Path
) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train_recipe(recipe(training__seed=seed), digits, tmp_path / name, pictures=False)
    a, b, c = ((tmp_path / name / "model.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_the_recipe_of_a_run_trains_it_again(digits: gn.Dataset, tmp_path: Path) -> None:
    train_recipe(recipe(early_stopping__monitor="training_loss"), digits, tmp_path / "a", pictures=False)
    train_recipe(load_recipe(tmp_path / "a" / "recipe.toml"), digits, tmp_path / "b", pictures=False)
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()


def test_new_folders_are_numbered(tmp_path: Path) -> None:
    for expected in ("classic", "classic-2", "classic-3"):
        folder = new_folder("classic", parent=tmp_path)
        assert folder == tmp_path / expected
        folder.mkdir()


def test_an_existing_run_is_not_overwritten(digits: gn.Dataset, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(RunError, match="exists already and is not empty"):
        train_recipe(recipe(), digits, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_folder_that_cannot_be_written(digits: gn.Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write to the run folder .*file/run: Not a directory"):
        train_recipe(recipe(), digits, tmp_path / "file" / "run")


def test_a_recipe_that_does_not_fit_leaves_no_trace(digits: gn.Dataset, tmp_path: Path) -> None:
    wrong = recipe(early_stopping__monitor="foo")
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "new", tmp_path / "empty"):
        with pytest.raises(gn.InputError, match="cannot monitor 'foo'"):
            train_recipe(wrong, digits, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert not list((tmp_path / "empty").iterdir())


def test_data_without_test_examples_is_refused_before_training(digits: gn.Dataset, tmp_path: Path) -> None:
    import dataclasses

    with pytest.raises(RunError, match="no test examples"):
        train_recipe(recipe(), dataclasses.replace(digits, test=digits.test[:0]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_every_setting_of_the_recipe_is_in_its_plan(digits: gn.Dataset) -> None:
    wanted = recipe(
        training__batch_size=17,
        training__shards=3,
        training__seed=9,
        training__blas_threads=2,
        training__class_weights="balanced",
        optimizer__momentum=0.5,
        schedule="CosineDecay",
        network__loss="SquaredError",
        network__init="HeUniform",
        penalties=[{"type": "L2", "strength": 1e-4}, {"type": "MaxNorm", "limit": 3}],
        clip__norm=2,
        average__decay=0.9,
        augmentation__shift=0.1,
    )
    assert wanted.plan(digits) == gn.Plan(
        loss=gn.SquaredError(),
        optimizer=gn.SGD(0.1, momentum=0.5),
        schedule=gn.CosineDecay(),
        penalties=[gn.L2(1e-4), gn.MaxNorm(3)],
        clip=gn.Clip(norm=2),
        average=gn.WeightAverage(0.9),
        class_weights="balanced",
        augment=[gn.Augmentation(shift=0.1, white=16)],
        epochs=3,
        batch_size=17,
        shards=3,
        blas_threads=2,
        seed=9,
    )
    assert (
        not set(gn.Plan.__dataclass_fields__)
        - {"shuffle", "remainder"}
        - {name for part in (wanted, wanted.training, wanted.network) for name in (*vars(part), "augment")}
    )  # a new setting of the plan has its place in the recipe


def test_a_recipe_fits_a_network_with_its_callbacks_and_its_seed(digits: gn.Dataset) -> None:
    wanted = recipe(training__seed=9, early_stopping__monitor="training_loss", reduce_on_plateau__patience=7)
    network, history = wanted.fit(digits, workers=1)
    by_hand = wanted.make_network(digits)
    stopping = [gn.EarlyStopping("training_loss"), gn.ReduceOnPlateau(patience=7)]
    gn.fit(by_hand, digits.train, wanted.plan(digits), validation=digits.validation, callbacks=stopping)
    np.testing.assert_array_equal(network.theta, by_hand.theta)
    assert history.best_epoch == int(np.argmin(history["training_loss"])) + 1
    given = recipe(training__seed=10).make_network(digits)
    assert wanted.fit(digits, network=given)[0] is given
    assert np.any(given.theta != by_hand.theta)  # began with other weights


def test_a_folder_that_vanishes_while_training(digits: gn.Dataset, tmp_path: Path) -> None:
    import shutil

    def remove(training: Training) -> None:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)

    with pytest.raises(RunError, match=r"cannot write to the run folder .*run: No such file"):
        train_recipe(recipe(), digits, tmp_path / "run", progress=remove)


def test_a_training_that_runs_away_saves_the_last_finite_network(digits: gn.Dataset, tmp_path: Path) -> None:
    wild = recipe(optimizer__lr=1e30, network__loss="SquaredError")
    with pytest.raises(gn.DivergenceError, match="no longer a finite number"):
        train_recipe(wild, digits, tmp_path / "run")
    assert np.isfinite(gn.load_network(tmp_path / "run" / "model.safetensors").theta).all()


def test_an_interrupted_training_is_evaluated_and_saved(digits: gn.Dataset, tmp_path: Path) -> None:
    def interrupt(training: Training) -> None:
        if training.epoch == 2:
            raise KeyboardInterrupt

    run = train_recipe(recipe(), digits, tmp_path / "run", pictures=False, progress=interrupt)
    assert run.history.stopped == "interrupted in epoch 2"
    assert run.history.kept_epoch == 1
    assert (tmp_path / "run" / "evaluation.json").is_file()


def test_two_processes_cannot_train_in_one_folder(digits: gn.Dataset, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    recipe = load_recipe("classic", settings={"training.epochs": 1})
    folder = tmp_path / "run"
    train_recipe(recipe, digits, folder, pictures=False)
    assert not (folder / "lock").exists()
    (folder / "evaluation.json").unlink()  # so that it counts as unfinished
    with (folder / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is training in this folder"):
            resume_run(find_unfinished(folder), digits, pictures=False)
    assert len(resume_run(find_unfinished(folder), digits, pictures=False).history) == 1
    assert (folder / "evaluation.json").exists()


def test_a_divergence_on_validation_data_leaves_the_recipe(digits: gn.Dataset, tmp_path: Path) -> None:
    settings = {"optimizer.lr": 1e20, "training.batch_size": "full", "training.epochs": 5}
    with pytest.raises(gn.DivergenceError), np.errstate(all="ignore"):
        train_recipe(load_recipe("classic", settings=settings), digits, tmp_path / "run", pictures=False)
    assert (tmp_path / "run" / "recipe.toml").exists()
    assert (tmp_path / "run" / "model.safetensors").exists()


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """A table of 200 houses whose price is 1,000 a square metre, and 50,000 more with a garden."""
    rng = np.random.default_rng(3)
    area, garden = rng.integers(40, 200, 200), rng.integers(0, 2, 200)
    price = 1000.0 * area + 50_000 * garden
    columns = {"area": area, "garden": np.array(["no", "yes"])[garden], "price": price + 0.5}
    write_table(tmp_path / "houses.csv", {name: list(map(str, cells)) for name, cells in columns.items()})
    return tmp_path / "houses.csv"


def table_recipe(path: Path, target: str, **settings):
    data = {"data.name": str(path), "data.target": target}
    return load_recipe("table", settings=data | {k.replace("__", "."): v for k, v in settings.items()})


def test_a_regression_run_answers_in_the_unit_of_its_target(houses: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plots'")
    wanted = table_recipe(houses, "price")
    dataset = wanted.data.load()
    run = train_recipe(wanted, dataset, tmp_path / "run")
    assert sorted(path.name for path in run.pictures) == ["curves.png", "predicted.png", "residuals.png"]
    network, schema = gn.load_network(run.folder / MODEL), load_schema(run.folder / MODEL)
    assert schema == dataset.schema
    assert network.classes is None
    assert network.predict(np.array([[100.0, 0, 1]]))[0, 0] == pytest.approx(150_000, rel=0.05)  # the rule of the table
    figures = json.loads((run.folder / "evaluation.json").read_text())
    assert [way["name"] for way in figures.pop("baselines")] == ["always the mean", "ridge regression"]
    assert {row["column"] for row in figures.pop("importance")} == {"area", "garden"}
    assert figures == gn.evaluate_regression(network, dataset.test).figures == run.evaluation.figures
    assert figures["r2"] > 0.98  # nothing in the prices is noise
    about = read_about(run.folder / MODEL)
    assert about["test"] == figures
    assert load_recipe(run.folder / "recipe.toml").network.loss == gn.SquaredError()
    assert about["data"].keys() == {"sha256", "usual"}
    assert about["data"]["usual"] == pytest.approx(dataset.train.y.mean())
    assert "training_accuracy" not in run.history
    assert run.history["validation_loss"][0] < 2  # of standardised targets: half a squared error, not thousands


def test_a_run_does_not_go_on_with_a_table_that_has_changed(houses: Path, tmp_path: Path) -> None:
    """Not even where all targets are doubled, which standardised are the same."""
    wanted = table_recipe(houses, "price", training__epochs=3)
    run = train_recipe(wanted, wanted.data.load(), tmp_path / "run", pictures=False)
    (run.folder / "evaluation.json").unlink()
    header, *lines = houses.read_text().splitlines()
    place = header.split(",").index("price")
    rows = [line.split(",") for line in lines]
    for row in rows:
        row[place] = str(2 * float(row[place]))
    houses.write_text("\n".join([header, *(",".join(row) for row in rows)]))
    with pytest.raises(RunError, match=r"the table .* has changed since this run began"):
        resume_run(find_unfinished(run.folder), wanted.data.load(), pictures=False)


def test_numbers_of_many_digits_lose_none(tmp_path: Path) -> None:
    """Time stamps in and out: a float32 would know them to a minute."""
    rng = np.random.default_rng(0)
    start, more = rng.integers(0, 1000, 300), rng.integers(0, 1000, 300)
    columns = {"start": 1_700_000_000_000 + start, "more": more, "end": 1_700_000_000_000 + start + 2 * more}
    write_table(tmp_path / "t.csv", {name: [f"{value}.5" for value in values] for name, values in columns.items()})
    recipe = load_recipe("table", settings={"data.name": str(tmp_path / "t.csv"), "data.target": "end"})
    run = train_recipe(recipe, recipe.data.load(), tmp_path / "run", pictures=False)
    assert run.evaluation.r2 > 0.97


def test_a_classification_run_on_a_table(houses: Path, tmp_path: Path) -> None:
    wanted = table_recipe(houses, "garden")
    run = train_recipe(wanted, wanted.data.load(), tmp_path / "run", pictures=False)
    assert run.network.classes == ("no", "yes")
    assert run.evaluation.accuracy == 1  # area and price say it exactly
    assert load_schema(run.folder / MODEL).target.categories == ("no", "yes")


def test_a_regression_that_was_broken_off_goes_on_to_the_same_bits(houses: Path, tmp_path: Path) -> None:
    class BrokenError(Exception):
        pass

    def break_off(training: Training) -> None:
        if training.epoch == 3:
            raise BrokenError

    wanted = table_recipe(houses, "price", training__epochs=5, training__checkpoint_minutes=0)
    dataset = wanted.data.load()
    train_recipe(wanted, dataset, tmp_path / "whole", pictures=False)
    with pytest.raises(BrokenError):
        train_recipe(wanted, dataset, tmp_path / "broken", pictures=False, progress=break_off)
    again = find_unfinished(tmp_path / "broken")
    resume_run(again, again.recipe.data.load(), pictures=False)
    assert (tmp_path / "whole" / MODEL).read_bytes() == (tmp_path / "broken" / MODEL).read_bytes()


def test_a_plan_that_does_not_fit_leaves_the_network_as_it_was(houses: Path) -> None:
    wanted = table_recipe(houses, "price", training__class_weights="balanced")
    dataset = wanted.data.load()
    network = wanted.make_network(dataset)
    theta = network.theta.copy()
    with pytest.raises(gn.InputError, match="class_weights: the targets must be classes"):
        wanted.fit(dataset, network=network, start=network.copy())
    np.testing.assert_array_equal(network.theta, theta)


def test_counts_are_learned_in_their_own_unit(houses: Path, tmp_path: Path) -> None:
    wanted = table_recipe(houses, "area", network__loss="Poisson", network__hidden=[32])
    run = train_recipe(wanted, wanted.data.load(), tmp_path / "run", pictures=False)
    assert run.evaluation.r2 > 0.9  # price and garden say the area exactly
    assert run.evaluation.predicted.min() > 0


def test_a_network_that_cannot_take_the_unit_in_leaves_no_trace(houses: Path, tmp_path: Path) -> None:
    wanted = table_recipe(houses, "price", network__layers=["Standardize", {"type": "Dense", "units": 1}, "Tanh"])
    with pytest.raises(gn.InputError, match=r"must end in Dense\(1\), but it ends in Tanh"):
        train_recipe(wanted, wanted.data.load(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_is_refused_after_training_takes_nothing_away(tmp_path: Path) -> None:
    x, y = np.zeros((5000, 2, 2), np.uint8), np.arange(5000)
    splits = [gn.Split(x, y, rows) for rows in (np.arange(4000), np.arange(4000, 4500), np.arange(4500, 5000))]
    ids = gn.Dataset("ids", *splits, tuple(map(str, range(5000))), 255)
    wanted = load_recipe("tiny", settings={"training.epochs": 1, "network.hidden": [2]})
    with pytest.raises(gn.InputError, match="expected at most 4,096 classes, got 5,000"):
        train_recipe(wanted, ids, tmp_path / "run", pictures=False)
    assert {RECIPE, MODEL, HISTORY, ENVIRONMENT} <= {path.name for path in (tmp_path / "run").iterdir()}


def test_a_damaged_schema_is_named(houses: Path, tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=1)
    for table, message in (
        ({"inputs": "x", "target": {"name": "y"}}, "table.inputs: expected a list"),
        ({"inputs": []}, "table: the key 'target' is missing"),
        ({"inputs": [{"name": "x", "fill": "much"}], "target": {"name": "y"}}, "fill: expected a number, got 'much'"),
        ({"inputs": [], "target": {"name": "y", "categories": ["a", "a"]}}, "expected different categories"),
    ):
        gn.save_network(network, tmp_path / "m.safetensors", about={"table": table})
        with pytest.raises(ModelFileError, match=f"m.safetensors: this model file is damaged: .*{message}"):
            load_schema(tmp_path / "m.safetensors")
    gn.save_network(network, tmp_path / "m.safetensors")
    assert load_schema(tmp_path / "m.safetensors") is None


@pytest.mark.parametrize("average", [None, {"decay": 0.9}], ids=["plain", "averaged"])
@pytest.mark.parametrize("early_stopping", [None, {"monitor": "validation_loss", "patience": 1, "min_delta": 0.4}])
@pytest.mark.parametrize("steps", [2, 9, 13, 27])
def test_saved_where_it_stands_a_training_is_as_if_it_was_interrupted_there(
    steps: int, early_stopping, average, digits: gn.Dataset, tmp_path: Path
) -> None:
    wanted = recipe(**{k: v for k, v in {"early_stopping": early_stopping, "average": average}.items() if v})

    def interrupt(training: Training) -> None:
        if (training.epoch - 1) * training.batches + training.batch == steps - 1:
            training.interrupt()  # after the next step

    train_recipe(wanted, digits, tmp_path / "interrupted", pictures=False, progress=interrupt)
    network = wanted.make_network(digits)
    own = [wanted.early_stopping] if wanted.early_stopping else []
    monitor = "validation_loss" if own else None
    with gn.Trainer(
        network, digits.train, wanted.plan(digits), validation=digits.validation, monitor=monitor
    ) as trainer:
        for callback in own:
            callback.on_start(trainer.training)
        for _ in range(steps):
            if not trainer.finished:
                trainer.step()
                for callback in own if trainer.training.batch == trainer.training.batches else ():
                    callback.on_epoch(trainer.training)
        before = network.theta.copy()
        save_unfinished(wanted, digits, tmp_path / "saved", trainer, pictures=False)
        np.testing.assert_array_equal(network.theta, before)  # it may go on
    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert names == {path.name for path in (tmp_path / "interrupted").iterdir()}
    for name in names - {HISTORY, "checkpoint.safetensors"}:  # those hold times
        assert (tmp_path / "saved" / name).read_bytes() == (tmp_path / "interrupted" / name).read_bytes(), name
    timeless = [
        [{**record, "seconds": 0} for record in gn.History.load(tmp_path / folder / HISTORY)]
        for folder in ("saved", "interrupted")
    ]
    assert timeless[0] == timeless[1]
    states = [read_checkpoint(tmp_path / folder / "checkpoint.safetensors") for folder in ("saved", "interrupted")]
    assert states[0].arrays.keys() == states[1].arrays.keys()
    for array in states[0].arrays:
        np.testing.assert_array_equal(states[0].arrays[array], states[1].arrays[array])


def test_a_training_interrupted_in_its_first_epoch_has_no_result_but_a_report(
    digits: gn.Dataset, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plots'")
    run = train_recipe(recipe(), digits, tmp_path / "run", progress=Training.interrupt)
    assert len(run.history) == 0
    assert not (run.folder / "evaluation.json").exists()
    assert "Unfinished" in (run.folder / "report.html").read_text()
    resumed = resume_run(find_unfinished(run.folder), digits, pictures=False)
    assert len(resumed.history) == 3
