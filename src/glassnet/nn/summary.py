"""The summary of a network: a line for each layer, with what comes out of it and what it costs."""

import math
from typing import TYPE_CHECKING

from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.settings import describe

if TYPE_CHECKING:
    from glassnet.nn.network import Network


def summary(network: "Network") -> str:
    """A table of the layers: name, settings, shape of one output, parameters, multiply-adds for one example."""
    rows = [("layer", "", "output", "parameters", "multiply-adds"), *summary_rows(network)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column < 3 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def summary_rows(network: "Network") -> list[tuple[str, str, str, str, str]]:
    """The cells of the summary: a row for each layer, and one for their sum."""
    works = [layer.multiply_adds() for layer in network.layers]
    rows = []
    for position, (layer, work) in enumerate(zip(network.layers, works, strict=True)):
        count = sum(s.stop - s.start for s in network.segments if s.layer == position)
        rows.append((layer.name, describe(layer), str(layer.output_shape), f"{count:,}", f"{work:,}"))
    return [*rows, ("total", "", "", f"{network.theta.size:,}", f"{sum(works):,}")]


def in_short(network: "Network") -> str:
    """The sizes from input to output, as people name a network: 784-128-10, or 28x28-40c-64c-10 with convolutions."""
    weighted = [layer for layer in network.layers if isinstance(layer, Dense | Conv2D)]
    sizes = [f"{layer.filters}c" if isinstance(layer, Conv2D) else f"{layer.units}" for layer in weighted]
    image = bool(weighted) and isinstance(weighted[0], Conv2D)
    first = "x".join(map(str, network.input_shape)) if image else f"{math.prod(network.input_shape)}"
    return "-".join([first, *sizes])
