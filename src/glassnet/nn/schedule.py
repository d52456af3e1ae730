"""Schedules: the learning rate as a function of the step.

A schedule is a factor on the optimizer's learning rate. It depends on the step alone, so a resumed training needs to
remember nothing of it.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from glassnet.nn.settings import require, settle


@dataclass(frozen=True)
class Schedule(ABC):
    """A factor on the learning rate for each step of a training."""

    def __post_init__(self) -> None:
        settle(self)

    @abstractmethod
    def factor(self, step: int, steps: int) -> float:
        """The factor at this step.

        Args:
            step: 0 for the first step.
            steps: the number of steps of the whole training.
        """


@final
@dataclass(frozen=True)
class ConstantRate(Schedule):
    """The same learning rate throughout: factor(step) = 1."""

    def factor(self, step: int, steps: int) -> float:
        return 1.0


@final
@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from a small rate to the full one, then down to almost none: large steps first, a calm end.

    With t = step / (steps - 1) from 0 to 1, and each way half a wave of the cosine:

    factor = start + (1 - start) (1 - cos(pi t / rise)) / 2                     while t < rise
    factor = end + (1 - end) (1 + cos(pi (t - rise) / (1 - rise))) / 2          afterwards

    Args:
        rise: the part of the training in which the rate rises, from 0 (only down) to below 1.
        start, end: the factors at the first and at the last step, from 0 to 1.

    Reference: Smith and Topin 2018, "Super-convergence: very fast training of neural networks using large learning
    rates" (there in straight lines).
    """

    rise: float = 0.3
    start: float = 0.04
    end: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.rise < 1, f"OneCycle: rise must be from 0 to below 1, got {self.rise}")
        for name in ("start", "end"):
            require(0 <= getattr(self, name) <= 1, f"OneCycle: {name} must be from 0 to 1, got {getattr(self, name)}")

    def factor(self, step: int, steps: int) -> float:
        t = step / max(steps - 1, 1)
        if t < self.rise:
            return self.start + (1 - self.start) * (1 - math.cos(math.pi * t / self.rise)) / 2
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * (t - self.rise) / (1 - self.rise))) / 2
