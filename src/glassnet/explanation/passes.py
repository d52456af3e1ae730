"""One example on its way through a network, forward to the logits and on to the loss, in float64 as in prediction."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from glassnet.explanation.given import one_example, target
from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """The numbers of one example in the forward pass.

    Attributes:
        network: a copy in float64; backward may write on it.
        batch: the example as a batch of one.
        inputs, outputs: of each layer, for the batch.
    """

    network: Network
    batch: Array
    inputs: list[Array]
    outputs: list[Array]

    @classmethod
    def of(cls, network: Network, x: Any) -> Self:
        """The forward pass of one example x.

        Raises:
            InputError: x is not one example, or not finite; the network does not end in flat outputs (M,).
        """
        require(
            len(network.output_shape) == 1,
            f"explain takes a network with flat outputs (M,), but these have shape {network.output_shape}: end it in "
            "Flatten() or Dense(classes)",
        )
        batch = one_example(network, x)
        double = network.copy(dtype=np.float64)
        outputs = [output.copy() for output in double.trace(batch)]
        inputs = [layer_input(layer, a) for layer, a in zip(double.layers, [batch, *outputs], strict=False)]
        return cls(double, batch, inputs, outputs)

    @property
    def logits(self) -> Array:
        """(1, M)."""
        return self.outputs[-1]


@dataclass(frozen=True, eq=False)
class LossPass:
    """The loss of one example, and where the backward pass starts.

    Attributes:
        targets: in the form that the loss takes.   assumed: whether they are only the network's own prediction.
        loss: in nats, for cross-entropy.   prediction: (1, M).   dlogits: dLoss/dlogits (1, M).
    """

    targets: Array
    assumed: bool
    loss: float
    prediction: Array
    dlogits: Array

    @classmethod
    def of(cls, forward: ForwardPass, y: Any) -> Self:
        """The loss for the target y, a label or a row (M,); by default for the prediction of the network.

        Raises:
            InputError: the target does not fit.
        """
        loss = forward.network.loss
        targets, assumed = target(forward.network, y, forward.logits)
        value, prediction = loss.forward(forward.logits, targets)
        return cls(targets, assumed, value, prediction, loss.backward(prediction, targets))

    @property
    def label(self) -> int | None:
        """The class that is the target; None for real targets."""
        return int(self.targets[0]) if self.targets.ndim == 1 else None


def layer_input(layer: Layer, a: Array) -> Array:
    """The input of a layer as the network gives it: raw values for a layer that takes them, else floats."""
    return a if layer.takes_raw else a.astype(layer.dtype, copy=False)
