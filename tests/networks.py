"""Small networks on images of 28x28 pixels, with layers of many kinds, to look inside."""

from collections.abc import Callable

import numpy as np

import glassnet as gn
from glassnet.nn.layer import Layer

LABEL = 3

NETWORKS: dict[str, Callable[[], list[Layer]]] = {
    "dense": lambda: [
        gn.Rescale(1 / 255),
        gn.Flatten(),
        gn.Dense(12, bias_init=gn.Normal(0.1)),
        gn.ReLU(),
        gn.Dense(10),
    ],
    "conv": lambda: [
        gn.Rescale(1 / 255),
        gn.Reshape((28, 28, 1)),
        gn.Conv2D(3, 5, stride=2, padding="same"),
        gn.BatchNorm(),
        gn.ReLU(),
        gn.MaxPool2D(2),
        gn.Conv2D(4, 3),
        gn.Tanh(),
        gn.AveragePool2D(2),
        gn.Flatten(),
        gn.Dropout(0.5),
        gn.Dense(10),
        gn.Softmax(),
        gn.Dense(10),
    ],
    "global": lambda: [gn.Reshape((28, 28, 1)), gn.Conv2D(10, 3), gn.Sigmoid(), gn.GlobalAveragePool()],
}


def some_pixels() -> np.ndarray:
    """Something like a digit (28, 28): a third of the pixels are not 0."""
    rng = np.random.default_rng(3)
    return (rng.integers(1, 256, (28, 28)) * (rng.random((28, 28)) < 0.3)).astype(np.uint8)


def made(name: str) -> gn.Network:
    """The network of this name; its batch normalisation has measured something."""
    network = gn.Network(NETWORKS[name](), input_shape=(28, 28), seed=4)
    rng = np.random.default_rng(5)
    for layer in network.layers:
        if isinstance(layer, gn.BatchNorm):
            layer.mean[:], layer.variance[:] = (
                rng.normal(0, 0.2, layer.mean.shape),
                rng.uniform(0.5, 2, layer.mean.shape),
            )
            layer.gamma[:] = rng.uniform(0.5, 2, layer.mean.shape)
    return network


def small_network() -> gn.Network:
    """A network with everything that a training must carry on: measured buffers and random numbers."""
    layers = [gn.Conv2D(4, 3), gn.BatchNorm(), gn.ReLU(), gn.Flatten(), gn.Dropout(0.3), gn.Dense(3)]
    return gn.Network(layers, input_shape=(8, 8, 1))


def small_data() -> dict:
    """80 images for it, of three classes: 60 to learn from."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 80)
    x = rng.integers(0, 128, (80, 8, 8, 1)).astype(np.uint8) + (40 * y[:, None, None, None]).astype(np.uint8)
    return {"train": (x[:60], y[:60]), "validation": (x[60:], y[60:])}
