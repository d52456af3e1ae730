"""Figures: what people would rather look at than read.

Each function takes results and gives a Matplotlib figure; `save` writes one as a PNG. Nothing here needs a screen.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.explanation.example import Explanation, LayerNumbers
from glassnet.train.calibration import Reliability
from glassnet.train.history import History
from glassnet.train.metrics import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]

TRAINING, VALIDATION, WRONG, QUIET = "#1f6fb4", "#d95f0e", "#c0262c", "#555555"


class PlotError(RuntimeError):
    """Figures cannot be drawn here; the message says what to install."""


def curves(history: History) -> "Figure":
    """Loss and accuracy by epoch, for training and validation data, with the epoch whose network was kept."""
    panels = [("loss", "loss (mean, nats)")]
    if "training_accuracy" in history:
        panels.append(("accuracy", "accuracy (%)"))
    figure = _figure(5.2 * len(panels), 3.8)
    for axes, (value, title) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for name, label, colour in (
            (f"training_{value}", "training", TRAINING),
            (f"validation_{value}", "validation", VALIDATION),
        ):
            if name in history:
                values = np.array(history[name]) * (100 if value == "accuracy" else 1)
                marker = "o" if len(values) < 20 else ""
                axes.plot(
                    history["epoch"], values, color=colour, label=label, linewidth=1.8, marker=marker, markersize=3
                )
        if history.kept_epoch and history.kept_epoch < len(history):
            axes.axvline(history.kept_epoch, color=QUIET, linestyle=":", label=f"kept: epoch {history.kept_epoch}")
        axes.set(xlabel="epoch", title=title)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure


def confusion(evaluation: Evaluation) -> "Figure":
    """Counts of truth against prediction; the colour shows mistakes, as a share of the truth's row."""
    counts = evaluation.confusion
    C = len(counts)
    side = max(5.0, 0.55 * C + 1.6)
    figure = _figure(side, side)
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
    axes.set_xticks(range(C), evaluation.classes, rotation=rotation, ha="right" if rotation else "center")
    axes.set_yticks(range(C), evaluation.classes)
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
    figure = _figure(4.4 * len(measured), 5.8)
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
    figure, cells = _cells(len(images), title)
    for axes, image, label in zip(cells, images, labels, strict=False):
        _show(axes, image)
        axes.set_title(label, fontsize=9, pad=3)
    return figure


def hidden_units(weights: Array, image_shape: tuple[int, ...], *, spread: Array, count: int = 64) -> "Figure":
    """What each unit of the first dense layer looks at: its weights as a picture.

    Each weight is shown times the spread of its pixel, so that pixels which never change, whose weights are still the
    random ones of the start, show as nothing.

    Args:
        weights: (D, M), a column for each unit.
        image_shape: of the input, (H, W) or (H, W, C) with D values.
        spread: (D,), the standard deviation of each input.
    """
    units = (weights[:, :count] * spread[:, None]).T.reshape(-1, *image_shape)
    if units.ndim == 4:
        units = units.mean(axis=3)
    more = f" (the first {count} of {weights.shape[1]})" if weights.shape[1] > count else ""
    figure, cells = _cells(len(units), f"what each hidden unit looks at{more}: blue for, red against")
    for axes, unit in zip(cells, units, strict=False):
        top = max(float(np.abs(unit).max()), 1e-12)
        axes.imshow(unit, cmap="RdBu", vmin=-top, vmax=top, interpolation="nearest")
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
    figure = _figure(9.0, 1.0 + 0.34 * len(accuracies))
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


