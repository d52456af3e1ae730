"""Compares runs: their order, the differences of their recipes, and the groups that differ only by the seed."""

from collections.abc import Iterator, Sequence
from statistics import mean, stdev
from typing import Any, NamedTuple

from glassnet.recipes.data import DataSettings
from glassnet.recipes.toml import as_text
from glassnet.runs.folder import SavedRun

NO_EFFECT = {"training.checkpoint_minutes"}  # settings that change no bit of the result


class Validation(NamedTuple):
    """A figure on validation data: its name, its value after the last epoch, and its best value."""

    name: str
    final: float
    best: float


class Spread(NamedTuple):
    """A figure over several seeds: its mean and sample standard deviation."""

    mean: float
    deviation: float


def validation(run: SavedRun) -> Validation | None:
    """The accuracy on validation data, or for real targets the loss; None for a run without validation data."""
    for name, best in (("validation_accuracy", max), ("validation_loss", min)):
        if name in run.history:
            return Validation(name, run.history[name][-1], best(run.history[name]))
    return None


def ordered(runs: Sequence[SavedRun]) -> list[SavedRun]:
    """The runs, best first, by their best figure on validation data; runs without one come last, in the given order.

    Figures on the test split are not used: the best of many runs by these is partly the luckiest.
    """

    def rank(run: SavedRun) -> tuple[int, float]:
        figure = validation(run)
        if figure is None:
            return 2, 0.0
        return (0, -figure.best) if figure.name == "validation_accuracy" else (1, figure.best)

    return sorted(runs, key=rank)


def differences(runs: Sequence[SavedRun]) -> dict[str, list[str | None]]:
    """The settings in which the recipes differ: for each key its value in each run as text, or None if it has none.

    If the runs have different kinds of a part, the part is one setting: "optimizer" with "SGD(lr=0.1, ...)" and
    "Adam(lr=0.01, ...)". Else its settings are compared one by one, as "optimizer.lr". The text `about` is ignored.
    """
    tables: list[Any] = [run.recipe.to_table() | {"about": None} if run.recipe else {} for run in runs]
    return {key: values for key, values in _differing(tables, "") if key not in NO_EFFECT}


def _differing(tables: Sequence[Any], where: str) -> Iterator[tuple[str, list[str | None]]]:
    for key in dict.fromkeys(key for table in tables for key in table):
        values = [table.get(key) for table in tables]
        kinds = {value.get("type") if isinstance(value, dict) else value is None for value in values}
        if len(kinds) == 1 and all(isinstance(value, dict) for value in values):
            yield from _differing(values, f"{where}{key}.")
        elif any(value != values[0] for value in values):
            yield f"{where}{key}", [None if value is None else as_text(value) for value in values]


def seed_groups(runs: Sequence[SavedRun]) -> list[list[SavedRun]]:
    """Groups of finished runs of one recipe with different seeds, at least two; of equal seeds the first run counts."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, SavedRun]] = {}
    for run in runs:
        if run.recipe is None or not run.finished:
            continue
        recipe = run.recipe.settings()
        seed = recipe.pop("training.seed")
        key = tuple(item for item in sorted(recipe.items()) if item[0] not in NO_EFFECT)
        groups.setdefault(key, {}).setdefault(seed, run)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def spread(values: Sequence[float | None]) -> Spread | None:
    """Mean and standard deviation of a figure; None if one run lacks it, or there is only one."""
    known = [value for value in values if value is not None]
    return Spread(mean(known), stdev(known)) if len(known) == len(values) > 1 else None


def _data_name(data: DataSettings) -> str:
    """The name of the data, and for a table the target."""
    return data.name if data.target is None else f"{data.name}: {data.target}"


def scales(runs: Sequence[SavedRun]) -> list[str]:
    """The figures that the runs are ordered by: "accuracy", or the kind of loss for runs without it."""
    names: dict[str, None] = {}
    for run in runs:
        figure = validation(run)
        if run.recipe and figure:
            names["accuracy" if figure.name == "validation_accuracy" else type(run.recipe.network.loss).__name__] = None
    return list(names)


def datasets(runs: Sequence[SavedRun]) -> list[str]:
    """The different data of the runs: each name, with the number of test examples if one name has several numbers."""
    names = {_data_name(run.recipe.data): None for run in runs if run.recipe}
    sizes = {
        (_data_name(run.recipe.data), run.evaluation["examples"]): None for run in runs if run.recipe and run.finished
    }
    if len(sizes) > len({name for name, _ in sizes}):
        return [f"{name} ({examples:,} test examples)" for name, examples in sizes]
    return list(names)
