"""Batches: an array of examples in the shape that a network takes, in portions that fit into the cache.

An array that is not a batch for the network is refused here, with one line that states what was expected.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import InputError
from glassnet.nn.layer import Layer

# Prediction takes examples in portions. VALUES is the largest number of values in the output of a layer, so that it
# stays in the cache; ROWS is the largest number of examples in a portion.
VALUES, ROWS = 2**20, 1024


def rows_at_once(layers: tuple[Layer, ...]) -> int:
    """How many examples prediction computes at once."""
    values = max(math.prod(shape) for layer in layers for shape in (layer.input_shape, layer.output_shape))
    return min(max(VALUES // values, 1), ROWS)


def portions(count: int, size: int) -> Iterator[slice]:
    """`count` rows, divided into portions of at most `size`."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def forward_in_portions(
    forward: Callable[[Array], Array], x: Array, rows: Array | None, size: int, workers: int
) -> Array:
    """The result of `forward` for the examples x, or for those rows of x, computed in portions and joined.

    Args:
        size: of a portion.   workers: how many portions are computed at once, in threads.

    Raises:
        InputError: results that are not finite.
    """
    count = len(x) if rows is None else len(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        if count <= size:
            y = forward(x if rows is None else x[rows])
            y = y.copy() if np.may_share_memory(y, x) else y  # layers such as Flatten return a view
        else:
            with naming_rows(x, rows):
                y = np.concatenate(_each(forward, x, rows, list(portions(count, size)), workers))
        check_logits(y)
    return y


def _each(
    forward: Callable[[Array], Array], x: Array, rows: Array | None, spans: list[slice], workers: int
) -> list[Array]:
    def part(span: slice) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):  # holds for its own thread only
            return forward(x[span] if rows is None else x[rows[span]])

    if workers == 1:
        return [part(span) for span in spans]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(part, spans))


@contextmanager
def naming_rows(x: Array, rows: Array | None) -> Iterator[None]:
    """If a portion of the examples x (N, ...), or of those rows, is not finite, the error names its row in all of x."""
    try:
        yield
    except InputError:
        check_finite(x if rows is None else x[rows])
        raise


def through(layers: Sequence[Layer], x: Array, *, training: bool = False) -> Array:
    """The output of the last of these layers for a batch x (N, ...), in the shape that the first layer takes."""
    a = x
    for layer in layers:
        if not layer.takes_raw and a.dtype != layer.dtype:
            a = a.astype(layer.dtype)
        a = layer.forward(a, training=training)
    return a


def outputs(layers: Sequence[Layer], x: Array) -> list[Array]:
    """The output of each layer for x (N, ...), in prediction.

    Raises:
        InputError: values that are not finite.
    """
    check_finite(x)
    a = x
    with np.errstate(over="ignore", invalid="ignore"):
        found = [a := through([layer], a) for layer in layers]
        check_logits(a)
    return found


def adapt(layers: Sequence[Layer], x: Array, rows: Array | None, size: int) -> None:
    """Let layers such as Standardize measure the training inputs x (N, ...), or those rows of them, in portions."""
    spans = list(portions(len(x) if rows is None else len(rows), size))
    for position, layer in enumerate(layers):
        parts = (x[span] if rows is None else x[rows[span]] for span in spans)  # read by layers that measure them
        layer.adapt(through(layers[:position], part) for part in parts)


def as_batch(x: Array, input_shape: Shape, taker: str) -> Array:
    """x as (N, *input_shape), without a copy.

    Args:
        taker: the layer that takes it, for the message.

    Raises:
        InputError: not numbers, or another number of values in an example.
    """
    try:
        x = np.asarray(x)
    except ValueError:
        raise InputError("expected an array of numbers, got rows of different lengths") from None
    if x.dtype.kind not in "uifb":
        raise InputError(f"expected an array of numbers, got one of {x.dtype}")
    if x.shape[1:] != input_shape:
        values = math.prod(input_shape)
        if x.ndim < 2 or math.prod(x.shape[1:]) != values:
            one = " (for a single example write x[None])" if x.size == values else ""
            raise InputError(
                f"layer {taker}: expected a batch of shape (N, {', '.join(map(str, input_shape))}), "
                f"{values} values per example; got {x.shape}{one}"
            )
        x = x.reshape(len(x), *input_shape)
    return x


def check_finite(x: Array) -> None:
    """Raise InputError, naming the first bad row, if x holds NaN or infinity."""
    if x.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(x)):  # one fast pass; a closer look only if it fails
            return
    bad = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
    if len(bad):
        raise InputError(
            f"the input must be finite numbers, but row {bad[0]} holds NaN or infinity "
            f"({len(bad):,} of {len(x):,} rows do): remove or fill those values"
        )


def check_logits(logits: Array) -> None:
    """Raise InputError, naming the first bad row, if the logits (N, M) of finite inputs hold NaN or infinity.

    The caller ignores overflow.
    """
    if math.isfinite(np.add.reduce(logits, axis=None)):  # one fast pass; a closer look only if it fails
        return
    bad = np.flatnonzero(~np.isfinite(logits.reshape(len(logits), -1)).all(axis=1))
    if len(bad):
        raise InputError(
            f"the outputs for row {bad[0]} are not finite ({len(bad):,} such rows): its values are too large for "
            f"{logits.dtype}, or the network's weights are"
        )
