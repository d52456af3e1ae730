"""Recipes: a network, its data and its training as one small text file.

A recipe is a TOML file; the named ones lie in this folder. Reading one checks every key and value, so a slip of the pen
is found before training starts, not after.
"""

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from glassnet.data.augment import Augmentation
from glassnet.data.dataset import Dataset
from glassnet.data.dataset import Progress as DataProgress
from glassnet.data.outliers import Outliers
from glassnet.data.registry import load_dataset, load_table
from glassnet.data.schema import Schema, Task
from glassnet.nn.average import WeightAverage
from glassnet.nn.clip import Clip
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.distance import Distance, SquaredError
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.init import GlorotUniform, Initializer
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.optim import Optimizer
from glassnet.nn.penalty import Penalty
from glassnet.nn.plain import plain, shown
from glassnet.nn.reshape import Flatten, Rescale, Reshape, Standardize
from glassnet.nn.schedule import ConstantRate, Schedule
from glassnet.nn.settings import InputError, describe, from_table, nearest, require, to_table, whole
from glassnet.train.callbacks import EarlyStopping, ReduceOnPlateau
from glassnet.train.plan import Augment

FOLDER = Path(__file__).parent
MOST_BYTES = 65_536  # of a recipe; those here have a thousand
MOST_DOTS = 500  # in a line: the time to read a dotted key grows with the square of its length


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the file, the key and what was expected."""


@dataclass(frozen=True)
class DataSettings:
    """Which dataset, and how many of its training examples are held out for validation.

    With a `target`, the name is that of a table and the target the column to predict; the others are as in
    `find_schema`.
    """

    name: str = "mnist"
    validation: int = 5000
    target: str | None = None
    task: Task | None = None
    ignore: tuple[str, ...] | None = None
    categorical: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require(self.validation >= 0, f"validation must not be negative, got {self.validation}")
        for name in ("task", "ignore", "categorical"):
            right = self.target is not None or getattr(self, name) is None
            require(right, f"{name!r} goes with 'target', the column of a table to predict")

    def load(self, *, schema: Schema | None = None, progress: DataProgress | None = None) -> Dataset:
        """The dataset; a table is read as the schema says, if there is one.

        Raises:
            DataError: as `load_dataset` and `load_table`.
        """
        if self.target is None:
            return load_dataset(self.name, validation=self.validation, progress=progress)
        return load_table(
            self.name,
            target=self.target,
            task=self.task,
            ignore=self.ignore or (),
            categorical=self.categorical or (),
            schema=schema,
            validation=self.validation,
            progress=progress,
        )


@dataclass(frozen=True)
class NetworkSettings:
    """The layers: written out, or in short as what is hidden between input and output, for any dataset.

    `hidden = [128]` stands for: scale the pixels (`scaling`: "rescale" to 0..1 or "standardize"), flatten, Dense(128),
    the `activation` (ReLU), Dense(number of classes), the weights drawn by `init` (GlorotUniform). Besides sizes there
    may be layers, as in `layers`: they stand for themselves. If the first is a size, or Dense, images are flattened
    before it; if it is a convolution, grey images get their one channel. Tables are standardised unless `scaling` says
    otherwise, and a real target takes Dense(1). The `loss` CrossEntropy is SquaredError for real targets, as in `fit`.
    """

    hidden: tuple[int | str | dict[str, Any], ...] | None = None
    scaling: Literal["rescale", "standardize"] | None = None
    activation: str | dict[str, Any] | None = None
    init: Initializer | None = None
    layers: tuple[str | dict[str, Any], ...] | None = None
    loss: Loss = CrossEntropy()

    def __post_init__(self) -> None:
        given = (self.hidden is not None) + (self.layers is not None)
        require(given == 1, "expected either 'hidden', the sizes of the hidden layers, or 'layers', a list of layers")
        for position, entry in enumerate(self.hidden or ()):
            if isinstance(entry, int):
                require(entry >= 1, f"hidden[{position}] must be at least 1, got {entry}")
            else:
                from_table(Layer, entry, f"hidden[{position}]")
        for name in ("scaling", "activation", "init"):
            alone = self.layers is None or getattr(self, name) is None
            require(alone, f"{name!r} goes with 'hidden'; with 'layers' it has no effect, so write it in the layers")
        from_table(Layer, self.activation or "ReLU", "activation")
        for position, table in enumerate(self.layers or ()):
            from_table(Layer, table, f"layers[{position}]")

    def make(self, dataset: Dataset) -> list[Layer]:
        """New layers for examples and classes of this dataset."""
        if self.layers is not None:
            return [from_table(Layer, table, f"layers[{i}]") for i, table in enumerate(self.layers)]
        init = self.init or GlorotUniform()
        hidden: list[Layer] = []
        for position, entry in enumerate(self.hidden or ()):
            if isinstance(entry, int):
                hidden += [Dense(entry, init=init), from_table(Layer, self.activation or "ReLU", "activation")]
            else:
                hidden.append(from_table(Layer, entry, f"hidden[{position}]"))
        hidden.append(Dense(len(dataset.classes) or 1, init=init))
        scaling = self.scaling or ("standardize" if dataset.schema else "rescale")
        layers: list[Layer] = [Standardize() if scaling == "standardize" else Rescale(1 / dataset.white)]
        if isinstance(hidden[0], Dense) and len(dataset.input_shape) > 1:
            layers.append(Flatten())
        if isinstance(hidden[0], Conv2D) and len(dataset.input_shape) == 2:
            layers.append(Reshape((*dataset.input_shape, 1)))
        return [*layers, *hidden]

    def loss_for(self, dataset: Dataset) -> Loss:
        """The loss, but for real targets SquaredError in place of CrossEntropy.

        Raises:
            InputError: another loss of classes for real targets.
        """
        loss = SquaredError() if isinstance(self.loss, CrossEntropy) and not dataset.classes else self.loss
        fits = bool(dataset.classes) or isinstance(loss, Distance)
        require(fits, f"the loss {describe(loss)} is for classes, but the targets are real numbers")
        return loss


@dataclass(frozen=True)
class TrainingSettings:
    """How long, in which portions, from which seed.

    `class_weights` are as in `fit`; `shards` and `blas_threads` fix the arithmetic (see `train.steps`); an unfinished
    run has a checkpoint every `checkpoint_minutes`, with 0 after each epoch.
    """

    epochs: int
    batch_size: int | Literal["full"] = 128
    shards: int = 1
    blas_threads: int | None = None
    class_weights: tuple[float, ...] | Literal["balanced"] | None = None
    seed: int = 0
    checkpoint_minutes: float = 1.0

    def __post_init__(self) -> None:
        whole(self.epochs, "epochs", 1)
        whole(self.shards, "shards", 1)
        if self.batch_size != "full":
            whole(self.batch_size, "batch_size", 1)
        require(
            self.blas_threads is None or self.blas_threads >= 1,
            f"blas_threads must be at least 1, got {self.blas_threads}",
        )
        require(self.checkpoint_minutes >= 0, f"checkpoint_minutes must not be negative, got {self.checkpoint_minutes}")
        require(0 <= self.seed < 2**64, f"seed must be from 0 to 2**64 - 1, got {self.seed}")


@dataclass(frozen=True)
class Recipe:
    """Everything that makes a trained network: the same recipe and seed give the same bits."""

    name: str
    network: NetworkSettings
    optimizer: Optimizer
    training: TrainingSettings
    about: str = ""
    data: DataSettings = field(default_factory=DataSettings)
    schedule: Schedule = ConstantRate()
    penalties: tuple[Penalty, ...] = ()
    clip: Clip | None = None
    average: WeightAverage | None = None
    outliers: Outliers | None = None
    augmentation: Augmentation | None = None
    early_stopping: EarlyStopping | None = None
    reduce_on_plateau: ReduceOnPlateau | None = None

    def __post_init__(self) -> None:
        numbers = isinstance(self.network.loss, Distance) and not isinstance(self.network.loss, SquaredError)
        if numbers and self.data.target is not None and self.data.task is None:  # such a loss answers with amounts
            object.__setattr__(self, "data", replace(self.data, task="regression"))
        right = re.fullmatch(r"\w[\w .-]{0,99}", self.name) is not None
        require(right, f"name: expected up to 100 letters, digits, spaces, dots or dashes, got {shown(self.name)}")

    def make_network(self, dataset: Dataset) -> Network:
        """The untrained network of this recipe.

        Raises:
            RecipeError: its layers do not fit together, or not on this dataset.
        """
        try:
            network = Network(
                self.network.make(dataset),
                input_shape=dataset.input_shape,
                seed=self.training.seed,
                # A time stamp or a sum in cents has more digits than a float32 holds.
                dtype=np.float64 if dataset.schema else np.float32,
                classes=dataset.classes or None,
            )
            network.loss = self.network.loss_for(dataset)
        except InputError as error:
            raise RecipeError(f"recipe {self.name!r} on {dataset.name}: {error}") from None
        return network

    def settled(self, dataset: Dataset) -> "Recipe":
        """The recipe with the loss that it has on this dataset.

        Raises:
            InputError: a loss of classes for real targets.
        """
        return replace(self, network=replace(self.network, loss=self.network.loss_for(dataset)))

    def augment(self, dataset: Dataset) -> list[Augment]:
        """The random changes to the examples of this dataset, for `fit`."""
        changes: list[Augment] = []
        if self.outliers:
            changes.append(replace(self.outliers, classes=len(dataset.classes)))
        if self.augmentation:
            changes.append(replace(self.augmentation, white=dataset.white))
        return changes

    def to_table(self) -> dict[str, Any]:
        """The recipe as plain values, which read back give the same recipe."""
        return without_nothing(to_table(self))

    def settings(self) -> dict[str, str]:
        """Every setting as people write it, by its dotted key: {"optimizer.lr": "0.1"}; without `about`."""
        found: dict[str, str] = {}

        def walk(value: Any, key: str) -> None:
            if isinstance(value, dict):
                for name, item in value.items():
                    walk(item, f"{key}.{name}" if key else name)
            else:
                found[key] = as_text(value)

        walk(self.to_table() | {"about": {}}, "")
        return found


def recipe_names() -> list[str]:
    """The named recipes for images, smallest first, and the one for tables."""
    return ["tiny", "tiny-deep", "sigmoid-30", "sixteen", "quick", "classic", "strong", "cnn", "table"]


def load_recipe(name: str | Path, *, settings: dict[str, str] | None = None) -> Recipe:
    """Read a named recipe or a TOML file.

    Args:
        name: one of `recipe_names()`, or the path of a file.
        settings: values that replace or add to those of the file, as TOML text by dotted key:
            {"optimizer.lr": "0.01", "network.hidden": "[256, 64]"}.

    Raises:
        RecipeError: no such recipe, not TOML, unknown key, wrong type, impossible value.
    """
    path = FOLDER / f"{name}.toml" if name in recipe_names() else Path(name)
    if not path.is_file():
        raise RecipeError(f"there is no recipe {str(name)!r} and no such file; {nearest(str(name), recipe_names())}")
    table = _read(path)
    for key, text in (settings or {}).items():
        _put(table, key, text)
    table.setdefault("name", path.stem)
    try:
        return from_table(Recipe, table, "")
    except InputError as error:
        raise RecipeError(f"{name if name in recipe_names() else path}: {error}") from None
    except RecursionError:
        raise RecipeError(f"{path}: expected a recipe, but its tables lie too deep in one another") from None


def _read(path: Path) -> dict[str, Any]:
    """The table in a TOML file of moderate size."""
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= MOST_BYTES else ""
        if not text and size:
            raise RecipeError(f"{path}: expected a recipe of at most {MOST_BYTES:,} bytes, got {size:,}")
        if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
            raise RecipeError(f"{path}: expected a recipe, but one of its lines has more than {MOST_DOTS} dots")
        return tomllib.loads(text)
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise RecipeError(f"{path}: expected a recipe in TOML, but its tables lie too deep in one another") from None
    except RecipeError:
        raise
    except ValueError as error:  # TOMLDecodeError, no UTF-8, or a number of more than 4,300 digits
        reason = plain(str(error))
        raise RecipeError(f"{path}: expected a recipe in TOML: {reason[:300]}") from None


def _put(table: dict[str, Any], key: str, text: str) -> None:
    """table[a][b] = the value that the text stands for in TOML; text that is no TOML is taken as it is."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, last = key.split(".")
    for section in sections:
        if isinstance(table.get(section), str):
            table[section] = {"type": table[section]}
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {key}: {section!r} is no section of the recipe")
    replaced = {"layers": ("hidden", "scaling", "activation", "init"), "hidden": ("layers",)}
    for other in replaced.get(last, ()):  # the long form and the short form exclude each other
        table.pop(other, None)
    table[last] = value


def as_text(value: Any) -> str:
    """A setting as people write it: 0.1, true, [128, 64], [Conv2D(filters=8, kernel_size=3), ReLU]."""
    if isinstance(value, dict):
        inside = ", ".join(f"{key}={as_text(item)}" for key, item in value.items() if key != "type")
        return f"{value['type']}({inside})" if "type" in value else f"({inside})"
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")


def without_nothing(value: Any) -> Any:
    """The same without the keys whose value is None, for TOML has none."""
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value
