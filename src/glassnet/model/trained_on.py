"""The data that a model was trained on, as far as its file says, and the data to measure it on.

A model file may come from anyone. So a registered dataset that it names is loaded, but a path in it is never opened.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.nn.plain import shown
from glassnet.tables.bundled import BUNDLED
from glassnet.tables.read import read_table
from glassnet.tables.rows import Rows, has_truths, rows_of, said_of_unknown
from glassnet.tables.schema import Schema, digest

HELD_OUT = 5000  # number of validation examples, if the file does not say it


class EvaluationSet(NamedTuple):
    """The examples to measure a model on, as `Model.measure` takes them, with a description."""

    examples: Any
    split: str  # "table" for all rows of a table
    about: str
    left_out: list[str]  # the reason for each row of a table that is left out
    dataset: Dataset | None = None  # of which it is a split


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """The data of a model.

    Attributes:
        about: what the model file says besides the network, from `read_about`.
        schema: the columns of the table; None for images.
    """

    about: dict[str, Any]
    schema: Schema | None

    @property
    def name(self) -> str | None:
        """The name of the dataset, or the path of the table; None if the file does not say it."""
        name = self._settings.get("name")
        return name if isinstance(name, str) else None

    @property
    def usual(self) -> float | None:
        """The largest class, or the mean, of the targets of a table; None if the file does not say it."""
        usual = self.about.get("data", {}).get("usual")
        return usual if isinstance(usual, int | float) and math.isfinite(usual) else None

    @property
    def _settings(self) -> dict[str, Any]:
        """The section `data` of the recipe."""
        data = self.about.get("recipe", {}).get("data")
        return data if isinstance(data, dict) else {}

    def dataset(self, name: str | None = None, split: str = "test", *, progress: Progress | None = None) -> Dataset:
        """The dataset with this name, by default the one in the file, with the same examples held out as in training.

        Args:
            split: train, validation or test; it must not be empty.   progress: as in `load_dataset`.

        Raises:
            DataError: the file does not say it, it cannot be loaded, or the split is empty.
        """
        from glassnet.data.registry import dataset_names, load_dataset
        from glassnet.tables.folds import divide
        from glassnet.tables.load import load_table  # formats of all datasets

        wanted = self.name if name is None else name
        if wanted is None:
            raise DataError("the model does not say what it was trained on: name a dataset (data)")
        if name is None and wanted not in (*dataset_names(), *BUNDLED):
            raise DataError(
                f"the model was trained on {shown(wanted)}, which is not a registered dataset; a path in a model file "
                "is not opened: name the data, as in `glassnet evaluate MODEL --data FILE`"
            )
        saved_count = self._settings.get("validation")
        validation = saved_count if isinstance(saved_count, int) else HELD_OUT
        if self.schema is None:
            dataset = load_dataset(wanted, validation=validation, progress=progress)
        else:
            target = self.schema.target.name
            dataset = load_table(wanted, target=target, schema=self.schema, validation=validation, progress=progress)
            folds, fold = (self._settings.get(name) for name in ("folds", "fold"))
            if isinstance(folds, int) and isinstance(fold, int) and 1 <= fold <= folds:
                dataset = divide(dataset, folds)[fold - 1]
        if len(getattr(dataset, split)) == 0:
            raise DataError(f"{wanted}: its {split} split is empty")
        return dataset

    def other_table(self, name: str) -> Rows | None:
        """The rows of a table other than the training table; None if the contents are the same, or it is not a table.

        Raises:
            DataError: the table lacks a column, or has no truth in any row.
        """
        if self.schema is None or name in BUNDLED:
            return None
        table = read_table(name)
        if not has_truths(table, self.schema):
            self.schema.targets(table)  # raises DataError, because they are missing
        rows = rows_of(table, self.schema)
        same = digest(rows.inputs.values, rows.truths.values) == self.about.get("data", {}).get("sha256")
        return None if same else rows

    def evaluation_set(
        self, name: str | None = None, split: str = "test", *, progress: Progress | None = None
    ) -> EvaluationSet:
        """A split of the dataset with this name, by default of the training data; of another table, all usable rows.

        Args and errors are as in `dataset` and `other_table`.
        """
        if split not in ("train", "validation", "test"):
            raise DataError(f"split: expected train, validation or test, got {split!r}")
        if name is None or not (rows := self.other_table(name)):
            dataset = self.dataset(name, split, progress=progress)
            return EvaluationSet(getattr(dataset, split), split, str(dataset), [], dataset)
        if split != "test":
            raise DataError(
                f"split {split}: {name} is not the table the model was trained on, so all its rows are used: leave out "
                "the split"
            )
        (x, y), left_out = rows.measurable(), rows.left_out()
        if not len(y):
            raise DataError(f"no row can be measured: {left_out[0] if left_out else f'{name} has none'}")
        count = (
            f"{len(y):,} of {len(rows.table):,} rows" if left_out else f"all {len(y):,} rows" if len(y) > 1 else "1 row"
        )
        about = f"{count} of {name}, not the table it was trained on: rows that are in both make the model look better"
        about = "; ".join([about, *said_of_unknown(rows.unknown)])
        return EvaluationSet((x, y), "table", about, left_out)
