"""Explains one example in three steps: forward pass, backward pass, equations with numbers.

`Network.trace` returns the output of every layer. `thread_back` computes the gradients, and follows one thread of units
from the output of the class down to the input with the largest effect on it. Then the equations of every layer are
written with these numbers.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.explanation import text
from glassnet.explanation.backward import back_to
from glassnet.explanation.equations import at, equations, number
from glassnet.explanation.given import image_shape, one_hot_rows, positive
from glassnet.explanation.neuron import neuron_numbers
from glassnet.explanation.passes import ForwardPass, LossPass
from glassnet.explanation.records import ExampleNumbers, Index, LayerNumbers, LayerPass, Worked, top_output
from glassnet.explanation.step import one_step
from glassnet.explanation.thread import find_neuron, thread_back
from glassnet.explanation.worked import worked_backward, worked_forward
from glassnet.nn.array import Array
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.plain import brief
from glassnet.nn.reshape import Standardize
from glassnet.nn.settings import describe


class Explanation(ExampleNumbers):
    """One example, every number; `print` it, end a cell with it, or draw it with glassnet.plots.explanation."""

    def __repr__(self) -> str:
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
    """All numbers of one example: the forward pass, the gradients, and one step of training.

    Everything is computed in float64 on a copy; the network does not change. All layers act as in prediction, also in
    the backward pass: Dropout drops nothing.

    Args:
        x: one example, or a batch of one.
        y: its label, or a row of targets (M,); by default the prediction of the network.
        neuron: follow one neuron, "layer:index", such as "dense1:7", or "conv2d1:3,4,0" for row, column, filter.
        lr: the learning rate of the training step, above 0.
        names: the names of the inputs, one for each, such as `schema.input_names`.

    Raises:
        InputError: x is not one example; the target does not fit; the layer or the index does not exist; lr is not
            above 0; the number of names is wrong.
    """
    size = math.prod(network.input_shape)
    lr = positive(lr, "lr")
    require(len(names) in (0, size), f"explain: expected names of {size:,} inputs, or none, got {len(names):,}")
    forward = ForwardPass.of(network, x)
    double, batch, logits = forward.network, forward.batch, forward.logits
    spot = None if neuron is None else find_neuron(double, neuron)
    end = LossPass.of(forward, y)
    label, prediction, loss = end.label, end.prediction, end.loss
    rows = one_hot_rows(end.targets, double)

    attributions, from_mean = attributed(forward, named=bool(names))
    passes = thread_back(double, forward.inputs, forward.outputs, end.dlogits, top_output(label, rows), spot)

    return Explanation(
        x=batch[0].copy(),
        classes=tuple(map(brief, double.class_names)),
        layers=tuple(with_equations(layer, p) for layer, p in zip(double.layers, passes, strict=True)),
        logits=logits[0],
        prediction=prediction[0].copy(),
        target=rows,
        label=label,
        predicted=int(double.loss.labels(prediction)[0]) if double.task == "classification" else None,
        assumed=end.assumed,
        loss=loss,
        loss_description=describe(double.loss),
        loss_equations=equations(type(double.loss), "Forward"),
        gradient_equations=equations(type(double.loss), "Backward"),
        probabilistic=double.loss.probabilistic,
        softmax=double.loss.softmax,
        worked_loss=worked_loss(double, loss, prediction[0], label),
        dlogits=end.dlogits[0].copy(),
        attributions=attributions,
        update=None if end.assumed and label is None else one_step(double, batch, end.targets, loss, passes, spot, lr),
        neuron=None if spot is None else neuron_numbers(double, passes, *spot, lr),
        image_shape=None if names else image_shape(np.shape(x), double.input_shape),
        names=tuple(names),
        from_mean=from_mean,
    )


def attributed(forward: ForwardPass, *, named: bool) -> tuple[Array, bool]:
    """Gradient times input for each output, (M, *input_shape), and whether the inputs were taken minus their mean."""
    network, batch = forward.network, forward.batch
    first = network.layers[0]
    mean = first.mean if named and isinstance(first, Standardize) else None
    difference = batch.astype(np.float64) if mean is None else batch - mean
    return back_to(network, forward.inputs, np.eye(network.output_shape[0])) * difference, mean is not None


def with_equations(layer: Layer, p: LayerPass) -> LayerNumbers:
    """The numbers of a layer, written into its equations."""
    return LayerNumbers(
        **vars(p),
        description=describe(layer),
        forward_equations=equations(type(layer), "Forward"),
        backward_equations=equations(type(layer), "Backward"),
        forward=worked_forward(layer, p),
        backward=worked_backward(layer, p),
    )


def worked_loss(network: Network, loss: float, prediction: Array, label: int | None) -> Worked:
    """The loss with its numbers, if that is one short line: for the cross-entropy of a label."""
    if network.loss == CrossEntropy() and label is not None:
        p = float(prediction[label])
        return Worked("L", f"-log {at('p', (label,))}", f"-log {number(p)}", loss)
    return Worked("L", "", "", loss)


def worked_dlogit(end: LossPass, loss: Loss, k: Index) -> Worked:
    """dLoss/dlogits at one output k, with its numbers if the equation of the loss is p - t."""
    p, value = float(end.prediction[0][k]), float(end.dlogits[0][k])
    left = at("dL/dz", k)
    if "dl/dz = p - t" not in equations(type(loss), "Backward"):
        return Worked(left, "", "", value)
    t = "t'" if getattr(loss, "smoothing", 0) else "t"  # the smoothed target
    return Worked(left, f"{at('p', k)} - {at(t, k)}", f"{number(p)} - {number(p - value)}", value)
