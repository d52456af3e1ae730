"""Measures NumPy's matrix products on this machine, and whether another BLAS kernel is faster.

On some processors with AVX-512, OpenBLAS chooses a kernel that does not use it. The environment variable
OPENBLAS_CORETYPE, set before NumPy is loaded, selects the kernel. This module measures whether that kernel is correct
and faster.
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
NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}  # the processor features that the kernel needs
WITH_AVX512 = {"skylakex", "cooperlake", "sapphirerapids"}
LIMITS = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")  # the first that is set counts in OpenBLAS
USED = set[str]()  # the saved kernel, if `use_kept` has set it for this process
WORTH = 1.05  # least gain in speed to recommend another kernel: a smaller one is within the noise
REPETITIONS = 5


@dataclass(frozen=True)
class Products:
    """The matrix products of the network 784-128-10, batch 128, float32, measured in one process.

    Attributes:
        python, numpy: versions.   library, version, kernel, threads: of the BLAS that NumPy uses ("" if unknown).
        gflops: floating-point operations per second, in units of 10^9.
        right: whether the results agree with float64 within the bound of rounding errors.
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
    """The results of the measurements.

    Attributes:
        processor, cores: of this machine.   has_avx512: whether the processor has the features that the kernel needs.
        now: with the current kernel.   better: with the other kernel; None if it was not tried.
    """

    processor: str
    cores: int
    has_avx512: bool
    now: Products
    better: Products | None

    @property
    def gain(self) -> float:
        """The speed of the other kernel divided by that of the current one; 1 without another correct kernel."""
        return self.better.gflops / self.now.gflops if self.better and self.better.right else 1.0

    @property
    def advice(self) -> list[str]:
        """Advice for the user, one sentence per item."""
        lines = []
        now = self.now
        if not now.right:
            lines.append("The products are WRONG beyond rounding: install another build of NumPy.")
        if self.gain >= WORTH:
            lines.append(
                f"Set {VARIABLE}={KERNEL} before Python starts: the products become {self.gain:.2f} times as fast. "
                "For the command line alone, `glassnet doctor --keep` does it."
            )
        elif now.library != "openblas":
            lines.append(f"NumPy uses {now.library or 'an unknown BLAS'}; glassnet cannot choose a kernel for it.")
        elif now.kernel.lower() in WITH_AVX512:
            lines.append("Your NumPy already uses a kernel for AVX-512: nothing to gain.")
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
    """Measure the products with the current kernel, and with the other one if the processor allows it.

    This takes a few seconds.

    Args:
        progress: called with the number of finished measurements and the total number.
    """
    supported = has_avx512()
    first = measure()
    tried = supported and first.library == "openblas" and first.kernel.lower() not in WITH_AVX512
    total = REPETITIONS * (2 if tried else 1)
    measured: dict[str, list[Products]] = {"": [first], KERNEL: []}
    for repetition in range(REPETITIONS):
        for kernel in ("", KERNEL) if tried else ("",):  # in turns, because the speed of a machine varies
            if repetition or kernel:
                measured[kernel].append(measure(kernel))
            progress(sum(map(len, measured.values())), total)
    now, better = (_typical(measured[kernel]) if measured[kernel] else None for kernel in ("", KERNEL))
    assert now
    return Diagnosis(processor(), os.cpu_count() or 1, supported, now, better)


def _typical(measured: list[Products]) -> Products:
    """One result for all: the median speed, and correct only if all are correct."""
    combined = {"gflops": median(p.gflops for p in measured), "right": all(p.right for p in measured)}
    return Products(**(asdict(measured[0]) | combined))


def measure(kernel: str = "") -> Products:
    """Measure the products in a new process, with this kernel, or with the one that the user's programs would get.

    Raises:
        InputError: the process fails although no kernel was named.
    """
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE or not USED}
    if kernel:
        environment[VARIABLE] = kernel
    command = [sys.executable, "-P", "-m", "glassnet.doctor"]  # -P: import nothing from the current folder
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode and not kernel:
        from glassnet.nn.errors import InputError

        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InputError(f"the matrix products cannot be measured here: {reason}")
    if done.returncode:  # a signal ends the process if the processor cannot run the kernel
        return Products(platform.python_version(), "", "", "", kernel, 0, 0.0, False)
    return Products(**json.loads(done.stdout))


def compute() -> Products:
    """Measure the products in this process."""
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
    correct = all(
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
        correct,
    )


def processor() -> str:
    """The model name of this machine's processor."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def has_avx512() -> bool:
    """Whether the processor has every feature that the kernel needs, according to the system."""
    return set(_cpuinfo("flags").split()) >= NEEDED


def _cpuinfo(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


# The saved kernel for the command line. It is used only with the same processor and the same version of NumPy.


def kept_path() -> Path:
    """The file that holds the saved kernel."""
    import platformdirs

    return Path(platformdirs.user_config_dir("glassnet", appauthor=False)) / "kernel.json"


def keep(kernel: str) -> Path:
    """Let the command line use this kernel from now on."""
    path = kept_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"kernel": kernel} | _circumstances()) + "\n", encoding="utf-8")
    return path


def forget() -> bool:
    """Undo `keep`; return whether there was a saved kernel."""
    path = kept_path()
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def use_kept() -> str:
    """Set the environment variable to the saved kernel, unless it is already set; has no effect after NumPy is loaded.

    Returns:
        A message about a fault of the file, or "".
    """
    if VARIABLE in os.environ:
        return ""
    path = kept_path()
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        kernel = saved.pop("kernel")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        remedy = "`glassnet doctor --forget` removes it"
        return f"{path} is ignored, because `glassnet doctor --keep` did not write it; {remedy}"
    if kernel == KERNEL and saved == _circumstances() and has_avx512():
        os.environ[VARIABLE] = kernel
        USED.add(kernel)
    return ""


def _circumstances() -> dict[str, str]:
    return {"processor": processor(), "numpy": importlib.metadata.version("numpy")}


if __name__ == "__main__":
    print(json.dumps(asdict(compute())))
