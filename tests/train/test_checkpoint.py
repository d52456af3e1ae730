"""Checkpoints: a training that was broken off anywhere ends in the same bits as one that never stopped."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.train.checkpoint import read_checkpoint
from glassnet.train.training import Training
from properties import resume

EPOCHS, BATCHES = 6, 4


def network() -> gn.Network:
    layers = [
        gn.Conv2D(4, 3),
        gn.BatchNorm(),
        gn.ReLU(),
        gn.MaxPool2D(2),
        gn.Flatten(),
        gn.Standardize(),
        gn.Dropout(0.3),
        gn.Dense(3),
    ]
    return gn.Network(layers, input_shape=(8, 8, 1))


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 70)
    return rng.standard_normal((70, 8, 8, 1)) + y[:, None, None, None], y


class Halving(gn.Schedule):
    def factor(self, step: int, steps: int) -> float:
        return 0.5 ** (step / steps)


def train(path: Path | None, *, callbacks=(), workers: int = 1, minutes: float = 0, **change):
    """A training with all that must survive: the optimizer, schedules, averages, dropout, a short last batch."""
    x, y = data()
    net = network()
    kept = [gn.Checkpoint(path, minutes=minutes)] if path else []
    settings = {"epochs": EPOCHS, "batch_size": 16, "shards": 3, "seed": 5, "optimizer": gn.Adam(0.01)}
    settings |= {"penalties": [gn.L1(1e-4)], "clip": gn.Clip(norm=1), "average": gn.WeightAverage(0.8)}
    settings |= {"class_weights": [1, 2, 0.5]} | change
    history = gn.fit(
        net,
        (x[:60], y[:60]),
        validation=(x[60:], y[60:]),
        schedule=Halving(),
        workers=workers,
        callbacks=[
            *kept,
            gn.EarlyStopping("validation_loss", patience=4),
            gn.ReduceOnPlateau("training_accuracy", patience=1),
            *callbacks,
        ],
        **settings,
    )
    return net, history


class CrashError(Exception):
    pass


class BreakAt(gn.Callback):
    """A crash: nothing is done any more."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.place = (epoch, batch)

    def on_batch(self, training: Training) -> None:
        if (training.epoch, training.batch) == self.place:
            raise CrashError


def same(first, second) -> None:
    (net, history), (other, others) = first, second
    np.testing.assert_array_equal(net.theta, other.theta)
    np.testing.assert_array_equal(net.buffers, other.buffers)

    def timeless(h: gn.History) -> list[dict[str, float]]:
        return [{key: value for key, value in record.items() if key != "seconds"} for record in h]

    assert timeless(history) == timeless(others)
    assert (history.stopped, history.best_epoch, history.kept_epoch) == (
        others.stopped,
        others.best_epoch,
        others.kept_epoch,
    )


@pytest.fixture(scope="module")
def unbroken():
    return train(None)


@pytest.mark.parametrize("epoch", range(1, EPOCHS + 1))
@pytest.mark.parametrize("batch", range(1, BATCHES + 1))
def test_broken_off_at_every_step(unbroken, tmp_path: Path, epoch: int, batch: int) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(CrashError):
        train(path, callbacks=[BreakAt(epoch, batch)])
    assert path.exists() == (epoch > 1)
    same(train(path), unbroken)


@pytest.mark.parametrize("place", [(1, 1), (1, 3), (3, 2), (4, 4), (6, 3)])
def test_broken_off_within_an_epoch_that_had_a_checkpoint(unbroken, tmp_path: Path, place: tuple[int, int]) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(CrashError):
        train(path, callbacks=[BreakAt(*place)], minutes=1e-12)  # so one after every step
    same(train(path, minutes=1e-12), unbroken)


@pytest.mark.parametrize("number", range(4))  # `make fuzz` tries hundreds
def test_a_training_by_any_plan_that_is_broken_off_anywhere(number: int, tmp_path: Path) -> None:
    resume(number, tmp_path)


