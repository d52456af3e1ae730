"""The folds of a cross-validation: the rows of a table divided several times, so that each is tested once."""

from dataclasses import replace

import numpy as np

from glassnet.data.dataset import Dataset, Split
from glassnet.data.errors import DataError
from glassnet.data.split import stratified, tenths

LEAST_ROWS = 5  # in a fold


def divide(dataset: Dataset, folds: int) -> list[Dataset]:
    """The same table, divided anew for each fold: this fold for the test, of the others a fifth for validation.

    Each class, or tenth of the sorted targets, is divided in proportion. What replaces missing numbers is the mean of
    the rows that a fold learns from.

    Args:
        folds: at least 2; the same number always gives the same folds.

    Raises:
        DataError: fewer than five rows in a fold, or no table.
    """
    check_folds(dataset, folds)
    x, y, table, schema = dataset.train.inputs, dataset.train.targets, dataset.table, dataset.schema
    assert y is not None
    strata = y if dataset.classes else tenths(y)
    left = np.arange(len(y))
    parts = []
    for fold in range(folds):
        stay, held_out = stratified(strata[left], len(left) // (folds - fold), seed=0)
        tested, left = left[held_out], left[stay]
        learned = np.setdiff1d(np.arange(len(y)), tested)
        train, validation = (learned[rows] for rows in stratified(strata[learned], len(learned) // 5, seed=0))
        own = schema.with_means(table, train)
        inputs = own.examples(table) if own != schema else x
        splits = [Split(inputs, y, rows) for rows in (train, validation, tested)]
        parts.append(replace(dataset, train=splits[0], validation=splits[1], test=splits[2], schema=own))
    return parts


def check_folds(dataset: Dataset, folds: int) -> None:
    """Raise DataError unless this is a table, with five rows or more in each fold."""
    if dataset.table is None:
        raise DataError(f"{dataset.name}: folds are for tables, whose rows are in one file")
    if len(dataset.table) < LEAST_ROWS * folds:
        raise DataError(
            f"{dataset.name}: expected at least {LEAST_ROWS * folds} rows for {folds} folds, got {len(dataset.table)}"
        )
