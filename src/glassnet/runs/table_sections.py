"""Makes the sections of a report on a table; a section is None if the run has no data for it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from glassnet import plots
from glassnet.data.dataset import Dataset
from glassnet.nn.decision import Decision
from glassnet.nn.plain import brief
from glassnet.runs.folder import SavedRun
from glassnet.runs.html import Html, element, picture, table, together
from glassnet.runs.sections import MANY, amounts, percent
from glassnet.tables.summary import Summary
from glassnet.train.metrics import Evaluation, mean_and_deviation
from glassnet.train.regression import RegressionEvaluation

WORST_ROWS, WORST_COLUMNS = 12, 10
MANY_BARS = 40
LONGEST_CELL = 40  # characters


def baselines(
    run: SavedRun, dataset: Dataset | None, evaluation: Evaluation | RegressionEvaluation | None
) -> Html | None:
    """The network beside simpler ways to predict, on the same test examples."""
    if not run.evaluation.get("baselines"):
        return None
    forms = _forms(amounts(dataset))
    rows = [{"name": "this network", **run.evaluation}, *run.evaluation["baselines"]]
    keys = [key for key in forms if any(row.get(key) is not None for row in rows)]
    cells = (
        [brief(row["name"]), *("" if row.get(key) is None else forms[key][1](row[key]) for key in keys)] for row in rows
    )
    note = "Use the network only where it is better than these baselines, on the same test examples."
    if isinstance(evaluation, Evaluation) and evaluation.decision:
        note += " It has a threshold of its own, and they predict the more probable class: compare by ROC AUC."
    grid = table("The network and its baselines", ("", *(forms[key][0] for key in keys)), cells)
    return together([element("p", note, class_="note"), grid])


def folds(run: SavedRun, dataset: Dataset | None) -> Html | None:
    """The figures of a cross-validation: mean and deviation, and each fold of the network."""
    ways = run.evaluation.get("folds")
    if not ways:
        return None
    forms = _forms(amounts(dataset))
    keys = [key for key in forms if any(key in way for way in ways)]
    count = len(next(iter(ways[0][key] for key in keys)))
    rows = []
    for way in ways:
        figures = [(forms[key][1], *mean_and_deviation(way[key])) if key in way else None for key in keys]
        rows.append(["" if f is None else f"{f[0](f[1])} ± {f[0](f[2])}" for f in figures])
    named = [(brief(way["name"]), *row) for way, row in zip(ways, rows, strict=True)]
    grid = table(f"Mean and deviation of {count} folds", ("", *(forms[key][0] for key in keys)), named)
    each = table(
        "This network in each fold",
        ("fold", *map(str, range(1, count + 1))),
        ((forms[key][0], *(forms[key][1](value) for value in ways[0][key])) for key in keys if key in ways[0]),
    )
    note = f"Every row is tested once, by one of {count} networks that has not seen it."
    return together([element("p", note, class_="note"), grid, each])


def columns(summary: Summary | None, *, private: bool) -> Html | None:
    """What the columns of a table hold, and how they are written; without examples if they are private."""
    if summary is None:
        return None
    head = ("column", "kind", "written", "holds")[: 3 if private else 4]
    rows = [tuple(map(brief, column[: len(head)])) for column in summary.columns[:MANY]]
    more = len(summary.columns) - MANY
    notes = [f"The file: {note}." for note in summary.notes] + ([f"And {more:,} columns more."] if more > 0 else [])
    grid = table("What each column holds", head, rows, class_="texts")
    return together([grid, *(element("p", brief(note)) for note in notes)])


def importance(run: SavedRun) -> Html | None:
    """How much worse the network gets when a column is shuffled."""
    rows = run.evaluation.get("importance", [])[:MANY_BARS]
    if not rows:
        return None
    figure = "ROC AUC" if "roc_auc" in run.evaluation else "accuracy" if "accuracy" in run.evaluation else "R2"
    names, mean, deviation = ([row[key] for row in rows] for key in ("column", "mean", "deviation"))
    svg = plots.as_svg(plots.column_importance(names, mean, deviation, figure))
    lost = "; ".join(f"{brief(row['column'], LONGEST_CELL)} {row['mean']:.4f}" for row in rows)
    note = (
        f"The cells of one column are shuffled over the test examples, and {figure} is measured again, five times. A "
        "column that the network does not need has about 0. If two columns carry the same information, both may have "
        "about 0."
    )
    more = len(run.evaluation["importance"]) - len(rows)
    parts = [element("p", note, class_="note"), picture(svg, f"{figure} lost when a column is shuffled: {lost}")]
    return together(parts + ([element("p", f"And {more:,} columns that matter less.")] if more else []))


def thresholds(evaluation: Evaluation | RegressionEvaluation | None) -> Html | None:
    """For two classes, the ROC curve and the precision-recall curve."""
    if not isinstance(evaluation, Evaluation) or (found := evaluation.curve()) is None:
        return None
    names, positive = evaluation.classes, evaluation.rare
    decision = evaluation.decision or Decision(positive, 0.5)
    note = (
        f"The network {brief(decision.in_words(names))}. A lower threshold finds more of this class (recall), and "
        "raises more false alarms. The command glassnet threshold chooses it."
    )
    count = f"{found.positives:,} of {len(evaluation.truth):,} test examples are {brief(repr(names[positive]))}."
    average = f"precision by recall, on average {found.average_precision:.4f}"
    words = f"ROC curve with area {evaluation.roc_auc:.4f}; {average}"
    drawn = picture(plots.as_svg(plots.thresholds(evaluation)), words)
    return together([element("p", note, class_="note"), element("p", count, class_="note"), drawn])


def worst_rows(
    run: SavedRun, dataset: Dataset | None, evaluation: Evaluation | RegressionEvaluation | None
) -> Html | None:
    """The rows of a table that the network was most wrong about, with their cells, the important columns first."""
    if dataset is None or dataset.table is None or evaluation is None:
        return None
    amount, source = amounts(dataset), dataset.table
    if isinstance(evaluation, Evaluation):
        worst = evaluation.mistakes()[:WORST_ROWS]
        names = evaluation.classes
        words = [(names[evaluation.truth[i]], names[evaluation.predicted[i]], evaluation.sure(i)) for i in worst]
        head, note = ("", "truth", "predicted", "probability"), "The mistakes with the largest probability."
    else:
        errors = evaluation.residuals
        worst = np.argsort(-np.abs(errors), kind="stable")[:WORST_ROWS]
        words = [(amount(evaluation.truth[i]), amount(evaluation.predicted[i]), amount(errors[i])) for i in worst]
        head, note = ("", "truth", "predicted", "off by"), "The largest errors."
    if not len(worst):
        return None
    ranked = [row["column"] for row in run.evaluation.get("importance", ())]
    inputs = [column.name for column in dataset.schema.inputs]
    shown = sorted(inputs, key=lambda name: ranked.index(name) if name in ranked else len(ranked))[:WORST_COLUMNS]
    rows = []
    for i, said in zip(worst, words, strict=True):
        row = int(dataset.test.index[i])
        cells = (source.columns[name][row] for name in shown)
        where = source.place(row).removeprefix(f"{source.name}, ")
        rows.append([where, *(brief(text, LONGEST_CELL) for text in (*said, *cells))])
    titles = (brief(name, LONGEST_CELL) for name in shown)
    grid = table(f"Rows of {Path(source.name).name}", (*head, *titles), rows, class_="texts")
    more = len(inputs) - len(shown)
    notes = [note, f"Of {len(inputs):,} columns, the {len(shown)} that matter most." if more > 0 else ""]
    return together([element("p", " ".join(notes), class_="note"), grid])


def _forms(amount: Callable[[float], str]) -> dict[str, tuple[str, Callable[[float], str]]]:
    """The title of each figure, and how it is written."""
    return {
        "accuracy": ("accuracy", percent),
        "roc_auc": ("ROC AUC", "{:.4f}".format),
        "average_precision": ("average precision", "{:.4f}".format),
        "r2": ("R2", "{:.4f}".format),
        "mean_absolute_error": ("mean absolute error", amount),
        "root_mean_squared_error": ("root mean squared error", amount),
    }
