"""Prepares the examples of one shard for a network: gathers, augments and weights them."""

from collections.abc import Sequence

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.stream import random_stream
from glassnet.train.metrics import Examples
from glassnet.train.plan import Augment


def augmented(changes: Sequence[Augment], x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Apply all of these changes to a batch; they draw in turn from the same stream.

    Raises:
        InputError: a change does not return two arrays with the same number of examples as before.
    """
    for change in changes:
        count, pair = len(x), change(x, y, rng)
        is_valid = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(part, np.ndarray) for part in pair)
        if not is_valid:
            raise InputError(f"augment: expected new inputs and targets as arrays (x, y), got {pair!r:.60}")
        x, y = pair
        if not len(x) == len(y) == count:
            raise InputError(f"augment: expected as many examples as before, {count}, got {len(x)} and {len(y)}")
    return x, y


class ShardReader:
    """Reads the examples of one shard at a time, for one network.

    Args:
        network: learns from the examples; nothing else may use its gradient and workspaces meanwhile.
        examples: the source of the rows.
        weights: the weight of each example; None if all count the same.
        augment: changes to the examples, one after the other.
        seed: the seed of the streams that augmentation and layers such as Dropout draw from.
    """

    def __init__(
        self, network: Network, examples: Examples, weights: Array | None, *, augment: Sequence[Augment], seed: int
    ) -> None:
        self.network, self.weights, self.augment, self.seed = network, weights, augment, seed
        # Augmentation needs the images in their own shape; the network takes any shape with the same number of values.
        self.inputs = examples.inputs if augment else network.as_batch(examples.inputs)
        self.targets = examples.targets
        self.gathered = np.empty((0, *self.inputs.shape[1:]), self.inputs.dtype)

    def take(
        self, rows: Array, gradient: Array, observed: Array, *, step: int, shard: int
    ) -> tuple[Array, Array, Array | None]:
        """Return inputs, targets and weights of the rows of one shard, and prepare the network to learn from them.

        Shapes: rows (n,) -> x (n, ...), y (n,) or (n, M), weights (n,) or None; gradient (P,), observed (B,), for P
        parameters and B buffers.

        Args:
            gradient: the network will write the gradient of this shard here.
            observed: the network will write the measurements of layers such as BatchNorm here.
        """
        if len(self.gathered) < len(rows):
            self.gathered = np.empty((len(rows), *self.inputs.shape[1:]), self.inputs.dtype)
        x = self.inputs.take(rows, axis=0, out=self.gathered[: len(rows)], mode="clip")  # other modes copy once more
        y = self.targets[rows]
        if self.augment:
            x, y = augmented(self.augment, x, y, random_stream(self.seed, "augment", step, shard))
        self.network.set_address(seed=self.seed, step=step, shard=shard)
        self.network.use_gradient(gradient, observed)
        return x, y, None if self.weights is None else self.weights[rows]
