"""The plan of a training: all settings that determine its result, as one value.

The same plan, network and data give the same bits. Workers, callbacks and progress are not part of the plan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal, get_args

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
from glassnet.train.pieces import Remainder

# Changes a batch at random: takes inputs, targets and a generator, returns the same number of new inputs and targets.
Augment = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]
ClassWeights = Sequence[float] | Array | Literal["balanced"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The settings of one training.

    Args:
        loss: the loss to minimise; by default the loss of the network (CrossEntropy() at first), but SquaredError() for
            real targets if that is CrossEntropy.
        optimizer: turns a gradient into a step.
        schedule: how the learning rate changes with the step.
        penalties: terms added to the loss for the weights, such as [L2(1e-4)]; the losses in the history exclude them.
        clip: limits on the gradient, which includes the penalties.
        average: a running mean of the weights; if given, training validates and returns this mean.
        class_weights: the weight of the examples of each class in the loss: one number per class, or "balanced", which
            makes all classes count the same. Validation is not weighted.
        augment: random changes to the examples at every visit, one after the other, such as [Augmentation(shift=0.1)]:
            augment(x, y, rng) returns new inputs and targets for a batch x (n, ...), y; it may draw only from rng.
        epochs: the largest number of passes over the examples.
        batch_size: the number of examples per step; "full" takes all of them at once.
        shuffle: whether each epoch takes the examples in a new order (recommended), or in their given order.
        remainder: how to use examples that do not fill a batch: with "spread", all batches of an epoch are about
            equally large, and none is larger than batch_size; with "last", these examples are a last, shorter batch.
        shards: the number of pieces into which a batch is divided; see `train.steps`. By default it depends on the
            network and the batch size (`train.pieces`).
        blas_threads: threads of each matrix product: by default 1 with several shards, else all. Together with `shards`
            it fixes the arithmetic.
        seed: determines the order of the examples, and the random numbers of augmentation and layers such as Dropout.

    Raises:
        InputError: a setting has another type, or is out of range.
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
    remainder: Remainder = "spread"
    shards: int | None = None
    blas_threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        optional = {"loss": Loss, "clip": Clip, "average": WeightAverage}
        for name, kind in ({"optimizer": Optimizer, "schedule": Schedule} | optional).items():
            part = getattr(self, name)
            is_valid = isinstance(part, kind) or (part is None and name in optional)
            require(is_valid, f"{name}: expected one of gn.{kind.__name__}, got {part!r}")
        is_valid = isinstance(self.penalties, Sequence) and all(isinstance(part, Penalty) for part in self.penalties)
        require(is_valid, f"penalties: expected a list such as [L2(1e-4)], got {self.penalties!r}")
        is_valid = isinstance(self.augment, Sequence) and all(map(callable, self.augment))
        require(is_valid, f"augment: expected a list such as [Augmentation(shift=0.1)], got {self.augment!r}")
        converted: dict[str, Any] = {name: tuple(getattr(self, name)) for name in ("penalties", "augment")}
        converted["epochs"] = whole(self.epochs, "epochs", 1)
        converted["seed"] = whole(self.seed, "seed", 0)
        random_stream(self.seed, "shuffle")  # raises if the seed is too large
        if not (isinstance(self.batch_size, str) and self.batch_size == "full"):
            converted["batch_size"] = whole(self.batch_size, "batch_size (or 'full')", 1)
        for name in ("shards", "blas_threads"):
            if getattr(self, name) is not None:
                converted[name] = whole(getattr(self, name), name, 1)
        remainders = get_args(Remainder)
        require(self.remainder in remainders, f"remainder: expected one of {remainders}, got {self.remainder!r}")
        require(isinstance(self.shuffle, bool), f"shuffle: expected True or False, got {self.shuffle!r}")
        if isinstance(self.class_weights, np.ndarray):
            converted["class_weights"] = self.class_weights.tolist()  # checked later, when the classes are known
        for name, value in converted.items():
            object.__setattr__(self, name, value)

    def to_table(self) -> dict[str, Any]:
        """Every setting as a plain value; an augmentation that is a function becomes its name."""
        table = to_table(self)
        return table | {
            "augment": [
                to_table(change) if is_dataclass(change) else getattr(change, "__qualname__", "")
                for change in self.augment
            ]
        }
