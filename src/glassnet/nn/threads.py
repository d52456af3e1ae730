"""Processors, and the threads of a matrix product."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Single:
    """A context in which each matrix product of this process takes one thread; several may be open at once."""

    def __init__(self) -> None:
        self.lock, self.open = threading.Lock(), 0
        self.limit: Any = None

    def __enter__(self) -> None:
        with self.lock:
            if not self.open:
                self.limit = controller().limit(limits=1, user_api="blas")
            self.open += 1

    def __exit__(self, *raised: object) -> None:
        with self.lock:
            self.open -= 1
            if not self.open:
                self.limit.restore_original_limits()


single = Single()


@cache
def controller() -> Any:
    """What sets the threads of the BLAS; to find it takes half a millisecond, to use it a few microseconds."""
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


@contextmanager
def matrix_threads(count: int | None) -> Iterator[None]:
    """Limit each matrix product to this number of threads; None changes nothing."""
    if count is None:
        yield
        return
    with controller().limit(limits=count, user_api="blas"):
        yield
