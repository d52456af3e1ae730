"""What a model was trained on, as far as its file tells it, and what it may be measured on.

A model file may come from anyone: a registered dataset that it names is loaded, a path in it is never followed.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.nn.plain import shown
from glassnet.tables.bundled import BUNDLED
from glassnet.tables.rows import Rows, has_truths, rows_of
from glassnet.tables.schema import Schema, digest
from glassnet.tables.table import read_table

HELD_OUT = 5000  # for validation, where the file does not say how many


class EvaluationSet(NamedTuple):
    """What a model is measured on: examples, as `Model.measure` takes them, and which they are."""

    examples: Any
    split: str  # "table" for all rows of a table
    about: str
    left_out: list[str]  # why rows of a table are not among them, a reason for each row


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """The data of a model.

    Attributes:
        about: what the model file says besides the network, as `read_about` gives it.
        schema: the columns of the table; None for images.
    """

    about: dict[str, Any]
    schema: Schema | None

    @property
    def name(self) -> str | None:
        """Of the dataset, or the path of the table; None where the file does not say it."""
        name = self._settings.get("name")
        return name if isinstance(name, str) else None

    @property
    def _settings(self) -> dict[str, Any]:
        """The section `data` of the recipe."""
        data = self.about.get("recipe", {}).get("data")
        return data if isinstance(data, dict) else {}

    def dataset(self, name: str | None = None, split: str = "test", *, progress: Progress | None = None) -> Dataset:
        """The dataset that the file names, or the one with this name, with the same examples held out as in training.

        Args:
            split: train, validation or test; it must not be empty.   progress: as in `load_dataset`.

        Raises:
            DataError: it cannot be known, cannot be loaded, or has no such examples.
        """
        from glassnet.data.registry import dataset_names, load_dataset
        from glassnet.tables.load import load_table  # formats of all datasets

        wanted = self.name if name is None else name
        if wanted is None:
            raise DataError("the model does not say what it was trained on: name a dataset (data)")
        if name is None and wanted not in (*dataset_names(), *BUNDLED):
            raise DataError(
                f"the model says that it was trained on {shown(wanted)}, which is no registered dataset; a path in a "
                "model file is not followed: name the data (data)"
            )
        told = self._settings.get("validation")
        validation = told if isinstance(told, int) else HELD_OUT
        if self.schema is None:
            dataset = load_dataset(wanted, validation=validation, progress=progress)
        else:
            target = self.schema.target.name
            dataset = load_table(wanted, target=target, schema=self.schema, validation=validation, progress=progress)
        if len(getattr(dataset, split)) == 0:
            raise DataError(f"{wanted}: its {split} split is empty")
        return dataset

    def other_table(self, name: str) -> Rows | None:
        """The rows of a table that is another than the one trained on, by its content; None if it is not, or no table.

        Raises:
            DataError: a table that lacks a column, or all truths.
        """
        if self.schema is None or name in BUNDLED:
            return None
        table = read_table(name)
        if not has_truths(table, self.schema):
            self.schema.targets(table)  # says that they are missing
        rows = rows_of(table, self.schema)
        same = digest(rows.inputs.values, rows.truths.values) == self.about.get("data", {}).get("sha256")
        return None if same else rows

    def evaluation_set(
        self, name: str | None = None, split: str = "test", *, progress: Progress | None = None
    ) -> EvaluationSet:
        """A split of what the model was trained on, or of the dataset with this name; of another table all rows it can.

        Args and errors are as in `dataset` and `other_table`.
        """
        if split not in ("train", "validation", "test"):
            raise DataError(f"split: expected train, validation or test, got {split!r}")
        if name is None or not (rows := self.other_table(name)):
            dataset = self.dataset(name, split, progress=progress)
            return EvaluationSet(getattr(dataset, split), split, str(dataset), [])
        if split != "test":
            raise DataError(f"split {split}: {name} is not the table the model was trained on, and is measured whole")
        (x, y), left_out = rows.measurable(), rows.left_out()
        if not len(y):
            raise DataError(f"no row can be measured: {left_out[0] if left_out else f'{name} has none'}")
        count = f"{len(y):,} of {len(rows.table):,} rows" if left_out else f"all {len(y):,} rows"
        about = f"{count} of {name}, not the table it was trained on: rows of that, if there are any, flatter it"
        return EvaluationSet((x, y), "table", about, left_out)
