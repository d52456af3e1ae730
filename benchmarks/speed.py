"""How fast glassnet is beside the matrix products alone and beside its peers: the speed table of docs/benchmarks.md.

    python benchmarks/speed.py                    measure every row (some ten minutes on two idle cores)
    python benchmarks/speed.py --only adam cnn    these rows only; the others stay as the result file has them
    python benchmarks/speed.py --write            also put the table into docs/benchmarks.md
    python benchmarks/speed.py --quick            little data, two repetitions, nothing written: does it all run?

Every contender of a row runs in a process of its own (see peers.py). They take turns, one at a time, after one
repetition that does not count; a ratio is that of the medians. A contender that learns must also be right: if its test
accuracy is below the level of its row, the row says so and the exit code is 1. Peers that are not installed are left
out: pip install torch==2.13.0 scikit-learn jax onnx onnxruntime.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, Protocol

from places import between, put

HERE = Path(__file__).parent
RESULTS = HERE / "speed.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
BEST_KERNEL, PLAIN_KERNEL = "SkylakeX", "Haswell"  # OpenBLAS's for AVX-512 and for AVX2
# Bytecode is kept, as that of an installed package is: else every process would compile glassnet again.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
NOISY = 0.1  # share of the processors
PAUSE = 0.1  # seconds, twice between two contenders: for idle threads to go to sleep, then to see what else runs here


class SkippedError(Exception):
    """A contender cannot take part; the message says why."""


class DiedError(SkippedError):
    """A contender has ended when it should not."""


class Running(Protocol):
    """A contender that has been started."""

    about: dict[str, Any]

    def measure(self, repetition: int) -> float: ...

    def accuracy(self) -> float | None: ...

    def close(self) -> None: ...


class Served:
    """A contender of peers.py in a process of its own; `fresh` makes a new process for each repetition."""

    def __init__(self, name: str, work: dict[str, Any], kernel: str, *, fresh: bool) -> None:
        self.command = [sys.executable, str(HERE / "peers.py"), name, json.dumps(work)]
        self.environment = ENVIRONMENT | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
        self.fresh = fresh
        self._start()
        if not fresh:
            self._ask("work")

    def _start(self) -> None:
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment
        )
        answer = self._answer()
        if "missing" in answer:
            self.close()
            raise SkippedError(answer["missing"])
        self.about: dict[str, Any] = answer["ready"]

    def _answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise DiedError(f"ended with exit code {self.process.wait()}")
        return json.loads(line)

    def _ask(self, question: str) -> Any:
        assert self.process.stdin
        with suppress(BrokenPipeError):  # it has died; reading its answer says so
            self.process.stdin.write(f"{question}\n")
            self.process.stdin.flush()
        return self._answer()

    def measure(self, repetition: int) -> float:
        if self.fresh and repetition:
            self.close()
            self._start()
        return float(self._ask("work"))

    def accuracy(self) -> float | None:
        return self._ask("accuracy")

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Command:
    """A command line, from start to end; what it prints may hold its test accuracy, or what it has measured itself."""

    def __init__(self, arguments: Callable[[int], list[str]], *, printed: bool = False, needs: str = "") -> None:
        if needs and not importlib.util.find_spec(needs):
            raise SkippedError(f"needs {needs}")
        self.arguments, self.printed = arguments, printed
        self.accuracies: list[float] = []
        self.measure(0)  # bytecode is compiled, files are in the page cache
        self.accuracies.clear()
        self.about: dict[str, Any] = {}

    def measure(self, repetition: int) -> float:
        command = [sys.executable, *self.arguments(repetition)]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        took = time.perf_counter() - started
        if done.returncode:
            raise DiedError(f"ended with exit code {done.returncode}")
        found = re.search(r"test accuracy ([\d.]+) %", done.stdout)
        if found:
            self.accuracies.append(float(found[1]) / 100)
        return float(done.stdout) if self.printed else took

    def accuracy(self) -> float | None:
        return statistics.mean(self.accuracies) if self.accuracies else None

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Bar:
    """What is promised: one contender's median over another's, or alone if there is no other, is at most, or least."""

    who: str
    sign: Literal["≤", "≥"]
    limit: float
    than: str = ""

    def value(self, medians: dict[str, float]) -> float | None:
        if self.who not in medians or (self.than and self.than not in medians):
            return None
        return medians[self.who] / (medians[self.than] if self.than else 1.0)

    def met(self, value: float) -> bool:
        return value <= self.limit if self.sign == "≤" else value >= self.limit


@dataclass(frozen=True)
class Row:
    """One kind of work, and who does it; the first is the one that the others are compared with.

    Attributes:
        levels: the test accuracy that each must reach; "" stands for all that are not named.
        skipped: why the whole row cannot be measured here.
    """

    work: str
    contenders: dict[str, Callable[[], Running]]
    bars: tuple[Bar, ...] = ()
    unit: Literal["s", "MB"] = "s"
    levels: dict[str, float] | None = None
    at_least: int = 1
    skipped: str = ""


HALVES: dict[str, Any] = {"shards": 2, "workers": 2}  # a batch in two, side by side
OURS, BARE, TORCH, COMPILED, LAST = (
    "glassnet",
    "matrix products alone",
    "PyTorch",
    "PyTorch, compiled",
    "PyTorch, channels-last",
)
SKLEARN, JAX, ONNX = "scikit-learn", "JAX, one scan", "ONNX Runtime"
IN_PEERS = {
    OURS: "glassnet",
    BARE: "products",
    TORCH: "pytorch",
    COMPILED: "pytorch-compiled",
    LAST: "pytorch-channels-last",
    SKLEARN: "sklearn",
    JAX: "jax",
}


@dataclass(frozen=True)
class Bench:
    """What rows are made for: the folder of the data, that of the four original files, and the sizes."""

    folder: Path
    original: Path
    quick: bool

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def level(self, full: float) -> dict[str, float]:
        return {"": 0.3 if self.quick else full}

    def served(self, name: str, *, kernel: str = "", fresh: bool = False, **work: Any) -> Callable[[], Running]:
        return lambda: Served(name, {"folder": str(self.folder)} | work, kernel, fresh=fresh)

    def trained(self, *names: str, kernel: str = "", **work: Any) -> dict[str, Callable[[], Running]]:
        return {name: self.served(IN_PEERS[name], kernel=kernel, **work) for name in names}


def classic(bench: Bench) -> Row:
    return Row(
        "`classic` (784-128-10): an epoch, SGD, batch 128",
        bench.trained(OURS, BARE, TORCH, COMPILED, SKLEARN, JAX, images=bench.size(60_000, 6_000), **HALVES),
        (
            Bar(OURS, "≤", 1.25, BARE),
            Bar(TORCH, "≥", 1.7, OURS),
            Bar(SKLEARN, "≥", 1.7, OURS),
            Bar(JAX, "≥", 1.1, OURS),
        ),
        levels=bench.level(0.92),
    )


def hidden(bench: Bench, *, units: int) -> Row:
    return Row(
        f"the same with {units} hidden units",
        bench.trained(OURS, BARE, TORCH, hidden=[units], images=bench.size(60_000, 6_000), **HALVES),
        levels=bench.level(0.92),
    )


def kernel(bench: Bench) -> Row:
    """PyTorch brings its own BLAS; scikit-learn uses NumPy's: it gets the same kernel, and its default one beside."""
    default, work = default_kernel(), f"`classic` with the {BEST_KERNEL} kernel of NumPy's BLAS"
    if "avx512f" not in processor_flags():
        return Row(work, {}, skipped="this processor has no AVX-512")
    images = bench.size(60_000, 6_000)
    contenders = bench.trained(OURS, BARE, kernel=BEST_KERNEL, images=images, **HALVES) | bench.trained(
        TORCH, images=images
    )
    contenders |= bench.trained(SKLEARN, kernel=BEST_KERNEL, images=images)
    others = {OURS: "glassnet", BARE: "products"} | ({SKLEARN: "sklearn"} if default != BEST_KERNEL else {})
    for name, in_peers in others.items():
        other = default if default != BEST_KERNEL else PLAIN_KERNEL
        contenders[f"{name}, {other} kernel"] = bench.served(in_peers, kernel=other, images=images, **HALVES)
    return Row(
        f"{work} (here {'its default' if default == BEST_KERNEL else f'the default is {default}'})",
        contenders,
        (Bar(TORCH, "≥", 2.2, OURS), Bar(SKLEARN, "≥", 2.2, OURS)),
        levels=bench.level(0.92),
    )


