"""The convolution: it searches for small patterns everywhere in an image.

Each output pixel is computed by a dense layer from a small window of the input. All windows share the same weights.
So a stroke is recognised anywhere in the image, with few parameters. The convolution is computed as a matrix product,
which is fast: every window becomes a row, and the rows are multiplied by the weights.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, Self, final

import numpy as np

from glassnet.nn.array import Array, Shape
from glassnet.nn.batches import portions
from glassnet.nn.dense import absorbed
from glassnet.nn.errors import require
from glassnet.nn.init import Constant, HeNormal, Initializer
from glassnet.nn.layer import Declared, Layer

CACHED = 2**19  # values of windows that stay in the cache


@final
@dataclass(eq=False)
class Conv2D(Layer):
    """Weighted sums of all windows of an image.

    Forward:   y[n,i,j,f] = sum over k,l,c of x[n, i s + k, j s + l, c] W[k,l,c,f] + b[f]      (x with its padding)
    Backward:  dW[k,l,c,f] = sum over n,i,j of x[n, i s + k, j s + l, c] dy[n,i,j,f]
               db[f] = sum over n,i,j of dy[n,i,j,f]
               dx[n, i s + k, j s + l, c] collects the sum over f of dy[n,i,j,f] W[k,l,c,f] of every i,j,k,l that meet
               it

    Shapes: x (N, H, W, C), W (K, K, C, F), b (F,), y (N, H', W', F). With s the stride, "valid" padding gives
    H' = (H - K) // s + 1; "same" pads with zeros, half on each side and an odd one after, so that H' = ceil(H / s).

    Args:
        filters: F, the number of patterns, at least 1.
        kernel_size: K, the side of the window, at least 1.
        stride: s, the step from window to window, at least 1.
        padding: "valid" (none) or "same".
        init, bias_init: how W and b start; HeNormal and zeros by default.

    Raises:
        InputError: settings out of range; examples that are not images (H, W, C), or smaller than the window.

    Reference: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II-A (as in the
    whole field, the window is not flipped, so this is strictly a cross-correlation).
    """

    filters: int
    kernel_size: int
    stride: int = 1
    padding: Literal["valid", "same"] = "valid"
    init: Initializer = HeNormal()
    bias_init: Initializer = Constant(0.0)

    stacked: Array | None = field(init=False, default=None, repr=False)  # the weights of a layer that only predicts

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("filters", "kernel_size", "stride"):
            require(getattr(self, name) >= 1, f"Conv2D: {name} must be at least 1, got {getattr(self, name)}")

    def build(self, input_shape: Shape) -> Shape:
        require(
            len(input_shape) == 3,
            f"Conv2D takes images (H, W, C), but here examples have shape {input_shape}: "
            "Reshape them first, a grey image to (H, W, 1)",
        )
        H, W, _ = input_shape
        require(
            self.padding == "same" or min(H, W) >= self.kernel_size,
            f"Conv2D: the window of {self.kernel_size}x{self.kernel_size} is larger than the image of {H}x{W}",
        )
        return (*(self._windows(side) for side in (H, W)), self.filters)

    def _windows(self, side: int) -> int:
        """How many windows fit along a side."""
        return -(-side // self.stride) if self.padding == "same" else (side - self.kernel_size) // self.stride + 1

    def margins(self, side: int) -> tuple[int, int]:
        """The numbers of zeros before and after a side of this many pixels."""
        missing = max((self._windows(side) - 1) * self.stride + self.kernel_size - side, 0)
        return (missing // 2, missing - missing // 2) if self.padding == "same" else (0, 0)

    def parameters(self) -> dict[str, Declared]:
        K, C, F = self.kernel_size, self.input_shape[2], self.filters
        fan_in, fan_out = K * K * C, K * K * F
        return {
            "W": Declared((K, K, C, F), lambda rng: self.init.draw((K, K, C, F), fan_in, fan_out, rng)),
            "b": Declared((F,), lambda rng: self.bias_init.draw((F,), fan_in, fan_out, rng)),
        }

    def multiply_adds(self) -> int:
        return math.prod(self.output_shape) * self.kernel_size**2 * self.input_shape[2]

    def short_size(self) -> str:
        return f"{self.filters}c"

    def forward(self, x: Array, *, training: bool = False) -> Array:
        N, F = len(x), self.filters
        x = self._padded(x, training)
        at_once = max(N if training else min(self._at_once, N), 1)
        y = self.space("y", (N, *self.output_shape), keep=training)
        rows = self.space("rows", (at_once, math.prod(self.output_shape[:2]), self._row), keep=training)
        weights = self._weights()
        for part in portions(N, at_once):
            windows = self._lay_out(x[part], rows[: len(x[part])])
            np.matmul(windows, weights, out=y[part].reshape(-1, F))
            if training:
                self.saved = windows
        return y

    @property
    def _row(self) -> int:
        """The number of values in a window, plus a 1 that multiplies the bias."""
        return self.kernel_size**2 * self.input_shape[2] + 1

    @property
    def _at_once(self) -> int:
        """The number of images whose windows fit into the cache."""
        return max(CACHED // (math.prod(self.output_shape[:2]) * self._row), 1)

    def _weights(self) -> Array:
        """W, and b below it (K K C + 1, F)."""
        if self.stacked is not None:
            return self.stacked
        return np.concatenate([self.W.reshape(-1, self.filters), self.b[None]])

    def _lay_out(self, x: Array, rows: Array) -> Array:
        """Every window of the padded images x as a row, with a 1 at its end (N H' W', K K C + 1), in this memory."""
        N, (_, _, C), (H1, W1, _), K, s = len(x), self.input_shape, self.output_shape, self.kernel_size, self.stride
        n, h, w, c = x.strides
        if C == 1:  # the same matrix, laid out by columns: they are copied in longer pieces
            columns = rows.reshape(self._row, N * H1 * W1)
            places: Array = np.ndarray((K, K, N, H1, W1), x.dtype, x, strides=(h, w, n, h * s, w * s))  # no copy
            np.copyto(columns[:-1].reshape(K, K, N, H1, W1), places)
            columns[-1] = 1
            return columns.T
        windows: Array = np.ndarray((N, H1, W1, K, K * C), x.dtype, x, strides=(n, h * s, w * s, h, c))  # no copy
        np.copyto(rows[..., :-1].reshape(N, H1, W1, K, K * C), windows)  # a row of a window lies in one piece
        rows[..., -1] = 1
        return rows.reshape(N * H1 * W1, self._row)

    def _padded(self, x: Array, training: bool) -> Array:
        (top, bottom), (left, right) = (self.margins(side) for side in self.input_shape[:2])
        if top + bottom + left + right == 0:
            return np.ascontiguousarray(x)
        N, H, W, C = x.shape
        shape = (N, top + H + bottom, left + W + right, C)
        padded = self.space("padded", shape, keep=training)
        for margin in (padded[:, :top], padded[:, top + H :], padded[:, :, :left], padded[:, :, left + W :]):
            margin.fill(0)
        padded[:, top : top + H, left : left + W] = x
        return padded

    def backward(self, dy: Array) -> Array:
        self.backward_parameters(dy)
        N, (H, W, C), (H1, W1, F), K, s = len(dy), self.input_shape, self.output_shape, self.kernel_size, self.stride
        (top, bottom), (left, right) = (self.margins(side) for side in (H, W))
        dx = self.space("dx", (N, top + H + bottom, left + W + right, C))
        dx.fill(0)
        part = self.space("part", (N, H1, W1, C))  # the gradient for one place in the window
        for k in range(K):
            for m in range(K):
                np.matmul(dy.reshape(-1, F), self.W[k, m].T, out=part.reshape(-1, C))
                dx[:, k : k + H1 * s : s, m : m + W1 * s : s] += part
        return dx[:, top : top + H, left : left + W]

    def backward_parameters(self, dy: Array) -> None:
        F = self.filters
        gradients = np.matmul(self.saved.T, dy.reshape(-1, F))  # of W, and in the last row of b
        self.dW[...] = gradients[:-1].reshape(self.dW.shape)
        self.db[...] = gradients[-1]

    def absorb(self, factor: Array, shift: Array) -> bool:
        return absorbed(self.W, self.b, factor, shift)

    def working_values(self) -> int:
        return self._at_once * math.prod(self.output_shape[:2]) * self._row

    def prepared(self, memory: Array) -> Self:
        other = super().prepared(memory)
        other.stacked = self._weights()
        shape = self._at_once, math.prod(self.output_shape[:2]), self._row
        other.spaces["rows"] = memory[: math.prod(shape)].reshape(shape)
        return other
