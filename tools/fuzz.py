"""Read hostile files of every kind, and try what is to hold for any number, far more often than the tests do.

    python tools/fuzz.py [--files 22000] [--tries 1] [--seed 0] [--kinds model picture resume] [--findings FOLDER]

Each kind of file, and each property of tests/properties.py, has a worker process. A file gives a valid result or the
documented error; a property holds. What takes longer than the limit of time, kills the worker, needs more memory than a
file may, warns, or raises another error is a finding: it is kept with what it caused, and the exit code is 1. The same
seed tries the same again.
"""

import argparse
import gc
import multiprocessing as mp
import os
import resource
import sys
import time
import traceback
import warnings
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from hostile.mutations import hostile  # noqa: E402
from hostile.readers import try_file  # noqa: E402
from hostile.seeds import SEEDS, seeds  # noqa: E402
from properties import PROPERTIES  # noqa: E402

SECONDS = 20  # of computing for one number; the slowest valid file takes a tenth of one
STARTING = 60  # seconds more until the first is read, and for making a file
BUSY = 10  # times as long on the clock, where the machine has other things to do
MEGABYTE = 2**20
MOST = {"picture": 800, "cifar": 250}  # megabytes above what a worker has at the start; pictures have up to 40 Mpixel
OTHERS = 200
# How often each property is tried: one takes from a ten-thousandth of a second to a fifth of one.
TRIES = {
    "batch": 40_000,
    "logits": 40_000,
    "dropout": 20_000,
    "grey": 4_000,
    "rows": 400,
    "scene": 250,
    "resume": 1_000,
    "messages": 10,
    "promises": 14,
    "killed_ranks": 8,
    "killed_sweep": 3,
    "killed_jobs": 2,
    "shared_sweeps": 2,
    "long_pages": 8,
    "notebook": 1,
    "hostile_html": 2_000,
    "frames": 200,
    "drawings": 6,
    "repeats": 1,
    "cells": 300,
}
READING = "reading"  # what a worker says when it has made a file and begins to read it


def limit_memory(megabytes: int) -> None:
    """Let this process have so many megabytes more than it has now."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + megabytes * MEGABYTE,) * 2)


def peak() -> int:
    """The most memory this process has held, in kilobytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def peak_anew() -> int:
    """The memory that this process holds now; its peak is measured anew from here."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def check_valid(kind: str, path: Path) -> None:
    """The files that hostile ones are made of are read."""
    for contents in seeds(kind):
        path.write_bytes(contents)
        assert try_file(kind, path) == "read" or kind == "picture", f"a valid {kind} is refused"


def write_hostile(kind: str, number: int, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path.write_bytes(hostile(kind, number))


def holds(kind: str, number: int, folder: Path) -> str:
    """Try a property with this number."""
    PROPERTIES[kind](number, folder)
    return "held"


def work(kind: str, folder: Path, connection: Connection) -> None:
    """Answer each number that comes with what the hostile file, or the property, of this number caused."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="this training has failed")  # as one from a forged checkpoint may
    unraisable: list[str] = []
    sys.unraisablehook = lambda what: unraisable.append(f"{what.err_msg}: {what.exc_value!r}")
    path = folder / kind
    if kind == "picture":
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # libtiff's own remarks say nothing here
    if kind in PROPERTIES:
        path.mkdir(exist_ok=True)
    else:
        check_valid(kind, path)
        limit_memory(MOST.get(kind, OTHERS))
    gc.freeze()  # what is there already need not be looked through again and again
    while (number := connection.recv()) is not None:
        try:
            if kind in SEEDS:
                write_hostile(kind, number, path)
        except MemoryError:
            connection.send(("not made", None, 0, 0.0))
            continue
        connection.send(READING)
        before, started, trace = 0 if kind in PROPERTIES else peak_anew(), time.perf_counter(), None
        try:
            outcome = try_file(kind, path) if kind in SEEDS else holds(kind, number, path)
        except BaseException as error:  # whatever comes: it is what is looked for
            outcome, trace = type(error).__name__, "".join(traceback.format_exception(error))
        if unraisable:
            outcome, trace = "unraisable", "\n".join(unraisable)
            unraisable.clear()
        connection.send((outcome, trace, peak() - before if before else 0, time.perf_counter() - started))


class Finding(NamedTuple):
    """A file that caused what it should not, or a property that does not hold."""

    kind: str
    number: int
    outcome: str
    trace: str


