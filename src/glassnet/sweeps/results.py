"""What a sweep leaves besides its runs: a table of the trials, the best recipe, pictures, and a report on one page."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.recipes.toml import as_text, inline, to_toml
from glassnet.runs.claim import writing_to
from glassnet.sweeps.report import sweep_report
from glassnet.sweeps.storage import quiet, storage_errors
from glassnet.sweeps.sweep import Sweep, write
from glassnet.sweeps.training import monitor_of
from glassnet.sweeps.trials import Trial, Trials

TABLE, BEST, PICTURES, REPORT = "trials.csv", "best.toml", "pictures", "report.html"
ENOUGH = 30  # complete trials, of which three are the best tenth


def best_of(trials: Sequence[Trial], *, rises: bool) -> Trial | None:
    """The complete trial with the best value; of several the one with the lowest loss, then the first. None if none is.

    Args:
        rises: whether higher values are better.
    """
    sign = -1 if rises else 1
    order = [
        (sign * trial.value, trial.attributes.get("loss", 0.0), trial.number)
        for trial in trials
        if trial.value is not None
    ]
    return next((trial for trial in trials if trial.number == min(order)[2]), None) if order else None


def write_results(sweep: Sweep, trials: Trials, dataset: Dataset, folder: Path, *, pictures: bool) -> None:
    """Write what is known so far.

    Raises:
        RunError: the folder cannot be written to.
    """
    found, monitor = trials.begun(), monitor_of(dataset)
    rises = monitor.endswith("accuracy")
    best = best_of(found, rises=rises)
    shares = importance(trials)
    with writing_to(folder):
        write(folder / TABLE, table(sweep, found, monitor))
        if best:
            recipe = sweep.recipe_with(best.settings).settled(dataset)
            write(folder / BEST, to_toml(recipe.to_table()))
        if not pictures or not plots.available():
            return
        figures = draw(sweep, found, best, shares, monitor)
        (folder / PICTURES).mkdir(exist_ok=True)
        for name, figure in figures.items():
            plots.save(figure, folder / PICTURES / f"{name}.png")
        own = found[0] if trials.own and found else None
        text = sweep_report(sweep, found, best, own, figures, dataset, folder)
        write(folder / REPORT, text)


def table(sweep: Sweep, trials: Sequence[Trial], monitor: str) -> str:
    """All trials as CSV: a row each, with a column for each searched setting."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["trial", "state", monitor, "kept_epoch", "epochs", "seconds", *sweep.space, "ended"])
    for trial in trials:
        known = trial.attributes
        settings = [inline(trial.settings[key]) if key in trial.settings else "" for key in sweep.space]
        value = "" if trial.last_value is None else repr(trial.last_value)
        figures = (known.get(key, "") for key in ("kept", "epochs", "seconds"))
        rows.writerow([trial.number, trial.state, value, *figures, *settings, known.get("ended", "")])
    return text.getvalue()


def importance(trials: Trials) -> dict[str, float]:
    """How much each setting tells the best tenth of the complete trials from the others, largest first.

    The shares add up to 1. They are empty below ENOUGH complete trials.

    Source: Watanabe et al. 2023, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces", as Optuna computes it.
    """
    import optuna

    complete = [trial for trial in trials.all() if trial.value is not None]
    if len(complete) < ENOUGH or len({trial.value for trial in complete}) == 1 or len(trials.space) == 1:
        return {}
    with storage_errors(trials.url), quiet():
        return dict(optuna.importance.get_param_importances(trials.study))


def draw(
    sweep: Sweep, trials: Sequence[Trial], best: Trial | None, shares: dict[str, float], monitor: str
) -> dict[str, Any]:
    """Every picture of a sweep, by its name: values, each setting, importance."""
    rises = monitor.endswith("accuracy")
    shown = [trial for trial in trials if trial.finished and trial.last_value is not None]
    if not shown:
        return {}
    scale, title = (100, "validation accuracy (%)") if rises else (1, "validation loss")
    points = [plots.Point(t.number, scale * (t.last_value or 0.0), t.state != "complete", t is best) for t in shown]
    figures = {"trials": plots.trials(points, title=title, rises=rises)}
    for key, search in sweep.space.items():
        values = [as_text(trial.settings[key]) if search.choices else trial.settings[key] for trial in shown]
        figures[key] = plots.setting(
            key, values, points, title=title, rises=rises, log=search.log, choices=search.choices
        )
    return figures | ({"importance": plots.importance(shares)} if shares else {})
