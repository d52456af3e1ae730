"""What is said when something goes wrong: to the person who asked, and in the terminal."""

import sys
import traceback
from pathlib import Path

from glassnet.nn.plain import brief, plain


def problem_of(error: Exception, doing: str) -> str:
    """One line for the person. What is not the person's to mend is a fault of glassnet, and told to the terminal too.

    Args:
        doing: what was asked, for the terminal.
    """
    if isinstance(error, ValueError) and type(error).__module__.startswith("glassnet."):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "this needs more memory than there is"
    return f"this is a fault of glassnet: {tell_terminal(error, doing)}"


def tell_terminal(error: Exception, doing: str) -> str:
    """Print a fault as one line; it is given back without the place."""
    what = f"{type(error).__name__}: {brief(error)}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    print(f"fault of glassnet in {plain(doing)}: {what}{where}", file=sys.stderr, flush=True)
    return what
