"""What NumPy's matrix products run on here, and what another kernel would bring.

On some processors with AVX-512, OpenBLAS takes a kernel that does not use it. The environment variable
OPENBLAS_CORETYPE, set before NumPy is loaded, chooses the kernel; whether that is right and faster is measured here,
not guessed.
"""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

VARIABLE, KERNEL = "OPENBLAS_CORETYPE", "SkylakeX"
NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}  # what that kernel asks of a processor
WITH_AVX512 = {"skylakex", "cooperlake", "sapphirerapids"}
LIMITS = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")  # in the order in which OpenBLAS heeds them
USED = set[str]()  # the kept kernel, where this process has been given it
WORTH = 1.05  # times the speed from which another kernel is recommended: less is within the noise of a machine
REPETITIONS = 5


@dataclass(frozen=True)
class Products:
    """The matrix products of the network 784-128-10, batch 128, float32, as one process computed them.

    Attributes:
        python, numpy: versions.   library, version, kernel, threads: of the BLAS behind NumPy ("" if unknown).
        gflops: floating-point operations a second, in thousand millions.
        right: whether they agree with float64 to the bound of rounding errors.
    """

    python: str
    numpy: str
    library: str
    version: str
    kernel: str
    threads: int
    gflops: float
    right: bool


@dataclass(frozen=True)
class Diagnosis:
    """What was found; `better` is there where another kernel was tried.

    Attributes:
        processor, cores: of this machine.   has_avx512: whether the processor has what the kernel needs.
        now: as NumPy is used here.   better: with the other kernel.
    """

    processor: str
    cores: int
    has_avx512: bool
    now: Products
    better: Products | None

    @property
    def gain(self) -> float:
        """How many times as fast the other kernel is; 1 if there is none that is right."""
        return self.better.gflops / self.now.gflops if self.better and self.better.right else 1.0

    @property
    def advice(self) -> list[str]:
        """What to know and to do, a sentence each."""
        lines = []
        now = self.now
        if not now.right:
            lines.append("The products are WRONG beyond rounding: install another build of NumPy.")
        if self.gain >= WORTH:
            lines.append(
                f"Set {VARIABLE}={KERNEL} before Python starts: the products get {self.gain:.2f} times as fast. "
                "For the command line alone, `glassnet doctor --keep` does it."
            )
        elif now.library != "openblas":
            lines.append(f"NumPy uses {now.library or 'an unknown BLAS'}, where glassnet has no kernel to choose.")
        elif now.kernel.lower() in WITH_AVX512:
            lines.append("Your NumPy uses a kernel for AVX-512 already: nothing to gain.")
        elif self.better:
            what = f"is {self.gain:.2f} times as fast" if self.better.right else "computes wrong results here"
            lines.append(f"Leave the kernel as it is: {KERNEL} {what}.")
        else:
            lines.append("Leave the kernel as it is: this processor has no AVX-512.")
        if now.threads and now.threads < self.cores:
            limits = [f"{name}={os.environ[name]}" for name in LIMITS if name in os.environ]
            why = f": {limits[0]} is set" if limits else ""
            lines.append(f"The products use {now.threads} of {self.cores} processors{why}.")
        return lines


def diagnose(progress: Callable[[int, int], None] = lambda done, total: None) -> Diagnosis:
    """Measure the products as they are, and with the other kernel where the processor allows it; takes a few seconds.

    Args:
        progress: called with how many measurements are done, and how many there are.
    """
    able = has_avx512()
    first = measure()
    tried = able and first.library == "openblas" and first.kernel.lower() not in WITH_AVX512
    total = REPETITIONS * (2 if tried else 1)
    found: dict[str, list[Products]] = {"": [first], KERNEL: []}
    for repetition in range(REPETITIONS):
        for kernel in ("", KERNEL) if tried else ("",):  # taking turns, for machines are noisy
            if repetition or kernel:
                found[kernel].append(measure(kernel))
            progress(sum(map(len, found.values())), total)
    now, better = (_typical(found[kernel]) if found[kernel] else None for kernel in ("", KERNEL))
    assert now
    return Diagnosis(processor(), os.cpu_count() or 1, able, now, better)


