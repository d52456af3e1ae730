"""Baselines and column importance of a network that learned from a table, as plain values."""

from collections.abc import Callable
from typing import Any

from glassnet.data.dataset import Dataset
from glassnet.data.files import Progress
from glassnet.nn.array import Array
from glassnet.tables.schema import Schema
from glassnet.train.baseline import constant, linear
from glassnet.train.importance import permutation_importance
from glassnet.train.metrics import Evaluation
from glassnet.train.regression import RegressionEvaluation

Measure = Callable[[tuple[Array, Array]], Evaluation | RegressionEvaluation]


def baselines(
    data: tuple[Array, Array], schema: Schema, usual: float | None, dataset: Dataset | None
) -> list[dict[str, Any]]:
    """The metrics of simpler ways to predict these targets.

    Args:
        data: inputs and targets that the network was measured on.
        usual: the largest class or the mean of the training examples, the answer of the simplest way; None if it is not
            known.
        dataset: what a linear model learns from; None if it is not at hand.
    """
    classes = schema.target.categories
    found = [] if usual is None else [constant(usual, data[1], classes)]
    found += [] if dataset is None else linear(dataset, data)
    return [{"name": one.name, **one.figures} for one in found]


def importance(
    data: tuple[Array, Array], schema: Schema, measure: Measure, *, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """How important each column is, the most important first, as `permutation_importance`."""
    columns = [(column.name, len(column.inputs)) for column in schema.inputs]
    return [one._asdict() for one in permutation_importance(measure, data, columns, progress=progress)]
