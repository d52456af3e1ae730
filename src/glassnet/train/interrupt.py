"""Delays Ctrl-C until a training is between two steps."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # SIGTERM matters only in a program that handles it like Ctrl-C


@contextmanager
def first_interrupt(notify: Callable[[], None]) -> Iterator[None]:
    """Inside, the first signal that would raise KeyboardInterrupt only calls `notify`; the next one raises it.

    This does nothing in threads other than the main one, because they never receive signals, and nothing for signals
    that have no handler in Python.
    """
    main = threading.current_thread() is threading.main_thread()
    handlers = {int(number): signal.getsignal(number) for number in SIGNALS} if main else {}

    def restore() -> None:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)

    def on_first_signal(number: int, frame: FrameType | None) -> None:
        handler = handlers[number]
        assert callable(handler)
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            restore()
            notify()

    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, on_first_signal)
    try:
        yield
    finally:
        restore()
