"""The report of a sweep: its folder on one page, which needs no other file, no internet and no script."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.recipes.toml import as_text
from glassnet.runs.folder import EVALUATION, read_run
from glassnet.runs.html import Html, element, picture, section, table, together
from glassnet.runs.report import PAGE
from glassnet.sweeps.storage import RUNS
from glassnet.sweeps.sweep import Sweep
from glassnet.sweeps.trials import Trial, run_name
from glassnet.version import __version__

WORDS = {
    "trials": "The value of each trial on validation data, and the best so far. A cross is a trial that was pruned: "
    "its last value.",
    "importance": "How much of the differences between the complete trials each setting accounts for (PED-ANOVA, as "
    "Optuna computes it).",
}


def sweep_report(
    sweep: Sweep,
    trials: Sequence[Trial],
    best: Trial | None,
    figures: Mapping[str, Any],
    dataset: Dataset,
    folder: Path,
) -> str:
    """The page as text.

    Args:
        trials: all of them.   best: the best complete one.   figures: from `results.draw`.   folder: of the sweep.
    """
    title = f"{folder.resolve().name}: a sweep of {sweep.recipe.name} on {Path(dataset.name).name}"
    classes = bool(dataset.classes)
    parts = {"Best settings": _best(sweep, best, folder)} if best else {}
    if figures:
        parts["Values"] = _figure("trials", figures["trials"])
        settings = [_figure(key, figures[key], class_="curve") for key in sweep.space]
        parts["Settings"] = element("div", *settings, class_="pictures")
    if "importance" in figures:
        parts["Importance"] = _figure("importance", figures["importance"])
    parts["Trials"] = _trials(sweep, trials, classes=classes)
    names = {part: part.lower().replace(" ", "-") for part in parts}
    links = (element("a", part, href=f"#{names[part]}") for part in parts)
    head = [element("h1", title), element("p", *_verdict(trials, best, folder, classes=classes), class_="verdict")]
    body = [
        element("header", *head, element("nav", *links, aria_label="Sections")),
        element("main", *(section(names[part], part, html) for part, html in parts.items())),
    ]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(title), version=__version__, body=together(body)
    )


def shown_value(value: float | None, *, classes: bool) -> str:
    """A value of a trial as people read it: an accuracy in %, a loss as a number."""
    if value is None:
        return ""
    return f"{100 * value:.2f} %" if classes else f"{value:.4g}"


def _verdict(trials: Sequence[Trial], best: Trial | None, folder: Path, *, classes: bool) -> Iterable[object]:
    pruned = sum(trial.state == "pruned" for trial in trials)
    counts = f"{len(trials)} trials, {sum(t.state == 'complete' for t in trials)} complete and {pruned} ended early."
    if best is None:
        return (f"No trial is complete yet: {counts}",)
    what = "accuracy" if classes else "loss"
    value = element("strong", shown_value(best.value, classes=classes))
    return value, f"is the best validation {what}, of trial {best.number}. {counts} ", _tested(best, folder)


def _tested(best: Trial, folder: Path) -> str:
    run = folder / RUNS / run_name(best.number)
    if not (run / EVALUATION).is_file():
        return "The test split has not been used yet: it measures the best network when the sweep is finished."
    figures = read_run(run).evaluation
    if "accuracy" in figures:
        return f"On the test split, which no trial has seen, it is {100 * figures['accuracy']:.2f} % right."
    return f"On the test split, which no trial has seen, it has an R2 of {figures.get('r2') or 0:.3f}."


def _best(sweep: Sweep, best: Trial, folder: Path) -> Html:
    rows = [(key, element("td", element("code", as_text(best.settings[key])))) for key in sweep.space]
    command = f"glassnet train {shlex.quote(str(folder / 'best.toml'))} --seed 1"
    return together(
        [
            table("The searched settings of the best trial", ["setting", "value"], rows, class_="code"),
            element(
                "p",
                "The best of many trials is partly the luckiest. Train its settings from other seeds, and compare:",
                class_="note",
            ),
            element("pre", element("code", command)),
        ]
    )


def _figure(name: str, figure: Any, *, class_: str = "figure") -> Html:
    words = WORDS.get(name, f"Each trial's value against {name}.")
    return picture(plots.as_svg(figure), words, words, class_=class_)


def _trials(sweep: Sweep, trials: Sequence[Trial], *, classes: bool) -> Html:
    what = "accuracy" if classes else "loss"
    rows = []
    for trial in trials:
        known = trial.attributes
        settings = [as_text(trial.settings[key]) if key in trial.settings else "" for key in sweep.space]
        how = known.get("ended", trial.state)
        value = shown_value(trial.last_value, classes=classes)
        rows.append([trial.number, value, known.get("epochs", ""), *settings, how])
    head = ["trial", f"validation {what}", "epochs", *sweep.space, "ended"]
    return table("All trials", head, rows)
