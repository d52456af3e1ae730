"""Which inputs an output of a layer is computed from, also those that have no effect on it now.

A ReLU of a negative number has the slope 0 there, but it has read that number. So slopes alone do not tell.
"""

import math
from functools import singledispatch

import numpy as np

from glassnet.explanation.records import Index
from glassnet.explanation.worked import meetings
from glassnet.nn.activations import Softmax
from glassnet.nn.array import Array
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Layer
from glassnet.nn.pool import GlobalAveragePool, Pool2D


@singledispatch
def reads(layer: Layer, unit: Index, slopes: Array) -> list[Index]:
    """The places of the inputs that the output `unit` is computed from; slopes: dy[unit]/dx, in the shape of x."""
    own = own_place(layer, unit)
    touched = [tuple(map(int, place)) for place in np.argwhere(slopes)]
    return [own] if own is not None and all(place == own for place in touched) else touched


@reads.register
def _(layer: Dense, unit: Index, slopes: Array) -> list[Index]:
    return [(i,) for i in range(layer.input_shape[0])]


@reads.register
def _(layer: Conv2D, unit: Index, slopes: Array) -> list[Index]:
    return meetings(layer, unit)[0]


@reads.register
def _(layer: Softmax, unit: Index, slopes: Array) -> list[Index]:
    return [(*unit[:-1], k) for k in range(layer.input_shape[-1])]


@reads.register
def _(layer: Pool2D, unit: Index, slopes: Array) -> list[Index]:
    (i, j, c), s = unit, layer.size
    return [(i * s + k, j * s + m, c) for k in range(s) for m in range(s)]


@reads.register
def _(layer: GlobalAveragePool, unit: Index, slopes: Array) -> list[Index]:
    H, W, _ = layer.input_shape
    return [(i, j, *unit) for i in range(H) for j in range(W)]


def own_place(layer: Layer, unit: Index) -> Index | None:
    """The place of the input at the output's own place; None if the layer changes the number of values."""
    if math.prod(layer.input_shape) != math.prod(layer.output_shape):
        return None
    flat = int(np.ravel_multi_index(unit, layer.output_shape))
    return tuple(map(int, np.unravel_index(flat, layer.input_shape)))
