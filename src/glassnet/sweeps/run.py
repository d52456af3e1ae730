"""Runs a sweep: begins it or goes on with it, trains its trials, and measures the best network at the end."""

import math
import platform
import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.data.dataset import Dataset
from glassnet.nn.errors import require
from glassnet.nn.settings import whole
from glassnet.nn.threads import processors
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.claim import alone, is_claimed
from glassnet.runs.folder import EVALUATION, RunError, read_run
from glassnet.runs.run import resume_run
from glassnet.runs.unfinished import find_unfinished
from glassnet.sweeps.jobs import Job, run_jobs
from glassnet.sweeps.results import best_of, write_results
from glassnet.sweeps.space import space_of
from glassnet.sweeps.storage import RUNS, check_installed, check_storage, open_study, told, url_of
from glassnet.sweeps.sweep import Sweep, read_sweep
from glassnet.sweeps.training import Listener, monitor_of, train_trial
from glassnet.sweeps.trials import HOST, Trial, Trials, run_name

MOST = 10_000  # trials
LOOK = 1.0  # seconds between two looks at what other machines do
DIGEST = "sweep"  # the attribute of Optuna's list that holds the checksum of sweep and data


@dataclass(frozen=True)
class Swept:
    """What a sweep has found.

    Attributes:
        folder: of the sweep.   trials: all trials, by their numbers.
        best: the best complete one; None if none is complete.
        recipe: the recipe with the best settings.   run: the run folder of the best; it may be on another machine.
        evaluation: the figures of the best network on the test split; empty until the sweep is finished.
        looks: how many networks of this folder were measured on the test split: one, unless the sweep was made longer.
    """

    folder: Path
    trials: list[Trial]
    best: Trial | None
    recipe: Recipe
    run: Path | None
    evaluation: dict[str, Any]
    looks: int

    @property
    def untested(self) -> str:
        """Why the best network was not measured on the test split, if it was not."""
        running = sum(trial.state == "running" for trial in self.trials)
        if self.best is None:
            return "no trial is complete"
        if running:
            return f"it waits for {running} of the trials, which run elsewhere"
        if self.run is None or not self.run.is_dir():
            host = self.best.attributes.get(HOST, "another machine")
            return f"the best network is measured where its run is, on {host}"
        return "it waits for the other trials: the same command goes on"


