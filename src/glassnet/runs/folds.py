"""Cross-validation: every row of a table is tested once, by a network that has not seen it.

One division into training and test rows may be lucky. The rows are divided into folds; for each fold a network learns
from the others, as the recipe says, and is tested on this one. The mean over the folds says how good the recipe is on
such a table, their deviation how much depends on the rows.

The networks of the folds are runs of their own, in the folder `folds` of the run, so an interrupted one goes on. The
model of the run itself is none of them.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset, Split
from glassnet.data.errors import DataError
from glassnet.data.split import stratified, tenths
from glassnet.model.path import RECIPE
from glassnet.recipes.recipe import Recipe
from glassnet.runs.claim import write_json, writing_to
from glassnet.runs.folder import EVALUATION, RunError, read_run
from glassnet.runs.run import resume_run, train_recipe
from glassnet.runs.unfinished import find_unfinished
from glassnet.train.loop import Watcher

FOLDS = "folds"
FIGURES = ("accuracy", "roc_auc", "r2", "mean_absolute_error", "root_mean_squared_error")
LEAST_ROWS = 5  # in a fold


def cross_validate(
    recipe: Recipe,
    dataset: Dataset,
    folder: str | Path,
    *,
    begin: Callable[[int, int], None] = lambda fold, folds: None,
    progress: Watcher | None = None,
    workers: int | None = None,
) -> list[dict[str, Any]] | None:
    """Train and test a network for each fold, `recipe.data.folds` of them; folds that are done are not done again.

    Args:
        dataset: a table; all its rows are divided.
        folder: of the finished run, which keeps the figures.
        begin: called with the number of each fold, from 1, and the number of all.
        progress, workers: as in `fit`.

    Returns:
        The figures of the network and of simpler ways to predict: for each a table with its `name`, and of each figure
        the values, one for each fold. None if it was interrupted; then it goes on when it is called again.

    Raises:
        DataError: fewer than five rows in a fold.   RunError: as `train_recipe`.
    """
    folder, folds = Path(folder), recipe.data.folds or 0
    found: list[dict[str, Any]] = []
    for fold, part in enumerate(divide(dataset, folds, seed=recipe.training.seed), start=1):
        begin(fold, folds)
        evaluation = _evaluation(recipe, part, folder / FOLDS / str(fold), progress, workers)
        if evaluation is None:
            return None
        found.append(evaluation)
    figures = together(found)
    with writing_to(folder):
        write_json(folder / EVALUATION, read_run(folder).evaluation | {"folds": figures})
    return figures


def divide(dataset: Dataset, folds: int, *, seed: int = 0) -> list[Dataset]:
    """The same table, divided anew for each fold: this fold for the test, of the others a fifth for validation.

    Each class, or tenth of the sorted targets, is divided in proportion. What replaces missing numbers is the mean of
    the rows that a fold learns from.

    Args:
        folds: at least 2.   seed: of the rows for validation; the folds are always the same.

    Raises:
        DataError: fewer than five rows in a fold, or no table.
    """
    check_folds(dataset, folds)
    x, y, table, schema = dataset.train.inputs, dataset.train.targets, dataset.table, dataset.schema
    assert y is not None
    strata = y if dataset.classes else tenths(y)
    left = np.arange(len(y))
    parts = []
    for fold in range(folds):
        stay, held_out = stratified(strata[left], len(left) // (folds - fold), seed=0)
        tested, left = left[held_out], left[stay]
        learned = np.setdiff1d(np.arange(len(y)), tested)
        train, validation = (learned[rows] for rows in stratified(strata[learned], len(learned) // 5, seed=seed))
        own = schema.with_means(table, train)
        inputs = own.examples(table) if own != schema else x
        splits = [Split(inputs, y, rows) for rows in (train, validation, tested)]
        parts.append(replace(dataset, train=splits[0], validation=splits[1], test=splits[2], schema=own))
    return parts


def check_folds(dataset: Dataset, folds: int) -> None:
    """Raise DataError unless this is a table, with five rows or more in each fold."""
    if dataset.table is None:
        raise DataError(f"{dataset.name}: folds are for tables, whose rows are in one file")
    if len(dataset.table) < LEAST_ROWS * folds:
        raise DataError(
            f"{dataset.name}: expected at least {LEAST_ROWS * folds} rows for {folds} folds, got {len(dataset.table)}"
        )


def is_divided(folder: str | Path) -> bool:
    """Whether the cross-validation of a finished run is done, or none is wanted."""
    run = read_run(folder)
    return run.recipe is None or not run.recipe.data.folds or "folds" in run.evaluation


def together(evaluations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of all folds, one table for each way to predict: its name, and the values of each figure."""
    ways = [[{"name": "this network", **evaluation}, *evaluation.get("baselines", ())] for evaluation in evaluations]
    found = []
    for of_one in zip(*ways, strict=True):
        figures = {key: [way.get(key) for way in of_one] for key in FIGURES}
        known = {key: values for key, values in figures.items() if None not in values}
        names = [way["name"] for way in of_one]
        found.append({"name": max(set(names), key=names.count), **known})
    return found


def _evaluation(
    recipe: Recipe, dataset: Dataset, folder: Path, progress: Watcher | None, workers: int | None
) -> dict[str, Any] | None:
    """The figures of one fold, from its folder where it is finished; None if it was interrupted."""
    recipe = replace(recipe, data=replace(recipe.data, folds=None))
    if not (folder / RECIPE).is_file():
        run = train_recipe(recipe, dataset, folder, pictures=False, progress=progress, workers=workers)
        return None if run.history.interrupted else read_run(folder).evaluation
    try:
        unfinished = find_unfinished(folder)
    except RunError:
        evaluation = read_run(folder).evaluation
        if not evaluation:
            raise
        return evaluation
    run = resume_run(unfinished, dataset, pictures=False, progress=progress, workers=workers)
    return None if run.history.interrupted else read_run(folder).evaluation
