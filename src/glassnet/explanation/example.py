"""One example on its way through a network and back, as data.

`explain` keeps what every layer makes of it, what the loss says, every gradient, and what one step of gradient descent
would change. The numbers follow one thread: from the logit of the class down to the pixel that says most for it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.explanation import text
from glassnet.explanation.equations import (
    Index,
    Worked,
    at,
    equations,
    meetings,
    number,
    worked_backward,
    worked_forward,
)
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.layer import Array, Layer, Shape
from glassnet.nn.network import Network
from glassnet.nn.norm import BatchNorm
from glassnet.nn.pool import GlobalAveragePool, Pool2D
from glassnet.nn.settings import InputError, describe, nearest, require

INPUTS = 6  # the inputs and outgoing weights of a neuron that are listed


@dataclass(frozen=True, eq=False)
class LayerNumbers:
    """What one layer does to the example, and to the gradient that comes back.

    Attributes:
        name, description: dense1, Dense(units=128).
        forward_equations, backward_equations: as they stand in the docstring of its class.
        x, y: its input and output.   dy, dx: dLoss/dy and dLoss/dx.
        parameters, gradients: its arrays by name, such as W and b, and dLoss/dW, dLoss/db under the same names.
        unit: the index of the output that the numbers follow.   place: the index of the input that says most to it.
        slopes: dy[unit]/dx, in the shape of x; for a dense layer the weights of the unit.
        forward, backward: the equations with numbers, for this unit and this place.
        remark: where a layer acts otherwise than in training, how; "" for all others.
    """

    name: str
    description: str
    forward_equations: tuple[str, ...]
    backward_equations: tuple[str, ...]
    x: Array
    y: Array
    dy: Array
    dx: Array
    parameters: dict[str, Array]
    gradients: dict[str, Array]
    unit: Index
    place: Index
    slopes: Array
    forward: tuple[Worked, ...]
    backward: tuple[Worked, ...]
    remark: str


@dataclass(frozen=True)
class Update:
    """One weight before and after one step of gradient descent: after = before - lr * gradient.

    Attributes:
        layer, parameter, index: which weight.
        loss_before, loss_after: of the example, when this weight alone is changed.
        loss_after_all: when all parameters take the step.
    """

    layer: str
    parameter: str
    index: Index
    before: float
    gradient: float
    lr: float
    after: float
    loss_before: float
    loss_after: float
    loss_after_all: float


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


@dataclass(frozen=True, eq=False)
class Explanation:
    """One example, every number; `print` it, or draw it with glassnet.plots.explanation.

    Attributes:
        x: the example, as it was given to the first layer.
        layers: what each layer does, from input to logits.
        logits, prediction: (M,), and what the loss makes of them: probabilities, for cross-entropy.
        target: (M,), what they should have been.   label: its class; None for real targets.
        predicted: the class that the network chooses; None if it predicts no classes.
        assumed: no truth was given, so the predicted class is taken for it.
        loss, loss_description, loss_equations, gradient_equations: the loss, in nats for cross-entropy.
        probabilistic: whether the predictions are probabilities.   softmax: whether they are a softmax of the logits.
        worked_loss: the loss with its numbers.
        dlogits: (M,), dLoss/dlogits.
        attributions: (M, *input_shape), dlogit_k/dx times x for each output k: what each pixel says for and against it.
        update: what a step of plain gradient descent makes of one weight; None for a network without parameters.
        neuron: the neuron that was asked for.
    """

    x: Array
    classes: tuple[str, ...]
    layers: tuple[LayerNumbers, ...]
    logits: Array
    prediction: Array
    target: Array
    label: int | None
    predicted: int | None
    assumed: bool
    loss: float
    loss_description: str
    loss_equations: tuple[str, ...]
    gradient_equations: tuple[str, ...]
    probabilistic: bool
    softmax: bool
    worked_loss: Worked
    dlogits: Array
    attributions: Array
    update: Update | None
    neuron: Neuron | None
    image_shape: Shape | None = field(default=None)

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = 80) -> str:
        """Everything as plain text, in lines of at most `width` characters; the tables need 80."""
        return text.write(self, width)


def explain(network: Network, x: Any, y: Any = None, *, neuron: str | None = None, lr: float = 0.1) -> Explanation:
    """What a network makes of one example, and what it would learn from it, number by number.

    Everything is computed in float64 on a copy; the network stays as it is. Layers act as in prediction, also on the
    way back: Dropout silences nothing.

    Args:
        x: one example, or a batch of one.
        y: its label, or a row of targets (M,); by default the class that the network predicts.
        neuron: follow one neuron, "layer:index", such as "dense1:7", or "conv2d1:3,4,0" for row, column, filter.
        lr: the learning rate of the step that is shown, above 0.

    Raises:
        InputError: not one example, a target that does not fit, an unknown layer or index, lr not above 0.
    """
    require(0 < lr < math.inf, f"lr must be a number above 0, got {lr!r}")
    require(
        len(network.output_shape) == 1,
        f"explain takes a network with flat outputs (M,), but these have shape {network.output_shape}: end it in "
        "Flatten() or Dense(classes)",
    )
    batch = one_example(network, x)
    own = network.copy(dtype=np.float64)
    own.logits(batch)  # refuses what is not finite
    spot = None if neuron is None else find_neuron(own, neuron)

    inputs, outputs = [], []
    a = batch
    for layer in own.layers:
        a = a if layer.takes_raw else a.astype(own.dtype)
        inputs.append(a)
        a = layer.forward(a)
        outputs.append(a)
    logits = a.copy()
    targets, assumed = target(own, y, logits)
    loss, prediction = own.loss.forward(logits, targets)
    dlogits = own.loss.backward(prediction, targets)
    rows = one_hot_rows(targets, own)
    label = int(targets[0]) if targets.ndim == 1 else None
    classifies = bool(own.classes) or own.loss.classifies

    M = len(logits[0])
    top = 0 if M == 1 else label if label is not None else int(np.abs(rows).argmax())
    thread = list(follow(own, inputs, (top,), path_of(own, inputs, spot, pooled=True)))[::-1]
    attributions = back_to_x(own, inputs, np.eye(M)) * batch.astype(np.float64)

    layers = []
    d = dlogits
    for position in reversed(range(len(own.layers))):
        layer, x_, y_ = own.layers[position], inputs[position], outputs[position]
        dy, d = d, pass_back(layer, x_, d)
        unit, place, slopes = thread[position]
        parameters = {name: getattr(layer, name).copy() for name in layer.parameters()}
        gradients = {name: getattr(layer, f"d{name}").copy() for name in layer.parameters()}
        x1 = np.asarray(x_[0])
        layers.append(
            LayerNumbers(
                name=layer.name,
                description=describe(layer),
                forward_equations=equations(type(layer), "Forward"),
                backward_equations=equations(type(layer), "Backward"),
                x=x1.copy(),
                y=y_[0].copy(),
                dy=dy[0].copy(),
                dx=d[0].copy(),
                parameters=parameters,
                gradients=gradients,
                unit=unit,
                place=place,
                slopes=slopes,
                forward=worked_forward(layer, x1.astype(np.float64), y_[0], unit, slopes),
                backward=worked_backward(
                    layer, x1.astype(np.float64), y_[0], dy[0], d[0].copy(), gradients, unit, place, slopes
                ),
                remark=REMARKS.get(way_back(layer, x_), ""),
            )
        )
    layers.reverse()
    return Explanation(
        x=batch[0].copy(),
        classes=own.classes or tuple(map(str, range(max(M, 2)))),
        layers=tuple(layers),
        logits=logits[0],
        prediction=prediction[0].copy(),
        target=rows,
        label=label,
        predicted=int(own.loss.labels(prediction)[0]) if classifies else None,
        assumed=assumed,
        loss=loss,
        loss_description=describe(own.loss),
        loss_equations=equations(type(own.loss), "Forward"),
        gradient_equations=equations(type(own.loss), "Backward"),
        probabilistic=own.loss.probabilistic,
        softmax=isinstance(own.loss, CrossEntropy),
        worked_loss=worked_loss(own, loss, prediction[0], label),
        dlogits=dlogits[0].copy(),
        attributions=attributions,
        update=update(own, batch, targets, loss, layers, spot, lr),
        neuron=None if spot is None else neuron_numbers(own, layers, *spot, lr),
        image_shape=image_shape(np.shape(x), own.input_shape),
    )


# What is given


def one_example(network: Network, x: Any) -> Array:
    """The example as a batch of one."""
    try:
        array = np.asarray(x)
    except ValueError:
        return network.as_batch(x)  # says what is wrong with it
    size = math.prod(network.input_shape)
    if array.size == size:
        return network.as_batch(array.reshape(1, *network.input_shape))
    rows = network.as_batch(array if array.ndim > 1 and math.prod(array.shape[1:]) == size else array[None])
    raise InputError(f"explain takes one example, got a batch of {len(rows)}: choose one, such as x[0]")


def image_shape(given: Shape, input_shape: Shape) -> Shape | None:
    """The form (H, W) or (H, W, C) in which an example can be drawn; None if it is no image."""
    for shape in (input_shape, given[1:] if len(given) > 1 and given[0] == 1 else given, given):
        if (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))) and min(shape[:2]) > 1:
            return shape
    side = math.isqrt(math.prod(input_shape))
    return (side, side) if side >= 8 and side * side == math.prod(input_shape) else None


def target(network: Network, y: Any, logits: Array) -> tuple[Array, bool]:
    """The target as the loss takes it, and whether it is only the network's own prediction."""
    M = logits.shape[1]
    if y is None:
        require(
            bool(network.classes) or network.loss.classifies,
            "this network predicts numbers, not classes: give y, what its outputs should have been",
        )
        return network.loss.labels(network.loss.predict(logits)), True
    array = np.asarray(y)
    if array.ndim == 0 or (array.ndim == 1 and (len(array) == M > 1 or array.dtype.kind == "f")):
        array = array[None]
    require(len(array) == 1, f"expected one label or a row of {M} targets, got {array.shape}")
    network.loss.check(array, M, 1)
    return array, False


