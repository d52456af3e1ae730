"""The recipe: everything that makes a trained network, checked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.augment import Augmentation
from glassnet.data.dataset import Dataset
from glassnet.data.outliers import Outliers
from glassnet.data.strokes import Strokes, is_plane
from glassnet.modelfile import begin_with
from glassnet.nn.average import WeightAverage
from glassnet.nn.clip import Clip
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.optim import Optimizer
from glassnet.nn.penalty import Penalty
from glassnet.nn.plain import nearest, shown
from glassnet.nn.regression import SquaredError
from glassnet.nn.schedule import ConstantRate, Schedule
from glassnet.nn.settings import from_table, to_table
from glassnet.recipes import unknown
from glassnet.recipes.data import DataSettings
from glassnet.recipes.network import NetworkSettings
from glassnet.recipes.toml import RecipeError, UnknownKeyError, as_text, read_toml, without_nothing
from glassnet.recipes.training import TrainingSettings
from glassnet.train.callbacks import Callback, EarlyStopping, ReduceOnPlateau
from glassnet.train.history import History
from glassnet.train.loop import Watcher, fit
from glassnet.train.plan import Augment, Plan
from glassnet.train.ranks import Ranks
from glassnet.train.target import target_scale
from glassnet.train.training import Snapshot

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """Everything that makes a trained network: the same recipe and seed give the same bits.

    Args:
        name: what the recipe is called; by default the name of its file.
        about: its purpose, in one line.
        data: the training data.   network: layers and loss.   optimizer: how a step follows from the gradient.
        training: number of epochs, batch size, seed and the like.
        schedule: how the learning rate changes from step to step.
        penalties: costs and limits for the weights, in addition to the loss; a list.
        clip: a limit on the size of the gradient.   average: a running mean of the weights; it is kept.
        strokes: digits drawn in code, mixed into the batches.   outliers: images that are not digits, also mixed in.
        augmentation: random changes of the images.
        early_stopping: when training ends before its last epoch.
        reduce_on_plateau: a lower learning rate when a value stops improving.
    """

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
    strokes: Strokes | None = None
    outliers: Outliers | None = None
    augmentation: Augmentation | None = None
    early_stopping: EarlyStopping | None = None
    reduce_on_plateau: ReduceOnPlateau | None = None

    def __post_init__(self) -> None:
        numbers = self.network.loss.for_numbers and self.network.loss != SquaredError()
        if numbers and self.data.target is not None and self.data.task is None:  # such a loss answers with amounts
            object.__setattr__(self, "data", replace(self.data, task="regression"))
        right = re.fullmatch(r"\w[\w .-]{0,99}", self.name) is not None
        require(right, f"name: expected up to 100 letters, digits, spaces, dots or dashes, got {shown(self.name)}")

    def make_network(self, dataset: Dataset, *, change: Callable[[list[Layer]], list[Layer]] | None = None) -> Network:
        """The untrained network of this recipe.

        Args:
            change: what is done to the layers before they are connected.

        Raises:
            RecipeError: its layers do not fit together, or not on this dataset.
        """
        try:
            layers = self.network.make(dataset)
            network = Network(
                change(layers) if change else layers,
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
        """The recipe with the loss that it has on this dataset, and without drawn digits where it has none.

        Raises:
            InputError: a loss of classes for real targets.
        """
        network = replace(self.network, loss=self.network.loss_for(dataset))
        return replace(self, network=network, strokes=self.strokes_for(dataset), outliers=self.outliers_for(dataset))

    def strokes_for(self, dataset: Dataset) -> Strokes | None:
        """The drawn digits that are mixed into this dataset: None where it has other classes, or colours."""
        return self.strokes if _is_of_digits(dataset) else None

    def outliers_for(self, dataset: Dataset) -> Outliers | None:
        """The outliers that are mixed into this dataset, without letters where it is not of digits."""
        if self.outliers is None or _is_of_digits(dataset):
            return self.outliers
        return replace(self.outliers, letters=0.0)

    def augment(self, dataset: Dataset) -> list[Augment]:
        """The random changes to the examples of this dataset, for `fit`."""
        changes: list[Augment] = []
        if strokes := self.strokes_for(dataset):
            changes.append(strokes)
        if outliers := self.outliers_for(dataset):
            changes.append(replace(outliers, classes=len(dataset.classes)))
        if self.augmentation:
            changes.append(replace(self.augmentation, white=dataset.white))
        return changes

    def plan(self, dataset: Dataset) -> Plan:
        """The settings of the training on this dataset.

        Raises:
            InputError: a loss of classes for real targets.
        """
        training = self.training
        return Plan(
            loss=self.network.loss_for(dataset),
            optimizer=self.optimizer,
            schedule=self.schedule,
            penalties=self.penalties,
            clip=self.clip,
            average=self.average,
            class_weights=training.class_weights,
            augment=self.augment(dataset),
            epochs=training.epochs,
            batch_size=training.batch_size,
            shards=training.shards,
            blas_threads=training.blas_threads,
            seed=training.seed,
        )

    def fit(
        self,
        dataset: Dataset,
        *,
        network: Network | None = None,
        start: Network | None = None,
        callbacks: Sequence[Callback] = (),
        progress: Watcher | None = None,
        workers: int | None = None,
        ranks: Ranks | None = None,
    ) -> tuple[Network, History]:
        """Train a network by this recipe, on the training examples of the dataset.

        Real targets are learned without their unit; the network answers in it.

        Args:
            network: to be trained, in place; by default the new one of `make_network`.
            start: a network whose weights it begins with.
            callbacks: besides those of the recipe.   progress, workers, ranks: as in `fit` of the library.

        Returns:
            The network and the history of its training.

        Raises:
            RecipeError, InputError, DivergenceError, WorkerError: as `make_network` and `fit`; InputError also if the
                arrays of `start` have other names or shapes.
        """
        network = self.make_network(dataset) if network is None else network
        scale = target_scale(network, dataset.train.y)
        before = Snapshot(network)
        if start is not None:
            begin_with(network, start)
            if scale:
                scale.remove_unit(network)
        learned = dataset.with_targets(scale.standardized) if scale else dataset
        own = [callback for callback in (self.reduce_on_plateau, self.early_stopping) if callback]
        try:
            history = fit(
                network,
                learned.train,
                self.plan(dataset),
                validation=learned.validation if len(learned.validation) else None,
                callbacks=[*callbacks, *own],
                progress=progress,
                workers=workers,
                ranks=ranks,
            )
        except InputError:
            before.restore(network)
            scale = None  # nothing was learned in its unit
            raise
        finally:
            if scale:
                scale.add_unit(network)
        return network, history

    def to_table(self) -> dict[str, Any]:
        """The recipe as plain values, which read back give the same recipe."""
        return without_nothing(to_table(self))

    def changed(self, settings: dict[str, Any]) -> "Recipe":
        """The recipe with other settings, by dotted key, as in `load_recipe`.

        Raises:
            RecipeError: as `load_recipe`.
        """
        return _from_table(self.to_table(), settings, self.name)

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


def _is_of_digits(dataset: Dataset) -> bool:
    """Whether it is of digits in the form of MNIST's, which is that of digits drawn by `hand`."""
    in_form = dataset.input_shape in ((28, 28), (28, 28, 1)) and is_plane(dataset.train.inputs)
    return in_form and dataset.classes == tuple(map(str, range(10)))