def batch_32(bench: Bench) -> Row:
    return Row(
        "`classic`, batch 32",
        bench.trained(OURS, BARE, TORCH, batch_size=32, images=bench.size(60_000, 3_000), **HALVES),
        (Bar(OURS, "≤", 1.75, BARE), Bar(TORCH, "≥", 2.1, OURS)),
        levels=bench.level(0.92),
    )


def adam(bench: Bench) -> Row:
    images = bench.size(60_000, 6_000)
    sgd = "glassnet with SGD"
    return Row(
        "`classic` with Adam",
        bench.trained(OURS, TORCH, optimizer="adam", rate=1e-3, images=images, **HALVES)
        | {sgd: bench.served("glassnet", images=images, **HALVES)},
        (Bar(OURS, "≤", 1.3, sgd), Bar(TORCH, "≥", 1.3, OURS)),
        levels=bench.level(0.92),
    )


def wide(bench: Bench) -> Row:
    images = bench.size(10_000, 2_560)
    work: dict[str, Any] = {"hidden": [1024, 1024], "batch_size": 256, "rate": 0.05, "momentum": 0.9, "images": images}
    return Row(
        f"784-1024-1024-10, SGD with momentum, batch 256: {images:,} images",
        bench.trained(OURS, BARE, TORCH, **work),
        (Bar(OURS, "≤", 1.30, BARE), Bar(TORCH, "≥", 1.1, OURS)),
        levels=bench.level(0.85),
    )


