"""The form: what it offers makes the recipes that it names, and nothing else comes through it."""

import itertools
import json
import re
from typing import Any

import pytest

import glassnet as gn
from glassnet.nn.init import Initializer
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.optim import Optimizer
from glassnet.nn.penalty import Penalty
from glassnet.nn.schedule import Schedule
from glassnet.nn.settings import describe, final_classes
from glassnet.page.form import DATASETS, KEYS, RECIPES, _outline, offer, recipe_of, values_of
from glassnet.recipes.recipe import Recipe, load_recipe

CLASSIC = {"recipe": "classic"}


def layers(recipe: Recipe) -> str:
    """The layers of its network, as people write them."""
    return ", ".join(map(describe, recipe.network.make(_outline(recipe.data.name))))


def test_what_it_offers_is_json_and_makes_the_named_recipes_again() -> None:
    offered = json.loads(json.dumps(offer()))
    assert [recipe["name"] for recipe in offered["recipes"]] == list(RECIPES)
    for recipe in offered["recipes"]:
        assert recipe["values"].keys() <= set(KEYS)
        assert recipe_of(recipe["values"]) == load_recipe(recipe["name"])
        assert recipe_of({"recipe": recipe["name"]}) == load_recipe(recipe["name"])


def test_every_choice_is_a_part_and_makes_a_recipe() -> None:
    choices = offer()["choices"]
    kinds = {"activation": Layer, "layer": Layer, "init": Initializer, "loss": Loss, "optimizer": Optimizer}
    for key, kind in (kinds | {"schedule": Schedule}).items():
        assert set(choices[key]) <= set(final_classes(kind)), key
    ours = {name for name, kind in final_classes(Penalty).items() if kind.__module__.startswith("glassnet.")}
    assert set(choices["penalty"]) - {"none"} == ours
    for key in ("activation", "init", "loss", "optimizer", "schedule", "scaling", "penalty"):
        for choice in choices[key]:
            for name in RECIPES:
                recipe = recipe_of({"recipe": name, key: choice})
                assert values_of(recipe)[key] == choice


def test_datasets_are_as_large_as_it_says(digits: gn.Dataset) -> None:
    rows = {row["name"]: row for row in offer()["datasets"]}
    assert rows.keys() == DATASETS.keys()
    assert rows["digits"]["here"]
    assert rows["digits"]["images"] == sum(map(len, (digits.train, digits.validation, digits.test)))
    assert _outline("digits").input_shape == digits.input_shape
    assert (_outline("digits").classes, _outline("digits").white) == (digits.classes, digits.white)


@pytest.mark.mnist
def test_mnist_is_as_large_as_it_says(mnist: gn.Dataset) -> None:
    row = next(row for row in offer()["datasets"] if row["name"] == "mnist")
    assert row["here"]
    assert row["images"] == sum(map(len, (mnist.train, mnist.validation, mnist.test)))
    assert _outline("mnist").input_shape == mnist.input_shape


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"hidden": [32, 16]}, "Dense(units=32), ReLU(), Dense(units=16), ReLU(), Dense(units=10)"),
        ({"hidden": []}, "Flatten(), Dense(units=10)"),
        ({"dropout": 0.25}, "Dense(units=128), ReLU(), Dropout(rate=0.25), Dense(units=10)"),
        ({"hidden": [8], "activation": "Tanh"}, "Dense(units=8), Tanh(), Dense"),
        ({"hidden": [8], "init": "HeNormal"}, "Dense(units=8, init=HeNormal()), ReLU(), Dense"),
        ({"scaling": "standardize"}, "Standardize(), Flatten(), Dense"),
        (
            {"hidden": [{"type": "Conv2D", "filters": 4, "kernel_size": 3}, "ReLU", "MaxPool2D", 16], "dropout": 0.5},
            "Reshape(shape=(28, 28, 1)), Conv2D(filters=4, kernel_size=3), ReLU(), MaxPool2D(), Flatten(), "
            "Dense(units=16), ReLU(), Dropout(), Dense",
        ),
        (
            {"hidden": [{"type": "Conv2D", "filters": 4, "kernel_size": 3, "padding": "same"}]},
            "Conv2D(filters=4, kernel_size=3, padding=same), ReLU(), Flatten(), Dense(units=10)",
        ),
        (
            {"hidden": [{"type": "Conv2D", "filters": 4, "kernel_size": 5}, "GlobalAveragePool"]},
            "GlobalAveragePool(), Dense(units=10)",
        ),
        ({"hidden": [{"type": "Dense", "units": 5, "init": "Normal"}, "BatchNorm"]}, "Dense(units=5, init=Normal())"),
    ],
    ids=str,
)
def test_a_network_is_built(values: dict[str, Any], expected: str) -> None:
    assert expected in layers(recipe_of(CLASSIC | values))


