"""Links: what one writes another reads, and what is none is refused in one line."""

from pathlib import Path

import pytest

pytest.importorskip("anyio", reason="the page needs the extra 'page'")

import glassnet as gn
from commandline import refused
from glassnet.page.form import RECIPES, offer, recipe_of
from glassnet.page.given import open_given
from glassnet.page.link import MOST_CHARACTERS, Link, agreement, read_link

PRINTS = {0: "00ff00", 1: "123abc", 400: "ffffff"}


@pytest.mark.parametrize("values", [one["values"] for one in offer()["recipes"]], ids=RECIPES)
def test_the_values_of_the_form_come_back(values: dict) -> None:
    values = values | {"hidden": [16, {"type": "Dropout", "rate": 0.5}], "seed": 3}
    link = Link(values=(values, values | {"lr": 0.25}), steps=(400, 30), prints=(PRINTS, {0: "00ff00"}))
    again = read_link(f"http://127.0.0.1:8000/#{link.fragment}")
    assert again == link
    assert recipe_of(again.values[0]) == recipe_of(values)


def test_an_experiment_comes_back() -> None:
    link = Link("not-scaled", steps=(7,))
    assert (link.fragment, read_link(link.fragment)) == ("experiment=not-scaled&step=7", link)


def test_fingerprints_are_shortened() -> None:
    assert Link("a", prints=({2: "0123456789abcdef"},)).fragment == "experiment=a&step=0&prints=2.012345"


def test_the_second_training_takes_as_many_steps_as_the_first_unless_the_link_says() -> None:
    assert [read_link("#experiment=a&step=7").step_of(k) for k in (0, 1)] == [7, 7]
    assert [read_link("#experiment=a&step=7&other.step=3").step_of(k) for k in (0, 1)] == [7, 3]


def test_a_shell_takes_a_link_between_quotes() -> None:
    values = {"recipe": "classic", "hidden": [{"type": "Dropout", "rate": 0.5}, "Flatten", 8], "activation": "$(x)`y`!"}
    fragment = Link(values=(values,)).fragment
    assert not set("\"'`$!\\ ") & set(fragment)
    assert read_link(fragment).values == (values,)


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("", "a link names either an experiment or the settings"),
        ("draw", "expected a link such as"),
        ("step=3", "a link names either an experiment or the settings of a training, got 'step=3'"),
        ("recipe=tiny&lr=null", "lr: expected a value, got null"),
        ("recipe=tiny&other.experiment=a", "a link has no part 'other.experiment'"),
        ("recipe=tiny&other.step=3&other.step=4", "the part other.step stands twice"),
        ("recipe=tiny&prints=1.abcdef-1.fedcba", "prints: expected up to 64 such as 128.1f0c2a, each for another step"),
        ("experiment=a&recipe=tiny", "a link names either an experiment or the settings"),
        ("recipe=tiny&recipe=sixteen", "the part recipe stands twice"),
        ("recipe=tiny&token=abc", "a link has no part 'token'"),
        ("recipe=tiny&other.path=/etc", "a link has no part 'other.path'"),
        ("recipe=tiny&step=-1", "step: expected a whole number from 0 to 10,000,000, got '-1'"),
        ("recipe=tiny&step=99999999999999999999", "step: expected a whole number"),
        ("recipe=tiny&step=１", "step: expected a whole number"),
        ("recipe=tiny&prints=1.xyz", "prints: expected up to 64"),
        ("recipe=tiny&prints=" + "-".join(["1.aaaaaa"] * 65), "prints: expected up to 64"),
        ("recipe=tiny&hidden=" + "1" * MOST_CHARACTERS, "expected a link of at most 8,000 characters"),
        ("recipe=tiny&step=" + "[" * 2000, "step: expected a whole number"),
        ("&".join(["a=b"] * 200), "expected a link such as"),
    ],
)
def test_what_is_no_link_is_one_line(fragment: str, message: str) -> None:
    with pytest.raises(gn.InputError) as error:
        read_link(f"#{fragment}")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("#recipe=/etc/passwd", "recipe: expected one of tiny"),
        ("#recipe=sixteen&hidden=[[16]]", "hidden[0]: expected a size or a layer"),
        ("#recipe=tiny&lr=NaN", "lr: expected a number above 0"),
        ("#recipe=tiny&other.recipe=tiny&other.epochs=1e99", "epochs: expected a whole number"),
        ("http://elsewhere/#seed=1", "recipe: expected one of tiny"),
        ("#experiment=momentun", "there is no experiment 'momentun'; did you mean 'momentum'"),
    ],
)
def test_the_command_refuses_what_the_form_would(link: str, message: str) -> None:
    assert message in refused("page", link)


def test_the_command_takes_a_link() -> None:
    assert open_given("http://127.0.0.1:1/#step=3&recipe=tiny").link == "recipe=tiny&step=3"
    assert open_given("recipe=tiny&step=3").link == "recipe=tiny&step=3"


def test_a_file_whose_name_looks_like_a_link_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "my#recipe=1.safetensors"
    gn.save_network(gn.load_pretrained("classic"), path)
    given = open_given(str(path))
    assert given.model is not None
    assert (given.link, given.model.path) == ("", path)


def test_from_which_step_two_trainings_differ() -> None:
    assert agreement(PRINTS, PRINTS | {2: "aaaaaa"}) == {"same": 400, "differs": None}
    assert agreement(PRINTS, PRINTS | {400: "000000"}) == {"same": 1, "differs": 400}
    assert agreement(PRINTS, {0: "111111"}) == {"same": None, "differs": 0}
    assert agreement(PRINTS, {}) == {"same": None, "differs": None}
