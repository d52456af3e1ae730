"""Figures of a regression: what was predicted against what is true, and by how much it was wrong."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, empty_figure
from glassnet.train.regression import RegressionEvaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def predicted(result: RegressionEvaluation) -> "Figure":
    """Every example as a dot, its truth to the right and its prediction upwards; on the line both are the same."""
    figure = empty_figure(5.0, 5.0)
    axes = figure.subplots()
    both = np.concatenate([result.truth, result.predicted])
    margin = 0.04 * float(np.ptp(both)) or 1.0
    limits = (float(both.min()) - margin, float(both.max()) + margin)
    axes.plot(limits, limits, color=QUIET, linestyle="--", linewidth=1, label="prediction = truth")
    axes.plot(result.truth, result.predicted, "o", color=TRAINING, alpha=0.6, markersize=5, markeredgewidth=0)
    axes.set(xlim=limits, ylim=limits, xlabel="truth", ylabel="prediction", aspect="equal")
    axes.set_title(f"R2 {result.r2:.3f} on {len(result.truth):,} test examples", fontsize=11)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def residuals(result: RegressionEvaluation) -> "Figure":
    """The errors by prediction, where a curve would show what the network has not learned, and how they spread."""
    figure = empty_figure(8.6, 4.0)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
    left.axhline(0, color=QUIET, linestyle="--", linewidth=1)
    left.plot(result.predicted, result.residuals, "o", color=TRAINING, alpha=0.6, markersize=5, markeredgewidth=0)
    left.set(xlabel="prediction", ylabel="prediction - truth")
    left.set_title(f"mean absolute error {result.mean_absolute_error:.4g}", fontsize=11)
    left.grid(alpha=0.3)
    right.hist(result.residuals, bins="auto", orientation="horizontal", color=TRAINING, alpha=0.8)
    right.axhline(float(result.residuals.mean()), color=VALIDATION, linewidth=2, label="mean")
    right.set(xlabel="examples")
    right.legend(frameon=False)
    return figure
