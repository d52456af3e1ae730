"""The plan of a training: every setting that shapes it, as one value.

The same plan, network and data give the same bits. Who trains, and who watches, is no part of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.average import WeightAverage
from glassnet.nn.clip import Clip
from glassnet.nn.errors import require
from glassnet.nn.loss import Loss
from glassnet.nn.optim import SGD, Optimizer
from glassnet.nn.penalty import Penalty
from glassnet.nn.schedule import ConstantRate, Schedule
from glassnet.nn.settings import to_table, whole
from glassnet.nn.stream import random_stream

# Changes a batch at random: inputs, targets and random numbers in; new inputs and targets out, as many as before.
Augment = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]
ClassWeights = Sequence[float] | Array | Literal["balanced"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The settings of one training.

    Args:
        loss: what the logits mean; by default that of the network (CrossEntropy() at first), but SquaredError() for
            real targets where it is CrossEntropy.
        optimizer: how a gradient becomes a step.
        schedule: how the learning rate changes with the step.
        penalties: what weights cost besides, such as [L2(1e-4)]; the losses of the history are without it.
        clip: limits to the gradient, penalties included.
        average: keep a running mean of the weights: it is what is validated, and what is given back.
        class_weights: how much the examples of each class count in the loss, one number a class, or "balanced": as if
            all classes were equally frequent. Validation is not weighted.
        augment: random changes to the examples at every visit, one after the other, such as [Augmentation(shift=0.1)]:
            augment(x, y, rng) gives new inputs and targets for a batch x (n, ...), y; rng is all it may draw from.
        epochs: how often every example is visited, at most.
        batch_size: examples a step; "full" takes all of them at once.
        shuffle: whether each epoch takes the examples in a new order, as it should, or as they stand.
        shards: into how many pieces a batch is cut; see `train.steps`.
        blas_threads: threads of each matrix product: by default 1 with several shards, else all. Together with `shards`
            it fixes the arithmetic.
        seed: chooses the order of the examples, and what augmentation and layers such as Dropout draw.

    Raises:
        InputError: a setting of another type, or out of range.
    """

    loss: Loss | None = None
    optimizer: Optimizer = SGD(0.1)
    schedule: Schedule = ConstantRate()
    penalties: Sequence[Penalty] = ()
    clip: Clip | None = None
    average: WeightAverage | None = None
    class_weights: ClassWeights | None = None
    augment: Sequence[Augment] = ()
    epochs: int = 10
    batch_size: int | Literal["full"] = 128
    shuffle: bool = True
    shards: int = 1
    blas_threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        optional = {"loss": Loss, "clip": Clip, "average": WeightAverage}
        for name, kind in ({"optimizer": Optimizer, "schedule": Schedule} | optional).items():
            part = getattr(self, name)
            right = isinstance(part, kind) or (part is None and name in optional)
            require(right, f"{name}: expected one of gn.{kind.__name__}, got {part!r}")
        right = isinstance(self.penalties, Sequence) and all(isinstance(part, Penalty) for part in self.penalties)
        require(right, f"penalties: expected a list such as [L2(1e-4)], got {self.penalties!r}")
        right = isinstance(self.augment, Sequence) and all(map(callable, self.augment))
        require(right, f"augment: expected a list such as [Augmentation(shift=0.1)], got {self.augment!r}")
        settled: dict[str, Any] = {name: tuple(getattr(self, name)) for name in ("penalties", "augment")}
        settled |= {name: whole(getattr(self, name), name, 1) for name in ("epochs", "shards")}
        settled["seed"] = whole(self.seed, "seed", 0)
        random_stream(self.seed, "shuffle")  # refuses a seed that is too large
        if not (isinstance(self.batch_size, str) and self.batch_size == "full"):
            settled["batch_size"] = whole(self.batch_size, "batch_size (or 'full')", 1)
        if self.blas_threads is not None:
            settled["blas_threads"] = whole(self.blas_threads, "blas_threads", 1)
        require(isinstance(self.shuffle, bool), f"shuffle: expected True or False, got {self.shuffle!r}")
        if isinstance(self.class_weights, np.ndarray):
            settled["class_weights"] = self.class_weights.tolist()  # checked with the data, which knows the classes
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def to_table(self) -> dict[str, Any]:
        """Every setting as a plain value; of an augmentation that is a function, its name."""
        table = to_table(self)
        return table | {
            "augment": [
                to_table(change) if is_dataclass(change) else getattr(change, "__qualname__", "")
                for change in self.augment
            ]
        }
