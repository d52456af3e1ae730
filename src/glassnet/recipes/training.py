"""The section `training` of a recipe: number of epochs, batch size, seed and the like."""

from dataclasses import dataclass
from typing import Literal

from glassnet.nn.errors import require
from glassnet.nn.settings import whole


@dataclass(frozen=True)
class TrainingSettings:
    """Number of epochs, batch size, seed and the like.

    Args:
        epochs: the number of passes over the training examples.
        batch_size: the number of examples in a step; "full" means all.
        shards: the number of parts of a batch that workers can compute at once; it fixes the order of sums (see
            `train.steps`). By default it follows from network and batch size.
        blas_threads: the number of threads for one matrix product; by default it follows from network and batch size.
        class_weights: the weight of each class in the loss; "balanced" gives rare classes more weight.
        seed: fixes the initial weights, the order of the examples, and all other random numbers.
        checkpoint_minutes: the shortest time between two checkpoints, in minutes; 0 writes one after each epoch.
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
