"""A dataset: examples with their targets, divided into train, validation and test.

A split is an index into shared arrays, so holding examples out copies nothing. Pixels stay uint8: the first layer of a
network scales them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Some of the stored examples, given by their row numbers.

    Attributes:
        inputs: all stored examples: images (N, H, W) or (N, H, W, C), or tables (N, D). Shared, never copied.
        targets: for each stored example its label, integers (N,), or the real number to predict, floats (N,); None if
            there are none.
        index: the rows that belong to this split, int64; ascending in the splits of a dataset.

    Raises:
        DataError: inputs and targets differ in length, the targets are not numbers (N,), or a row does not exist.
    """

    inputs: Array
    targets: Array | None
    index: Array

    def __post_init__(self) -> None:
        if self.inputs.ndim < 2:
            raise DataError(f"expected examples (N, ...), got an array of shape {self.inputs.shape}")
        if self.targets is not None:
            if self.targets.ndim != 1 or self.targets.dtype.kind not in "iuf":
                raise DataError(
                    "expected targets (N,), labels as integers or real numbers, "
                    f"got {self.targets.dtype} of shape {self.targets.shape}"
                )
            if len(self.targets) != len(self.inputs):
                raise DataError(f"there are {len(self.inputs):,} examples but {len(self.targets):,} targets")
        if self.index.ndim != 1 or self.index.dtype.kind not in "iu":
            raise DataError(f"expected rows as integers (n,), got {self.index.dtype} of shape {self.index.shape}")
        object.__setattr__(self, "index", self.index.astype(np.int64, copy=False))
        outside = np.flatnonzero((self.index < 0) | (self.index >= len(self.inputs)))
        if len(outside):
            raise DataError(f"the split names row {self.index[outside[0]]} of {len(self.inputs):,} examples")

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: slice | Array) -> "Split":
        """A split of these examples, in the given order; the arrays are shared.

        Args:
            rows: a slice, integers (n,) that may be negative, or a boolean for each example of the split.

        Raises:
            DataError: anything else, or a row that the split does not have.
        """
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iub"):
                raise DataError(f"expected a slice or an array of rows (n,), got {rows.dtype} of shape {rows.shape}")
            rows = rows if rows.size else rows.astype(np.int64)  # NumPy makes an empty list float64
        try:
            return Split(self.inputs, self.targets, self.index[rows])
        except IndexError:
            raise DataError(f"some of the given rows are not in the split, which has {len(self):,} rows") from None

    @property
    def x(self) -> Array:
        """The examples (n, ...): the stored array itself if the split contains all of it, else a copy of the rows."""
        return self.inputs if self._is_everything else self.inputs[self.index]

    @property
    def y(self) -> Array | None:
        """The targets (n,), or None."""
        return self.targets if self.targets is None or self._is_everything else self.targets[self.index]

    @property
    def _is_everything(self) -> bool:
        return len(self.index) == len(self.inputs) and bool((np.diff(self.index) == 1).all())

    def __repr__(self) -> str:
        of = f"{len(self):,} of {len(self.inputs):,} examples"
        return f"Split({of}, {describe_examples(self.inputs)}, {'unlabelled' if self.targets is None else 'labelled'})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Examples for training, for validation (choosing settings), and for the test.

    Attributes:
        name: the name of the dataset.
        train, validation, test: the splits; validation and test may be empty.
        classes: a name for each label, in the order of the labels 0, 1, 2, ...; empty if the targets are real numbers.
        white: the largest value that a pixel may have: 255, or 16 for the 8x8 digits; not used for tables.
        schema: a Schema of the columns, if the examples come from a table; None for images.
        columns: a Summary of the columns, for people; None for images.
        table: the Table, whose rows are the examples; None for images.

    Raises:
        DataError: no training example, examples of different shapes, a label outside the classes, a pixel above white,
            targets that are not finite.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    white: int
    schema: Any = None  # a Schema of `glassnet.tables`, which this package does not import
    columns: Any = None  # a Summary of `glassnet.tables`
    table: Any = None  # a Table of `glassnet.tables`

    def __post_init__(self) -> None:
        if not len(self.train):
            raise DataError(f"{self.name}: there are no training examples")
        real = self.train.targets is not None and self.train.targets.dtype.kind == "f"
        if bool(self.classes) == real or len(set(self.classes)) != len(self.classes):
            expected = "no classes for targets that are real numbers" if real else "a different name for each class"
            raise DataError(f"{self.name}: expected {expected}, got {list(self.classes)}")
        if self.white < 1:
            raise DataError(f"{self.name}: white must be at least 1, got {self.white}")
        checked: list[Array] = []  # splits share their arrays: check each array only once
        for part in ("train", "validation", "test"):
            split: Split = getattr(self, part)
            if split.inputs.shape[1:] != self.input_shape:
                shapes = f"{self.input_shape} in train but {split.inputs.shape[1:]} in {part}"
                raise DataError(f"{self.name}: examples have different shapes: {shapes}")
            if not any(split.inputs is array for array in checked):
                checked.append(split.inputs)
                check_pixels(split.inputs, self.white, f"{self.name}: {part}")
            if split.targets is not None and not any(split.targets is array for array in checked):
                checked.append(split.targets)
                check_targets(split.targets, len(self.classes), f"{self.name}: {part}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example: (28, 28) for MNIST."""
        return self.train.inputs.shape[1:]

    def with_targets(self, change: Callable[[Array], Array]) -> "Dataset":
        """The same examples with changed targets: `change` gets all targets (N,) of a split and returns new ones."""

        def changed(split: Split) -> Split:
            return split if split.targets is None else replace(split, targets=change(split.targets))

        return replace(self, train=changed(self.train), validation=changed(self.validation), test=changed(self.test))

    def __repr__(self) -> str:
        counts = f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test"
        targets = f"{len(self.classes)} classes" if self.classes else "real targets"
        return f"{self.name}: {counts}, {describe_examples(self.train.inputs)}, {targets}"


def describe_examples(inputs: Array) -> str:
    """Shape and type of one example as text: `28x28 uint8`."""
    return f"{'x'.join(map(str, inputs.shape[1:]))} {inputs.dtype}"


def check_targets(targets: Array, classes: int, where: str) -> None:
    """Raise DataError unless these are labels below `classes`, or, if `classes` is 0, finite real numbers."""
    if (targets.dtype.kind == "f") == (classes > 0):
        expected = "labels as integers" if classes else "real numbers"
        raise DataError(f"{where}: expected {expected}, as the classes say, got {targets.dtype}")
    if classes:
        check_labels(targets, classes, where)
        return
    wrong = np.flatnonzero(~np.isfinite(targets))
    if len(wrong):
        raise DataError(f"{where}: expected finite targets, got {targets[wrong[0]]} in row {wrong[0]} (from 0)")


def check_labels(labels: Array, classes: int, where: str) -> None:
    """Raise DataError unless all labels lie in 0..classes-1; the message names the first that does not."""
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        row = wrong[0]
        raise DataError(f"{where}: expected labels from 0 to {classes - 1}, got {labels[row]} in row {row} (from 0)")


def check_pixels(inputs: Array, white: int, where: str) -> None:
    """Raise DataError if a pixel is larger than white (or below 0), or if a number is not finite."""
    if inputs.dtype.kind in "iu":
        if inputs.dtype == np.uint8 and white >= 255:
            return  # every uint8 is in range
        wrong = (inputs < 0) | (inputs > white)
        expected = f"pixels from 0 to {white}"
    elif inputs.dtype.kind == "f":
        wrong = ~np.isfinite(inputs)
        expected = "finite numbers"
    else:
        raise DataError(f"{where}: expected numbers, got {inputs.dtype}")
    if wrong.any():
        place = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), inputs.shape))
        raise DataError(f"{where}: expected {expected}, got {inputs[place]} in row {place[0]} (from 0)")
