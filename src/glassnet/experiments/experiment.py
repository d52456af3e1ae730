"""An experiment: a question, one or two trainings that answer it, and what each of them must show.

It is a TOML file. The trainings are a named recipe with other settings and with planted faults:

    title = "Inputs that are not scaled"
    question = "What happens if nobody divides the pixels by 255?"
    watch = "The loss of the first steps."
    answer = "..."
    recipe = "classic"
    settings = { training = { epochs = 2 } }

    [[trainings]]
    name = "pixels from 0 to 255"
    faults = ["pixels not scaled"]

    [[promises]]
    training = "pixels from 0 to 255"
    value = "validation_accuracy"
    at_most = 0.5
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from glassnet.experiments.setup import Setup
from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import shown
from glassnet.nn.settings import from_table
from glassnet.recipes.recipe import Recipe, load_recipe, recipe_names
from glassnet.recipes.toml import RecipeError, read_toml
from glassnet.train.history import Record

FOLDER = Path(__file__).parent
MOST = 100  # experiments in a folder
LONGEST = 4_000  # characters of a text
SHARES = ("training_accuracy", "validation_accuracy", "diverged")  # values from 0 to 1
Value = Literal[
    "first_loss", "training_loss", "training_accuracy", "validation_loss", "validation_accuracy", "diverged"
]


@dataclass(frozen=True)
class Variant:
    """One training of an experiment.

    Args:
        name: what is special about it.   settings: of the recipe, besides those of the experiment.
        faults: names of faults that are planted in it.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_text(self.name, "name", 60)


@dataclass(frozen=True)
class Promise:
    """What the numbers of a training show at its end.

    Args:
        training: the name of the training.
        value: of the last epoch; "first_loss" is that of the first step; "diverged" is 1 if numbers became infinite.
        at_least, at_most: its bounds; one of them may be left out.
    """

    training: str
    value: Value
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        bounds = {key: getattr(self, key) for key in ("at_least", "at_most") if getattr(self, key) is not None}
        require(bool(bounds), "a promise needs 'at_least' or 'at_most', or both")
        share = self.value in SHARES
        for key, bound in bounds.items():
            fits = 0 <= bound <= 1 if share else math.isfinite(bound)
            expected = f"a share from 0 to 1, such as 0.9, for {self.value}" if share else "a finite number"
            require(fits, f"{key}: expected {expected}, got {shown(bound)}")
        least, most = bounds.get("at_least", -math.inf), bounds.get("at_most", math.inf)
        require(least <= most, f"this promise cannot be kept: at_least is {shown(least)} and at_most is {shown(most)}")

    def holds(self, value: float) -> bool:
        """Whether a value lies within the bounds; NaN does not."""
        least = -math.inf if self.at_least is None else self.at_least
        most = math.inf if self.at_most is None else self.at_most
        return least <= value <= most


