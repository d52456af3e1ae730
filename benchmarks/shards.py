"""How many shards are fast: the time of an epoch by the number of shards, beside the number that is the default.

    python benchmarks/shards.py             eight networks (some three minutes on two idle cores)
    python benchmarks/shards.py --quick     little data, one repetition: does it all run?

The numbers of shards take turns; the time is the least of the repetitions. Printed into docs/decisions/shards.md.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.train.pieces import default_shards

SHARDS = (1, 2, 4, 8, 16)
REPETITIONS = 5


def dense(*units: int, inputs: int = 784) -> gn.Network:
    layers: list[Any] = [gn.Rescale(1 / 255)]
    for size in units:
        layers += [gn.Dense(size), gn.ReLU()]
    return gn.Network([*layers, gn.Dense(10)], input_shape=inputs)


def convolutions() -> gn.Network:
    layers: list[Any] = [gn.Rescale(1 / 255)]
    for filters in (32, 64):
        layers += [gn.Conv2D(filters, 3), gn.MaxPool2D(), gn.ReLU()]
    return gn.Network([*layers, gn.Flatten(), gn.Dense(128), gn.ReLU(), gn.Dense(10)], input_shape=(28, 28, 1))


def of_recipe(name: str, images: gn.Dataset) -> gn.Network:
    from glassnet.recipes.recipe import load_recipe

    return load_recipe(name).make_network(images)


def measure(name: str, make: Any, size: int, x: Any, y: Any, repetitions: int) -> None:
    times: dict[int, list[float]] = {shards: [] for shards in SHARDS if shards <= size // 2}
    for repetition in range(repetitions):
        for shards, found in times.items():
            network = make()
            data = x.reshape(len(x), *network.input_shape), y
            started = time.perf_counter()
            gn.fit(network, data, epochs=2, batch_size=size, shards=shards, optimizer=gn.SGD(0.01), seed=repetition)
            found.append(time.perf_counter() - started)
    best = min(map(min, times.values()))
    chosen = default_shards(make(), size)
    cells = [f"{min(times[shards]) / best:.2f}" if shards in times else "" for shards in SHARDS]
    own = f"{min(times[chosen]) / best:.2f}" if chosen in times else "?"
    print(f"| {name}, batch {size} | {' | '.join(cells)} | {chosen}: {own} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little data, one repetition")
    quick = parser.parse_args().quick
    mnist = gn.load_dataset("mnist", validation=0)
    x, y = mnist.train.x, np.asarray(mnist.train.y)
    table = np.random.default_rng(0).standard_normal((3_200, 10)).astype(np.float32)
    warnings.filterwarnings("ignore", message="this training has failed")  # two epochs are few
    print(f"| network | {' | '.join(map(str, SHARDS))} | default |\n|{'---|' * (len(SHARDS) + 2)}")
    for name, make, size, images in (
        ("10-64-64-10", lambda: dense(64, 64, inputs=10), 32, 0),
        ("784-64-10", lambda: dense(64), 128, 20_000),
        ("784-128-10", lambda: dense(128), 32, 10_000),
        ("784-128-10", lambda: dense(128), 128, 20_000),
        ("784-256-128-10", lambda: dense(256, 128), 64, 10_000),
        ("784-1024-1024-10", lambda: dense(1024, 1024), 256, 5_120),
        ("two convolutions", convolutions, 128, 2_560),
        ("`cnn`", lambda: of_recipe("cnn", mnist), 128, 768),
    ):
        count = max(images // (20 if quick else 1), size)
        inputs = x[:count] if images else table
        measure(name, make, size, inputs, y[: len(inputs)], 1 if quick else REPETITIONS)


if __name__ == "__main__":
    main()
