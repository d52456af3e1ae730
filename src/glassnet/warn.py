"""Warnings that name the user's line of code, from any depth in the package."""

import sys
import warnings


def warn(message: str) -> None:
    """Warn; the warning names the innermost calling line outside of this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("glassnet."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
