"""A crew: several workers that start, synchronise and finish a short piece of work together.

The workers are processes forked from this one, with shared memory. Threads of one Python would wait for each other at
every call, which takes too long in a step of a third of a millisecond. If forking is not safe (not on Linux, or while
other threads run, which may hold a lock of the BLAS), the workers are threads.
"""

import math
import mmap
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from glassnet.nn.array import Array, Shape

FORKS = sys.platform == "linux"
POLLS = 300  # number of polls of a waiting worker before it sleeps; they take about as long as waking up
PATIENCE = 0.5  # seconds of sleep after which a worker checks that the others are still alive


# Threads of these packages only draw and listen, so forking while they run is safe.
HARMLESS = ("rich.", "tqdm.", "ipykernel.", "IPython.")


class WorkerError(RuntimeError):
    """Workers cannot start or continue; if one has failed, the message holds the end of its traceback."""


class WorkerMemoryError(WorkerError, MemoryError):
    """Workers cannot start, because this machine has too little memory for what they share."""


def may_fork() -> bool:
    """Whether forking is safe here and now."""
    others = (thread for thread in threading.enumerate() if thread is not threading.current_thread())
    return FORKS and all(type(thread).__module__.startswith(HARMLESS) for thread in others)


def shared(shape: Shape, dtype: DTypeLike) -> Array:
    """An array that this process shares with processes forked later."""
    dtype = np.dtype(dtype)
    return np.frombuffer(mmap.mmap(-1, max(math.prod(shape) * dtype.itemsize, 1)), dtype, math.prod(shape)).reshape(
        shape
    )


def shared_copy(vector: Array) -> Array:
    """A copy of the vector in shared memory."""
    copy = shared(vector.shape, vector.dtype)
    np.copyto(copy, vector)
    return copy


class Crew:
    """A fixed number of workers. Worker 0 is the process that made the crew; it leads the others.

    A waiting worker first polls for a while and only then sleeps: in a short piece of work the others arrive soon, and
    waking up would take longer than the wait.
    """

    def __init__(self, size: int, *, forks: bool = True) -> None:
        import multiprocessing

        self.size, self.forks = size, forks and may_fork()
        self.context: Any = multiprocessing.get_context("fork" if self.forks else None)
        self.arrived = self.context.Semaphore(0)
        self.called = [self.context.Semaphore(0) for _ in range(size)]
        self.stopping, self.failing = memoryview(mmap.mmap(-1, 1)), memoryview(mmap.mmap(-1, 1))
        self.reader, self.writer = self.context.Pipe(duplex=False)
        self.leader = os.getpid()
        self.others: list[Any] = []

    @classmethod
    def of(cls, size: int, *, forks: bool = True) -> "Crew | None":
        """A crew, or None if the system does not allow one: in a daemon process, or without semaphores.

        Then one worker can compute the same, only slower.
        """
        import multiprocessing

        if multiprocessing.current_process().daemon:
            return None
        try:
            return cls(size, forks=forks)
        except (ImportError, OSError):
            return None

    def start(self, work: Callable[[int], None]) -> None:
        """Start the other workers; each calls work(number) when `go` is called.

        Raises:
            WorkerError: the system refuses to start another worker.
        """
        make = self.context.Process if self.forks else threading.Thread
        with warnings.catch_warnings():
            # Python warns of forking while threads run; the children use nothing that a thread could have locked.
            warnings.simplefilter("ignore", DeprecationWarning)
            for number in range(1, self.size):
                other = make(target=self._serve, args=(work, number), daemon=True)
                try:
                    other.start()
                except (OSError, RuntimeError) as error:
                    raise WorkerError(f"another worker could not be started ({error}); use fewer workers") from None
                self.others.append(other)

    def _serve(self, work: Callable[[int], None], number: int) -> None:
        if self.forks:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the leader handles Ctrl-C
            if callable(signal.getsignal(signal.SIGTERM)):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # and SIGTERM, if it has a handler for it
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                while True:
                    self._wait(self.called[number])
                    work(number)
                    self.arrived.release()
        except _StoppedError:
            pass
        except BaseException:  # the leader must learn of any error, or it would wait for ever
            self.writer.send_bytes(traceback.format_exc()[-2000:].encode()[-2000:])  # a pipe holds little more
            self.failing[0] = 1
            self.arrived.release()

    def go(self) -> None:
        """Let all other workers do their work once."""
        for semaphore in self.called[1:]:
            semaphore.release()

    def gather(self) -> None:
        """Wait until all other workers have arrived.

        Raises:
            WorkerError: one of them has failed.
        """
        for _ in self.others:
            self._wait(self.arrived)
        if self.failing[0]:
            raise WorkerError(f"a worker has failed:\n{self.reader.recv_bytes().decode(errors='replace')}")

    def meet(self, number: int) -> None:
        """Called within the work: wait until all workers have arrived here."""
        if number == 0:
            self.gather()
            self.go()
        else:
            self.arrived.release()
            self._wait(self.called[number])

    def stop(self) -> None:
        """End all other workers, even in the middle of their work."""
        self.stopping[0] = 1
        self.go()
        self.go()
        try:
            for other in self.others:
                other.join(10 * PATIENCE)
        finally:  # also after an interrupt, so that no process is left running
            for other in self.others if self.forks else []:
                other.kill()
                other.join()
                other.close()
            self.reader.close()
            self.writer.close()

    def _wait(self, semaphore: Any) -> None:
        for _ in range(POLLS if self.forks else 0):
            if semaphore.acquire(False):
                break
            if sys.platform == "linux":  # always true if workers are forked
                os.sched_yield()
        else:
            while not semaphore.acquire(True, PATIENCE):
                self._check_others()
        if self.stopping[0]:
            raise _StoppedError

    def _check_others(self) -> None:
        """Leader: raise WorkerError if a worker was killed. Other workers: exit if the leader was killed."""
        if os.getpid() != self.leader:
            if os.getppid() != self.leader:
                os._exit(1)
        elif not self.failing[0] and not all(other.is_alive() for other in self.others):
            raise WorkerError("a worker was killed; perhaps this machine has too little memory")


class _StoppedError(Exception):
    """The leader has stopped the crew."""
