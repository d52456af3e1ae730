"""Figures of a regression: predictions against the truth, and the errors."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, empty_figure
from glassnet.train.regression import RegressionEvaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


BINS = 40  # largest number of bins of a histogram
MANY = 2000  # more dots are drawn as one image, because so many separate shapes slow down a browser


def predicted(result: RegressionEvaluation) -> "Figure":
    """Every example as a dot: truth on the x axis, prediction on the y axis; on the line both are the same."""
    figure = empty_figure(5.0, 5.0)
    axes = figure.subplots()
    both = np.concatenate([result.truth, result.predicted])
    margin = 0.04 * float(np.ptp(both)) or 1.0
    limits = (float(both.min()) - margin, float(both.max()) + margin)
    axes.plot(limits, limits, color=QUIET, linestyle="--", linewidth=1, label="prediction = truth")
    _dots(axes, result.truth, result.predicted)
    axes.set(xlim=limits, ylim=limits, xlabel="truth", ylabel="prediction", aspect="equal")
    axes.set_title(f"R2 {result.r2:.3f} on {len(result.truth):,} test examples", fontsize=11)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def residuals(result: RegressionEvaluation) -> "Figure":
    """The errors by prediction, and their histogram. A pattern in the errors shows what the network has not learned."""
    figure = empty_figure(8.6, 4.0)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
    left.axhline(0, color=QUIET, linestyle="--", linewidth=1)
    _dots(left, result.predicted, result.residuals)
    left.set(xlabel="prediction", ylabel="prediction - truth")
    left.set_title(f"mean absolute error {result.mean_absolute_error:.4g}", fontsize=11)
    left.grid(alpha=0.3)
    right.hist(
        result.residuals,
        bins=min(BINS, max(8, math.isqrt(len(result.residuals)))),
        orientation="horizontal",
        color=TRAINING,
        alpha=0.8,
    )
    right.axhline(float(result.residuals.mean()), color=VALIDATION, linewidth=2, label="mean")
    right.set(xlabel="examples")
    right.legend(frameon=False)
    return figure


def _dots(axes: Any, x: Array, y: Array) -> None:
    """A dot for each pair. Many dots become one image, with lighter dots, so that dense places are darker."""
    many = len(x) > MANY
    axes.plot(
        x,
        y,
        "o",
        color=TRAINING,
        alpha=0.15 if many else 0.6,
        markersize=3 if many else 5,
        markeredgewidth=0,
        rasterized=many,
    )
