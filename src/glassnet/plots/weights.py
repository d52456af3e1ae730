"""Figures of weights: how they are spread, and what the first layer looks at."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.network import Network
from glassnet.plots.figure import TRAINING, Array, as_png, empty_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def weight_histogram(name: str, weights: Array) -> "Figure":
    """How many weights of a layer have which value."""
    figure = empty_figure(3.4, 2.2)
    axes = figure.subplots()
    axes.hist(weights.ravel(), bins=60, color=TRAINING)
    axes.set_title(name, fontsize=10)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def weight_mosaic(network: Network, spread: Array | None = None, *, count: int = 64) -> bytes | None:
    """What the first units or filters look at, as a PNG of small pictures, eight in a row: blue for, red against.

    Filters are shown as the mean over their channels. Each picture has its own scale.

    Args:
        spread: the standard deviation of each pixel; the weights of a dense layer are shown times it, so that pixels
            which never change show as nothing.
        count: how many are shown at most.

    Returns:
        The PNG, or None if the first layer with weights does not look at an image.
    """
    from matplotlib import colormaps

    first = next((layer for layer in network.layers if isinstance(layer, Dense | Conv2D)), None)
    if isinstance(first, Conv2D):
        units = first.W.mean(axis=2).transpose(2, 0, 1)
    elif first is not None and len(network.input_shape) > 1 and first.W.shape[0] == np.prod(network.input_shape):
        seen = first.W if spread is None else first.W * spread.reshape(-1, 1)
        units = seen.T.reshape(-1, *network.input_shape)
        units = units.mean(axis=3) if units.ndim == 4 else units
    else:
        return None
    units = units[:count]
    K, h, w = units.shape
    columns, gap = min(8, K), max(h // 14, 1)
    rows = -(-K // columns)
    canvas = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan)
    for i, unit in enumerate(units):
        top, left = i // columns * (h + gap), i % columns * (w + gap)
        canvas[top : top + h, left : left + w] = 0.5 + 0.5 * unit / max(float(np.abs(unit).max()), 1e-12)
    return as_png(colormaps["RdBu"].with_extremes(bad=(0, 0, 0, 0))(np.ma.masked_invalid(canvas)), white=1)
