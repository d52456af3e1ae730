"""Shards and workers: the same bits whoever computes them."""

import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.gradient import BatchGradient, Worker
from glassnet.train.metrics import as_examples


def dense() -> gn.Network:
    return gn.Network([gn.Rescale(1 / 255), gn.Flatten(), gn.Dense(24), gn.ReLU(), gn.Dense(10)], input_shape=(12, 12))


def convolutional() -> gn.Network:
    layers = [
        gn.Rescale(1 / 255),
        gn.Conv2D(4, 3, padding="same"),
        gn.ReLU(),
        gn.MaxPool2D(2),
        gn.Conv2D(6, 3, stride=2),
        gn.Flatten(),
        gn.Dropout(0.4),
        gn.Dense(10),
    ]
    return gn.Network(layers, input_shape=(12, 12, 1))


def images(N: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (N, 12, 12), dtype=np.uint8), rng.integers(0, 10, N)


@pytest.mark.parametrize("make", [dense, convolutional])
@pytest.mark.parametrize("workers", [2, 3])
def test_the_same_bits_with_any_number_of_workers(make, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = [set(), set()]
    results = []
    right = Worker.__call__
    for run, count in enumerate((1, workers)):

        def call(self, *arguments, run=run, **keywords):
            seen[run].add(threading.get_ident())
            return right(self, *arguments, **keywords)

        monkeypatch.setattr(Worker, "__call__", call)
        network = make()
        # 10 epochs of 5 steps; the last batch of each has 10 examples instead of 32.
        history = gn.fit(
            network, images(138), epochs=10, batch_size=32, shards=5, workers=count, optimizer=gn.Adam(1e-3)
        )
        results.append((network.theta, [{k: v for k, v in record.items() if k != "seconds"} for record in history]))
    assert [len(threads) for threads in seen] == [1, workers]  # so many did compute
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]


def test_the_sum_of_the_shards_is_the_gradient_of_the_batch() -> None:
    network = dense().copy(dtype=np.float64)
    examples = as_examples(images(50), "train", network)
    gradients = []
    for shards in (1, 7):
        with BatchGradient(network, examples, shards=shards, workers=2, seed=0) as gradient:
            part = gradient(np.arange(5, 49), 0)
        gradients.append((network.grad.copy(), part))
    np.testing.assert_allclose(gradients[1][0], gradients[0][0], rtol=1e-9, atol=1e-12)
    assert gradients[1][1].loss == pytest.approx(gradients[0][1].loss, rel=1e-12)
    assert gradients[1][1].right == gradients[0][1].right


def test_an_error_in_one_worker_is_raised() -> None:
    network = dense()
    x, y = images(20)
    y[15] = 77  # an index out of range, deep within the second worker's shard
    with BatchGradient(network, as_examples((x, y), "train", network), shards=2, workers=2, seed=0) as gradient:
        with pytest.raises(IndexError):
            gradient(np.arange(20), 0)
        y[15] = 7
        assert np.isfinite(gradient(np.arange(20), 1).loss)  # the others are ready for the next batch


def test_matrix_products_get_one_thread_when_there_are_shards() -> None:
    import threadpoolctl

    threads = []

    def look(training) -> None:
        pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
        threads.append({pool["num_threads"] for pool in pools})

    before = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    gn.fit(dense(), images(20), epochs=1, batch_size=20, shards=2, progress=look)
    assert threads[0] == {1}
    assert [pool["num_threads"] for pool in threadpoolctl.threadpool_info()] == before
