"""Standardizes real targets for training: mean 0 and standard deviation 1.

The size of gradients, rates and penalties then does not depend on the unit of the target. After training, the scale is
put into the last layer, so the network predicts in the unit of the target.
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
    """The mean that is subtracted from the targets, and the standard deviation by which they are divided.

    u = (t - mean) / std      and back, for a last layer z = xW + b:      W <- std W      b <- std b + mean

    Attributes:
        mean, std: of the training targets, in their unit; std is 1 if all targets are the same.
    """

    mean: float
    std: float

    @classmethod
    def of(cls, targets: Array) -> Self:
        """The scale of these targets (N,), N at least 1."""
        std = float(targets.std(dtype=np.float64))
        return cls(float(targets.mean(dtype=np.float64)), std or 1.0)

    def standardized(self, targets: Array) -> Array:
        """The standardized targets, in the same shape, float64."""
        return (targets - np.float64(self.mean)) / self.std

    def add_unit(self, network: Network) -> None:
        """Change the last layer of a network trained on standardized targets, so that it predicts in their unit."""
        _last(network).multiply_output(self.std, self.mean)

    def remove_unit(self, network: Network) -> None:
        """Change the last layer of a network so that it predicts standardized targets; undoes `add_unit`."""
        _last(network).divide_output(self.std, self.mean)


def target_scale(network: Network, targets: Array | None) -> TargetScale | None:
    """The scale for targets (N,) of this network; None for labels, and for counts, which are not standardized.

    Raises:
        InputError: the last layer of the network is not Dense(1).
    """
    if targets is None or targets.dtype.kind != "f" or network.loss.keeps_unit:
        return None
    _last(network)
    return TargetScale.of(targets)


def _last(network: Network) -> Dense:
    """The last layer, which takes the scale."""
    last = network.layers[-1]
    if not isinstance(last, Dense) or last.units != 1:
        raise InputError(f"to predict a real number a network must end in Dense(1), but it ends in {describe(last)}")
    return last
