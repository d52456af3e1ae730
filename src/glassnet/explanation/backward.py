"""The backward pass through a network in prediction mode.

`backward` of a layer is the derivative of its forward pass in training. For most layers, prediction is the same. This
module also handles the layers that predict differently, such as Dropout and BatchNorm.
"""

from collections.abc import Callable, Sequence

import numpy as np

from glassnet.explanation.records import Index
from glassnet.nn.array import Array
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.norm import BatchNorm


def pass_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx = dLoss/dx for the layer in prediction mode; also writes the gradients of its parameters."""
    return way_back(layer, x)(layer, x, dy)


def way_back(layer: Layer, x: Array) -> Callable[[Layer, Array, Array], Array]:
    """The function that passes the gradient back through a layer in prediction mode.

    If a layer does the same in training and in prediction, its own backward is correct. BatchNorm is an affine map in
    prediction. A layer that returns its input, such as Dropout, also returns the gradient. For any other layer the
    slopes are measured.
    """
    if isinstance(layer, BatchNorm):
        return affine_back
    y = layer.forward(x)
    if layer.is_random and y is x:
        return hand_back
    if np.allclose(layer.forward(x, training=True), y, rtol=1e-9, atol=1e-12):
        return own_back
    return hand_back if y is x else measure_back


def own_back(layer: Layer, x: Array, dy: Array) -> Array:
    """Use the layer's own backward."""
    layer.forward(x, training=True)
    return layer.backward(dy).copy()


def hand_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx = dy."""
    return dy.copy()


def affine_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx = gamma r dy, for a BatchNorm with the running mean and variance of training."""
    assert isinstance(layer, BatchNorm)
    r = 1 / np.sqrt(layer.variance + layer.epsilon)
    others = tuple(range(x.ndim - 1))
    layer.dgamma[:] = np.sum(dy * (x - layer.mean) * r, axis=others)
    layer.dbeta[:] = np.sum(dy, axis=others)
    return layer.gamma * r * dy


def measure_back(layer: Layer, x: Array, dy: Array) -> Array:
    """dx and the gradients by central differences of the layer's prediction: slow, but correct for every layer."""

    def slope(array: Array, index: Index) -> float:
        original = array[index]
        h = 1e-5 * max(1.0, abs(float(original)))
        array[index] = original + h
        up = layer.forward(x).copy()
        array[index] = original - h
        change = up - layer.forward(x)
        array[index] = original
        return float((change * dy).sum()) / (2 * h)

    x = x.astype(np.float64)  # a copy
    for name in layer.parameters():
        values = getattr(layer, name)
        gradient = getattr(layer, f"d{name}")
        for index in np.ndindex(values.shape):
            gradient[index] = slope(values, index)
    return np.array([slope(x, index) for index in np.ndindex(x.shape)]).reshape(x.shape)


REMARKS: dict[Callable[[Layer, Array, Array], Array], str] = {
    hand_back: "Shown as in prediction, where it returns its input: y = x, dx = dy.",
    affine_back: "Shown as in prediction, where m and v are constants from training: dx = gamma r dy.",
    measure_back: "It differs in training and prediction: these are the measured slopes of its prediction.",
}


def slopes_of(layer: Layer, x: Array, unit: Index) -> Array:
    """dy[unit]/dx, for a batch of one."""
    dy = np.zeros((1, *layer.output_shape))
    dy[0, *unit] = 1
    return pass_back(layer, x, dy)[0].copy()


def back_to(network: Network, inputs: Sequence[Array], dlogits: Array, position: int = -1) -> Array:
    """dLoss/dy for the layer at this position, or dLoss/dx: one row for each row of dlogits, of the same example."""
    d = dlogits
    for layer, x in zip(reversed(network.layers[position + 1 :]), reversed(inputs[position + 1 :]), strict=True):
        d = way_back(layer, x)(layer, np.repeat(x, len(d), axis=0), d)
    return d
