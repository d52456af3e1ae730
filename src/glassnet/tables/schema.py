"""A schema: the meaning of the columns of a table, and how a row becomes the inputs and the target of a network.

A column of numbers becomes one input. A column of text becomes an indicator for each of its categories: 1 for the
category in the cell, 0 for the others. A column of dates becomes numbers: the day, the month, the weekday, the hour. If
a column has missing numbers or dates, they become the mean, and an additional indicator says which were missing. The
network standardises all inputs itself.

The schema is decided once (`column_types`), from the training table, and is saved in the model file.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.nn.plain import brief, cited, nearest
from glassnet.tables.date_form import FIRST_DAY, read_date
from glassnet.tables.number_form import NUMBER, NumberForm
from glassnet.tables.table import Table

Task = Literal["classification", "regression"]
UnknownPolicy = Literal["refuse", "answer"]

WHOLE = re.compile(r"-?\d{1,16}")  # as `whole_number` writes it
LARGEST = 1e30  # small enough for float32, also for the values that a network computes from it
MOST_VALUES = 1 << 27  # the largest number of inputs in all rows together, 1 GB
# Markers of missing values in lower case.
GAPS = frozenset(("", "na", "n/a", "#n/a", "n.a.", "n.d.", "k.a.", "k. a.", "nan", "nat", "null", "\\n", "none", "nil"))
GAPS |= {"<na>", "?", "-", "--", "–", "—", "."}
# The spellings of true and false in lower case, in some languages.
BOOLEANS = {
    **{"true": "false", "t": "f", "yes": "no", "y": "n", "on": "off", "1": "0"},
    **{"wahr": "falsch", "ja": "nein", "j": "n", "vrai": "faux", "oui": "non", "verdadero": "falso", "sí": "no"},
    **{"si": "no", "vero": "falso", "sì": "no", "verdadeiro": "falso", "sim": "não", "waar": "onwaar", "tak": "nie"},
}
DAY = timedelta(days=1)
EXAMPLE = datetime(2024, 12, 31, 13, 45)


@dataclass(frozen=True)
class Column:
    """A column of numbers, of categories, or of dates.

    Attributes:
        name: as in the first line of the table.
        categories: in their order; empty for a column of numbers or dates.
        fill: the value for missing numbers, the mean of the others; None if no number was missing. Of dates the mean
            day, counted from 1970-01-01.
        form: how the numbers are written.
        date: how the dates are written (`date_form`); None for a column of anything else.
        clock: whether the dates say a time of day.
        missing: cells that count as missing, besides empty ones and the usual markers (`GAPS`).
        mean: the mean of the training rows, for `unknown="answer"`; None if it is not known.
    """

    name: str
    categories: tuple[str, ...] = ()
    fill: float | None = None
    form: NumberForm = NumberForm()
    date: str | None = None
    clock: bool = False
    missing: tuple[str, ...] = ()
    mean: float | None = None

    def __post_init__(self) -> None:
        if len(set(self.categories)) != len(self.categories):
            raise DataError(
                f"column {brief(repr(self.name))}: expected different categories, got {brief(list(self.categories))}"
            )

    @property
    def kind(self) -> str:
        """What the column holds: numbers, dates, categories or booleans."""
        if not self.categories:
            return "number" if self.date is None else "date"
        return "boolean" if are_booleans(self.categories) else "category"

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs that a cell becomes."""
        if self.categories:
            return [f"{self.name} = {category or 'missing'}" for category in self.categories]
        names = [self.name if part == "number" else f"{self.name}: {part}" for part in self._parts]
        return names if self.fill is None else [*names, f"{self.name} is missing"]

    def is_missing(self, cell: str) -> bool:
        """Whether the cell counts as missing: it is empty, or holds a marker. Of text, NA is a category."""
        if not cell or (self.missing and (cell in self.missing or whole_number(cell) in self.missing)):
            return True
        return cell.casefold() in GAPS and self.kind != "category"

    def category_numbers(self, table: Table, unknown: UnknownPolicy = "refuse") -> Array:
        """The number of the category in each cell (N,) int64; -1 where it is unknown and to be answered all the same.

        Raises:
            DataError: a category that the column does not have.
        """
        number = {category: code for code, category in enumerate(self.categories)}
        booleans = {as_boolean(category): code for category, code in number.items()} if self.kind == "boolean" else {}
        codes = np.empty(len(table), np.int64)
        for row, cell in enumerate(table.columns[self.name]):
            cell = "" if self.is_missing(cell) else cell
            code = number.get(cell)
            code = number.get(whole_number(cell)) if code is None else code
            code = booleans.get(as_boolean(cell)) if code is None else code
            if code is None and unknown == "refuse":
                known = nearest(cell, [category for category in self.categories if category])
                if not cell:
                    raise table.fault(row, self.name, "the category is missing, but none was missing in training")
                raise table.fault(row, self.name, f"unknown category {cited(cell)}; {known}")
            codes[row] = -1 if code is None else code
        return codes

    def numbers(self, table: Table) -> Array:
        """The number in each cell (N,) float64, NaN where it is missing. Of a date, the days since 1970-01-01.

        Raises:
            DataError: a cell holds something else, or a number beyond 1e30.
        """
        key = self.name, self.form, self.date, self.missing
        if key not in table.numbers:
            table.numbers[key] = self._read(table)
        return table.numbers[key].copy()

    def _read(self, table: Table) -> Array:
        read = self._day if self.date is not None else self._number
        gaps = {read(cell) for cell in self.missing}  # such as -9, which also stands there as -9,0
        known: dict[str, float] = {}
        values = np.empty(len(table))
        for row, cell in enumerate(table.columns[self.name]):
            if cell not in known:
                value = np.nan if self.is_missing(cell) else read(cell)
                if value is None or abs(value) > LARGEST:
                    too_large = "" if value is None else f" up to {LARGEST:g}"
                    expected = f"expected a {self.kind} such as {self.example}{too_large}"
                    raise table.fault(row, self.name, f"{expected}, got {cited(cell)}")
                known[cell] = np.nan if value in gaps else value
            values[row] = known[cell]
        return values

    def with_means(self, table: Table, rows: Array) -> "Column":
        """The same column with the mean of these rows, by which missing numbers are replaced if there are any."""
        if self.categories:
            return self
        values = self.numbers(table)[rows]
        known = values[~np.isnan(values)]
        mean = float(known.mean()) if len(known) else 0.0
        return replace(self, fill=None if self.fill is None else mean, mean=mean)

    def write(self, table: Table, x: Array, unknown: UnknownPolicy = "refuse") -> Array:
        """Write the inputs that this column becomes into x (N, number of inputs), which holds zeros.

        Returns:
            whether the value of each row was unknown (N,): another category, or missing where none was before.

        Raises:
            DataError: as `category_numbers` and `numbers`; a number is missing, but none was missing in training.
        """
        if self.categories:
            codes = self.category_numbers(table, unknown)
            known = np.flatnonzero(codes >= 0)
            x[known, codes[known]] = 1
            return codes < 0
        values = self.numbers(table)
        gaps = np.isnan(values)
        unknown_rows = gaps if self.fill is None else np.zeros_like(gaps)
        if unknown_rows.any():
            problem = f"the {self.kind} is missing, but none was missing in training"
            if unknown == "answer" and self.mean is None:
                problem += ", and the model does not know the mean: train it anew"
            if unknown == "refuse" or self.mean is None:
                raise table.fault(int(gaps.argmax()), self.name, problem)
        values[gaps] = self.mean if self.fill is None else self.fill
        for place, part in enumerate(_PARTS[part] for part in self._parts):
            x[:, place] = part(values)
        if self.fill is not None:
            x[:, -1] = gaps
        return unknown_rows

    @property
    def _parts(self) -> list[str]:
        """What a cell says: a number, or the parts of a date."""
        if self.date is None:
            return ["number"]
        return (["day", "month", "weekday"] if self.date else []) + (["hour"] if self.clock else [])

    @property
    def example(self) -> str:
        """A number or date as the column writes it; it is in no cell."""
        if self.date is None:
            return self.form.example
        return " ".join(filter(None, (EXAMPLE.strftime(self.date), f"{EXAMPLE:%H:%M}" if self.clock else "")))

    def _number(self, cell: str) -> float | None:
        if NUMBER.fullmatch(cell) and self.form == NumberForm():
            return float(cell)  # the same, faster
        return self.form.number(cell)

    def _day(self, cell: str) -> float | None:
        moment = read_date(cell, self.date or "")
        return None if moment is None else (moment - FIRST_DAY) / DAY