def test_settings_of_the_training_are_taken() -> None:
    values = {
        "dataset": "digits",
        "optimizer": "RMSProp",
        "lr": 0.005,
        "momentum": 0.5,
        "batch_size": 32,
        "penalty": "MaxNorm",
        "strength": 2,
        "schedule": "CosineDecay",
        "epochs": 7,
        "seed": 3,
        "loss": "Hinge",
    }
    recipe = recipe_of(CLASSIC | values)
    assert recipe.optimizer == gn.RMSProp(0.005, momentum=0.5)
    assert recipe.penalties == (gn.MaxNorm(2),)
    assert recipe.schedule == gn.CosineDecay()
    assert recipe.network.loss == gn.Hinge()
    training = recipe.training
    assert (training.batch_size, training.epochs, training.seed, training.shards) == (32, 7, 3, 1)
    assert recipe.data.name == "digits"


def test_what_is_not_changed_stays_as_the_recipe_has_it() -> None:
    quick = recipe_of({"recipe": "quick", "epochs": 3.0})
    assert quick.optimizer == gn.Adam(0.01, beta2=0.95)
    assert quick.schedule == gn.OneCycle(rise=0.2)
    assert quick.training.epochs == 3
    assert recipe_of({"recipe": "quick", "lr": 0.002}).optimizer == gn.Adam(0.002, beta2=0.95)
    assert recipe_of(CLASSIC | {"penalty": "L2"}).penalties == (gn.L2(1e-4),)
    assert recipe_of(CLASSIC | {"penalty": None, "momentum": 0.0}) == load_recipe("classic")
    assert recipe_of({"recipe": "tiny", "batch_size": 128}).training.shards == 2
    assert recipe_of({"recipe": "quick", "optimizer": "SGD"}).optimizer == gn.SGD(0.1)


