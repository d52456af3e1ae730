"""The reference of recipe settings is what the code says, and a wrong key is answered with a form that works."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.cli import app
from glassnet.nn.layer import Layer
from glassnet.nn.settings import final_classes, from_table
from glassnet.recipes.recipe import Recipe, load_recipe, recipe_names
from glassnet.recipes.reference import PARTS, sections
from glassnet.recipes.toml import RecipeError, UnknownKeyError, inline, value_of

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import settings as page

MINIMAL = {"name": "x", "network": {"hidden": [4]}, "optimizer": {"type": "SGD", "lr": 0.1}, "training": {"epochs": 2}}
TOGETHER = {  # what a setting needs besides itself
    "data.task": {"target": "y"},
    "data.ignore": {"target": "y"},
    "data.categorical": {"target": "y"},
    **{f"data.{key}": {"target": "y"} for key in ("missing", "dates", "date_order", "decimal", "columns")},
    **{f"data.{key}": {"target": "y"} for key in ("unknown", "folds", "private")},
    "data.fold": {"target": "y", "folds": 5},
    "optimizer.nesterov": {"momentum": 0.9},
    "network.scaling": {"hidden": [4]},
    "network.activation": {"hidden": [4]},
    "network.init": {"hidden": [4]},
    "network.loss": {"hidden": [4]},
}


class OfAPerson(Layer):
    """A layer of one's own is no part of the reference."""

    forward = backward = lambda self, x, **more: x


def test_the_page_is_what_the_code_says() -> None:
    assert "OfAPerson" in final_classes(Layer)
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run python tools/settings.py"


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["glassnet", *arguments])
    code = app._run()
    out, error = capsys.readouterr()
    return code, out + error


def test_the_command_prints_every_setting_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = printed(monkeypatch, capsys, "recipes", "--settings")
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80
    shown = re.findall(r"^  (\w+) = (.+)$", text, re.MULTILINE)
    assert shown == [(s.key, inline(s.example)) for section in sections(Recipe) for s in section.settings]


def test_every_setting_of_a_named_recipe_is_there() -> None:
    known = {(s.name, s.kind): {setting.key for setting in s.settings} for s in sections(Recipe)}
    for name in recipe_names():
        table = tomllib.loads((Path(load_recipe.__code__.co_filename).parent / f"{name}.toml").read_text())
        for section, values in table.items():
            for one in values if isinstance(values, list) else [values]:
                if isinstance(one, dict):
                    assert set(one) - {"type"} <= known[section, one.get("type", "")]
                else:
                    assert section in known["", ""]


def test_every_example_is_a_value_that_its_setting_takes() -> None:
    for section in sections(Recipe):
        for setting in section.settings:
            here = {setting.key: setting.example} | TOGETHER.get(f"{section.name}.{setting.key}", {})
            if section.name in PARTS:
                from_table(PARTS[section.name], {"type": section.kind, **section.example(**here)}, section.title)
                continue
            whole = section.example(**here) if section.name != "network" else here
            changed = {section.name: [whole] if section.name == "penalties" else whole} if section.name else here
            assert isinstance(from_table(Recipe, MINIMAL | changed, section.title), Recipe)
            assert setting.example is not None, f"{section.title}: {setting.key} has no example"
            assert setting.meaning or section.name == "initialisers", f"{section.title}: {setting.key} has no meaning"


@pytest.mark.parametrize(
    ("wrong", "form"),
    [
        ("network.dropout=0.2", "network.hidden=[128, {type='Dropout', rate=0.2}]"),
        ("training.dropout=0.3", "network.hidden=[128, {type='Dropout', rate=0.3}]"),
        ("training.lr=0.5", "optimizer.lr=0.5"),
        ("lr=0.5", "optimizer.lr=0.5"),
        ("optimizer.learning_rate=0.01", "optimizer.lr=0.01"),
        ("training.optimizer=adam", "optimizer='Adam'"),
        ("training.momentum=0.9", "optimizer.momentum=0.9"),
        ("optimizer.beta1=0.8", "optimizer={type='Adam', beta1=0.8}"),
        ("network.units=64", "network.hidden=[64]"),
        ("network.batch_size=64", "training.batch_size=64"),
        ("train.epochs=3", "training.epochs=3"),
        ("epochs=3", "training.epochs=3"),
        ("data.path=kmnist", "data.name='kmnist'"),
        ("training.patience=5", "early_stopping.patience=5"),
        ("training.weight_decay=1e-4", "penalties=[{type='L2', strength=0.0001}]"),
        ("training.scheduler=onecycle", "schedule='OneCycle'"),
        ("training.early_stopping=true", "early_stopping={monitor='validation_accuracy'}"),
        ("network.relu=true", "network.activation='ReLU'"),
        ("network.crossentropy=0.1", "network.loss={type='CrossEntropy', smoothing=0.1}"),
        ("network.hegaussian=true", None),
        ("augmentation.rotate=3", None),  # the nearest key of the section itself
    ],
)
def test_a_wrong_key_is_answered_with_a_form_that_works(
    wrong: str, form: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = printed(monkeypatch, capsys, "train", "classic", "--set", wrong)
    assert code == 2
    section, _, key = wrong.partition("=")[0].rpartition(".")
    assert f"unknown key '{key}'" in said or f"unknown section '{section}'; of '{key}'" in said
    if form is None:
        assert "did you mean" in said or "known: " in said
        return
    quoted = f'"{form}"' if set(form) & set(" '{}[]") else form
    assert said.endswith(f": --set {quoted}\n")
    key, _, value = form.partition("=")
    load_recipe("classic", settings={key: value_of(value)})


@pytest.mark.parametrize("kind", [part.kind for part in sections(Recipe) if part.name == "layers"])
def test_every_layer_by_its_name_is_answered_with_a_network_that_can_be_made(kind: str) -> None:
    if kind == "Reshape":
        return
    with pytest.raises(UnknownKeyError) as caught:
        load_recipe("classic", settings={f"network.{kind.lower()}": True})
    key, _, value = caught.value.form.partition("=")
    recipe = load_recipe("classic", settings={key: value_of(value)})
    x, y = np.zeros((4, 28, 28), np.uint8), np.arange(4)
    part = gn.Split(x, y, np.arange(4))
    network = recipe.make_network(gn.Dataset("made", part, part, part, tuple("0123456789"), 255))
    assert kind in [type(layer).__name__ for layer in network.layers]


def test_a_file_is_answered_too_in_words_for_python(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[network]\nhidden=[32]\ndropout=0.1\n[optimizer]\ntype="Adam"\n[training]\nepochs=1\n')
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert str(caught.value) == (
        f"{path}: network: unknown key 'dropout'; Dropout is a layer, which belongs to the hidden layers: "
        "network.hidden=[32, {type='Dropout', rate=0.1}]"
    )


def test_a_form_is_only_given_where_it_works(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('network = "x"\nlr = 0.1\n[optimizer]\ntype="Adam"\n[training]\nepochs=1\n')
    with pytest.raises(RecipeError, match="unknown key 'lr'; known: ") as caught:  # wrong beyond the key
        load_recipe(path)
    assert not isinstance(caught.value, UnknownKeyError)