def wide_dropout(bench: Bench) -> Row:
    work: dict[str, Any] = {
        "hidden": [1024, 1024],
        "batch_size": 256,
        "dropout": 0.5,
        "optimizer": "adam",
        "rate": 1e-3,
    }
    return Row(
        "the same, Adam and dropout 0.5",
        bench.trained(OURS, BARE, TORCH, images=bench.size(10_000, 2_560), **work),
        (Bar(OURS, "≤", 1.8, BARE), Bar(TORCH, "≥", 1.0, OURS)),
        levels=bench.level(0.85),
    )


def convolutions(bench: Bench) -> dict[str, Any]:
    return {
        "convolutions": True,
        "optimizer": "adam",
        "rate": 1e-3,
        "images": bench.size(6_400, 640),
    }


def cnn(bench: Bench) -> Row:
    work = convolutions(bench)
    return Row(
        f"convolutions 3x3x32, pool, 3x3x64, pool, 128, 10; Adam, batch 128: {work['images']:,} images",
        bench.trained(OURS, workers=2, **work) | bench.trained(BARE, TORCH, LAST, **work),
        (Bar(OURS, "≤", 1.55, BARE), Bar(TORCH, "≥", 1.1, OURS), Bar(LAST, "≥", 1.1, OURS)),
        levels=bench.level(0.90),
    )


def workers(bench: Bench) -> Row:
    work, one = convolutions(bench), "glassnet, one worker"
    return Row(
        "the same, two workers against one",
        bench.trained(OURS, workers=2, **work) | {one: bench.served("glassnet", workers=1, **work)},
        (Bar(one, "≥", 1.6, OURS),),
        levels=bench.level(0.90),
    )


