"""Weight averaging: the final network is a running mean of the networks after each step.

With a constant learning rate, the weights move around a minimum and do not converge. Their mean is nearer to it.
"""

from dataclasses import dataclass

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings


@dataclass(frozen=True)
class WeightAverage:
    """An exponential moving average of all parameters and buffers.

    Update:  average = average + (1 - d) (now - average)      d = min(decay, (1 + t) / (10 + t))      at step t = 0, ...

    The average starts at the first weights. In the first steps d is smaller, so that the average forgets them.

    Args:
        decay: the share of the average that is kept at a step, from 0 (the average is the weights) to below 1.

    References: Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging" (there with equal
    weights); Tarvainen and Valpola 2017, "Mean teachers are better role models", section 2.
    """

    decay: float = 0.999

    def __post_init__(self) -> None:
        convert_settings(self)
        require(0 <= self.decay < 1, f"WeightAverage: decay must be from 0 to below 1, got {self.decay}")

    def update(self, average: Array, now: Array, *, step: int) -> None:
        """Move the average, or a part of it, in place."""
        d = min(self.decay, (1 + step) / (10 + step))
        change = np.subtract(now, average)
        change *= 1 - d
        average += change
