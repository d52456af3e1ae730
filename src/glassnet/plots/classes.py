"""Figures of a classifier: the confusion matrix, predictions and mistakes."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.plain import brief
from glassnet.plots.figure import WRONG, empty_figure, show, small_pictures, without_formulas
from glassnet.train.metrics import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LARGEST = 40.0  # inches: a figure of very many classes is not readable, but must not take all memory


def confusion(evaluation: Evaluation) -> "Figure":
    """Counts for each pair of truth and prediction; the colour shows mistakes as a share of their row."""
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
    names = [without_formulas(brief(name)) for name in evaluation.classes]
    axes.set_xticks(range(C), names, rotation=rotation, ha="right" if rotation else "center")
    axes.set_yticks(range(C), names)
    axes.set(xlabel="prediction", ylabel="truth", title=f"{evaluation.accuracy:.2%} of {len(evaluation.truth):,} right")
    return figure


def predictions(images: Array, evaluation: Evaluation, *, count: int = 25, seed: int = 0) -> "Figure":
    """Random examples, each with its prediction, the probability and, if the prediction is wrong, the truth."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    chosen = np.sort(rng.choice(len(images), min(count, len(images)), replace=False))
    return _grid(images, evaluation, chosen, "test images drawn at random")


def mistakes(images: Array, evaluation: Evaluation, *, count: int = 25) -> "Figure":
    """The mistakes that the network was most confident about."""
    wrong = evaluation.mistakes()
    return _grid(images, evaluation, wrong[:count], f"the most confident of {len(wrong):,} mistakes")


def sheet(images: Array, labels: list[str], *, title: str) -> "Figure":
    """Examples with their labels."""
    figure, cells = small_pictures(len(images), title)
    for axes, image, label in zip(cells, images, labels, strict=False):
        show(axes, image)
        axes.set_title(without_formulas(label), fontsize=9, pad=3)
    return figure


def _grid(images: Array, evaluation: Evaluation, chosen: Array, title: str) -> "Figure":
    figure, cells = small_pictures(len(chosen), title)
    for axes, i in zip(cells, chosen, strict=False):
        truth, predicted = evaluation.truth[i], evaluation.predicted[i]
        show(axes, images[i])
        text = f"{brief(evaluation.classes[predicted])}  {evaluation.sure(i)}"
        if truth != predicted:
            text += f"\ntruth {brief(evaluation.classes[truth])}"
        axes.set_title(without_formulas(text), fontsize=8.5, pad=3, color="black" if truth == predicted else WRONG)
    return figure
