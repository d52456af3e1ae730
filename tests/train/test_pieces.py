"""How examples are cut into batches and shards."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.layer import Layer
from glassnet.train.pieces import batches_of, default_shards


def sizes(examples: int, batch_size: int, remainder: str) -> list[int]:
    return [batch.stop - batch.start for batch in batches_of(examples, batch_size, remainder)]


@pytest.mark.parametrize(
    ("examples", "batch_size", "spread", "last"),
    [
        (10, 4, [3, 3, 4], [4, 4, 2]),
        (201, 200, [100, 101], [200, 1]),
        (8, 4, [4, 4], [4, 4]),
        (3, 4, [3], [3]),
        (55_001, 128, [127, 128], [128, 89]),
    ],
)
def test_the_remainder_of_an_epoch(examples: int, batch_size: int, spread: list[int], last: list[int]) -> None:
    for remainder, expected in (("spread", spread), ("last", last)):
        found = sizes(examples, batch_size, remainder)
        assert sum(found) == examples
        assert max(found) <= batch_size
        assert len(found) == -(-examples // batch_size)
        assert found[: len(expected) - 1] == expected[:-1]
        assert found[-1] == expected[-1]


def test_one_example_more_than_a_batch_does_no_harm_to_what_batch_normalisation_measures() -> None:
    """A last batch of one example had pulled the running mean and variance to its own."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((201, 10)).astype(np.float32)
    y = (2 * x[:, :1] - x[:, 1:2] + x[:, 2:3] ** 2 / 2).astype(np.float32)
    found = {}
    for remainder in ("spread", "last"):
        network = gn.Network([gn.Dense(32), gn.BatchNorm(), gn.ReLU(), gn.Dense(1)], input_shape=10)
        gn.fit(network, (x, y), epochs=150, batch_size=200, optimizer=gn.Adam(0.01), remainder=remainder)
        found[remainder] = gn.evaluate_regression(network, (x, y)).r2
    assert found["spread"] > 0.99
    assert found["last"] < found["spread"]


def dense(*units: int, inputs: int = 784) -> gn.Network:
    layers: list[Layer] = [layer for size in units for layer in (gn.Dense(size), gn.ReLU())]
    return gn.Network([*layers, gn.Dense(10)], input_shape=inputs)


def convolutions(*, normalised: bool) -> gn.Network:
    layers: list[Layer] = [gn.Conv2D(32, 3), *([gn.BatchNorm()] if normalised else []), gn.MaxPool2D(), gn.ReLU()]
    return gn.Network([*layers, gn.Flatten(), gn.Dense(10)], input_shape=(28, 28, 1))


def test_the_shards_follow_from_network_and_batch() -> None:
    """As measured: benchmarks/speed.py, docs/decisions/shards.md."""
    assert default_shards(dense(64, 64, inputs=10), 32) == 1  # too little to share out
    assert [default_shards(dense(128), size) for size in (1, 16, 32, 128, 1000)] == [1, 2, 2, 2, 2]
    assert default_shards(dense(1024, 1024), 256) == 1  # two gradients of so many parameters take too long
    assert [default_shards(convolutions(normalised=False), size) for size in (8, 32, 128, 4096)] == [1, 4, 16, 64]
    assert [default_shards(convolutions(normalised=True), size) for size in (32, 100, 128)] == [1, 2, 4]  # 32 rows each


def test_shards_that_are_named_are_taken() -> None:
    x, y = np.zeros((40, 784), np.uint8), np.arange(40) % 2
    for shards, expected in ((None, 2), (1, 1), (5, 5)):
        with gn.Trainer(dense(128), (x, y), gn.Plan(epochs=1, batch_size=32, shards=shards)) as trainer:
            assert trainer.steps.shards == expected
