"""Runs side by side: in which order, where their recipes differ, and which of them differ by their seed alone."""

from collections.abc import Iterator, Sequence
from statistics import mean, stdev
from typing import Any, NamedTuple

from glassnet.recipes.data import DataSettings
from glassnet.recipes.toml import as_text
from glassnet.runs.folder import SavedRun

NOT_OF_THE_RESULT = {"training.checkpoint_minutes"}  # changes no bit of what is learned


class Validation(NamedTuple):
    """A figure on validation data: its name, after the last epoch, and in the best one."""

    name: str
    final: float
    best: float


class Spread(NamedTuple):
    """A figure over several seeds: mean and standard deviation (of a sample)."""

    mean: float
    deviation: float


def validation(run: SavedRun) -> Validation | None:
    """The accuracy on validation data, or for real targets the loss; None for a run without validation data."""
    for name, best in (("validation_accuracy", max), ("validation_loss", min)):
        if name in run.history:
            return Validation(name, run.history[name][-1], best(run.history[name]))
    return None


def ordered(runs: Sequence[SavedRun]) -> list[SavedRun]:
    """The runs by their best figure on validation data; those without one come last, in the order given.

    Figures on the test split do not count: the best of many runs by these is partly the luckiest.
    """

    def rank(run: SavedRun) -> tuple[int, float]:
        figure = validation(run)
        if figure is None:
            return 2, 0.0
        return (0, -figure.best) if figure.name == "validation_accuracy" else (1, figure.best)

    return sorted(runs, key=rank)


def differences(runs: Sequence[SavedRun]) -> dict[str, list[str | None]]:
    """The settings in which the recipes differ: by key, the value in each run as a text, None where there is none.

    A part of which not all runs have the same kind is one setting: "optimizer" with "SGD(lr=0.1, ...)" and
    "Adam(lr=0.01, ...)"; else its settings are compared one by one, as "optimizer.lr". The text `about` says nothing.
    """
    tables: list[Any] = [run.recipe.to_table() | {"about": None} if run.recipe else {} for run in runs]
    return {key: values for key, values in _differing(tables, "") if key not in NOT_OF_THE_RESULT}


def _differing(tables: Sequence[Any], where: str) -> Iterator[tuple[str, list[str | None]]]:
    for key in dict.fromkeys(key for table in tables for key in table):
        values = [table.get(key) for table in tables]
        kinds = {value.get("type") if isinstance(value, dict) else value is None for value in values}
        if len(kinds) == 1 and all(isinstance(value, dict) for value in values):
            yield from _differing(values, f"{where}{key}.")
        elif any(value != values[0] for value in values):
            yield f"{where}{key}", [None if value is None else as_text(value) for value in values]


def seed_groups(runs: Sequence[SavedRun]) -> list[list[SavedRun]]:
    """Finished runs of one recipe from different seeds, at least two; of the same seed only the first counts."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, SavedRun]] = {}
    for run in runs:
        if run.recipe is None or not run.finished:
            continue
        recipe = run.recipe.settings()
        seed = recipe.pop("training.seed")
        key = tuple(item for item in sorted(recipe.items()) if item[0] not in NOT_OF_THE_RESULT)
        groups.setdefault(key, {}).setdefault(seed, run)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def spread(values: Sequence[float | None]) -> Spread | None:
    """Mean and deviation of a figure that all have; None if one has not."""
    known = [value for value in values if value is not None]
    return Spread(mean(known), stdev(known)) if len(known) == len(values) > 1 else None


def _asked(data: DataSettings) -> str:
    """Which data, and of a table what is to be predicted."""
    return data.name if data.target is None else f"{data.name}: {data.target}"


def scales(runs: Sequence[SavedRun]) -> list[str]:
    """What the runs are ordered by: "accuracy", or the kind of loss of those that have none."""
    found: dict[str, None] = {}
    for run in runs:
        figure = validation(run)
        if run.recipe and figure:
            found["accuracy" if figure.name == "validation_accuracy" else type(run.recipe.network.loss).__name__] = None
    return list(found)


def datasets(runs: Sequence[SavedRun]) -> list[str]:
    """What distinguishes the data of the runs: each name, with the number of test examples where names agree."""
    names = {_asked(run.recipe.data): None for run in runs if run.recipe}
    sizes = {(_asked(run.recipe.data), run.evaluation["examples"]): None for run in runs if run.recipe and run.finished}
    if len(sizes) > len({name for name, _ in sizes}):
        return [f"{name} ({examples:,} test examples)" for name, examples in sizes]
    return list(names)