@dataclass(frozen=True)
class Experiment:
    """A question, and the trainings that answer it.

    Args:
        title: in a few words.   question: what is asked.   watch: where to look while it runs.
        answer: what is seen, and why.
        recipe: the named recipe that its trainings follow.   settings: what they change in it, as tables of a recipe.
        trainings: one, or two to be seen side by side.   promises: what their numbers show.
        course: the page of the course that explains it, such as "init" or "what-can-go-wrong#dead-relus".
    """

    title: str
    question: str
    watch: str
    answer: str
    trainings: tuple[Variant, ...]
    recipe: str = "classic"
    settings: dict[str, Any] = field(default_factory=dict)
    promises: tuple[Promise, ...] = ()
    course: str = ""

    def __post_init__(self) -> None:
        _check_text(self.title, "title", 80)
        for key in ("question", "watch", "answer"):
            _check_text(getattr(self, key), key, LONGEST)
        right = re.fullmatch(r"([a-z0-9/-]+(#[\w-]+)?)?", self.course) is not None
        require(right, f"course: expected a page such as 'init' or 'init#zero', got {shown(self.course)}")
        names = [variant.name for variant in self.trainings]
        require(1 <= len(names) <= 2, f"expected one or two trainings, got {len(names)}")
        require(len(set(names)) == len(names), f"expected trainings with different names, got {shown(names)}")
        for promise in self.promises:
            known = promise.training in names
            require(known, f"promises: expected the name of a training, {shown(names)}, got {shown(promise.training)}")
        require(
            self.recipe in recipe_names(),
            f"recipe: expected one of {', '.join(recipe_names())}, got {shown(self.recipe)}",
        )
        _ = self.setups  # which checks the settings and the faults

    @cached_property
    def setups(self) -> tuple[Setup, ...]:
        """What each training begins with."""
        return tuple(Setup(self._recipe_of(variant), variant.faults) for variant in self.trainings)

    def _recipe_of(self, variant: Variant) -> Recipe:
        recipe = load_recipe(self.recipe)
        for owner, settings in (("settings", self.settings), (f"training {variant.name!r}", variant.settings)):
            changes = _dotted(settings)
            both = {"network.hidden", "network.layers"} <= changes.keys()
            require(not both, f"{owner}: expected either 'hidden' or 'layers' of the network, got both")
            try:
                recipe = recipe.changed(changes)
            except RecipeError as error:
                raise RecipeError(f"{owner}: {error}") from None
        return recipe


def load_experiment(path: Path) -> Experiment:
    """Read a TOML file.

    Raises:
        RecipeError: it cannot be read; a key or a value that is none of an experiment, or of a recipe.
    """
    table = read_toml(path, what="an experiment")
    try:
        return from_table(Experiment, table, "")
    except (InputError, RecipeError) as error:
        raise RecipeError(f"{path.name if path.parent == FOLDER else path}: {error}") from None


def load_experiments(folder: Path | None = None) -> dict[str, Experiment]:
    """The experiments of this package by the names of their files, and those of a folder of a teacher's own.

    Raises:
        RecipeError: there is no such folder, there is no TOML file in it, there are too many, or one of them is wrong;
            or it has the name of one of ours, or one that no link can hold.
    """
    ours = sorted(FOLDER.glob("*.toml"))
    own = _files_of(folder) if folder else []
    for path in own:
        fits = re.fullmatch(r"\w[\w .-]*", path.stem) is not None
        _require_file(fits, path, "expected a name of letters, digits, spaces, dots, - and _")
        _require_file(path.stem not in {one.stem for one in ours}, path, "there is one of this name: take another name")
    return {path.stem: load_experiment(path) for path in (*ours, *own)}


def _require_file(fits: bool, path: Path, expected: str) -> None:
    """Raise RecipeError, which names the file, unless it fits."""
    if not fits:
        raise RecipeError(f"{shown(str(path))}: {expected}")


def _files_of(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise RecipeError(f"{folder}: expected a folder of experiments, TOML files such as dropout.toml")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".toml")
    if not 1 <= len(files) <= MOST:
        raise RecipeError(
            f"{folder}: expected from 1 to {MOST} experiments, files that end with .toml, got {len(files)}"
        )
    return files


def outcome(first_loss: float | None, records: Sequence[Record], *, diverged: bool) -> dict[str, float]:
    """The values that promises name, as far as the training has them."""
    found = {"diverged": float(diverged)} | ({} if first_loss is None else {"first_loss": first_loss})
    return found | {key: value for key, value in (records[-1] if records else {}).items() if key in get_args(Value)}


def _dotted(settings: dict[str, Any]) -> dict[str, Any]:
    """Tables of a recipe as settings by dotted key; a table with a type, such as an optimizer, stays whole."""
    found: dict[str, Any] = {}
    for section, value in settings.items():
        if isinstance(value, dict) and "type" not in value:
            found |= {f"{section}.{key}": inner for key, inner in value.items()}
        else:
            found[section] = value
    return found


def _check_text(text: str, key: str, most: int) -> None:
    came = f"{len(text):,}" if text.strip() else "none"
    fits = len(text.strip()) > 0 and len(text) <= most
    require(fits, f"{key}: expected a text of 1 to {most:,} characters, got {came}")
