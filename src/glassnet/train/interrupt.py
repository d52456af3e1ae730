"""Ctrl-C, held back until a training is between two steps."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def first_interrupt(tell: Callable[[], None]) -> Iterator[None]:
    """Meanwhile the first Ctrl-C only calls `tell`; the next one raises KeyboardInterrupt, as always.

    Where somebody else handles Ctrl-C, and in threads, which never hear of it, nothing is changed.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tell()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
