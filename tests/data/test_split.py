import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.data.errors import DataError
from glassnet.data.split import shares_of, stratified

labels_and_count = st.lists(st.integers(0, 6), max_size=60).flatmap(
    lambda labels: st.tuples(st.just(np.array(labels, np.int64)), st.integers(0, len(labels)))
)


@settings(deadline=None)
@given(labels_and_count, st.integers(0, 2**64 - 1))
def test_both_parts_together_are_all_rows_once_and_in_order(case: tuple[np.ndarray, int], seed: int) -> None:
    labels, count = case
    rest, held_out = stratified(labels, count, seed=seed)
    assert len(held_out) == count
    assert sorted([*rest, *held_out]) == list(range(len(labels)))
    for rows in (rest, held_out):
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()


@settings(deadline=None)
@given(labels_and_count)
def test_each_class_gives_its_share_and_keeps_an_example(case: tuple[np.ndarray, int]) -> None:
    labels, count = case
    rest, held_out = stratified(labels, count, seed=0)
    classes, sizes = np.unique(labels, return_counts=True)
    if count <= len(labels) - len(classes):
        assert set(labels[rest]) == set(classes)
    for label, size in zip(classes, sizes, strict=True):
        share = count * size / len(labels)
        given_by_class = (labels[held_out] == label).sum()
        if share <= size - 1 and sizes.min() > 1 and count <= len(labels) * (1 - 1 / sizes.min()):
            assert np.floor(share) <= given_by_class <= np.ceil(share)  # none is then held back


@pytest.mark.parametrize(
    ("count", "sizes", "expected"),
    [
        (5, [50, 30, 20], [3, 1, 1]),  # shares 2.5, 1.5, 1: the tie goes to the first class
        (7, [50, 30, 20], [4, 2, 1]),  # 3.5, 2.1, 1.4
        (4, [50, 30, 20], [2, 1, 1]),  # 2, 1.2, 0.8
        (0, [5, 5], [0, 0]),
        (9, [1, 9], [1, 8]),
        (8, [1, 9], [0, 8]),  # 0.8 of the only example: it stays
        (3, [2, 2], [2, 1]),  # more than can be given when each class keeps one
        (2, [1, 1], [1, 1]),
        (1, [1, 1, 100], [0, 0, 1]),
        (5000, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
         [494, 562, 496, 511, 487, 452, 493, 522, 487, 496]),
    ],
)  # fmt: skip
def test_largest_remainder(count: int, sizes: list[int], expected: list[int]) -> None:
    assert shares_of(count, np.array(sizes)).tolist() == expected


def test_the_seed_alone_decides() -> None:
    labels = np.arange(1000) % 10
    first, again, other = (stratified(labels, 100, seed=seed)[1] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(stratified(labels.astype(np.uint8), 100, seed=3)[1], first)


def test_what_a_seed_holds_out_never_changes() -> None:
    """Published accuracies depend on it."""
    assert stratified(np.arange(40) % 4, 8, seed=0)[1].tolist() == [0, 2, 11, 17, 20, 21, 35, 38]


def test_which_of_a_class_is_left_to_chance() -> None:
    counts = np.zeros(20)
    for seed in range(200):
        counts[stratified(np.zeros(20, int), 5, seed=seed)[1]] += 1
    assert counts.min() > 20  # expected 50 each, standard deviation 6
    assert counts.max() < 80


@pytest.mark.parametrize(
    ("labels", "count", "seed", "message"),
    [
        (np.zeros(3, int), 4, 0, "cannot hold out 4 of 3 examples"),
        (np.zeros(3, int), -1, 0, "cannot hold out -1 of 3 examples"),
        (np.zeros(3), 1, 0, "expected labels as integers"),
        (np.zeros((3, 2), int), 1, 0, "expected labels as integers"),
        (np.zeros(3, int), 1, -1, "seed must be a whole number from 0"),
        (np.zeros(3, int), 1, 2**64, "seed must be a whole number from 0"),
    ],
)
def test_what_cannot_be_held_out(labels: np.ndarray, count: int, seed: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        stratified(labels, count, seed=seed)
