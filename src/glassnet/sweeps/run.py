"""Runs a sweep: begins it or goes on with it, trains its trials, and measures the best network at the end."""

import math
import platform
import shutil
import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.data.dataset import Dataset
from glassnet.model.path import MODEL
from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import shown
from glassnet.nn.settings import whole
from glassnet.nn.threads import processors
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.claim import BusyError, alone, writing_to
from glassnet.runs.folder import EVALUATION, RunError, read_run
from glassnet.runs.run import resume_run
from glassnet.runs.unfinished import find_unfinished
from glassnet.sweeps.jobs import Job, run_jobs
from glassnet.sweeps.results import best_of, write_results
from glassnet.sweeps.space import own_settings, space_of
from glassnet.sweeps.storage import RUNS, LostError, check_installed, check_storage, open_study, storage_errors, url_of
from glassnet.sweeps.sweep import Sweep, read_sweep
from glassnet.sweeps.training import Listener, monitor_of, train_trial
from glassnet.sweeps.trials import PLACE, Trial, Trials, run_name

MOST = 10_000  # trials
MOST_JOBS = 1_000
LOOK = 1.0  # seconds between two looks at what other machines do
DIGEST, MEASURED = "digest", "measured"  # what the list of trials says of the sweep and its data, and of the test split


@dataclass(frozen=True, repr=False)
class Swept:
    """What a sweep has found.

    Attributes:
        folder: of the sweep.
        trials: all trials, by their numbers.
        best: the best complete one; None if none is complete.
        own: the trial with the recipe's own settings; None if they are not among those that are searched.
        recipe: the recipe with the best settings.
        run: the run folder of the best; it may be on another machine.
        evaluation: the figures of the best network on the test split; empty until the sweep is finished.
        measured: the trials whose networks were measured on it: one, unless the sweep went on after that.
        over: whether all trials have ended, or the time.
    """

    folder: Path
    trials: list[Trial]
    best: Trial | None
    own: Trial | None
    recipe: Recipe
    run: Path | None
    evaluation: dict[str, Any]
    measured: list[int]
    over: bool

    @property
    def untested(self) -> str:
        """Why the best network was not measured on the test split, if it was not."""
        running = sum(trial.state == "running" for trial in self.trials)
        if running:
            return f"it waits for {running} of the trials, which run elsewhere"
        if self.best and self.over:
            place = self.best.attributes.get(PLACE, "on another machine")
            if place == place_of(self.folder):
                return f"the run folder of the best trial is missing: {self.run}"
            return f"the best network is measured where its run is: {place}"
        return "it waits for the other trials"

    def __repr__(self) -> str:
        best = (
            f"best {self.best.value:.4g} with {self.best.settings}"
            if self.best and self.best.value is not None
            else "none complete"
        )
        return f"Swept({str(self.folder)!r}: {len(self.trials)} trials, {best})"


