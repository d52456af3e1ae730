"""The figure of an explanation: one example on its way through a network."""

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.explanation.records import ExampleNumbers, LayerNumbers
from glassnet.nn.plain import brief
from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, WRONG, empty_figure, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def explanation(e: ExampleNumbers) -> "Figure":
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
    figure = empty_figure(10, sum(heights) + 0.4)
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _input_and_output(rows[0], e)
    for row, layer in zip(rows[1:-1], shown, strict=True):
        _activations(row, layer, e)
    _attributions(rows[-1], e)
    return figure


CLASSES = 10  # classes that are drawn: those with the largest logits
TILES = 16  # channels of an image that are drawn
SAID, NAME = 7, 24  # inputs with names that are drawn, and letters of a name
NAMED = 16  # inputs whose names stand under a map of them


def _says_more(layer: LayerNumbers) -> bool:
    """Whether a layer's output is more than its input in another form or scale."""
    x, y = layer.x.astype(float).ravel(), layer.y.ravel()
    if x.size != y.size or not x.any():
        return True
    largest = int(np.abs(x).argmax())
    return not np.allclose(y, x * (y[largest] / x[largest]), rtol=1e-6)


def _layer_height(layer: LayerNumbers) -> float:
    return 1.25 if layer.y.ndim < 3 else 1.2 if layer.y.shape[2] <= TILES // 2 else 0.9


def _input_and_output(row: Any, e: ExampleNumbers) -> None:
    left, right = row.subplots(1, 2, width_ratios=[1, 2.6])
    if e.names:
        _said_most(left, e)
    elif e.image_shape is None:
        left.bar(range(e.x.size), e.x.ravel(), color=QUIET)
    else:
        show(left, e.x.reshape(e.image_shape))
        left.set_axis_off()
    about = f" for {e.classes[1 if len(e.logits) == 1 else e.output]}" if e.label is not None else ""
    left.set_title(f"the inputs that say most{about}" if e.names else "the example", fontsize=10)
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


def _said_most(axes: Any, e: ExampleNumbers) -> None:
    """The inputs that move the output that is explained most, with their values: blue upwards, red downwards."""
    says = e.says_for(e.output).ravel()
    order = np.argsort(-np.abs(says), kind="stable")[:SAID][::-1]
    axes.barh(range(len(order)), says[order], color=np.where(says[order] < 0, WRONG, TRAINING))
    axes.set_yticks(range(len(order)), [f"{brief(e.names[i], NAME)} = {e.x.ravel()[i]:.4g}" for i in order])
    axes.tick_params(labelsize=7)
    axes.axvline(0, color=QUIET, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _verdict(e: ExampleNumbers) -> str:
    if e.predicted is None:
        said = f"the network says {e.prediction[0]:.4g}" if len(e.prediction) == 1 else "the outputs"
        truth = f", the truth is {e.target[0]:.4g}" if len(e.prediction) == 1 else ""
        return said if e.assumed else f"{said}{truth}; loss {e.loss:.4g}"
    said = f"the network says {e.classes[e.predicted]}"
    if e.assumed or e.label is None:
        return said
    return f"{said}, the truth is {e.classes[e.label]}; loss {e.loss:.4g}"


def _largest_outputs(e: ExampleNumbers) -> list[int]:
    """The outputs that are drawn, in their order."""
    found: list[int] = sorted(np.argsort(-e.logits, kind="stable")[:CLASSES].tolist())
    return found


def _activations(row: Any, layer: LayerNumbers, e: ExampleNumbers) -> None:
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
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(labelsize=7)
    axes.set_yticks([y.min(), 0, y.max()], [f"{value:8.3g}" for value in (y.min(), 0, y.max())])
    if layer is e.layers[-1] and values.size == len(e.classes) <= 2 * CLASSES:
        axes.set_xticks(range(values.size), e.classes)


def _attributions(row: Any, e: ExampleNumbers) -> None:
    order = _largest_outputs(e)
    names = e.classes if len(e.logits) == len(e.classes) else ("output",)
    says = np.stack([e.says_for(k) for k in order]) if e.names else e.attributions[order]
    top = max(float(np.abs(says).max()), 1e-12)
    what = "input" if e.image_shape is None else "pixel"
    slope = "slope of the log-odds" if e.names and e.softmax else "dlogit/dx"
    far = "(x - mean)" if e.from_mean else "x"
    colours = "blue for the class, red against it" if e.label is not None else "blue upwards, red downwards"
    row.suptitle(f"what each {what} says ({slope} times {far}): {colours}", fontsize=10)
    if e.image_shape is None:
        axes = row.subplots()
        maps = says.reshape(len(order), -1)
        drawn = axes.imshow(maps, cmap="RdBu", vmin=-top, vmax=top, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(order)), [names[k] for k in order])
        if 0 < len(e.names) <= NAMED:
            axes.set_xticks(range(len(e.names)), [brief(name, NAME) for name in e.names], fontsize=7)
            axes.tick_params("x", rotation=30, rotation_mode="xtick")
        else:
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
