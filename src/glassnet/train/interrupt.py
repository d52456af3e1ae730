"""Ctrl-C, held back until a training is between two steps."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # the second where a program answers to it as to Ctrl-C


@contextmanager
def first_interrupt(tell: Callable[[], None]) -> Iterator[None]:
    """Meanwhile the first signal that would raise KeyboardInterrupt only calls `tell`; the next one raises it.

    Nothing is changed in threads, which never hear of signals, and for signals that no handler in Python answers.
    """
    main = threading.current_thread() is threading.main_thread()
    before = {int(number): signal.getsignal(number) for number in SIGNALS} if main else {}

    def restore() -> None:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)

    def first(number: int, frame: FrameType | None) -> None:
        handler = before[number]
        assert callable(handler)
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            restore()
            tell()

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, first)
    try:
        yield
    finally:
        restore()
