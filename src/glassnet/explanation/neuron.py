"""One neuron: what it gets, what it makes of it, where that goes, and what it would learn.

A neuron is one unit of a layer with weights, named "layer:index".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.explanation.backward import slopes_of
from glassnet.explanation.equations import Index
from glassnet.explanation.worked import meetings
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Array, Layer
from glassnet.nn.network import Network
from glassnet.nn.pool import GlobalAveragePool, Pool2D
from glassnet.nn.settings import InputError, nearest, require

if TYPE_CHECKING:
    from glassnet.explanation.example import LayerNumbers

INPUTS = 6  # the inputs and outgoing weights of a neuron that are listed


@dataclass(frozen=True)
class Input:
    """What a neuron makes of one of its inputs: product = x * weight; gradient is dLoss/dweight."""

    index: Index
    x: float
    weight: float
    product: float
    weight_index: Index | None  # None where the weight of an input is no single parameter
    gradient: float | None
    after: float | None


@dataclass(frozen=True)
class Outgoing:
    """A weight with which a later layer takes up a neuron, and its product with what arrives there."""

    layer: str
    index: Index
    weight: float
    product: float


@dataclass(frozen=True)
class Neuron:
    """One unit of a layer with weights.

    Attributes:
        layer, index: which.
        inputs: those with the largest products, largest first.   more, rest: how many others are not 0, and their sum.
        bias: z less all products.
        z: its output.   a: what the layers above it that act number by number, its `activations`, make of it.
        dz, da: dLoss/dz, dLoss/da.
        outgoing: the largest weights of the next layer with weights that meet it, largest first; empty for the last.
        through, fed: the layers between, such as a pooling, and the number that arrives there.
    """

    layer: str
    index: Index
    inputs: tuple[Input, ...]
    more: int
    rest: float
    bias: float
    z: float
    a: float
    dz: float
    da: float
    activations: tuple[str, ...]
    through: tuple[str, ...]
    fed: float
    outgoing: tuple[Outgoing, ...]


def find_neuron(network: Network, neuron: str) -> tuple[int, Index]:
    """The position of the layer and the index of the unit that "dense1:7" names."""
    name, _, place = str(neuron).partition(":")
    known = {layer.name: position for position, layer in enumerate(network.layers) if layer.parameters()}
    require(bool(known), f"neuron {neuron!r}: this network has no layer with weights")
    if name not in known:
        there = " has no weights" if name in {layer.name for layer in network.layers} else " is no layer"
        raise InputError(f"neuron {neuron!r}: {name!r}{there}; {nearest(name, known)}")
    shape = network.layers[known[name]].output_shape
    last = ",".join(str(side - 1) for side in shape)
    expected = f"expected {name}:{','.join('0' * len(shape))} to {name}:{last}"
    try:
        index = tuple(int(part) for part in place.split(","))
    except ValueError:
        raise InputError(f"neuron {neuron!r}: {expected}") from None
    fits = len(index) == len(shape) and all(0 <= i < side for i, side in zip(index, shape, strict=True))
    require(fits, f"neuron {neuron!r}: {expected}")
    return known[name], index


def path_of(
    network: Network, inputs: list[Array], spot: tuple[int, Index] | None, *, pooled: bool = False
) -> dict[int, Index]:
    """The unit of each layer that carries a neuron: its own, and those up to the next layer that mixes.

    With `pooled`, a pooling layer carries it too, though mixed with its neighbours.
    """
    path: dict[int, Index] = {}
    if spot is not None:
        position, unit = spot
        path[position] = unit
        for later in range(position + 1, len(network.layers)):
            place = carried(network.layers[later], path[later - 1], pooled=pooled)
            if place is None:
                break
            if isinstance(network.layers[later], Pool2D | GlobalAveragePool):
                path[later] = place
                continue
            slopes = slopes_of(network.layers[later], inputs[later], place)
            slopes[path[later - 1]] = 0
            if slopes.any():
                break  # it mixes, as Softmax does
            path[later] = place
    return path


def neuron_numbers(network: Network, layers: Sequence["LayerNumbers"], position: int, unit: Index, lr: float) -> Neuron:
    """The neuron at this unit of the layer at this position."""
    layer, own = network.layers[position], layers[position]
    x, z = own.x.astype(np.float64), float(own.y[unit])
    products = x * own.slopes
    size = np.abs(products) if products.any() else np.abs(own.slopes)
    order = [tuple(map(int, np.unravel_index(k, x.shape))) for k in np.argsort(-size, axis=None, kind="stable")]
    shown = [i for i in order[:INPUTS] if products[i] != 0] or order[:1]
    inputs = []
    for i in shown:
        weight = weight_between(layer, unit, i)
        gradient = float(own.gradients["W"][weight]) if weight else None
        after = None if gradient is None else float(own.slopes[i]) - lr * gradient
        inputs.append(Input(i, float(x[i]), float(own.slopes[i]), float(products[i]), weight, gradient, after))
    more = int(np.count_nonzero(products)) - sum(products[i] != 0 for i in shown)
    rest = float(products.sum() - sum(products[i] for i in shown))
    xs = [numbers.x[None] for numbers in layers]
    path = path_of(network, xs, (position, unit))
    end = max(path)
    pooled = path_of(network, xs, (position, unit), pooled=True)
    top = max(pooled)
    place = pooled[top]
    fed = float(layers[top].y[place])
    above = network.layers[top + 1] if top + 1 < len(layers) else None
    return Neuron(
        own.name,
        unit,
        tuple(inputs),
        more,
        rest,
        bias=z - float(products.sum()),
        z=z,
        a=float(layers[end].y[path[end]]),
        dz=float(own.dy[unit]),
        da=float(layers[end].dy[path[end]]),
        activations=tuple(layers[later].name for later in range(position + 1, end + 1)),
        through=tuple(layers[later].name for later in range(end + 1, top + 1)),
        fed=fed,
        outgoing=taken_up(above, place, fed) if isinstance(above, Dense | Conv2D) else (),
    )


def weight_between(layer: Layer, unit: Index, place: Index) -> Index | None:
    """Which weight W[index] joins this input to this unit."""
    if isinstance(layer, Dense):
        return (*place, *unit)
    if isinstance(layer, Conv2D):
        return dict(zip(*meetings(layer, unit), strict=True)).get(place)
    return None


def carried(layer: Layer, place: Index, *, pooled: bool = False) -> Index | None:
    """Where a layer puts the number at this place; None if it mixes it with others, which `pooled` allows to pools."""
    before, after = layer.input_shape, layer.output_shape
    if isinstance(layer, Dense | Conv2D):
        return None
    if before == after:
        return place
    if math.prod(before) == math.prod(after):  # Flatten, Reshape
        return tuple(map(int, np.unravel_index(int(np.ravel_multi_index(place, before)), after)))
    if pooled and isinstance(layer, Pool2D):
        block = (place[0] // layer.size, place[1] // layer.size, place[2])
        return block if block[0] < after[0] and block[1] < after[1] else None
    return (place[-1],) if pooled and isinstance(layer, GlobalAveragePool) else None


def taken_up(layer: Dense | Conv2D, place: Index, a: float) -> tuple[Outgoing, ...]:
    """The largest weights that this input of the layer meets."""
    weights = layer.W[place] if isinstance(layer, Dense) else layer.W[:, :, place[2]]
    order = np.argsort(-np.abs(weights), axis=None)[:INPUTS]
    found = []
    for k in order:
        index = tuple(map(int, np.unravel_index(k, weights.shape)))
        full = (*place, *index) if isinstance(layer, Dense) else (*index[:2], place[2], index[2])
        found.append(Outgoing(layer.name, full, float(weights[index]), a * float(weights[index])))
    return tuple(found)
