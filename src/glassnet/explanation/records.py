"""The records of an explanation: what was computed, as data. How it is written down stands elsewhere.

From the inside out: a product in a sum, one equation with numbers, one layer, one neuron, one step, the whole example.
"""

from dataclasses import dataclass

import numpy as np

from glassnet.nn.activations import softmax
from glassnet.nn.array import Array, Shape

Index = tuple[int, ...]


@dataclass(frozen=True)
class Term:
    """One product in a sum: `x[12] W[12,3]`, its two factors, and their product."""

    symbol: str
    factors: tuple[float, float]
    value: float


@dataclass(frozen=True)
class Worked:
    """One equation for one number: left = symbols = numbers = value.

    Attributes:
        note: what else it takes, such as `s = 1 / (1 + exp(-1.29))`.
        terms: of a weighted sum, the largest terms, largest first; they are written out in `numbers`.
        more, rest: how many other terms are not 0, and their sum.
        bias: what is added to the sum.
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
    """What one layer does to the example, and to the gradient that comes back.

    Attributes:
        name: dense1.
        x, y: its input and output.   dy, dx: dLoss/dy and dLoss/dx.
        parameters, gradients: its arrays by name, such as W and b, and dLoss/dW, dLoss/db under the same names.
        unit: the index of the output that the numbers follow.   place: the index of the input that says most to it.
        slopes: dy[unit]/dx, in the shape of x; for a dense layer the weights of the unit.
        remark: where a layer acts otherwise than in training, how; "" for all others.
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
    """The same with its equations.

    Attributes:
        description: Dense(units=128).
        forward_equations, backward_equations: as they stand in the docstring of its class.
        forward, backward: the equations with numbers, for the unit and the place.
    """

    description: str
    forward_equations: tuple[str, ...]
    backward_equations: tuple[str, ...]
    forward: tuple[Worked, ...]
    backward: tuple[Worked, ...]


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


@dataclass(frozen=True, eq=False)
class ExampleNumbers:
    """One example on its way through a network and back.

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


def top_output(label: int | None, target: Array) -> int:
    """Where the thread of numbers starts: at the output (of M) of the label, or at that with the largest target."""
    return 0 if len(target) == 1 else label if label is not None else int(np.abs(target).argmax())
