"""The error for a column that a person has to decide about, with the ways out."""

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
        between = ", or " if any(way.when for way in ways) else " or "
        said = between.join(
            f"{brief(f'{way.setting}={way.value!r}')}{f' {way.when}' if way.when else ''}" for way in ways
        )
        super().__init__(f"{reason}: {said}" if ways else reason)
        self.reason, self.ways = reason, ways
