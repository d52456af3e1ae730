"""Trains a recipe and writes the folder of the run; `glassnet.runs.folder` describes the folder."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.model.path import MODEL, RECIPE
from glassnet.modelfile import load_network, save_network
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.settings import to_table
from glassnet.recipes.recipe import Recipe
from glassnet.recipes.toml import to_toml
from glassnet.runs.claim import alone, check_free, claim, write_json, writing_to
from glassnet.runs.folder import (
    CHECKPOINT,
    ENVIRONMENT,
    EVALUATION,
    HISTORY,
    PICTURES,
    START,
    RunError,
    read_environment,
    read_run,
)
from glassnet.runs.judgement import Measure, baselines, importance
from glassnet.runs.pictures import draw
from glassnet.runs.report import write_report
from glassnet.runs.unfinished import Unfinished, check_own, find_unfinished
from glassnet.tables.schema import digest
from glassnet.train.baseline import usual_answer
from glassnet.train.callbacks import Callback
from glassnet.train.checkpoint import Checkpoint, write_checkpoint
from glassnet.train.history import DivergenceError, History, to_line
from glassnet.train.loop import Watcher
from glassnet.train.metrics import Evaluation, evaluate
from glassnet.train.ranks import DifferentRanksError, Ranks
from glassnet.train.regression import RegressionEvaluation, evaluate_regression
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training
from glassnet.version import __version__
from glassnet.wholefile import write_whole


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: the folder of the run.   network: the network that training returned.   history: of its training.
        evaluation: on the test split, for a classifier or a regression.   pictures: the files that were drawn.
        judgement: of a table, what stands beside the figures: `baselines`, and `importance` if there is a report.
    """

    folder: Path
    network: Network
    history: History
    evaluation: Evaluation | RegressionEvaluation
    pictures: list[Path]
    judgement: dict[str, Any] = field(default_factory=dict)


def train_recipe(
    recipe: Recipe,
    dataset: Dataset,
    folder: str | Path,
    *,
    network: Network | None = None,
    start: Network | None = None,
    pictures: bool = True,
    progress: Watcher | None = None,
    workers: int | None = None,
    ranks: Ranks | None = None,
) -> Run:
    """Train a recipe into a new folder.

    Args:
        folder: must not exist, or must be empty.
        network: the network to train; by default a new one from `recipe.make_network(dataset)`.
        start: training begins with the weights of this network; a copy of it is saved in the folder.
        pictures: whether to draw pictures and write the report, if Matplotlib is installed; this takes longer than
            training a small network.
        progress, workers: as in `fit`.   ranks: as in `fit`; the others call `train_beside`.

    Raises:
        RunError: the folder is not empty or cannot be written to.
        RecipeError, InputError: the recipe does not fit the dataset, or `start` the network; then the folder is left as
        it was. DivergenceError: as in `fit`; the last finite network is saved.
    """
    folder = Path(folder)
    network = recipe.make_network(dataset) if network is None else network
    recipe = recipe.settled(dataset)
    if len(dataset.test) == 0:
        raise RunError(f"{dataset.name} has no test examples, so a run could not measure its network")
    about = about_model(recipe, dataset)
    new = claim(folder)
    try:
        with alone(folder):
            check_free(folder)  # another process may have used the folder in the meantime
            with writing_to(folder):
                _begin(folder, recipe, about, dataset, start)
            checkpoint = Checkpoint(folder / CHECKPOINT, minutes=recipe.training.checkpoint_minutes)
            fit = partial(recipe.fit, network=network, start=start, progress=progress, workers=workers, ranks=ranks)
            return _train(folder, recipe, network, dataset, about, checkpoint, fit, pictures=pictures)
    except (InputError, DifferentRanksError):
        if not any((folder / name).exists() for name in (CHECKPOINT, HISTORY, MODEL)):
            for name in (RECIPE, ENVIRONMENT, START):  # recipe and data do not fit, nothing was trained: leave no files
                (folder / name).unlink(missing_ok=True)
            if new:
                folder.rmdir()
        raise


def train_untested(
    recipe: Recipe,
    dataset: Dataset,
    folder: str | Path,
    *,
    callbacks: Sequence[Callback] = (),
    progress: Watcher | None = None,
    workers: int | None = None,
) -> tuple[Network, History]:
    """Train a recipe into a new folder, or go on in this one, but leave the test split alone; `resume_run` measures it.

    When it diverges, no model is saved.

    Args:
        folder: must not exist, must be empty, or holds this training, unfinished.
        callbacks: besides those of the recipe.   progress, workers: as in `fit`.

    Raises:
        RunError, RecipeError, InputError, CheckpointError, DivergenceError: as `train_recipe` and `resume_run`.
    """
    folder, network = Path(folder), recipe.make_network(dataset)
    recipe = recipe.settled(dataset)
    about = about_model(recipe, dataset)
    if (folder / RECIPE).is_file():
        run = find_unfinished(folder)
        if run.recipe != recipe:
            raise RunError(f"{folder}: expected the run of {recipe.name} with the settings of this trial: delete it")
    else:
        claim(folder)
    with alone(folder):
        if not (folder / ENVIRONMENT).is_file():  # the last that is written before training
            with writing_to(folder):
                _begin(folder, recipe, about, dataset)
        checkpoint = Checkpoint(folder / CHECKPOINT, minutes=recipe.training.checkpoint_minutes)
        others = [checkpoint, _Log(folder, recipe), *callbacks]
        _, history = recipe.fit(dataset, network=network, callbacks=others, progress=progress, workers=workers)
        about["training"] = {"epochs": len(history), "kept_epoch": history.kept_epoch}
        with writing_to(folder):
            save_network(network, folder / MODEL, about=about)
    return network, history


