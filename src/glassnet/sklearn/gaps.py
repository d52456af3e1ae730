"""Missing numbers in new examples: with `unknown="answer"` each becomes the mean of its input in training."""

from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import require
from glassnet.nn.plain import brief
from glassnet.warn import warn

MOST_NAMED = 8  # inputs in a warning


def without_gaps(X: Any, estimator: Any) -> Any:
    """The examples (N, D), dense or sparse, with means in place of NaN; a warning says where.

    Raises:
        InputError: an input is missing, and the estimator does not know its mean.
    """
    sparse = hasattr(X, "tocoo")
    matrix = X.tocoo(copy=True) if sparse else X.copy()
    if sparse:
        gaps = np.isnan(matrix.data)
        rows, columns = matrix.row[gaps], matrix.col[gaps]
    else:
        rows, columns = np.nonzero(np.isnan(matrix))
    if not len(rows):
        return X
    require(
        estimator._seen > 0,
        "unknown='answer': this estimator was converted, and does not know the means of its training data: fit it here",
    )
    if sparse:
        matrix.data[gaps] = estimator.means_[columns]
    else:
        matrix[rows, columns] = estimator.means_[columns]
    warn(f"predicted with the mean for missing numbers: {len(np.unique(rows)):,} rows, {_named(columns, estimator)}")
    return matrix.tocsr() if sparse else matrix


def _named(columns: Array, estimator: Any) -> str:
    """The inputs, by their names if they have any."""
    missing = np.unique(columns)
    names = getattr(estimator, "feature_names_in_", None)
    named = ", ".join(str(column) if names is None else repr(names[column]) for column in missing[:MOST_NAMED])
    return f"input{'s' if len(missing) > 1 else ''} {brief(named)}{', ...' if len(missing) > MOST_NAMED else ''}"
