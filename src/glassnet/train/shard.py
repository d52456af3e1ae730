"""The examples of one shard, ready to go through a network: gathered, changed at random, weighted."""

from collections.abc import Sequence

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.stream import random_stream
from glassnet.train.metrics import Examples
from glassnet.train.plan import Augment


def augmented(changes: Sequence[Augment], x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """A batch after all of these changes, which draw one after the other from the same stream.

    Raises:
        InputError: a change gives something else than two arrays of as many examples.
    """
    for change in changes:
        count, found = len(x), change(x, y, rng)
        pair = isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, np.ndarray) for part in found)
        if not pair:
            raise InputError(f"augment: expected new inputs and targets as arrays (x, y), got {found!r:.60}")
        x, y = found
        if not len(x) == len(y) == count:
            raise InputError(f"augment: expected as many examples as before, {count}, got {len(x)} and {len(y)}")
    return x, y


class ShardReader:
    """Reads the examples of one shard after the other, for one network.

    Args:
        network: what learns from them; nobody else may use its gradient and workspaces meanwhile.
        examples: where the rows come from.
        weights: how much each of them counts; None if all count the same.
        augment: changes to the examples, one after the other.
        seed: of the streams that these and layers such as Dropout draw from.
    """

    def __init__(
        self, network: Network, examples: Examples, weights: Array | None, *, augment: Sequence[Augment], seed: int
    ) -> None:
        self.network, self.weights, self.augment, self.seed = network, weights, augment, seed
        # Images stay images for who changes them; the network takes any shape with the right number of values.
        self.inputs = examples.inputs if augment else network.as_batch(examples.inputs)
        self.targets = examples.targets
        self.gathered = np.empty((0, *self.inputs.shape[1:]), self.inputs.dtype)

    def take(
        self, rows: Array, gradient: Array, observed: Array, *, step: int, shard: int
    ) -> tuple[Array, Array, Array | None]:
        """Inputs, targets and weights of these rows, one shard of a batch; the network is ready to learn from them.

        Shapes: rows (n,) -> x (n, ...), y (n,) or (n, M), weights (n,) or None; gradient (P,), observed (B,), for P
        parameters and B buffers.

        Args:
            gradient: where the network will write what they add to the gradient of the batch.
            observed: where it will write what layers such as BatchNorm measure.
        """
        if len(self.gathered) < len(rows):
            self.gathered = np.empty((len(rows), *self.inputs.shape[1:]), self.inputs.dtype)
        x = self.inputs.take(rows, axis=0, out=self.gathered[: len(rows)], mode="clip")  # others copy once more
        y = self.targets[rows]
        if self.augment:
            x, y = augmented(self.augment, x, y, random_stream(self.seed, "augment", step, shard))
        self.network.set_address(seed=self.seed, step=step, shard=shard)
        self.network.use_gradient(gradient, observed)
        return x, y, None if self.weights is None else self.weights[rows]
