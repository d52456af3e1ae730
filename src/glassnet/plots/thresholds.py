"""What the thresholds of a classifier of two classes give: the ROC curve, and precision by recall."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.nn.decision import Decision
from glassnet.nn.errors import InputError
from glassnet.nn.plain import brief
from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, empty_figure, without_formulas
from glassnet.train.metrics import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HALF = Decision(1, 0.5)


def thresholds(result: Evaluation) -> "Figure":
    """The ROC curve and the precision-recall curve of the rarer of two classes; the dot is what the model does.

    Raises:
        InputError: there are not two classes with examples.   PlotError: Matplotlib is not installed.
    """
    curve, positive = result.curve(), result.rare
    if curve is None:
        raise InputError("thresholds: expected two classes, each with examples")
    figure = empty_figure(8.6, 4.4)
    left, right = figure.subplots(1, 2)
    false, true = np.append(0, curve.false_positive_rate), np.append(0, curve.recall)
    area = float(np.trapezoid(true, false))
    share = curve.positives / (curve.positives + curve.others)
    left.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label="guessing")
    left.plot(false, true, color=TRAINING, linewidth=2, label=f"area {area:.4f}")
    left.set(xlabel="false positive rate", ylabel="recall", title="ROC curve")
    right.axhline(share, color=QUIET, linestyle="--", linewidth=1, label="guessing")
    precision = np.append(curve.precision[0], curve.precision)
    average = f"average {curve.average_precision:.4f}"
    right.step(true, precision, where="pre", color=TRAINING, linewidth=2, label=average)
    right.set(xlabel="recall", ylabel="precision", title="Precision and recall")
    least = (result.decision or HALF).least(positive)
    if reached := int((curve.thresholds >= least).sum()):
        at, said = reached - 1, f"threshold {least:.3g}"
        left.plot(curve.false_positive_rate[at], curve.recall[at], "o", color=VALIDATION, label=said)
        right.plot(curve.recall[at], curve.precision[at], "o", color=VALIDATION, label=said)
    for axes in (left, right):
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="best")
    figure.suptitle(without_formulas(f"Thresholds for {brief(result.classes[positive], 60)}"), fontsize=11)
    return figure


def column_importance(columns: list[str], mean: list[float], deviation: list[float], figure_of: str) -> "Figure":
    """How much of a figure is lost when each column is shuffled: a bar, with the deviation over the repeats.

    Args:
        figure_of: what is lost: accuracy or R2.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    figure = empty_figure(6.8, 0.9 + 0.26 * len(columns))
    axes = figure.subplots()
    names = [without_formulas(brief(name, 40)) for name in columns]
    places = np.arange(len(columns))
    axes.barh(places, mean, xerr=deviation, color=TRAINING, ecolor=QUIET, height=0.7)
    axes.axvline(0, color=QUIET, linewidth=1)
    axes.set(yticks=places, yticklabels=names, ylim=(len(columns) - 0.4, -0.6), xlabel=f"{figure_of} lost")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.3)
    return figure
