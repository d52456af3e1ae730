"""A run: a recipe is trained, and leaves a folder behind; what lies in it stands in `glassnet.runfolder`."""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.data.schema import digest
from glassnet.modelfile import ModelFileError, save_network
from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.settings import InputError, to_table
from glassnet.recipes import Recipe, load_recipe
from glassnet.report import write_report
from glassnet.runfolder import (
    CHECKPOINT,
    ENVIRONMENT,
    EVALUATION,
    HISTORY,
    LOCK,
    MODEL,
    PICTURES,
    RECIPE,
    RunError,
    read_environment,
    read_run,
)
from glassnet.train.callbacks import Callback, Training
from glassnet.train.checkpoint import Checkpoint
from glassnet.train.history import History, to_line
from glassnet.train.loop import DivergenceError, Progress, fit
from glassnet.train.metrics import Evaluation, evaluate
from glassnet.train.regression import RegressionEvaluation, evaluate_regression
from glassnet.train.target import target_scale
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
    pictures: bool = True,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Run:
    """Train a recipe into a new folder.

    Args:
        folder: must not exist, or be empty.
        pictures: whether to draw them and write the report, which takes longer than training a small network; only
            where Matplotlib is.
        progress, workers: as in `fit`.

    Raises:
        RunError: the folder is not empty or cannot be written.
        RecipeError, InputError: the recipe does not fit the dataset; no folder is made then.
        DivergenceError: as in `fit`; the last finite network is saved.
    """
    folder = Path(folder)
    network = recipe.make_network(dataset)
    recipe = recipe.settled(dataset)
    if len(dataset.test) == 0:
        raise RunError(f"{dataset.name} has no test examples, so a run could not say how good its network is")
    new = _claim(folder)
    with _writing(folder):
        (folder / RECIPE).write_text(_toml(recipe), encoding="utf-8")
        _write_json(folder / ENVIRONMENT, environment() | {"data": _about_data(dataset).get("data", {})})
    try:
        with _alone(folder):
            return _train(recipe, network, dataset, folder, pictures, progress, workers)
    except InputError:
        if not any((folder / name).exists() for name in (CHECKPOINT, HISTORY, MODEL)):
            for name in (RECIPE, ENVIRONMENT):  # nothing was trained, for recipe and data do not fit: leave no trace
                (folder / name).unlink(missing_ok=True)
            if new:
                folder.rmdir()
        raise


def load_run_recipe(folder: str | Path) -> Recipe:
    """The recipe of an unfinished run.

    Raises:
        RunError: the folder holds no run, a finished one, or links to elsewhere.   RecipeError: its recipe was damaged.
    """
    folder = Path(folder)
    if not (folder / RECIPE).is_file():
        found = f"it has no {RECIPE}" if folder.is_dir() else "it does not exist"
        raise RunError(f"{folder}: expected the folder of a run, but {found}")
    _check_own(folder)
    if (folder / EVALUATION).is_file():
        raise RunError(f"{folder}: this run is finished, there is nothing to resume; see {folder / MODEL}")
    return load_recipe(folder / RECIPE)


