"""A column of a table: what it holds, and how its cells become inputs of a network or a target."""

import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.nn.plain import brief, cited, nearest
from glassnet.tables.boolean_form import are_booleans, as_boolean
from glassnet.tables.date_form import FIRST_DAY, has_doubtful_year, in_one_place, read_date, zone_of
from glassnet.tables.number_form import NUMBER, NumberForm
from glassnet.tables.table import CellError, Table

UnknownPolicy = Literal["refuse", "answer"]
Problems = dict[int, CellError]  # by the number of the row

LARGEST = 1e30  # small enough for float32, also for the values that a network computes from it
# Markers of missing values in lower case.
GAPS = frozenset(("", "na", "n/a", "#n/a", "n.a.", "n.d.", "k.a.", "k. a.", "nan", "nat", "null", "\\n", "none", "nil"))
GAPS |= {"<na>", "?", "-", "--", "–", "—", "."}
LONGEST_GAP = max(map(len, GAPS))
PLAIN = NumberForm()  # as programs write numbers
NO_TARGET = "the target is missing; fill the cell, or leave the row out"
KINDS = {"number": "numbers", "date": "dates", "boolean": "booleans", "category": "categories"}
DAY = timedelta(days=1)
DIGITS = 4  # that an amount is written with at least
EARLIEST, LATEST = (datetime.min - FIRST_DAY) / DAY, (datetime.max - FIRST_DAY) / DAY
EXAMPLE = datetime(2024, 12, 31, 13, 45)


