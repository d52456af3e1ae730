"""The summary of a network: a line for each layer, with its output shape, parameters and multiply-adds."""

import math
from collections.abc import Sequence

from glassnet.nn.layer import Layer
from glassnet.nn.settings import describe


def summary(layers: Sequence[Layer]) -> str:
    """A table of the layers: name, settings, shape of one output, parameters, multiply-adds for one example."""
    rows = [("layer", "", "output", "parameters", "multiply-adds"), *summary_rows(layers)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column < 3 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def summary_rows(layers: Sequence[Layer]) -> list[tuple[str, str, str, str, str]]:
    """The cells of the summary: a row for each layer, and a row with the totals."""
    rows, parameters, work = [], 0, 0
    for layer in layers:
        count = sum(math.prod(declared.shape) for declared in layer.parameters().values())
        rows.append((layer.name, describe(layer), str(layer.output_shape), f"{count:,}", f"{layer.multiply_adds():,}"))
        parameters, work = parameters + count, work + layer.multiply_adds()
    return [*rows, ("total", "", "", f"{parameters:,}", f"{work:,}")]


def in_short(layers: Sequence[Layer]) -> str:
    """The short name of a network, from its sizes: 784-128-10, or 28x28-40c-64c-10 with convolutions."""
    sizes = [(layer.short_size(), layer.input_shape) for layer in layers if layer.short_size()]
    shape = layers[0].input_shape
    image = bool(sizes) and len(sizes[0][1]) > 1
    first = "x".join(map(str, shape)) if image else f"{math.prod(shape)}"
    return "-".join([first, *(size for size, _ in sizes)])
