"""The network: a sequence of layers, and the two flat vectors that they share.

It owns one vector of parameters, `theta`, and one of gradients, `grad`; every layer works on views of them. So an
optimizer is a line of arithmetic on two vectors, and to copy, average or save a network means to copy a vector.
"""

import copy
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike

from glassnet.nn.array import Array
from glassnet.nn.batches import (
    adapt,
    as_batch,
    check_finite,
    forward_in_portions,
    outputs,
    rows_at_once,
    through,
)
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss
from glassnet.nn.plain import check_class_names
from glassnet.nn.predictor import Predictor, pays
from glassnet.nn.scale import warn_of_scale
from glassnet.nn.segments import connect, first_values, segments_of
from glassnet.nn.settings import describe, whole
from glassnet.nn.summary import summary
from glassnet.nn.threads import processors


class Network:
    """A sequence of layers.

    Args:
        layers: from input to logits; a network does not end in a softmax, because the loss includes it.
        input_shape: the shape of one example, such as 784 or (28, 28).
        seed: chooses the first weights; None leaves all of them 0, for a network whose weights will be loaded.
        dtype: float32 or float64; all arithmetic is done in it.
        classes: a name for each output; `fit` sets "0", "1", ... if the targets are labels.

    Attributes:
        theta: every parameter, as one vector.   grad: its gradient, dLoss/dtheta.
        buffers: the values that belong to the model but are not learned by gradient descent, as one vector.
        observed: the measurements of the last training forward for the buffers, in the same order.
        segments, buffer_segments: the part of the vectors that belongs to each array of each layer.
        loss: the meaning of the logits: CrossEntropy() unless `fit` gets another loss.
        threshold: an image with less `evidence` over its views should be refused; 0 refuses nothing. Not for `predict`.

    Raises:
        InputError: layers that do not fit together.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        input_shape: int | Sequence[int],
        seed: int | None = 0,
        dtype: DTypeLike = np.float32,
        classes: Sequence[str] | None = None,
    ) -> None:
        sizes = input_shape if isinstance(input_shape, Sequence) else [input_shape]
        require(len(sizes) > 0, "input_shape must hold at least one number")
        self.input_shape = tuple(whole(size, "input_shape", 1) for size in sizes)
        self.dtype = np.dtype(dtype)
        require(self.dtype in (np.float32, np.float64), f"dtype must be float32 or float64, got {self.dtype}")
        self.layers = tuple(layers)
        self.segments, self.buffer_segments = connect(self.layers, self.input_shape)
        self.output_shape = self.layers[-1].output_shape
        self.classes = None if classes is None else tuple(str(name) for name in classes)
        self.loss: Loss = CrossEntropy()
        self.threshold = 0.0
        self._predictor: Predictor | None = None
        try:
            check_class_names(self.classes, max(self.output_shape[0], 2))
            self.theta, self.buffers = first_values(self.segments, self.buffer_segments, self.dtype, seed)
            self._bind()
        except (InputError, MemoryError) as error:
            for layer in self.layers:
                layer.release()
            raise InputError(str(error) or "this network does not fit into memory") from None

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class, by default "0", "1", ...; one output separates two classes."""
        return self.classes or tuple(map(str, range(max(self.output_shape[0], 2))))

    @property
    def task(self) -> Literal["classification", "regression", "multilabel"]:
        """The kind of prediction: one label; real numbers; or a probability for each of several labels."""
        if self.classes or self.loss.classifies:
            return "classification"
        return "regression" if self.loss.for_numbers else "multilabel"

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """The logits (N, M) of a batch x (N, ...), each example with as many values as input_shape.

        With `training`, the layers store what `backward` needs, and the logits are valid until the next such call.

        Raises:
            InputError: another number of values; without `training`, values that are not finite.
        """
        x = self.as_batch(x)
        if not training:
            check_finite(x)
        return through(self.layers, x, training=training)

    def backward(self, dlogits: Array) -> Array:
        """Write dLoss/dtheta into `grad` and return dLoss/dx; follows a forward pass with training=True."""
        for layer in reversed(self.layers):
            dlogits = layer.backward(dlogits)
        return dlogits

    def logits(self, x: Array, rows: Array | None = None, *, workers: int | None = None) -> Array:
        """The logits (N, M) of any number of examples x (N, ...), or of those `rows` of x, in batches.

        `workers` batches are computed at once, in threads; by default one for each processor, if that is faster.
        """
        x = self.as_batch(x)
        if not self._pays:
            return forward_in_portions(self.forward, x, rows, self._rows_at_once, workers or 1)
        prepared = self._predictor
        if prepared is None or not prepared.is_of(self.theta, self.buffers):
            prepared = self._predictor = Predictor(self.layers, self.copy(), self._rows_at_once)
        return prepared.logits(x, rows, workers or processors())

    def predict_proba(self, x: Array) -> Array:
        """The loss's prediction for the logits (N, M): probabilities for cross-entropy, outputs for squared error."""
        return self.loss.predict(self.logits(x))

    def predict(self, x: Array) -> Array:
        """The label of each example (N,); for a network that was trained on real targets, its outputs (N, M)."""
        warn_of_scale(self.layers, x)
        answer = self.predict_proba(x)
        return self.loss.labels(answer) if self.task == "classification" else answer

    def as_batch(self, x: Array) -> Array:
        """x as (N, *input_shape), without a copy.

        Raises:
            InputError: not numbers, or another number of values in an example.
        """
        return as_batch(x, self.input_shape, self.layers[0].name)

    def trace(self, x: Array) -> list[Array]:
        """The output of each layer for x (N, ...), in prediction, up to the logits; they may share memory with x.

        Raises:
            InputError: as `forward`.
        """
        return outputs(self.layers, self.as_batch(x))

    def summary(self) -> str:
        """A table of the layers: name, settings, shape of one output, parameters, multiply-adds for one example."""
        return summary(self.layers)

    def __repr__(self) -> str:
        return f"Network([{', '.join(map(describe, self.layers))}], input_shape={self.input_shape})"

    # The rest gives the layers their arrays, and serves the training step.

    def _bind(self) -> None:
        """Give every layer its views of theta and buffers, and of a new gradient."""
        self.grad, self.observed = np.zeros_like(self.theta), np.zeros_like(self.buffers)
        for layer in self.layers:
            layer.dtype = self.dtype
        self.set_address(seed=0, step=0)
        self.use_vectors(self.theta, self.grad, self.buffers)
        self._rows_at_once, self._predictor = rows_at_once(self.layers), None
        self._pays = pays(self.layers, self.theta)
        self._lowest = self.segments[0].layer if self.segments else len(self.layers)
        self.measuring = [layer for layer in self.layers if layer.measures_batches]

    def use_vectors(self, theta: Array, grad: Array, buffers: Array) -> None:
        """Use these vectors themselves, without a copy; every layer gets its views of them."""
        self.theta, self.buffers = theta, buffers
        for segment in self.segments:
            setattr(self.layers[segment.layer], segment.name, segment.view(theta))
        for segment in self.buffer_segments:
            setattr(self.layers[segment.layer], segment.name, segment.view(buffers))
        self.use_gradient(grad, self.observed, anew=True)

    def use_gradient(self, grad: Array, observed: Array, *, anew: bool = False) -> None:
        """Let `backward` write into this gradient, and the training forward write its measurements into `observed`."""
        if grad is not self.grad or anew:
            self.grad = grad
            for segment in self.segments:
                setattr(self.layers[segment.layer], f"d{segment.name}", segment.view(grad))
        if observed is not self.observed or anew:
            self.observed = observed
            for segment in self.buffer_segments:
                setattr(self.layers[segment.layer], f"batch_{segment.name}", segment.view(observed))

    def set_address(self, *, seed: int, step: int, shard: int = 0) -> None:
        """Set the address from which layers such as Dropout draw in the next training forward."""
        for position, layer in enumerate(self.layers):
            layer.address = (seed, step, shard, position)

    def backward_parameters(self, dlogits: Array) -> None:
        """Write dLoss/dtheta into `grad`, and stop at the lowest layer that has parameters."""
        for layer in reversed(self.layers[self._lowest + 1 :]):
            dlogits = layer.backward(dlogits)
        if self.segments:
            self.layers[self._lowest].backward_parameters(dlogits)

    def update_buffers(self) -> None:
        """Let layers such as BatchNorm update their buffers with the measurements of the last training forward."""
        for layer in self.measuring:
            layer.update_buffers()

    def adapt(self, x: Array, rows: Array | None = None) -> None:
        """Let layers such as Standardize measure the training inputs x (N, ...), or those rows of them."""
        adapt(self.layers, self.as_batch(x), rows, self._rows_at_once)

    def copy(self, *, dtype: DTypeLike | None = None) -> Self:
        """An independent network with the same parameters, in another dtype if one is given."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.dtype = np.dtype(dtype or self.dtype)
        other.layers = tuple(copy.copy(layer) for layer in self.layers)
        other.theta, other.buffers = self.theta.astype(other.dtype), self.buffers.astype(other.dtype)
        other._bind()
        return other

    def replica(self) -> Self:
        """A network with the same parameters and buffers, but its own gradient and workspaces, for a thread."""
        (other := self.copy()).use_vectors(self.theta, other.grad, self.buffers)
        return other

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        made = {"segments", "buffer_segments", "grad", "observed", "measuring", "_predictor"}  # again, from the layers
        return {key: value for key, value in self.__dict__.items() if key not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.segments = segments_of([layer.parameters() for layer in self.layers])
        self.buffer_segments = segments_of([layer.buffers() for layer in self.layers])
        self._bind()
