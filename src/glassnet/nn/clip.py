"""Gradient clipping: a limit on the size of a gradient.

A few unusual examples can give a gradient a hundred times as large as usual. One step along it can undo an hour of
training.
"""

from dataclasses import dataclass

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.settings import convert_settings


@dataclass(frozen=True)
class Clip:
    """Limits on a gradient g: on each entry, on its length, or on both (the entries first).

    By value:  g_i = value where g_i > value, -value where g_i < -value
    By norm:   g = g min(1, norm / |g|)      |g| = sqrt(sum_i g_i^2), over all parameters of the network

    Clipping by norm keeps the direction; clipping by value does not.

    Args:
        norm: the largest length, above 0.   value: the largest entry, above 0. At least one of them.

    Reference: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", algorithm 1
    (by norm).
    """

    norm: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        convert_settings(self)
        require(self.norm is not None or self.value is not None, "Clip: expected norm=, value= or both, got neither")
        for name in ("norm", "value"):
            limit = getattr(self, name)
            require(limit is None or limit > 0, f"Clip: {name} must be above 0, got {limit}")

    def entries(self, grad: Array) -> None:
        """Clip the entries of a gradient, or of a part of it, in place."""
        if self.value is not None:
            np.clip(grad, -self.value, self.value, out=grad)

    def factor(self, norm: float) -> float:
        """The factor for a gradient of this length; 1 if its norm has no limit."""
        return 1.0 if self.norm is None or norm <= self.norm else self.norm / norm