def one_hot_rows(targets: Array, network: Network) -> Array:
    """The target (M,) of each output."""
    M = network.output_shape[0]
    if targets.ndim == 2:
        return targets[0].astype(np.float64)
    return np.array([float(targets[0])]) if M == 1 else (np.arange(M) == targets[0]).astype(np.float64)


def worked_loss(network: Network, loss: float, prediction: Array, label: int | None) -> Worked:
    """The loss with its numbers, where that is one short line: for the cross-entropy of a label."""
    if isinstance(network.loss, CrossEntropy) and not network.loss.smoothing and label is not None:
        p = float(prediction[label])
        return Worked("L", f"-log {at('p', (label,))}", f"-log {number(p)}", loss)
    return Worked("L", "", "", loss)


# Back, as in prediction


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


def back_to_x(network: Network, inputs: list[Array], dlogits: Array) -> Array:
    """One row of dx for each row of dlogits, all for the same example."""
    d = dlogits
    for layer, x in zip(reversed(network.layers), reversed(inputs), strict=True):
        d = pass_back(layer, np.repeat(x, len(d), axis=0), d)
    return d


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


def slopes_of(layer: Layer, x: Array, unit: Index) -> Array:
    """dy[unit]/dx, for a batch of one."""
    dy = np.zeros((1, *layer.output_shape))
    dy[0, *unit] = 1
    return pass_back(layer, x, dy)[0].copy()


