"""Cross-validation: every row of a table is tested once, by a network that has not seen it.

A single split can be lucky. So the rows are divided into folds. For each fold a network learns from the other folds, as
the recipe says, and is tested on this one. The mean over the folds says how good the recipe is on such a table, and the
standard deviation how much this depends on the split.

Each fold is a run of its own, in the folder `folds` of the run, so an interrupted cross-validation can go on.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from glassnet.data.dataset import Dataset
from glassnet.model.path import RECIPE
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.claim import write_json, writing_to
from glassnet.runs.folder import EVALUATION, RunError, read_run
from glassnet.runs.run import check_data, resume_run, train_recipe
from glassnet.runs.unfinished import find_unfinished
from glassnet.tables.folds import divide
from glassnet.train.loop import Watcher

FOLDS = "folds"
FIGURES = ("accuracy", "roc_auc", "average_precision", "r2", "mean_absolute_error", "root_mean_squared_error")


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
    for fold, part in enumerate(divide(dataset, folds), start=1):
        begin(fold, folds)
        of_fold = replace(recipe, data=replace(recipe.data, fold=fold))
        evaluation = _evaluation(of_fold, part, folder / FOLDS / str(fold), progress, workers)
        if evaluation is None:
            return None
        found.append(evaluation)
    figures = together(found)
    with writing_to(folder):
        write_json(folder / EVALUATION, read_run(folder).evaluation | {"folds": figures})
    return figures


def is_divided(folder: str | Path) -> bool:
    """Whether the cross-validation of a finished run is done, or none is wanted."""
    run = read_run(folder)
    return run.recipe is None or not run.recipe.data.cross_validates or "folds" in run.evaluation


def together(evaluations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of all folds, one table for each way to predict: its name, and the values of each figure."""
    ways = [[{"name": "this network", **evaluation}, *evaluation.get("baselines", ())] for evaluation in evaluations]
    found = []
    for of_one in zip(*ways, strict=False):  # a linear model may lack in a fold with one class
        figures = {key: [way.get(key) for way in of_one] for key in FIGURES}
        known = {key: values for key, values in figures.items() if None not in values}
        names = [way["name"] for way in of_one]
        found.append({"name": max(set(names), key=names.count), **known})
    return found


def _evaluation(
    recipe: Recipe, dataset: Dataset, folder: Path, progress: Watcher | None, workers: int | None
) -> dict[str, Any] | None:
    """The figures of one fold, from its folder where it is finished; None if it was interrupted."""
    if not (folder / RECIPE).is_file():
        run = train_recipe(recipe, dataset, folder, pictures=False, progress=progress, workers=workers)
        return None if run.history.interrupted else read_run(folder).evaluation
    check_data(dataset, folder)
    before, wanted = load_recipe(folder / RECIPE), recipe.settled(dataset)
    epochs = wanted.training.epochs
    longer = epochs if before.training.epochs != epochs else None
    if replace(before, training=replace(before.training, epochs=epochs)).settings() != wanted.settings():
        raise RunError(f"{folder}: this fold was trained with other settings: delete the folder {folder.parent}")
    try:
        unfinished = find_unfinished(folder, epochs=longer)
    except RunError:
        evaluation = read_run(folder).evaluation
        if not evaluation or longer:
            raise
        return evaluation
    run = resume_run(unfinished, dataset, pictures=False, progress=progress, workers=workers)
    return None if run.history.interrupted else read_run(folder).evaluation
