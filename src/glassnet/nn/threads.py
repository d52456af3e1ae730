"""Processors, and the threads of a matrix product.

The BLAS has one number of threads for the whole process. So those who want one are held in one place, and none undoes
what another has set.
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
    """The numbers of threads that are wanted now; without any the BLAS has the number that it began with."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fixed: list[int] = []  # by trainings, whose arithmetic depends on it: these come first
        self.single = 0  # how many predictions run that make threads of their own
        self.original: list[int] = []

    def change(self, *, fix: int | None = None, free: int | None = None, single: int = 0) -> None:
        """Add or remove wishes, and let the BLAS have what they ask for."""
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
        """In the child: no other thread is left that could hold the lock."""
        self.lock, self.single = threading.Lock(), 0


threads = MatrixThreads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=threads.after_fork)


@contextmanager
def matrix_threads(count: int | None) -> Iterator[None]:
    """Hold each matrix product to this number of threads; with None to the present one."""
    held = max((library.num_threads for library in libraries()), default=1) if count is None else count
    threads.change(fix=held)
    try:
        yield
    finally:
        threads.change(free=held)


@contextmanager
def single() -> Iterator[None]:
    """One thread for each matrix product, unless a training holds another number."""
    threads.change(single=1)
    try:
        yield
    finally:
        threads.change(single=-1)


@cache
def libraries() -> list[Any]:
    """What sets the threads of the BLAS; to find it takes half a millisecond, to use it microseconds."""
    import threadpoolctl

    found: list[Any] = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
    return found
