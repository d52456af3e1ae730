"""The division of work into pieces, which does not depend on the machine.

An epoch is divided into batches, a batch into shards, and the vector of the parameters into blocks.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.clip import Clip
from glassnet.nn.network import Network
from glassnet.nn.optim import State
from glassnet.nn.penalty import Penalty

Remainder = Literal["spread", "last"]

BLOCK = 65_536  # largest number of parameters updated at once, so that a rule of many passes works in the cache
ALIGNED = 16  # blocks begin at multiples of this: at a cache line, so that no two workers write to the same one


class Batch(NamedTuple):
    """The facts about the batch of a step that every worker needs."""

    examples: int
    step: int  # from 0
    lr: float
    weight: float  # the sum of the weights of its examples: the sum of their losses is divided by it
    shards: int


class Shard(NamedTuple):
    """A slice of a batch: its number and rows, and the arrays for its gradient and for measurements of layers."""

    number: int
    rows: Array
    gradient: Array
    observed: Array


class Block(NamedTuple):
    """A slice of the parameters, and the same slice of every vector that belongs to them."""

    theta: Array
    sum: Array
    kept: Array
    gradients: list[Array]  # one for each shard
    state: State
    average: Array | None
    weights: list[tuple[Array, Array]]  # the parts of theta and sum that are weights; penalties act on these

    def add(self, shards: int, penalties: Sequence[Penalty], clip: Clip | None) -> None:
        """Compute the gradient: add the gradients of the shards and the penalties, and clip its entries."""
        first, *others = self.gradients[:shards]
        if len(self.gradients) > 1:  # else the only shard has written into the sum
            np.add(first, others[0] if others else 0, out=self.sum)
            for other in others[1:]:
                np.add(self.sum, other, out=self.sum)
        for penalty in penalties:
            for theta, gradient in self.weights:
                penalty.backward(theta, gradient)
        if clip:
            clip.entries(self.sum)


# These values come from measurements: see docs/decisions/shards.md.
LITTLE = 2**19  # products of numbers in a step: with fewer, one worker is faster
WIDE = 2**19  # parameters: the sum of two such gradients takes longer than two workers save
CACHED = 2**18  # values of the largest output of a layer, for a shard to stay in the cache
FEWEST, FEWEST_MEASURED = 8, 32  # examples in a shard; where layers measure them, as BatchNorm does
MOST_SHARDS, MOST_VALUES = 64, 2**25  # values of the gradients of all shards together, 128 MB


def default_shards(network: Network, batch_size: int) -> int:
    """A fast number of shards for this network and batch size: 1, 2, 4, ... or 64."""
    products = sum(layer.multiply_adds() for layer in network.layers)
    if batch_size * products < LITTLE:
        return 1
    fewest = FEWEST_MEASURED if network.measuring else FEWEST
    if batch_size < 2 * fewest:
        return 1
    rows = CACHED / max(math.prod(layer.output_shape) for layer in network.layers)
    shards = 1 << math.ceil(math.log2(max(batch_size / rows, 1)))
    if shards <= 2:
        return 1 if len(network.theta) > WIDE else 2
    most = min(batch_size // fewest, MOST_VALUES // max(len(network.theta), 1), MOST_SHARDS)
    return min(shards, 1 << int(math.log2(max(most, 1))))


@cache
def batches_of(examples: int, batch_size: int, remainder: Remainder) -> list[slice]:
    """The batches of an epoch, of at most `batch_size` examples.

    Args:
        remainder: "spread" makes all batches about equally large; with "last", the last batch holds the remainder.
    """
    count = math.ceil(examples / batch_size)
    if remainder == "spread":
        return cut(examples, count)
    return [slice(k * batch_size, min((k + 1) * batch_size, examples)) for k in range(count)]


@cache
def cut(count: int, shards: int) -> list[slice]:
    """Divide `count` rows into `shards` slices of about the same length; empty slices are left out."""
    bounds = [count * k // shards for k in range(shards + 1)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b]


def cut_parameters(
    network: Network,
    kept: Array,
    gradients: Sequence[Array],
    state: State,
    average: Array | None,
    workers: int,
    part: slice,
) -> list[Block]:
    """The parameters in this part in blocks of about the same length, the same number of blocks for each worker.

    Args:
        kept, gradients, state, average: vectors that belong to the parameters: see `Block`.
    """
    length, total = part.stop - part.start, network.grad
    rounds = max(1, -(-length // (BLOCK * workers)))
    count = rounds * workers
    bounds = [*(part.start + length * k // count // ALIGNED * ALIGNED for k in range(count)), part.stop]
    weights = [(segment.start, segment.stop) for segment in network.segments if segment.is_weight]
    return [
        Block(
            network.theta[a:b],
            total[a:b],
            kept[a:b],
            [gradient[a:b] for gradient in gradients],
            {name: vector[a:b] for name, vector in state.items()},
            None if average is None else average[a:b],
            [
                (network.theta[max(a, start) : min(b, stop)], total[max(a, start) : min(b, stop)])
                for start, stop in weights
                if max(a, start) < min(b, stop)
            ],
        )
        for a, b in pairwise(bounds)
    ]
