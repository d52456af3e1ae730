"""A run: a recipe is trained, and leaves a folder behind; what lies in it stands in `glassnet.runfolder`."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.data.schema import digest
from glassnet.modelfile import ModelFileError, load_network, save_network, write_whole
from glassnet.nn.network import Network
from glassnet.nn.settings import InputError, to_table
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.recipes.toml import to_toml
from glassnet.report import write_report
from glassnet.report.pictures import draw
from glassnet.runfolder import (
    CHECKPOINT,
    ENVIRONMENT,
    EVALUATION,
    HISTORY,
    LOCK,
    MODEL,
    PICTURES,
    RECIPE,
    START,
    RunError,
    read_environment,
    read_run,
)
from glassnet.train.callbacks import Callback
from glassnet.train.checkpoint import Checkpoint, CheckpointError, summary
from glassnet.train.history import DivergenceError, History, to_line
from glassnet.train.loop import Progress
from glassnet.train.metrics import Evaluation, evaluate
from glassnet.train.regression import RegressionEvaluation, evaluate_regression
from glassnet.train.training import Training
from glassnet.version import __version__


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: where everything lies.   network: as it was kept.   history: of its training.
        evaluation: on the test split, of a classifier or of a regression.   pictures: the files that were drawn.
    """

    folder: Path
    network: Network
    history: History
    evaluation: Evaluation | RegressionEvaluation
    pictures: list[Path]