def recipe_names() -> list[str]:
    """The named recipes for images, smallest first, and the one for tables."""
    return ["tiny", "tiny-deep", "sigmoid-30", "sixteen", "quick", "classic", "strong", "cnn", "table"]


def load_recipe(name: str | Path, *, settings: dict[str, Any] | None = None) -> Recipe:
    """Read a named recipe or a TOML file.

    Args:
        name: one of `recipe_names()`, or the path of a file.
        settings: values that replace or add to those of the file, by dotted key:
            {"optimizer.lr": 0.01, "network.hidden": [256, 64], "network.hidden.0": 512}; a number is a place in a list.

    Raises:
        RecipeError: no such recipe, not TOML, unknown key, wrong type, impossible value.
    """
    path = FOLDER / f"{name}.toml" if name in recipe_names() else Path(name)
    if not path.is_file():
        raise RecipeError(f"there is no recipe {str(name)!r} and no such file; {nearest(str(name), recipe_names())}")
    table = read_toml(path)
    table.setdefault("name", path.stem)
    return _from_table(table, settings or {}, name if name in recipe_names() else path)


def _from_table(table: dict[str, Any], settings: dict[str, Any], called: object) -> Recipe:
    """The recipe in a table with these settings; `called` is what messages call it."""
    try:
        for key, value in settings.items():
            _put(table, key, value)
        try:
            return from_table(Recipe, table, "")
        except InputError as error:
            if found := unknown.answer(Recipe, table, _put):
                reason, form = found
                raise UnknownKeyError(f"{called}: {reason}", form) from None
            raise RecipeError(f"{called}: {error}") from None
    except RecursionError:
        raise RecipeError(f"{called}: expected a recipe, but its tables lie too deep in one another") from None


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    """table[a][b] = value, for the key "a.b"."""
    *sections, last = key.split(".")
    inside: Any = table
    for section in sections:
        inside = _section(inside, key, section)
    if isinstance(inside, list):
        inside[_place(inside, key, last)] = value
        return
    replaced = {"layers": ("hidden", "scaling", "activation", "init"), "hidden": ("layers",)}
    for other in replaced.get(last, ()):  # the long form and the short form exclude each other
        inside.pop(other, None)
    inside[last] = value


def _section(table: Any, key: str, section: str) -> Any:
    """What stands at this part of a dotted key, to be changed: a table, or a list."""
    place: Any = _place(table, key, section) if isinstance(table, list) else section
    if not isinstance(table, list) and section not in table:
        table[section] = {}
    if isinstance(table[place], str):
        table[place] = {"type": table[place]}
    if not isinstance(table[place], dict | list):
        raise RecipeError(f"{key}: {section!r} is no section of the recipe")
    return table[place]


def _place(values: list[Any], key: str, part: str) -> int:
    """A place in a list, from 0, from a part of a dotted key."""
    if not part.isdecimal() or len(part) > 9 or int(part) >= len(values):
        raise RecipeError(f"{key}: expected a place from 0 to {len(values) - 1} in a list, got {part!r}")
    return int(part)
