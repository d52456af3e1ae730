"""Lets as many trainings compute at once as there are processors."""

from typing import Protocol

from glassnet.nn.threads import processors


class Waiting(Protocol):
    """What may wait for a slot."""

    def moved_up(self) -> None:
        """Called when those before it in the line have become fewer."""


class Slots:
    """Lets as many trainings compute at once as there are processors; the others wait in order.

    Args:
        count: how many compute at once; by default one for each processor.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = processors() if count is None else count
        self.line: list[Waiting] = []  # the first `count` compute

    def join(self, training: Waiting) -> None:
        """Put a training at the end of the line, if it is not in it."""
        if training not in self.line:
            self.line.append(training)

    def leave(self, training: Waiting) -> None:
        """Take a training out of the line, and let those behind it move up."""
        if training in self.line:
            behind = self.line[self.line.index(training) + 1 :]
            self.line.remove(training)
            for other in behind:
                other.moved_up()

    def place(self, training: Waiting) -> int:
        """The place of a training among those that wait, from 1; 0 if it does not wait."""
        return max(self.line.index(training) - self.count + 1, 0) if training in self.line else 0