def test_broken_off_many_times(unbroken, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    for place in [(1, 2), (1, 3), (2, 1), (4, 1), (4, 2), (6, 3)]:
        with pytest.raises(CrashError):
            train(path, callbacks=[BreakAt(*place)], minutes=1e-12)
    same(train(path), unbroken)


def test_another_number_of_workers_resumes_to_the_same_bits(unbroken, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(CrashError):
        train(path, callbacks=[BreakAt(3, 2)], workers=2)
    same(train(path, workers=3), unbroken)


def test_a_finished_training_is_resumed_to_its_end(unbroken, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    train(path)
    same(train(path), unbroken)


def test_early_stopping_that_had_come_to_its_end_stays_there(tmp_path: Path) -> None:
    x, y = data()
    wrong = (x, (y + 1) % 3)
    results = []
    for _ in range(2):
        net = network()
        callbacks = [gn.Checkpoint(tmp_path / "checkpoint", minutes=0), gn.EarlyStopping("validation_loss", patience=2)]
        results.append((net, gn.fit(net, (x, y), validation=wrong, epochs=50, callbacks=callbacks)))
    assert len(results[0][1]) < 50
    same(*results)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 6}, "its seed is 5, here it is 6"),
        ({"batch_size": 8}, "its batch_size is 16, here it is 8"),
        ({"shards": 2}, "its shards is 3, here it is 2"),
        ({"optimizer": gn.SGD(0.1)}, "its optimizer is .*Adam.*, here it is .*SGD"),
        ({"epochs": 7}, "its epochs is 6, here it is 7"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    train(tmp_path / "checkpoint")
    with pytest.raises(gn.CheckpointError, match=message):
        train(tmp_path / "checkpoint", **change)


@pytest.mark.parametrize("contents", [b"", b"hello", b"\x10\0\0\0\0\0\0\0{}"])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "checkpoint").write_bytes(contents)
    with pytest.raises(gn.CheckpointError, match=r"expected a checkpoint .*; delete the file to start again"):
        train(tmp_path / "checkpoint")


def test_a_model_is_no_checkpoint(tmp_path: Path) -> None:
    gn.save_network(network(), tmp_path / "model")
    with pytest.raises(gn.CheckpointError, match="holds no checkpoint"):
        train(tmp_path / "model")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    train(tmp_path / "checkpoint", epochs=1)
    whole = (tmp_path / "checkpoint").read_bytes()
    for length in range(0, len(whole), 999):
        (tmp_path / "checkpoint").write_bytes(whole[:length])
        with pytest.raises(gn.CheckpointError):
            train(tmp_path / "checkpoint", epochs=1)


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_full_disk_ends_with_a_clear_line_and_the_last_good_checkpoint(
    unbroken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(CrashError):
        train(path, callbacks=[BreakAt(3, 1)])
    before = path.read_bytes()

    def full(*arguments) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(call, full)
        with pytest.raises(gn.CheckpointError, match=r"cannot be written: No space left on device; .* is kept"):
            train(path)
    assert path.read_bytes() == before
    same(train(path), unbroken)


def test_the_best_network_of_before_is_still_the_best(tmp_path: Path) -> None:
    x, y = data()
    wrong = (x, (y + 1) % 3)  # so that the best epoch comes early

    def run(path: Path | None, *callbacks):
        net = network()
        kept = [gn.Checkpoint(path, minutes=0)] if path else []
        stopping = gn.EarlyStopping("validation_loss", patience=6)
        watchers = [*kept, stopping, *callbacks]
        return net, gn.fit(net, (x, y), validation=wrong, epochs=8, batch_size=16, callbacks=watchers)

    whole = run(None)
    assert whole[1].best_epoch < 5
    with pytest.raises(CrashError):
        run(tmp_path / "checkpoint", BreakAt(7, 1))
    same(run(tmp_path / "checkpoint"), whole)


def test_a_folder_that_was_removed(tmp_path: Path) -> None:
    class Remove(gn.Callback):
        def on_batch(self, training: Training) -> None:
            shutil.rmtree(tmp_path / "run", ignore_errors=True)

    (tmp_path / "run").mkdir()
    with pytest.raises(gn.CheckpointError, match=r"run/checkpoint: the checkpoint cannot be written: No such file"):
        train(tmp_path / "run" / "checkpoint", callbacks=[Remove()])


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from train.test_checkpoint import killed_training
killed_training(Path(sys.argv[1]))
"""


def killed_training(folder: Path) -> None:
    """Trains with a checkpoint after every epoch; the first layer is large, so that writing one takes a while."""
    x, y = data()
    layers = [gn.Flatten(), gn.Dense(4000), gn.ReLU(), gn.Dropout(0.2), gn.Dense(3)]
    net = gn.Network(layers, input_shape=(8, 8, 1))
    gn.fit(
        net,
        (x, y),
        epochs=12,
        batch_size=32,
        optimizer=gn.Adam(1e-3),
        callbacks=[gn.Checkpoint(folder / "checkpoint", minutes=0)],
    )
    gn.save_network(net, folder / "model")


def run_until(folder: Path, kill) -> bool:
    """Run the training in a process of its own; kill it when `kill` says so; whether it was killed."""
    script = KILLED.format(tests=str(Path(__file__).parent.parent))
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)])
    try:
        while process.poll() is None:
            if kill(folder):
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.0005)
    finally:
        process.wait(timeout=60)
    return process.returncode == -signal.SIGKILL


@pytest.mark.posix
def test_killed_while_a_checkpoint_is_written(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    killed_training(tmp_path / "whole")
    expected = (tmp_path / "whole" / "model").read_bytes()
    folder = tmp_path / "killed"
    folder.mkdir()
    part = folder / "checkpoint.part"
    kills = sum(run_until(folder, lambda _: part.exists()) for _ in range(3))
    assert kills >= 2  # the others ended before they were seen writing
    run_until(folder, lambda _: False)
    assert (folder / "model").read_bytes() == expected


def test_a_training_on_other_data_is_refused(tmp_path: Path, blobs) -> None:
    x, y = blobs
    path = tmp_path / "checkpoint.safetensors"

    def train(x, y, **settings) -> None:
        network = gn.Network([gn.Dense(3)], input_shape=2)
        gn.fit(network, (x, y), epochs=2, callbacks=[gn.Checkpoint(path)], **settings)

    train(x, y)
    train(x, y)  # finished: nothing left to do
    for other, what in (
        (lambda: train(-x, y), "data"),
        (lambda: train(x, 2 - y), "data"),
        (lambda: train(x, y, validation=(x, y)), "measured"),
        (lambda: train(x, y, blas_threads=1), "blas_threads"),
    ):
        with pytest.raises(gn.CheckpointError, match=f"another training: its {what} is"):
            other()


def test_a_checkpoint_that_could_never_be_written_is_refused_at_the_start(tmp_path: Path, blobs) -> None:
    with pytest.raises(gn.InputError, match="minutes must not be negative"):
        gn.Checkpoint(tmp_path / "c", minutes=-1)
    network = gn.Network([gn.Dense(3)], input_shape=2)
    with pytest.raises(gn.CheckpointError, match="there is no folder"):
        gn.fit(network, blobs, epochs=1, callbacks=[gn.Checkpoint(tmp_path / "no" / "c")])


def test_a_checkpoint_may_stand_anywhere_among_the_callbacks(unbroken, tmp_path: Path) -> None:
    """The others see what was resumed, and what they decide after an epoch is kept."""
    path = tmp_path / "checkpoint"
    with pytest.raises(CrashError):
        train(None, callbacks=[gn.Checkpoint(path, minutes=0), BreakAt(4, 2)])
    same(train(None, callbacks=[gn.Checkpoint(path)]), unbroken)


@pytest.mark.filterwarnings("ignore:.*no layer scales them")
def test_what_the_optimizer_keeps_may_overflow(tmp_path: Path, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    """Squares of large gradients are infinite in float32. Such a training goes on, and so does the resumed one."""
    path, large = tmp_path / "checkpoint", (blobs[0] * np.float32(1e20), blobs[1])

    def fit(epochs: int, *callbacks: gn.Callback) -> gn.Network:
        network = gn.Network([gn.Dense(3)], input_shape=2, seed=0)
        gn.fit(network, large, epochs=epochs, optimizer=gn.Adam(1e-3), callbacks=callbacks)
        return network

    whole = fit(4)
    fit(2, gn.Checkpoint(path))
    assert np.isinf(read_checkpoint(path).arrays["optimizer.v"]).any()
    resumed = fit(4, gn.Checkpoint(path, longer=True))
    np.testing.assert_array_equal(resumed.theta, whole.theta)


def test_the_decision_to_stop_is_kept(tmp_path: Path) -> None:
    class StopAt2(gn.Callback):
        def on_epoch(self, training: Training) -> None:
            if training.epoch == 2:
                training.stop("enough")

    path = tmp_path / "checkpoint"
    _, history = train(path, callbacks=[StopAt2()])
    assert (len(history), history.stopped) == (2, "enough")
    _, history = train(path)  # resumed by someone who would not have stopped
    assert (len(history), history.stopped) == (2, "enough")
