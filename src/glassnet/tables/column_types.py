"""Decides what each column of a table holds, from all its cells, and returns a schema.

A column holds numbers, dates, booleans, categories, or nothing. Where its cells have two meanings, or where most are
numbers and some are not, a person has to decide: the error names the ways out.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.nn.plain import brief, cited, nearest
from glassnet.tables.boolean_form import are_booleans, as_boolean
from glassnet.tables.cells import Cells
from glassnet.tables.column import Column, refuse_gaps, whole_number
from glassnet.tables.column_options import Choice, ColumnOptions
from glassnet.tables.date_form import (
    DAYS,
    EIGHT_DIGITS,
    find_date_forms,
    has_clock,
    has_doubtful_year,
    order_of,
    read_date,
    zone_of,
)
from glassnet.tables.dialect import SEPARATORS
from glassnet.tables.mixture import find_mixture
from glassnet.tables.number_form import NUMBER, NumberForm, find_forms, shown_mark, split, usual_form
from glassnet.tables.schema import Schema, Task
from glassnet.tables.table import Table
from glassnet.tables.undecided import UndecidedError, Way

MOST_CATEGORIES = 256
MOST_EXACT = 1 << 53  # a larger integer has no float64 of its own
MOST_LABELS, ROWS_A_LABEL = 20, 5  # at most 20 different whole numbers, each 5 times on average, are labels
MIDNIGHT = time()
ROWS_FOR_PLACES, MOST_PLACES = 1000, 6
CODE = re.compile("0[0-9]+")
WHOLE = re.compile(r"-?\d{1,16}")  # as `whole_number` writes it


def find_schema(
    table: Table, target: str, *, task: Task | None = None, progress: Progress | None = None, **options: Any
) -> Schema:
    """Decide what the columns of a table hold.

    Numbers may have a decimal comma, groups of thousands, and a currency or unit if all cells have the same. The target
    is a class if it is text or has few whole numbers (at most 20 different ones, each five times on average), else an
    amount. Columns without any value are left out.

    Args:
        target: the column to predict.   task: the kind of the target; by default it is detected.
        progress: called with a description, the number of columns that are decided, and the number of all.
        options: what a person says beforehand: ignore, categorical and the others of `ColumnOptions`.

    Raises:
        DataError: no such column, a target that is always the same, no column besides the target, too many categories,
            dates that nobody wants as numbers, a column that could be one thing or another.
    """
    said = ColumnOptions(**options)
    check_names(table, [target, *said.named])
    if target in said.left_out:
        raise DataError(f"{table.name}: the target {brief(repr(target))} cannot be ignored")
    detector = ColumnDetector(table, said, target)
    names = [
        name for name in table.columns if name != target and name not in said.left_out and detector.holds_any(name)
    ]
    if not names:
        separators = "; cells are separated by commas, semicolons, tabs or vertical bars"
        raise DataError(
            f"{table.name}: expected a column besides the target {brief(repr(target))} to predict it from"
            f"{'' if table.lines is None else separators}"
        )
    target_column = detector.target_column(task)
    return Schema(tuple(map(detector.input_column, reported(names, table, progress))), target_column)


def _says_time(cells: Collection[str], form: str) -> bool:
    """Whether dates in this form say a time of day, in any cell another one than midnight."""
    moments = (read_date(cell, form) for cell in cells if has_clock(cell))
    return not form or any(moment is not None and moment.time() != MIDNIGHT for moment in moments)


def reported(names: Collection[str], table: Table, progress: Progress | None) -> Iterator[str]:
    """The names of columns one by one, which `progress` is told of."""
    for done, name in enumerate(names):
        if progress:
            progress(f"looking at the columns of {Path(table.name).name}", done, len(names))
        yield name


def check_names(table: Table, names: Collection[str]) -> None:
    """Raise DataError unless the table has columns with these names."""
    place = "" if table.lines is None else " in the first line"
    for name in names:
        if name not in table.columns:
            raise DataError(f"{table.name}: there is no column {brief(repr(name))}{place}; {_hint(name, table)}")


def _hint(name: str, table: Table) -> str:
    names = list(table.columns)
    if len(names) == 1 and any(
        separator in cell for cell in table.columns[names[0]].texts[:9] for separator in SEPARATORS
    ):
        return f"it holds {cited(names[0])} alone, and the lines below more: is it a title? remove it"
    numbers = [known for known in names if NUMBER.fullmatch(known)]
    if numbers:
        first_names = brief(", ".join(map(repr, names[:5])))
        return f"expected the names of the columns there, got {first_names}: add a line of names"
    return nearest(name, names)


class ColumnDetector:
    """The columns of one table, while it is decided what they hold."""

    def __init__(self, table: Table, options: ColumnOptions, target: str | None = None) -> None:
        self.table, self.target, self.options = table, target, options
        self._present: dict[str, Counter[str]] = {}
        self._forms: dict[str, list[NumberForm]] = {}

    def present(self, name: str) -> Counter[str]:
        """How often each cell that is not missing stands in a column."""
        if name not in self._present:
            self._present[name] = self._cells(name).counts()
            for cell in Column(name, missing=self._missing(name)).missing_among(self._present[name]):
                del self._present[name][cell]
        return self._present[name]

    def holds_any(self, name: str) -> bool:
        """Whether a column has a cell that is not missing."""
        cells = self._cells(name)
        probe = Column(name, date=cells.date, missing=self._missing(name))
        return len(probe.gaps(self.table)) < len(self.table)

    def _cells(self, name: str) -> Cells:
        """Raises UndecidedError: cells that no network can take."""
        cells = self.table.columns[name]
        if cells.problem:
            raise UndecidedError(f"{self._where(name)} {cells.problem}", *self._left_out(name))
        return cells

    def input_column(self, name: str) -> Column:
        """What an input column holds."""
        column = self._column(name)
        if column.categories or not np.isnan(values := column.numbers(self.table)).any():
            return column
        return replace(column, fill=float(np.nanmean(values)))

    def target_column(self, task: Task | None) -> Column:
        """What the target holds: the classes, or how its numbers are written."""
        name = str(self.target)
        cells = self._cells(name)
        said = self.options.columns.get(name)
        categories = () if self._number_forms(name) else ("any",)  # NA is a gap among numbers, a class among texts
        refuse_gaps(self.table, Column(name, categories, missing=self._missing(name)))
        kinds = set(map(whole_number, cells.counts()))
        if len(kinds) == 1:
            always = f"the target {brief(repr(name))} is always {cited(cells[0])}"
            raise DataError(f"{self.table.name}: {always}: there is nothing to learn")
        whole = all(map(WHOLE.fullmatch, kinds))
        labels = whole and len(kinds) <= min(MOST_LABELS, len(cells) // ROWS_A_LABEL)
        if said is not None and said.kind in ("category", "boolean"):
            return self._chosen(name, said)
        if task == "classification" or (labels and task is None):
            return self._classes(name, kinds)
        column = self._column(name, only_numbers=task == "regression")
        if column.date is not None:
            raise DataError(
                f"{self._where(name)} is the target and holds dates: expected amounts or classes to predict"
            )
        if column.categories:
            return column
        column.numbers(self.table)  # which raises where one is wrong
        return replace(column, places=self._places(name, column.form))

    def _places(self, name: str, form: NumberForm) -> int:
        """How many decimals the numbers of a column have, to the first of them."""
        first = self._cells(name).rows(range(min(len(self.table), ROWS_FOR_PLACES)))
        parts = [split(cell) for cell in first.counts() if cell]
        return min(max((len(part.body.partition(form.decimal)[2]) for part in parts if part), default=0), MOST_PLACES)

    def _column(self, name: str, *, only_numbers: bool = False) -> Column:
        choice = self.options.columns.get(name)
        if choice is not None:
            return self._chosen(name, choice)
        cells = self._cells(name)
        declared_texts = cells.kind in ("category", "boolean")
        if name in self.options.categorical or (declared_texts and not only_numbers):
            return self._categories(name, set(map(whole_number, cells.counts())))
        if cells.kind and not declared_texts:
            self._check_exact(name)
            return Column(name, date=cells.date, clock=cells.clock, missing=self._missing(name), zone=cells.zone)
        present = self.present(name)
        if all(map(EIGHT_DIGITS.fullmatch, present)) or not (forms := self._number_forms(name)):
            if not only_numbers and (dates := find_date_forms(present, self.options.date_order)):
                self._check_dates_are_wanted(name)
                return self._dates(name, dates)
            forms = self._number_forms(name)
        if forms and any(map(CODE.fullmatch, present)) and all(cell.isdigit() for cell in present):
            return self._categories(name, set(cells.counts()))
        if forms:
            return Column(name, form=self._one_form(name, forms), missing=self._missing(name))
        if are_booleans(present) and not only_numbers:
            gaps = {""} if present.total() < len(self.table) else set()
            return self._categories(name, {*present, *gaps})
        self._refuse_mixture(name, only_numbers=only_numbers)
        return self._categories(name, set(cells.counts()))

    def _check_exact(self, name: str) -> None:
        """Raise UndecidedError if integers are too large to be told apart as numbers: they are names."""
        largest = self._cells(name).largest_integer
        if largest > MOST_EXACT:
            raise UndecidedError(
                f"{self._where(name)} holds integers up to {largest}, expected at most {MOST_EXACT} (2**53): larger "
                "ones cannot be told apart as numbers",
                *self._as_codes(name),
                *self._left_out(name),
            )

    def _number_forms(self, name: str) -> list[NumberForm]:
        """The forms that the numbers of a column could have, the likelier first."""
        if self._cells(name).kind == "number":
            return [NumberForm()]
        if name not in self._forms:
            forms = find_forms(self.present(name))
            wanted = self.options.decimal
            self._forms[name] = [form for form in forms if form.decimal == wanted] or forms
        return self._forms[name]

    def _one_form(self, name: str, forms: list[NumberForm]) -> NumberForm:
        """The form of the numbers of a column, of one or two that are possible."""
        first, second = forms[0], forms[-1]
        cells, marks = self.present(name), self._marks
        if len(forms) == 1:
            whole = first == NumberForm() and all(map(str.isdigit, cells))
            return NumberForm(",") if whole and marks == {","} else first  # later rows may have decimals
        by_habit = usual_form(cells, forms)
        by_table = next((form for form in forms if {form.decimal} == marks), None)
        if not marks and self.table.separator == "," and first.decimal == "." and "." in (first.group, second.group):
            by_table = first  # where commas separate cells, decimals have a point
        if (one := by_habit or by_table) and one == (by_table or one):
            return one
        cell = max(cells, key=lambda cell: (first.number(cell) != second.number(cell), cell))
        raise UndecidedError(
            f"{self._where(name)} can be read in two ways: {cited(cell)} is {first.number(cell):.15g} with a decimal "
            f"{first.mark}, or {second.number(cell):.15g} with a decimal {second.mark}",
            *(Way("decimal", form.decimal, f"if it is {form.number(cell):.15g}") for form in (first, second)),
        )

    @cached_property
    def _marks(self) -> set[str]:
        """The decimal marks that columns of the table prove."""
        names = [name for name, cells in self.table.columns.items() if not (cells.kind or cells.problem)]
        names = list(filter(self.present, names))
        found = (shown_mark(self.present(name), self._number_forms(name)) for name in names)
        return {mark for mark in found if mark}

    def _dates(self, name: str, forms: list[str]) -> Column:
        """A column of dates in one of these forms."""
        cells = self.present(name)
        if not forms:
            raise DataError(
                f"{self._where(name)}: expected dates in one usual form, got {cited(max(cells, default=''))}; say kind "
                "= 'category' or 'ignore'"
            )
        wanted = self.options.date_order
        possible = [form for form in forms if order_of(form) == wanted] or forms
        cell = max(cells)
        if wanted and {order_of(form) for form in possible} <= {"dmy", "mdy"} - {wanted} and cell.isascii():
            raise DataError(
                f"{self._where(name)}: date_order is {wanted}, but {cited(cell)} is {DAYS[possible[0]]}; leave the "
                "order out, or say it of single columns"
            )
        if len(possible) > 1:
            cell = max(cells, key=lambda cell: (len({read_date(cell, form) for form in possible}), cell))
            raise UndecidedError(
                f"{self._where(name)} can be read in {len(possible)} ways: {cited(cell)} is "
                f"{' or '.join(DAYS[form] for form in possible)}",
                *(Way("date_order", order_of(form), f"if it is {read_date(cell, form):%Y-%m-%d}") for form in possible),
            )
        form, zone = possible[0], min(map(zone_of, cells))
        doubtful = next((cell for cell in cells if has_doubtful_year(read_date(cell, form), form)), None)
        if doubtful is not None:
            raise DataError(
                f"{self._where(name)} writes years in two digits, and {cited(doubtful)} could be of this century or "
                "the last: write the years in four digits"
            )
        return Column(name, date=form, clock=_says_time(cells, form), missing=self._missing(name), zone=zone)

    def written_otherwise(self, column: Column) -> str | None:
        """A number or date as this whole column is written, if that is another form than the given one; else None."""
        if self._cells(column.name).kind:
            return None
        cells = self.present(column.name)
        if not column.read(self.table).problems:
            other = column.form.with_other_mark(cells) if column.date is None else None
            return other.example if other and self._marks == {other.decimal} else None
        if column.date is not None:
            forms = find_date_forms(cells, order_of(column.date))
            return replace(column, date=forms[0]).example if forms and column.date not in forms else None
        return next((form.example for form in self._number_forms(column.name) if form != column.form), None)

    def _check_dates_are_wanted(self, name: str) -> None:
        if name == self.target:
            raise DataError(
                f"{self._where(name)} is the target and holds dates: expected amounts or classes to predict"
            )
        if not self.options.dates:  # as categories, every new date would be unknown
            raise UndecidedError(
                f"{self._where(name)} holds dates or times of day, such as {cited(max(self.present(name)))}",
                Way("dates", True, "to make numbers of them, the day, month, weekday and hour"),
                *self._as_codes(name),
                *self._left_out(name),
            )

    def _chosen(self, name: str, choice: Choice) -> Column:
        """The column that a person has described."""
        cells = self._cells(name)
        if choice.kind == "number" and cells.kind == "number":
            return Column(name, missing=self._missing(name))
        if choice.kind == "number":
            forms = [form for form in find_forms(self.present(name)) if choice.allows(form)]
            form = self._one_form(name, forms) if forms else choice.number_form()
            return Column(name, form=form, missing=self._missing(name))
        if choice.kind == "date":
            return self._chosen_date(name, choice)
        if choice.categories:
            column = Column(name, choice.categories, missing=self._missing(name))
        else:
            column = self._categories(name, set(map(whole_number, cells.counts())))
        if choice.kind == "boolean" and {*map(as_boolean, filter(None, column.categories))} != {True, False}:
            odd = min(
                filter(None, column.categories), key=lambda category: (as_boolean(category) is not None, category)
            )
            raise DataError(
                f"{self._where(name)}: expected two spellings of a boolean, such as yes and no, got {cited(odd)}; if "
                "it is unknown there, name it in missing, else say kind = 'category'"
            )
        return column

    def _chosen_date(self, name: str, choice: Choice) -> Column:
        stated = self._cells(name)
        if stated.kind == "date" and bool(stated.date) >= bool(choice.date):
            clock = stated.clock if choice.clock is None else choice.clock or not stated.date
            return Column(name, date=stated.date, clock=clock, missing=self._missing(name), zone=stated.zone)
        cells = self.present(name)
        if choice.date is None:
            column = self._dates(name, find_date_forms(cells, self.options.date_order))
        else:
            zone = min(map(zone_of, cells), default="")
            column = Column(name, date=choice.date, clock=not choice.date, missing=self._missing(name), zone=zone)
        clock = column.clock or _says_time(cells, column.date or "")
        return replace(column, clock=clock if choice.clock is None else choice.clock or not column.date)

    def _classes(self, name: str, kinds: set[str]) -> Column:
        """The classes of a target, of which these are the cells."""
        if not all(map(WHOLE.fullmatch, kinds)):
            return self._categories(name, kinds)
        if len(kinds) > MOST_CATEGORIES:
            raise UndecidedError(
                f"{self._where(name)} holds {len(kinds):,} different numbers, expected at most {MOST_CATEGORIES} "
                "classes",
                Way("task", "regression", "if they are amounts"),
            )
        return Column(name, tuple(sorted(kinds, key=lambda kind: (int(kind), kind))))

    def _categories(self, name: str, kinds: set[str]) -> Column:
        """A column of text with these cells."""
        missing = self._missing(name)
        if missing:
            kinds = {"" if kind in missing else kind for kind in kinds}
        if are_booleans(present := kinds - {""}):
            counts = self.present(name)
            spelled = {
                max((k for k in present if as_boolean(k) is value), key=lambda k: (not k.isdigit(), counts[k], k))
                for value in (False, True)
            }
            kinds = spelled | ({""} & kinds)
        if name == self.target:
            self._check_classes(name, kinds)
        elif 2 * len(kinds) > len(self.table):
            raise UndecidedError(
                f"{self._where(name)} holds {len(kinds):,} different texts in {len(self.table):,} rows, such as "
                f"{cited(max(kinds))}: too many to learn from",
                *self._left_out(name),
            )
        elif len(kinds) > MOST_CATEGORIES:
            raise UndecidedError(
                f"{self._where(name)} is text with {len(kinds):,} different values, expected at most {MOST_CATEGORIES} "
                "categories",
                *self._left_out(name),
            )
        return Column(name, tuple(sorted(kinds)), missing=missing)

    def _check_classes(self, name: str, kinds: set[str]) -> None:
        if 2 * len(kinds) > len(self.table) or len(kinds) > MOST_CATEGORIES:
            raise DataError(
                f"{self._where(name)} is the target, with {len(kinds):,} different texts in {len(self.table):,} rows, "
                f"such as {cited(max(kinds))}: expected at most {MOST_CATEGORIES} classes, each in two rows or "
                "more; merge rare ones into one, or choose another target"
            )

    def _refuse_mixture(self, name: str, *, only_numbers: bool) -> None:
        """Raise DataError if most of the cells are numbers or dates: the others may be gaps, codes or mistakes."""
        mixture = find_mixture(self.present(name), only_numbers=only_numbers)
        if mixture is None:
            return
        cells, (one, other) = self.table.columns[name], mixture.pair
        ways = [*self._as_codes(name), *self._left_out(name)]
        if not mixture.others:
            how = f"in two ways, such as {cited(one)} and {cited(other)}" if one != other else f"such as {cited(one)}"
            raise UndecidedError(
                f"{self._where(name)} writes {mixture.most}s {how}; write all in one usual way, or decide", *ways
            )
        row = int(cells.are(mixture.others).argmax())
        expected = f"expected a {mixture.most}, as in most cells, got {cited(cells[row])}"
        others = sum(self.present(name)[cell] for cell in mixture.others)
        expected += f" ({others:,} cells hold none)" if others > 1 else ""
        is_number = split(cells[row]) is not None
        if is_number:
            expected += "; write all cells with one unit, or all with none"
        elif row == 0 and others == 1:
            expected += " (is this line a second one of names, or of units? then remove it)"
        there = str(self.table.fault(row, name, expected))
        if name == self.target:
            raise UndecidedError(there if is_number else f"{there}; leave the row out, or change its cell", *ways)
        unknown = [] if is_number else [Way("missing", [cells[row]], "if it is unknown there")]
        raise UndecidedError(there, *unknown, *ways)

    def _missing(self, name: str) -> tuple[str, ...]:
        choice = self.options.columns.get(name)
        return self.options.missing + (choice.missing if choice else ())

    def _as_codes(self, name: str) -> list[Way]:
        kinds = set(map(whole_number, self.present(name)))
        if 2 * len(kinds) > len(self.table) or len(kinds) > MOST_CATEGORIES:
            return []  # it would be refused
        if name == self.target:
            return [Way("task", "classification", "if these are classes")]
        return [Way("categorical", [name], "if these are codes")]

    def _left_out(self, name: str) -> list[Way]:
        """The way out that every column has but the target."""
        return [] if name == self.target else [Way("ignore", [name], "to leave the column out")]

    def _where(self, name: str) -> str:
        return f"{self.table.name}: column {brief(repr(name))}"