def new_folder(name: str, *, parent: str | Path = "runs") -> Path:
    """The first of runs/name, runs/name-2, runs/name-3, ... that does not exist."""
    parent, number = Path(parent), 1
    while (folder := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def train_recipe(
    recipe: Recipe,
    dataset: Dataset,
    folder: str | Path,
    *,
    network: Network | None = None,
    start: Network | None = None,
    pictures: bool = True,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Run:
    """Train a recipe into a new folder.

    Args:
        folder: must not exist, or be empty.
        network: to be trained; by default the new one of `recipe.make_network(dataset)`.
        start: a network whose weights it begins with; a copy of it stays in the folder.
        pictures: whether to draw them and write the report, which takes longer than training a small network; only
            where Matplotlib is.
        progress, workers: as in `fit`.

    Raises:
        RunError: the folder is not empty or cannot be written.
        RecipeError, InputError: the recipe does not fit the dataset, or `start` the network; no folder is made then.
        DivergenceError: as in `fit`; the last finite network is saved.
    """
    folder = Path(folder)
    network = recipe.make_network(dataset) if network is None else network
    recipe = recipe.settled(dataset)
    if len(dataset.test) == 0:
        raise RunError(f"{dataset.name} has no test examples, so a run could not say how good its network is")
    about = _about_data(dataset)
    new = _claim(folder)
    try:
        with _alone(folder):
            check_free(folder)  # another process may have been here in the meantime
            with _writing(folder):
                (folder / RECIPE).write_text(to_toml(recipe.to_table()), encoding="utf-8")
                began = environment() | {"data": about["data"] if dataset.schema else {}}
                if start is not None:
                    began["start"] = START
                    save_network(start, folder / START)
                _write_json(folder / ENVIRONMENT, began)
            checkpoint = Checkpoint(folder / CHECKPOINT, minutes=recipe.training.checkpoint_minutes)
            fit = partial(recipe.fit, network=network, start=start, progress=progress, workers=workers)
            return _train(folder, recipe, network, dataset, about, checkpoint, fit, pictures=pictures)
    except InputError:
        if not any((folder / name).exists() for name in (CHECKPOINT, HISTORY, MODEL)):
            for name in (RECIPE, ENVIRONMENT, START):  # nothing was trained, for recipe and data do not fit: no trace
                (folder / name).unlink(missing_ok=True)
            if new:
                folder.rmdir()
        raise


@dataclass(frozen=True)
class Unfinished:
    """A run that can go on.

    Attributes:
        folder: where it lies.   recipe: by which it goes on.
        before: the number of epochs that it was to have until now.   trained: how many whole ones it has had.
        within: whether the next epoch has begun.
        longer: whether it goes on to another number of epochs, or after it had been stopped.
    """

    folder: Path
    recipe: Recipe
    before: int
    trained: int
    within: bool
    longer: bool

    def __str__(self) -> str:
        epochs = self.recipe.training.epochs
        if not self.trained and not self.within:
            return f"begins with epoch 1 of {epochs}: it was broken off before its first checkpoint"
        if self.trained == epochs:
            return f"all {epochs} epochs are trained"
        return f"goes on {'within' if self.within else 'with'} epoch {self.trained + 1} of {epochs}"


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
    _check_own(folder)
    recipe = load_recipe(folder / RECIPE)
    wanted = recipe.training.epochs if epochs is None else epochs
    finished = (folder / EVALUATION).is_file() and (folder / MODEL).is_file()
    anew = f"to start another run from its weights: glassnet train {folder / RECIPE} --from {folder}"
    before, trained, within, stopped = wanted, 0, False, None
    if (folder / CHECKPOINT).is_file():
        try:
            before, trained, within, stopped = summary(folder / CHECKPOINT)
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
    return Unfinished(folder, recipe, before, trained, within, longer=epochs is not None or wanted != before)


def resume_run(
    run: Unfinished,
    dataset: Dataset,
    *,
    pictures: bool = True,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Run:
    """Go on with a run, to the same bits as if it had never stopped.

    Args:
        run: from `find_unfinished(folder)`.   dataset: the one of its recipe.
        pictures: as in `train_recipe`.   progress, workers: as in `fit`.

    Raises:
        RunError, DivergenceError: as train_recipe; a table with other contents.   CheckpointError: its checkpoint does
            not fit the recipe.
    """
    folder, recipe = run.folder, run.recipe
    _check_own(folder)
    about = _about_data(dataset)
    _check_data(dataset, about, folder)
    network = recipe.make_network(dataset)
    begins = not (folder / CHECKPOINT).is_file() and (folder / START).is_file()
    start = load_network(folder / START) if begins else None
    minutes = recipe.training.checkpoint_minutes
    with _alone(folder):
        checkpoint = Checkpoint(folder / CHECKPOINT, minutes=minutes, longer=run.longer)
        fit = partial(recipe.fit, network=network, start=start, progress=progress, workers=workers)
        return _train(folder, recipe, network, dataset, about, checkpoint, fit, pictures=pictures)


def _train(
    folder: Path,
    recipe: Recipe,
    network: Network,
    dataset: Dataset,
    about: dict[str, Any],
    checkpoint: Checkpoint,
    fit: Callable[..., tuple[Network, History]],
    *,
    pictures: bool,
) -> Run:
    """Train, measure on the test split, and write down what came of it.

    Args:
        about: what prediction must know of the data.   fit: `recipe.fit`, but for data and callbacks.
    """
    about = {"recipe": recipe.to_table(), **about}
    try:
        _, history = fit(dataset, callbacks=[checkpoint, _Log(folder, recipe)])
    except DivergenceError:
        with _writing(folder):
            save_network(network, folder / MODEL, about=about)
        raise
    with _writing(folder):
        save_network(network, folder / MODEL, about=about)  # whatever comes, the network is safe
    result = evaluate(network, dataset.test) if dataset.classes else evaluate_regression(network, dataset.test)
    about["training"] = {"epochs": len(history), "kept_epoch": history.kept_epoch}
    about["test"] = result.figures
    with _writing(folder):
        save_network(network, folder / MODEL, about=about)
        drawn = []
        if pictures and plots.available():
            drawn = draw(folder / PICTURES, network, history, result, dataset.test.x)
        if not history.interrupted or (folder / CHECKPOINT).is_file():  # else it can only begin again
            _write_json(folder / EVALUATION, result.to_table())  # last: a run that has it is finished
        (folder / f"{CHECKPOINT}.part").unlink(missing_ok=True)
        if pictures and plots.available():
            write_report(read_run(folder), network, examples=dataset.test.x, evaluation=result, white=dataset.white)
    return Run(folder, network, history, result, drawn)


def _about_data(dataset: Dataset) -> dict[str, Any]:
    """What prediction must know of the data besides the network."""
    if dataset.schema and dataset.train.targets is not None:
        checksum = digest(dataset.train.inputs, dataset.train.targets)
        return {"table": to_table(dataset.schema), "data": {"sha256": checksum}}
    return {"data": {"white": dataset.white}}


def environment() -> dict[str, Any]:
    """What the bits of a result depend on besides the recipe: versions, processor, BLAS."""
    import threadpoolctl

    return {
        "glassnet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
            for pool in threadpoolctl.threadpool_info()
            if pool.get("user_api") == "blas"
        ],
    }


class _Log(Callback):
    """Writes each epoch's record as it comes, so that a crash loses none.

    When it starts, a checkpoint has been restored: only now a run that goes on is unfinished, and follows this recipe.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder, self.recipe = folder, recipe

    def on_start(self, training: Training) -> None:
        with _writing(self.folder):
            write_whole(self.folder / RECIPE, to_toml(self.recipe.to_table()).encode())
            (self.folder / EVALUATION).unlink(missing_ok=True)
            training.history.save(self.folder / HISTORY)  # a resumed run may have logged more than its checkpoint knows

    def on_epoch(self, training: Training) -> None:
        with _writing(self.folder), (self.folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(to_line(training.history.records[-1]))


def _check_own(folder: Path) -> None:
    """Raise RunError if anything in the folder is a link or no plain file: what is written to it must stay in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise RunError(f"{path}: a run is not resumed where this is no file of its own: replace it by a plain file")


def _check_data(dataset: Dataset, about: dict[str, Any], folder: Path) -> None:
    """Raise RunError if the run began on a table with other contents."""
    began = read_environment(folder).get("data")
    if isinstance(began, dict) and began.get("sha256") != about["data"].get("sha256"):
        raise RunError(f"{folder}: the table {dataset.name} has changed since this run began: train it anew")


def check_free(folder: str | Path) -> None:
    """Raise RunError if a new run cannot have this folder, which must not exist, or be empty."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file: name a folder, which is made")
    if folder.exists() and any(path.name != LOCK for path in folder.iterdir()):
        raise RunError(f"{folder} exists already and is not empty: name another folder, or delete this one")


def _claim(folder: Path) -> bool:
    """Make the folder, and be sure that it can be written, before any time is spent; whether it is new."""
    new = not folder.exists()
    check_free(folder)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    return new


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from training in the same folder; the lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    path = folder / LOCK
    for _ in range(20):  # a run that was just killed holds it for a moment longer
        with _writing(folder):
            file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break  # else the one before has just taken the file away
        file.close()
    else:
        raise RunError(f"{folder}: another process is training in this folder; wait for it, or stop it")
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except ModelFileError as error:
        raise RunError(f"cannot write to the run folder {folder}: {error}") from None
    except OSError as error:
        raise RunError(f"cannot write to the run folder {folder}: {error.strerror or error}") from None


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
