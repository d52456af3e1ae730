"""What if this number were another? Changes of weights, biases and pixels, on copies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.explanation.equations import at, number
from glassnet.explanation.given import index_within, position_of
from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest, shown


@dataclass(frozen=True)
class Change:
    """One number that is replaced: of a layer's parameter, or a pixel of the picture.

    Attributes:
        layer, parameter: such as "dense1" and "W"; None for a pixel.
        index: in the parameter, or in the picture.
        value: the new number.
    """

    layer: str | None
    parameter: str | None
    index: Sequence[int]
    value: float


def apply(network: Network, x: Array, changes: Iterable[Change], *, white: int = 255) -> tuple[Network, Array]:
    """A copy of the network and of the picture x (H, W) with these changes; of two at one place the last holds.

    Args:
        white: the largest value of a pixel.

    Raises:
        InputError: there is no such place, or the value cannot stand there.
    """
    network, x = network.copy(), x.copy()
    for change in changes:
        array, index = _place(network, x, change)
        array[index] = _value(change, array, white)
    return network, x


def before(network: Network, x: Array, change: Change) -> float:
    """The number that a change replaces.

    Raises:
        InputError: there is no such place.
    """
    array, index = _place(network, x, change)
    return float(array[index])


def describe(change: Change, before: float) -> str:
    """A change in one line, such as `dense1 W[3,7]: 0.12 becomes 0.5`."""
    index = tuple(change.index)
    place = at("pixel", index) if change.layer is None else f"{change.layer} {at(str(change.parameter), index)}"
    return f"{place}: {number(before)} becomes {number(change.value)}"


def _place(network: Network, x: Array, change: Change) -> tuple[Array, tuple[int, ...]]:
    """The array that a change is in, and the index there."""
    if change.layer is None:
        return x, index_within(x.shape, change.index, "pixel")
    layer, name = network.layers[position_of(network, change.layer)], change.parameter
    if not isinstance(name, str) or name not in layer.parameters():
        raise InputError(
            f"{change.layer}: expected the name of a parameter, got {shown(name)}; "
            f"{nearest(str(name), layer.parameters())}"
        )
    array = getattr(layer, name)
    return array, index_within(array.shape, change.index, f"{change.layer} {name}")


def _value(change: Change, array: Array, white: int) -> Any:
    value = change.value
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if change.layer is None:
        whole = real and 0 <= value <= white and value == int(value)
        require(whole, f"a pixel is a whole number from 0 to {white}, got {shown(value)}")
        return int(value)
    largest = float(np.finfo(array.dtype).max)
    require(
        real and -largest <= value <= largest,
        f"{change.layer} {change.parameter}: expected a finite number, got {shown(value)}",
    )
    return float(value)
