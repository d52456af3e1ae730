"""What is said of a key that a recipe does not have: where the setting is, in a form that works.

People guess: the rate of dropout under `network`, the learning rate under `training`, a layer by its name. The settings
are known (`reference`), so the guess is looked up in all of them, and the answer is tried before it is given.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import islice
from typing import Any, NamedTuple

from glassnet.nn.errors import InputError
from glassnet.nn.plain import brief
from glassnet.nn.settings import from_table
from glassnet.recipes.reference import PARTS, Section, sections
from glassnet.recipes.toml import RecipeError, inline

Put = Callable[[dict[str, Any], str, Any], None]

# Names from other programs, and what they are called here.
SYNONYMS = {
    "optimizer.lr": ("learning_rate", "learningrate", "step_size", "rate"),
    "training.batch_size": ("batch", "batchsize", "mini_batch_size"),
    "training.epochs": ("epoch", "n_epochs", "num_epochs", "max_iter", "iterations"),
    "training.seed": ("random_state", "random_seed"),
    "training.class_weights": ("class_weight", "weights"),
    "network.hidden": ("units", "neurons", "sizes", "hidden_layer_sizes", "hidden_layers", "hidden_units"),
    "network.activation": ("activations", "activation_function", "nonlinearity"),
    "network.init": ("initializer", "initialiser", "weight_init"),
    "network.loss": ("loss_function", "criterion", "objective"),
    "data.name": ("path", "file", "dataset", "source", "csv"),
    "data.validation": ("validation_size", "validation_split", "val"),
    "data.target": ("label", "labels", "column"),
    "optimizer": ("optimiser", "solver"),
    "schedule": ("scheduler", "lr_schedule", "lr_scheduler"),
    "early_stopping": ("early_stop", "earlystopping"),
    "clip.norm": ("clip_norm", "gradient_clipping", "max_grad_norm"),
    "l2": ("weight_decay", "regularization", "regularisation"),
    "dropout": ("dropout_rate", "drop"),
    "batchnorm": ("batch_norm", "batch_normalization", "batchnormalization"),
}
CALLED_HERE = {guess: right for right, guesses in SYNONYMS.items() for guess in guesses}
TYPICAL = ("Adam", "CosineDecay", "L2")  # of a section whose type is not named
MOST_KEYS, LONGEST_FORM = 10, 300  # so many unknown keys are looked up; so many characters are an answer
CONVOLVED = [{"type": "Conv2D", "filters": 16, "kernel_size": 3}, "ReLU"]  # before what takes images with channels
ACTIVATIONS = (".activations", ".rectifiers")  # the modules of layers that stand after a size
WHAT = {
    "layers": "a layer, which belongs to the hidden layers",
    "losses": "a loss",
    "initialisers": "an initialiser of weights",
    "penalties": "a penalty",
}


class Guess(NamedTuple):
    """What may have been meant: why, a dotted key, and its value."""

    reason: str
    place: str
    value: Any


def answer(recipe: type, table: dict[str, Any], put: Put) -> tuple[str, str] | None:
    """Why the first unknown key of a recipe is none, and the form that works; None if nothing is known of it.

    Args:
        recipe: the class `Recipe`.   table: the recipe as plain values.
        put: puts a value under a dotted key.
    """
    known = sections(recipe)
    names = {part.name for part in known if part.name not in PARTS}
    for section, key, value in islice(_unknown_keys(known, names, table), MOST_KEYS):
        rest = deepcopy(table)
        rest.pop(section) if section not in names else rest[section].pop(key)
        for guess in _guesses(known, section, key, value, rest):
            trial, form = deepcopy(rest), f"{guess.place}={inline(guess.value)}"
            if len(form) > LONGEST_FORM:
                continue
            try:
                put(trial, guess.place, guess.value)
                from_table(recipe, trial, "")
            except (InputError, RecipeError):
                continue
            if section not in names and section != key:
                return f"unknown section {brief(repr(section))}; of {brief(repr(key))}, {guess.reason}", form
            where = f"{section}: " if section in names else ""
            return f"{where}unknown key {brief(repr(key))}; {guess.reason}", form
    return None


def _unknown_keys(known: list[Section], names: set[str], table: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Section, key and value of each unknown key; of an unknown section its first key; at the top (key, key, value)."""
    fields = {setting.key for setting in known[0].settings} | names
    for name, values in table.items():
        if name not in fields:
            key, value = next(iter(values.items())) if isinstance(values, dict) and values else (name, values)
            yield name, key, value
        elif isinstance(values, dict):
            kind = values.get("type", "")
            for part in known:
                if (part.name, part.kind) == (name, kind):
                    there = {"type"} | {setting.key for setting in part.settings}
                    yield from ((name, key, value) for key, value in values.items() if key not in there)


