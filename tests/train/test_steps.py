"""Shards and workers: the same bits whoever computes them, and nobody left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.array import Array
from glassnet.nn.optim import State
from glassnet.train import crew
from glassnet.train.crew import WorkerError, shared
from glassnet.train.shard import ShardReader

forked = pytest.mark.skipif(not crew.FORKS, reason="here workers are threads")


@pytest.fixture(params=["processes", "threads"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both kinds of workers."""
    if request.param == "processes" and not crew.FORKS:
        pytest.skip("here workers are threads")
    monkeypatch.setattr(crew, "FORKS", request.param == "processes")
    return request.param


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


def normalised() -> gn.Network:
    layers = [gn.Rescale(1 / 255), gn.Conv2D(3, 3), gn.BatchNorm(), gn.ReLU(), gn.Flatten(), gn.Dense(10)]
    return gn.Network(layers, input_shape=(12, 12, 1))


def images(N: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (N, 12, 12), dtype=np.uint8), rng.integers(0, 10, N)


@pytest.mark.parametrize("make", [dense, convolutional, normalised])
@pytest.mark.parametrize("workers", [2, 3])
def test_the_same_bits_with_any_number_of_workers(kind, make, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = shared((2, 5), np.int64)  # by run and shard: who did it
    results = []
    right = ShardReader.take
    for run, count in enumerate((1, workers)):

        def take(self, rows, gradient, observed, *, run=run, **keywords):
            computed[run, keywords["shard"]] = os.getpid() if kind == "processes" else threading.get_ident()
            return right(self, rows, gradient, observed, **keywords)

        monkeypatch.setattr(ShardReader, "take", take)
        network = make()
        # 10 epochs of 5 steps; the last batch of each has 10 examples instead of 32.
        history = gn.fit(
            network,
            images(138),
            epochs=10,
            batch_size=32,
            shards=5,
            workers=count,
            optimizer=gn.Adam(1e-3),
            penalties=[gn.L2(1e-3), *([gn.MaxNorm(1.2)] if make is normalised else [])],
            clip=gn.Clip(norm=0.5, value=0.1),
            average=gn.WeightAverage(0.9),
            class_weights="balanced",
        )
        kept = np.concatenate([network.theta, network.buffers])
        results.append((kept, [{k: v for k, v in record.items() if k != "seconds"} for record in history]))
    assert [len(set(run)) for run in computed.tolist()] == [1, workers]  # so many did compute
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]


def test_statistics_are_folded_in_shard_order(kind) -> None:
    """The running mean of batch normalisation, from the three shards of two steps, by hand."""
    x, y = np.random.default_rng(0).standard_normal((12, 4)), np.arange(12) % 3
    for workers in (1, 2):
        network = gn.Network([gn.BatchNorm(momentum=0.6), gn.Dense(3)], input_shape=4, dtype=np.float64)
        plan = gn.Plan(optimizer=Still(1.0), epochs=1, batch_size=6, shards=3, shuffle=False)
        with gn.Trainer(network, (x, y), plan, workers=workers) as trainer:
            trainer.step()
            trainer.step()
        mean, variance = np.zeros(4), np.ones(4)
        for start in range(0, 12, 2):
            part = x[start : start + 2]
            mean = 0.6 * mean + 0.4 * part.mean(axis=0)
            variance = 0.6 * variance + 0.4 * part.var(axis=0, ddof=1)
        np.testing.assert_allclose(network.layers[0].mean, mean, rtol=1e-12)
        np.testing.assert_allclose(network.layers[0].variance, variance, rtol=1e-12)


@pytest.mark.parametrize("count", [3, 4])
def test_fewer_examples_than_shards(kind, count: int) -> None:
    networks = [dense(), dense()]
    for workers, network in enumerate(networks, 1):
        gn.fit(network, images(count), epochs=2, batch_size=64, shards=7, workers=workers)
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)
    assert not np.array_equal(networks[0].theta, dense().theta)


class Still(gn.Optimizer):
    """Changes nothing, so that the gradient can be looked at."""

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        pass


