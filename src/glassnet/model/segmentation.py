"""How a row of ink falls into digits: the paths of least cost through its candidates.

A path goes from the left end of a row to its right end, and takes one candidate after the other as a digit. It costs
little where the network is sure of a digit, and much where it sees none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.network import Network
from glassnet.reading.cuts import Candidate
from glassnet.reading.rows import Row
from glassnet.reading.views import evidence

# All costs are in nats.
NO_DIGIT = 12.0  # the cost of a candidate that cannot be a digit, and the most that one costs
LEAVE_OUT = 4.0  # the cost of a small part that is left out
MARK = 0.2  # the cost of a decimal point, a minus sign or a speck
EACH = 0.05  # the cost of one digit more
GAP = 6.0  # the cost of a gap within a digit that is as wide as digits are high
CUT = 0.6  # the cost of each cut end of a digit: connected ink is mostly one digit
SPREAD = 0.8  # of evidence around the threshold, in which a digit becomes likely: the scale of a logistic function
LABELS = 2  # the number of most probable labels that are tried for each candidate
KEPT = 12  # the number of paths with different texts that are kept at each part


class Choice(NamedTuple):
    """What a path takes next.

    Attributes:
        candidate: its number, or -1 - k for the mark that part k is.   sign: what it reads.
    """

    candidate: int
    sign: str


@dataclass(frozen=True, eq=False)
class Path:
    """A path through a row, up to some part of it.

    Attributes:
        cost: the sum of the costs of its choices.   text: what it reads.
        last: its last choice.   before: the path without it; both None at the beginning of the row.
    """

    cost: float = 0.0
    text: str = ""
    last: Choice | None = None
    before: "Path | None" = None

    @property
    def choices(self) -> list[Choice]:
        """All its choices, from left to right."""
        choices: list[Choice] = []
        path: Path | None = self
        while path and path.last:
            choices.append(path.last)
            path = path.before
        return choices[::-1]


Costs = list[list[tuple[str, float]]]  # of each candidate: what it could be, and the cost


def best_paths(row: Row, costs: Costs) -> list[Path]:
    """The paths of least cost with different texts, from the left end of a row to its right end, the best first."""
    choices = _choices(row, costs)
    upto: list[dict[str, Path]] = [{} for _ in range(row.parts + 1)]
    upto[0][""] = Path()
    for part in range(row.parts):
        for path in _best(upto[part]):
            for past, choice, cost in choices[part]:
                longer = Path(path.cost + cost, path.text + choice.sign, choice, path)
                known = upto[past].get(longer.text)
                if known is None or longer.cost < known.cost:
                    upto[past][longer.text] = longer
        upto[part].clear()  # of a long row, all texts together would need much memory
    return _best(upto[-1])


def _best(paths: dict[str, Path]) -> list[Path]:
    return sorted(paths.values(), key=lambda path: path.cost)[:KEPT]


def _choices(row: Row, costs: Costs) -> list[list[tuple[int, Choice, float]]]:
    """The choices that begin at each part: the part past it, the choice, and its cost."""
    choices: list[list[tuple[int, Choice, float]]] = [[] for _ in range(row.parts)]
    for k, candidate in enumerate(row.candidates):
        choices[candidate.first] += [(candidate.past, Choice(k, label), cost) for label, cost in costs[k]]
    for k, mark in row.marks.items():
        choices[k].append((k + 1, Choice(-1 - k, mark.sign), MARK if mark.sign or mark.speck else LEAVE_OUT))
    return choices


def costs_of(network: Network, rows: list[Row]) -> list[Costs]:
    """The cost of each candidate of each row as each digit it could be; all are shown to the network at once.

    With the probability p of the digit, the evidence e and the threshold t, that is

        -log p - log sigmoid((e - t) / SPREAD) + EACH + GAP gap + CUT cuts
    """
    images = [candidate.image for row in rows for candidate in row.candidates if candidate.image is not None]
    likely = iter(_label_costs(network, np.stack(images)) if images else ())
    return [[_costs(candidate, likely) for candidate in row.candidates] for row in rows]


def _costs(candidate: Candidate, likely: Iterator[list[tuple[str, float]]]) -> list[tuple[str, float]]:
    if candidate.image is None:
        return [("?", NO_DIGIT)]
    more = GAP * candidate.gap + CUT * candidate.cuts
    return [(label, min(cost + more, NO_DIGIT)) for label, cost in next(likely)]


def _label_costs(network: Network, images: Array) -> Iterator[list[tuple[str, float]]]:
    """The most probable digits of each image (N, H, W), and their costs."""
    p = network.loss.by_class(network.predict_proba(images))
    no_digit = np.logaddexp(0, (network.threshold - evidence(p)) / SPREAD)
    for probabilities, cost in zip(p, EACH + no_digit, strict=True):
        first = np.argsort(-probabilities)[:LABELS]
        yield [(network.class_names[k], float(cost - np.log(probabilities[k] + 1e-12))) for k in first]
