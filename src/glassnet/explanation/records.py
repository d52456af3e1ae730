"""The records of an explanation: the computed numbers, as data. `text` and `plots` present them.

From small to large: a product in a sum, an equation with numbers, a layer, a neuron, a training step, an example.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.nn.activations import softmax
from glassnet.nn.array import Array, Shape

Index = tuple[int, ...]


@dataclass(frozen=True)
class Term:
    """One product in a sum: `x[12] W[12,3]`, its two factors, and their product.

    Attributes:
        parts: the name and the index of each factor, such as ("x", (12,)) and ("W", (12, 3)).
    """

    symbol: str
    factors: tuple[float, float]
    value: float
    parts: tuple[tuple[str, Index], tuple[str, Index]]


@dataclass(frozen=True)
class Worked:
    """One equation for one number: left = symbols = numbers = value.

    Attributes:
        note: an additional equation, such as `s = 1 / (1 + exp(-1.29))`.
        terms: the largest terms of a weighted sum, largest first; they are written out in `numbers`.
        more, rest: the number of other terms that are not 0, and their sum.
        bias: the number added to the sum.
    """

    left: str
    symbols: str
    numbers: str
    value: float
    terms: tuple[Term, ...] = ()
    more: int = 0
    rest: float = 0.0
    bias: float = 0.0
    note: str = ""


@dataclass(frozen=True, eq=False)
class LayerPass:
    """The numbers of one layer in the forward and the backward pass.

    Attributes:
        name: for example dense1.
        x, y: its input and output.   dy, dx: dLoss/dy and dLoss/dx.
        parameters, gradients: its arrays by name, such as W and b, and dLoss/dW, dLoss/db under the same names.
        unit: the index of the output that is explained.   place: the index of the input with the largest effect on it.
        slopes: dy[unit]/dx, in the shape of x; for a dense layer the weights of the unit.
        remark: how the layer differs from training; "" if it does not.
    """

    name: str
    x: Array
    y: Array
    dy: Array
    dx: Array
    parameters: dict[str, Array]
    gradients: dict[str, Array]
    unit: Index
    place: Index
    slopes: Array
    remark: str


@dataclass(frozen=True, eq=False)
class LayerNumbers(LayerPass):
    """The numbers of one layer with its equations.

    Attributes:
        description: for example Dense(units=128).
        forward_equations, backward_equations: from the docstring of its class.
        forward, backward: the equations with numbers, for the unit and the place.
    """

    description: str
    forward_equations: tuple[str, ...]
    backward_equations: tuple[str, ...]
    forward: tuple[Worked, ...]
    backward: tuple[Worked, ...]


@dataclass(frozen=True)
class Input:
    """One input of a neuron: product = x * weight; gradient is dLoss/dweight."""

    index: Index
    x: float
    weight: float
    product: float
    weight_index: Index | None  # None if the weight of the input is not a single parameter
    gradient: float | None
    after: float | None


@dataclass(frozen=True)
class Outgoing:
    """A weight of a later layer that multiplies the output of a neuron, and the product.

    Attributes:
        unit: the index of the unit of the later layer.   index: that of the weight in W.
    """

    layer: str
    unit: Index
    index: Index
    weight: float
    product: float


@dataclass(frozen=True)
class Neuron:
    """One unit of a layer with weights.

    Attributes:
        layer, index: the name of its layer, and its index in there.
        inputs: those with the largest products, largest first.   more, rest: the number of other products that are not
            0, and their sum.
        bias: z minus all products.
        z: its output.   a: z after its `activations`, the elementwise layers that follow.
        dz, da: dLoss/dz, dLoss/da.
        outgoing: the largest weights in the next layer that multiply it, largest first; empty for the last layer.
        through, fed: the layers between, such as a pooling, and the number that reaches the next layer.
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


@dataclass(frozen=True)
class Update:
    """One weight before and after one step of gradient descent: after = before - lr * gradient.

    Attributes:
        layer, parameter, index: the weight.
        loss_before, loss_after: the loss of the example before and after only this weight is changed.
        loss_after_all: the loss after all parameters are changed.
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


@dataclass(frozen=True, eq=False)
class ExampleNumbers:
    """All numbers of one example in a forward and a backward pass.

    Attributes:
        x: the example, as the first layer gets it.
        layers: the numbers of each layer, from input to logits.
        logits, prediction: (M,); the loss computes the prediction from the logits: probabilities, for cross-entropy.
        target: (M,), the target of each output.   label: the true class; None for real targets.
        predicted: the class that the network chooses; None if it predicts no classes.
        assumed: True if no target was given, so the prediction of the network is used as the target.
        loss, loss_description, loss_equations, gradient_equations: the loss, in nats for cross-entropy.
        probabilistic: whether the predictions are probabilities.   softmax: whether they are a softmax of the logits.
        worked_loss: the loss with its numbers.
        dlogits: (M,), dLoss/dlogits.
        attributions: (M, *input_shape), dlogit_k/dx times x for each output k: the effect of each pixel on it. For
            inputs with names it is dlogit_k/dx times (x - mean), if Standardize as the first layer knows the mean.
        update: one step of plain gradient descent for one weight; None for a network without parameters, or if no
            target was given to a network that predicts numbers.
        neuron: the neuron to follow, if one was named.
        names: the names of the inputs, such as the columns of a table; may be ().   from_mean: whether their mean is
            known.
        amount: how a predicted number is written, in its unit; None writes four digits.
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
    amount: Callable[[float], str] | None = None

    @property
    def output(self) -> int:
        """The output that is explained: that of the label, or the one with the largest target."""
        return top_output(self.label, self.target)

    def says_for(self, k: int) -> Array:
        """The effect of each input on output k (*input_shape): its attribution, or with a softmax, on the log-odds:

        d log(p_k / (1 - p_k))/dx = dz_k/dx - sum over j != k of q_j dz_j/dx      q = the softmax of the others

        so that an input with the same effect on all logits has no effect here.
        """
        return effect_on(k, self.attributions, self.logits if self.softmax else None)


def effect_on(k: int, attributions: Array, logits: Array | None) -> Array:
    """The effect of each input on output k: its attribution; given logits of a softmax (M,), on its log-odds."""
    effect: Array = attributions[k]
    if logits is None:
        return effect
    others = np.arange(len(logits)) != k
    return effect - np.tensordot(softmax(logits[None, others])[0], attributions[others], axes=1)


def top_output(label: int | None, target: Array) -> int:
    """The output (of M) where the thread starts: that of the label, or the one with the largest target."""
    return 0 if len(target) == 1 else label if label is not None else int(np.abs(target).argmax())
