"""Figures: what people would rather look at than read.

Each function takes results and gives a Matplotlib figure; `save` writes one as a PNG. Nothing here needs a screen.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.plots.compared import comparison
from glassnet.plots.explained import explanation
from glassnet.plots.figure import (
    QUIET,
    TRAINING,
    VALIDATION,
    WRONG,
    Array,
    PlotError,
    as_it_is,
    as_png,
    as_svg,
    available,
    empty_figure,
    require,
    save,
    show,
    small_pictures,
)
from glassnet.plots.regression import predicted, residuals
from glassnet.plots.weights import first_layer, weight_histogram, weight_mosaic
from glassnet.train.calibration import Reliability
from glassnet.train.history import History
from glassnet.train.metrics import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "PlotError",
    "as_png",
    "as_svg",
    "available",
    "comparison",
    "confusion",
    "curve",
    "curves",
    "explanation",
    "first_layer",
    "mistakes",
    "predicted",
    "predictions",
    "reliability",
    "require",
    "residuals",
    "save",
    "sheet",
    "variants",
    "weight_histogram",
    "weight_mosaic",
]

LARGEST = 40.0  # inches: what is drawn of very many classes is no use, but must not take all memory


def curves(history: History) -> "Figure":
    """Loss and accuracy by epoch, for training and validation data, with the epoch whose network was kept."""
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


def confusion(evaluation: Evaluation) -> "Figure":
    """Counts of truth against prediction; the colour shows mistakes, as a share of the truth's row."""
    counts = evaluation.confusion
    C = len(counts)
    side = min(max(5.0, 0.55 * C + 1.6), LARGEST)
    figure = empty_figure(side, side)
    axes = figure.subplots()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = np.where(np.eye(C, dtype=bool), np.nan, share)
    top = max(float(np.nanmax(shown, initial=0)), 0.01)
    axes.imshow(shown, cmap="Oranges", vmin=0, vmax=top)
    size = 9 if C <= 12 else 6
    for t in range(C):
        for p in range(C):
            if counts[t, p]:
                dark = t != p and share[t, p] > 0.6 * top
                colour = "white" if dark else "#1a7f37" if t == p else "black"
                weight = "bold" if t == p else "normal"
                axes.text(p, t, f"{counts[t, p]}", ha="center", va="center", fontsize=size, color=colour, weight=weight)
    rotation = 45 if max(map(len, evaluation.classes)) > 3 else 0
    names = list(map(as_it_is, evaluation.classes))
    axes.set_xticks(range(C), names, rotation=rotation, ha="right" if rotation else "center")
    axes.set_yticks(range(C), names)
    axes.set(xlabel="prediction", ylabel="truth", title=f"{evaluation.accuracy:.2%} of {len(evaluation.truth):,} right")
    return figure


def reliability(measured: dict[str, Reliability]) -> "Figure":
    """How often answers are right that are given with a certain probability, a diagram for each name.

    The blue of a bar is the fraction that is right: light, where that is more than the probability. Red is missing to
    the probability. Where blue ends on the diagonal, the probabilities can be trusted. Below, on a logarithmic scale,
    how many answers each bar stands for: one of a few answers says little.

    Args:
        measured: what `train.calibration.reliability` counted, by the title of the diagram.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    figure = empty_figure(4.4 * len(measured), 5.8)
    panels = figure.subplots(2, len(measured), squeeze=False, sharex=True, sharey="row", height_ratios=[3, 1])
    style: dict[str, Any] = {"align": "edge", "edgecolor": "white", "linewidth": 0.8}
    for (name, r), upper, lower in zip(measured.items(), *panels, strict=True):
        left, width = r.edges[:-1], np.diff(r.edges)
        agreed = np.fmin(r.accuracy, r.confidence)
        upper.bar(left, agreed, width, color=TRAINING, label="right", **style)
        for gap, colour, label in (
            (r.accuracy - r.confidence, "#8fbbe0", "right, but not so sure"),
            (r.confidence - r.accuracy, "#e9b3b5", "sure, but not right"),
        ):
            upper.bar(left, np.fmax(gap, 0), width, bottom=agreed, color=colour, label=label, **style)
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


def predictions(images: Array, evaluation: Evaluation, *, count: int = 25, seed: int = 0) -> "Figure":
    """Examples drawn at random, with prediction, its probability and, where it is wrong, the truth."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    chosen = np.sort(rng.choice(len(images), min(count, len(images)), replace=False))
    return _grid(images, evaluation, chosen, "test images drawn at random")


def mistakes(images: Array, evaluation: Evaluation, *, count: int = 25) -> "Figure":
    """The mistakes of which the network was surest."""
    wrong = evaluation.mistakes()
    return _grid(images, evaluation, wrong[:count], f"the surest of {len(wrong):,} mistakes")


def sheet(images: Array, labels: list[str], *, title: str) -> "Figure":
    """Examples with their labels."""
    figure, cells = small_pictures(len(images), title)
    for axes, image, label in zip(cells, images, labels, strict=False):
        show(axes, image)
        axes.set_title(as_it_is(label), fontsize=9, pad=3)
    return figure


def variants(
    accuracies: dict[str, list[float]], losses: dict[str, list[float]], *, notes: dict[str, str], title: str
) -> "Figure":
    """What became of a network that was varied: every seed a dot, the mean of a variant a bar through its dots.

    Both scales are logarithmic, that of the accuracy in the distance from 100 %, so that 98 and 99 % lie as far apart
    as 80 and 90 %.

    Args:
        accuracies: on validation data in %, by the name of the variant.   losses: the same for the training loss.
        notes: by the same names, what is written in a row that has too few dots, such as "diverged".
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
    """Round percentages within the limits, not too many: evenly spaced, or closer and closer to 100."""
    for step in (0.1, 0.2, 0.5, 1, 2):
        ticks = [step * n for n in range(int(np.ceil(low / step)), int(high / step) + 1)]
        if len(ticks) <= 7:
            return ticks
    return [tick for tick in (0, 50, 80, 90, 95, 98, 99, 99.5) if low <= tick <= high]


def _loss_ticks(low: float, high: float) -> list[float]:
    """Round numbers within the limits of a logarithmic scale, not too many."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for digits in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if len(ticks) <= 7:
            break
    return ticks


def _grid(images: Array, evaluation: Evaluation, chosen: Array, title: str) -> "Figure":
    figure, cells = small_pictures(len(chosen), title)
    for axes, i in zip(cells, chosen, strict=False):
        truth, said = evaluation.truth[i], evaluation.predicted[i]
        show(axes, images[i])
        text = f"{evaluation.classes[said]}  {evaluation.sure(i)}"
        if truth != said:
            text += f"\ntruth {evaluation.classes[truth]}"
        axes.set_title(as_it_is(text), fontsize=8.5, pad=3, color="black" if truth == said else WRONG)
    return figure
