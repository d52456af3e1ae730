"""Prediction with a network that was prepared for it: less arithmetic, and reused memory.

A layer that only multiplies each channel by a factor and adds a shift, such as batch normalisation, is merged into the
weights of the layer before it. The examples are computed in pieces that stay in the cache, in a thread for each
processor. Each prediction compares parameters, buffers and settings. If one has changed, the network is prepared again.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import is_
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.batches import check_finite, check_logits, naming_rows, portions, through
from glassnet.nn.layer import Layer
from glassnet.nn.threads import processors, single

PIECE = 32  # examples: with fewer, threads wait for one another more often
USES = 8  # multiply-adds per parameter: from here on, comparing all parameters costs little
VOLATILE = {"spaces", "saved", "address"}  # the attributes of a layer that a training step changes


def pays(layers: Sequence[Layer], theta: Array) -> bool:
    """Whether prediction is faster with a prepared network, as with convolutions."""
    return sum(layer.multiply_adds() for layer in layers) >= USES * len(theta)


class Predictor:
    """A network prepared for prediction; several threads may use it at once.

    Args:
        layers: of the network, which is not changed.   copy: a copy of the network, which is changed.
        rows_at_once: the number of examples for which the outputs of all layers stay in the cache.
    """

    def __init__(self, layers: Sequence[Layer], copy: Any, rows_at_once: int) -> None:
        self.theta, self.buffers = bytearray(copy.theta), bytearray(copy.buffers)  # the fastest to compare
        self.settings = [(layer, _settings(layer)) for layer in layers]
        self.dtype, self.piece = copy.dtype, min(PIECE, rows_at_once)
        with np.errstate(over="ignore", invalid="ignore"):
            self.layers = _folded(copy.layers)
        self.idle: list[list[Layer]] = []  # layers with memory, each list for one thread at a time

    def is_of(self, theta: Array, buffers: Array) -> bool:
        """Whether the network has not changed since this was made."""
        return (
            self.theta == theta.data
            and self.buffers == buffers.data
            and all(all(map(is_, map(vars(layer).get, kept), kept.values())) for layer, kept in self.settings)
        )

    def logits(self, x: Array, rows: Array | None, workers: int) -> Array:
        """The logits (N, M) of the examples x (N, ...), or of those rows of x, computed by `workers` threads.

        Raises:
            InputError: inputs or logits that are not finite.
        """
        count = len(x) if rows is None else len(rows)
        spans = list(portions(count, self.piece))
        y = np.empty((count, *self.layers[-1].output_shape), self.dtype)

        def compute(span: slice) -> None:
            with np.errstate(over="ignore", invalid="ignore"):  # holds for its own thread only
                self._forward(x[span] if rows is None else x[rows[span]], y[span])

        if len(spans) < 2:
            for span in spans:
                compute(span)
        else:
            with naming_rows(x, rows), single(), ThreadPoolExecutor(workers) as threads:
                list(threads.map(compute, spans))
        with np.errstate(over="ignore", invalid="ignore"):
            check_logits(y)
        return y

    def _forward(self, x: Array, y: Array) -> None:
        """Write the logits of a piece into y."""
        check_finite(x)
        try:
            layers = self.idle.pop()
        except IndexError:
            layers = _with_memory(self.layers)
        np.copyto(y, through(layers, x))
        if len(self.idle) < processors():
            self.idle.append(layers)


def _settings(layer: Layer) -> dict[str, Any]:
    """The attributes, other than parameters, on which a prediction depends: they may be changed."""
    bound = {f"{prefix}{name}" for name in (*layer.parameters(), *layer.buffers()) for prefix in ("", "d", "batch_")}
    return {name: value for name, value in vars(layer).items() if name not in bound | VOLATILE}


def _folded(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without those whose factor and shift were merged into the layer before; parameters are changed."""
    kept: list[Layer] = []
    for layer in layers:
        affine = layer.affine()
        taken = affine is not None and bool(kept) and kept[-1].absorb(*affine)
        kept += [] if taken else [layer]
    return kept


def _with_memory(layers: Sequence[Layer]) -> list[Layer]:
    """The same layers, with their own memory for one thread."""
    largest = max(layer.working_values() for layer in layers)
    memory = np.empty(largest, layers[0].dtype)  # all layers use it in turn, so it stays in the cache
    return [layer.prepared(memory) for layer in layers]
