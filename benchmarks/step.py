"""Where the time of one training step of `classic` goes, part by part.

    python benchmarks/step.py                            with all threads of the BLAS
    OPENBLAS_NUM_THREADS=1 python benchmarks/step.py     with one

Prints microseconds for each part: the means over an epoch of 429 steps, the least of five epochs.
"""

import time

import numpy as np

import glassnet as gn

BATCH = 128
PARTS = (
    "gather the rows",
    "rescale",
    "flatten",
    "dense 1 forward",
    "ReLU forward",
    "dense 2 forward",
    "loss forward",
    "loss backward",
    "dense 2 backward",
    "ReLU backward",
    "dense 1 gradients",
    "SGD update",
    "count right",
)


def epoch(network: gn.Network, train: gn.Split, optimizer: gn.SGD, order: np.ndarray) -> np.ndarray:
    """The mean time of each part of a step, in microseconds."""
    loss, layers = network.loss, network.layers
    targets = train.targets
    assert targets is not None
    x = np.empty((BATCH, 28, 28), np.uint8)
    spent = np.zeros(len(PARTS))
    steps = len(order) // BATCH
    for step in range(steps):
        rows = order[step * BATCH : (step + 1) * BATCH]
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
        for layer in layers[:2:-1]:
            d = layer.backward(d)
            clock.append(time.perf_counter())
        layers[2].backward_parameters(d)
        clock.append(time.perf_counter())
        optimizer.update(network.theta, network.grad, {}, lr=optimizer.lr, step=step)
        clock.append(time.perf_counter())
        np.count_nonzero(loss.labels(prediction) == y)
        clock.append(time.perf_counter())
        spent += np.diff(clock)
    return 1e6 * spent / steps


def main() -> None:
    train = gn.load_dataset("mnist").train
    layers = [gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(128), gn.ReLU(), gn.Dense(10)]
    network = gn.Network(layers, input_shape=(28, 28))
    order = np.random.default_rng(0).permutation(train.index)
    best = np.min([epoch(network, train, gn.SGD(0.1), order) for _ in range(5)], axis=0)
    for part, microseconds in zip(PARTS, best, strict=True):
        print(f"{part:<18} {microseconds:6.1f}")
    print(f"{'a step':<18} {best.sum():6.1f}")


if __name__ == "__main__":
    main()
