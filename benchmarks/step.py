"""Where the time of one training step of `classic` goes, part by part, for one worker of two.

    python benchmarks/step.py

A batch of 128 is cut into two shards; this is the work on one of them, with matrix products on one thread, and the
update of half of the parameters. Prints microseconds: the means over an epoch of 429 steps, the least of five epochs.
"""

import time

import numpy as np

import glassnet as gn
from glassnet.nn.threads import matrix_threads

BATCH, SHARD = 128, 64
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


def main() -> None:
    train = gn.load_dataset("mnist").train
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(128), gn.ReLU(), gn.Dense(10)]
    network = gn.Network(layers, input_shape=(28, 28))
    order = np.random.default_rng(0).permutation(train.index)
    with matrix_threads(1):
        best = np.min([epoch(network, train, gn.SGD(0.1), order) for _ in range(5)], axis=0)
    for part, microseconds in zip(PARTS, best, strict=True):
        print(f"{part:<30} {microseconds:6.1f}")
    print(f"{'all of it':<30} {best.sum():6.1f}")


if __name__ == "__main__":
    main()
