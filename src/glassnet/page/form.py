"""The form of the page: what a person can choose for a training, and the recipe that follows from it.

Everything from the browser is a name in a list of this file or a number within limits. No path, module or class comes
from there: types are named here, and the recipe is read like any other, with the same checks.
"""

import math
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset, Split
from glassnet.data.registry import ENTRIES, find_dataset
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.plain import nearest, shown
from glassnet.nn.segments import connect
from glassnet.recipes.recipe import Recipe, load_recipe

RECIPES = ("tiny", "sixteen", "sigmoid-30", "classic", "quick")
FIRST = "classic"  # which is chosen first
# Each dataset with the number of its images and the side of one.
DATASETS = {"mnist": (70_000, 28), "fashion-mnist": (70_000, 28), "kmnist": (70_000, 28), "digits": (1_797, 8)}
ACTIVATIONS = ("ReLU", "LeakyReLU", "ELU", "SiLU", "GELU", "Softplus", "Sigmoid", "Tanh", "Identity")
LAYERS = (
    *("Conv2D", "MaxPool2D", "AveragePool2D", "GlobalAveragePool", "Flatten", "Dense", "BatchNorm", "Dropout"),
    *ACTIVATIONS,
)
INITS = (
    *("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LeCunUniform", "LeCunNormal"),
    *("Orthogonal", "Normal", "Uniform", "Constant"),
)
LOSSES = ("CrossEntropy", "SquaredError", "Hinge")
# Each optimizer with its usual rate, and each penalty with the key of its strength and the usual one.
OPTIMIZERS = {"SGD": 0.1, "AdaGrad": 0.01, "RMSProp": 1e-3, "Adam": 1e-3, "AdamW": 1e-3}
PENALTIES = {"L2": ("strength", 1e-4), "L1": ("strength", 1e-5), "MaxNorm": ("limit", 3.0)}
SCHEDULES = ("ConstantRate", "OneCycle", "CosineDecay", "ExponentialDecay", "InverseScaling")
SCALINGS, PADDINGS = ("rescale", "standardize"), ("valid", "same")
IMAGES = ("Conv2D", "MaxPool2D", "AveragePool2D")  # layers that give images

MOST_PARAMETERS = 5_000_000
MOST_LAYERS = 32
MOST_BATCH = 4_096
MOST_EPOCHS = 1_000
MOST_SEED = 2**53 - 1  # the largest whole number that JavaScript holds exactly
MOST_NUMBER = 1e9
SHARD = 64  # rows of a batch that are worth a shard
MOST_BYTES = 2**30  # of what a step of the training computes with
MOST_VALUES = 2_000_000  # that all layers give for one image, for the page shows them at once
KEYS = (
    *("recipe", "dataset", "hidden", "activation", "init", "loss", "optimizer", "lr", "momentum", "batch_size"),
    *("penalty", "strength", "dropout", "schedule", "epochs", "seed", "scaling"),
)

FOLLOWS = {"lr": "optimizer", "momentum": "optimizer", "strength": "penalty"}  # where the part is another, it counts

Values = dict[str, Any]


def offer(given: Recipe | None = None) -> dict[str, Any]:
    """What the form of the page offers, as plain values.

    Args:
        given: a recipe that the page was opened with; it is offered first.
    """
    recipes = [load_recipe(name) for name in RECIPES]
    if given is not None:
        recipes = [given, *(recipe for recipe in recipes if recipe.name != given.name)]
    return {
        "first": FIRST if given is None else given.name,
        "recipes": [{"name": recipe.name, "about": recipe.about, "values": values_of(recipe)} for recipe in recipes],
        "choices": {
            "activation": list(ACTIVATIONS),
            "layer": list(LAYERS),
            "init": list(INITS),
            "loss": list(LOSSES),
            "optimizer": list(OPTIMIZERS),
            "penalty": ["none", *PENALTIES],
            "schedule": list(SCHEDULES),
            "scaling": list(SCALINGS),
        },
        "rates": OPTIMIZERS,
        "strengths": {name: strength for name, (_, strength) in PENALTIES.items()},
        "datasets": [
            {"name": name, "about": ENTRIES[name].about, "here": find_dataset(name) is not None, "images": images}
            for name, (images, _) in DATASETS.items()
        ],
        "limits": {
            "parameters": MOST_PARAMETERS,
            "layers": MOST_LAYERS,
            "batch_size": MOST_BATCH,
            "epochs": MOST_EPOCHS,
            "seed": MOST_SEED,
        },
    }