class Worker:
    """A process that reads the hostile files of one kind or tries one property, and is started again when it dies."""

    def __init__(self, kind: str, folder: Path, numbers: range) -> None:
        self.kind, self.folder, self.numbers, self.count = kind, folder, iter(numbers), len(numbers)
        self.outcomes: dict[str, int] = {}
        self.most_memory, self.longest = (0, -1), (0.0, -1)
        self.start()

    def start(self) -> None:
        self.connection, theirs = mp.Pipe()
        self.process = mp.get_context("spawn").Process(target=work, args=(self.kind, self.folder, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.ask()

    def ask(self) -> None:
        self.number, self.since, self.began = next(self.numbers, None), time.monotonic(), self.computed() + STARTING
        self.connection.send(self.number)

    def computed(self) -> float:
        """Seconds of computing that the process has had."""
        try:
            numbers = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            return 0.0
        return sum(map(int, numbers[11:13])) / os.sysconf("SC_CLK_TCK")

    def watch(self, spoke: bool) -> Finding | None:
        """Take what the process said, or end it if it is silent for too long; then go on to the next file."""
        waited = time.monotonic() - self.since
        if not spoke and self.computed() - self.began < SECONDS and waited < BUSY * (SECONDS + STARTING):
            return None
        try:
            if not spoke:
                self.process.kill()
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            ended = f"ended with exit code {self.process.exitcode}" if spoke else f"gave no answer in {SECONDS} s"
            answer = "died" if spoke else "hung", f"the worker {ended}", 0, 0.0
        if answer == READING:
            self.since, self.began = time.monotonic(), self.computed()
            return None
        outcome, trace, memory, seconds = answer
        number = self.number or 0
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.most_memory = max(self.most_memory, (memory, number))
        self.longest = max(self.longest, (seconds, number))
        if self.process.is_alive():
            self.ask()
        else:
            self.start()
        return Finding(self.kind, number, outcome, trace) if trace else None


def keep(findings: Path, finding: Finding) -> None:
    """Write the file, if it is one, and what it caused."""
    findings.mkdir(parents=True, exist_ok=True)
    name = f"{finding.kind}-{finding.number}-{finding.outcome}"
    if finding.kind in SEEDS:
        write_hostile(finding.kind, finding.number, findings / f"{name}.bin")
    (findings / f"{name}.txt").write_text(finding.trace, errors="backslashreplace")
    print(f"FINDING {name}:\n  {ascii(finding.trace.strip().splitlines()[-1])[:78]}", flush=True)


def fuzz(counts: dict[str, int], seed: int, findings: Path, processes: int) -> int:
    """Try each kind so often; how many findings there were."""
    found, shown = 0, time.monotonic()
    # Properties come first, and the slowest of all: at the end many short ones keep both processors busy.
    waiting = sorted(counts, key=lambda kind: [*reversed(PROPERTIES), *SEEDS].index(kind))
    with TemporaryDirectory() as folder:
        working: list[Worker] = []
        while waiting or working:
            while waiting and len(working) < processes:
                kind = waiting.pop(0)
                working.append(Worker(kind, Path(folder), range(seed * 10**7, seed * 10**7 + counts[kind])))
            spoke = wait([worker.connection for worker in working], timeout=1)
            for worker in list(working):
                if finding := worker.watch(worker.connection in spoke):
                    found += 1
                    keep(findings, finding)
                if worker.number is None:
                    worker.process.join()
                    working.remove(worker)
                    report(worker)
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                states = (f"{worker.kind} {sum(worker.outcomes.values()):,}/{worker.count:,}" for worker in working)
                print(f"... {', '.join(states)}; {len(waiting)} kinds to come, {found} findings", flush=True)
    return found


def report(worker: Worker) -> None:
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(worker.outcomes.items()))
    memory, seconds = worker.most_memory, worker.longest
    most = f"{memory[0] / 1024:.0f} MB, " if worker.kind in SEEDS else ""
    print(f"{worker.kind:<10} {outcomes}; at most {most}{seconds[0]:.2f} s (number {seconds[1]})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    kinds = [*SEEDS, *PROPERTIES]
    parser.add_argument("--files", type=int, default=22_000, help="how many files in all")
    parser.add_argument("--tries", type=float, default=1, help="times the usual number of tries of each property")
    parser.add_argument("--seed", type=int, default=0, help="others for another seed")
    parser.add_argument("--kinds", nargs="*", default=kinds, choices=kinds)
    parser.add_argument("--findings", type=Path, default=Path("findings"), help="where findings are kept")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    files = [kind for kind in given.kinds if kind in SEEDS]
    counts = {kind: -(-given.files // len(files)) for kind in files}
    counts |= {kind: round(given.tries * TRIES[kind]) for kind in given.kinds if kind in PROPERTIES}
    print(f"seed {given.seed}: {sum(counts.values()):,} tries of {len(counts)} kinds", flush=True)
    found = fuzz(counts, given.seed, given.findings, given.processes)
    print(f"{found} findings{f', kept in {given.findings}' if found else ''}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
