"""A crew: workers beside this one that start, meet and end a short piece of work together.

They are processes forked from this one, which share memory that was made to be shared: the threads of one Python would
wait for each other at every call, which in a step of a third of a millisecond is too often. Where forking is not safe
(not on Linux, or while other threads run, which may hold a lock of the BLAS) they are threads.
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
LOOKS = 300  # how often a worker looks for another before it goes to sleep: for about as long as waking it takes
PATIENCE = 0.5  # seconds of sleep after which it looks whether the other still lives


# Threads of these packages draw and listen, and never compute: forking beside them is safe.
HARMLESS = ("rich.", "tqdm.", "ipykernel.", "IPython.")


class WorkerError(RuntimeError):
    """Workers cannot start or go on; if one has failed, the message holds the end of its traceback."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def may_fork() -> bool:
    """Whether forking is safe here and now."""
    others = (thread for thread in threading.enumerate() if thread is not threading.current_thread())
    return FORKS and all(type(thread).__module__.startswith(HARMLESS) for thread in others)


def shared(shape: Shape, dtype: DTypeLike) -> Array:
    """An array that processes forked later will share with this one."""
    dtype = np.dtype(dtype)
    return np.frombuffer(mmap.mmap(-1, max(math.prod(shape) * dtype.itemsize, 1)), dtype, math.prod(shape)).reshape(
        shape
    )


def moved(vector: Array) -> Array:
    """A copy in shared memory."""
    copy = shared(vector.shape, vector.dtype)
    np.copyto(copy, vector)
    return copy


class Crew:
    """So many workers: number 0 is who made the crew, and leads.

    Who waits looks around for a while before going to sleep, for in a short piece of work the others are there at once,
    and waking up takes longer than the wait.
    """

    def __init__(self, size: int) -> None:
        import multiprocessing

        self.size, self.forks = size, may_fork()
        self.context: Any = multiprocessing.get_context("fork" if self.forks else None)
        self.arrived = self.context.Semaphore(0)
        self.called = [self.context.Semaphore(0) for _ in range(size)]
        self.stopping, self.failing = memoryview(mmap.mmap(-1, 1)), memoryview(mmap.mmap(-1, 1))
        self.reader, self.writer = self.context.Pipe(duplex=False)
        self.leader = os.getpid()
        self.others: list[Any] = []

    @classmethod
    def of(cls, size: int) -> "Crew | None":
        """A crew, or None where there can be none: in a process that serves another as a daemon, or without semaphores.

        What a crew computes one worker can compute alone, only slower.
        """
        import multiprocessing

        if multiprocessing.current_process().daemon:
            return None
        try:
            return cls(size)
        except (ImportError, OSError):
            return None

    def start(self, work: Callable[[int], None]) -> None:
        """Start the other workers; each does work(number) whenever it is told to go.

        Raises:
            WorkerError: the system refuses to start another.
        """
        make = self.context.Process if self.forks else threading.Thread
        with warnings.catch_warnings():
            # Python warns of forking beside threads; the children touch nothing that a thread could have locked.
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
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the leader's affair
            if callable(signal.getsignal(signal.SIGTERM)):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as is SIGTERM, where the leader answers to it
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                while True:
                    self._wait(self.called[number])
                    work(number)
                    self.arrived.release()
        except _StoppedError:
            pass
        except BaseException:  # whatever it is, the leader must hear of it, or it would wait for ever
            self.writer.send_bytes(traceback.format_exc()[-2000:].encode()[-2000:])  # a pipe does not hold much more
            self.failing[0] = 1
            self.arrived.release()

    def go(self) -> None:
        """Let all others do their work once."""
        for semaphore in self.called[1:]:
            semaphore.release()

    def gather(self) -> None:
        """Wait until all others have come so far.

        Raises:
            WorkerError: one of them has failed.
        """
        for _ in self.others:
            self._wait(self.arrived)
        if self.failing[0]:
            raise WorkerError(f"a worker has failed:\n{self.reader.recv_bytes().decode(errors='replace')}")

    def meet(self, number: int) -> None:
        """Within the work: wait until all have come so far."""
        if number == 0:
            self.gather()
            self.go()
        else:
            self.arrived.release()
            self._wait(self.called[number])

    def stop(self) -> None:
        """End all others, wherever they are."""
        self.stopping[0] = 1
        self.go()
        self.go()
        try:
            for other in self.others:
                other.join(10 * PATIENCE)
        finally:  # also when interrupted: nobody stays behind
            for other in self.others if self.forks else []:
                other.kill()
                other.join()
                other.close()
            self.reader.close()
            self.writer.close()

    def _wait(self, semaphore: Any) -> None:
        for _ in range(LOOKS if self.forks else 0):
            if semaphore.acquire(False):
                break
            os.sched_yield()
        else:
            while not semaphore.acquire(True, PATIENCE):
                self._look_after_the_others()
        if self.stopping[0]:
            raise _StoppedError

    def _look_after_the_others(self) -> None:
        if os.getpid() != self.leader:
            if os.getppid() != self.leader:
                os._exit(1)  # the leader was killed
        elif not self.failing[0] and not all(other.is_alive() for other in self.others):
            raise WorkerError("a worker was killed; perhaps this machine has too little memory")


class _StoppedError(Exception):
    """The leader wants no more."""