def explanation(e: Explanation) -> "Figure":
    """One example on its way through a network: input, probabilities, activations, and what each pixel says.

    Blue is above 0, red is below. The maps of the classes are gradient times input, dlogit_k/dx x: blue pixels speak
    for a class, red ones against it; all maps have one scale. A neuron that was asked for is marked.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    shown = [layer for layer in e.layers if _says_more(layer)]
    count = min(len(e.logits), CLASSES)
    maps = 0.9 + 0.22 * count if e.image_shape is None else 0.5 + 1.75 * -(-count // 5)
    heights = [2.3, *(_layer_height(layer) for layer in shown), maps]
    figure = _figure(10, sum(heights) + 0.4)
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _input_and_output(rows[0], e)
    for row, layer in zip(rows[1:-1], shown, strict=True):
        _activations(row, layer, e)
    _attributions(rows[-1], e)
    return figure


CLASSES = 10  # classes that are drawn: those with the largest logits
TILES = 16  # channels of an image that are drawn


def _says_more(layer: LayerNumbers) -> bool:
    """Whether a layer's output is more than its input in another form or scale."""
    x, y = layer.x.astype(float).ravel(), layer.y.ravel()
    if x.size != y.size or not x.any():
        return True
    largest = int(np.abs(x).argmax())
    return not np.allclose(y, x * (y[largest] / x[largest]), rtol=1e-6)


def _layer_height(layer: LayerNumbers) -> float:
    return 1.25 if layer.y.ndim < 3 else 1.2 if layer.y.shape[2] <= TILES // 2 else 0.9


def _input_and_output(row: Any, e: Explanation) -> None:
    left, right = row.subplots(1, 2, width_ratios=[1, 2.6])
    if e.image_shape is None:
        left.bar(range(e.x.size), e.x.ravel(), color=QUIET)
    else:
        _show(left, e.x.reshape(e.image_shape))
        left.set_axis_off()
    left.set_title("the example", fontsize=10)
    names = e.classes if len(e.prediction) == len(e.classes) else ("output",)
    order = _largest_outputs(e)
    colours = [TRAINING if k == e.predicted else VALIDATION if k == e.label else "#b9c4cf" for k in order]
    bars = right.bar(range(len(order)), e.prediction[order], color=colours)
    said = [f"{p:.1%}" if e.probabilistic else f"{p:.3g}" for p in e.prediction[order]]
    right.bar_label(bars, said, fontsize=8, padding=2)
    right.set_xticks(range(len(order)), [names[k] for k in order])
    right.margins(y=0.18)
    right.spines[["top", "right"]].set_visible(False)
    right.set_title(_verdict(e), fontsize=10)


def _verdict(e: Explanation) -> str:
    if e.predicted is None:
        return f"the outputs; loss {e.loss:.4g}"
    said = f"the network says {e.classes[e.predicted]}"
    if e.assumed or e.label is None:
        return said
    return f"{said}, the truth is {e.classes[e.label]}; loss {e.loss:.4g}"


def _largest_outputs(e: Explanation) -> list[int]:
    """The outputs that are drawn, in their order."""
    found: list[int] = sorted(np.argsort(-e.logits, kind="stable")[:CLASSES].tolist())
    return found


