"""One example on its way through a network and back, as data.

`explain` keeps what every layer makes of it, what the loss says, every gradient, and what one step of gradient descent
would change. The numbers follow one thread: from the logit of the class down to the pixel that says most for it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.explanation import text
from glassnet.explanation.backward import REMARKS, back_to_x, pass_back, slopes_of, way_back
from glassnet.explanation.equations import Index, Worked, at, equations, number
from glassnet.explanation.neuron import Neuron, find_neuron, neuron_numbers, path_of
from glassnet.explanation.step import Update, one_step
from glassnet.explanation.worked import worked_backward, worked_forward
from glassnet.nn.activations import softmax
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.layer import Array, Shape
from glassnet.nn.network import Network
from glassnet.nn.reshape import Standardize
from glassnet.nn.settings import InputError, describe, require


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


@dataclass(frozen=True, eq=False)
class Explanation:
    """One example, every number; `print` it, or draw it with glassnet.plots.explanation.

    Attributes:
        x: the example, as it was given to the first layer.
        layers: what each layer does, from input to logits.
        logits, prediction: (M,), and what the loss makes of them: probabilities, for cross-entropy.
        target: (M,), what they should have been.   label: its class; None for real targets.
        predicted: the class that the network chooses; None if it predicts no classes.
        assumed: no truth was given, so what the network predicts is taken for it.
        loss, loss_description, loss_equations, gradient_equations: the loss, in nats for cross-entropy.
        probabilistic: whether the predictions are probabilities.   softmax: whether they are a softmax of the logits.
        worked_loss: the loss with its numbers.
        dlogits: (M,), dLoss/dlogits.
        attributions: (M, *input_shape), dlogit_k/dx times x for each output k: what each pixel says for and against it.
            Of inputs with names, dlogit_k/dx times (x - mean) where their mean is known, by Standardize as first layer.
        update: what a step of plain gradient descent makes of one weight; None for a network without parameters, or
            where the prediction is a number and taken for the truth.
        neuron: the neuron that was asked for.
        names: of the inputs, such as the columns of a table; () without.   from_mean: whether their mean is known.
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
    image_shape: Shape | None = None
    names: tuple[str, ...] = ()
    from_mean: bool = False

    @property
    def output(self) -> int:
        """The output that the numbers follow: that of the label, or the one with the largest target."""
        return top_output(self.label, self.target)

    def says_for(self, k: int) -> Array:
        """What each input says for output k (*input_shape): its attribution, or of a softmax that to the log-odds.

        d log(p_k / (1 - p_k))/dx = dz_k/dx - sum over j != k of q_j dz_j/dx      q = the softmax of the others

        so that what speaks for all classes alike says nothing.
        """
        own: Array = self.attributions[k]
        if not self.softmax:
            return own
        others = np.arange(len(self.logits)) != k
        return own - np.tensordot(softmax(self.logits[None, others])[0], self.attributions[others], axes=1)

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = 80) -> str:
        """Everything as plain text, in lines of at most `width` characters; the tables need 80."""
        return text.write(self, width)


def explain(
    network: Network,
    x: Any,
    y: Any = None,
    *,
    neuron: str | None = None,
    lr: float = 0.1,
    names: Sequence[str] = (),
) -> Explanation:
    """What a network makes of one example, and what it would learn from it, number by number.

    Everything is computed in float64 on a copy; the network stays as it is. Layers act as in prediction, also on the
    way back: Dropout silences nothing.

    Args:
        x: one example, or a batch of one.
        y: its label, or a row of targets (M,); by default what the network predicts.
        neuron: follow one neuron, "layer:index", such as "dense1:7", or "conv2d1:3,4,0" for row, column, filter.
        lr: the learning rate of the step that is shown, above 0.
        names: of the inputs, one for each, such as `schema.input_names`.

    Raises:
        InputError: not one example, a target that does not fit, an unknown layer or index, lr not above 0, too many or
            too few names.
    """
    require(0 < lr < math.inf, f"lr must be a number above 0, got {lr!r}")
    require(
        len(network.output_shape) == 1,
        f"explain takes a network with flat outputs (M,), but these have shape {network.output_shape}: end it in "
        "Flatten() or Dense(classes)",
    )
    size = math.prod(network.input_shape)
    require(len(names) in (0, size), f"explain: expected names of {size:,} inputs, or none, got {len(names):,}")
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
    thread = list(follow(own, inputs, (top_output(label, rows),), path_of(own, inputs, spot, pooled=True)))[::-1]
    mean = own.layers[0].mean if names and isinstance(own.layers[0], Standardize) else None
    far = batch.astype(np.float64) if mean is None else batch - mean
    attributions = back_to_x(own, inputs, np.eye(M)) * far

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
        classes=own.class_names,
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
        update=None if assumed and label is None else one_step(own, batch, targets, loss, layers, spot, lr),
        neuron=None if spot is None else neuron_numbers(own, layers, *spot, lr),
        image_shape=None if names else image_shape(np.shape(x), own.input_shape),
        names=tuple(names),
        from_mean=mean is not None,
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
        said = network.loss.predict(logits)
        return (network.loss.labels(said) if network.classes or network.loss.classifies else said), True
    try:
        array = np.asarray(y)
    except ValueError:
        raise InputError(f"expected one label or a row of {M} targets, got rows of different lengths") from None
    numbers = array.dtype.kind == "f" or not (network.classes or network.loss.classifies)
    if M == 1 and array.size == 1 and numbers:
        array = array.reshape(1, 1)
    elif array.ndim == 0 or (array.ndim == 1 and (len(array) == M > 1 or array.dtype.kind == "f")):
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


def top_output(label: int | None, target: Array) -> int:
    """Where the thread of numbers starts: at the output (of M) of the label, or at that with the largest target."""
    return 0 if len(target) == 1 else label if label is not None else int(np.abs(target).argmax())


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