def _month(days: Array) -> Array:
    return np.floor(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


# What becomes of a number, or of the days since 1970-01-01, a Thursday (N,).
_PARTS: dict[str, Callable[[Array], Array]] = {
    "number": np.asarray,
    "day": np.floor,
    "month": _month,  # 1 to 12
    "weekday": lambda days: (np.floor(days) + 3) % 7,  # 0 is Monday
    "hour": lambda days: 24 * (days - np.floor(days)),  # 0 to below 24, with minutes as a fraction
}


def as_boolean(cell: str) -> bool | None:
    """What a spelling of a boolean means; None for another text."""
    text = cell.casefold()
    return True if text in BOOLEANS else False if text in BOOLEANS.values() else None


def are_booleans(categories: Iterable[str]) -> bool:
    """Whether these are spellings of a boolean, both values, and not only the numbers 0 and 1."""
    filled = {category for category in categories if category}
    return set(map(as_boolean, filled)) == {False, True} and not filled <= {"0", "1"}


@dataclass(frozen=True)
class Schema:
    """The input columns of a network, and the column that it predicts.

    Attributes:
        inputs: in the order of the table.   target: its categories are the classes; for real numbers it has none.
        unknown: what becomes of a category that its column does not have, and of a missing number or date where none
            was missing in training. "refuse" refuses the row; with "answer" no indicator is set, and the number is the
            mean.
    """

    inputs: tuple[Column, ...]
    target: Column
    unknown: UnknownPolicy = "refuse"

    def __post_init__(self) -> None:
        names = [column.name for column in (*self.inputs, self.target)]
        if len(set(names)) != len(names):
            raise DataError(f"expected columns with different names, got {brief(names)}")

    @property
    def task(self) -> Task:
        return "classification" if self.target.categories else "regression"

    @property
    def input_names(self) -> list[str]:
        """A name for each input of the network."""
        return [name for column in self.inputs for name in column.inputs]

    def examples(self, table: Table) -> Array:
        """The inputs of the network for each row of a table (N, D) float64; columns are found by name.

        Raises:
            DataError: a column is missing, or a cell does not fit its column.
        """
        return self.examples_and_unknown(table)[0]

    def examples_and_unknown(self, table: Table) -> tuple[Array, dict[str, Array]]:
        """The same, and which rows have an unknown or missing value in a column (N,), by the name of the column."""
        missing = [repr(column.name) for column in self.inputs if column.name not in table.columns]
        if missing:
            wanted, have = " and ".join(missing), ", ".join(map(repr, table.columns))
            columns = "columns are" if len(missing) > 1 else "a column is"
            raise DataError(f"{table.name}: {columns} missing: {brief(wanted)}; the table has {brief(have) or 'none'}")
        widths = [len(column.inputs) for column in self.inputs]
        if len(table) * sum(widths) > MOST_VALUES:
            raise DataError(
                f"{table.name}: {len(table):,} rows of {sum(widths):,} inputs are too many, at most {MOST_VALUES:,} "
                "numbers in all: take fewer rows, or leave columns with many categories out (ignore)"
            )
        x = np.zeros((len(table), sum(widths)))
        unknown: dict[str, Array] = {}
        start = 0
        for column, width in zip(self.inputs, widths, strict=True):
            unknown_rows = column.write(table, x[:, start : start + width], self.unknown)
            if unknown_rows.any():
                unknown[column.name] = unknown_rows
            start += width
        return x, unknown

    def targets(self, table: Table) -> Array:
        """The targets (N,): labels as int64, or real numbers as float64.

        Raises:
            DataError: the target column is missing, or a cell does not fit it.
        """
        if self.target.name not in table.columns:
            raise DataError(
                f"{table.name}: there is no column {brief(repr(self.target.name))}, the truth to compare with"
            )
        refuse_gaps(table, self.target)
        return self.target.category_numbers(table) if self.target.categories else self.target.numbers(table)

    def with_means(self, table: Table, rows: Array) -> "Schema":
        """The same schema, with missing numbers replaced by the means of these rows, the training examples."""
        return replace(self, inputs=tuple(column.with_means(table, rows) for column in self.inputs))


def digest(x: Array, y: Array) -> str:
    """A checksum of examples and targets, which identifies a table wherever its file is."""
    return hashlib.sha256(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(y).tobytes()).hexdigest()


def whole_number(cell: str) -> str:
    """The shortest form of a cell that holds a whole number, "1" for "1.0"; other cells, such as "01", unchanged."""
    if re.match(r"[+-]?0\d", cell):
        return cell  # a code: "01" may differ from "1"
    if not NUMBER.fullmatch(cell) or not abs(value := float(cell)) < 2**53 or value != int(value):
        return cell
    return str(int(value))


def refuse_gaps(table: Table, target: Column) -> None:
    """Raise DataError if a cell of the target is missing."""
    row = next((row for row, cell in enumerate(table.columns[target.name]) if target.is_missing(cell)), None)
    if row is not None:
        raise table.fault(row, target.name, "the target is missing; fill the cell, or leave the row out")
