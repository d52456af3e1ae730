"""Where the time of one training step of `classic` goes, part by part, for one worker of two.

    python benchmarks/step.py
    python benchmarks/step.py --layers convolutions 8     the layers of a network with convolutions, for 8 images
    python benchmarks/step.py --layers cnn 32             those of the recipe `cnn`, for 32

A batch of 128 is cut into two shards; this is the work on one of them, with matrix products on one thread, and the
update of half of the parameters. Prints microseconds: the means over an epoch of 429 steps, the least of five epochs.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from shards import convolutions

import glassnet as gn
from glassnet.nn.threads import matrix_threads
from glassnet.recipes.recipe import load_recipe

BATCH, SHARD = 128, 64
STEPS = 200  # of which a fifth was faster than what is printed for a layer
PARTS = (
    "gather the rows",
    "rescale",
    "flatten",
    "dense 1 forward",
    "ReLU forward",
    "dense 2 forward",
    "loss forward",
    "loss backward",
    "count right",
    "dense 2 backward",
    "ReLU backward",
    "dense 1 gradients",
    "sum of two shards, half of it",
    "SGD update, half of it",
)


def epoch(network: gn.Network, train: gn.Split, optimizer: gn.SGD, order: np.ndarray) -> np.ndarray:
    """The mean time of each part of a step, in microseconds."""
    loss, layers = network.loss, network.layers
    targets = train.targets
    assert targets is not None
    x = np.empty((SHARD, 28, 28), np.uint8)
    half = slice(0, len(network.theta) // 2)
    other, total = np.zeros_like(network.grad), np.empty_like(network.grad)
    spent = np.zeros(len(PARTS))
    steps = len(order) // BATCH
    for step in range(steps):
        rows = order[step * BATCH : step * BATCH + SHARD]
        clock = [time.perf_counter()]
        np.take(train.inputs, rows, axis=0, out=x, mode="clip")
        y = targets[rows]
        clock.append(time.perf_counter())
        a = x
        for layer in layers:
            a = layer.forward(a, training=True)
            clock.append(time.perf_counter())
        _, prediction = loss.forward(a, y)
        clock.append(time.perf_counter())
        d = loss.backward(prediction, y)
        clock.append(time.perf_counter())
        np.count_nonzero(loss.labels(prediction) == y)
        clock.append(time.perf_counter())
        for layer in layers[:2:-1]:
            d = layer.backward(d)
            clock.append(time.perf_counter())
        layers[2].backward_parameters(d)
        clock.append(time.perf_counter())
        np.add(network.grad[half], other[half], out=total[half])
        clock.append(time.perf_counter())
        optimizer.update(network.theta[half], total[half], {}, lr=optimizer.lr, step=step)
        clock.append(time.perf_counter())
        spent += np.diff(clock)
    return 1e6 * spent / steps


def layers(name: str, images: int) -> None:
    """Print what each layer takes for so many images, forward and backward, on one core."""
    mnist = gn.load_dataset("mnist")
    network = convolutions() if name == "convolutions" else load_recipe(name).make_network(mnist)
    x = network.as_batch(mnist.train.x[:images])
    times: dict[str, list[float]] = {}

    def timed(what: str, action: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = action()
        times.setdefault(what, []).append(1e6 * (time.perf_counter() - started))
        return result

    rng = np.random.default_rng(0)
    for step in range(STEPS):
        network.set_address(seed=0, step=step)
        a = x
        for layer in network.layers:
            a = a.astype(layer.dtype) if not layer.takes_raw and a.dtype != layer.dtype else a
            a = timed(f"{layer.name} forward", partial(layer.forward, a, training=True))
        d = rng.normal(0, 0.01, a.shape).astype(a.dtype)
        lowest = network.segments[0].layer
        for layer in reversed(network.layers[lowest + 1 :]):
            d = timed(f"{layer.name} backward", partial(layer.backward, d))
        timed(f"{network.layers[lowest].name} gradients", partial(network.layers[lowest].backward_parameters, d))
    found = {what: float(np.percentile(values, 20)) for what, values in times.items()}
    for what, microseconds in found.items():
        print(f"{what:<30} {microseconds:7.1f}")
    print(f"{'total':<30} {sum(found.values()):7.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", nargs=2, metavar=("NETWORK", "IMAGES"), help="convolutions, or a recipe")
    options = parser.parse_args()
    if options.layers:
        with matrix_threads(1):
            layers(options.layers[0], int(options.layers[1]))
        return
    train = gn.load_dataset("mnist").train
    network = gn.Network(
        [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(128), gn.ReLU(), gn.Dense(10)], input_shape=(28, 28)
    )
    order = np.random.default_rng(0).permutation(train.index)
    with matrix_threads(1):
        best = np.min([epoch(network, train, gn.SGD(0.1), order) for _ in range(5)], axis=0)
    for part, microseconds in zip(PARTS, best, strict=True):
        print(f"{part:<30} {microseconds:6.1f}")
    print(f"{'total':<30} {best.sum():6.1f}")


if __name__ == "__main__":
    main()
