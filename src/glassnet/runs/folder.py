"""The folder of a run: the files that it holds, and how they are read.

recipe.toml         the recipe with every setting, ready to be trained again
environment.json    versions and machine
history.jsonl       one line per epoch, written after each epoch
checkpoint.safetensors  the state of the training, from which `resume` continues
model.safetensors   the network
start.safetensors   the network that the weights were copied from, if training began with those of a model
evaluation.json     the figures on the test split; only a finished run has it
pictures/           curves; confusion matrix, predictions, mistakes, hidden units; for a regression, its errors
folds/              a run for each fold of a cross-validation
report.html         all of this on one page

`glassnet.runs.run` writes the folder. The files may be damaged or forged, so every value is checked before it is used.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.model.model import Model
from glassnet.model.path import MODEL, RECIPE
from glassnet.modelfile import load_network, read_about
from glassnet.nn.errors import InputError
from glassnet.nn.plain import shown
from glassnet.nn.summary import in_short
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.train.history import History
from glassnet.train.metrics import PerClass

HISTORY, EVALUATION = "history.jsonl", "evaluation.json"
CHECKPOINT, START = "checkpoint.safetensors", "start.safetensors"
PICTURES, LOCK = "pictures", "lock"
ENVIRONMENT, REPORT = "environment.json", "report.html"

LARGEST = 64 * 2**20  # bytes in a text file; the history of 100,000 epochs has 20 million


class RunError(ValueError):
    """A run folder cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class SavedRun:
    """A run, read from its folder, or from a model file, which holds only part of it.

    Attributes:
        path: the folder, or the model file.
        recipe: what was trained; None for a model that was not made from a recipe.
        network: its sizes from input to output, as "784-128-10"; None if the run has no network yet.
        parameters: their number; None if the run has no network yet.
        history: of the training, with the kept epoch if it is known; without records for a model file.
        evaluation: figures on the test split, from `Evaluation.to_table`; empty while the run is unfinished.
        environment: versions and machine; may be empty.
        epochs: the number of trained epochs.
    """

    path: Path
    recipe: Recipe | None
    network: str | None
    parameters: int | None
    history: History
    evaluation: dict[str, Any]
    environment: dict[str, Any]
    epochs: int

    @property
    def finished(self) -> bool:
        """Whether the network was measured on the test split, the last step of a run."""
        return bool(self.evaluation)

    @property
    def seconds(self) -> float | None:
        """The time of all epochs; None if it is not known."""
        return sum(self.history["seconds"]) if "seconds" in self.history else None


def read_run(path: str | Path) -> SavedRun:
    """Read the folder of a run, finished or not, or a model file. The network is also checked, but not kept in memory.

    Raises:
        RunError: no such folder; one of its files is missing or damaged.
        RecipeError, ModelFileError: the recipe or the model is damaged.
    """
    path = Path(path)
    if path.is_file():
        return _read_model(path)
    if not (path / RECIPE).is_file():
        reason = "it has no recipe.toml" if path.is_dir() else "it does not exist"
        raise RunError(f"{path}: expected the folder of a run or a model file, but {reason}")
    _check_size(path / RECIPE)
    recipe = load_recipe(path / RECIPE)
    history = _history(path / HISTORY)
    evaluation = _evaluation(_json(path / EVALUATION), path / EVALUATION) if (path / EVALUATION).is_file() else {}
    if evaluation and not len(history) and recipe.training.epochs:
        raise RunError(f"{path}: this run is finished, but its {HISTORY} is missing or empty")
    environment = read_environment(path)
    network = parameters = None
    if evaluation or (path / MODEL).is_file():
        network, parameters = _sizes(path / MODEL)
        history.kept_epoch = _kept_epoch(read_about(path / MODEL), len(history))
    return SavedRun(path, recipe, network, parameters, history, evaluation, environment, len(history))


def read_environment(folder: Path) -> dict[str, Any]:
    """The versions, machine and data that a run began with; empty if they are not known.

    Raises:
        RunError: the file is damaged.
    """
    return _json(folder / ENVIRONMENT) if (folder / ENVIRONMENT).is_file() else {}


def _read_model(path: Path) -> SavedRun:
    model = Model.open(path)
    about, recipe = model.about, model.recipe
    evaluation = _evaluation(about["test"], path) if "test" in about else {}
    epochs = about.get("training", {}).get("epochs")
    epochs = epochs if type(epochs) is int and epochs > 0 else 0
    history = History(kept_epoch=_kept_epoch(about, epochs))
    network = model.network
    return SavedRun(
        path, recipe, in_short(network.layers), network.theta.size, history, evaluation, environment={}, epochs=epochs
    )


