"""The process of a training, as the server holds it: it is started, told commands, heard, and ended."""

import asyncio
import atexit
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker

import numpy as np

from glassnet.experiments.setup import Setup
from glassnet.nn.network import Network
from glassnet.page.trained import Command, Failure, Frame, serve

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as Connection
else:
    from multiprocessing.connection import Connection

# Seconds that a process gets to end: by itself, after SIGTERM, after SIGKILL.
SECONDS = (0.5, 0.4, 0.4)
OPEN: set[Connection] = set()  # the pipes of all processes

Heard = Callable[["Process", Frame | Failure | None, Network | None], None]


class Process:
    """A process that trains, and the thread that reads what it sends.

    Args:
        setup: what it trains.   network: that it begins with; for each frame a copy with its weights is made.
        heard: is called in the event loop with this process and each message; with None, when it has ended.
    """

    def __init__(self, setup: Setup, network: Network, heard: Heard) -> None:
        self.heard, self.loop = heard, asyncio.get_running_loop()
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        OPEN.add(self.pipe)
        # It is no daemon, because those may not have workers. So at exit Python waits for it; it ends with its pipe.
        name = f"training of {setup.recipe.name}"
        self.process = context.Process(target=serve, args=(theirs, setup), name=name, daemon=False)
        with _without_ctrl_c():
            self.process.start()
        theirs.close()
        self.reader = threading.Thread(target=self._read, args=(network,), daemon=True)
        self.reader.start()

    def send(self, command: Command) -> None:
        """Tell it a command; if it has ended, its reader says so."""
        with suppress(OSError):
            self.pipe.send(command)

    def end(self) -> None:
        """Ask it to end, and wait; terminate and kill it if that takes too long."""
        self.send(Command(0, "end"))
        self.process.join(SECONDS[0])
        for stop, seconds in ((self.process.terminate, SECONDS[1]), (self.process.kill, SECONDS[2])):
            if self.process.is_alive():
                stop()
                self.process.join(seconds)
        _hang_up(self.pipe)  # its workers may hold its end a moment longer, and the reader would wait for them
        self.reader.join(SECONDS[2])
        self._put_away()

    def why_ended(self, failure: Failure | None) -> str:
        """Why it has ended by itself, after this last message."""
        self._put_away()
        if failure:
            return failure.problem
        if sys.platform != "win32" and self.process.exitcode == -signal.SIGKILL:
            return "it was killed; perhaps this machine has too little memory"
        return f"exit code {self.process.exitcode}"

    def _read(self, network: Network) -> None:
        """Read messages until the pipe ends; for each frame make a network. Runs in a thread."""
        message: Frame | Failure | None = None
        with suppress(RuntimeError):  # the event loop has ended
            try:
                while isinstance(message := self.pipe.recv(), Frame):
                    network = network.copy()
                    np.copyto(network.theta, message.theta)
                    np.copyto(network.buffers, message.buffers)
                    self.loop.call_soon_threadsafe(self.heard, self, message, network)
            except (EOFError, OSError):
                message = None
            self.process.join(SECONDS[0])  # so that its exit code is known
            self.loop.call_soon_threadsafe(self.heard, self, message, None)

    def _put_away(self) -> None:
        OPEN.discard(self.pipe)
        self.pipe.close()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """A process that is started here is never interrupted by Ctrl-C in its terminal, not even while it imports."""
    if sys.platform == "win32":  # it cannot be held back there; the process ignores it once it has begun
        yield
    else:
        resource_tracker.ensure_running()  # the first start would, and let Ctrl-C through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hang_up(pipe: Connection) -> None:
    """End the traffic in a pipe, so that readers at both of its ends come to its end."""
    if sys.platform != "win32":  # there it is no socket, and no forked worker holds its end
        with suppress(OSError), socket.socket(fileno=os.dup(pipe.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)


@atexit.register
def _hang_up_all() -> None:
    for pipe in list(OPEN):
        _hang_up(pipe)