def resume_run(
    recipe: Recipe,
    dataset: Dataset,
    folder: str | Path,
    *,
    pictures: bool = True,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Run:
    """Go on with an unfinished run, to the same bits as if it had never stopped.

    Args:
        recipe: from `load_run_recipe(folder)`.   dataset: the one of the recipe.
        pictures: as in `train_recipe`.   progress, workers: as in `fit`.

    Raises:
        RunError, DivergenceError: as train_recipe; a table with other contents.   CheckpointError: its checkpoint does
            not fit the recipe.
    """
    folder = Path(folder)
    _check_own(folder)
    _check_data(dataset, folder)
    with _alone(folder):
        return _train(recipe, recipe.make_network(dataset), dataset, folder, pictures, progress, workers)


def _train(
    recipe: Recipe,
    network: Network,
    dataset: Dataset,
    folder: Path,
    pictures: bool,
    progress: Progress | None,
    workers: int | None,
) -> Run:
    about = {"recipe": recipe.to_table(), **_about_data(dataset)}
    training = recipe.training
    scale = target_scale(network, dataset.train.y)
    learned = dataset.with_targets(scale.standardized) if scale else dataset
    callbacks: list[Callback] = [
        Checkpoint(folder / CHECKPOINT, minutes=training.checkpoint_minutes),
        _Log(folder / HISTORY),
        *([recipe.reduce_on_plateau] if recipe.reduce_on_plateau else []),
        *([recipe.early_stopping] if recipe.early_stopping else []),
    ]
    try:
        history = fit(
            network,
            learned.train,
            validation=learned.validation if len(learned.validation) else None,
            loss=network.loss,
            optimizer=recipe.optimizer,
            schedule=recipe.schedule,
            penalties=recipe.penalties,
            clip=recipe.clip,
            average=recipe.average,
            class_weights=training.class_weights,
            augment=recipe.augment(dataset),
            epochs=training.epochs,
            batch_size=training.batch_size,
            shards=training.shards,
            blas_threads=training.blas_threads,
            workers=workers,
            callbacks=callbacks,
            progress=progress,
            seed=training.seed,
        )
    except DivergenceError:
        if scale:
            scale.fold_into(network)
        with _writing(folder):
            save_network(network, folder / MODEL, about=about)
        raise
    if scale:
        scale.fold_into(network)
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
        _write_json(folder / EVALUATION, result.to_table())  # last: a run that has it is finished
        for name in (CHECKPOINT, f"{CHECKPOINT}.part"):
            (folder / name).unlink(missing_ok=True)
        if pictures and plots.available():
            write_report(read_run(folder), network, examples=dataset.test.x, evaluation=result, white=dataset.white)
    return Run(folder, network, history, result, drawn)


def _about_data(dataset: Dataset) -> dict[str, Any]:
    """What prediction must know of the data besides the network."""
    if dataset.schema and dataset.train.targets is not None:
        checksum = digest(dataset.train.inputs, dataset.train.targets)
        return {"table": to_table(dataset.schema), "data": {"sha256": checksum}}
    return {"data": {"white": dataset.white}}


def draw(
    folder: Path, network: Network, history: History, result: Evaluation | RegressionEvaluation, images: Array
) -> list[Path]:
    """Draw every picture of a run into this folder; return the files."""
    folder.mkdir(exist_ok=True)
    if isinstance(result, RegressionEvaluation):
        figures = {"predicted": plots.predicted(result), "residuals": plots.residuals(result)}
    else:
        figures = {"confusion": plots.confusion(result)}
    if len(history):
        figures["curves"] = plots.curves(history)
    if images.ndim > 2 and isinstance(result, Evaluation):
        figures["predictions"] = plots.predictions(images, result)
        figures["mistakes"] = plots.mistakes(images, result)
        first = plots.first_layer(network, images.reshape(len(images), -1).std(axis=0))
        figures |= {"first-layer": first} if first else {}
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        plots.save(figure, paths[-1])
    return paths


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
    """Writes each epoch's record as it comes, so that a crash loses none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_start(self, training: Training) -> None:
        with _writing(self.path.parent):
            training.history.save(self.path)  # a resumed run may have logged more than its checkpoint knows

    def on_epoch(self, training: Training) -> None:
        with _writing(self.path.parent), self.path.open("a", encoding="utf-8") as file:
            file.write(to_line(training.history.records[-1]))


def _check_own(folder: Path) -> None:
    """Raise RunError if anything in the folder is a link or no plain file: what is written to it must stay in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise RunError(f"{path}: a run is not resumed where this is no file of its own: replace it by a plain file")


def _check_data(dataset: Dataset, folder: Path) -> None:
    """Raise RunError if the run began on a table with other contents."""
    began = read_environment(folder).get("data")
    now = _about_data(dataset)["data"]
    if isinstance(began, dict) and began.get("sha256") != now.get("sha256"):
        raise RunError(f"{folder}: the table {dataset.name} has changed since this run began: train it anew")


def _claim(folder: Path) -> bool:
    """Make the folder, and be sure that it can be written, before any time is spent; whether it is new."""
    new = not folder.exists()
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file: name a folder, which is made")
    if folder.exists() and any(folder.iterdir()):
        raise RunError(f"{folder} exists already and is not empty: name another folder, or delete this one")
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
    with _writing(folder):
        file = path.open("w")
    with file:
        for _ in range(20):  # a run that was just killed holds it for a moment longer
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.1)
        else:
            raise RunError(f"{folder}: another process is training in this folder; wait for it, or stop it")
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


def _toml(recipe: Recipe) -> str:
    import tomli_w

    return tomli_w.dumps(recipe.to_table())


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
