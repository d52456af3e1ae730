"""The figure of an explanation: the numbers of one example in a network."""

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.explanation.records import ExampleNumbers, LayerNumbers
from glassnet.nn.plain import brief
from glassnet.plots.figure import QUIET, TRAINING, VALIDATION, WRONG, empty_figure, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def explanation(e: ExampleNumbers) -> "Figure":
    """One example in a network: input, probabilities, activations, and the effect of each pixel.

    Blue is above 0, red is below. The maps of the classes show gradient times input, dlogit_k/dx x: blue pixels raise
    the logit of a class, red ones lower it; all maps have the same scale. If a neuron was named, it is marked.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    shown = [layer for layer in e.layers if _is_informative(layer)]
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


CLASSES = 10  # number of classes drawn: those with the largest logits
TILES = 16  # number of channels drawn
STRONGEST, NAME = 7, 24  # number of inputs with names that are drawn, and of letters of a name
NAMED = 16  # largest number of inputs with names under their map


def _is_informative(layer: LayerNumbers) -> bool:
    """Whether a layer's output is more than its input in another shape or scale."""
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
        _strongest_inputs(left, e)
    elif e.image_shape is None:
        left.bar(range(e.x.size), e.x.ravel(), color=QUIET)
    else:
        show(left, e.x.reshape(e.image_shape))
        left.set_axis_off()
    about = f" on {e.classes[1 if len(e.logits) == 1 else e.output]}" if e.label is not None else ""
    left.set_title(f"the inputs with the largest effect{about}" if e.names else "the example", fontsize=10)
    names = e.classes if len(e.prediction) == len(e.classes) else ("output",)
    drawn = _largest_outputs(e)
    colours = [TRAINING if k == e.predicted else VALIDATION if k == e.label else "#b9c4cf" for k in drawn]
    bars = right.bar(range(len(drawn)), e.prediction[drawn], color=colours)
    labels = [f"{p:.1%}" if e.probabilistic else f"{p:.3g}" for p in e.prediction[drawn]]
    right.bar_label(bars, labels, fontsize=8, padding=2)
    right.set_xticks(range(len(drawn)), [names[k] for k in drawn])
    right.margins(y=0.18)
    right.spines[["top", "right"]].set_visible(False)
    right.set_title(_verdict(e), fontsize=10)


def _strongest_inputs(axes: Any, e: ExampleNumbers) -> None:
    """The inputs with the largest effect on the output that is explained: blue raises it, red lowers it."""
    says = e.says_for(e.output).ravel()
    strongest = np.argsort(-np.abs(says), kind="stable")[:STRONGEST][::-1]
    axes.barh(range(len(strongest)), says[strongest], color=np.where(says[strongest] < 0, WRONG, TRAINING))
    axes.set_yticks(range(len(strongest)), [f"{brief(e.names[i], NAME)} = {e.x.ravel()[i]:.4g}" for i in strongest])
    axes.tick_params(labelsize=7)
    axes.axvline(0, color=QUIET, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _verdict(e: ExampleNumbers) -> str:
    if e.predicted is None:
        answer = f"the network predicts {e.prediction[0]:.4g}" if len(e.prediction) == 1 else "the outputs"
        truth = f", the truth is {e.target[0]:.4g}" if len(e.prediction) == 1 else ""
        return answer if e.assumed else f"{answer}{truth}; loss {e.loss:.4g}"
    answer = f"the network predicts {e.classes[e.predicted]}"
    if e.assumed or e.label is None:
        return answer
    return f"{answer}, the truth is {e.classes[e.label]}; loss {e.loss:.4g}"


def _largest_outputs(e: ExampleNumbers) -> list[int]:
    """The outputs with the largest logits, which are drawn, in ascending order of their numbers."""
    outputs: list[int] = sorted(np.argsort(-e.logits, kind="stable")[:CLASSES].tolist())
    return outputs


def _activations(row: Any, layer: LayerNumbers, e: ExampleNumbers) -> None:
    y = layer.y
    marked = e.neuron is not None and layer.name in (e.neuron.layer, *e.neuron.activations)
    title = f"{layer.name}: {layer.description}, {y.min():.3g} to {y.max():.3g}"
    row.suptitle(title, fontsize=9, x=0.01, ha="left")
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
    outputs = _largest_outputs(e)
    names = e.classes if len(e.logits) == len(e.classes) else ("output",)
    says = np.stack([e.says_for(k) for k in outputs]) if e.names else e.attributions[outputs]
    top = max(float(np.abs(says).max()), 1e-12)
    what = "input" if e.image_shape is None else "pixel"
    slope = "slope of the log-odds" if e.names and e.softmax else "dlogit/dx"
    far = "(x - mean)" if e.from_mean else "x"
    colours = "blue for the class, red against it" if e.label is not None else "blue upwards, red downwards"
    row.suptitle(f"the effect of each {what} ({slope} times {far}): {colours}", fontsize=10)
    if e.image_shape is None:
        axes = row.subplots()
        maps = says.reshape(len(outputs), -1)
        drawn = axes.imshow(maps, cmap="RdBu", vmin=-top, vmax=top, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(outputs)), [names[k] for k in outputs])
        if 0 < len(e.names) <= NAMED:
            axes.set_xticks(range(len(e.names)), [brief(name, NAME) for name in e.names], fontsize=7)
            axes.tick_params("x", rotation=30, rotation_mode="xtick")
        else:
            axes.set_xlabel("input")
        row.colorbar(drawn, ax=axes, shrink=0.9)
        return
    cells = row.subplots(-(-len(outputs) // 5), 5, squeeze=False)
    for axes in cells.flat:
        axes.set_axis_off()
    for axes, k in zip(cells.flat, outputs, strict=False):
        pixels = e.attributions[k].reshape(e.image_shape)
        pixels = pixels.sum(axis=2) if pixels.ndim == 3 else pixels
        drawn = axes.imshow(pixels, cmap="RdBu", vmin=-top, vmax=top, interpolation="nearest")
        colour = TRAINING if k == e.predicted else VALIDATION if k == e.label else "black"
        axes.set_title(f"{names[k]}   logit {e.logits[k]:.1f}", fontsize=9, pad=3, color=colour)
    row.colorbar(drawn, ax=cells, shrink=0.8)
