"""Segments: the position of each layer's arrays in the flat vectors of a network.

Layers declare the arrays that they need. Here the layers get their shapes, and every array gets its position.
"""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Declared, Layer
from glassnet.nn.plain import shown
from glassnet.nn.stream import random_stream

MOST_AXES = 32  # of one example; NumPy allows 64, and layers need a few more
MOST_VALUES = 2**48  # of one example between layers: more than fits into any machine


@dataclass(frozen=True)
class Segment:
    """The position of one array of one layer in a flat vector: theta[start:stop], in this shape."""

    layer: int
    name: str
    start: int
    stop: int
    declared: Declared

    @property
    def is_weight(self) -> bool:
        """Whether it is an array of weights, with two axes or more, and not a vector such as a bias."""
        return len(self.declared.shape) > 1

    def view(self, vector: Array) -> Array:
        """Its part of the vector, in its shape."""
        return vector[self.start : self.stop].reshape(self.declared.shape)


def connect(layers: Sequence[Layer], input_shape: Shape) -> tuple[list[Segment], list[Segment]]:
    """Give each layer its shapes and name; return the segments of parameters and of buffers. Allocates no arrays.

    Raises:
        InputError: a layer cannot follow the one before it, or is already in a network.
    """
    require(len(layers) > 0, "a network needs at least one layer")
    for position, layer in enumerate(layers):
        require(isinstance(layer, Layer), f"layers[{position}]: expected a layer such as Dense(128), got {layer!r}")
        used = bool(layer.output_shape) or any(layer is other for other in layers[:position])
        require(not used, f"layers[{position}]: this {type(layer).__name__} is in a network already")
    _check_size(input_shape)
    counts: dict[str, int] = {}
    shape = input_shape
    for position, layer in enumerate(layers):
        kind = type(layer).__name__.lower()
        counts[kind] = counts.get(kind, 0) + 1
        layer.name = f"{kind}{counts[kind]}"
        try:
            output_shape = layer.build(shape)
            _check_size(output_shape)
        except InputError as error:
            message = f"layer {layer.name} (layers[{position}]): {error}"
            for connected in layers[: position + 1]:
                connected.release()
            raise InputError(message) from None
        layer.input_shape, layer.output_shape = shape, output_shape
        shape = output_shape
    return (
        segments_of([layer.parameters() for layer in layers]),
        segments_of([layer.buffers() for layer in layers]),
    )


def _check_size(shape: Shape) -> None:
    fits = len(shape) <= MOST_AXES and math.prod(shape) <= MOST_VALUES
    require(fits, f"that is more than an array can hold: an example of shape {shown(shape)}")


def segments_of(declarations: list[dict[str, Declared]]) -> list[Segment]:
    """The segments of all declared arrays, layer after layer."""
    segments = []
    start = 0
    for layer, declaration in enumerate(declarations):
        for name, declared in declaration.items():
            stop = start + math.prod(declared.shape)
            segments.append(Segment(layer, name, start, stop, declared))
            start = stop
    return segments


def length(segments: list[Segment]) -> int:
    """The length of the vector for these segments."""
    return segments[-1].stop if segments else 0


def fits(segments: list[Segment], dtype: np.dtype[Any]) -> bool:
    """Whether theta and grad, and the float64 numbers from which theta is drawn, fit into this machine's memory."""
    memory = 2**46  # more than any machine has; if the memory is unknown, the allocation itself fails
    if hasattr(os, "sysconf"):  # not on Windows
        with suppress(ValueError, OSError):
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return length(segments) * (2 * dtype.itemsize + 8) <= memory


def first_values(
    segments: list[Segment], buffer_segments: list[Segment], dtype: np.dtype[Any], seed: int | None
) -> tuple[Array, Array]:
    """The vectors of parameters and of buffers before training; all 0 if the seed is None.

    Raises:
        InputError: they do not fit into the memory of this machine.
    """
    too_large = f"a network of {length(segments):,} parameters does not fit into the memory of this machine"
    require(fits(segments, dtype), too_large)
    try:
        theta, buffers = np.zeros(length(segments), dtype), np.zeros(length(buffer_segments), dtype)
        if seed is not None:
            draw(segments, theta, seed, 0)
            draw(buffer_segments, buffers, seed, 1)
        return theta, buffers
    except (MemoryError, OverflowError):
        raise InputError(too_large) from None


def draw(segments: list[Segment], vector: Array, seed: int, kind: int) -> None:
    """Fill the vector with the first values of its arrays, each from its own stream.

    Args:
        kind: 0 for parameters, 1 for buffers.
    """
    for number, segment in enumerate(segments):
        segment.view(vector)[...] = segment.declared.draw(random_stream(seed, "weights", kind, number))