def test_the_sum_of_the_shards_is_the_gradient_of_the_batch(kind) -> None:
    network = dense().copy(dtype=np.float64)
    examples = gn.Split(*images(50), np.arange(5, 49))
    sums = []
    for shards in (1, 7):
        own = network.theta, network.grad
        plan = gn.Plan(optimizer=Still(1.0), epochs=1, batch_size="full", shards=shards)
        with gn.Trainer(network, examples, plan, workers=2) as trainer:
            record = trainer.epoch()
        assert network.theta is own[0]  # where it was before
        assert network.grad is own[1]
        assert np.shares_memory(network.layers[2].W, network.theta)
        assert np.shares_memory(network.layers[2].dW, network.grad)
        sums.append((network.grad.copy(), record))
    np.testing.assert_allclose(sums[1][0], sums[0][0], rtol=1e-9, atol=1e-12)
    assert sums[1][1]["training_loss"] == pytest.approx(sums[0][1]["training_loss"], rel=1e-12)
    assert sums[1][1]["training_accuracy"] == sums[0][1]["training_accuracy"]


def test_what_the_optimizer_remembers_is_there_afterwards(kind) -> None:
    plan = gn.Plan(optimizer=gn.SGD(0.1, momentum=0.9), epochs=3, batch_size=20, shards=2)
    seen = []
    for workers in (1, 2):
        with gn.Trainer(dense(), images(20), plan, workers=workers) as trainer:
            while not trainer.finished:
                trainer.step()
        seen.append(trainer.training.optimizer_state["velocity"].copy())
    np.testing.assert_array_equal(seen[0], seen[1])
    assert seen[0].any()


def test_an_error_in_one_worker_is_raised_and_the_last_epoch_kept(kind) -> None:
    network = dense()
    x, y = images(20)
    epochs = []

    class Spoil(gn.Callback):
        def on_epoch(self, training) -> None:
            epochs.append(network.theta.copy())

        def on_batch(self, training) -> None:
            if training.epoch == 2:  # after its first step, which has changed the network
                assert not np.array_equal(network.theta, epochs[0])
                y_shared[:] = 77  # an index out of range, for both workers

    y_shared = shared(y.shape, np.int64)
    y_shared[:] = y
    with pytest.raises((WorkerError, IndexError), match="out of bounds"):
        gn.fit(network, (x, y_shared), epochs=3, batch_size=5, shards=2, workers=2, callbacks=[Spoil()])
    assert len(epochs) == 1
    np.testing.assert_array_equal(network.theta, epochs[0])


def test_an_error_in_the_other_worker_brings_the_end_of_its_traceback(kind, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ShardReader.take

    def take(self, rows, gradient, observed, **keywords):
        if keywords["shard"] == 1 and keywords["step"] == 2:
            raise MemoryError("no room for the windows" + 100_000 * "!")  # more than a pipe holds
        return right(self, rows, gradient, observed, **keywords)

    monkeypatch.setattr(ShardReader, "take", take)
    with pytest.raises(WorkerError, match=r"(?s)a worker has failed:.*!!!$"):
        gn.fit(dense(), images(20), epochs=3, batch_size=10, shards=2, workers=2)


@forked
def test_a_worker_that_was_killed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    leader, right = os.getpid(), ShardReader.take

    def take(self, rows, gradient, observed, **keywords):
        if os.getpid() != leader and keywords["step"] == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return right(self, rows, gradient, observed, **keywords)

    monkeypatch.setattr(ShardReader, "take", take)
    with pytest.raises(WorkerError, match="a worker was killed"):
        gn.fit(dense(), images(20), epochs=3, batch_size=10, shards=2, workers=2)


ENDLESS = """
import multiprocessing, numpy as np, glassnet as gn
network = gn.Network([gn.Dense(4)], input_shape=3)
def tell(training):
    if training.epoch == 2:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
gn.fit(network, (np.ones((64, 3)), np.zeros(64, int)), epochs=10**9, shards=3, workers=3, progress=tell)
"""


@forked
def test_workers_end_when_their_leader_was_killed() -> None:
    leader = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True)
    assert leader.stdout
    children = [int(number) for number in leader.stdout.readline().split()]
    leader.kill()
    leader.wait()
    leader.stdout.close()
    assert len(children) == 2
    until = time.monotonic() + 20
    while time.monotonic() < until and any(map(runs, children)):
        time.sleep(0.05)
    assert not any(map(runs, children))


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_no_worker_is_left_behind(kind) -> None:
    import multiprocessing

    before = threading.active_count()
    gn.fit(dense(), images(20), epochs=2, batch_size=10, shards=2, workers=2)
    assert multiprocessing.active_children() == []
    assert threading.active_count() == before


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


