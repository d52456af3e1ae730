"""Warnings that name the line of the person who called, however deep in the package they arise."""

import sys
import warnings


def warn(message: str) -> None:
    """Warn, as of the first line outside of this package on the way to here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("glassnet."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