def _typical(found: list[Products]) -> Products:
    middle = asdict(found[0]) | {"gflops": median(p.gflops for p in found), "right": all(p.right for p in found)}
    return Products(**middle)


def measure(kernel: str = "") -> Products:
    """The products in a new process: with this kernel, or as a program of the user's would compute them.

    Raises:
        InputError: that process fails without a kernel having been named.
    """
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE or not USED}
    if kernel:
        environment[VARIABLE] = kernel
    command = [sys.executable, "-P", "-m", "glassnet.doctor"]  # -P: no module of the folder we are in
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode and not kernel:
        from glassnet.nn.errors import InputError

        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InputError(f"the matrix products cannot be measured here: {reason}")
    if done.returncode:  # a kernel that the processor cannot run ends in a signal
        return Products(platform.python_version(), "", "", "", kernel, 0, 0.0, False)
    return Products(**json.loads(done.stdout))


def compute() -> Products:
    """The products in this process."""
    import numpy as np
    import threadpoolctl

    rng = np.random.default_rng(0)
    N, D, M, C = 128, 784, 128, 10
    x, W1, W2 = (rng.standard_normal(shape, np.float32) for shape in ((N, D), (D, M), (M, C)))
    h, z, dW1, dW2, dh = (np.empty(shape, np.float32) for shape in ((N, M), (N, C), (D, M), (M, C), (N, M)))

    def step() -> None:
        np.matmul(x, W1, out=h)
        np.matmul(h, W2, out=z)
        np.matmul(h.T, z, out=dW2)
        np.matmul(z, W2.T, out=dh)
        np.matmul(x.T, h, out=dW1)

    step()
    # A sum of n products in float32 is off by at most n eps times the sum of their absolute values (Higham 2002, 3.1).
    eps = float(np.finfo(np.float32).eps)
    right = all(
        bool((np.abs(a.astype(np.float64) @ b - c) <= a.shape[1] * eps * (np.abs(a).astype(np.float64) @ abs(b))).all())
        for a, b, c in ((x, W1, h), (h, W2, z), (h.T, z, dW2), (z, W2.T, dh), (x.T, h, dW1))
    )
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(100):
            step()
        seconds.append((time.perf_counter() - started) / 100)
    operations = 2 * N * (2 * D * M + 3 * M * C)
    pool: dict[str, Any] = next((p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"), {})
    return Products(
        platform.python_version(),
        np.__version__,
        str(pool.get("internal_api", "")),
        str(pool.get("version") or ""),
        str(pool.get("architecture") or ""),
        int(pool.get("num_threads", 0)),
        operations / median(seconds) / 1e9,
        right,
    )


def processor() -> str:
    """The model of this machine's processor."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def has_avx512() -> bool:
    """Whether the processor has every instruction that the kernel needs; as far as the system tells."""
    return set(_cpuinfo("flags").split()) >= NEEDED


def _cpuinfo(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


# The choice for the command line: it holds for one processor and one NumPy, and lapses with either.


def kept_path() -> Path:
    """The file of the choice."""
    import platformdirs

    return Path(platformdirs.user_config_dir("glassnet", appauthor=False)) / "kernel.json"


def keep(kernel: str) -> Path:
    """Let the command line use this kernel from now on."""
    path = kept_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"kernel": kernel} | _circumstances()) + "\n", encoding="utf-8")
    return path


def forget() -> bool:
    """Undo `keep`; whether there was something to undo."""
    path = kept_path()
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def use_kept() -> str:
    """Set the environment variable to the kept kernel, unless it is set; only of use before NumPy is loaded.

    Returns:
        What is wrong with the file, or "".
    """
    if VARIABLE in os.environ:
        return ""
    path = kept_path()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        kernel = kept.pop("kernel")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        remedy = "`glassnet doctor --forget` removes it"
        return f"{path} is ignored, for it is not what `glassnet doctor --keep` writes; {remedy}"
    if kernel == KERNEL and kept == _circumstances() and has_avx512():
        os.environ[VARIABLE] = kernel
        USED.add(kernel)
    return ""


def _circumstances() -> dict[str, str]:
    return {"processor": processor(), "numpy": importlib.metadata.version("numpy")}


if __name__ == "__main__":
    print(json.dumps(asdict(compute())))
