"""Prediction with a network that was prepared for it: less arithmetic, and memory that is used again.

A factor and a shift for each channel, as of batch normalisation, are taken into the weights of the layer before it. The
examples go through in pieces that stay in the cache, in a thread for each processor. Each prediction compares
parameters, buffers and settings, and if one differs the network is prepared anew.
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
USES = 8  # multiply-adds per parameter from which comparing all parameters costs little
VOLATILE = {"spaces", "saved", "address"}  # what a training step changes on a layer


def pays(layers: Sequence[Layer], theta: Array) -> bool:
    """Whether it pays to prepare a network with these parameters, as one with convolutions."""
    return sum(layer.multiply_adds() for layer in layers) >= USES * len(theta)


class Predictor:
    """A network prepared for prediction; several threads may use it at once.

    Args:
        layers: of the network, which is not changed.   copy: a copy of the network, which is changed.
        rows_at_once: how many examples a network computes at once so that its outputs stay in the cache.
    """

    def __init__(self, layers: Sequence[Layer], copy: Any, rows_at_once: int) -> None:
        self.theta, self.buffers = bytearray(copy.theta), bytearray(copy.buffers)  # what compares bytes the fastest
        self.settings = [(layer, _settings(layer)) for layer in layers]
        self.dtype, self.piece = copy.dtype, min(PIECE, rows_at_once)
        with np.errstate(over="ignore", invalid="ignore"):
            self.layers = _folded(copy.layers)
        self.idle: list[list[Layer]] = []  # layers with memory, which one thread at a time takes away

    def is_of(self, theta: Array, buffers: Array) -> bool:
        """Whether the network is still as it was when this was made."""
        return (
            self.theta == theta.data
            and self.buffers == buffers.data
            and all(all(map(is_, map(vars(layer).get, kept), kept.values())) for layer, kept in self.settings)
        )

    def logits(self, x: Array, rows: Array | None, workers: int) -> Array:
        """The logits (N, M) of the examples x (N, ...), or of those rows of x, computed by so many threads.

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
    """What a prediction depends on besides the parameters: someone may change it."""
    bound = {f"{prefix}{name}" for name in (*layer.parameters(), *layer.buffers()) for prefix in ("", "d", "batch_")}
    return {name: value for name, value in vars(layer).items() if name not in bound | VOLATILE}


def _folded(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without those whose factor and shift the layer before them could take; parameters are changed."""
    kept: list[Layer] = []
    for layer in layers:
        affine = layer.affine()
        taken = affine is not None and bool(kept) and kept[-1].absorb(*affine)
        kept += [] if taken else [layer]
    return kept


def _with_memory(layers: Sequence[Layer]) -> list[Layer]:
    """The same layers, with memory of their own for one thread."""
    largest = max(layer.working_values() for layer in layers)
    memory = np.empty(largest, layers[0].dtype)  # all of them use it, one after the other: so it stays in the cache
    return [layer.prepared(memory) for layer in layers]