def cold_start(bench: Bench) -> Row:
    """From a command line to a test accuracy of 98 %, everything included."""
    work, scheduled = "cold start to 98 % on the test images (`glassnet train quick`)", "PyTorch, our schedule"
    plan = bench.folder / "plan.json"
    try:
        plan.write_text(json.dumps(plan_of_quick()))
    except SkippedError as reason:
        return Row(work, {}, skipped=str(reason))

    def ours(seed: int) -> list[str]:
        return [
            "-m",
            "glassnet",
            "train",
            "quick",
            "-q",
            "--no-pictures",
            "--seed",
            str(seed),
            "--out",
            tempfile.mkdtemp(dir=bench.folder),
        ]

    def torch(seed: int, *options: str) -> list[str]:
        return [str(HERE / "torch_quick.py"), str(bench.original), "--seed", str(seed), *options]

    short = ("--epochs", "2") if bench.quick else ()
    return Row(
        work,
        {
            OURS: lambda: Command(ours),
            TORCH: lambda: Command(lambda seed: torch(seed, *short), needs="torch"),
            scheduled: lambda: Command(lambda seed: torch(seed, "--plan", str(plan)), needs="torch"),
        },
        (Bar(OURS, "≤", 2.5), Bar(TORCH, "≥", 4.0, OURS)),
        levels=bench.level(0.97) | ({} if bench.quick else {OURS: 0.98}),
        at_least=bench.size(10, 1),
    )


