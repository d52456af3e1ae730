"""The section `data` of a recipe: the training data."""

from dataclasses import dataclass, fields
from typing import Any

from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.data.registry import load_dataset
from glassnet.nn.errors import InputError, require
from glassnet.tables.bundled import BUNDLED
from glassnet.tables.column import UnknownPolicy
from glassnet.tables.column_options import ColumnOptions
from glassnet.tables.folds import divide
from glassnet.tables.load import load_table
from glassnet.tables.schema import Schema, Task

MOST_FOLDS = 100
WISHES = [field.name for field in fields(ColumnOptions)]


@dataclass(frozen=True)
class DataSettings:
    """Which dataset or table to learn from, and how many of its training examples are held out for validation.

    Args:
        name: a dataset, a CSV or npz file, a folder of IDX files; with a target a table as CSV.
        validation: how many training examples are held out, at most a fifth of them.
        target: the column of a table to predict.
        task: what the target is; by default it is detected.
        ignore: columns of the table to leave out, such as the names of its rows.
        categorical: columns of the table whose numbers are codes, not quantities.
        missing: cells of the table that count as missing, such as "-9", as well as empty ones and usual markers.
        dates: true turns dates into numbers: the day, the month, the weekday, the hour.
        date_order: the order in dates such as 03/04/24: "dmy", "mdy" or "ymd".
        decimal: the decimal mark, if it is unclear, as in 1,250.
        columns: what single columns hold, each a table such as {kind = "number", decimal = ","}.
        folds: the number of folds for cross-validation, in addition to the training.
        fold: the number of one fold, from 1, as the test split; nothing is cross-validated.
        private: true keeps the cells of the table out of reports: examples, ranges, the worst rows.
        unknown: "answer" makes the model predict rows with an unknown category or an unexpected missing number.
    """

    name: str = "mnist"
    validation: int = 5000
    target: str | None = None
    task: Task | None = None
    ignore: tuple[str, ...] | None = None
    categorical: tuple[str, ...] | None = None
    missing: tuple[str, ...] | None = None
    dates: bool | None = None
    date_order: str | None = None
    decimal: str | None = None
    columns: dict[str, Any] | None = None
    unknown: UnknownPolicy | None = None
    folds: int | None = None
    fold: int | None = None
    private: bool | None = None

    def __post_init__(self) -> None:
        require(self.validation >= 0, f"validation must not be negative, got {self.validation}")
        given = [
            name for name in ("task", "unknown", "folds", "fold", "private", *WISHES) if getattr(self, name) is not None
        ]
        for name in given if self.target is None else ():
            raise InputError(f"{name!r} goes with 'target', the column of a table to predict")
        require(
            self.folds is None or 2 <= self.folds <= MOST_FOLDS,
            f"folds: expected a number from 2 to {MOST_FOLDS}, got {self.folds}",
        )
        require(
            self.fold is None or 1 <= self.fold <= (self.folds or 0),
            f"fold: expected the number of one of the {self.folds or 0} folds, from 1, got {self.fold}",
        )
        ColumnOptions(**self._wishes())  # checks them

    @property
    def cross_validates(self) -> bool:
        """Whether all folds are wanted."""
        return self.folds is not None and self.fold is None

    def load(
        self, *, schema: Schema | None = None, progress: Progress | None = None, fallback: str | None = None
    ) -> Dataset:
        """The dataset; a table is read as the schema says, if there is one.

        Args:
            fallback: as in `load_dataset`; not for tables.

        Raises:
            DataError: as `load_dataset` and `load_table`.
        """
        if self.target is None:
            if self.name in BUNDLED:
                target = BUNDLED[self.name].target
                raise DataError(
                    f"{self.name} is a table: name its target too, the column to predict, such as {target!r}"
                )
            return load_dataset(self.name, validation=self.validation, progress=progress, fallback=fallback)
        dataset = load_table(
            self.name,
            target=self.target,
            task=self.task,
            unknown=self.unknown or "refuse",
            schema=schema,
            validation=self.validation,
            progress=progress,
            **self._wishes(),
        )
        return dataset if self.folds is None or self.fold is None else divide(dataset, self.folds)[self.fold - 1]

    def _wishes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in WISHES if getattr(self, name) is not None}
