"""The dense layer: every output is a weighted sum of all inputs, plus a bias.

A column of W holds the weights of one output: one weight for each input.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.errors import require
from glassnet.nn.init import Constant, GlorotUniform, Initializer
from glassnet.nn.layer import Declared, Layer


@final
@dataclass(eq=False)
class Dense(Layer):
    """Weighted sums of all inputs.

    Forward:   y = x W + b
    Backward:  dW = x^T dy      db = sum over the batch of dy      dx = dy W^T

    Shapes: x (N, D), W (D, M), b (M,), y (N, M).

    Args:
        units: M, the number of outputs, at least 1.
        init: how W starts; GlorotUniform by default.
        bias_init: how b starts; zeros by default.

    Raises:
        InputError: units below 1; examples that are not flat.

    Reference: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
    """

    units: int
    init: Initializer = GlorotUniform()
    bias_init: Initializer = Constant(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.units >= 1, f"Dense: units must be at least 1, got {self.units}")

    def build(self, input_shape: Shape) -> Shape:
        require(
            len(input_shape) == 1,
            f"Dense takes flat examples (D,), but here they have shape {input_shape}: put Flatten() before it",
        )
        return (self.units,)

    def parameters(self) -> dict[str, Declared]:
        D, M = self.input_shape[0], self.units
        return {
            "W": Declared((D, M), lambda rng: self.init.draw((D, M), D, M, rng)),
            "b": Declared((M,), lambda rng: self.bias_init.draw((M,), D, M, rng)),
        }

    def forward(self, x: Array, *, training: bool = False) -> Array:
        y = np.dot(x, self.W, out=self.space("y", (len(x), self.units), keep=training))  # (N, M)
        y += self.b
        if training:
            self.saved = x
        return y

    def backward(self, dy: Array) -> Array:
        self.backward_parameters(dy)  # writes dW and db
        return np.dot(dy, self.W.T, out=self.space("dx", self.saved.shape))  # (N, D)

    def backward_parameters(self, dy: Array) -> None:
        x = self.saved
        np.dot(x.T, dy, out=self.dW)  # (D, M)
        np.dot(ones(len(dy), self.dtype), dy, out=self.db)  # (M,), a sum over the batch, faster as a product

    # The rest describes the layer to other code, or changes its weights.

    def multiply_adds(self) -> int:
        return self.input_shape[0] * self.units

    def short_size(self) -> str:
        return f"{self.units}"

    def absorb(self, factor: Array, shift: Array) -> bool:
        return absorbed(self.W, self.b, factor, shift)

    def multiply_output(self, factor: float, shift: float = 0.0) -> None:
        """Change the weights so that the output is factor y + shift where it was y."""
        np.multiply(self.W, factor, out=self.W)
        self.b[...] = self.b * factor + shift

    def divide_output(self, factor: float, shift: float = 0.0) -> None:
        """Change the weights so that the output is (y - shift) / factor where it was y."""
        np.divide(self.W, factor, out=self.W)
        self.b[...] = (self.b - shift) / factor


def absorbed(W: Array, b: Array, factor: Array, shift: Array) -> bool:
    """Turn x W + b, with W (..., M) and b (M,), into factor (x W + b) + shift; False, without change, on overflow."""
    scaled, moved = W * factor, b * factor + shift
    finite = bool(np.isfinite(scaled).all() and np.isfinite(moved).all())
    if finite:
        W[...], b[...] = scaled, moved
    return finite


@cache
def ones(count: int, dtype: np.dtype[Any]) -> Array:
    """A vector of ones, whose product with a batch is its sum; made once for each length."""
    return np.ones(count, dtype)
