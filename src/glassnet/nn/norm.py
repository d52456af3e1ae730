"""Batch normalisation: in training, every feature gets mean 0 and standard deviation 1 in each batch.

The input of the next layer then keeps its size while the layers before it learn, so larger steps often work. In
prediction, a running mean and variance replace those of the batch.
"""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.dense import ones
from glassnet.nn.errors import require
from glassnet.nn.layer import Declared, Layer


@final
@dataclass(eq=False)
class BatchNorm(Layer):
    """Features (N, C), or the channels of images (N, H, W, C), normalised over the batch, then scaled and shifted.

    Forward:   h = (x - m) r      y = gamma h + beta      r = 1 / sqrt(v + epsilon)
    Backward:  dgamma = sum of dy h      dbeta = sum of dy      dx = gamma r (dy - dbeta / R - h dgamma / R)

    m and v are the mean and the variance of each feature, over its R = N (images: N H W) values in this shard of the
    batch; with several shards this is "ghost" batch normalisation. The sums are over the same R values. In prediction,
    m and v are the buffers `mean` and `variance`, which every shard moves towards its own m and v:

    Update:    mean = momentum mean + (1 - momentum) m      variance = the same with v R / (R - 1), which has no bias
               (with R = 1 the variance stays as it is)

    Shapes: x (N, ..., C); gamma, beta, mean, variance (C,); y and dx have the shape of x.

    Args:
        momentum: the share of the running mean and variance that is kept at each shard, from 0 to below 1.
        epsilon: keeps the division finite, above 0.

    References: Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", algorithms 1 and 2; Hoffer, Hubara and Soudry 2017, "Train longer, generalize better", section 4.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.momentum < 1, f"BatchNorm: momentum must be from 0 to below 1, got {self.momentum}")
        require(self.epsilon > 0, f"BatchNorm: epsilon must be above 0, got {self.epsilon}")

    def parameters(self) -> dict[str, Declared]:
        C = self.input_shape[-1:]
        return {"gamma": Declared(C, lambda rng: np.ones(C)), "beta": Declared(C, lambda rng: np.zeros(C))}

    def buffers(self) -> dict[str, Declared]:
        C = self.input_shape[-1:]
        return {"mean": Declared(C, lambda rng: np.zeros(C)), "variance": Declared(C, lambda rng: np.ones(C))}

    def multiply_adds(self) -> int:
        return math.prod(self.input_shape)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        if not training:
            scale, shift = self.affine()
            y = x * scale
            y += shift
            return y
        rows = x.reshape(-1, x.shape[-1])  # (R, C)
        R = len(rows)
        one = ones(R, self.dtype)
        centred, y = self.space("centred", x.shape), self.space("y", x.shape)
        m, v = self.batch_mean, self.batch_variance
        np.matmul(one, rows, out=m)  # sums over rows, faster as a product
        m /= R
        np.subtract(self._flat(x), self._over_example(m), out=self._flat(centred))
        np.square(centred, out=y)
        np.matmul(one, y.reshape(rows.shape), out=v)
        v /= R
        r = 1 / np.sqrt(v + self.epsilon)
        if R > 1:
            v *= R / (R - 1)  # the running variance is without bias
        else:  # one value has no variance: the running variance does not change
            v[...] = self.variance
        self.saved = centred, r
        np.multiply(self._flat(centred), self._over_example(self.gamma * r), out=self._flat(y))
        np.add(self._flat(y), self._over_example(self.beta), out=self._flat(y))
        return y

    def affine(self) -> tuple[Array, Array]:
        scale = self.gamma / np.sqrt(self.variance + self.epsilon)
        return scale, self.beta - self.mean * scale

    def backward(self, dy: Array) -> Array:
        centred, r = self.saved
        self.backward_parameters(dy)
        R = dy.size // dy.shape[-1]
        dx = self.space("dx", dy.shape)
        flat = self._flat(dx)
        np.multiply(self._flat(centred), self._over_example(self.dgamma * r / -R), out=flat)
        flat += self._flat(dy)
        flat -= self._over_example(self.dbeta / R)
        flat *= self._over_example(self.gamma * r)
        return dx

    def backward_parameters(self, dy: Array) -> None:
        centred, r = self.saved
        C = dy.shape[-1]
        one = ones(dy.size // C, self.dtype)
        product = np.multiply(dy, centred, out=self.space("dx", dy.shape))
        np.multiply(one @ product.reshape(-1, C), r, out=self.dgamma)
        np.matmul(one, dy.reshape(-1, C), out=self.dbeta)

    def _over_example(self, vector: Array) -> Array:
        """A value for each channel (C,), repeated for each pixel (H W C,), because NumPy is faster along long rows."""
        return np.tile(vector, math.prod(self.input_shape[:-1]))

    def _flat(self, x: Array) -> Array:
        """The examples as rows (N, H W C)."""
        return x.reshape(len(x), -1)

    def update_buffers(self) -> None:
        for running, batch in ((self.mean, self.batch_mean), (self.variance, self.batch_variance)):
            running *= self.momentum
            running += (1 - self.momentum) * batch

    def check_buffers(self) -> None:
        require(bool((self.variance >= 0).all()), "variance holds a number below 0 or NaN, which no variance is")

    def input_scale(self) -> float:
        return math.nan  # measured