def _activations(row: Any, layer: LayerNumbers, e: Explanation) -> None:
    y = layer.y
    marked = e.neuron is not None and layer.name in (e.neuron.layer, *e.neuron.activations)
    said = f"{layer.name}: {layer.description}, {y.min():.3g} to {y.max():.3g}"
    row.suptitle(said, fontsize=9, x=0.01, ha="left")
    if y.ndim == 3:
        channels = min(y.shape[2], TILES)
        top = max(float(np.abs(y).max()), 1e-12)
        for k, axes in enumerate(row.subplots(1, max(channels, TILES // 2))):
            axes.set_axis_off()
            if k < channels:
                axes.imshow(y[:, :, k], cmap="RdBu", vmin=-top, vmax=top, interpolation="nearest")
            if marked and layer.unit[2] == k:
                axes.plot(layer.unit[1], layer.unit[0], marker="s", color=VALIDATION, fillstyle="none", markersize=6)
        return
    axes = row.subplots()
    values = y.ravel()
    axes.bar(range(values.size), values, width=0.9, color=np.where(values < 0, WRONG, TRAINING))
    if marked:
        place = int(np.ravel_multi_index(layer.unit, y.shape))
        axes.plot(place, 0, marker="v", color=VALIDATION, markersize=7, zorder=3)
    axes.axhline(0, color=QUIET, linewidth=0.6)
    axes.set_xlim(-0.7, values.size - 0.3)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(labelsize=7)
    axes.set_yticks([y.min(), 0, y.max()], [f"{value:8.3g}" for value in (y.min(), 0, y.max())])
    if layer is e.layers[-1] and values.size == len(e.classes) <= 2 * CLASSES:
        axes.set_xticks(range(values.size), e.classes)


def _attributions(row: Any, e: Explanation) -> None:
    order = _largest_outputs(e)
    names = e.classes if len(e.logits) == len(e.classes) else ("output",)
    top = max(float(np.abs(e.attributions[order]).max()), 1e-12)
    what = "input" if e.image_shape is None else "pixel"
    row.suptitle(f"what each {what} says (dlogit/dx times x): blue for the class, red against it", fontsize=10)
    if e.image_shape is None:
        axes = row.subplots()
        maps = e.attributions[order].reshape(len(order), -1)
        drawn = axes.imshow(maps, cmap="RdBu", vmin=-top, vmax=top, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(order)), [names[k] for k in order])
        axes.set_xlabel("input")
        row.colorbar(drawn, ax=axes, shrink=0.9)
        return
    cells = row.subplots(-(-len(order) // 5), 5, squeeze=False)
    for axes in cells.flat:
        axes.set_axis_off()
    for axes, k in zip(cells.flat, order, strict=False):
        pixels = e.attributions[k].reshape(e.image_shape)
        pixels = pixels.sum(axis=2) if pixels.ndim == 3 else pixels
        drawn = axes.imshow(pixels, cmap="RdBu", vmin=-top, vmax=top, interpolation="nearest")
        colour = TRAINING if k == e.predicted else VALIDATION if k == e.label else "black"
        axes.set_title(f"{names[k]}   logit {e.logits[k]:.1f}", fontsize=9, pad=3, color=colour)
    row.colorbar(drawn, ax=cells, shrink=0.8)


def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as a PNG."""
    figure.savefig(path, dpi=120, metadata={"Software": None})


def available() -> bool:
    """Whether Matplotlib is installed."""
    return find_spec("matplotlib") is not None


def _grid(images: Array, evaluation: Evaluation, chosen: Array, title: str) -> "Figure":
    figure, cells = _cells(len(chosen), title)
    for axes, i in zip(cells, chosen, strict=False):
        truth, said = evaluation.truth[i], evaluation.predicted[i]
        _show(axes, images[i])
        text = f"{evaluation.classes[said]}  {evaluation.probabilities[i].max():.1%}"
        if truth != said:
            text += f"\ntruth {evaluation.classes[truth]}"
        axes.set_title(text, fontsize=8.5, pad=3, color="black" if truth == said else WRONG)
    return figure


def _cells(count: int, title: str) -> tuple["Figure", list[Any]]:
    """A figure with room for so many small pictures, in a grid that is about square."""
    columns = max(int(np.ceil(np.sqrt(count))), 4)
    rows = max(int(np.ceil(count / columns)), 1)
    figure = _figure(1.25 * columns, 1.5 * rows + 0.5)
    figure.suptitle(title, fontsize=11)
    cells = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in cells:
        axes.set_axis_off()
    return figure, cells


def _show(axes: Any, image: Array) -> None:
    side = int(np.sqrt(image.size))
    picture = image.reshape(side, side) if image.ndim == 1 and side * side == image.size else np.squeeze(image)
    axes.imshow(picture, cmap="gray", vmin=0, interpolation="nearest")


def _figure(width: float, height: float) -> "Figure":
    """An empty figure, sizes in inches.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotError("figures need Matplotlib: pip install 'glassnet[plots]'") from None
    return Figure(figsize=(width, height), layout="constrained")
