"""Convolution, pooling and batch normalisation are computed fast; here stands the plain form that they are equal to."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.layer import Layer

RNG = np.random.default_rng(0)


def both(layer: Layer, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y, a random dy, and dx of a layer in a network of its own."""
    network = gn.Network([layer], input_shape=x.shape[1:], dtype="float64", seed=1)
    network.theta[...] = RNG.standard_normal(network.theta.shape)
    y = network.forward(x, training=True).copy()
    dy = RNG.standard_normal(y.shape)
    return y, dy, network.backward(dy)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(3, 1, "valid"), (3, 1, "same"), (2, 2, "valid"), (4, 3, "same")]
)
def test_a_convolution_is_a_sum_over_each_window(channels: int, kernel: int, stride: int, padding: str) -> None:
    layer = gn.Conv2D(2, kernel, stride=stride, padding=padding)
    x = RNG.standard_normal((3, 7, 6, channels))
    y, dy, dx = both(layer, x)
    (top, bottom), (left, right) = layer.margins(7), layer.margins(6)
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    dpadded, dW, db = np.zeros_like(padded), np.zeros_like(layer.W), np.zeros_like(layer.b)
    for n, i, j, f in np.ndindex(y.shape):
        window = (n, slice(i * stride, i * stride + kernel), slice(j * stride, j * stride + kernel))
        np.testing.assert_allclose(y[n, i, j, f], np.sum(padded[window] * layer.W[..., f]) + layer.b[f], rtol=1e-10)
        dW[..., f] += padded[window] * dy[n, i, j, f]
        db[f] += dy[n, i, j, f]
        dpadded[window] += layer.W[..., f] * dy[n, i, j, f]
    np.testing.assert_allclose(layer.dW, dW, rtol=1e-10)
    np.testing.assert_allclose(layer.db, db, rtol=1e-10)
    np.testing.assert_allclose(dx, dpadded[:, top : top + 7, left : left + 6], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_block_gives_its_slope_to_its_largest_pixel(size: int) -> None:
    """Of equal ones to that in the first column, and there in the first row."""
    x = RNG.integers(0, 3, (4, 7, 8, 2)).astype(float)  # many are equal
    y, dy, dx = both(gn.MaxPool2D(size), x)
    expected = np.zeros_like(x)
    for n, i, j, c in np.ndindex(y.shape):
        block = x[n, i * size : (i + 1) * size, j * size : (j + 1) * size, c]
        assert y[n, i, j, c] == block.max()
        column, row = divmod(int(block.T.argmax()), size)  # column after column
        expected[n, i * size + row, j * size + column, c] = dy[n, i, j, c]
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 2, 5)])
def test_batch_normalisation_is_its_equations(shape: tuple[int, ...]) -> None:
    layer = gn.BatchNorm()
    x = 3 * RNG.standard_normal(shape) + 7
    y, dy, dx = both(layer, x)
    axes, R = tuple(range(len(shape) - 1)), x.size // shape[-1]
    m, v = x.mean(axis=axes), x.var(axis=axes)
    q = 1 / np.sqrt(v + layer.epsilon)
    h = (x - m) * q
    np.testing.assert_allclose(y, layer.gamma * h + layer.beta, rtol=1e-10, atol=1e-12)
    dgamma, dbeta = (dy * h).sum(axis=axes), dy.sum(axis=axes)
    np.testing.assert_allclose(layer.dgamma, dgamma, rtol=1e-9)
    np.testing.assert_allclose(layer.dbeta, dbeta, rtol=1e-9)
    np.testing.assert_allclose(dx, layer.gamma * q * (dy - dbeta / R - h * dgamma / R), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.batch_variance, v * R / (R - 1))
