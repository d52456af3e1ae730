"""Kill trainings at many instants, resume them, and compare the bits with a training that was never stopped.

    python benchmarks/kill.py                 40 runs, at least 10 killed inside the writing of a checkpoint

The network has convolution, dropout, Adam, shards on two workers and batches of two sizes; a checkpoint follows every
epoch. Exits with 1 unless every resumed run ends in the same model file and, elapsed times apart, the same history.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import glassnet as gn

EPOCHS = 10


def train(folder: Path) -> None:
    """The training that is killed; resumes by itself if its folder holds a checkpoint."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 330)
    x = rng.integers(0, 128, (330, 14, 14, 1), dtype=np.uint8) + (12 * y[:, None, None, None]).astype(np.uint8)
    layers = [
        gn.Rescale(1 / 255),
        gn.Conv2D(8, 3),
        gn.ReLU(),
        gn.MaxPool2D(2),
        gn.Flatten(),
        gn.Dense(1500),  # large, so that writing a checkpoint takes a good part of the time
        gn.ReLU(),
        gn.Dropout(0.3),
        gn.Dense(10),
    ]
    network = gn.Network(layers, input_shape=(14, 14, 1))
    history = gn.fit(
        network,
        (x[:300], y[:300]),
        validation=(x[300:], y[300:]),
        optimizer=gn.Adam(1e-3),
        epochs=EPOCHS,
        batch_size=64,
        shards=4,
        workers=2,
        callbacks=[
            gn.Checkpoint(folder / "checkpoint", minutes=0),
            gn.EarlyStopping("validation_loss", patience=EPOCHS),
        ],
    )
    gn.save_network(network, folder / "model.safetensors")
    (folder / "history.json").write_text(json.dumps(history.records))


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--child", str(folder)])


def run_to_the_end(folder: Path) -> None:
    process = start(folder)
    if process.wait():
        sys.exit(f"error: a resumed training failed with exit code {process.returncode}")


def result(folder: Path) -> tuple[bytes, list[dict[str, float]]]:
    records = json.loads((folder / "history.json").read_text())
    return (folder / "model.safetensors").read_bytes(), [
        {k: v for k, v in r.items() if k != "seconds"} for r in records
    ]


def kill(folder: Path, *, after: float | None) -> str:
    """Start a training and kill it: after so many seconds, or as soon as it is seen writing a checkpoint."""
    process = start(folder)
    part = folder / "checkpoint.part"
    deadline = time.monotonic() + (after if after is not None else 60)
    while process.poll() is None and time.monotonic() < deadline and not (after is None and part.exists()):
        time.sleep(0.0002)
    writing = part.exists()
    process.kill()
    killed = process.wait() < 0  # by a signal
    return ("writing" if writing or part.exists() else "running") if killed else "finished"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        train(options.child)
        return
    root = Path(tempfile.mkdtemp())
    try:
        whole = root / "whole"
        whole.mkdir()
        started = time.monotonic()
        run_to_the_end(whole)
        duration = time.monotonic() - started
        counts = {"writing": 0, "running": 0, "finished": 0}
        same = 0
        for number in range(options.runs):
            folder = root / str(number)
            folder.mkdir()
            inside = number % 3 == 0
            how = kill(folder, after=None if inside else duration * (number + 0.5) / options.runs)
            counts[how] += 1
            run_to_the_end(folder)
            equal = result(folder) == result(whole)
            same += equal
            print(f"run {number + 1}: killed while {how}, {'the same bits' if equal else 'OTHER BITS'}", flush=True)
        print(
            f"{same} of {options.runs} ended in the same bits; {counts['writing']} were killed inside the writing of a "
            f"checkpoint, {counts['running']} elsewhere, {counts['finished']} had finished"
        )
        sys.exit(0 if same == options.runs and counts["writing"] >= options.runs // 4 else 1)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