def save_unfinished(
    recipe: Recipe, dataset: Dataset, folder: str | Path, trainer: Trainer, *, pictures: bool = True
) -> Run:
    """Save a training where it stands, as `train_recipe` leaves it when it is interrupted there; it may go on.

    Args:
        recipe: of the training.   dataset: which it learns from.   folder: must not exist, or must be empty.
        trainer: inside its `with` block.   pictures: as in `train_recipe`.

    Raises:
        RunError: as `train_recipe`.
    """
    folder, recipe = Path(folder), recipe.settled(dataset)
    if len(dataset.test) == 0:
        raise RunError(f"{dataset.name} has no test examples, so a run could not measure its network")
    about = about_model(recipe, dataset)
    network, history = _interrupted(recipe, trainer)
    claim(folder)
    with alone(folder):
        check_free(folder)
        with writing_to(folder):
            _begin(folder, recipe, about, dataset)
            history.save(folder / HISTORY)
        write_checkpoint(folder / CHECKPOINT, trainer.state())
        return _finish(folder, network, history, dataset, about, pictures=pictures)


def _interrupted(recipe: Recipe, trainer: Trainer) -> tuple[Network, History]:
    """The network and the history that `fit` would return if it were interrupted here, or is finished here."""
    training, network = trainer.training, trainer.network.copy()
    history = replace(training.history, records=list(training.history))
    if not training.finished:
        history.stopped, history.interrupted = f"interrupted in epoch {training.epoch}", True
    best = training.best.snapshot if history.stopped or recipe.early_stopping else None
    if best:
        best.restore(network)
        history.kept_epoch = training.best.epoch
    elif not history.records:
        training.last.restore(network)
    elif training.averages:
        np.copyto(network.theta, training.averages["theta"])
        np.copyto(network.buffers, training.averages["buffers"])
    return network, history


def resume_run(
    run: Unfinished,
    dataset: Dataset,
    *,
    pictures: bool = True,
    progress: Watcher | None = None,
    workers: int | None = None,
    ranks: Ranks | None = None,
) -> Run:
    """Continue a run; the result has the same bits as if the run had never stopped.

    Args:
        run: from `find_unfinished(folder)`.   dataset: the dataset of its recipe.
        pictures: as in `train_recipe`.   progress, workers: as in `fit`.
        ranks: as in `fit`; the others call `resume_beside`.

    Raises:
        RunError, DivergenceError: as in `train_recipe`; RunError also if the contents of the table have changed.
        CheckpointError: the checkpoint does not fit the recipe.
    """
    folder, recipe = run.folder, run.recipe
    check_own(folder)
    about = about_model(recipe, dataset)
    check_data(dataset, folder)
    network = recipe.make_network(dataset)
    begins = not (folder / CHECKPOINT).is_file() and (folder / START).is_file()
    start = load_network(folder / START) if begins else None
    minutes = recipe.training.checkpoint_minutes
    with alone(folder):
        checkpoint = Checkpoint(folder / CHECKPOINT, minutes=minutes, longer=run.longer)
        fit = partial(recipe.fit, network=network, start=start, progress=progress, workers=workers, ranks=ranks)
        return _train(folder, recipe, network, dataset, about, checkpoint, fit, pictures=pictures)


def train_beside(
    recipe: Recipe, dataset: Dataset, ranks: Ranks, *, start: Network | None = None, workers: int | None = None
) -> None:
    """What the other ranks do while rank 0 calls `train_recipe`: they train with it, and write nothing.

    Raises:
        RecipeError, InputError, DivergenceError, RankError: as `fit`.
    """
    network, recipe = recipe.make_network(dataset), recipe.settled(dataset)
    minutes = recipe.training.checkpoint_minutes
    checkpoint = Checkpoint(CHECKPOINT, minutes=minutes)  # which saves nothing, but gives rank 0 its part of the state
    recipe.fit(dataset, network=network, start=start, callbacks=[checkpoint], workers=workers, ranks=ranks)


