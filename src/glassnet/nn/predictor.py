"""Prediction with a network that was prepared for it: less arithmetic, and memory that is used again.

What a layer does to each channel alone, as batch normalisation does, is taken into the weights of the layer before it.
The examples go through in pieces that stay in the cache, in a thread for each processor. A prepared network is
forgotten when a parameter, a buffer or a setting changes.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.batches import check_finite, check_logits, portions, through
from glassnet.nn.layer import Layer
from glassnet.nn.threads import single

PIECE = 32  # examples: with fewer, threads wait for one another more often
USES = 8  # of a parameter in an example, at least: then a look at all parameters costs little beside a prediction


def pays(layers: Sequence[Layer], theta: Array) -> bool:
    """Whether it pays to prepare a network with these parameters, as one with convolutions."""
    return sum(layer.multiply_adds() for layer in layers) >= USES * len(theta)


class Predictor:
    """A network prepared for prediction; several threads may use it at once.

    Args:
        layers, theta, buffers: of the network, which is not changed.
        copies: the same layers on parameters of their own, which are changed.
    """

    def __init__(self, layers: Sequence[Layer], theta: Array, buffers: Array, copies: Sequence[Layer]) -> None:
        self.theta, self.buffers = theta.copy(), buffers.copy()
        self.names = [(layer, field.name) for layer in layers for field in fields(layer) if field.init]
        self.settings = [getattr(layer, name) for layer, name in self.names]  # someone may change them
        with np.errstate(over="ignore", invalid="ignore"):
            self.layers = _folded(copies)
        self.free: list[list[Layer]] = []  # layers with memory, of which each is used by one thread at a time

    def is_of(self, theta: Array, buffers: Array) -> bool:
        """Whether the network is still as it was when this was made."""
        same = _same(self.theta, theta) and _same(self.buffers, buffers)
        return same and self.settings == [getattr(layer, name) for layer, name in self.names]

    def logits(self, x: Array, rows: Array | None, workers: int) -> Array:
        """The logits (N, M) of the examples x (N, ...), or of those rows of x, computed by so many threads.

        Raises:
            InputError: inputs or logits that are not finite.
        """
        count = len(x) if rows is None else len(rows)
        spans = list(portions(count, PIECE))
        y = np.empty((count, *self.layers[-1].output_shape), self.theta.dtype)

        def compute(span: slice) -> None:
            with np.errstate(over="ignore", invalid="ignore"):  # holds for its own thread only
                self._forward(x[span] if rows is None else x[rows[span]], y[span])

        if len(spans) < 2:
            for span in spans:
                compute(span)
        else:
            with single, ThreadPoolExecutor(workers) as threads:
                list(threads.map(compute, spans))
        check_logits(y)
        return y

    def _forward(self, x: Array, y: Array) -> None:
        """Write the logits of a piece into y."""
        check_finite(x)
        layers = self.free.pop() if self.free else _with_memory(self.layers)
        np.copyto(y, through(layers, x))
        self.free.append(layers)


def _same(a: Array, b: Array) -> bool:
    """Whether two vectors hold the same bits; eight bytes are compared at once, for this is done at each prediction."""
    bulk = len(a) // 2 * 2
    return np.array_equal(a[:bulk].view(np.uint64), b[:bulk].view(np.uint64)) and np.array_equal(a[bulk:], b[bulk:])


def _folded(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without those whose factor and shift the layer before them could take; parameters are changed."""
    kept: list[Layer] = []
    for layer in layers:
        affine = layer.affine()
        if affine is None or not kept or not kept[-1].absorb(*affine):
            kept.append(layer)
    return kept


def _with_memory(layers: Sequence[Layer]) -> list[Layer]:
    """The same layers, with memory of their own for one thread."""
    largest = max(layer.working_values() for layer in layers)
    memory = np.empty(largest, layers[0].dtype)  # all of them use it, one after the other: so it stays in the cache
    return [layer.prepared(memory) for layer in layers]