def test_more_shards_than_examples_in_a_batch_are_one_for_each() -> None:
    networks = [dense(), dense()]
    for shards, network in zip((20, 10**9), networks, strict=True):
        gn.fit(network, images(50), epochs=1, batch_size=20, shards=shards, workers=2)
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)


def test_gradients_that_do_not_fit_into_memory_are_named() -> None:
    resource = pytest.importorskip("resource")
    network = gn.Network([gn.Dense(1000)], input_shape=1000)  # 4 MB a gradient
    before, limits = network.theta.copy(), resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, limits[1]))
    try:
        with pytest.raises(WorkerError, match=r"the gradients of 4096 shards take about 16\.4 GB, more than"):
            gn.fit(network, (np.ones((4096, 1000), np.float32), np.zeros(4096, int)), batch_size=4096, shards=4096)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    np.testing.assert_array_equal(network.theta, before)


def test_a_network_without_parameters_can_be_measured(kind) -> None:
    network = gn.Network([gn.Rescale(1 / 255), gn.Flatten()], input_shape=(1, 2))
    x, y = np.array([[[0, 9]], [[9, 0]], [[7, 1]]], np.uint8), np.array([1, 0, 1])
    history = gn.fit(network, (x, y), epochs=2, batch_size=3, shards=2, workers=2)
    assert [record["training_accuracy"] for record in history] == [2 / 3, 2 / 3]


def fit_and_tell(answers) -> None:
    network = dense()
    gn.fit(network, images(20), epochs=1, batch_size=10, shards=2, workers=2)
    answers.send_bytes(network.theta.tobytes())


@forked
def test_a_daemon_that_may_have_no_children_computes_alone() -> None:
    import multiprocessing

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        daemon = context.Process(target=fit_and_tell, args=(there,), daemon=True)
        daemon.start()
    assert here.poll(30)
    theta = np.frombuffer(here.recv_bytes(), np.float32)
    daemon.join()
    here.close()
    there.close()
    network = dense()
    gn.fit(network, images(20), epochs=1, batch_size=10, shards=2, workers=2)
    np.testing.assert_array_equal(theta, network.theta)


@forked
def test_many_trainings_leave_no_open_files() -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def train() -> None:
        gn.fit(dense(), images(20), epochs=1, batch_size=10, shards=2, workers=2)

    train()  # what is opened once may stay
    before = open_files()
    for _ in range(5):
        train()
    assert open_files() <= before


@forked
def test_workers_are_threads_while_another_thread_runs() -> None:
    """Forking while a thread is inside a matrix product hangs for ever in OpenBLAS."""
    end = threading.Event()
    a = np.ones((500, 500), np.float32)

    def compute() -> None:
        while not end.is_set():
            a @ a

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        assert not crew.may_fork()
        network = dense()
        for _ in range(10):
            gn.fit(network, images(20), epochs=1, batch_size=10, shards=2, workers=2)
    finally:
        end.set()
        thread.join()
    assert crew.may_fork()


@forked
def test_a_process_that_cannot_be_started_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    network = dense()
    own, before = network.theta, network.theta.copy()
    right, started = os.fork, []

    def fork() -> int:
        if started:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(True)
        return right()

    monkeypatch.setattr(os, "fork", fork)
    with pytest.raises(WorkerError, match=r"another worker could not be started .*use fewer workers"):
        gn.fit(network, images(20), epochs=1, batch_size=10, shards=3, workers=3)
    assert network.theta is own
    np.testing.assert_array_equal(network.theta, before)
    assert multiprocessing.active_children() == []


@forked
def test_workers_leave_ctrl_c_to_their_leader() -> None:
    """As a terminal does it, the signal goes to the whole group."""
    leader = subprocess.Popen(
        [sys.executable, "-c", f"{ENDLESS}print('ended well')"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert leader.stdout
    children = [int(number) for number in leader.stdout.readline().split()]
    os.killpg(leader.pid, signal.SIGINT)
    told, complaints = leader.communicate(timeout=60)
    assert "ended well" in told
    assert complaints == ""
    assert len(children) == 2
    assert not any(map(runs, children))
