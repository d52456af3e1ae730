"""A training on ranks, as a program for mpirun: `mpirun -n 2 python on_ranks.py KIND FOLDER`.

Rank 0 leaves the checksum of the network and of the whole state of the training in FOLDER/result.
"""

import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.train.ranks import Ranks
from glassnet.train.training import Training


def network() -> gn.Network:
    """A network with all that measures, draws at random or keeps a state."""
    layers = [
        gn.Reshape((12, 12, 1)),
        gn.Conv2D(8, 3),
        gn.BatchNorm(),
        gn.ReLU(),
        gn.MaxPool2D(2),
        gn.Flatten(),
        gn.Dropout(0.3),
        gn.Dense(300),
        gn.Tanh(),
        gn.Dense(300),
        gn.Tanh(),
        gn.Dense(5),
    ]
    return gn.Network(layers, input_shape=(12, 12), seed=3)


def plan(limits: bool) -> gn.Plan:
    return gn.Plan(
        epochs=3,
        batch_size=64,
        shards=4,
        optimizer=gn.Adam(1e-3),
        clip=gn.Clip(norm=0.5),
        average=gn.WeightAverage(),
        penalties=[gn.MaxNorm(2.0)] if limits else [gn.L2(1e-4)],
        class_weights="balanced",
        augment=[gn.Augmentation(shift=0.1, rotation=5)],
        remainder="last",
        seed=5,
    )


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (620, 12, 12)).astype(np.uint8), rng.integers(0, 5, 620)  # nine batches and 44 rows


def trained(ranks: Ranks | None, limits: bool, *, workers: int = 1, change: str = "") -> str:
    """A checksum of all bits of the training's end; `change` is what is other than usual."""
    net, (x, y), settings = network(), data(), plan(limits)
    if change == "other data":
        y[0] = 4 - y[0]
    if change == "other rate":
        settings = replace(settings, optimizer=gn.Adam(2e-3))
    with gn.Trainer(
        net, (x[:600], y[:600]), settings, validation=(x[600:], y[600:]), workers=workers, ranks=ranks
    ) as trainer:
        for _ in range(2):
            trainer.epoch()
        for _ in range(3):  # so that it is left within an epoch
            trainer.step()
        state = trainer.state()
        trainer.restore(state)
    checksum = zlib.crc32(net.theta.tobytes(), zlib.crc32(net.buffers.tobytes()))
    for name in sorted(state.arrays):
        checksum = zlib.crc32(state.arrays[name].tobytes(), checksum)
    records = [{key: value for key, value in record.items() if key != "seconds"} for record in state.values["history"]]
    return f"{checksum:08x} {records}"


class StopsItself(gn.Callback):
    """Stops the training after some epochs, and remembers how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def on_epoch(self, training: Training) -> None:
        self.calls += 1
        if self.calls == 7:
            training.stop("a callback has seen enough")


def fitted(comm: Any, folder: Path) -> str:
    """What `fit` with callbacks ends with, which lower the rate, keep the best network, save, and stop; on one rank."""
    net, (x, y), stopping = network(), data(), StopsItself()
    callbacks = [
        gn.Checkpoint(folder / "checkpoint", minutes=0),
        gn.ReduceOnPlateau("validation_loss", patience=1),
        gn.EarlyStopping("validation_loss", patience=20),
        stopping,
    ]
    history = gn.fit(
        net,
        (x[:600], y[:600]),
        replace(plan(False), epochs=20),
        validation=(x[600:], y[600:]),
        callbacks=callbacks,
        workers=2,
        ranks=comm,
    )
    records = [{key: value for key, value in record.items() if key != "seconds"} for record in history]
    return f"{zlib.crc32(net.theta.tobytes()):08x} {history.stopped} {history.kept_epoch} {records}"


if __name__ == "__main__":
    from mpi4py import MPI

    kind, folder = sys.argv[1], Path(sys.argv[2])
    ranks = Ranks(MPI.COMM_WORLD)
    if kind == "fit":
        result = fitted(MPI.COMM_WORLD, folder)
    else:
        result = trained(ranks, kind == "limits", change=kind if ranks.rank == ranks.size - 1 else "")
    assert len(set(ranks.gather(result))) == 1  # all ranks have the same network
    if ranks.leads:
        (folder / "result").write_text(result)
