"""The error for a column that a person has to decide about, with the ways out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from glassnet.data.errors import DataError
from glassnet.nn.plain import brief


class Way(NamedTuple):
    """A way out: a setting of `load_table` that helps, the value that it takes, and when it is the right one."""

    setting: str
    value: Any
    when: str = ""


class UndecidedError(DataError):
    """A column could be one thing or another, or is of no use as it is.

    Attributes:
        reason: what is the matter, in one line.   ways: what can be done; the command line names them as its options.
    """

    def __init__(self, reason: str, *ways: Way) -> None:
        said = [f"{brief(f'{way.setting}={way.value!r}')}{f' {way.when}' if way.when else ''}" for way in ways]
        super().__init__(ways_out(reason, said))
        self.reason, self.ways = reason, ways


def ways_out(reason: str, ways: Sequence[str]) -> str:
    """What is the matter and, if there are any, the ways out."""
    return f"{reason}; use {', or '.join(ways)}" if ways else reason
