"""What is searched: settings of a recipe, each with its choices or its range, as people write them.

log(1e-3, 1)            a number between two ends; each power of ten is as likely
uniform(0, 0.5)         a number between two ends; all are as likely
whole(1, 8)             a whole number, both ends included
whole_log(16, 512)      a whole number; each doubling is as likely
[[64], [256, 64]]       one of these
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import brief, shown
from glassnet.recipes.recipe import Recipe
from glassnet.recipes.toml import RecipeError, as_text, inline, value_of

if TYPE_CHECKING:
    from optuna.trial import Trial as Attempt

RANGES = ("log", "uniform", "whole", "whole_log")
FORMS = "log(1e-3, 1), uniform(0, 0.5), whole(1, 8), whole_log(16, 512), or a list of choices"
MOST_CHOICES = 1_000
FIXED = {  # settings that no sweep may choose, and why
    "training.seed": "the best of many seeds is the luckiest: train the best settings from several seeds instead",
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

    def plain(self) -> str:
        """As people write it."""
        return f"{self.kind}({as_text(self.low)}, {as_text(self.high)})"


@dataclass(frozen=True)
class Choices:
    """One of several values, which have no order."""

    values: tuple[Any, ...]

    log: ClassVar[bool] = False

    @property
    def choices(self) -> list[str]:
        """The values as texts for people."""
        return [as_text(value) for value in self.values]

    def draw(self, key: str, attempt: "Attempt") -> None:
        """Let the sampler draw one of them."""
        attempt.suggest_categorical(key, [inline(value) for value in self.values])  # a storage keeps texts alone

    def value(self, drawn: Any) -> Any:
        """The setting for what was drawn."""
        return value_of(drawn)

    def examples(self) -> list[Any]:
        """Values that are tried before a sweep begins: all."""
        return list(self.values)

    def plain(self) -> list[Any]:
        """As people write it."""
        return list(self.values)


Space = dict[str, Range | Choices]  # what is searched, by the dotted key of the setting


def space_of(searches: Mapping[str, Any]) -> Space:
    """What is searched, from texts such as "log(1e-3, 1)" and lists of choices, by dotted key.

    Raises:
        InputError: one of them is neither, or has impossible ends; nothing is searched.
    """
    require(isinstance(searches, Mapping), f"search: expected settings by their key, got {shown(searches)}")
    require(len(searches) > 0, f"search: expected at least one setting, as optimizer.lr = log(1e-3, 1): {FORMS}")
    space = {}
    for key in sorted(searches, key=lambda key: str(key).count(".")):  # a whole section before its settings
        require(isinstance(key, str), f"search: expected the key of a setting, such as optimizer.lr, got {shown(key)}")
        for fixed, reason in FIXED.items():
            if key == fixed or key.startswith(f"{fixed}."):
                raise InputError(f"search: {key} cannot be searched: {reason}")
        space[key] = _read(key, searches[key])
    return space


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
    if isinstance(value, list | tuple):
        require(0 < len(value) <= MOST_CHOICES, f"{where}: expected 1 to {MOST_CHOICES:,} choices, got {len(value):,}")
        texts = [inline(choice) for choice in value]
        twice = next((text for text in texts if texts.count(text) > 1), None)
        require(twice is None, f"{where}: the choice {brief(twice)} comes twice")
        return Choices(tuple(value))
    found = re.fullmatch(r"\s*(\w+)\s*\(([^,()]+),([^,()]+)\)\s*", value) if isinstance(value, str) else None
    if found is None or found[1] not in RANGES:
        raise InputError(f"{where}: expected {FORMS}, got {brief(shown(value))}")
    kind = found[1]
    low, high = (_number(where, kind, text.strip()) for text in found.groups()[1:])
    require(low < high, f"{where}: expected a lower and a higher end, got {kind}({low:g}, {high:g})")
    require(low > 0 or not kind.endswith("log"), f"{where}: expected a lower end above 0 for {kind}, got {low:g}")
    return Range(kind, low, high)


def _number(where: str, kind: str, text: str) -> float:
    try:
        number = int(text) if kind.startswith("whole") else float(text)
    except ValueError:
        number = math.nan
    what = "whole number" if kind.startswith("whole") else "number"
    require(abs(number) < 2**53, f"{where}: expected a {what} as an end of {kind}, got {brief(repr(text))}")
    return number


def check_space(space: Space, recipe: Recipe) -> None:
    """Raise RecipeError or InputError if the recipe cannot have one of the choices, or an end of a range."""
    for key, search in space.items():
        for value in search.examples():
            try:
                recipe.changed({key: value})
            except RecipeError as error:
                raise RecipeError(f"search: {key} = {brief(as_text(value))} cannot be trained: {error}") from None
