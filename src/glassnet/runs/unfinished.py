"""A run that can go on: one that was broken off, or a finished one that is to have more epochs."""

from dataclasses import dataclass, replace
from pathlib import Path

from glassnet.model.path import MODEL, RECIPE
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.folder import CHECKPOINT, EVALUATION, START, RunError, read_environment
from glassnet.train.checkpoint import CheckpointError, summary


@dataclass(frozen=True)
class Unfinished:
    """A run that can go on.

    Attributes:
        folder: where it lies.   recipe: by which it goes on.
        before: the number of epochs that it was to have until now.   trained: how many whole ones it has had.
        within_epoch: whether the next epoch has begun.
        longer: whether it goes on to another number of epochs, or after it had been stopped.
    """

    folder: Path
    recipe: Recipe
    before: int
    trained: int
    within_epoch: bool
    longer: bool

    def __str__(self) -> str:
        epochs = self.recipe.training.epochs
        if not self.trained and not self.within_epoch:
            return f"begins with epoch 1 of {epochs}: it was broken off before its first checkpoint"
        if self.trained == epochs:
            return f"all {epochs} epochs are trained"
        return f"goes on {'within' if self.within_epoch else 'with'} epoch {self.trained + 1} of {epochs}"


def find_unfinished(folder: str | Path, *, epochs: int | None = None) -> Unfinished:
    """A run that was broken off or interrupted; with `epochs`, also one that is finished, which then goes on to these.

    Raises:
        RunError: the folder holds no run, one that is finished, or links to elsewhere; so many epochs are trained
            already.   RecipeError: its recipe was damaged.   CheckpointError: its checkpoint was damaged.
    """
    folder = Path(folder)
    if not (folder / RECIPE).is_file():
        found = f"it has no {RECIPE}" if folder.is_dir() else "it does not exist"
        raise RunError(f"{folder}: expected the folder of a run, but {found}")
    check_own(folder)
    recipe = load_recipe(folder / RECIPE)
    wanted = recipe.training.epochs if epochs is None else epochs
    finished = (folder / EVALUATION).is_file() and (folder / MODEL).is_file()
    anew = f"to start another run from its weights: glassnet train {folder / RECIPE} --from {folder}"
    before, trained, within_epoch, stopped = wanted, 0, False, None
    if (folder / CHECKPOINT).is_file():
        try:
            before, trained, within_epoch, stopped = summary(folder / CHECKPOINT)
        except CheckpointError as error:
            if finished:
                raise RunError(f"{error}, but this run has a result already; {anew}") from None
            raise
    elif finished:
        raise RunError(f"{folder}: this run is finished, and has no checkpoint to go on from; {anew}")
    elif read_environment(folder).get("start") and not (folder / START).is_file():
        raise RunError(f"{folder}: this run began with the weights of a model, but its {START} is gone: train it anew")
    if epochs is None and finished and (stopped or trained >= wanted):
        reason = f" ({stopped})" if stopped else ""
        raise RunError(
            f"{folder}: this run is finished after {trained} epochs{reason}, there is nothing to resume; see "
            f"{folder / MODEL}, or go on with more: glassnet resume {folder} --epochs {2 * trained}"
        )
    if wanted < trained or (epochs is not None and wanted == trained):
        raise RunError(
            f"{folder}: expected a total of more epochs than the {trained} that it has had, got {wanted}: "
            f"glassnet resume {folder} --epochs {before if before > trained else 2 * trained}"
        )
    recipe = replace(recipe, training=replace(recipe.training, epochs=wanted))
    return Unfinished(folder, recipe, before, trained, within_epoch, longer=epochs is not None or wanted != before)


def check_own(folder: Path) -> None:
    """Raise RunError if anything in the folder is a link or no plain file: what is written to it must stay in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise RunError(f"{path}: a run is not resumed where this is no file of its own: replace it by a plain file")
