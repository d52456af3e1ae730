"""Processors, and the threads of a matrix product.

The BLAS has one number of threads for the whole process. So all requests for a number are kept in one place, and no
request undoes another.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class MatrixThreads:
    """The current requests for a number of threads; without any, the BLAS has its original number."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fixed: list[int] = []  # from trainings, whose arithmetic depends on the number: these have priority
        self.single = 0  # the number of running predictions that make their own threads
        self.original: list[int] = []

    def change(self, *, fix: int | None = None, free: int | None = None, single: int = 0) -> None:
        """Add or remove requests, and set the BLAS accordingly."""
        with self.lock:
            if not (self.fixed or self.single):
                self.original = [library.num_threads for library in libraries()]
            self.fixed += [] if fix is None else [fix]
            if free is not None:
                self.fixed.remove(free)
            self.single += single
            for library, original in zip(libraries(), self.original, strict=True):
                library.set_num_threads(min(self.fixed) if self.fixed else 1 if self.single else original)

    def after_fork(self) -> None:
        """In the child: there is no other thread that could hold the lock."""
        self.lock, self.single = threading.Lock(), 0


threads = MatrixThreads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=threads.after_fork)


@contextmanager
def matrix_threads(count: int | None) -> Iterator[None]:
    """Use this number of threads for each matrix product; with None, the current number."""
    held = max((library.num_threads for library in libraries()), default=1) if count is None else count
    threads.change(fix=held)
    try:
        yield
    finally:
        threads.change(free=held)


@contextmanager
def single() -> Iterator[None]:
    """Use one thread for each matrix product, unless a training has requested another number."""
    threads.change(single=1)
    try:
        yield
    finally:
        threads.change(single=-1)


@cache
def libraries() -> list[Any]:
    """The controllers of the BLAS threads; to find them takes half a millisecond, to use them microseconds."""
    import threadpoolctl

    found: list[Any] = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
    return found
