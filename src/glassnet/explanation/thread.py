"""The backward pass: the gradient in every layer, and a thread of units from the top output down to one input.

The thread follows one unit in each layer. It begins at the output of the class. In each layer, the input with the
largest effect on the unit is the unit of the layer below. If a neuron is named, the thread runs through it.
"""

import math
from collections.abc import Iterator, Sequence
from functools import singledispatch

import numpy as np

from glassnet.explanation.backward import REMARKS, pass_back, slopes_of, way_back
from glassnet.explanation.records import Index, LayerPass
from glassnet.nn.array import Array
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest
from glassnet.nn.pool import GlobalAveragePool, Pool2D

Spot = tuple[int, Index]  # a neuron: the position of its layer, and the index of its unit


def thread_back(
    network: Network, inputs: Sequence[Array], outputs: Sequence[Array], dlogits: Array, top: int, spot: Spot | None
) -> list[LayerPass]:
    """The numbers of each layer, from the first to the last, with the units of the thread.

    Args:
        inputs, outputs: of each layer, for a batch of one.   dlogits: dLoss/dlogits (1, M).
        top: the output (of M) where the thread starts.   spot: the neuron that the thread must pass, if any.
    """
    thread = list(follow(network, inputs, (top,), path_of(network, inputs, spot, pooled=True)))
    passes = []
    dy = dlogits
    for layer, x, y, (unit, place, slopes) in zip(
        reversed(network.layers), reversed(inputs), reversed(outputs), thread, strict=True
    ):
        passes.append(layer_pass(layer, x, y, dy, unit, place, slopes))
        dy = passes[-1].dx[None]
    return passes[::-1]


def layer_pass(layer: Layer, x: Array, y: Array, dy: Array, unit: Index, place: Index, slopes: Array) -> LayerPass:
    """The numbers of one layer, for a batch of one."""
    dx = pass_back(layer, x, dy)
    return LayerPass(
        name=layer.name,
        x=np.array(x[0]),
        y=y[0].copy(),
        dy=dy[0].copy(),
        dx=dx[0].copy(),
        parameters={name: getattr(layer, name).copy() for name in layer.parameters()},
        gradients={name: getattr(layer, f"d{name}").copy() for name in layer.parameters()},
        unit=unit,
        place=place,
        slopes=slopes,
        remark=REMARKS.get(way_back(layer, x), ""),
    )


def follow(
    network: Network, inputs: Sequence[Array], top: Index, path: dict[int, Index]
) -> Iterator[tuple[Index, Index, Array]]:
    """From the top layer down: a unit, the input with the largest effect on it, and the unit's slopes.

    That input is the unit of the next layer below, unless `path` names the unit of that layer.
    """
    unit = top
    for position in reversed(range(len(network.layers))):
        unit = path.get(position, unit)
        layer, x = network.layers[position], inputs[position]
        slopes = slopes_of(layer, x, unit)
        place = path.get(position - 1) or strongest_input(layer, x, unit, slopes)
        yield unit, place, slopes
        unit = place


def strongest_input(layer: Layer, x: Array, unit: Index, slopes: Array) -> Index:
    """The place of the input with the largest effect on a unit."""
    weight = np.abs(slopes * x[0])
    if not weight.any():
        weight = np.abs(slopes)
    flat = int(weight.argmax())
    shape = layer.output_shape
    if not weight.any() and x.size == math.prod(shape):  # all slopes are 0: take the input at the unit's own place
        flat = int(np.ravel_multi_index(unit, shape))
    return tuple(map(int, np.unravel_index(flat, x[0].shape)))


def find_neuron(network: Network, neuron: str) -> tuple[int, Index]:
    """The position of the layer and the index of the unit that "dense1:7" names."""
    name, _, place = str(neuron).partition(":")
    known = {layer.name: position for position, layer in enumerate(network.layers) if layer.parameters()}
    require(bool(known), f"neuron {neuron!r}: this network has no layer with weights")
    if name not in known:
        reason = " has no weights" if name in {layer.name for layer in network.layers} else " is not a layer"
        raise InputError(f"neuron {neuron!r}: {name!r}{reason}; {nearest(name, known)}")
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


def path_of(network: Network, inputs: Sequence[Array], spot: Spot | None, *, pooled: bool = False) -> dict[int, Index]:
    """The unit of each layer that carries the number of a neuron: from its own layer up to the next one that mixes.

    With `pooled`, pooling layers are passed too, although they mix the number with its neighbours.
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
                break  # this layer mixes its inputs, like Softmax
            path[later] = place
    return path


@singledispatch
def carried(layer: Layer, place: Index, *, pooled: bool = False) -> Index | None:
    """Where a layer puts the number at this place; None if it mixes it with others (with `pooled`, pools may mix)."""
    input_shape, output_shape = layer.input_shape, layer.output_shape
    if input_shape == output_shape:
        return place
    if math.prod(input_shape) == math.prod(output_shape):  # Flatten, Reshape
        return tuple(map(int, np.unravel_index(int(np.ravel_multi_index(place, input_shape)), output_shape)))
    return None


@carried.register(Dense)
@carried.register(Conv2D)
def _(layer: Dense | Conv2D, place: Index, *, pooled: bool = False) -> None:
    return None


@carried.register
def _(layer: Pool2D, place: Index, *, pooled: bool = False) -> Index | None:
    block = (place[0] // layer.size, place[1] // layer.size, place[2])
    inside = block[0] < layer.output_shape[0] and block[1] < layer.output_shape[1]
    return block if pooled and inside else place if layer.size == 1 else None


@carried.register
def _(layer: GlobalAveragePool, place: Index, *, pooled: bool = False) -> Index | None:
    return (place[-1],) if pooled else None
