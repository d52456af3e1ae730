"""What augmentation costs: each kind of change alone, and its part in a training step of `strong` and `cnn`.

    python benchmarks/augment.py            print the table
    python benchmarks/augment.py --write    the same, and put it into docs/decisions/augmentation.md

One worker, matrix products on one thread, MNIST images, batches of 128; microseconds an image, the least of seven
rounds. The two parts of a step are measured in turn, so that both see the same machine.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from places import put

import glassnet as gn
from glassnet.nn.array import Array
from glassnet.nn.stream import random_stream
from glassnet.nn.threads import matrix_threads
from glassnet.recipes.recipe import load_recipe
from glassnet.train.plan import Augment
from glassnet.train.shard import augmented

PAGE = Path(__file__).parent.parent / "docs" / "decisions" / "augmentation.md"
BATCH, ROUNDS = 128, 7


def least(*works: Callable[[], object]) -> list[float]:
    """The least time of each, in microseconds an image, taken in turn."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, seconds in zip(works, spent, strict=True):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
    return [1e6 * min(seconds) / BATCH for seconds in spent]


def learn(network: gn.Network, x: Array, y: Array) -> None:
    """The gradient of a batch, with nothing changed."""
    _, prediction = network.loss.forward(network.forward(x, training=True), y)
    network.backward_parameters(network.loss.backward(prediction, y))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into the page of the decision")
    options = parser.parse_args()
    dataset = gn.load_dataset("mnist")
    x, y = dataset.train.x[:BATCH], dataset.train.y
    assert y is not None
    y = y[:BATCH]
    amounts = vars(load_recipe("cnn").augmentation)

    def batch(changes: Sequence[Augment]) -> tuple[Array, Array]:
        return augmented(changes, x, y, random_stream(0, "augment", 0))

    lines = ["| what | µs an image | |", "|---|---|---|"]
    with matrix_threads(1):
        for name, amount in {**amounts, "erase": 0.3, "noise": 0.1}.items():
            if name != "white" and amount:
                (micro,) = least(partial(batch, [gn.Augmentation(**{name: amount})]))
                lines.append(f"| {name} alone | {micro:.1f} | |")
        for name in ("strong", "cnn"):
            recipe = load_recipe(name)
            network, changes = recipe.make_network(dataset), recipe.augment(dataset)
            gradient = partial(learn, network, *batch(changes))
            gradient()
            augmenting, learning = least(partial(batch, changes), gradient)
            part = 100 * augmenting / (augmenting + learning)
            lines.append(f"| all changes of `{name}` | {augmenting:.1f} | its gradient: {learning:.0f}; {part:.0f} % |")
    text = "\n".join(lines)
    print(text)
    if options.write:
        put(PAGE, "cost", text)


if __name__ == "__main__":
    main()