class Read(NamedTuple):
    """The value of each cell (N,), and the problem of each row whose cell cannot be used."""

    values: Array
    problems: Problems


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
        zone: their time zone, or one of its two; "" if they name none, None if that is not known.
        places: of a target, how many decimals its numbers have; None if that is not known.
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
    zone: str | None = None
    places: int | None = None

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
        names = [self.name if part == "number" else f"{self.name}: {part}" for part in self.parts]
        return names if self.fill is None else [*names, f"{self.name} is missing"]

    def is_missing(self, cell: str) -> bool:
        """Whether the cell counts as missing: it is empty, or holds a marker. Of text, NA is a category."""
        if not cell or (self.missing and (cell in self.missing or whole_number(cell) in self.missing)):
            return True
        return len(cell) <= LONGEST_GAP and cell.casefold() in GAPS and self.kind != "category"

    def missing_among(self, texts: Iterable[str]) -> set[str]:
        """Which of these cells count as missing."""
        longest = sys.maxsize if self.missing else LONGEST_GAP
        return {text for text in texts if len(text) <= longest and self.is_missing(text)}

    def gaps(self, table: Table) -> list[int]:
        """The rows whose cell counts as missing."""
        cells = table.columns[self.name]
        values = cells.stated(self.kind, self.date, self.zone)
        if values is None:
            return np.flatnonzero(cells.are(self.missing_among(cells.texts))).tolist()
        return np.flatnonzero(np.isnan(self._read_numbers(table).values)).tolist()

    def read(self, table: Table) -> Read:
        """The number of the category in each cell (N,) int64; of numbers and dates as `numbers`. Nothing is raised."""
        return self._read_categories(table) if self.categories else self._read_numbers(table)

    def numbers(self, table: Table) -> Array:
        """The number in each cell (N,) float64, NaN where it is missing. Of a date, the days since 1970-01-01.

        Raises:
            DataError: a cell holds something else, or a number beyond 1e30.
        """
        values, problems = self._read_numbers(table)
        if problems:
            raise problems[min(problems)]
        return values.copy()

    def _read_categories(self, table: Table) -> Read:
        """Where the category is unknown, the number is -1, and there is a problem."""
        number = {category: code for code, category in enumerate(self.categories)}
        booleans = {as_boolean(category): code for category, code in number.items() if category}
        booleans = booleans if self.kind == "boolean" else {}
        cells = table.columns[self.name]
        known = np.empty(len(cells.texts), np.int64)
        for place, cell in enumerate(cells.texts):
            text = "" if self.is_missing(cell) else cell
            found = (number.get(text), number.get(whole_number(text)), booleans.get(as_boolean(text)))
            known[place] = next((code for code in found if code is not None), -1)
        values = known[cells.places]
        problems = {}
        for row in np.flatnonzero(values < 0).tolist():
            problem = "the category is missing, but none was missing in training"
            if not self.is_missing(cell := cells[row]):
                problem = f"unknown category {cited(cell)}; {nearest(cell, filter(None, self.categories))}"
            problems[row] = table.fault(row, self.name, problem)
        return Read(values, problems)

    def _read_numbers(self, table: Table) -> Read:
        """Kept with the table, for each column is asked for several times."""
        key = self.name, self.form, self.date, self.missing, self.zone
        if key in table.numbers:
            return Read(*table.numbers[key])
        read = self._day if self.date is not None else _plain_number if self.form == PLAIN else self.form.number
        gaps = [value for cell in self.missing if (value := read(cell)) is not None]  # -9, which stands there as -9,0
        cells = table.columns[self.name]
        stated = values = cells.stated(self.kind, self.date, self.zone)
        if values is None:
            values = self._numbers_in(cells.texts, read)[cells.places]
        values[np.isin(values, gaps)] = np.nan
        problems = {}
        beyond = np.abs(values) > LARGEST if self.date is None else (values < EARLIEST) | (values > LATEST)
        for row in np.flatnonzero(beyond).tolist():
            values[row] = np.inf
            cell = cells[row]
            expected = f"expected a {self.kind} such as {self.example}, got {cited(cell)}"
            if self.date is None and (stated is not None or read(cell) is not None):
                expected = f"expected at most {LARGEST:g}, got {cited(cell)}; leave the row out, or the cell empty"
            problems[row] = table.fault(row, self.name, expected)
        table.numbers[key] = Read(values, problems)
        return Read(values, problems)

    def _numbers_in(self, texts: Sequence[str], read: Callable[[str], float | None]) -> Array:
        """The number in each of these cells, NaN where it is missing, infinity where there is none."""
        missing = self.missing_among(texts)
        present = [text for text in texts if text not in missing] if missing else texts
        if self.date is None and self.form == PLAIN and all(map(NUMBER.fullmatch, present)):
            found = list(map(float, present))  # most columns, fast
        else:
            found = [np.inf if (value := read(text)) is None else value for text in present]
        if not missing:
            return np.array(found, np.float64)
        values = np.full(len(texts), np.nan)
        values[[text not in missing for text in texts]] = found
        return values

    def with_means(self, table: Table, rows: Array) -> "Column":
        """The same column with the mean of these rows, by which missing numbers are replaced if there are any."""
        if self.categories:
            return self
        values = self.numbers(table)[rows]
        known = values[~np.isnan(values)]
        mean = float(known.mean()) if len(known) else 0.0
        return replace(self, fill=None if self.fill is None else mean, mean=mean)

    def write(self, table: Table, x: Array, unknown: UnknownPolicy = "refuse") -> tuple[Problems, Array]:
        """Write the inputs that this column becomes into x (N, number of inputs), which holds zeros.

        Returns:
            the problem of each row that cannot be used; and whether the value of each row was unknown (N,): another
            category, or missing where none was missing before.
        """
        values, problems = self.read(table)
        if self.categories:
            known = np.flatnonzero(values >= 0)
            x[known, values[known]] = 1
            return ({}, values < 0) if unknown == "answer" else (problems, np.zeros(len(table), bool))
        values, problems, missing = values.copy(), problems.copy(), np.isnan(values)
        unknown_rows = missing if self.fill is None else np.zeros_like(missing)
        if unknown == "refuse" or self.mean is None:
            problem = f"the {self.kind} is missing, but none was missing in training"
            if unknown == "answer":
                problem += ", and the model does not know the mean: train it again"
            problems |= {row: table.fault(row, self.name, problem) for row in np.flatnonzero(unknown_rows).tolist()}
        values[missing] = (self.mean or 0.0) if self.fill is None else self.fill
        values[list(problems)] = 0.0
        for place, part in enumerate(_PARTS[part] for part in self.parts):
            x[:, place] = part(values)
        if self.fill is not None:
            x[:, -1] = missing
        return problems, unknown_rows

    @property
    def parts(self) -> list[str]:
        """What a cell says: a number, or the parts of a date."""
        if self.date is None:
            return ["number"]
        return (["day", "month", "weekday"] if self.date else []) + (["hour"] if self.clock else [])

    @property
    def example(self) -> str:
        """A number or date as the column writes it; it is in no cell."""
        if self.date is None:
            return self.form.example
        clock = f"{EXAMPLE:%H:%M}{self.zone or ''}" if self.clock else ""
        return f"{EXAMPLE.strftime(self.date)} {clock}".strip()

    def amount(self, value: float) -> str:
        """A number as the column writes it, with at least four digits: `390,250 $`, `61.17`."""
        size = math.floor(math.log10(abs(value))) + 1 if value and math.isfinite(value) else 0
        if not -6 < size < 16 or not math.isfinite(value):
            return f"{value:.5g} {self.form.unit}".strip()
        places = self.places or 0
        exact = math.isclose(value, round(value, places), abs_tol=1e-12)  # as every cell of the column is
        return self.form.write(value, places if exact else max(places, DIGITS - size))

    def _in_zone(self, cell: str) -> bool:
        return self.zone is None or in_one_place({zone_of(cell), self.zone})

    def _day(self, cell: str) -> float | None:
        moment = read_date(cell, self.date or "")
        if moment is None or has_doubtful_year(moment, self.date or "") or not self._in_zone(cell):
            return None
        return (moment - FIRST_DAY) / DAY


def _plain_number(cell: str) -> float | None:
    """The number in a cell of the plain form, mostly as programs write it, which is read faster."""
    return float(cell) if NUMBER.fullmatch(cell) else PLAIN.number(cell)


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


def whole_number(cell: str) -> str:
    """The shortest form of a cell that holds a whole number, "1" for "1.0"; other cells, such as "01", unchanged."""
    if re.match(r"[+-]?0\d", cell):
        return cell  # a code: "01" may differ from "1"
    if not NUMBER.fullmatch(cell) or not abs(value := float(cell)) < 2**53 or value != int(value):
        return cell
    return str(int(value))


def refuse_gaps(table: Table, target: Column) -> None:
    """Raise DataError if a cell of the target is missing."""
    gaps = target.gaps(table)
    if len(gaps):
        raise table.fault(gaps[0], target.name, NO_TARGET)
