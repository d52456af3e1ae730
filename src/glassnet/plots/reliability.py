"""The reliability diagram: accuracy by confidence."""

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.plots.figure import QUIET, TRAINING, empty_figure
from glassnet.train.calibration import Reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability(measured: dict[str, Reliability]) -> "Figure":
    """The accuracy of the answers in each bin of probability, one diagram for each name.

    The blue part of a bar is the fraction of correct answers. It is light blue above the mean probability. Red is the
    gap from the accuracy up to the mean probability. If blue ends at the diagonal, the probabilities are calibrated.
    Below, on a logarithmic scale, is the number of answers in each bar: a bar of few answers means little.

    Args:
        measured: the results of `train.calibration.reliability`, by the title of the diagram.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    figure = empty_figure(4.4 * len(measured), 5.8)
    panels = figure.subplots(2, len(measured), squeeze=False, sharex=True, sharey="row", height_ratios=[3, 1])
    style: dict[str, Any] = {"align": "edge", "edgecolor": "white", "linewidth": 0.8}
    for (name, r), upper, lower in zip(measured.items(), *panels, strict=True):
        left, width = r.edges[:-1], np.diff(r.edges)
        common = np.fmin(r.accuracy, r.confidence)
        upper.bar(left, common, width, color=TRAINING, label="right", **style)
        for gap, colour, label in (
            (r.accuracy - r.confidence, "#8fbbe0", "right, but not so sure"),
            (r.confidence - r.accuracy, "#e9b3b5", "sure, but not right"),
        ):
            upper.bar(left, np.fmax(gap, 0), width, bottom=common, color=colour, label=label, **style)
        upper.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1)
        upper.set(xlim=(0, 1), ylim=(0, 1), title=f"{name}: expected calibration error {r.error:.2%}")
        lower.bar(left, r.count, width, color=QUIET, **style)
        lower.set_yscale("log")
        lower.set_ylim(bottom=0.7)
        lower.set_xlabel("largest probability")
        for axes in (upper, lower):
            axes.spines[["top", "right"]].set_visible(False)
    panels[0, 0].set_ylabel("fraction that is right")
    panels[1, 0].set_ylabel("answers")
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    return figure
