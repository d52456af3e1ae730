"""Schedules: the learning rate as a function of the step.

A schedule gives a factor for the learning rate of the optimizer. The factor depends only on the step, so a schedule has
no state to save for resumed training.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings


@dataclass(frozen=True)
class Schedule(ABC):
    """A factor for the learning rate at each training step."""

    def __post_init__(self) -> None:
        convert_settings(self)

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
    """The rate rises from a small value to the full rate, then falls to almost 0.

    With t = step / (steps - 1) from 0 to 1, rise and fall are each half a period of a cosine:

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


@final
@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate falls by the same factor at regular intervals: factor = drop^floor(step / every).

    Args:
        every: the number of steps between two falls, at least 1.   drop: the factor at each fall, from 0 to 1.

    Reference: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks",
    section 5 (there by hand).
    """

    every: int
    drop: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.every >= 1, f"StepDecay: every must be at least 1 step, got {self.every}")
        require(0 <= self.drop <= 1, f"StepDecay: drop must be from 0 to 1, got {self.drop}")

    def factor(self, step: int, steps: int) -> float:
        return self.drop ** (step // self.every)


@final
@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """The rate falls by the same fraction at every step: factor = end^(step / (steps - 1)), from 1 to `end`.

    Args:
        end: the factor at the last step, above 0, at most 1.
    """

    end: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.end <= 1, f"ExponentialDecay: end must be above 0 and at most 1, got {self.end}")

    def factor(self, step: int, steps: int) -> float:
        return float(self.end ** (step / max(steps - 1, 1)))


@final
@dataclass(frozen=True)
class InverseScaling(Schedule):
    """The classical rate of stochastic approximation: factor = 1 / (1 + step)^power.

    Args:
        power: above 0; between 1/2 and 1 for the theory.

    Reference: Robbins and Monro 1951, "A stochastic approximation method".
    """

    power: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.power > 0, f"InverseScaling: power must be above 0, got {self.power}")

    def factor(self, step: int, steps: int) -> float:
        return float((1 + step) ** -self.power)


@final
@dataclass(frozen=True)
class CosineDecay(Schedule):
    """The rate falls along half a period of a cosine: factor = end + (1 - end) (1 + cos(pi step / (steps - 1))) / 2.

    Args:
        end: the factor at the last step, from 0 to 1.

    Reference: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5 (one
    period).
    """

    end: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.end <= 1, f"CosineDecay: end must be from 0 to 1, got {self.end}")

    def factor(self, step: int, steps: int) -> float:
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * step / max(steps - 1, 1))) / 2


@final
@dataclass(frozen=True)
class WarmUp(Schedule):
    """The rate rises linearly over the first steps; then another schedule follows.

    factor = (step + 1) / (over + 1) times the first factor of `then`, while step < over; afterwards the factor of
    `then`, whose steps are counted from there to the end of the training.

    Args:
        over: the number of steps in which it rises, at least 1.   then: the schedule that follows.

    Reference: Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 2.2.
    """

    over: int
    then: Schedule = ConstantRate()

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.over >= 1, f"WarmUp: over must be at least 1 step, got {self.over}")

    def factor(self, step: int, steps: int) -> float:
        left = max(steps - self.over, 1)
        if step < self.over:
            return (step + 1) / (self.over + 1) * self.then.factor(0, left)
        return self.then.factor(step - self.over, left)
