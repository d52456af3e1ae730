"""A run that can be resumed: an interrupted one, or a finished one that gets more epochs."""

from dataclasses import dataclass, replace
from pathlib import Path

from glassnet.model.path import MODEL, RECIPE
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.folder import CHECKPOINT, EVALUATION, START, RunError, read_environment
from glassnet.train.checkpoint import CheckpointError, summary


@dataclass(frozen=True)
class Unfinished:
    """A run that can be resumed.

    Attributes:
        folder: the folder of the run.   recipe: the recipe that it continues with.
        before: the number of epochs planned until now.   trained: the number of finished epochs.
        within_epoch: whether the next epoch has begun.
        longer: whether it gets another number of epochs, or continues although it had been stopped.
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
            return f"begins with epoch 1 of {epochs}: it was interrupted before its first checkpoint"
        if self.trained == epochs:
            return f"all {epochs} epochs are trained"
        return f"continues {'within' if self.within_epoch else 'with'} epoch {self.trained + 1} of {epochs}"


def find_unfinished(folder: str | Path, *, epochs: int | None = None) -> Unfinished:
    """Find an interrupted run; with `epochs` also a finished one, which then continues up to that number of epochs.

    Raises:
        RunError: the folder holds no run, a finished run, or links to other places; that number of epochs is already
            trained.   RecipeError: its recipe is damaged.   CheckpointError: its checkpoint is damaged.
    """
    folder = Path(folder)
    if not (folder / RECIPE).is_file():
        reason = f"it has no {RECIPE}" if folder.is_dir() else "it does not exist"
        raise RunError(f"{folder}: expected the folder of a run, but {reason}")
    check_own(folder)
    recipe = load_recipe(folder / RECIPE)
    wanted = recipe.training.epochs if epochs is None else epochs
    finished = (folder / EVALUATION).is_file() and (folder / MODEL).is_file()
    hint = f"to start another run from its weights: glassnet train {folder / RECIPE} --from {folder}"
    before, trained, within_epoch, stopped = wanted, 0, False, None
    if (folder / CHECKPOINT).is_file():
        try:
            before, trained, within_epoch, stopped = summary(folder / CHECKPOINT)
        except CheckpointError as error:
            if finished:
                raise RunError(f"{error}, but this run has a result already; {hint}") from None
            raise
    elif finished:
        raise RunError(f"{folder}: this run is finished, and has no checkpoint to continue from; {hint}")
    elif read_environment(folder).get("start") and not (folder / START).is_file():
        raise RunError(f"{folder}: this run began with the weights of a model, but {START} is missing: start a new run")
    if epochs is None and finished and (stopped or trained >= wanted):
        reason = f" ({stopped})" if stopped else ""
        raise RunError(
            f"{folder}: this run is finished after {trained} epochs{reason}, there is nothing to resume; see "
            f"{folder / MODEL}, or train more epochs: glassnet resume {folder} --epochs {2 * trained}"
        )
    if wanted < trained or (epochs is not None and wanted == trained):
        raise RunError(
            f"{folder}: expected a total of more than the {trained} epochs that are trained, got {wanted}: "
            f"glassnet resume {folder} --epochs {before if before > trained else 2 * trained}"
        )
    recipe = replace(recipe, training=replace(recipe.training, epochs=wanted))
    return Unfinished(folder, recipe, before, trained, within_epoch, longer=epochs is not None or wanted != before)


def check_own(folder: Path) -> None:
    """Raise RunError if the folder holds a link or anything but plain files: writing must not leave the folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise RunError(f"{path}: this is not a plain file, so the run is not resumed: replace it by a plain file")
