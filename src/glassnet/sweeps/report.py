"""The report of a sweep: its folder on one page, which needs no other file, no internet and no script."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.progress import value_text
from glassnet.recipes.toml import inline
from glassnet.runs.folder import EVALUATION, read_run
from glassnet.runs.html import Html, element, picture, section, table, together
from glassnet.runs.report import PAGE
from glassnet.sweeps.storage import RUNS
from glassnet.sweeps.sweep import Sweep
from glassnet.sweeps.trials import Trial, run_name
from glassnet.train.metrics import accuracy_interval
from glassnet.version import __version__

WORDS = {
    "trials": "The value of each trial on validation data, and the best so far; of trials that ended early the last.",
    "importance": "How much each setting tells the best tenth of the complete trials from the others. The shares add "
    "up to 1 (PED-ANOVA, as Optuna computes it); with few trials they are rough.",
}
NEAR = 0.05  # of a range: a value so near to an end may be better beyond it


def sweep_report(
    sweep: Sweep,
    trials: Sequence[Trial],
    best: Trial | None,
    own: Trial | None,
    figures: Mapping[str, Any],
    dataset: Dataset,
    folder: Path,
) -> str:
    """The page as text.

    Args:
        trials: all of them.   best: the best complete one.   own: that with the settings of the recipe.
        figures: from `results.draw`.   folder: of the sweep.
    """
    title = f"{folder.resolve().name}: a sweep of {sweep.recipe.name} on {Path(dataset.name).name}"
    rises = bool(dataset.classes)
    parts = {"Best settings": _best(sweep, best, folder)} if best else {}
    if figures:
        parts["Values"] = _figure("trials", figures["trials"])
        settings = [_figure(key, figures[key]) for key in sweep.space]
        parts["Settings"] = element("div", *settings, class_="pictures")
    if "importance" in figures:
        parts["Importance"] = _figure("importance", figures["importance"])
    parts["Trials"] = _trials(sweep, trials, best, rises=rises)
    names = {part: part.lower().replace(" ", "-") for part in parts}
    links = (element("a", part, href=f"#{names[part]}") for part in parts)
    head = [element("h1", title), *_verdict(sweep, trials, best, own, dataset, folder)]
    body = [
        element("header", *head, element("nav", *links, aria_label="Sections")),
        element("main", *(section(names[part], part, html) for part, html in parts.items())),
    ]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(title), version=__version__, body=together(body)
    )


def counts(trials: Sequence[Trial]) -> str:
    """How the trials have ended, in words: `29 complete, 11 pruned`."""
    states = dict.fromkeys(("complete", *(trial.state for trial in trials)), 0)
    for trial in trials:
        states[trial.state] += 1
    return ", ".join(f"{count} {state}" for state, count in states.items())


def uncertain(value: float, dataset: Dataset) -> str:
    """A value of a trial with half of its 95 % interval, where it is an accuracy."""
    if not dataset.classes:
        return value_text(value, rises=False)
    low, high = accuracy_interval(value, len(dataset.validation))
    return f"{100 * value:.2f} ± {50 * (high - low):.2f} %"


def ends(sweep: Sweep, best: Trial) -> list[str]:
    """The searched settings whose best value lies near an end of their range, so that better ones may lie beyond."""
    return [key for key, search in sweep.space.items() if search.is_near_end(best.settings[key], NEAR)]


def _verdict(
    sweep: Sweep, trials: Sequence[Trial], best: Trial | None, own: Trial | None, dataset: Dataset, folder: Path
) -> Iterable[Html]:
    how = f"{len(trials)} trials: {counts(trials)}. {sweep.recipe.training.epochs} epochs each, seed {sweep.seed}."
    if best is None or best.value is None:
        yield element("p", "No trial is complete yet.", class_="verdict")
        yield element("p", how, class_="note")
        return
    what = "accuracy" if dataset.classes else "loss"
    figures = _tested(best, folder)
    if figures is None:
        yield element(
            "p", "The best network is measured on the test split when the sweep is finished.", class_="verdict"
        )
    else:
        strong = element("strong", figures)
        yield element(
            "p", strong, "on the test split, which no trial has seen: the network of the best trial.", class_="verdict"
        )
    stands = f" The recipe as it stands: {uncertain(own.value, dataset)}." if own and own.value is not None else ""
    yield element(
        "p",
        f"Best validation {what}: {uncertain(best.value, dataset)}, trial {best.number}.{stands} {how}",
        class_="note",
    )


def _tested(best: Trial, folder: Path) -> str | None:
    """The figure of the best network on the test split; None if it was not measured yet, or elsewhere."""
    run = folder / RUNS / run_name(best.number)
    if not (run / EVALUATION).is_file():
        return None
    figures = read_run(run).evaluation
    if "accuracy" in figures:
        return f"{100 * figures['accuracy']:.2f} % right"
    r2 = figures.get("r2")
    return f"loss {figures['loss']:.4g}" if r2 is None else f"R2 {r2:.3f}"


def _best(sweep: Sweep, best: Trial, folder: Path) -> Html:
    rows = [
        (key, *(element("td", element("code", text)) for text in (inline(best.settings[key]), search.text())))
        for key, search in sweep.space.items()
    ]
    near = [
        element("p", f"{key} lies near the end of its range: better values may lie beyond.", class_="note")
        for key in ends(sweep, best)
    ]
    command = f"glassnet train {shlex.quote(str(folder / 'best.toml'))} --seed 1"
    note = "The best of many trials is partly the luckiest. Train its settings from other seeds, and compare:"
    return together(
        [
            table("Searched settings", ["setting", "best value", "searched in"], rows, class_="code"),
            *near,
            element("p", note, class_="note"),
            element("pre", element("code", command)),
        ]
    )


def _figure(name: str, figure: Any) -> Html:
    words = WORDS.get(name, f"The value of each trial against {name}.")
    return picture(plots.as_svg(figure), words, words, class_="curve")


def _trials(sweep: Sweep, trials: Sequence[Trial], best: Trial | None, *, rises: bool) -> Html:
    rows = []
    for trial in trials:
        known = trial.attributes
        settings = [inline(trial.settings[key]) if key in trial.settings else "" for key in sweep.space]
        value = "" if trial.last_value is None else value_text(trial.last_value, rises=rises)
        state = "best" if trial is best else known.get("ended", trial.state)
        cells = [trial.number, value, known.get("epochs", ""), known.get("seconds", ""), *settings, state]
        rows.append(
            [element("td", element("b", cell)) if trial is best and k else cell for k, cell in enumerate(cells)]
        )
    head = ["trial", f"validation {'accuracy' if rises else 'loss'}", "epochs", "seconds", *sweep.space, "state"]
    return table("All trials", head, rows)