def sweep(
    recipe: Recipe | str | Path,
    search: dict[str, Any],
    *,
    settings: dict[str, Any] | None = None,
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
    """Train a recipe many times, with settings that are chosen by how the earlier ones did; find the best.

        gn.sweep("classic", {"optimizer.lr": "log(1e-3, 1)", "network.hidden": [[64], [128], [256, 64]]}, trials=20,
                 settings={"training.epochs": 10}, progress=gn.SweepBar())

    Trials are compared on validation data. The same call goes on with a sweep that was broken off. Trained one after
    the other, its trials are then the same as if it had never stopped; with several jobs or machines, which settings
    are tried depends on which trial ends first.

    Args:
        recipe: a recipe, the name of one, or a TOML file.
        search: for each setting, by its dotted key, a range such as "log(1e-3, 1)", or a list of choices.
        settings: other settings of the recipe, by dotted key: {"training.epochs": 10}.
        trials: how many, all together; of choices alone, each combination is trained once.
        jobs: how many at once, each a process of its own.
        seed: of the settings that are drawn. The trials themselves have the seed of the recipe.
        minutes: after so many no trial begins; those that run are finished.
        out: the folder of the sweep; sweeps/RECIPE-DATA by default.
        storage: a PostgreSQL database that keeps the trials, postgresql://USER@HOST/DATABASE, so that several machines
            can share them; by default what GLASSNET_STORAGE names, or a file in the folder.
        dataset: the data that the recipe names, if they are loaded already; jobs load them anew.
        workers: of each training; by default the jobs share the processors.
        pictures: whether to draw pictures and write the report, if Matplotlib is installed.
        progress: a function that gets a dict for each event, such as gn.SweepBar(). Its "event" is "known", "begins",
            "step", "ends", "lost", "waits" or "measures"; most have a "trial".

    Raises:
        RecipeError, InputError: the search does not fit the recipe, or the recipe the data; or no trial was complete.
        RunError: the folder holds something else.   StorageError: Optuna or the database is missing, or fails.
        JobError: a job has failed.
    """
    check_installed()
    require(
        isinstance(recipe, Recipe | str | Path), f"recipe: expected a name, a file or a Recipe, got {shown(recipe)}"
    )
    recipe = recipe.changed(settings or {}) if isinstance(recipe, Recipe) else load_recipe(recipe, settings=settings)
    trials, jobs = whole(trials, "trials", 1), whole(jobs, "jobs", 1)
    require(trials <= MOST, f"trials: expected at most {MOST:,}, got {trials:,}")
    require(jobs <= MOST_JOBS, f"jobs: expected at most {MOST_JOBS:,}, got {jobs:,}")
    is_time = minutes is None or (isinstance(minutes, int | float) and 0 < minutes < math.inf)
    require(is_time, f"minutes: expected more than 0, got {shown(minutes)}")
    workers = None if workers is None else whole(workers, "workers", 1)
    require(dataset is None or isinstance(dataset, Dataset), f"dataset: expected a gn.Dataset, got {shown(dataset)}")
    require(progress is None or callable(progress), f"progress: expected a function, got {shown(progress)}")
    require(
        out is None or (isinstance(out, str | Path) and str(out) != ""), f"out: expected a folder, got {shown(out)}"
    )
    until = math.inf if minutes is None else time.time() + 60 * minutes
    wanted, url = Sweep(recipe, space_of(search), seed), url_of(storage)
    data = recipe.data.load() if dataset is None else dataset
    wanted.check(data)
    folder = folder_of(recipe, data, out)
    listener = progress or (lambda event: None)
    with ExitStack() as stack:
        known, lock = _open(wanted, data, folder, url, stack)
        most = known.most(trials)
        if url is None:
            known.repeat_dead(alone=True, most=most)
        listener(_known(known.all(), most, rises=_rises(data)))
        try:
            if jobs == 1:
                train_trials(wanted, known, data, folder, most=most, until=until, workers=workers, listener=listener)
            else:
                share = workers or max(1, processors() // jobs)
                run_jobs(Job(str(folder), most, until, share), jobs, listener, url, lock)
            return _finish(wanted, known, data, folder, most, until, pictures=pictures, listener=listener)
        except BaseException:  # also Ctrl-C: what is known so far is written
            write_results(wanted, known, data, folder, pictures=pictures)
            raise


def _rises(dataset: Dataset) -> bool:
    """Whether higher values are better."""
    return monitor_of(dataset).endswith("accuracy")


def folder_of(recipe: Recipe, dataset: Dataset, out: str | Path | None) -> Path:
    """The folder of a sweep."""
    return Path("sweeps") / f"{recipe.name}-{Path(dataset.name).stem}" if out is None else Path(out)


def _open(sweep: Sweep, dataset: Dataset, folder: Path, url: str | None, stack: ExitStack) -> tuple[Trials, int | None]:
    """The trials of a sweep, whose folder is made if it is not there, and what locks the folder, if one file does.

    A database is asked first: where it refuses, no folder is left behind. A file is in the folder, which is locked.
    """
    check_storage(folder, url)
    if url is not None:
        known = open_trials(sweep, dataset, folder, url, alone=False)
        sweep.begin(folder)
        return known, None
    sweep.begin(folder)
    lock = stack.enter_context(alone(folder))
    return open_trials(sweep, dataset, folder, None, alone=True), None if lock is None else lock.fileno()


def place_of(folder: Path) -> str:
    """The folder of a sweep, as another machine would name it."""
    return f"{platform.node()}:{folder.resolve()}"


def open_trials(sweep: Sweep, dataset: Dataset, folder: Path, url: str | None, *, alone: bool) -> Trials:
    """The trials of a sweep.

    Args:
        url: of the database that keeps them, if one does.   alone: as in `open_study`.

    Raises:
        StorageError: as `open_study`.   RunError: the trials that are kept there are of another sweep, or other data.
    """
    epochs = sweep.recipe.training.epochs
    study = open_study(folder, rises=_rises(dataset), url=url, alone=alone, epochs=epochs)
    with storage_errors(url):
        digest, kept = sweep.digest(dataset), study.user_attrs.get(DIGEST)
        if kept is None:
            study.set_user_attr(DIGEST, digest)
    if kept not in (None, digest):
        where = folder if url is None else f"the sweep {study.study_name!r} in the database"
        raise RunError(f"{where}: its recipe, search, seed or data are others: name another folder")
    return Trials(study, sweep.space, sweep.seed, own=own_settings(sweep.space, sweep.recipe), url=url)


def work(folder: Path, *, most: int, until: float, workers: int, listener: Listener) -> None:
    """What a job does: it trains trials of the sweep in this folder until there are enough."""
    wanted, url = read_sweep(folder), url_of(None)
    data = wanted.recipe.data.load()
    try:
        known = open_trials(wanted, data, folder, url, alone=False)
    except RunError:
        raise RunError(
            f"{folder}: jobs load the data that the recipe names, {wanted.recipe.data.name}, and these are others than "
            "those of the sweep: expected 1 job, or the same data"
        ) from None
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
    while time.time() < until:
        if trials.url:
            trials.repeat_dead(alone=False, most=most)
        begun = trials.begin(most, place_of(folder))
        if begun is None:
            # Only now: another machine may have begun the last trial at this moment.
            left = (
                [trial for trial in trials.all() if not trial.finished and trial.number <= most] if trials.url else []
            )
            if not left:
                return
            listener({"event": "waits", "trial": left[0].number, "running": len(left)})
            time.sleep(LOOK)
            continue
        trial, runs = begun[0], folder / RUNS
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="this training has failed")  # some of many trials do
                train_trial(sweep, trials, begun, dataset, runs, listener=listener, workers=workers)
        except KeyboardInterrupt:
            trials.repeat(trial)
            raise
        except LostError:
            listener({"event": "lost", "trial": trial.number})
        except BusyError:
            if not trials.url:
                raise
            trials.repeat(trial)  # its first machine has only been silent, and trains it still
            listener({"event": "lost", "trial": trial.number})
            time.sleep(LOOK)


def _known(trials: list[Trial], most: int, *, rises: bool) -> dict[str, Any]:
    """The event that says how many trials there will be, and what is known already."""
    best, done = best_of(trials, rises=rises), sum(trial.finished for trial in trials)
    value = None if best is None else best.value
    return {"event": "known", "total": most, "done": done, "best": value, "rises": rises}


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
    """Measure the best network on the test split, if all trials have ended and it is here; write the results."""
    found = trials.begun()
    best = best_of(found, rises=_rises(dataset))
    running = any(trial.state == "running" for trial in found)
    over = (sum(trial.finished for trial in found) >= most or time.time() >= until) and not running
    if over and best is None:
        ended = next((str(trial.attributes["ended"]) for trial in found if "ended" in trial.attributes), "")
        ended = ended or ("the time was over" if time.time() >= until else "")
        raise InputError(f"{folder}: no trial was trained to its end{f': {ended}' if ended else ''}")
    run = None if best is None else folder / RUNS / run_name(best.number)
    evaluation: dict[str, Any] = {}
    measured = list(trials.study.user_attrs.get(MEASURED, []))
    if best and run and over and (run / MODEL).is_file():
        if not (run / EVALUATION).is_file():
            listener({"event": "measures", "trial": best.number})
        evaluation = _measure(run, dataset, pictures=pictures)
        if best.number not in measured:
            measured = [*measured, best.number]
            with storage_errors(trials.url):
                trials.study.set_user_attr(MEASURED, measured)
        with writing_to(folder):
            shutil.copyfile(run / MODEL, folder / MODEL)
    write_results(sweep, trials, dataset, folder, pictures=pictures)
    own = found[0] if trials.own and found else None
    recipe = sweep.recipe if best is None else sweep.recipe_with(best.settings)
    return Swept(folder, found, best, own, recipe, run, evaluation, measured, over)


def _measure(run: Path, dataset: Dataset, *, pictures: bool) -> dict[str, Any]:
    """The figures of a trained run on the test split; it is measured once, whoever asks."""
    while not (run / EVALUATION).is_file():
        try:
            resume_run(find_unfinished(run), dataset, pictures=pictures)
        except BusyError:  # another process measures it
            time.sleep(LOOK)
        except RunError:
            if not (run / EVALUATION).is_file():  # else another process was faster
                raise
    return read_run(run).evaluation
