"""The figure of an experiment: the results of variants of a network."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.plots.figure import TRAINING, VALIDATION, WRONG, empty_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def variants(
    accuracies: dict[str, list[float]], losses: dict[str, list[float]], *, notes: dict[str, str], title: str
) -> "Figure":
    """The results of variants of a network: a dot for every seed, and a bar at the mean of each variant.

    Both scales are logarithmic. The accuracy is shown by its distance from 100 %, so 98 and 99 % are as far apart as
    80 and 90 %.

    Args:
        accuracies: on validation data in %, by the name of the variant.   losses: the same for the training loss.
        notes: by the same names, a text for a row with too few dots, such as "diverged".
    """
    figure = empty_figure(9.0, 1.0 + 0.34 * len(accuracies))
    figure.suptitle(title, fontsize=11)
    left, right = figure.subplots(1, 2, sharey=True)
    left.set_xscale("function", functions=(lambda a: -np.log(np.maximum(100 - a, 0.01)), lambda t: 100 - np.exp(-t)))
    right.set_xscale("log")
    for axes, values, label in (
        (left, accuracies, "validation accuracy, %"),
        (right, losses, "training loss (mean of the last epoch, nats)"),
    ):
        for place, (name, row) in enumerate(values.items()):
            if row:
                axes.plot(row, [place] * len(row), "o", color=TRAINING, alpha=0.6, markersize=6)
                axes.plot([np.mean(row)] * 2, [place - 0.3, place + 0.3], color=VALIDATION, linewidth=2)
            if notes.get(name):
                middle = axes.get_yaxis_transform()
                axes.text(0.5, place, notes[name], color=WRONG, ha="center", va="center", transform=middle)
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
    left.set_xticks(_accuracy_ticks(*left.get_xlim()))
    ticks = _loss_ticks(*right.get_xlim())
    right.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    right.set_xticks([], minor=True)
    left.set_yticks(range(len(accuracies)), list(accuracies))
    left.set_ylim(len(accuracies) - 0.5, -0.5)
    return figure


def _accuracy_ticks(low: float, high: float) -> list[float]:
    """At most seven or eight round percentages within the limits, evenly spaced or denser towards 100."""
    for step in (0.1, 0.2, 0.5, 1, 2):
        ticks = [step * n for n in range(int(np.ceil(low / step)), int(high / step) + 1)]
        if len(ticks) <= 7:
            return ticks
    return [tick for tick in (0, 50, 80, 90, 95, 98, 99, 99.5) if low <= tick <= high]


def _loss_ticks(low: float, high: float) -> list[float]:
    """A few round numbers within the limits of a logarithmic scale."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for digits in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if len(ticks) <= 7:
            break
    return ticks
