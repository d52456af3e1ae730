"""Figures of a training: loss and accuracy by epoch."""

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, empty_figure
from glassnet.train.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(history: History) -> "Figure":
    """Loss and accuracy by epoch, for training and validation data; a line marks the epoch whose network was kept."""
    values = ["loss", "accuracy"] if "training_accuracy" in history else ["loss"]
    figure = empty_figure(5.2 * len(values), 3.8)
    for axes, value in zip(figure.subplots(1, len(values), squeeze=False)[0], values, strict=True):
        _curve(axes, history, value)
    return figure


def curve(history: History, value: str) -> "Figure":
    """One of the `curves` alone: "loss" or "accuracy"."""
    figure = empty_figure(5.2, 3.4)
    _curve(figure.subplots(), history, value)
    return figure


def _curve(axes: Any, history: History, value: str) -> None:
    for name, label, colour in (
        (f"training_{value}", "training", TRAINING),
        (f"validation_{value}", "validation", VALIDATION),
    ):
        if name in history:
            values = np.array(history[name]) * (100 if value == "accuracy" else 1)
            marker = "o" if len(values) < 20 else ""
            axes.plot(history["epoch"], values, color=colour, label=label, linewidth=1.8, marker=marker, markersize=3)
    if history.kept_epoch and history.kept_epoch < len(history):
        axes.axvline(history.kept_epoch, color=QUIET, linestyle=":", label=f"kept: epoch {history.kept_epoch}")
    axes.set(xlabel="epoch", title="loss (mean)" if value == "loss" else "accuracy (%)")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
