"""What is searched: how people write it, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from glassnet.recipes.recipe import load_recipe
from glassnet.recipes.toml import RecipeError
from glassnet.sweeps.space import Choices, Range, check_space, searches_of, space_of
from glassnet.sweeps.sweep import read_searches


def test_lines_become_ranges_and_choices_and_a_section_stands_before_its_settings() -> None:
    lines = [
        "optimizer.lr = log(1e-3, 1)",
        "network.hidden = [[64], [256, 64]]",
        "optimizer = [{type='Adam'}, 'SGD']",
        "training.batch_size=whole_log( 16,512 )",
    ]
    space = space_of(searches_of(lines))
    assert space == {
        "optimizer.lr": Range("log", 0.001, 1.0),
        "optimizer": Choices(({"type": "Adam"}, "SGD")),
        "network.hidden": Choices(([64], [256, 64])),
        "training.batch_size": Range("whole_log", 16, 512),
    }
    assert space_of({key: search.plain() for key, search in space.items()}) == space
    assert [space["network.hidden"].value(text) for text in ("[64]", "[256, 64]")] == [[64], [256, 64]]


def test_a_drawn_number_has_four_digits_and_stays_in_its_range() -> None:
    assert Range("log", 1e-3, 1.0).value(0.0123456) == 0.01235
    assert Range("uniform", 0.0, 0.99996).value(0.99996) == 0.99996
    value = Range("whole", 1, 8).value(3)
    assert value == 3
    assert isinstance(value, int)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("optimizer.lr", "expected KEY = RANGE"),
        ("optimizer.lr = 0.1", "expected log"),
        ("optimizer.lr = log(0, 1)", "a lower end above 0"),
        ("optimizer.lr = log(1, 1)", "a lower and a higher end"),
        ("optimizer.lr = log(nan, 1)", "expected a number"),
        ("optimizer.lr = uniform(0, inf)", "expected a number"),
        ("optimizer.lr = linear(0, 1)", "expected log"),
        ("training.batch_size = whole(1.5, 3)", "expected a whole number"),
        ("network.hidden = []", "1 to 1,000 choices, got 0"),
        ("network.hidden = [[64], [64]]", "comes twice"),
        ("training.seed = [1, 2]", "the luckiest"),
        ("training = [{seed = 1, epochs = 2}, {seed = 2, epochs = 2}]", "training.seed cannot be searched"),
        ("training.epochs = [5, 10]", "epoch by epoch"),
        ("network.activation = [ReLU, GELU]", "names stand in quotes"),
        ("data.validation = [100, 200]", "different data"),
        ("name = ['a', 'b']", "changes no result"),
    ],
)
def test_what_cannot_be_searched_is_refused(line: str, why: str) -> None:
    with pytest.raises(gn.InputError, match=why):
        space_of(searches_of([line]))


@pytest.mark.parametrize(
    ("search", "why"),
    [
        ({"optimizer.lrr": "log(1e-3, 1)"}, "did you mean 'lr'"),
        ({"training.batch_size": "whole(0, 8)"}, "training.batch_size = 0 cannot be trained"),
        ({"network.activation": ["ReLU", "relu"]}, "network.activation = relu cannot be trained"),
    ],
)
def test_what_the_recipe_cannot_have_is_refused_before_the_first_trial(search: dict[str, Any], why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        check_space(space_of(search), load_recipe("classic"))


@pytest.mark.parametrize(
    ("value", "why"),
    [((0.1, 1), "expected log"), ([None], "as TOML has them"), ([float("nan")], "as TOML"), ([object()], "as TOML")],
)
def test_values_of_python_that_no_recipe_holds_are_refused(value: Any, why: str) -> None:
    with pytest.raises(gn.InputError, match=why):
        space_of({"optimizer.lr": value})


def test_a_choice_and_a_setting_in_it_are_tried_together() -> None:
    space = space_of({"optimizer": [{"type": "SGD"}, {"type": "Adam"}], "optimizer.lr": "log(1e-3, 1)"})
    check_space(space, load_recipe("classic"))  # SGD alone has no rate
    nested = space_of({"optimizer": {"lr": "log(1e-3, 1)"}})
    assert nested == space_of({"optimizer.lr": "log(1e-3, 1)"})


def test_the_ends_of_a_range() -> None:
    assert [Range("log", 1e-3, 1.0).is_near_end(value, 0.05) for value in (0.8, 0.5, 1.1e-3)] == [True, False, True]
    assert not Choices((1, 2)).is_near_end(2, 0.05)


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(gn.InputError, match=r"optimizer\.lr comes twice"):
        searches_of(["optimizer.lr = log(1e-3, 1)", "optimizer.lr = [1, 2]"])
    with pytest.raises(gn.InputError, match="at least one setting"):
        space_of({})


def test_a_file_of_searches(tmp_path: Path) -> None:
    path = tmp_path / "search.toml"
    path.write_text('seed = 3\n[search]\noptimizer.lr = "log(1e-3, 1)"\n"network.hidden" = [[64], [128]]\n')
    assert read_searches(path) == ({"optimizer.lr": "log(1e-3, 1)", "network.hidden": [[64], [128]]}, 3)
    for text in ("x = 1", "[search]\n[other]\n", "search = 3", "seed = 'a'\n[search]\n"):
        path.write_text(text)
        with pytest.raises(RecipeError, match="expected a section"):
            read_searches(path)
