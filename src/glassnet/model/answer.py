"""The answer of a model to one example, for programs, the command line and pages."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.nn.array import Array


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """A class with its probability and evidence; or the reason why there is no answer.

    Attributes:
        classes: the names of the classes.
        probabilities: of each class (C,), or scores if the loss gives no probabilities; None if the picture was refused
            before it reached the network.
        image: the input of the network, such as a digit without its paper (28, 28); None if there was none.
        evidence: the evidence that the example belongs to any class (`gn.evidence`); None if the loss defines none.
        problem: why the example is refused, in one line; "" if it is not refused.
        probabilistic: True if `probabilities` are probabilities, False if they are scores.
        left_out: the steps of cleaning that were left out in this reading of a picture; none in the usual reading.
        others: what the network says of the other readings of the picture that it has looked at.
        decided: the number of the class that is said, where a threshold decided it; None where the most probable is.
    """

    classes: tuple[str, ...]
    probabilities: Array | None = None
    image: Array | None = None
    evidence: float | None = None
    problem: str = ""
    probabilistic: bool = True
    left_out: tuple[str, ...] = ()
    others: tuple["Answer", ...] = ()
    decided: int | None = None

    @cached_property
    def ranking(self) -> list[int]:
        """The numbers of the classes, first the one that is said, then by probability; empty if there is none."""
        ranked = [] if self.probabilities is None else np.argsort(-self.probabilities, kind="stable").tolist()
        return ranked if self.decided is None else sorted(ranked, key=lambda label: label != self.decided)

    @property
    def label(self) -> str | None:
        """The class that is said, mostly the most probable; None if the example is refused."""
        return None if self.problem else self._name(0)

    @property
    def probability(self) -> float | None:
        """The probability of the class that is said."""
        return self._probability(0)

    @property
    def runner_up(self) -> str | None:
        """The class that is next."""
        return self._name(1)

    @property
    def runner_up_probability(self) -> float | None:
        """The probability of the runner-up."""
        return self._probability(1)

    def to_table(self) -> dict[str, Any]:
        """The answer as plain values, for JSON: what `glassnet predict --json` prints of it.

        `label`, `probability`, `runner_up`, `runner_up_probability`, and the `probabilities` of all classes, from 0 to
        1, with six decimals; of a loss without probabilities `score`, `runner_up_score` and `scores`. `reading` holds
        what is unusual in the reading of a picture, and `problem` why it is refused. What there is not is left out.
        """
        from glassnet.reading.steps import STEPS

        problem = {"problem": self.problem} if self.problem else {}
        reading = {"reading": [STEPS[name].without for name in self.left_out]} if self.left_out else {}
        if self.probabilities is None:
            return {"label": None, **problem}
        best, second = self.ranking[:2]
        what, all_ = ("probability", "probabilities") if self.probabilistic else ("score", "scores")
        numbers = [round(float(p), 6) for p in self.probabilities]
        return {
            "label": self.label,
            what: numbers[best],
            "runner_up": self.runner_up,
            f"runner_up_{what}": numbers[second],
            all_: dict(zip(self.classes, numbers, strict=True)),
            **reading,
            **problem,
        }

    def __repr__(self) -> str:
        """The answer without its arrays, which would fill pages."""
        numbers = {"probability": self.probability, "evidence": self.evidence}
        texts = {"label": self.label, "problem": self.problem, "left_out": self.left_out}
        shown = [f"{name}={text!r}" for name, text in texts.items() if text]
        shown += [f"{name}={number:.3f}" for name, number in numbers.items() if number is not None]
        return f"Answer({', '.join(shown)})"

    def _name(self, place: int) -> str | None:
        return self.classes[self.ranking[place]] if self.ranking else None

    def _probability(self, place: int) -> float | None:
        return None if self.probabilities is None else float(self.probabilities[self.ranking[place]])
