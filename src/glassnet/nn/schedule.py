"""Schedules: the learning rate as a function of the step.

A schedule is a factor on the optimizer's learning rate. It depends on the step alone, so a resumed training needs to
remember nothing of it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from glassnet.nn.settings import settle


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
