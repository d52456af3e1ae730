"""One step of gradient descent on one example: the change of one weight, and its effect on the loss."""

from collections.abc import Sequence

import numpy as np

from glassnet.explanation.backward import pass_back
from glassnet.explanation.records import Index, LayerPass, Update
from glassnet.explanation.thread import Spot
from glassnet.nn.array import Array
from glassnet.nn.network import Network


def one_step(
    network: Network,
    batch: Array,
    targets: Array,
    loss: float,
    layers: Sequence[LayerPass],
    spot: Spot | None,
    lr: float,
) -> Update | None:
    """The step of the weight with the largest gradient, in the whole network or in one neuron."""
    if not network.segments:
        return None
    position, name, index = largest_gradient(network, layers, spot)
    gradient, before = float(layers[position].gradients[name][index]), float(layers[position].parameters[name][index])
    grad = np.zeros_like(network.theta)
    for segment in network.segments:
        segment.view(grad)[...] = layers[segment.layer].gradients[segment.name]
    segment = next(s for s in network.segments if s.layer == position and s.name == name)
    start = network.theta.copy()

    def loss_now() -> float:
        value = network.loss.forward(network.forward(batch), targets)[0]
        network.theta[:] = start
        return value

    segment.view(network.theta)[index] -= lr * gradient
    after = float(segment.view(network.theta)[index])
    alone = loss_now()
    network.theta -= lr * grad
    return Update(layers[position].name, name, index, before, gradient, lr, after, loss, alone, loss_now())


def largest_gradient(network: Network, layers: Sequence[LayerPass], spot: Spot | None) -> tuple[int, str, Index]:
    """Layer, name and index of the parameter with the largest gradient, in the whole network or in one neuron."""
    if spot is None:
        candidates = [
            (float(np.abs(array).max()), -position, name, array)
            for position, layer in enumerate(layers)
            for name, array in layer.gradients.items()
        ]
    else:
        position, unit = spot
        layer, numbers = network.layers[position], layers[position]
        dy = np.zeros((1, *numbers.y.shape))
        dy[0, *unit] = numbers.dy[unit] or 1  # with gradient 0: choose the weight that would learn if it were not 0
        pass_back(layer, numbers.x[None], dy)
        gradients = {name: getattr(layer, f"d{name}").copy() for name in layer.parameters()}
        candidates = [(float(np.abs(array).max()), -position, name, array) for name, array in gradients.items()]
    weights = [candidate for candidate in candidates if candidate[3].ndim > 1 and candidate[0] > 0]  # not biases
    _, position, name, gradient = max(weights or candidates, key=lambda candidate: candidate[:2])
    return -position, name, tuple(map(int, np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)))
