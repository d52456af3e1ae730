"""What is searched: settings of a recipe, each with its choices or its range, as people write them.

log(1e-3, 1)            a number between two ends; each power of ten is as likely
uniform(0, 0.5)         a number between two ends; all are as likely
whole(1, 8)             a whole number, both ends included
whole_log(16, 512)      a whole number; each doubling is as likely
[[64], [256, 64]]       one of these

A number in a key is a place in a list, from 0: network.hidden.0 is the first hidden layer.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import brief, shown
from glassnet.recipes.recipe import Recipe
from glassnet.recipes.toml import RecipeError, UnknownKeyError, as_text, inline, value_of

if TYPE_CHECKING:
    from optuna.trial import Trial as Attempt

RANGES = ("log", "uniform", "whole", "whole_log")
FORMS = "log(1e-3, 1), uniform(0, 0.5), whole(1, 8), whole_log(16, 512), or a list of choices"
MOST_CHOICES, LONGEST_CHOICE = 1_000, 1_000
FIXED = {  # settings that no sweep may choose, and why
    "training.seed": "the best of many seeds is the luckiest: train the best settings from several seeds instead",
    "training.epochs": "trials are compared epoch by epoch: set it, and let early_stopping end a training",
    "data": "trials on different data cannot be compared: start a sweep for each",
    "name": "it changes no result",
    "about": "it changes no result",
    "training.checkpoint_minutes": "it changes no result",
}


@dataclass(frozen=True)
class Range:
    """The numbers between two ends, which are included.

    Attributes:
        kind: one of RANGES.   low, high: the ends.
    """

    kind: str
    low: float
    high: float

    choices: ClassVar[list[str]] = []

    @property
    def drawn_choices(self) -> list[str]:
        return []

    @property
    def whole(self) -> bool:
        return self.kind.startswith("whole")

    @property
    def log(self) -> bool:
        return self.kind.endswith("log")

    def draw(self, key: str, attempt: "Attempt") -> None:
        """Let the sampler draw one of them."""
        if self.whole:
            attempt.suggest_int(key, int(self.low), int(self.high), log=self.log)
        else:
            attempt.suggest_float(key, self.low, self.high, log=self.log)

    def value(self, drawn: Any) -> Any:
        """The setting for what was drawn: with four digits, which people can read."""
        return int(drawn) if self.whole else min(max(float(f"{drawn:.4g}"), self.low), self.high)

    def examples(self) -> list[Any]:
        """Values that are tried before a sweep begins: the ends."""
        return [self.value(self.low), self.value(self.high)]

    def is_near_end(self, value: Any, part: float) -> bool:
        """Whether a value lies within this part of the range from one of its ends."""
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return min(at - low, high - at) < part * (high - low)

    def text(self) -> str:
        """As people write it."""
        return f"{self.kind}({as_text(self.low)}, {as_text(self.high)})"

    def plain(self) -> str:
        """As a TOML file has it."""
        return self.text()


@dataclass(frozen=True)
class Choices:
    """One of several values, which have no order."""

    values: tuple[Any, ...]

    log: ClassVar[bool] = False

    @property
    def choices(self) -> list[str]:
        """The values as texts for people."""
        return [as_text(value) for value in self.values]

    @property
    def drawn_choices(self) -> list[str]:
        """The values as texts that are drawn, for a storage keeps no lists."""
        return [inline(value) for value in self.values]

    def draw(self, key: str, attempt: "Attempt") -> None:
        """Let the sampler draw one of them."""
        attempt.suggest_categorical(key, self.drawn_choices)

    def value(self, drawn: Any) -> Any:
        """The setting for what was drawn."""
        return value_of(drawn)

    def examples(self) -> list[Any]:
        """Values that are tried before a sweep begins: all."""
        return list(self.values)

    def is_near_end(self, value: Any, part: float) -> bool:
        """Never: choices have no order."""
        return False

    def text(self) -> str:
        """As people write it."""
        return inline(self.values)

    def plain(self) -> list[Any]:
        """As a TOML file has it."""
        return list(self.values)


Space = dict[str, Range | Choices]  # what is searched, by the dotted key of the setting


def space_of(searches: Mapping[str, Any]) -> Space:
    """What is searched, from texts such as "log(1e-3, 1)" and lists of choices, by dotted key or as nested tables.

    Raises:
        InputError: one of them is neither, has impossible ends, or is of a setting that no sweep may choose.
    """
    require(isinstance(searches, Mapping), f"search: expected settings by their key, got {shown(searches)}")
    require(len(searches) > 0, f"search: expected at least one setting, as optimizer.lr = log(1e-3, 1): {FORMS}")
    named = all(isinstance(key, str) for key in searches)
    require(named, f"search: expected the keys of settings, such as optimizer.lr, got {shown(list(searches))}")
    space = {}
    for key, value in flat(searches).items():
        space[key] = _read(key, value)
        for example in space[key].examples():
            for within in flat({key: example}):
                _check_not_fixed(key, within)
    return space


def _check_not_fixed(key: str, within: str) -> None:
    for fixed, reason in FIXED.items():
        if within == fixed or within.startswith(f"{fixed}."):
            raise InputError(f"search: {key if key == within else within} cannot be searched: {reason}")


def searches_of(lines: Iterable[str]) -> dict[str, Any]:
    """Searches from lines such as `optimizer.lr = log(1e-3, 1)`.

    Raises:
        InputError: a line has another form, or a key comes twice.
    """
    searches: dict[str, Any] = {}
    for line in lines:
        key, equals, text = (part.strip() for part in line.partition("="))
        require(bool(key and equals and text), f"search: expected KEY = RANGE, got {brief(line)!r}; a range is {FORMS}")
        require(key not in searches, f"search: {brief(key)} comes twice: write one range, or one list of choices")
        searches[key] = value_of(text)
    return searches


def flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A table of tables, as a TOML file has them, by dotted key."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return found


def _read(key: str, value: Any) -> Range | Choices:
    where = f"search: {brief(key)}"
    if isinstance(value, list | np.ndarray):
        require(0 < len(value) <= MOST_CHOICES, f"{where}: expected 1 to {MOST_CHOICES:,} choices, got {len(value):,}")
        values = tuple(_plain(where, choice) for choice in value)
        texts = list(map(inline, values))
        twice = next((text for text in texts if texts.count(text) > 1), None) if len(set(texts)) < len(texts) else None
        require(twice is None, f"{where}: the choice {brief(twice)} comes twice")
        return Choices(values)
    found = re.fullmatch(r"\s*(\w+)\s*\(([^,()]+),([^,()]+)\)\s*", value) if isinstance(value, str) else None
    if found is None or found[1] not in RANGES:
        quotes = "; in a list, names stand in quotes: ['ReLU', 'GELU']" if str(value).strip().startswith("[") else ""
        raise InputError(f"{where}: expected {FORMS}, got {brief(shown(value))}{quotes}")
    kind = found[1]
    low, high = (_number(where, kind, text.strip()) for text in found.groups()[1:])
    require(low < high, f"{where}: expected a lower and a higher end, got {kind}({low:g}, {high:g})")
    require(low > 0 or not kind.endswith("log"), f"{where}: expected a lower end above 0 for {kind}, got {low:g}")
    return Range(kind, low, high)


def _plain(where: str, choice: Any) -> Any:
    """A choice as TOML would give it: numbers of NumPy and tuples become plain ones and lists."""
    if isinstance(choice, np.generic | np.ndarray):
        choice = choice.tolist()
    if isinstance(choice, list | tuple):
        return [_plain(where, item) for item in choice]
    if isinstance(choice, Mapping):
        return {str(key): _plain(where, item) for key, item in choice.items()}
    is_plain = isinstance(choice, str | bool | int) or (isinstance(choice, float) and math.isfinite(choice))
    require(is_plain, f"{where}: expected choices as TOML has them, numbers, texts and lists, got {shown(choice)}")
    require(
        len(inline(choice)) <= LONGEST_CHOICE, f"{where}: expected choices of at most {LONGEST_CHOICE:,} characters"
    )
    return choice


def _number(where: str, kind: str, text: str) -> float:
    try:
        number = int(text) if kind.startswith("whole") else float(text)
    except ValueError:
        number = math.nan
    what = "whole number" if kind.startswith("whole") else "number"
    require(abs(number) < 2**53, f"{where}: expected a {what} below 2**53 as an end of {kind}, got {brief(repr(text))}")
    return number


def check_space(space: Space, recipe: Recipe) -> None:
    """Raise RecipeError if the recipe cannot have one of the choices, or an end of a range."""
    for key, search in space.items():
        for value in search.examples():
            try:
                recipe.changed(examples(space, key, value))
            except UnknownKeyError as error:
                place = error.form.partition("=")[0]
                raise RecipeError(f"search: {error.reason}: {place} = {search.text()}") from None
            except RecipeError as error:
                raise RecipeError(f"search: {key} = {brief(as_text(value))} cannot be trained: {error}") from None


def examples(space: Space, key: str, value: Any) -> dict[str, Any]:
    """One setting with this value, and an example of each other one; whole sections before their settings."""
    return in_order({other: space[other].examples()[0] for other in space} | {key: value})


def in_order(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings, whole sections before what stands in them."""
    return {key: settings[key] for key in sorted(settings, key=lambda key: key.count("."))}


def own_settings(space: Space, recipe: Recipe) -> dict[str, Any]:
    """The searched settings as the recipe has them, in the form that is drawn; empty if it has not all of them so."""
    table = recipe.to_table()
    own: dict[str, Any] = {}
    for key, search in space.items():
        for drawn in search.drawn_choices:
            if recipe.changed({key: search.value(drawn)}) == recipe:
                own[key] = drawn
        value = _at(table, key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(search, Range) and is_number and search.low <= value <= search.high:
            own |= {key: value} if search.value(value) == value else {}
    return own if own.keys() == space.keys() else {}


def _at(table: Any, key: str) -> Any:
    """The setting of a recipe with this dotted key; None if it has none."""
    for part in key.split("."):
        if isinstance(table, list) and part.isdigit() and int(part) < len(table):
            table = table[int(part)]
        elif isinstance(table, dict):
            table = table.get(part)
        else:
            return None
    return table
