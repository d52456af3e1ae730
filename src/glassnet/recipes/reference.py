"""Every setting of a recipe: its type, default and meaning, read from the code that takes it."""

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from glassnet.nn.init import Initializer
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.settings import final_classes, to_table
from glassnet.recipes.toml import inline

ARGUMENT = re.compile(r"(?:^|\s{3,})((?:\w+, )*\w+): ", re.MULTILINE)
SYMBOL = re.compile(r"^\w(?: and \w)?, ")  # the letter in the equations above
WORDS = {int: "whole number", float: "number", bool: "true or false", str: "text", dict: "table", Any: "any"}
FOLLOWS_THE_DATA = {"Outliers.classes", "Augmentation.white"}  # a recipe sets them itself
FROM_THE_FILE = "Recipe.name"  # where it is not given
OPTIONAL = "optional"  # in place of a default that means "not set"
PARTS = {"layers": Layer, "losses": Loss, "initialisers": Initializer}  # what other settings name

# A value to show where the default shows nothing: there is none, or it means "not at all".
EXAMPLES: dict[str, Any] = {
    "Recipe.name": "mine",
    "Recipe.about": "a network of my own",
    "DataSettings.target": "species",
    "DataSettings.task": "regression",
    "DataSettings.ignore": ["id"],
    "DataSettings.categorical": ["region"],
    "DataSettings.missing": ["-9"],
    "DataSettings.dates": True,
    "DataSettings.date_order": "dmy",
    "DataSettings.decimal": ",",
    "DataSettings.columns": {"price": {"kind": "number", "decimal": ","}},
    "DataSettings.unknown": "answer",
    "DataSettings.folds": 5,
    "DataSettings.fold": 1,
    "DataSettings.private": True,
    "NetworkSettings.hidden": [128, {"type": "Dropout", "rate": 0.2}],
    "NetworkSettings.scaling": "standardize",
    "NetworkSettings.activation": "GELU",
    "NetworkSettings.init": "HeNormal",
    "NetworkSettings.layers": ["Flatten", {"type": "Dense", "units": 10}],
    "NetworkSettings.loss": {"type": "CrossEntropy", "smoothing": 0.1},
    "TrainingSettings.epochs": 50,
    "TrainingSettings.shards": 4,
    "TrainingSettings.blas_threads": 1,
    "TrainingSettings.class_weights": "balanced",
    "TrainingSettings.checkpoint_minutes": 5,
    "SGD.lr": 0.1,
    "SGD.momentum": 0.9,
    "SGD.nesterov": True,
    "RMSProp.momentum": 0.9,
    "StepDecay.every": 1000,
    "WarmUp.over": 500,
    "WarmUp.then": "CosineDecay",
    "L1.strength": 1e-5,
    "L2.strength": 5e-4,
    "MaxNorm.limit": 3.0,
    "Clip.norm": 1.0,
    "Clip.value": 0.5,
    "CrossEntropy.smoothing": 0.1,
    "Conv2D.filters": 16,
    "Conv2D.kernel_size": 3,
    "Dense.units": 128,
    "Rescale.scale": 0.00392156862745098,
    "Reshape.shape": [28, 28, 1],
    "Augmentation.shift": 0.06,
    "Augmentation.rotation": 12,
    "Augmentation.scale": 0.12,
    "Augmentation.shear": 0.12,
    "Augmentation.elastic": 0.03,
    "Augmentation.thickness": 0.3,
    "Augmentation.erase": 0.2,
    "Augmentation.noise": 0.1,
}


class Setting(NamedTuple):
    """One key: its type and meaning in words, its default and an example as TOML; no default if it must be given."""

    key: str
    type: str
    default: str | None
    example: Any
    meaning: str


@dataclass(frozen=True)
class Section:
    """The settings of one section of a recipe, or of one type that may stand there.

    Attributes:
        name: the section: "training"; of a type where types differ "optimizer"; of a part "layers"; "" is the top.
        kind: the value of its key `type`, such as "SGD"; "" where there is none.
        about: what it is, in a line.   cls: the class that takes the settings.
    """

    name: str
    kind: str
    about: str
    settings: tuple[Setting, ...]
    cls: type

    @property
    def title(self) -> str:
        """As a heading: `optimizer, type SGD`."""
        return (self.name or "at the top") + (f", type {self.kind}" if self.kind else "")

    def example(self, **given: Any) -> Any:
        """The section as plain values: its type, what must be given, and these settings; a bare name if that is all."""
        needed = {setting.key: setting.example for setting in self.settings if setting.default is None}
        table = {"type": self.kind, **needed, **given} if self.kind else needed | given
        return self.kind if list(table) == ["type"] else table


