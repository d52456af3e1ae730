"""What a model says of one example, in one place for programs, the command line and pages."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glassnet.nn.array import Array


@dataclass(frozen=True, eq=False)
class Answer:
    """A class and how much speaks for it; or why there is no answer.

    Attributes:
        classes: their names.
        probabilities: of each class (C,), or its score where the loss makes no probabilities; None for a picture that
            the network was not shown.
        image: what the network was shown, such as a digit cleaned of its paper (28, 28); None if it was not.
        evidence: how much speaks for any class at all (`gn.evidence`); None where the loss knows none.
        problem: why the example is refused, in one line; "" for one that is not.
        probabilistic: True if `probabilities` are probabilities, False if they are scores.
    """

    classes: tuple[str, ...]
    probabilities: Array | None = None
    image: Array | None = None
    evidence: float | None = None
    problem: str = ""
    probabilistic: bool = True

    @cached_property
    def ranking(self) -> list[int]:
        """The numbers of the classes, that with the largest probability first; empty without probabilities."""
        return [] if self.probabilities is None else np.argsort(-self.probabilities, kind="stable").tolist()

    @property
    def label(self) -> str | None:
        """The most probable class; None where the example is refused."""
        return None if self.problem else self._name(0)

    @property
    def probability(self) -> float | None:
        """That of the most probable class."""
        return self._probability(0)

    @property
    def runner_up(self) -> str | None:
        """The second most probable class."""
        return self._name(1)

    @property
    def runner_up_probability(self) -> float | None:
        """That of the runner-up."""
        return self._probability(1)

    def _name(self, place: int) -> str | None:
        return self.classes[self.ranking[place]] if self.ranking else None

    def _probability(self, place: int) -> float | None:
        return None if self.probabilities is None else float(self.probabilities[self.ranking[place]])
