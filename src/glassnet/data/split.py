"""Stratified splits: examples are held out at random, but each class in proportion to its size.

The seed and the row of an example determine its random number. From each class, the examples with the smallest random
numbers are held out. So the same seed holds out the same examples on every machine.
"""

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array


def stratified(labels: Array, count: int, *, seed: int) -> tuple[Array, Array]:
    """Hold out `count` examples so that each class keeps its proportion.

    Each class gives its share of `count`, rounded down. The missing examples come from the classes with the largest
    remainders. The last example of a class is held out only if no other examples are left.

    Args:
        labels: integers (N,).
        count: 0 to N.
        seed: 0 to 2**64 - 1.

    Returns:
        The rows that stay and the rows that are held out, both ascending, int64.

    Raises:
        DataError: the labels are not integers (N,), or count or seed is out of range.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"expected labels as integers (N,), got {labels.dtype} of shape {labels.shape}")
    if not 0 <= count <= len(labels):
        raise DataError(f"cannot hold out {count:,} of {len(labels):,} examples")
    if not 0 <= seed < 2**64:
        raise DataError(f"seed must be a whole number from 0 to 2**64 - 1, got {seed}")
    classes, sizes = np.unique(labels, return_counts=True)
    lots = np.random.Philox(key=seed).random_raw(len(labels))  # NumPy promises that raw bits will not change
    held_out = np.zeros(len(labels), bool)
    for label, share in zip(classes, shares_of(count, sizes), strict=True):
        rows = np.flatnonzero(labels == label)
        held_out[rows[np.argsort(lots[rows], kind="stable")[:share]]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def tenths(values: Array) -> Array:
    """The decile, 0 to 9, of each real number (N,) in sorted order; used as classes for `stratified`."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks * 10 // max(len(values), 1)


def shares_of(count: int, sizes: Array) -> Array:
    """Divide `count` among the classes in proportion to their sizes, by largest remainder."""
    total = max(int(sizes.sum()), 1)
    shares = sizes * count // total
    by_remainder = np.argsort(-(sizes * count % total), kind="stable")
    for most in (sizes - 1, sizes):
        while shares.sum() < count and (shares < most).any():
            for c in by_remainder:
                if shares.sum() < count and shares[c] < most[c]:
                    shares[c] += 1
    return shares