def sections(recipe: type) -> list[Section]:
    """Every section of a recipe with its settings, in order; then the parts that settings name, such as layers.

    Args:
        recipe: the class `Recipe`.
    """
    hints, meanings = typing.get_type_hints(recipe), _meanings(recipe)
    top: list[Setting] = []
    found: list[Section] = []
    for field in dataclasses.fields(recipe):
        kinds = _kinds(hints[field.name])
        if not kinds:
            top.append(_setting(recipe, field, hints[field.name], meanings))
        for kind in kinds:
            found += _of_kind(field.name, kind, meanings[field.name])
    parts = [section for name, kind in PARTS.items() for section in _of_kind(name, kind, "")]
    return [Section("", "", "the recipe itself", tuple(top), recipe), *found, *parts]


def _of_kind(name: str, kind: type, about: str) -> Iterator[Section]:
    """A section for the class, or for each class of a family."""
    family = bool(getattr(kind, "__abstractmethods__", None))
    classes: list[type] = list(final_classes(kind).values()) if family else [kind]
    ours = [cls for cls in classes if cls.__module__.startswith("glassnet.")]  # without those that a person has made
    for cls in sorted(ours, key=lambda cls: cls.__name__):
        first = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("`", "")
        yield Section(name, cls.__name__ if family else "", first if family else about, tuple(_settings(cls)), cls)


def _settings(cls: type) -> Iterator[Setting]:
    hints, meanings = typing.get_type_hints(cls), _meanings(cls)
    for field in dataclasses.fields(cls):
        if field.init and f"{cls.__name__}.{field.name}" not in FOLLOWS_THE_DATA:
            yield _setting(cls, field, hints[field.name], meanings)


def _setting(cls: type, field: "dataclasses.Field[Any]", hint: Any, meanings: dict[str, str]) -> Setting:
    given = field.default is dataclasses.MISSING and f"{cls.__name__}.{field.name}" != FROM_THE_FILE
    default = None if given else _toml(field.default)
    example = EXAMPLES.get(f"{cls.__name__}.{field.name}", _plain(field.default))
    return Setting(field.name, _in_words(hint), default, example, meanings.get(field.name, ""))


def _plain(value: Any) -> Any:
    """A default as plain values; a part without settings as its name."""
    if not dataclasses.is_dataclass(value):
        return list(value) if isinstance(value, tuple) else value
    table = to_table(value)
    return table["type"] if list(table) == ["type"] else table


def _toml(value: Any) -> str:
    return OPTIONAL if value in (None, "", dataclasses.MISSING) else inline(_plain(value))


def _kinds(hint: Any) -> list[type]:
    """The dataclasses that a field of the recipe holds: itself, one or nothing, or a list of them."""
    inside = typing.get_args(hint) or (hint,)
    return [kind for kind in inside if dataclasses.is_dataclass(kind) and isinstance(kind, type)]


def _in_words(hint: Any) -> str:
    """A type as people say it: `whole number or 'full'`."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        words = " or ".join(_in_words(kind) for kind in inside if kind is not type(None))
        return words.replace("text or table", "name or table")
    if origin is typing.Literal:
        return " or ".join(map(repr, inside))
    if origin is tuple:
        return f"list: {_in_words(inside[0])}"
    if dataclasses.is_dataclass(hint):
        return "name or table"
    return WORDS.get(origin or hint, "any")


def _meanings(cls: type) -> dict[str, str]:
    """The sentences about each setting in the docstrings of a class, and of those it comes from."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, _, rest = inspect.cleandoc(base.__doc__ or "").partition("\nArgs:\n")
        text = inspect.cleandoc(rest.split("\n\n")[0])
        names = list(ARGUMENT.finditer(text))
        for match, following in zip_longest(names, names[1:]):
            meaning = " ".join(text[match.end() : following.start() if following else None].split())
            meaning = SYMBOL.sub("", meaning).rstrip(" .,").replace("`", "")
            found |= dict.fromkeys(match[1].split(", "), meaning)
    return found
