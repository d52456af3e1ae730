"""The way back through a network that acts as in prediction.

`backward` of a layer is the derivative of what it does in training. Nearly always that is what it does in prediction
too; here is also the way back through those layers, such as Dropout and BatchNorm, that predict otherwise.
"""

from collections.abc import Callable

import numpy as np

from glassnet.explanation.records import Index
from glassnet.nn.array import Array
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.norm import BatchNorm


def pass_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx = dLoss/dx, for what the layer does in prediction; the gradients of its parameters go where they belong."""
    return way_back(layer, x)(layer, x, dy)


def way_back(layer: Layer, x: Array) -> Callable[[Layer, Array, Array], Array]:
    """How the gradient comes back through a layer that acts as in prediction.

    Where a layer does in training what it does in prediction, its own backward is right. BatchNorm is an affine map in
    prediction. A layer that hands its input on, such as Dropout, hands the gradient on. Of any other the slopes are
    measured.
    """
    if isinstance(layer, BatchNorm):
        return affine_back
    y = layer.forward(x)
    if np.allclose(layer.forward(x, training=True), y, rtol=1e-9, atol=1e-12):
        return own_back
    return hand_back if y is x else measure_back


def own_back(layer: Layer, x: Array, dy: Array) -> Array:
    """The layer's own backward."""
    layer.forward(x, training=True)
    return layer.backward(dy).copy()


def hand_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx = dy."""
    return dy.copy()


def affine_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx = gamma r dy, for a BatchNorm whose mean and variance are those that training has kept."""
    assert isinstance(layer, BatchNorm)
    r = 1 / np.sqrt(layer.variance + layer.epsilon)
    others = tuple(range(x.ndim - 1))
    layer.dgamma[:] = np.sum(dy * (x - layer.mean) * r, axis=others)
    layer.dbeta[:] = np.sum(dy, axis=others)
    return layer.gamma * r * dy


def measure_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx and the gradients by central differences of what the layer predicts: slow, but right for every layer."""

    def slope(array: Array, index: Index) -> float:
        kept = array[index]
        h = 1e-5 * max(1.0, abs(float(kept)))
        array[index] = kept + h
        up = layer.forward(x).copy()
        array[index] = kept - h
        change = up - layer.forward(x)
        array[index] = kept
        return float((change * dy).sum()) / (2 * h)

    x = x.astype(np.float64)  # a copy
    for name in layer.parameters():
        values = getattr(layer, name)
        gradient = getattr(layer, f"d{name}")
        for index in np.ndindex(values.shape):
            gradient[index] = slope(values, index)
    return np.array([slope(x, index) for index in np.ndindex(x.shape)]).reshape(x.shape)


REMARKS: dict[Callable[[Layer, Array, Array], Array], str] = {
    hand_back: "As in prediction it hands on what it gets: y = x, dx = dy.",
    affine_back: "As in prediction m and v are constants that training has kept: dx = gamma r dy.",
    measure_back: "It predicts otherwise than it trains: these are the slopes of its prediction, measured.",
}


def slopes_of(layer: Layer, x: Array, unit: Index) -> Array:
    """dy[unit]/dx, for a batch of one."""
    dy = np.zeros((1, *layer.output_shape))
    dy[0, *unit] = 1
    return pass_back(layer, x, dy)[0].copy()


def back_to_x(network: Network, inputs: list[Array], dlogits: Array) -> Array:
    """One row of dx for each row of dlogits, all for the same example."""
    d = dlogits
    for layer, x in zip(reversed(network.layers), reversed(inputs), strict=True):
        d = pass_back(layer, np.repeat(x, len(d), axis=0), d)
    return d