def sweep(
    recipe: Recipe | str | Path,
    search: dict[str, Any],
    *,
    trials: int = 40,
    jobs: int = 1,
    seed: int = 0,
    minutes: float | None = None,
    out: str | Path | None = None,
    storage: str | None = None,
    dataset: Dataset | None = None,
    workers: int | None = None,
    pictures: bool = True,
    progress: Listener | None = None,
) -> Swept:
    """Train a recipe many times, with settings that are chosen by how the others did; find the best on validation data.

        gn.sweep("classic", {"optimizer.lr": "log(1e-3, 1)", "network.hidden": [[64], [128], [256, 64]]}, trials=20)

    The same call goes on with a sweep that was broken off. Trained one after the other, its trials are then the same as
    if it had never stopped; with several jobs or machines, which settings are tried depends on who is ready first.

    Args:
        recipe: a recipe, the name of one, or a TOML file.
        search: for each setting, by its dotted key, a range such as "log(1e-3, 1)", or a list of choices.
        trials: how many, all together.   jobs: how many at once, each a process.
        seed: of the settings that are drawn. The trials themselves have the seed of the recipe.
        minutes: after so many no trial begins; those that run are finished.
        out: the folder of the sweep; sweeps/RECIPE-DATA by default.
        storage: a PostgreSQL database that keeps the trials, postgresql://USER@HOST/DATABASE, so that several machines
            can share them; by default what GLASSNET_STORAGE names, or a file in the folder.
        dataset: the data, if they are loaded already. With several jobs each loads those that the recipe names.
        workers: of each training; by default the jobs share the processors.
        pictures: whether to draw pictures and write the report, if Matplotlib is installed.
        progress: called with what happens, as a table of plain values with the keys "event" and "trial".

    Raises:
        RecipeError, InputError: the search does not fit the recipe, or the recipe the data.
        RunError: the folder holds something else.   StorageError: Optuna or the database is missing, or fails.
        JobError: a job has failed.
    """
    check_installed()
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    trials, jobs = whole(trials, "trials", 1), whole(jobs, "jobs", 1)
    require(trials <= MOST, f"trials: expected at most {MOST:,}, got {trials:,}")
    require(jobs <= 1_000, f"jobs: expected at most 1,000, got {jobs:,}")
    require(minutes is None or 0 < minutes < math.inf, f"minutes: expected more than 0, got {minutes}")
    until = math.inf if minutes is None else time.time() + 60 * minutes
    wanted, url = Sweep(recipe, space_of(search), seed), url_of(storage)
    data = recipe.data.load() if dataset is None else dataset
    wanted.check(data)
    folder = folder_of(recipe, data, out)
    listener = progress or (lambda event: None)
    check_storage(folder, url)
    with ExitStack() as stack:
        if url is None:
            wanted.begin(folder)
            stack.enter_context(alone(folder))
        known = open_trials(wanted, data, folder, url, new=True)
        if url is not None:
            wanted.begin(folder)
        else:
            known.repeat_dead(alone=True, most=trials, host=platform.node(), folder=folder / RUNS)
        listener(_known(known.all(), rises=monitor_of(data).endswith("accuracy")))
        try:
            if jobs == 1:
                train_trials(wanted, known, data, folder, most=trials, until=until, workers=workers, listener=listener)
            else:
                share = workers or max(1, processors() // jobs)
                run_jobs(Job(str(folder), trials, until, share), jobs, listener, url)
        finally:
            write_results(wanted, known, data, folder, pictures=pictures)
        return _finish(wanted, known, data, folder, trials, until, pictures=pictures, listener=listener)


def folder_of(recipe: Recipe, dataset: Dataset, out: str | Path | None) -> Path:
    """The folder of a sweep."""
    return Path("sweeps") / f"{recipe.name}-{Path(dataset.name).stem}" if out is None else Path(out)


def open_trials(sweep: Sweep, dataset: Dataset, folder: Path, url: str | None, *, new: bool) -> Trials:
    """The trials of a sweep.

    Args:
        url: of the database that keeps them, if one does.   new: as in `open_study`.

    Raises:
        StorageError: as `open_study`.   RunError: the trials that are kept there are of another sweep, or other data.
    """
    rises = monitor_of(dataset).endswith("accuracy")
    study = open_study(
        folder, folder.resolve().name, rises=rises, url=url, new=new, epochs=sweep.recipe.training.epochs
    )
    with told(url):
        digest, kept = sweep.digest(dataset), study.user_attrs.get(DIGEST)
        if kept is None:
            study.set_user_attr(DIGEST, digest)
    if kept not in (None, digest):
        where = folder if url is None else f"the sweep {study.study_name!r} in the database"
        raise RunError(f"{where}: its recipe, search, seed or data are others: name another folder")
    return Trials(study, sweep.space, sweep.seed, url)


def work(folder: Path, *, most: int, until: float, workers: int, listener: Listener) -> None:
    """What a job does: it trains trials of the sweep in this folder until there are enough."""
    wanted, url = read_sweep(folder), url_of(None)
    data = wanted.recipe.data.load()
    known = open_trials(wanted, data, folder, url, new=False)
    train_trials(wanted, known, data, folder, most=most, until=until, workers=workers, listener=listener)


def train_trials(
    sweep: Sweep,
    trials: Trials,
    dataset: Dataset,
    folder: Path,
    *,
    most: int,
    until: float,
    workers: int | None,
    listener: Listener,
) -> None:
    """Train trials, one after the other, until there are enough or the time is over.

    Where a database keeps them, trials of machines that have died are repeated, and those that run elsewhere are
    waited for.
    """
    host, runs = platform.node(), folder / RUNS
    while time.time() < until:
        elsewhere = trials.repeat_dead(alone=False, most=most, host=host, folder=runs) if trials.url else []
        begun = trials.begin(most, host)
        if begun is None and not elsewhere:
            return
        if begun is None:
            listener({"event": "waits", "trial": elsewhere[0].number, "running": len(elsewhere)})
            time.sleep(LOOK)
            continue
        trial, attempt = begun
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="this training has failed")  # some of many trials do
                train_trial(
                    sweep.recipe, dataset, runs, trial, attempt, listener=listener, workers=workers, url=trials.url
                )
        except KeyboardInterrupt:
            trials.repeat(trial)
            raise


def _known(trials: list[Trial], *, rises: bool) -> dict[str, Any]:
    """The event that says what is known already."""
    best = best_of(trials, rises=rises)
    return {
        "event": "known",
        "done": sum(trial.finished for trial in trials),
        "best": None if best is None else best.value,
    }


def _finish(
    sweep: Sweep,
    trials: Trials,
    dataset: Dataset,
    folder: Path,
    most: int,
    until: float,
    *,
    pictures: bool,
    listener: Listener,
) -> Swept:
    """Measure the best network on the test split, if all trials have ended and it is here."""
    found = trials.begun()
    best = best_of(found, rises=monitor_of(dataset).endswith("accuracy"))
    ended = sum(trial.finished for trial in found)
    over = ended >= most or time.time() >= until
    run = None if best is None else folder / RUNS / run_name(best.number)
    evaluation: dict[str, Any] = {}
    if best and run and run.is_dir() and over and not any(trial.state == "running" for trial in found):
        listener({"event": "measures", "trial": best.number})
        evaluation = _measure(run, dataset, pictures=pictures)
        write_results(sweep, trials, dataset, folder, pictures=pictures)
    looks = len(list((folder / RUNS).glob(f"*/{EVALUATION}")))
    recipe = sweep.recipe if best is None else sweep.recipe.changed(best.settings)
    return Swept(folder, found, best, recipe, run, evaluation, looks)


def _measure(run: Path, dataset: Dataset, *, pictures: bool) -> dict[str, Any]:
    """The figures of a trained run on the test split; it is measured once, whoever asks."""
    while not (run / EVALUATION).is_file():
        if is_claimed(run):  # another process is measuring it
            time.sleep(LOOK)
            continue
        try:
            resume_run(find_unfinished(run), dataset, pictures=pictures)
        except RunError:
            if not (run / EVALUATION).is_file():  # else another process was faster
                raise
    return read_run(run).evaluation
