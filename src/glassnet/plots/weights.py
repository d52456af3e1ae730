"""Figures of weights: histograms, and the weights of the first layer as pictures."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.network import Network
from glassnet.plots.figure import TRAINING, as_png, empty_figure, small_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def weight_histogram(name: str, weights: Array) -> "Figure":
    """A histogram of the weights of a layer."""
    figure = empty_figure(3.4, 2.2)
    axes = figure.subplots()
    axes.hist(weights.ravel(), bins=60, color=TRAINING)
    axes.set_title(name, fontsize=10)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def first_layer(network: Network, spread: Array | None = None, *, count: int = 64) -> "Figure | None":
    """The weights of the first units or filters, each as a picture with its own scale: blue positive, red negative.

    Args:
        spread: the standard deviation of each pixel; the weights of a dense layer are multiplied by it. This hides
            pixels that never change: their weights still have their random initial values.
        count: the largest number of pictures.

    Returns:
        The figure, or None if the input of the first layer with weights is not an image.
    """
    pictures = _weight_pictures(network, spread)
    if pictures is None:
        return None
    units, what = pictures
    more = f" (the first {count} of {len(units)})" if len(units) > count else ""
    title = f"the weights of each {what}{more}: blue positive, red negative"
    figure, cells = small_pictures(min(len(units), count), title)
    for axes, unit in zip(cells, units, strict=False):
        top = max(float(np.abs(unit).max()), 1e-12)
        axes.imshow(unit, cmap="RdBu", vmin=-top, vmax=top, interpolation="nearest")
    return figure


def weight_mosaic(network: Network, spread: Array | None = None, *, count: int = 64) -> bytes | None:
    """The same as one small PNG: one pixel per weight, eight pictures per row."""
    from matplotlib import colormaps

    pictures = _weight_pictures(network, spread)
    if pictures is None:
        return None
    units = pictures[0][:count]
    K, h, w = units.shape
    columns, gap = min(8, K), max(h // 14, 1)
    rows = -(-K // columns)
    canvas = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan)
    for i, unit in enumerate(units):
        top, left = i // columns * (h + gap), i % columns * (w + gap)
        canvas[top : top + h, left : left + w] = 0.5 + 0.5 * unit / max(float(np.abs(unit).max()), 1e-12)
    return as_png(colormaps["RdBu"].with_extremes(bad=(0, 0, 0, 0))(np.ma.masked_invalid(canvas)), white=1)


def _weight_pictures(network: Network, spread: Array | None) -> tuple[Array, str] | None:
    """The weights of the first units or filters as pictures (K, h, w), means over channels; and the word for them."""
    first = next((layer for layer in network.layers if isinstance(layer, Dense | Conv2D)), None)
    if isinstance(first, Conv2D):
        return first.W.mean(axis=2).transpose(2, 0, 1), "filter"
    if first is None or len(network.input_shape) == 1 or first.W.shape[0] != np.prod(network.input_shape):
        return None
    weights = first.W if spread is None else first.W * spread.reshape(-1, 1)
    units = weights.T.reshape(-1, *network.input_shape)
    return units.mean(axis=3) if units.ndim == 4 else units, "hidden unit"
