"""Runs side by side: their order, their differences, their groups."""

import dataclasses
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.comparison import (
    Spread,
    Validation,
    datasets,
    differences,
    ordered,
    scales,
    seed_groups,
    spread,
    validation,
)
from glassnet.runs.folder import SavedRun


def run(name: str, *, recipe: str = "classic", accuracy: list[float] | None = None, done: bool = True, **settings):
    """A run without a network: figures on validation data by epoch, settings with _ for the first dot."""
    records = [
        {"epoch": epoch, "training_loss": 1.0}
        | ({} if accuracy is None else {"validation_accuracy": accuracy[epoch - 1]})
        for epoch in range(1, 1 + len(accuracy or [0]))
    ]
    made = load_recipe(recipe, settings={key.replace("_", ".", 1): value for key, value in settings.items()})
    evaluation = {"loss": 0.1, "accuracy": 0.9, "examples": 100} if done else {}
    return SavedRun(Path(name), made, None, None, gn.History(records), evaluation, {}, len(records))


def names(runs: list[SavedRun]) -> list[str]:
    return [str(run.path) for run in runs]


def test_the_best_on_validation_data_comes_first() -> None:
    by_loss = [
        SavedRun(Path(name), None, None, None, gn.History([{"epoch": 1, "validation_loss": loss}]), {}, {}, 1)
        for name, loss in (("worse loss", 0.3), ("better loss", 0.2))
    ]
    runs = [run("none"), run("low", accuracy=[0.9, 0.7]), *by_loss, run("high", accuracy=[0.95, 0.1]), run("none too")]
    assert names(ordered(runs)) == ["high", "low", "better loss", "worse loss", "none", "none too"]
    assert validation(runs[1]) == Validation("validation_accuracy", final=0.7, best=0.9)
    assert validation(by_loss[0]) == Validation("validation_loss", final=0.3, best=0.3)
    assert validation(runs[0]) is None


def test_only_what_differs_is_told() -> None:
    runs = [run("a"), run("b", training_seed=3, optimizer_lr=0.2), run("c", training_checkpoint_minutes=9)]
    assert differences(runs) == {"training.seed": ["0", "3", "0"], "optimizer.lr": ["0.1", "0.2", "0.1"]}
    assert differences(runs[:1]) == {}
    close = [run("a", training_seed=0), run("b", training_seed=1, optimizer_lr=0.1000001)]
    assert differences(close)["optimizer.lr"] == ["0.1", "0.1000001"]
    assert seed_groups(close) == []


def test_a_part_of_another_kind_is_one_setting() -> None:
    runs = [run("a"), run("b", optimizer={"type": "Adam"}), run("c", average={"decay": 0.9})]
    assert differences(runs) == {
        "optimizer": [
            "SGD(lr=0.1, momentum=0, nesterov=false)",
            "Adam(lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08)",
            "SGD(lr=0.1, momentum=0, nesterov=false)",
        ],
        "average": [None, None, "(decay=0.9)"],
    }


def test_a_run_without_a_recipe_differs_in_all() -> None:
    bare = SavedRun(Path("bare"), None, None, None, gn.History(), {}, {}, 0)
    found = differences([run("a"), bare])
    assert found["training"][1] is None
    assert "seed=0" in str(found["training"][0])


def test_runs_of_one_recipe_from_different_seeds_are_a_group() -> None:
    runs = [
        run("a", training_seed=0),
        run("wide", network_hidden=[256], training_seed=1),
        run("b", training_seed=1, training_checkpoint_minutes=5),
        run("b again", training_seed=1),
        run("running", training_seed=2, done=False),
    ]
    assert [names(group) for group in seed_groups(runs)] == [["a", "b"]]


def test_what_runs_are_ordered_by_is_told_where_it_differs() -> None:
    loss = gn.History([{"epoch": 1, "validation_loss": 0.5}])
    numbers = [
        dataclasses.replace(run(name, network_loss=name, data_target="y"), history=loss)
        for name in ("Huber", "Poisson")
    ]
    assert scales([run("a", accuracy=[0.9]), *numbers]) == ["accuracy", "Huber", "Poisson"]
    assert scales([*numbers[:1], run("none")]) == ["Huber"]
    assert datasets([*numbers, run("other", data_target="z")]) == ["mnist: y", "mnist: z"]


def test_spread_is_mean_and_deviation_of_a_sample() -> None:
    assert spread([1.0, 2.0, 6.0]) == Spread(3.0, pytest.approx(7**0.5))
    assert spread([1.0, None]) is spread([1.0, 2.0, None]) is None
    assert spread([1.0]) is None


def test_other_data_is_noticed() -> None:
    runs = [run("a"), run("b", data_name="digits")]
    assert datasets(runs) == ["mnist", "digits"]
    assert datasets([runs[0], runs[0]]) == ["mnist"]
    runs[1].evaluation["examples"] = 50
    same_name = [runs[0], SavedRun(Path("c"), runs[0].recipe, None, None, gn.History(), runs[1].evaluation, {}, 0)]
    assert datasets(same_name) == ["mnist (100 test examples)", "mnist (50 test examples)"]
