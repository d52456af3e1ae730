"""One neuron: its inputs, its output, the weights that use its output, and its gradients."""

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from glassnet.explanation.records import Index, Input, LayerPass, Neuron, Outgoing
from glassnet.explanation.thread import path_of
from glassnet.explanation.worked import meetings
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network

INPUTS = 6  # number of inputs and of outgoing weights of a neuron that are listed


def neuron_numbers(network: Network, layers: Sequence[LayerPass], position: int, unit: Index, lr: float) -> Neuron:
    """The neuron at this unit of the layer at this position."""
    layer, numbers = network.layers[position], layers[position]
    x, z = numbers.x.astype(np.float64), float(numbers.y[unit])
    products = x * numbers.slopes
    size = np.abs(products) if products.any() else np.abs(numbers.slopes)
    by_size = [tuple(map(int, np.unravel_index(k, x.shape))) for k in np.argsort(-size, axis=None, kind="stable")]
    shown = [i for i in by_size[:INPUTS] if products[i] != 0] or by_size[:1]
    inputs = []
    for i in shown:
        weight = weight_between(layer, unit, i)
        gradient = float(numbers.gradients["W"][weight]) if weight else None
        after = None if gradient is None else float(numbers.slopes[i]) - lr * gradient
        inputs.append(Input(i, float(x[i]), float(numbers.slopes[i]), float(products[i]), weight, gradient, after))
    more = int(np.count_nonzero(products)) - sum(products[i] != 0 for i in shown)
    rest = float(products.sum() - sum(products[i] for i in shown))
    xs = [layer_pass.x[None] for layer_pass in layers]
    path = path_of(network, xs, (position, unit))
    end = max(path)
    pooled = path_of(network, xs, (position, unit), pooled=True)
    top = max(pooled)
    place = pooled[top]
    fed = float(layers[top].y[place])
    above = network.layers[top + 1] if top + 1 < len(layers) else None
    return Neuron(
        numbers.name,
        unit,
        tuple(inputs),
        more,
        rest,
        bias=z - float(products.sum()),
        z=z,
        a=float(layers[end].y[path[end]]),
        dz=float(numbers.dy[unit]),
        da=float(layers[end].dy[path[end]]),
        activations=tuple(layers[later].name for later in range(position + 1, end + 1)),
        through=tuple(layers[later].name for later in range(end + 1, top + 1)),
        fed=fed,
        outgoing=() if above is None else outgoing_weights(above, place, fed),
    )


@singledispatch
def weight_between(layer: Layer, unit: Index, place: Index) -> Index | None:
    """The index in W of the weight that joins this input to this unit; None if there is no such single weight."""
    return None


@weight_between.register
def _(layer: Dense, unit: Index, place: Index) -> Index:
    return (*place, *unit)


@weight_between.register
def _(layer: Conv2D, unit: Index, place: Index) -> Index | None:
    return dict(zip(*meetings(layer, unit), strict=True)).get(place)


@singledispatch
def weights_met(layer: Layer, place: Index) -> list[tuple[Index, Index, float]]:
    """The weights that multiply an input of the layer, each with the unit it belongs to and its index in W.

    Empty for a layer without weights.
    """
    return []


@weights_met.register
def _(layer: Dense, place: Index) -> list[tuple[Index, Index, float]]:
    return [((j,), (*place, j), float(weight)) for j, weight in enumerate(layer.W[place])]


@weights_met.register
def _(layer: Conv2D, place: Index) -> list[tuple[Index, Index, float]]:
    channel = layer.W[:, :, place[2]]  # (K, K, F)
    (top, _), (left, _) = (layer.margins(side) for side in layer.input_shape[:2])
    H1, W1, F = layer.output_shape
    met: list[tuple[Index, Index, float]] = []
    for k, m in np.ndindex(channel.shape[:2]):
        (i, below), (j, right) = (divmod(at, layer.stride) for at in (place[0] + top - k, place[1] + left - m))
        if below == right == 0 and 0 <= i < H1 and 0 <= j < W1:
            met += [((i, j, f), (k, m, place[2], f), float(channel[k, m, f])) for f in range(F)]
    return met


def outgoing_weights(layer: Layer, place: Index, a: float) -> tuple[Outgoing, ...]:
    """The largest weights that multiply this input of the layer."""
    met = weights_met(layer, place)
    largest = [met[k] for k in np.argsort([-abs(weight) for *_, weight in met], kind="stable")[:INPUTS]]
    return tuple(Outgoing(layer.name, unit, index, weight, a * weight) for unit, index, weight in largest)
