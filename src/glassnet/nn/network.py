"""The network: layers in a row, and the two flat vectors that they share.

It owns one vector of parameters, `theta`, and one of gradients, `grad`; every layer works on views of them. So an
optimizer is a line of arithmetic on two vectors, and copying, averaging or saving a network is copying a vector.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from glassnet.nn.layer import Array, Declared, Layer, Shape
from glassnet.nn.loss import CrossEntropy, Loss
from glassnet.nn.settings import InputError, describe, require, whole
from glassnet.nn.stream import stream

# Prediction takes so many examples at once that the largest output of a layer has about this many values, which stay in
# the cache; and at most so many.
PREDICT_VALUES, PREDICT_ROWS = 2**20, 1024


@dataclass(frozen=True)
class Segment:
    """Where one array of one layer lies in a flat vector: theta[start:stop], in this shape."""

    layer: int
    name: str
    start: int
    stop: int
    declared: Declared

    def view(self, vector: Array) -> Array:
        return vector[self.start : self.stop].reshape(self.declared.shape)


def connect(layers: Sequence[Layer], input_shape: Shape) -> tuple[list[Segment], list[Segment]]:
    """Tell each layer its shapes and name; return the segments of parameters and of buffers. Allocates nothing.

    Raises:
        InputError: a layer cannot follow the one before it, or is in a network already.
    """
    require(len(layers) > 0, "a network needs at least one layer")
    for position, layer in enumerate(layers):
        require(isinstance(layer, Layer), f"layers[{position}]: expected a layer such as Dense(128), got {layer!r}")
        used = bool(layer.output_shape) or any(layer is other for other in layers[:position])
        require(not used, f"layers[{position}]: this {type(layer).__name__} is in a network already")
    counts: dict[str, int] = {}
    shape = input_shape
    for position, layer in enumerate(layers):
        kind = type(layer).__name__.lower()
        counts[kind] = counts.get(kind, 0) + 1
        layer.name = f"{kind}{counts[kind]}"
        try:
            output_shape = layer.build(shape)
        except InputError as error:
            message = f"layer {layer.name} (layers[{position}]): {error}"
            for connected in layers[: position + 1]:
                connected.release()
            raise InputError(message) from None
        layer.input_shape, layer.output_shape = shape, output_shape
        shape = output_shape
    return (
        _segments([layer.parameters() for layer in layers]),
        _segments([layer.buffers() for layer in layers]),
    )


def _segments(declarations: list[dict[str, Declared]]) -> list[Segment]:
    segments = []
    start = 0
    for layer, declaration in enumerate(declarations):
        for name, declared in declaration.items():
            stop = start + math.prod(declared.shape)
            segments.append(Segment(layer, name, start, stop, declared))
            start = stop
    return segments


class Network:
    """Layers in a row.

    Args:
        layers: from input to logits; a network does not end in a softmax, the loss brings it.
        input_shape: the shape of one example, such as 784 or (28, 28).
        seed: chooses the first weights; None leaves all of them 0, for a network that is about to be filled.
        dtype: float32 or float64; all arithmetic is done in it.
        classes: a name for each output; `fit` fills in "0", "1", ... when the targets are labels.

    Attributes:
        theta: every parameter, as one vector.   grad: its gradient, dLoss/dtheta.
        buffers: what belongs to the model but is not learned by gradient descent, as one vector.
        segments, buffer_segments: which part of the vectors belongs to which layer.
        loss: what the logits mean: CrossEntropy() until `fit` is given another.

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
        try:
            names = max(self.output_shape[0], 2)  # one output says yes or no
            require(
                self.classes is None or len(self.classes) == names,
                f"classes: expected {names} names, got {classes!r}",
            )
            self._allocate(seed)
        except InputError:
            for layer in self.layers:
                layer.release()
            raise
        self._bind()

    def _allocate(self, seed: int | None) -> None:
        count = self.segments[-1].stop if self.segments else 0
        try:
            self.theta, self.grad = np.zeros(count, self.dtype), np.zeros(count, self.dtype)
            self.buffers = np.zeros(self.buffer_segments[-1].stop if self.buffer_segments else 0, self.dtype)
            for kind, segments, vector in ((0, self.segments, self.theta), (1, self.buffer_segments, self.buffers)):
                for number, segment in enumerate(segments if seed is not None else []):
                    segment.view(vector)[...] = segment.declared.draw(stream(seed or 0, "weights", kind, number))
        except (MemoryError, OverflowError):
            raise InputError(
                f"a network of {count:,} parameters does not fit into the memory of this machine: make it smaller"
            ) from None

    def _bind(self) -> None:
        """Give every layer its views of theta, grad and buffers."""
        for layer in self.layers:
            layer.dtype = self.dtype
        self.seek(seed=0, step=0)
        self.move(self.theta, self.grad, self.buffers)
        values = max(math.prod(shape) for layer in self.layers for shape in (layer.input_shape, layer.output_shape))
        self._rows_at_once = min(max(PREDICT_VALUES // values, 1), PREDICT_ROWS)
        self._lowest = self.segments[0].layer if self.segments else len(self.layers)

    def move(self, theta: Array, grad: Array, buffers: Array) -> None:
        """Use these vectors instead, as they are; every layer gets its views of them."""
        self.theta, self.grad, self.buffers = theta, grad, buffers
        for segment in self.segments:
            setattr(self.layers[segment.layer], segment.name, segment.view(theta))
            setattr(self.layers[segment.layer], f"d{segment.name}", segment.view(grad))
        for segment in self.buffer_segments:
            setattr(self.layers[segment.layer], segment.name, segment.view(buffers))

    def collect(self, grad: Array) -> None:
        """Let `backward` write into this vector instead."""
        if grad is self.grad:
            return
        self.grad = grad
        for segment in self.segments:
            setattr(self.layers[segment.layer], f"d{segment.name}", segment.view(grad))

    # Forward and backward

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """The logits (N, M) of a batch x (N, ...), each example with as many values as input_shape.

        With `training`, the layers keep what `backward` needs, and the logits are valid until the next such call.

        Raises:
            InputError: another number of values; without `training`, values that are no finite numbers.
        """
        x = self.as_batch(x)
        if x.dtype.kind == "f" and not training:
            check_finite(x)
        return self._through(self.layers, x, training)

    def _through(self, layers: Sequence[Layer], x: Array, training: bool = False) -> Array:
        a = x
        for layer in layers:
            if not layer.takes_raw and a.dtype != self.dtype:
                a = a.astype(self.dtype)
            a = layer.forward(a, training=training)
        return a

    def backward(self, dlogits: Array) -> Array:
        """Write dLoss/dtheta into `grad` and return dLoss/dx; follows a forward pass with training=True."""
        d = dlogits
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d

    def backward_parameters(self, dlogits: Array) -> None:
        """Write dLoss/dtheta into `grad`, and stop at the lowest layer that has parameters."""
        d = dlogits
        for layer in reversed(self.layers[self._lowest + 1 :]):
            d = layer.backward(d)
        if self.segments:
            self.layers[self._lowest].backward_parameters(d)

    def seek(self, *, seed: int, step: int, shard: int = 0) -> None:
        """Set the address from which layers such as Dropout draw in the next training forward."""
        for position, layer in enumerate(self.layers):
            layer.address = (seed, step, shard, position)

    # Prediction

    def logits(self, x: Array, rows: Array | None = None, *, workers: int = 1) -> Array:
        """The logits (N, M) of any number of examples, computed in batches.

        Args:
            x: (N, ...).
            rows: which examples of x, by their index; all by default.
            workers: how many batches are computed at once, in threads: worth it where each matrix product is held to
                one thread.
        """
        x = self.as_batch(x)
        size = self._rows_at_once
        starts = range(0, len(x) if rows is None else len(rows), size)

        def part(start: int) -> Array:
            batch = slice(start, start + size)
            return self.forward(x[batch] if rows is None else x[rows[batch]])

        def quiet_part(start: int) -> Array:
            with np.errstate(over="ignore", invalid="ignore"):  # is known to its own thread only
                return part(start)

        with np.errstate(over="ignore", invalid="ignore"):
            if len(starts) == 1:
                logits = part(0)
                if np.may_share_memory(logits, x):  # layers such as Flatten answer with a view
                    logits = logits.copy()
            elif workers > 1:
                from concurrent.futures import ThreadPoolExecutor

                with ThreadPoolExecutor(workers) as threads:
                    logits = np.concatenate(list(threads.map(quiet_part, starts)))
            else:
                logits = np.concatenate([np.empty((0, *self.output_shape), self.dtype), *map(part, starts)])
            finite = math.isfinite(np.add.reduce(logits, axis=None))
        if not finite:
            bad = np.flatnonzero(~np.isfinite(logits.reshape(len(logits), -1)).all(axis=1))
            require(
                len(bad) == 0,
                f"the outputs for row {bad[:1]} are not finite ({len(bad):,} such rows): its values are too large for "
                f"{self.dtype}, or the network's weights are",
            )
        return logits

    def predict_proba(self, x: Array) -> Array:
        """What the loss makes of the logits (N, M): probabilities, for cross-entropy; outputs, for squared error."""
        return self.loss.predict(self.logits(x))

    def predict(self, x: Array) -> Array:
        """The label of each example (N,); for a network that was trained on real targets, its outputs (N, M)."""
        outputs = self.predict_proba(x)
        return self.loss.labels(outputs) if self.classes or self.loss.classifies else outputs

    def as_batch(self, x: Array) -> Array:
        """x as (N, *input_shape), without a copy.

        Raises:
            InputError: not numbers, or another number of values in an example.
        """
        try:
            x = np.asarray(x)
        except ValueError:
            raise InputError("expected an array of numbers, got rows of different lengths") from None
        if x.dtype.kind not in "uifb":
            raise InputError(f"expected an array of numbers, got one of {x.dtype}")
        if x.shape[1:] != self.input_shape:
            values = math.prod(self.input_shape)
            if x.ndim < 2 or math.prod(x.shape[1:]) != values:
                one = " (for a single example write x[None])" if x.size == values else ""
                raise InputError(
                    f"layer {self.layers[0].name}: expected a batch of shape "
                    f"(N, {', '.join(map(str, self.input_shape))}), {values} values an example; got {x.shape}{one}"
                )
            x = x.reshape(len(x), *self.input_shape)
        return x

    def adapt(self, x: Array, rows: Array | None = None) -> None:
        """Let layers such as Standardize measure the training inputs x (N, ...), or those rows of them."""
        x = self.as_batch(x)
        for position, layer in enumerate(self.layers):
            if type(layer).adapt is not Layer.adapt:
                layer.adapt(self._through(self.layers[:position], batch) for batch in self._batches(x, rows))

    def _batches(self, x: Array, rows: Array | None) -> Iterator[Array]:
        count, size = len(x) if rows is None else len(rows), self._rows_at_once
        for start in range(0, count, size):
            yield x[start : start + size] if rows is None else x[rows[start : start + size]]

    # Copies

    def copy(self, *, dtype: DTypeLike | None = None) -> Self:
        """A network of its own with the same parameters, in another dtype if one is given."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.dtype = np.dtype(dtype or self.dtype)
        other.layers = tuple(copy.copy(layer) for layer in self.layers)
        other.theta, other.buffers = self.theta.astype(other.dtype), self.buffers.astype(other.dtype)
        other.grad = np.zeros_like(other.theta)
        other._bind()
        return other

    def replica(self) -> Self:
        """A network on the same parameters and buffers with a gradient and workspaces of its own.

        Several threads can so compute gradients of one network at once.
        """
        other = self.copy()
        other.move(self.theta, other.grad, self.buffers)
        return other

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        # Segments hold functions that draw first weights; they follow from the layers, so they are made again.
        return {key: value for key, value in self.__dict__.items() if not key.endswith("segments") and key != "grad"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.segments = _segments([layer.parameters() for layer in self.layers])
        self.buffer_segments = _segments([layer.buffers() for layer in self.layers])
        self.grad = np.zeros_like(self.theta)
        self._bind()

    def __repr__(self) -> str:
        layers = ", ".join(map(describe, self.layers))
        return f"Network([{layers}], input_shape={self.input_shape})"

    def summary(self) -> str:
        """A table of the layers: name, settings, output shape, number of parameters."""
        rows = [("layer", "", "output", "parameters")]
        for position, layer in enumerate(self.layers):
            count = sum(s.stop - s.start for s in self.segments if s.layer == position)
            rows.append((layer.name, describe(layer), str(layer.output_shape), f"{count:,}"))
        rows.append(("total", "", "", f"{self.theta.size:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}".rstrip() for a, b, c, d in rows
        )


def check_finite(x: Array) -> None:
    """Raise InputError, naming the first bad row, if x holds NaN or infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(x)):  # one fast pass; only a sum that is not finite asks for a closer look
            return
    bad = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
    if len(bad):
        raise InputError(
            f"the input must be finite numbers, but row {bad[0]} holds NaN or infinity "
            f"({len(bad):,} of {len(x):,} rows do): remove or fill those values"
        )
