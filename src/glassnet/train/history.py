"""The history of a training: one record per epoch, saved as JSON lines that any program can read."""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import shown

Record = dict[str, float]


class DivergenceError(ArithmeticError):
    """Training diverged: the loss became NaN or infinite. The network holds its last finite parameters.

    Attributes:
        history: the epochs that were finished before.
    """

    def __init__(self, message: str, history: "History") -> None:
        super().__init__(message)
        self.history = history


def is_better(value: float, best: float, name: str, by: float = 0.0) -> bool:
    """Whether a value is better than the best so far by more than `by`: accuracies should rise, other values fall."""
    if math.isnan(best):
        return not math.isnan(value)
    return value > best + by if name.endswith("accuracy") else value < best - by


def to_line(record: Record) -> str:
    """One record as one line of JSON."""
    finite = {key: value if math.isfinite(value) else None for key, value in record.items()}
    return json.dumps(finite) + "\n"


@dataclass
class History:
    """The records of all finished epochs.

    Each record holds `epoch` (from 1), `training_loss` and `training_accuracy` (means over the epoch's batches, each
    measured before its step), with validation data `validation_loss` and `validation_accuracy` (after the epoch), the
    `learning_rate` of the last step, and `seconds`. Accuracies are fractions, and absent for real targets.

    Attributes:
        records: one for each finished epoch.
        stopped: the reason why training ended before its last epoch, or None.   interrupted: whether Ctrl-C ended it.
        best_epoch: the epoch whose network was best by the monitored value.
        kept_epoch: the epoch whose network was returned; 0 if none was finished.
    """

    records: list[Record] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False
    best_epoch: int = 0
    kept_epoch: int = 0

    def __repr__(self) -> str:
        """The last record, and why the training ended early; all records would fill pages."""
        last = self.records[-1] if self.records else {}
        shown = [f"{name}={value:.4g}" for name, value in last.items() if name != "epoch"]
        shown += [f"stopped={self.stopped!r}"] if self.stopped else []
        return f"History({', '.join([f'epochs={len(self)}', *shown])})"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, name: str) -> list[float]:
        """One value over all epochs: history["validation_accuracy"]."""
        known = {key for record in self.records for key in record}
        if name not in known:
            raise KeyError(f"the history has no {name!r}; it has: {', '.join(sorted(known))}")
        return [record[name] for record in self.records if name in record]

    def __contains__(self, name: str) -> bool:
        return any(name in record for record in self.records)

    def save(self, path: str | Path) -> None:
        """Write the records as JSON lines."""
        Path(path).write_text("".join(map(to_line, self.records)), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read JSON lines.

        Raises:
            InputError: a line is not a record.   OSError: the file cannot be read.
        """
        records = []
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise InputError(f"{path}: expected records as JSON, but this is not UTF-8 text") from None
        for number, line in enumerate(lines, 1):
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError):
                raise InputError(f"{path}, line {number}: expected a record as JSON, got {line[:60]!r}") from None
        return cls(cls.checked(records, str(path)))

    @staticmethod
    def checked(records: Any, where: str) -> list[Record]:
        """Check that these are the records of epochs 1, 2, 3, ...; null means a value that was not finite.

        Raises:
            InputError: they are not.
        """
        require(isinstance(records, list), f"{where}: expected a list of records, got {type(records).__name__}")
        for number, record in enumerate(records, 1):
            if (
                not isinstance(record, dict)
                or not all(map(_is_value, record.values()))
                or record.get("epoch") != number
            ):
                raise InputError(f"{where}, line {number}: expected the record of epoch {number}, got {shown(record)}")
        return [{key: math.nan if value is None else value for key, value in record.items()} for record in records]


def _is_value(value: Any) -> bool:
    """Whether this is a number that a float can hold, or None."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (number and abs(value) <= sys.float_info.max)
