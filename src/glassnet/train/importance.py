"""Permutation importance: how much worse a network gets when one column of a table is shuffled.

importance of a column = metric - mean over the repeats of the metric with the cells of this column shuffled

The metric is ROC AUC for two classes, accuracy for more classes, and R2 for numbers. All inputs made from a column are
shuffled together, because they come from one cell. A column that the network does not need has an importance of about
0. If two columns carry the same information, both may have about 0.

Reference: Breiman 2001, "Random forests", section 10.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from glassnet.nn.array import Array
from glassnet.train.metrics import Evaluation
from glassnet.train.regression import RegressionEvaluation

REPEATS = 5
MOST_NUMBERS = 1 << 28  # the total of input numbers for the network: some seconds
FEWEST_ROWS = 100


class Importance(NamedTuple):
    """The importance of one column: mean and sample standard deviation over the repeats."""

    column: str
    mean: float
    deviation: float


def permutation_importance(
    measure: Callable[[tuple[Array, Array]], Evaluation | RegressionEvaluation],
    data: tuple[Array, Array],
    columns: Sequence[tuple[str, int]],
    *,
    repeats: int = REPEATS,
    seed: int = 0,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> list[Importance]:
    """The importance of each column, the most important first; empty if the metric is not defined.

    Args:
        measure: the results of the network on inputs and targets.
        data: inputs (N, D) and targets (N,); if all columns take more than 2**28 numbers, fewer rows are drawn.
        columns: the name of each column, and its number of inputs, in their order.
        seed: of the shuffles, which are the same for all columns.
        progress: called with a description, the number of columns done, and the number of all.
    """
    # NumPy promises not to change these numbers. They are drawn as scikit-learn draws them, so both shuffle alike.
    drawn = np.random.RandomState(np.random.RandomState(seed).randint(2**31))
    x, y = data
    most = max(MOST_NUMBERS // (len(columns) * repeats * x.shape[1]), FEWEST_ROWS)
    if len(x) > most:
        chosen = np.sort(np.random.RandomState(seed).permutation(len(x))[:most])
        x, y = x[chosen], y[chosen]
    order, shuffle, orders = np.arange(len(x)), np.arange(len(x)), []
    for _ in range(repeats):
        drawn.shuffle(shuffle)
        order = order[shuffle]
        orders.append(order)
    whole, found, start = measure((x, y)).score, [], 0
    if not np.isfinite(whole):
        return []
    shuffled = x.copy()
    for done, (name, width) in enumerate(columns):
        if progress:
            progress("shuffling columns", done, len(columns))
        part = slice(start, start + width)
        worse = []
        for order in orders:
            shuffled[:, part] = x[order, part]
            worse.append(whole - measure((shuffled, y)).score)
        shuffled[:, part] = x[:, part]
        found.append(Importance(name, float(np.mean(worse)), float(np.std(worse, ddof=1))))
        start += width
    return sorted(found, key=lambda one: -one.mean)
