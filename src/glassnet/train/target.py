"""Real targets, brought to mean 0 and standard deviation 1 for training, and back by the network itself.

Gradients, rates and penalties then mean the same whatever the unit of the target. After training the last layer takes
the unit in, so that the network answers in it and nobody has to know that there ever was another.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from glassnet.nn.dense import Dense
from glassnet.nn.distance import Poisson
from glassnet.nn.layer import Array
from glassnet.nn.network import Network
from glassnet.nn.settings import describe, require


@dataclass(frozen=True)
class TargetScale:
    """What is taken from targets, and by what they are divided.

    u = (t - mean) / std      and back, for a last layer z = xW + b:      W <- std W      b <- std b + mean

    Attributes:
        mean, std: of the training targets, in their unit; std is 1 if they are all the same.
    """

    mean: float
    std: float

    @classmethod
    def of(cls, targets: Array) -> Self:
        """Measured on these targets (N,), N at least 1."""
        std = float(targets.std(dtype=np.float64))
        return cls(float(targets.mean(dtype=np.float64)), std or 1.0)

    def standardized(self, targets: Array) -> Array:
        """The targets without their unit, in the same shape, float64."""
        return (targets - np.float64(self.mean)) / self.std

    def fold_into(self, network: Network) -> None:
        """Let a network that has learned standardized targets answer in their unit; its last layer is changed."""
        last = network.layers[-1]
        assert isinstance(last, Dense)
        last.W *= self.std
        last.b[...] = last.b * self.std + self.mean

    def take_out_of(self, network: Network) -> None:
        """Let a network that answers in the unit of the targets answer in standardized ones; undoes `fold_into`."""
        last = network.layers[-1]
        assert isinstance(last, Dense)
        last.W /= self.std
        last.b[...] = (last.b - self.mean) / self.std


def target_scale(network: Network, targets: Array | None) -> TargetScale | None:
    """How targets (N,) are to be standardized for this network; None for labels, and for counts, which stay so.

    Raises:
        InputError: the network does not end in a layer that could take the unit in.
    """
    if targets is None or targets.dtype.kind != "f" or isinstance(network.loss, Poisson):
        return None
    last = network.layers[-1]
    require(
        isinstance(last, Dense) and last.units == 1,
        f"to predict a real number a network must end in Dense(1), but it ends in {describe(last)}",
    )
    return TargetScale.of(targets)
