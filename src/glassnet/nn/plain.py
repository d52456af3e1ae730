"""Plain text: names and values from outside, in a form that is safe in messages and terminals.

The name of a class may contain codes that clear a terminal, and a file may contain a million numbers where one is
expected. A message about them must be one line that a person can read.
"""

import difflib
import math
from collections.abc import Iterable, Sequence
from typing import Any
from unicodedata import category

from glassnet.nn.errors import require

OBEYED = ("Cc", "Cs", "Zl", "Zp")  # the categories of Unicode that `plain` escapes
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
LONGEST = 200  # characters of a value in a message
LONGEST_CLASS = 1000  # characters in the name of a class
MOST_KNOWN = 10  # names that a message lists


def plain(text: str) -> str:
    """The text as one line without control characters: they are escaped, as \\x1b or \\n.

    Line ends, halves of surrogate pairs, and marks that change the direction of text are escaped, too.
    """
    if text.isprintable():
        return text
    return "".join(c.encode("unicode_escape").decode() if c in TURNING or category(c) in OBEYED else c for c in text)


def shown(value: Any) -> str:
    """A value for a message: its repr, shortened if it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of more than 4,300 digits; lists in lists in lists
        return f"a {type(value).__name__} too large to be shown"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def brief(what: object, most: int = LONGEST) -> str:
    """The content of a file, or the message of a library, for a message: plain, printable, and shortened."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain(str(what)))
    return text if len(text) <= most else f"{text[:most]}..."


def cited(cell: str) -> str:
    """A cell of a table for a message: in quotes, plain, and shortened."""
    return brief(repr(cell), 40)


def finite(value: Any) -> Any:
    """The same plain values with None in place of numbers that are not finite, because JSON has no form for them."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name with the most similar spelling; None if there is none."""
    lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name[:LONGEST].lower(), lower, n=1)
    return lower[close[0]] if close else None


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the closest known one, or the first ten."""
    known = sorted(known)
    if not known:
        return "there are none"
    if (close := closest(name, known)) is not None:
        return f"did you mean {brief(repr(close))}?"
    more = ", ..." if len(known) > MOST_KNOWN else ""
    return f"known: {brief(', '.join(known[:MOST_KNOWN]))}{more}"


def number_of(count: int, what: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def check_class_names(names: Sequence[str] | None, classes: int) -> None:
    """Raise InputError unless there are no names, or one for each of the classes, of at most 1,000 characters.

    The names are stored unchanged, and made plain when they are shown.
    """
    fits = names is None or len(names) == classes
    require(fits, f"classes: expected {classes} names, got {shown(names)}")
    for name in names or ():
        require(
            len(name) <= LONGEST_CLASS,
            f"classes: expected names of at most {LONGEST_CLASS:,} characters, got {shown(name)}",
        )
