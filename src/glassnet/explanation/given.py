"""Converts the arguments of an explanation: one example and its target, for the network and the loss."""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.explanation.records import Index
from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import LONGEST, nearest, shown


def one_example(network: Network, x: Any) -> Array:
    """The example as a batch of one."""
    try:
        array = np.asarray(x)
    except ValueError:
        return network.as_batch(x)  # raises an error that names the fault
    size = math.prod(network.input_shape)
    if array.size == size:
        return network.as_batch(array.reshape(1, *network.input_shape))
    rows = network.as_batch(array if array.ndim > 1 and math.prod(array.shape[1:]) == size else array[None])
    raise InputError(f"explain takes one example, got a batch of {len(rows)}: choose one, such as x[0]")


def image_shape(given: Shape, input_shape: Shape) -> Shape | None:
    """The shape (H, W) or (H, W, C) to draw an example with; None if it is not an image."""
    for shape in (input_shape, given[1:] if len(given) > 1 and given[0] == 1 else given, given):
        if (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))) and min(shape[:2]) > 1:
            return shape
    side = math.isqrt(math.prod(input_shape))
    return (side, side) if side >= 8 and side * side == math.prod(input_shape) else None


def output_names(network: Network) -> tuple[str, ...]:
    """A name for each output: its class; of a single output that says yes or no, the class for yes."""
    count = network.output_shape[0]
    if network.task == "regression":
        return tuple(f"output {k}" for k in range(count)) if count > 1 else ("output",)
    return network.class_names[-count:]


def position_of(network: Network, name: Any) -> int:
    """The position of the layer of this name.

    Raises:
        InputError: there is no such layer.
    """
    known = {layer.name: position for position, layer in enumerate(network.layers)}
    if not isinstance(name, str) or name not in known:
        raise InputError(f"expected the name of a layer, got {shown(name)}; {nearest(str(name)[:LONGEST], known)}")
    return known[name]


def index_within(shape: Shape, given: Any, what: str) -> Index:
    """An index into an array of this shape, from whole numbers; `what` names the array in the error.

    Raises:
        InputError: these are not as many whole numbers as the shape has, or one is out of range.
    """
    whole = isinstance(given, Sequence) and all(type(i) is int for i in given)
    if not whole or len(given) != len(shape) or not all(0 <= i < side for i, side in zip(given, shape, strict=True)):
        first, last = ",".join("0" * len(shape)), ",".join(str(side - 1) for side in shape)
        raise InputError(f"{what}: expected an index from [{first}] to [{last}], got {shown(given)}")
    return tuple(given)


def pixel_index(network: Network, shape: Shape, given: Any) -> Index:
    """The index of a pixel in the input of a network, from that index or from its place in an example of this shape."""
    if isinstance(given, Sequence) and len(given) != len(network.input_shape):
        flat = int(np.ravel_multi_index(index_within(shape, given, "input"), shape))
        return tuple(map(int, np.unravel_index(flat, network.input_shape)))
    return index_within(network.input_shape, given, "input")


def positive(value: Any, name: str, most: float = sys.float_info.max) -> float:
    """A number above 0, such as a learning rate.

    Raises:
        InputError: it is no such number, or above `most`.
    """
    limit = "" if most == sys.float_info.max else f" and at most {most:,.0f}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    require(number and 0 < value <= most, f"{name} must be a number above 0{limit}, got {shown(value)}")
    return float(value)


def target(network: Network, y: Any, logits: Array) -> tuple[Array, bool]:
    """The target in the form that the loss takes, and whether it is only the network's own prediction."""
    M = logits.shape[1]
    if y is None:
        prediction = network.loss.predict(logits)
        return (network.loss.labels(prediction) if network.task == "classification" else prediction), True
    try:
        array = np.asarray(y)
    except ValueError:
        raise InputError(f"expected one label or a row of {M} targets, got rows of different lengths") from None
    numbers = array.dtype.kind == "f" or network.task != "classification"
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
