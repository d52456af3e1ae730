"""The summary of a network: a line for each layer, with what comes out of it and what it costs."""

from typing import TYPE_CHECKING

from glassnet.nn.settings import describe

if TYPE_CHECKING:
    from glassnet.nn.network import Network


def summary(network: "Network") -> str:
    """A table of the layers: name, settings, shape of one output, parameters, multiply-adds for one example."""
    rows = [("layer", "", "output", "parameters", "multiply-adds")]
    works = [layer.multiply_adds() for layer in network.layers]
    for position, (layer, work) in enumerate(zip(network.layers, works, strict=True)):
        count = sum(s.stop - s.start for s in network.segments if s.layer == position)
        rows.append((layer.name, describe(layer), str(layer.output_shape), f"{count:,}", f"{work:,}"))
    rows.append(("total", "", "", f"{network.theta.size:,}", f"{sum(works):,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column < 3 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
