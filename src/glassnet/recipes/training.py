"""The section `training` of a recipe: how long, in which portions, from which seed."""

from dataclasses import dataclass
from typing import Literal

from glassnet.nn.errors import require
from glassnet.nn.settings import whole


@dataclass(frozen=True)
class TrainingSettings:
    """How long, in which portions, from which seed.

    Args:
        epochs: how many times all training examples are learned from.
        batch_size: the examples of a step; "full" are all of them.
        shards: the parts of a batch that workers can compute at once; they fix the order of sums (see `train.steps`).
            By default they follow from network and batch size.
        blas_threads: the threads of one matrix product; by default they follow from network and batch size.
        class_weights: what an example of each class counts in the loss; "balanced" makes rare classes count more.
        seed: fixes the first weights, the order of the examples, and all that is random.
        checkpoint_minutes: at least so many minutes between two checkpoints; with 0 there is one after each epoch.
    """

    epochs: int
    batch_size: int | Literal["full"] = 128
    shards: int | None = None
    blas_threads: int | None = None
    class_weights: tuple[float, ...] | Literal["balanced"] | None = None
    seed: int = 0
    checkpoint_minutes: float | None = None

    def __post_init__(self) -> None:
        whole(self.epochs, "epochs", 1)
        require(self.epochs < 2**63, f"epochs must be below 2**63, got {self.epochs}")
        if self.shards is not None:
            whole(self.shards, "shards", 1)
        if self.batch_size != "full":
            whole(self.batch_size, "batch_size", 1)
        require(
            self.blas_threads is None or self.blas_threads >= 1,
            f"blas_threads must be at least 1, got {self.blas_threads}",
        )
        require(
            self.checkpoint_minutes is None or self.checkpoint_minutes >= 0,
            f"checkpoint_minutes must not be negative, got {self.checkpoint_minutes}",
        )
        require(0 <= self.seed < 2**64, f"seed must be from 0 to 2**64 - 1, got {self.seed}")
