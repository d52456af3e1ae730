"""Experiments: what their files may say, and that each of those here can be begun."""

import os
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.experiments.experiment import FOLDER, Promise, load_experiment, load_experiments, outcome
from glassnet.experiments.faults import FAULTS
from glassnet.experiments.setup import Setup
from glassnet.recipes.recipe import load_recipe
from glassnet.recipes.toml import RecipeError

FILES = sorted(FOLDER.glob("*.toml"))
GOOD = """
title = "A title"
question = "A question?"
watch = "The loss."
answer = "An answer."
recipe = "sixteen"
settings = { training = { epochs = 2 } }

[[trainings]]
name = "a"

[[trainings]]
name = "b"
settings = { optimizer = { lr = 0.2 } }
faults = ["softmax twice"]

[[promises]]
training = "b"
value = "validation_accuracy"
at_least = 0.2
"""


def load(folder: Path, text: str) -> None:
    path = folder / "mine.toml"
    path.write_text(text)
    load_experiment(path)


def test_there_are_enough_and_the_lesson_begins_with_the_classic_faults() -> None:
    every = load_experiments()
    assert len(every) >= 12
    assert {"not-scaled", "zero-weights", "rate-too-high", "wrong-gradient", "few-examples"} <= every.keys()
    assert all(one.promises for one in every.values())


@pytest.mark.mnist
@pytest.mark.filterwarnings("ignore:.*(no layer scales them|computes the softmax itself)")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_can_be_begun(path: Path, mnist: gn.Dataset) -> None:
    for setup in load_experiment(path).setups:
        dataset = setup.planted(mnist)
        network = setup.make_network(dataset)
        with gn.Trainer(network, dataset.train, setup.plan(dataset), workers=1) as trainer:
            trainer.step()
            assert np.isfinite(trainer.training.loss_sum)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_course_has_the_page_that_it_names(path: Path) -> None:
    name, _, place = load_experiment(path).course.partition("#")
    if not name:  # the course has nothing on it
        return
    page = Path(__file__).parents[2] / "docs" / "maths" / f"{name}.md"
    headings = [line.strip("# ").lower() for line in page.read_text().splitlines() if line.startswith("## ")]
    places = ["".join(c for c in heading if c.isalnum() or c in " -").replace(" ", "-") for heading in headings]
    assert not place or place in places


def test_the_trainings_follow_the_recipe_with_its_changes(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    one, other = load_experiment(tmp_path / "mine.toml").setups
    assert one == Setup(load_recipe("sixteen", settings={"training.epochs": 2}))
    changed = load_recipe("sixteen", settings={"training.epochs": 2, "optimizer.lr": 0.2})
    assert other == Setup(changed, ("softmax twice",))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A title"', "", "the key 'title' is missing"),
        ('title = "A title"', 'title = ""', "title: expected a text of 1 to 80 characters, got none"),
        ('title = "A title"', f'title = "{"x" * 81}"', "title: expected a text of 1 to 80 characters, got 81"),
        ('["softmax twice"]', '["softmax twice", "softmax twice"]', "expected each fault once"),
        ('question = "A question?"', "question = 3", "question: expected a text, got 3"),
        ('watch = "The loss."', 'wach = "The loss."', "unknown key 'wach'; did you mean 'watch'"),
        ('recipe = "sixteen"', 'recipe = "../sixteen.toml"', "recipe: expected one of tiny, "),
        ("epochs = 2", "epochs = 0", "epochs must be a whole number of at least 1"),
        ("epochs = 2", "epoch = 2", "unknown key 'epoch'"),
        ("lr = 0.2", "lr = nan", "lr: expected a finite number"),
        ('"softmax twice"', '"softmx twice"', "there is no fault 'softmx twice'; did you mean 'softmax twice'"),
        ('"softmax twice"', '"os.system"', "there is no fault 'os.system'"),
        ('name = "b"', 'name = "a"', "expected trainings with different names"),
        ('training = "b"', 'training = "c"', "expected the name of a training"),
        ("at_least = 0.2", "", "a promise needs 'at_least' or 'at_most'"),
        (
            "at_least = 0.2",
            "at_least = 93",
            "at_least: expected a share from 0 to 1, such as 0.9, for validation_accur",
        ),
        ("at_least = 0.2", "at_least = 0.9\nat_most = 0.5", "at_least is 0.9 and at_most is 0.5"),
        ('"validation_accuracy"', '"accuracy"', "promises[0].value: expected one of 'first_loss'"),
        ('answer = "An answer."', 'answer = "An answer."\ncourse = "http://x"', "course: expected a page such as"),
        (
            "optimizer = { lr = 0.2 }",
            'network = { hidden = [3], layers = ["Flatten"] }',
            "training 'b': expected either 'h",
        ),
        ("[[promises]]", '[[trainings]]\nname = "c"\n[[promises]]', "expected one or two trainings, got 3"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(RecipeError, match=r"mine\.toml: ") as refused:
        load(tmp_path, GOOD.replace(old, new))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_of_ones_own_stands_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    assert load_experiments(tmp_path).keys() == {*load_experiments(), "mine"}
    with pytest.raises(RecipeError, match="expected a folder of experiments"):
        load_experiments(tmp_path / "mine.toml")
    (tmp_path / "mine.toml").unlink()
    with pytest.raises(RecipeError, match=r"expected from 1 to 100 experiments, .* got 0"):
        load_experiments(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("momentum.toml", "there is one of this name: take another name"),
        ("a#b.toml", "expected a name of letters, digits, spaces, dots, - and _"),
        ("a\udcff.toml", "expected a name of letters"),
    ],
)
def test_the_name_of_a_file_is_one_that_a_link_can_hold(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(GOOD)
    with pytest.raises(RecipeError, match=message) as refused:
        load_experiments(tmp_path)
    str(refused.value).encode()


def test_no_file_is_passed_over_for_its_large_letters(tmp_path: Path) -> None:
    (tmp_path / "Mine.TOML").write_text(GOOD)
    assert "Mine" in load_experiments(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.toml")
    with pytest.raises(RecipeError, match="expected an experiment, a file, and this is none"):
        load_experiments(tmp_path)


def test_a_fault_that_changes_nothing_is_refused(digits: gn.Dataset) -> None:
    setup = Setup(load_recipe("classic", settings={"network.activation": "Tanh"}), ("own ReLU",))
    with pytest.raises(RecipeError, match="the fault 'own ReLU' changes nothing in this network: leave it out"):
        setup.make_network(digits)


def test_the_example_of_the_guide_is_one(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "page.md").read_text(encoding="utf-8")
    text = guide.partition("```toml\n")[2].partition("```")[0]
    load(tmp_path, text)
    table = dict(line.split(" | ") for line in guide.splitlines() if line.startswith("| `"))
    assert table == {f"| `{name}`": f"{fault.about} |" for name, fault in FAULTS.items()}


def test_what_is_promised_is_measured() -> None:
    records = [{"training_loss": 1.0}, {"training_loss": 0.5, "validation_accuracy": 0.9, "seconds": 3.0}]
    came = outcome(2.3, records, diverged=False)
    assert came == {"diverged": 0, "first_loss": 2.3, "training_loss": 0.5, "validation_accuracy": 0.9}
    assert outcome(None, [], diverged=True) == {"diverged": 1}
    promise = Promise("a", "training_loss", at_least=0.4, at_most=0.6)
    assert [promise.holds(value) for value in (0.39, 0.4, 0.6, 0.61, float("nan"))] == [False, True, True, False, False]