def values_of(recipe: Recipe) -> Values:
    """A recipe in the terms of the form; what the form has no field for is left out, and stays as it is."""
    table = recipe.to_table()
    network, optimizer, training = table["network"], table["optimizer"], table["training"]
    penalty = next(iter(table["penalties"]), None)
    values = {
        "recipe": recipe.name,
        "dataset": recipe.data.name,
        "hidden": network.get("hidden"),
        "activation": _name(network.get("activation", "ReLU")),
        "init": _name(network.get("init", "GlorotUniform")),
        "loss": _name(network["loss"]),
        "optimizer": optimizer["type"],
        "lr": optimizer["lr"],
        "momentum": optimizer.get("momentum", 0.0),
        "batch_size": training["batch_size"],
        "penalty": _name(penalty) if penalty else "none",
        "strength": penalty[PENALTIES[penalty["type"]][0]] if penalty and penalty["type"] in PENALTIES else None,
        "dropout": 0.0,
        "schedule": _name(table["schedule"]),
        "epochs": training["epochs"],
        "seed": training["seed"],
        "scaling": network.get("scaling", "rescale"),
    }
    return {key: value for key, value in values.items() if value is not None}


def recipe_of(values: Any, given: Recipe | None = None) -> Recipe:
    """The recipe that a person has put together.

    Args:
        values: what the form holds; every key but "recipe" may be missing, and then is as the recipe says.
        given: a recipe that the page was opened with; it may be named, whatever it holds.

    Raises:
        InputError, RecipeError: a key or a value that the form does not offer; parts that do not fit together.
    """
    require(isinstance(values, dict), f"expected the values of the form, got {shown(values)}")
    for key in values:
        require(isinstance(key, str) and key in KEYS, f"the form has no field {shown(key)}; {nearest(str(key), KEYS)}")
    values = {key: value for key, value in values.items() if value is not None}
    name = values.get("recipe")
    recipe = given if given and name == given.name else load_recipe(_one_of(name, RECIPES, "recipe"))
    own = values_of(recipe)
    now = own | values
    other = {key for key, part in FOLLOWS.items() if now.get(part) != own.get(part)}
    changes = {key: value for key, value in values.items() if value != own.get(key) or key in other}
    recipe = recipe.changed(_settings(changes, recipe))
    if recipe.data.name in DATASETS:
        check_size(recipe, _outline(recipe.data.name))
    return recipe


def check_offered(recipe: Recipe) -> None:
    """Check that the form could have made a recipe of this size, and of this data.

    Raises:
        InputError, RecipeError: it could not.
    """
    name, epochs = recipe.data.name, recipe.training.epochs
    require(name in DATASETS, f"data.name: expected one of {', '.join(DATASETS)}, got {shown(name)}")
    require(epochs <= MOST_EPOCHS, f"training.epochs: expected at most {MOST_EPOCHS:,}, got {epochs:,}")
    check_size(recipe, _outline(name))


