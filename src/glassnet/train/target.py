"""Real targets, brought to mean 0 and standard deviation 1 for training, and back by the network itself.

Gradients, rates and penalties then mean the same whatever the unit of the target. After training the last layer takes
the unit in, so that the network answers in it and nobody has to know that there ever was another.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.dense import Dense
from glassnet.nn.errors import InputError
from glassnet.nn.network import Network
from glassnet.nn.settings import describe


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

    def add_unit(self, network: Network) -> None:
        """Let a network that has learned standardized targets answer in their unit; its last layer is changed."""
        _last(network).multiply_output(self.std, self.mean)

    def remove_unit(self, network: Network) -> None:
        """Let a network that answers in the unit of the targets answer in standardized ones; undoes `add_unit`."""
        _last(network).divide_output(self.std, self.mean)


def target_scale(network: Network, targets: Array | None) -> TargetScale | None:
    """How targets (N,) are to be standardized for this network; None for labels, and for counts, which stay so.

    Raises:
        InputError: the network does not end in a layer that could take the unit in.
    """
    if targets is None or targets.dtype.kind != "f" or network.loss.keeps_unit:
        return None
    _last(network)
    return TargetScale.of(targets)


def _last(network: Network) -> Dense:
    """The layer that takes the unit in."""
    last = network.layers[-1]
    if not isinstance(last, Dense) or last.units != 1:
        raise InputError(f"to predict a real number a network must end in Dense(1), but it ends in {describe(last)}")
    return last