def _sizes(path: Path) -> tuple[str, int]:
    network = load_network(path)
    return in_short(network.layers), network.theta.size


def _kept_epoch(about: dict[str, Any], epochs: int) -> int:
    epoch = about.get("training", {}).get("kept_epoch")
    return epoch if type(epoch) is int and 0 < epoch <= epochs else 0  # 0 means unknown


def _history(path: Path) -> History:
    if not path.is_file():
        return History()  # the run was killed before its first epoch
    _check_size(path)
    try:
        history = History.load(path)
    except InputError as error:
        raise RunError(str(error)) from None
    for record in history:
        if record.keys() != history.records[0].keys():
            raise RunError(f"{path}, line {record['epoch']}: expected the same figures as in line 1")
        for key, value in record.items():
            if not _number(value):
                raise RunError(f"{path}, line {record['epoch']}: expected a finite {key}, got {value}")
    return history


def _json(path: Path) -> dict[str, Any]:
    _check_size(path)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError too
        raise RunError(f"{path}: expected JSON, but it is damaged: {error}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a table, got {type(value).__name__}")
    return value


def _check_size(path: Path) -> None:
    if path.stat().st_size > LARGEST:
        raise RunError(f"{path}: expected at most {LARGEST:,} bytes, got {path.stat().st_size:,}")


def _evaluation(table: dict[str, Any], path: Path) -> dict[str, Any]:
    """Check that these are figures as `Evaluation.to_table` writes them; those of a regression have no classes."""

    def expect(condition: bool, key: str, expected: str) -> None:
        if not condition:
            raise RunError(f"{path}: damaged: expected {key} to be {expected}, got {shown(table.get(key))}")

    for key, value in table.items():
        expect(not isinstance(value, float) or math.isfinite(value), key, "a finite number")
    expect(_number(table.get("loss")), "loss", "a finite number")
    expect(_count(table.get("examples")) and table["examples"] > 0, "examples", "a whole number of at least 1")
    accuracy = table.get("accuracy", 0.0)
    expect(_number(accuracy) and 0 <= accuracy <= 1, "accuracy", "a number from 0 to 1")
    for key in ("r2", "mean_absolute_error", "root_mean_squared_error"):  # for a regression; R2 may have no value
        expect(table.get(key) is None or _number(table[key]), key, "a finite number")
    if "confusion" in table:
        names, counts = table.get("classes"), table["confusion"]
        expect(isinstance(names, list) and all(isinstance(name, str) for name in names), "classes", "a list of names")
        C = len(table["classes"])
        square = isinstance(counts, list) and len(counts) == C and all(_counts(row, C) for row in counts)
        expect(square, "confusion", f"{C} lists of {C} whole numbers")
    if "per_class" in table:
        expect(isinstance(table["per_class"], list), "per_class", "a list of tables")
        for row in table["per_class"]:
            expect(isinstance(row, dict) and row.keys() == set(PerClass._fields), "per_class", "figures of each class")
            figures = [value for key, value in row.items() if key != "name"]
            expect(isinstance(row["name"], str) and all(map(_number, figures)), "per_class", "finite figures")
    for key, name in (("baselines", "name"), ("importance", "column")):
        rows = table.get(key, [])
        fine = isinstance(rows, list) and all(isinstance(row, dict) and _figures(row, name) for row in rows)
        expect(fine, key, f"a list of tables with a {name} and finite figures")
    folds = table.get("folds", [])
    fine = isinstance(folds, list) and all(isinstance(way, dict) and _values(way) for way in folds)
    expect(fine, "folds", "a list of tables with a name, and finite figures of each fold")
    return table


def _values(way: dict[str, Any]) -> bool:
    """Whether a table holds a name, and besides lists of two or more finite figures."""
    lists = [value for key, value in way.items() if key != "name"]
    fine = all(isinstance(values, list) and len(values) > 1 and all(map(_number, values)) for values in lists)
    return isinstance(way.get("name"), str) and fine


def _figures(row: dict[str, Any], name: str) -> bool:
    """Whether a table holds a text under this name, and finite figures besides."""
    return isinstance(row.get(name), str) and all(_number(value) for key, value in row.items() if key != name)


def _counts(row: Any, length: int) -> bool:
    return isinstance(row, list) and len(row) == length and all(map(_count, row))


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**53