def test_a_given_recipe_is_offered_first_and_may_be_changed() -> None:
    given = load_recipe("cnn", settings={"name": "mine"})
    offered = offer(given)
    assert [recipe["name"] for recipe in offered["recipes"]] == ["mine", *RECIPES]
    assert recipe_of(offered["recipes"][0]["values"], given) == given
    changed = recipe_of(offered["recipes"][0]["values"] | {"epochs": 2, "strength": 1e-3, "lr": 0.05}, given)
    assert (changed.training.epochs, changed.penalties) == (2, (gn.L2(1e-3),))
    assert changed.optimizer == gn.SGD(0.05, momentum=0.9, nesterov=True)
    assert changed.augmentation == given.augmentation
    with pytest.raises(gn.InputError, match="recipe: expected one of tiny, sixteen"):
        recipe_of({"recipe": "mine"})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "expected the values of the form, got None"),
        ([1], "expected the values of the form, got [1]"),
        ({}, "recipe: expected one of tiny, sixteen, sigmoid-30, classic, quick, got None"),
        ({"recipe": "../secret.toml"}, "recipe: expected one of"),
        ({"recipe": ["classic"]}, "recipe: expected one of"),
        (CLASSIC | {"learning": 1}, "the form has no field 'learning'"),
        (CLASSIC | {"data.name": "/etc/passwd"}, "the form has no field 'data.name'"),
        (CLASSIC | {"dataset": "/etc/passwd"}, "dataset: expected one of mnist, fashion-mnist, kmnist, digits"),
        (CLASSIC | {"activation": "os.system"}, "activation: expected one of ReLU"),
        (CLASSIC | {"activation": {"type": "ReLU"}}, "activation: expected one of ReLU"),
        (CLASSIC | {"loss": "Poisson"}, "loss: expected one of CrossEntropy"),
        (CLASSIC | {"optimizer": "LBFGS"}, "optimizer: expected one of SGD"),
        (CLASSIC | {"hidden": 5}, "hidden: expected a list of at most 32 sizes and layers, got 5"),
        (CLASSIC | {"hidden": [1] * 33}, "hidden: expected a list of at most 32"),
        (CLASSIC | {"hidden": [0]}, "hidden[0] must be at least 1, got 0"),
        (CLASSIC | {"hidden": [-5]}, "must be at least 1, got -5"),
        (CLASSIC | {"hidden": [True]}, "hidden[0]: expected a size or a layer, got True"),
        (CLASSIC | {"hidden": [1.5]}, "hidden[0]: expected a size or a layer, got 1.5"),
        (CLASSIC | {"hidden": ["Softmax"]}, "hidden[0]: type: expected one of Conv2D"),
        (CLASSIC | {"hidden": [{"units": 3}]}, "hidden[0]: type: expected one of Conv2D"),
        (CLASSIC | {"hidden": [{"type": "Dense", "units": [3]}]}, "hidden[0]: 'units': expected a number, got [3]"),
        (CLASSIC | {"hidden": [{"type": "BatchNorm", "epsilon": 1e300}]}, "'epsilon': expected a number, got 1e+300"),
        (CLASSIC | {"hidden": [{"type": "Dense", "init": "x"}]}, "hidden[0]: init: expected one of GlorotUniform"),
        (CLASSIC | {"hidden": [{"type": "Dense"}]}, "the key 'units' is missing"),
        (CLASSIC | {"hidden": [{"type": "Conv2D", "filters": 1, "kernel_size": 99}]}, "larger than the image"),
        (CLASSIC | {"hidden": ["MaxPool2D"]}, "this network cannot be made for mnist"),
        (CLASSIC | {"hidden": [10**400]}, "expected a number of at most 64 bits"),
        (CLASSIC | {"hidden": [6400]}, "expected a network of at most 5,000,000 parameters, got 5,088,010"),
        (CLASSIC | {"hidden": [4000, 4000]}, "parameters, got 19,"),
        (CLASSIC | {"hidden": [2**40]}, "at most 5,000,000 parameters"),
        (
            CLASSIC | {"hidden": [{"type": "Conv2D", "filters": 3000, "kernel_size": 1}, "GlobalAveragePool"]},
            "expected layers that give at most 2,000,000 values for an image, got 4,",
        ),
        (CLASSIC | {"batch_size": 4097}, "batch_size: expected a whole number from 1 to 4,096, got 4097"),
        (CLASSIC | {"batch_size": "full"}, "batch_size: expected a whole number from 1 to 4,096, got 'full'"),
        (CLASSIC | {"batch_size": 0}, "batch_size: expected a whole number from 1"),
        (CLASSIC | {"epochs": 1.5}, "epochs: expected a whole number from 1 to 1,000, got 1.5"),
        (CLASSIC | {"epochs": 10**9}, "epochs: expected a whole number from 1 to 1,000"),
        (CLASSIC | {"epochs": True}, "epochs: expected a whole number"),
        (CLASSIC | {"seed": -1}, "seed: expected a whole number from 0"),
        (CLASSIC | {"lr": 0}, "lr: expected a number above 0, got 0"),
        (CLASSIC | {"lr": float("nan")}, "lr: expected a number above 0, got nan"),
        (CLASSIC | {"lr": float("inf")}, "lr: expected a number above 0, got inf"),
        (CLASSIC | {"lr": "0.1"}, "lr: expected a number above 0, got '0.1'"),
        (CLASSIC | {"lr": 10**400}, "lr: expected a number above 0"),
        (CLASSIC | {"momentum": 1}, "momentum"),
        (CLASSIC | {"momentum": [0.9]}, "momentum"),
        (CLASSIC | {"optimizer": "Adam", "momentum": 0.9}, "momentum: Adam has no such setting"),
        (CLASSIC | {"dropout": 1}, "dropout: expected a number from 0 to below 1, got 1"),
        (CLASSIC | {"penalty": "L2", "strength": -1}, "strength: expected a number above 0, got -1"),
        (CLASSIC | {"strength": 1}, "strength: choose a penalty first"),
        (CLASSIC | {"hidden": [{"type": "Conv2D", "filters": 256, "kernel_size": 9}], "batch_size": 4096}, "MB"),
    ],
    ids=itertools.count(),
)
def test_anything_else_is_refused_in_one_line(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        recipe_of(values)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_convolution_is_followed_by_the_activation() -> None:
    conv = {"type": "Conv2D", "filters": 4, "kernel_size": 3}
    for given, made in (
        ([conv, "MaxPool2D", 16], [conv, "Tanh", "MaxPool2D", "Flatten", 16]),
        ([conv, "BatchNorm", 16], [conv, "BatchNorm", "Tanh", "Flatten", 16]),
        ([conv, "BatchNorm", "ReLU", 16], [conv, "BatchNorm", "ReLU", "Flatten", 16]),
        ([conv, "GELU", 16], [conv, "GELU", "Flatten", 16]),
    ):
        recipe = recipe_of({"recipe": "classic", "hidden": given, "activation": "Tanh"})
        assert list(recipe.network.hidden or ()) == made
    assert "ReLU" in (recipe_of({"recipe": "classic", "hidden": [conv, 16]}).network.hidden or ())


def test_what_belongs_to_another_part_counts_with_it() -> None:
    assert recipe_of({"recipe": "classic", "optimizer": "Adam", "lr": 0.1}).optimizer == gn.Adam(0.1)
    assert recipe_of({"recipe": "classic", "optimizer": "Adam"}).optimizer == gn.Adam(1e-3)
    quick = recipe_of({"recipe": "quick", **{"optimizer": "Adam", "lr": 0.01}})
    assert quick.optimizer == load_recipe("quick").optimizer