def plan_of_quick() -> dict[str, Any]:
    """The recipe `quick` as torch_quick.py takes it, the learning rate of each step included."""
    from glassnet.nn.settings import to_table
    from glassnet.recipes.recipe import load_recipe, recipe_names

    if "quick" not in recipe_names():
        raise SkippedError("is not there yet: the recipe `quick`")
    recipe = load_recipe("quick")
    epochs, batch_size = recipe.training.epochs, int(recipe.training.batch_size)
    if recipe.network.hidden is None:
        raise SkippedError("the recipe `quick` is no row of hidden layers")
    images = 60_000 - recipe.data.validation
    steps = -(-images // batch_size) * epochs
    return {
        "hidden": list(recipe.network.hidden),
        "images": images,
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": to_table(recipe.optimizer),
        "rates": [recipe.optimizer.lr * recipe.schedule.factor(step, steps) for step in range(steps)],
    }


def predict_one(bench: Bench) -> Row:
    calls = bench.size(2_000, 200)
    return Row(
        "predict one image, from uint8",
        {
            OURS: bench.served("glassnet-predict", calls=calls),
            TORCH: bench.served("pytorch-predict", calls=calls),
            ONNX: bench.served("onnx-predict", calls=calls),
        },
        (Bar(OURS, "≤", 0.7, TORCH),),
        levels=bench.level(0.90),
    )


def predict_many(bench: Bench) -> Row:
    best = f"glassnet, {BEST_KERNEL} kernel"
    contenders = {OURS: bench.served("glassnet-predict")}
    if "avx512f" in processor_flags():
        contenders[best] = bench.served("glassnet-predict", kernel=BEST_KERNEL)
    return Row(
        "predict 10,000 images, from uint8",
        contenders
        | {
            TORCH: bench.served("pytorch-predict"),
            SKLEARN: bench.served("sklearn-predict"),
            ONNX: bench.served("onnx-predict"),
        },
        (
            Bar(OURS, "≤", 1.0, TORCH),
            Bar(OURS, "≤", 1.0, SKLEARN),
            Bar(OURS, "≤", 2.5, ONNX),
            Bar(best, "≤", 1.5, ONNX),
        ),
        levels=bench.level(0.90),
    )


def predict_cnn(bench: Bench) -> Row:
    images = bench.size(2_000, 200)
    return Row(
        f"predict {images:,} images with the pretrained `cnn`, from uint8",
        {OURS: bench.served("glassnet-cnn", images=images), ONNX: bench.served("onnx-cnn", images=images)},
        (Bar(OURS, "≤", 1.3, ONNX),),
        levels=bench.level(0.98),
    )


def predict_cnn_one(bench: Bench) -> Row:
    calls = bench.size(1_000, 100)
    return Row(
        "the same, one image",
        {OURS: bench.served("glassnet-cnn", calls=calls), ONNX: bench.served("onnx-cnn", calls=calls)},
        (Bar(OURS, "≤", 2.7, ONNX),),
        levels=bench.level(0.98),
    )


def memory(bench: Bench) -> Row:
    gz = str(bench.original)
    return Row(
        "peak memory of reading MNIST and training `classic` for two epochs, all workers",
        {
            OURS: bench.served("glassnet-memory", fresh=True, **HALVES),
            TORCH: bench.served("pytorch-memory", fresh=True, gz=gz),
        },
        (Bar(OURS, "≤", 200), Bar(TORCH, "≥", 3.0, OURS)),
        unit="MB",
        levels=bench.level(0.90),
    )


def imports(bench: Bench) -> Row:
    def timed(module: str) -> Callable[[], Running]:
        program = f"import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
        return lambda: Command(lambda _: ["-c", program], printed=True)

    return Row(
        "start: `import` in a new process; `glassnet --help` as a whole",
        {
            "import glassnet": timed("glassnet"),
            "import numpy": timed("numpy"),
            "all names of glassnet, numpy included": timed("glassnet; from glassnet import *"),
            "glassnet --help": lambda: Command(lambda _: ["-m", "glassnet", "--help"]),
        },
        (Bar("import glassnet", "≤", 1.3, "import numpy"), Bar("glassnet --help", "≤", 0.35)),
    )


def mapped(bench: Bench) -> Row:
    from peers import prepare_mapped

    images = bench.size(2_000_000_000, 100_000_000) // 784

    def start() -> Running:
        prepare_mapped(bench.folder, images)
        return bench.served("glassnet-mapped", fresh=True)()

    return Row(
        f"anonymous memory while training from a mapped file of {bench.size(2_000, 100):,} MB",
        {OURS: start},
        (Bar(OURS, "≤", 300),),
        unit="MB",
        levels=bench.level(0.90),
    )


ROWS: dict[str, Callable[[Bench], Row]] = {
    "classic": classic,
    "classic-64": partial(hidden, units=64),
    "classic-300": partial(hidden, units=300),
    "kernel": kernel,
    "batch-32": batch_32,
    "adam": adam,
    "wide": wide,
    "wide-dropout": wide_dropout,
    "cnn": cnn,
    "workers": workers,
    "cold-start": cold_start,
    "predict-one": predict_one,
    "predict-many": predict_many,
    "predict-cnn": predict_cnn,
    "predict-cnn-one": predict_cnn_one,
    "memory": memory,
    "imports": imports,
    "mapped": mapped,
}


# Measuring


def measure(row: Row, repeat: int, patience: float) -> dict[str, Any]:
    """Start all contenders, let them take turns, and check what they learned."""
    repetitions = max(repeat, row.at_least)
    results: dict[str, dict[str, Any]] = {}
    skipped: dict[str, str] = {}
    faults: list[str] = []
    others: list[float] = []
    running: dict[str, Running] = {}

    def attempt(name: str, action: Callable[[], Any]) -> Any:
        """What the action returns; a contender that cannot go on is left out."""
        try:
            return action()
        except SkippedError as reason:
            skipped[name] = str(reason)
            if isinstance(reason, DiedError):
                faults.append(f"{name} {reason}")
            results.pop(name, None)
            if contender := running.pop(name, None):
                contender.close()
        return None

    first = next(iter(row.contenders), "")
    try:
        for name, start in row.contenders.items():
            if first in skipped:
                break  # there is nothing to compare the others with
            if contender := attempt(name, start):
                running[name] = contender
                results[name] = {"values": [], "about": contender.about}
        for repetition in range(repetitions):
            for name, contender in list(running.items()):
                others.append(busy_with_others(patience))
                value = attempt(name, partial(contender.measure, repetition))
                if value is not None:
                    results[name]["values"].append(value)
        for name, contender in list(running.items()):
            accuracy = attempt(name, contender.accuracy)
            level = (row.levels or {}).get(name, (row.levels or {}).get("", 0.0))
            if accuracy is not None:
                results[name]["accuracy"] = accuracy
                if accuracy < level:
                    faults.append(
                        f"{name} has not learned: test accuracy {100 * accuracy:.2f} %, not {100 * level:g} %"
                    )
    finally:
        for contender in running.values():
            contender.close()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # which Windows does not have
    return summed_up(row, results) | {
        "skipped": {"": row.skipped} if row.skipped else skipped,
        "faults": faults,
        "busy_with_others": round(statistics.mean(others), 3) if others else 0.0,
        "load_average": round(load, 2),
    }


def summed_up(row: Row, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The median and range of each contender, and whether the bars of the row are met."""
    for result in results.values():
        values = result["values"]
        result |= {"median": statistics.median(values), "min": min(values), "max": max(values)}
    medians = {name: result["median"] for name, result in results.items()}
    bars = [(bar, value) for bar in row.bars if (value := bar.value(medians)) is not None]
    return {
        "work": row.work,
        "unit": row.unit,
        "results": results,
        "bars": [asdict(bar) | {"value": value, "met": bar.met(value)} for bar, value in bars],
    }


def busy_with_others(patience: float) -> float:
    """Let the contender before come to rest; then the share of the processors that other programs use, 0 to 1.

    Waits as many seconds as `patience` says for that share to fall below NOISY.
    """
    until = time.monotonic() + patience
    while True:
        time.sleep(PAUSE)
        before = processor_ticks()
        time.sleep(PAUSE)
        idle, total = (now - then for now, then in zip(processor_ticks(), before, strict=True))
        share = max(0.0, 1 - idle / total) if total else 0.0
        if share < NOISY or time.monotonic() >= until:
            return share


def processor_ticks() -> tuple[int, int]:
    """How long the processors were idle, and all in all, since the machine was started."""
    path = Path("/proc/stat")
    ticks = [int(field) for field in path.read_text().split("\n")[0].split()[1:9]] if path.exists() else [0] * 8
    return ticks[3] + ticks[4], sum(ticks)


def environment() -> dict[str, Any]:
    """Versions, machine, and the kernel that NumPy's BLAS chooses by itself."""
    import glassnet as gn

    packages = ("numpy", "threadpoolctl", "torch", "scikit-learn", "jax", "jaxlib", "onnx", "onnxruntime")
    versions = {"glassnet": gn.__version__, "python": platform.python_version()}
    for package in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return {
        "versions": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "default_kernel": default_kernel(),
    }


def processor() -> str:
    return cpuinfo("model name") or platform.processor() or platform.machine()


def processor_flags() -> list[str]:
    return cpuinfo("flags").split()


def cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


@cache
def default_kernel() -> str:
    """The kernel that a process gets which asks for none."""
    program = "import numpy, threadpoolctl; print(threadpoolctl.threadpool_info()[0]['architecture'])"
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() or "unknown"


# Showing


def table(rows: dict[str, Any]) -> str:
    lines = [
        "| work | | median | min to max | × the first | test accuracy | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows.values():
        work, first = row["work"], next(iter(row["results"]), "")
        for name, result in row["results"].items():
            median, low, high = (amount(result[key], row["unit"]) for key in ("median", "min", "max"))
            ratio = "" if name == first else f"{result['median'] / row['results'][first]['median']:.2f}"
            right = f"{100 * result['accuracy']:.2f} %" if "accuracy" in result else ""
            bars = "; ".join(bar_text(bar, first) for bar in row["bars"] if shown_at(bar, first) == name)
            lines.append(f"| {work} | {name} | {median} | {low} to {high} | {ratio} | {right} | {bars} |")
            work = ""
        for name, reason in row["skipped"].items():
            lines.append(f"| {work} | {name} | not measured: {reason} | | | | |")
            work = ""
        if row["busy_with_others"] > NOISY:
            share = f"{100 * row['busy_with_others']:.0f} %"
            lines.append(f"| {work} | *noisy* | other programs used {share} of the processors meanwhile | | | | |")
        lines += [f"| {work} | **fault** | {fault} | | | | |" for fault in row["faults"]]
    return "\n".join(lines)


def shown_at(bar: dict[str, Any], first: str) -> str:
    """The line that a bar stands on: that of the contender which is not the first, if there is one."""
    return str(bar["than"] if bar["who"] == first and bar["than"] else bar["who"])


def bar_text(bar: dict[str, Any], first: str) -> str:
    if not bar["than"]:
        promise = f"{bar['sign']} {bar['limit']:g}"
        return f"{promise}: {'met' if bar['met'] else '**not met**'}"
    promise = f"{bar['sign']} {bar['limit']:g} × "
    promise = f"{first} {promise}this" if bar["who"] == first else f"{promise}{bar['than']}"
    return f"{promise}: {bar['value']:.2f}, {'met' if bar['met'] else '**not met**'}"


def amount(value: float, unit: str) -> str:
    """A measured value in a unit that suits it, to three digits."""
    if unit == "s":
        value, unit = next((value * by, name) for by, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")) if value * by >= 1)
    return f"{value:.{max(0, 2 - int(math.log10(max(value, 1))))}f} {unit}"


def machine(rows: dict[str, Any]) -> str:
    """The machines and versions behind the rows, in a sentence."""
    found = {
        f"{e['processor']}, {e['cores']} cores, default kernel {e['default_kernel']}, "
        + ", ".join(f"{name} {version}" for name, version in e["versions"].items())
        for e in (row["environment"] for row in rows.values())
    }
    counts = sorted({len(r["values"]) for row in rows.values() for r in row["results"].values()})
    taken = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else "".join(map(str, counts))
    runs = len({row["run"] for row in rows.values()})
    together = "in one run" if runs == 1 else f"in {runs} runs, each row in one"
    return f"Medians of {taken} repetitions in turn, {together}, float32, all cores; " + "; ".join(sorted(found)) + "."


def stored() -> dict[str, Any]:
    """The rows of the result file."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def in_order(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: rows[name] for name in ROWS if name in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=ROWS, default=list(ROWS), help=", ".join(ROWS))
    parser.add_argument("--repeat", type=int, help="repetitions that count; 7, with --quick 2")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds to wait, before a repetition, for other programs to pause"
    )
    parser.add_argument("--quick", action="store_true", help="little data, two repetitions; nothing is stored")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    if options.write and options.quick:
        parser.error("--quick measures too little for --write")
    if options.write:
        between(PAGE, "speed")
    from peers import prepare

    about = {"run": time.strftime("%Y-%m-%d %H:%M:%S"), "environment": environment()}
    rows: dict[str, Any] = {}
    known = stored()
    with tempfile.TemporaryDirectory(prefix="glassnet-speed-") as folder:
        bench = Bench(Path(folder), prepare(Path(folder)), options.quick)
        for name in (name for name in ROWS if name in options.only):
            print(f"{name} ...", file=sys.stderr, flush=True)
            repeat = options.repeat or (2 if options.quick else 7)
            rows[name] = measure(ROWS[name](bench), repeat, options.patience) | about
            print(table({name: rows[name]}).partition("|---|\n")[2], file=sys.stderr, flush=True)
            known = in_order(known | rows)
            if not options.quick:
                RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = f"{table(rows)}\n\n{machine(rows)}"
    print(text)
    if options.write:
        put(PAGE, "speed", f"{table(known)}\n\n{machine(known)}")
    if faults := [f"{name}: {fault}" for name, row in rows.items() for fault in row["faults"]]:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