def follow(
    network: Network, inputs: list[Array], top: Index, path: dict[int, Index]
) -> Iterator[tuple[Index, Index, Array]]:
    """From the top layer down: a unit, the input that says most to it, and the unit's slopes.

    That input is the unit of the next layer below. Where a neuron is asked for, its path is taken instead.
    """
    unit = top
    for position in reversed(range(len(network.layers))):
        unit = path.get(position, unit)
        x = inputs[position]
        slopes = slopes_of(network.layers[position], x, unit)
        weight = np.abs(slopes * x[0])
        if not weight.any():
            weight = np.abs(slopes)
        flat = int(weight.argmax())
        shape = network.layers[position].output_shape
        if not weight.any() and x.size == math.prod(shape):  # a silent unit: the input at its own place
            flat = int(np.ravel_multi_index(unit, shape))
        place = path.get(position - 1) or tuple(map(int, np.unravel_index(flat, x[0].shape)))
        yield unit, place, slopes
        unit = place


# One step, one neuron


def update(
    network: Network,
    batch: Array,
    targets: Array,
    loss: float,
    layers: list[LayerNumbers],
    spot: tuple[int, Index] | None,
    lr: float,
) -> Update | None:
    """The step of the weight with the largest gradient: of the whole network, or of the neuron."""
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


def largest_gradient(
    network: Network, layers: list[LayerNumbers], spot: tuple[int, Index] | None
) -> tuple[int, str, Index]:
    """Layer, name and index of the parameter with the largest gradient: of all, or of one neuron."""
    if spot is None:
        found = [
            (float(np.abs(gradient).max()), -position, name, gradient)
            for position, layer in enumerate(layers)
            for name, gradient in layer.gradients.items()
        ]
    else:
        position, unit = spot
        layer, numbers = network.layers[position], layers[position]
        dy = np.zeros((1, *numbers.y.shape))
        dy[0, *unit] = numbers.dy[unit] or 1  # of a silent neuron: what would learn if it were not
        pass_back(layer, numbers.x[None], dy)
        own = {name: getattr(layer, f"d{name}").copy() for name in layer.parameters()}
        found = [(float(np.abs(gradient).max()), -position, name, gradient) for name, gradient in own.items()]
    weights = [one for one in found if one[3].ndim > 1 and one[0] > 0]  # rather than biases
    _, position, name, gradient = max(weights or found, key=lambda one: one[:2])
    return -position, name, tuple(map(int, np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)))


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


def neuron_numbers(network: Network, layers: list[LayerNumbers], position: int, unit: Index, lr: float) -> Neuron:
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