def resume_beside(run: Unfinished, dataset: Dataset, ranks: Ranks, *, workers: int | None = None) -> None:
    """What the other ranks do while rank 0 calls `resume_run`; they read the checkpoint, and write nothing.

    Raises:
        CheckpointError, InputError, DivergenceError, RankError: as `resume_run`.
    """
    folder, recipe = run.folder, run.recipe
    begins = not (folder / CHECKPOINT).is_file() and (folder / START).is_file()
    start = load_network(folder / START) if begins else None
    checkpoint = Checkpoint(folder / CHECKPOINT, minutes=recipe.training.checkpoint_minutes, longer=run.longer)
    recipe.fit(dataset, start=start, callbacks=[checkpoint], workers=workers, ranks=ranks)


def _begin(folder: Path, recipe: Recipe, about: dict[str, Any], dataset: Dataset, start: Network | None = None) -> None:
    """Write what is known of a run before it trains."""
    write_whole(folder / RECIPE, to_toml(recipe.to_table()).encode())
    begins_with = environment() | {"data": about["data"] if dataset.schema else {}}
    if start is not None:
        begins_with["start"] = START
        save_network(start, folder / START)
    write_json(folder / ENVIRONMENT, begins_with)


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
    """Train, and write the results.

    Args:
        about: what the model file says besides the network.
        fit: `recipe.fit` with all arguments but data and callbacks.
    """
    try:
        _, history = fit(dataset, callbacks=[checkpoint, _Log(folder, recipe)])
    except DivergenceError:
        with writing_to(folder):
            save_network(network, folder / MODEL, about=about)
        raise
    return _finish(folder, network, history, dataset, about, pictures=pictures)


def _finish(
    folder: Path, network: Network, history: History, dataset: Dataset, about: dict[str, Any], *, pictures: bool
) -> Run:
    """Save the network that a training gave, measure it on the test split, and write the results."""
    with writing_to(folder):
        save_network(network, folder / MODEL, about=about)  # now the network is safe, whatever fails later
    measure: Measure = partial(evaluate if dataset.classes else evaluate_regression, network)
    result = evaluate(network, dataset.test) if dataset.classes else evaluate_regression(network, dataset.test)
    reported = pictures and plots.available()
    judgement = _judge(dataset, measure, about, columns=reported)
    about["training"] = {"epochs": len(history), "kept_epoch": history.kept_epoch}
    about["test"] = result.figures
    with writing_to(folder):
        save_network(network, folder / MODEL, about=about)
        drawn = draw(folder / PICTURES, network, history, result, dataset.test.x) if reported else []
        # Without a checkpoint the run must begin again, and without an epoch it has no result yet.
        if not history.interrupted or (len(history) and (folder / CHECKPOINT).is_file()):
            # Last, because a run with this file is finished.
            write_json(folder / EVALUATION, result.to_table() | judgement)
        (folder / f"{CHECKPOINT}.part").unlink(missing_ok=True)
        if reported:
            write_report(read_run(folder), network, dataset=dataset, evaluation=result)
    return Run(folder, network, history, result, drawn, judgement)


def _judge(dataset: Dataset, measure: Measure, about: dict[str, Any], *, columns: bool) -> dict[str, Any]:
    """Of a table, the figures of simpler ways to predict and, if they are wanted, how important its columns are."""
    if dataset.schema is None or dataset.test.y is None:
        return {}
    data = dataset.test.x, dataset.test.y
    judgement = {"baselines": baselines(data, dataset.schema, about["data"]["usual"], dataset)}
    return judgement | ({"importance": importance(data, dataset.schema, measure)} if columns else {})


def about_model(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """What a model file says besides the network: the recipe, and what prediction must know about the data."""
    return {"recipe": recipe.settled(dataset).to_table(), **_about_data(dataset)}


def _about_data(dataset: Dataset) -> dict[str, Any]:
    if dataset.schema and dataset.train.targets is not None:
        checksum = digest(dataset.train.inputs, dataset.train.targets)
        usual = usual_answer(dataset.train.targets[dataset.train.index], dataset.classes)
        return {"table": to_table(dataset.schema), "data": {"sha256": checksum, "usual": usual}}
    return {"data": {"white": dataset.white}}


def environment() -> dict[str, Any]:
    """What the bits of a result depend on, besides the recipe: versions, processor, BLAS."""
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
    """Writes the record of each epoch immediately, so that a crash loses none.

    When it starts, a checkpoint was restored successfully. Only then is a resumed run marked as unfinished, and its
    recipe replaced.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder, self.recipe = folder, recipe

    def on_start(self, training: Training) -> None:
        with writing_to(self.folder):
            write_whole(self.folder / RECIPE, to_toml(self.recipe.to_table()).encode())
            (self.folder / EVALUATION).unlink(missing_ok=True)
            training.history.save(self.folder / HISTORY)  # a resumed run may have logged epochs after its checkpoint

    def on_epoch(self, training: Training) -> None:
        with writing_to(self.folder), (self.folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(to_line(training.history.records[-1]))


def check_data(dataset: Dataset, folder: Path) -> None:
    """Raise RunError if the run began on a table with other contents."""
    original = read_environment(folder).get("data")
    if isinstance(original, dict) and original.get("sha256") != _about_data(dataset)["data"].get("sha256"):
        raise RunError(f"{folder}: the table {dataset.name} has changed since this run began: start a new run")