def _guesses(known: list[Section], where: str, key: str, value: Any, table: dict[str, Any]) -> Iterator[Guess]:
    """What may be meant, likely first; each is tried before it is said."""
    name = CALLED_HERE.get(key.lower(), key.lower())
    section, _, setting = name.rpartition(".")
    for part in known:
        if part.kind.lower() == name:
            yield from _part(part, value, table)
        elif part.name == name and (not part.kind or part.kind in TYPICAL):
            yield from _section([other for other in known if other.name == name], part, value)
    for part in known[1:]:
        for found in part.settings:
            if found.key == setting and section in ("", part.name):
                yield from _setting(part, setting, value, found.example, table, same=where == part.name)


def _setting(
    part: Section, key: str, value: Any, example: Any, table: dict[str, Any], *, same: bool
) -> Iterator[Guess]:
    """The setting of a section, with the value that was given, or one that fits."""
    if part.name in PARTS:
        yield from _part(part, {key: value}, table)
        return
    reason = f"here it is called {key!r}" if same else f"it belongs to {part.name}"
    for right in (value, [value], example):
        yield Guess(reason, f"{part.name}.{key}", right)
    reason = f"it belongs to {part.kind}"
    for right in (value, example):
        whole = part.example(**{key: right})
        yield Guess(reason, part.name, [whole] if part.name == "penalties" else whole)


def _section(types: list[Section], typical: Section, value: Any) -> Iterator[Guess]:
    """A section of its own, of the type that was named, or a typical one."""
    named = [part for part in types if isinstance(value, str) and part.kind.lower() == value.lower()]
    for part in (*named, typical):
        whole = part.example()
        if not whole:  # nothing must be given: show its first setting
            whole = {part.settings[0].key: part.settings[0].example}
        yield Guess("it is a section of its own", part.name, [whole] if part.name == "penalties" else whole)


def _part(part: Section, value: Any, table: dict[str, Any]) -> Iterator[Guess]:
    """Something that has a name, such as a layer, where it belongs; a number that was given is its first setting."""
    if isinstance(value, dict):
        forms = [part.example(**value), part.example()]
    elif isinstance(value, int | float) and not isinstance(value, bool) and part.settings:
        forms = [part.example(**{part.settings[0].key: value}), part.example()]
    else:
        forms = [part.example()]
    for form in forms:
        reason = f"{part.kind} is {WHAT.get(part.name) or f'a kind of {part.name}'}"
        if part.name == "layers" and part.cls.__module__.endswith(ACTIVATIONS):
            yield Guess(f"{part.kind} is an activation", "network.activation", form)
        elif part.kind in ("Standardize", "Rescale"):
            yield Guess(f"{part.kind} is the first layer", "network.scaling", part.kind.lower())
        elif part.name == "layers" and part.kind != "Reshape":  # which fits one shape alone
            yield Guess(reason, "network.hidden", _hidden(part.kind, form, table))
        elif part.name in ("losses", "initialisers"):
            yield Guess(reason, "network.loss" if part.name == "losses" else "network.init", form)
        elif part.name not in PARTS:
            yield Guess(reason, part.name, [form] if part.name == "penalties" else form)


def _hidden(kind: str, form: Any, table: dict[str, Any]) -> list[Any]:
    """The hidden sizes of the recipe, with this layer where it fits."""
    network = table.get("network")
    found = network.get("hidden") if isinstance(network, dict) else None
    sizes = found if isinstance(found, list) and all(type(size) is int for size in found) else None
    sizes = sizes or [128]
    if kind == "Dense":
        return [form, "ReLU"]
    if kind in ("Conv2D", "Flatten"):
        return [*([form, "ReLU"] if kind == "Conv2D" else []), "Flatten", *sizes]
    if kind in ("MaxPool2D", "AveragePool2D"):
        return [*CONVOLVED, form, "Flatten", *sizes]
    if kind == "GlobalAveragePool":
        return [*CONVOLVED, form, *sizes]
    return [*sizes, form]
