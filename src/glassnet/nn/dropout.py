"""Dropout: in training, units are set to 0 at random, so that no unit can rely on another.

The other units are scaled up, so that the expected signal stays the same. In prediction dropout does nothing.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.layer import Layer

LEVELS = 1 << 16  # sixteen random bits per unit, so the rate is rounded to 1/65,536


@final
@dataclass(eq=False)
class Dropout(Layer):
    """Sets units to 0 at random in training; does nothing in prediction.

    Forward:   y = x m / (1 - rate), where each m is 0 with probability rate, else 1      (prediction: y = x)
    Backward:  dx = dy m / (1 - rate)

    Shapes: any; m, y and dx have the shape of x. The mask comes from the layer's own random stream: the same step,
    shard and seed give the same mask.

    Args:
        rate: the probability that a unit is set to 0, from 0 to below 1; rounded to 1/65,536.

    Reference: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting" (the inverted
    form of their section 10).
    """

    is_random: ClassVar[bool] = True
    rate: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.rate < 1, f"Dropout: rate must be from 0 to below 1, got {self.rate}")

    def forward(self, x: Array, *, training: bool = False) -> Array:
        if not training:
            return x
        silent = min(round(self.rate * LEVELS), LEVELS - 1)
        bits = self.random_numbers().bit_generator.random_raw(-(-x.size // 4)).view(np.uint16)  # four decisions a draw
        mask = np.greater_equal(bits[: x.size].reshape(x.shape), silent, out=self.space("mask", x.shape))
        mask *= LEVELS / (LEVELS - silent)
        self.saved = mask
        return np.multiply(x, mask, out=self.space("y", x.shape))

    def backward(self, dy: Array) -> Array:
        return np.multiply(dy, self.saved, out=self.space("dx", dy.shape))
