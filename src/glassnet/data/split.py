"""Which examples are held out: by chance, but with as many of each class as the class has its share.

Every example draws a lot that is addressed by the seed and its row; from each class those with the smallest are held
out. So the same seed holds out the same examples on every machine.
"""

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array


def stratified(labels: Array, count: int, *, seed: int) -> tuple[Array, Array]:
    """Hold out `count` examples so that each class keeps its proportion.

    Each class gives its share of `count` rounded down; what is then still missing comes from the classes that rounding
    cost most (largest remainder). The last example of a class is held out only when nothing else is left.

    Args:
        labels: integers (N,).
        count: 0 to N.
        seed: 0 to 2**64 - 1.

    Returns:
        The rows that stay and the rows that are held out, both ascending, int64.

    Raises:
        DataError: labels of another form, count or seed out of range.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"expected labels as integers (N,), got {labels.dtype} of shape {labels.shape}")
    if not 0 <= count <= len(labels):
        raise DataError(f"cannot hold out {count:,} of {len(labels):,} examples")
    if not 0 <= seed < 2**64:
        raise DataError(f"seed must be a whole number from 0 to 2**64 - 1, got {seed}")
    classes, sizes = np.unique(labels, return_counts=True)
    lots = np.random.Philox(key=seed).random_raw(len(labels))  # raw bits: NumPy promises them to stay the same
    held_out = np.zeros(len(labels), bool)
    for label, share in zip(classes, shares_of(count, sizes), strict=True):
        rows = np.flatnonzero(labels == label)
        held_out[rows[np.argsort(lots[rows], kind="stable")[:share]]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def tenths(values: Array) -> Array:
    """For each real number (N,) in which tenth of the sorted ones it lies, 0 to 9: to hold out by in proportion."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks * 10 // max(len(values), 1)


def shares_of(count: int, sizes: Array) -> Array:
    """How many of `count` each class gives, by largest remainder, given the size of each class."""
    total = max(int(sizes.sum()), 1)
    shares = sizes * count // total
    by_remainder = np.argsort(-(sizes * count % total), kind="stable")
    for most in (sizes - 1, sizes):
        while shares.sum() < count and (shares < most).any():
            for c in by_remainder:
                if shares.sum() < count and shares[c] < most[c]:
                    shares[c] += 1
    return shares
