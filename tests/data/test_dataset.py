import numpy as np
import pytest

from glassnet.data.dataset import Dataset, Split
from glassnet.data.errors import DataError

IMAGES = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def split(rows: list[int], inputs: np.ndarray = IMAGES, targets: np.ndarray | None = LABELS) -> Split:
    return Split(inputs, targets, np.array(rows, np.int64))


def dataset(**changes: object) -> Dataset:
    parts: dict[str, object] = {
        "name": "toy",
        "train": split([0, 1, 2]),
        "validation": split([3, 4]),
        "test": split([5]),
        "classes": ("a", "b", "c"),
        "white": 255,
    }
    return Dataset(**(parts | changes))


def test_a_split_of_everything_is_the_stored_array_itself() -> None:
    whole = split([0, 1, 2, 3, 4, 5])
    assert whole.x is IMAGES
    assert whole.y is LABELS


def test_a_split_of_some_rows_has_those_rows() -> None:
    some = split([1, 4])
    assert len(some) == 2
    assert np.array_equal(some.x, IMAGES[[1, 4]])
    assert np.array_equal(some.y, [1, 1])
    assert some.inputs is IMAGES


def test_all_rows_in_another_order_are_not_the_stored_array() -> None:
    assert np.array_equal(split([1, 0, 2, 3, 4, 5]).x, IMAGES[[1, 0, 2, 3, 4, 5]])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (slice(1, 3), [2, 4]),
        (slice(None, None, 2), [1, 4]),
        (np.array([2, 0]), [4, 1]),
        ([-1], [5]),
        ([], []),
        (np.array([True, False, False, True]), [1, 5]),
    ],
)
def test_a_split_of_a_split_names_its_rows_and_shares_the_arrays(rows: object, expected: list[int]) -> None:
    part = split([1, 2, 4, 5])[rows]
    assert part.index.tolist() == expected
    assert part.index.dtype == np.int64
    assert part.inputs is IMAGES
    assert part.targets is LABELS


@pytest.mark.parametrize("rows", [3, [4], [-5], [True, False], [0.5], [[0]], "ab"])
def test_rows_that_a_split_does_not_have_are_refused(rows: object) -> None:
    with pytest.raises(DataError, match="rows"):
        split([0, 1, 2, 3])[rows]


def test_one_row_is_no_split() -> None:
    with pytest.raises(DataError, match=r"expected a slice or an array of rows \(n,\)"):
        split([0, 1, 2, 3])[2]  # this also keeps Python from iterating over a split


def test_a_split_without_labels() -> None:
    bare = split([0, 2], targets=None)
    assert bare.y is None
    assert bare[:1].y is None
    assert "unlabelled" in repr(bare)


@pytest.mark.parametrize(
    ("rows", "inputs", "targets", "message"),
    [
        ([0], IMAGES, LABELS[:5], "6 examples but 5 targets"),
        ([0], IMAGES, LABELS.astype(str), "labels as integers or real numbers"),
        ([0], IMAGES, LABELS[:, None], "labels as integers or real numbers"),
        ([0], LABELS, LABELS, r"expected examples \(N, ...\)"),
        ([0, 6], IMAGES, LABELS, "names row 6 of 6"),
        ([-1], IMAGES, LABELS, "names row -1 of 6"),
    ],
)
def test_a_split_that_cannot_be_is_refused(
    rows: list[int], inputs: np.ndarray, targets: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        split(rows, inputs, targets)


def test_an_index_must_be_integers() -> None:
    with pytest.raises(DataError, match="rows as integers"):
        Split(IMAGES, LABELS, np.array([0.0]))


def test_a_dataset_says_what_it_is() -> None:
    assert repr(dataset()) == "toy: 3 train, 2 validation, 1 test, 2x2 uint8, 3 classes"
    assert dataset().input_shape == (2, 2)
    many = np.zeros((12_345, 784), np.uint8)
    table = split(list(range(12_345)), many, np.zeros(12_345, int))
    assert repr(dataset(train=table, validation=table[:0], test=table[:0])) == (
        "toy: 12,345 train, 0 validation, 0 test, 784 uint8, 3 classes"
    )


def test_the_first_label_outside_the_classes_is_named() -> None:
    with pytest.raises(DataError, match=r"toy: train: expected labels from 0 to 1, got 2 in row 2 \(from 0\)"):
        dataset(classes=("a", "b"))
    with pytest.raises(DataError, match="test: expected labels from 0 to 2, got -7 in row 1"):
        dataset(test=split([0], targets=np.array([0, -7, 1, 1, 1, 1])))


def test_a_pixel_above_white_is_named() -> None:
    with pytest.raises(DataError, match="expected pixels from 0 to 16, got 17 in row 4"):
        dataset(white=16)
    with pytest.raises(DataError, match="expected pixels from 0 to 255, got -1 in row 0"):
        dataset(test=split([0], inputs=IMAGES.astype(np.int16) - 1))


def test_numbers_that_are_not_finite_are_named() -> None:
    bad = IMAGES.astype(np.float32)
    bad[3, 1, 0] = np.nan
    with pytest.raises(DataError, match="expected finite numbers, got nan in row 3"):
        dataset(train=split([0], inputs=bad))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": split([])}, "no training examples"),
        (
            {"test": split([0], inputs=np.zeros((6, 3, 3), np.uint8))},
            r"different shapes: \(2, 2\) in train but \(3, 3\)",
        ),
        ({"classes": ("a", "a", "c")}, "a different name for each class"),
        ({"classes": ()}, "a different name for each class"),
        ({"white": 0}, "white must be at least 1"),
        ({"test": split([0], inputs=np.full((6, 2, 2), "x"))}, "expected numbers"),
    ],
)
def test_a_dataset_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataset(**changes)