def check_size(recipe: Recipe, dataset: Dataset) -> None:
    """Check, before any memory is taken, that the network of a recipe and a step of its training are not too large.

    Raises:
        InputError, RecipeError: they are; or the layers do not fit together.
    """
    try:
        layers = recipe.network.make(dataset)
        segments, _ = connect(layers, dataset.input_shape)
    except InputError as error:
        raise InputError(f"this network cannot be made for {dataset.name}: {error}") from None
    parameters = segments[-1].stop if segments else 0
    require(
        parameters <= MOST_PARAMETERS,
        f"expected a network of at most {MOST_PARAMETERS:,} parameters, got {parameters:,}: choose fewer or smaller "
        "layers",
    )
    values = sum(math.prod(layer.output_shape) for layer in layers)
    require(
        values <= MOST_VALUES,
        f"expected layers that give at most {MOST_VALUES:,} values for an image, got {values:,}: choose fewer or "
        "smaller layers",
    )
    size, shards = recipe.training.batch_size, recipe.training.shards or 1
    examples = -(-(60_000 if size == "full" else size) // shards)
    needed = 4 * (parameters * (shards + 8) + 3 * examples * sum(map(_values, layers)))
    require(
        needed <= MOST_BYTES,
        f"a step of this training takes about {needed / 2**20:,.0f} MB, expected at most {MOST_BYTES / 2**20:,.0f}: "
        "choose a smaller batch, or fewer or smaller layers",
    )


def _values(layer: Layer) -> int:
    """About how many values a layer holds for one example; a convolution holds a row for each window."""
    patches = 0
    if kernel := getattr(layer, "kernel_size", 0):
        patches = math.prod(layer.output_shape[:2]) * kernel**2 * layer.input_shape[2]
    return math.prod(layer.output_shape) + patches


def _outline(name: str) -> Dataset:
    """A dataset of one black image, with the shape and the classes of this one; it is not read."""
    side, entry = DATASETS[name][1], ENTRIES[name]
    split = Split(np.zeros((1, side, side), np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64))
    return Dataset(name, split, split, split, entry.classes, entry.white)


def _settings(changes: Values, recipe: Recipe) -> dict[str, Any]:
    """What the form changes in a recipe, as settings by dotted key."""
    settings: dict[str, Any] = {}
    for key, where, offered in (
        ("dataset", "data.name", tuple(DATASETS)),
        ("activation", "network.activation", ACTIVATIONS),
        ("init", "network.init", INITS),
        ("loss", "network.loss", LOSSES),
        ("schedule", "schedule", SCHEDULES),
        ("scaling", "network.scaling", SCALINGS),
    ):
        if key in changes:
            settings[where] = _one_of(changes[key], offered, key)
    for key, where, least, most in (
        ("epochs", "training.epochs", 1, MOST_EPOCHS),
        ("seed", "training.seed", 0, MOST_SEED),
        ("batch_size", "training.batch_size", 1, MOST_BATCH),
    ):
        if key in changes:
            settings[where] = _whole(changes[key], least, most, key)
    size = settings.get("training.batch_size")
    if size and recipe.training.shards:  # so many shards would be too small for their work
        settings["training.shards"] = min(recipe.training.shards, max(size // SHARD, 1))
    return settings | _of_hidden(changes, recipe) | _of_optimizer(changes, recipe) | _of_penalty(changes, recipe)


def _of_hidden(changes: Values, recipe: Recipe) -> dict[str, Any]:
    """The layers; images are flattened before a size, and a size is followed by dropout if that is chosen.

    A convolution is followed by the activation, as a size is, unless an activation stands there; one after its batch
    normalisation, where it has one.
    """
    rate = changes.get("dropout", 0.0)
    require(_is_number(rate) and 0 <= rate < 1, f"dropout: expected a number from 0 to below 1, got {shown(rate)}")
    if "hidden" not in changes and not rate:
        return {}
    entries: Any = changes.get("hidden", recipe.network.hidden)
    is_list = isinstance(entries, list | tuple) and len(entries) <= MOST_LAYERS
    require(is_list, f"hidden: expected a list of at most {MOST_LAYERS} sizes and layers, got {shown(entries)}")
    kinds = [_checked(entry, f"hidden[{position}]") for position, entry in enumerate(entries)]
    activation = changes.get("activation", recipe.network.activation or "ReLU")
    hidden: list[Any] = []
    image = False
    for entry, before, kind, after in zip(entries, [None, *kinds], kinds, [*kinds[1:], None], strict=False):
        if image and kind in ("size", "Dense"):
            hidden.append("Flatten")
        image = kind in IMAGES or (image and kind not in ("size", "Dense", "Flatten", "GlobalAveragePool"))
        hidden.append(entry)
        convolved = kind == "Conv2D" or (kind == "BatchNorm" and before == "Conv2D")
        if convolved and after not in ("BatchNorm", *ACTIVATIONS):
            hidden.append(activation)
        if kind == "size" and rate:
            hidden.append({"type": "Dropout", "rate": rate})
    return {"network.hidden": [*hidden, "Flatten"] if image else hidden}


def _checked(entry: Any, where: str) -> str:
    """The type of an entry of `hidden`: "size", or the name of a layer; its settings are numbers and offered names."""
    if isinstance(entry, int) and not isinstance(entry, bool):
        return "size"
    table = {"type": entry} if isinstance(entry, str) else entry
    require(isinstance(table, dict), f"{where}: expected a size or a layer, got {shown(entry)}")
    for key, value in table.items():
        offered = {"type": LAYERS, "padding": PADDINGS, "init": INITS, "bias_init": INITS}.get(key)
        if offered:
            _one_of(value, offered, f"{where}: {key}")
        else:
            is_plain = _is_number(value) or isinstance(value, bool)
            require(is_plain, f"{where}: {shown(key)}: expected a number, got {shown(value)}")
    return _one_of(table.get("type"), LAYERS, f"{where}: type")


def _of_optimizer(changes: Values, recipe: Recipe) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    kind = type(recipe.optimizer).__name__
    if "optimizer" in changes:
        kind = _one_of(changes["optimizer"], tuple(OPTIMIZERS), "optimizer")
        settings = {"optimizer": {"type": kind, "lr": OPTIMIZERS[kind]}}
    if "lr" in changes:
        settings["optimizer.lr"] = _positive(changes["lr"], "lr")
    if momentum := changes.get("momentum", 0.0):
        require(
            kind in ("SGD", "RMSProp"), f"momentum: {kind} has no such setting: choose SGD or RMSProp, or momentum 0"
        )
        settings["optimizer.momentum"] = momentum
    elif "momentum" in changes and "optimizer" not in changes:
        settings["optimizer.momentum"] = 0.0
    return settings


def _of_penalty(changes: Values, recipe: Recipe) -> dict[str, Any]:
    if not changes.keys() & {"penalty", "strength"}:
        return {}
    own = values_of(recipe)
    kind = _one_of(changes.get("penalty", own["penalty"]), ("none", *PENALTIES), "penalty")
    if kind == "none":
        require("strength" not in changes, "strength: choose a penalty first, such as L2")
        return {"penalties": []}
    key, usual = PENALTIES[kind]
    return {"penalties": [{"type": kind, key: _positive(changes.get("strength", usual), "strength")}]}


def _name(part: Any) -> str:
    """The type of a part in a table."""
    return str(part["type"] if isinstance(part, dict) else part)


def _one_of(value: Any, offered: tuple[str, ...], key: str) -> str:
    known = isinstance(value, str) and value in offered
    if not known:
        raise InputError(f"{key}: expected one of {', '.join(offered)}, got {shown(value)}")
    return str(value)


def _whole(value: Any, least: int, most: int, key: str) -> int:
    if isinstance(value, float) and value.is_integer():  # JSON does not tell them apart
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    require(is_whole, f"{key}: expected a whole number from {least:,} to {most:,}, got {shown(value)}")
    return int(value)


def _positive(value: Any, key: str) -> float:
    require(_is_number(value) and 0 < value <= MOST_NUMBER, f"{key}: expected a number above 0, got {shown(value)}")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST_NUMBER
