"""What a file trains with: a few thousand images, the recipes and experiments that it can run, and what each kind of
layer says of itself.
"""

import base64
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.registry import load_dataset
from glassnet.experiments.experiment import Experiment, Promise, load_experiments
from glassnet.experiments.faults import OwnReLU
from glassnet.experiments.setup import Setup
from glassnet.export.described import loss_of, note_of, plain_settings
from glassnet.nn.activations import Softmax
from glassnet.nn.dense import Dense
from glassnet.nn.dropout import Dropout
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.hinge import Hinge
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.regression import SquaredError
from glassnet.nn.reshape import Flatten, Rescale
from glassnet.nn.settings import from_table, to_table
from glassnet.reading.picture import as_png
from glassnet.recipes.recipe import Recipe, load_recipe

DATASET = "mnist"
TRAIN, VALIDATION = 5_000, 1_000  # images that ride along
LEVELS = 16  # shades of grey that are kept: fewer bytes, and the digits look the same
MORE_EPOCHS, SMALLER = 3, 4  # of an experiment: three times the epochs, and a quarter of the batch
LESS, MORE = 0.1, 0.05  # so much lower is the least accuracy that an experiment promises, and so much higher the most
ACROSS = 100  # images side by side in the picture that holds them
RECIPES = ("classic", "sixteen", "sigmoid-30", "tiny-deep")
ACTIVATIONS = ("ReLU", "LeakyReLU", "ELU", "SiLU", "GELU", "Softplus", "Sigmoid", "Tanh", "Identity")
INITS = ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LeCunUniform", "LeCunNormal", "Normal", "Uniform")
LOSSES = (CrossEntropy(), SquaredError(), Hinge())
RATES = {"SGD": 0.1, "Adam": 1e-3}  # the optimizers, each with its usual rate


def trainable() -> dict[str, Any]:
    """All that the engine in JavaScript trains with.

    Raises:
        MissingDataError: MNIST is not on this machine.
    """
    dataset = load_dataset(DATASET, validation=VALIDATION, download=False)
    return {
        "form": _form(),
        "kinds": {type(layer).__name__: _note(layer) for layer in _kinds()},
        "losses": {type(loss).__name__: loss_of(loss) for loss in LOSSES},
        "experiments": [_experiment(name, one, dataset) for name, one in load_experiments().items()],
        "data": _data(dataset),
    }


def _data(dataset: Dataset) -> dict[str, Any]:
    """The images as one picture, a row of which has ACROSS of them, and their labels as digits."""
    parts = (dataset.train[:TRAIN], dataset.validation[:VALIDATION])
    x = np.concatenate([part.x for part in parts])
    H, W = dataset.input_shape
    page = x.reshape(-1, ACROSS, H, W).transpose(0, 2, 1, 3).reshape(-1, ACROSS * W)
    step = 255 / (LEVELS - 1)
    grey = (np.rint(page / step) * step).astype(np.uint8)
    return {
        "name": DATASET,
        "count": TRAIN,
        "shape": list(dataset.input_shape),
        "classes": list(dataset.classes),
        "white": dataset.white,
        "across": ACROSS,
        "labels": "".join(str(label) for part in parts if part.y is not None for label in part.y.tolist()),
        "sum": int(grey.sum(dtype=np.int64)),
        "png": base64.b64encode(as_png(grey)).decode("ascii"),
    }


def _form() -> dict[str, Any]:
    """What the form offers, as that of the page."""
    recipes = [load_recipe(name) for name in RECIPES]
    return {
        "first": RECIPES[0],
        "recipes": [{"name": recipe.name, "about": recipe.about, "values": _values(recipe)} for recipe in recipes],
        "choices": {
            "activation": ACTIVATIONS,
            "layer": ("Dense", "Dropout"),
            "init": INITS,
            "loss": [type(loss).__name__ for loss in LOSSES],
            "optimizer": list(RATES),
            "penalty": ("none",),
            "schedule": ("ConstantRate",),
        },
        "rates": RATES,
        "strengths": {},
        "datasets": [{"name": DATASET, "here": True}],
    }


def _values(recipe: Recipe) -> dict[str, Any]:
    """A recipe in the terms of the form."""
    network, optimizer = recipe.network, to_table(recipe.optimizer)
    return {
        "recipe": recipe.name,
        "hidden": list(network.hidden or ()),
        "activation": network.activation or "ReLU",
        "init": type(network.init).__name__,
        "loss": type(network.loss).__name__,
        "optimizer": optimizer["type"],
        "lr": optimizer["lr"],
        "momentum": optimizer.get("momentum", 0.0),
        "batch_size": recipe.training.batch_size,
        "dropout": 0.0,
        "epochs": recipe.training.epochs,
        "seed": recipe.training.seed,
    }


def _experiment(name: str, one: Experiment, dataset: Dataset) -> dict[str, Any]:
    settings = [setup.recipe.settings() for setup in one.setups]
    differing = {
        key for each in settings for key, value in each.items() if any(of.get(key) != value for of in settings)
    }
    return {
        "name": name,
        "title": one.title,
        "question": one.question,
        "watch": one.watch,
        "answer": one.answer,
        "course": "",
        "trainings": [variant.name for variant in one.trainings],
        "variants": [variant.name for variant in one.trainings],
        "promises": [_promise(promise) for promise in one.promises],
        "setups": [
            _setup(setup, dataset) | {"settings": {key: each[key] for key in each if key in differing}}
            for setup, each in zip(one.setups, settings, strict=True)
        ],
    }


def _promise(promise: Promise) -> dict[str, Any]:
    """A promise about MNIST; with so few images accuracies stay lower."""
    table = to_table(promise)
    if promise.value.endswith("accuracy"):
        table["at_least"] = None if promise.at_least is None else round(promise.at_least - LESS, 3)
        table["at_most"] = None if promise.at_most is None else round(promise.at_most + MORE, 3)
    return table


def _setup(setup: Setup, dataset: Dataset) -> dict[str, Any]:
    """A setup as the engine takes it.

    There are fewer images, so it has smaller batches and more epochs: about as many steps.
    """
    recipe = setup.recipe
    batch, epochs = recipe.training.batch_size, recipe.training.epochs
    if batch != "full" and "few examples" not in setup.faults:
        epochs *= MORE_EPOCHS
        batch = -(-batch // SMALLER)
    return {
        "recipe": recipe.name,
        "layers": [_layer(layer) for layer in recipe.network.make(dataset)],
        "loss": type(recipe.network.loss).__name__,
        "plan": {
            "optimizer": to_table(recipe.optimizer),
            "batchSize": batch,
            "epochs": epochs,
            "seed": recipe.training.seed,
        },
        "faults": list(setup.faults),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    begins = {key: value for key, value in to_table(layer).items() if key in ("init", "bias_init")}
    return {"kind": type(layer).__name__, "settings": plain_settings(layer) | begins}


def _kinds() -> list[Layer]:
    """A layer of each kind that can stand in a network in training."""
    activations = [from_table(Layer, name, "activation") for name in ACTIVATIONS]
    return [Rescale(1 / 255), Flatten(), Dense(2), Dropout(0.5), Softmax(), OwnReLU(), *activations]


def _note(layer: Layer) -> dict[str, Any]:
    Network([layer], input_shape=2, seed=None)
    return note_of(layer)
