"""Decides what each column of a table holds, from all its cells, and returns a schema.

A column holds numbers, dates, booleans, categories, or nothing. Where its cells have two meanings, or where most are
numbers and some are not, a person has to decide: the error names the ways out.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.nn.plain import brief, cited, nearest
from glassnet.tables.date_form import DAYS, EIGHT_DIGITS, find_date_forms, has_clock, order_of
from glassnet.tables.dialect import SEPARATORS
from glassnet.tables.mixture import find_mixture
from glassnet.tables.number_form import NUMBER, NumberForm, find_forms
from glassnet.tables.schema import WHOLE, Column, Schema, Task, are_booleans, refuse_gaps, truth, whole_number
from glassnet.tables.table import Table
from glassnet.tables.undecided import UndecidedError, Way
from glassnet.tables.wishes import Choice, Wishes

MOST_CATEGORIES = 256
MOST_LABELS, ROWS_A_LABEL = 20, 5  # at most 20 different whole numbers, each 5 times on average, are labels
CODE = re.compile("0[0-9]+")


def find_schema(
    table: Table, target: str, *, task: Task | None = None, progress: Progress | None = None, **wishes: Any
) -> Schema:
    """Decide what the columns of a table hold.

    Numbers may have a decimal comma, groups of thousands, and a currency or unit if all cells have the same. The target
    is a class if it is text or has few whole numbers (at most 20 different ones, each five times on average), else an
    amount. Columns without any value are left out.

    Args:
        target: the column to predict.   task: the kind of the target; by default it is detected.
        progress: called with a description, the number of columns that are decided, and the number of all.
        wishes: what a person says beforehand: ignore, categorical and the others of `Wishes`.

    Raises:
        DataError: no such column, a target that is always the same, no column besides the target, too many categories,
            dates that nobody wants as numbers, a column that could be one thing or another.
    """
    wished = Wishes(**wishes)
    check_names(table, [target, *wished.named])
    if target in wished.left_out:
        raise DataError(f"{table.name}: the target {brief(repr(target))} cannot be ignored")
    deciding = Deciding(table, wished, target)
    names = [name for name in table.columns if name != target and name not in wished.left_out and deciding.filled(name)]
    if not names:
        raise DataError(
            f"{table.name}: expected a column besides the target {brief(repr(target))} to predict it from; cells are "
            "separated by commas, semicolons, tabs or vertical bars"
        )
    target_column = deciding.target_column(task)
    return Schema(tuple(map(deciding.input_column, reported(names, table, progress))), target_column)


def reported(names: Collection[str], table: Table, progress: Progress | None) -> Iterator[str]:
    """The names of columns one by one, which `progress` is told of."""
    for done, name in enumerate(names):
        if progress:
            progress(f"looking at the columns of {Path(table.name).name}", done, len(names))
        yield name


def check_names(table: Table, names: Collection[str]) -> None:
    """Raise DataError unless the table has columns with these names."""
    for name in names:
        if name not in table.columns:
            raise DataError(
                f"{table.name}: there is no column {brief(repr(name))} in the first line; {_hint(name, table)}"
            )


def _hint(name: str, table: Table) -> str:
    names = list(table.columns)
    if len(names) == 1 and any(separator in cell for cell in table.columns[names[0]][:9] for separator in SEPARATORS):
        return f"it holds {cited(names[0])} alone, and the lines below more: is it a title? remove it"
    numbers = [known for known in names if NUMBER.fullmatch(known)]
    if numbers:
        first_names = brief(", ".join(map(repr, names[:5])))
        return f"expected the names of the columns there, got {first_names}: add a line of names"
    return nearest(name, names)


class Deciding:
    """The columns of one table, while it is decided what they hold."""

    def __init__(self, table: Table, wishes: Wishes, target: str | None = None) -> None:
        self.table, self.target, self.wishes = table, target, wishes
        self._filled: dict[str, Counter[str]] = {}
        self._forms: dict[str, list[NumberForm]] = {}

    def filled(self, name: str) -> Counter[str]:
        """How often each cell that is not missing stands in a column."""
        if name not in self._filled:
            probe = Column(name, missing=self._missing(name))
            counts = Counter(self.table.columns[name])
            self._filled[name] = Counter({cell: n for cell, n in counts.items() if not probe.is_missing(cell)})
        return self._filled[name]

    def input_column(self, name: str) -> Column:
        """What an input column holds."""
        column = self._column(name)
        if column.categories or not np.isnan(values := column.numbers(self.table)).any():
            return column
        return replace(column, fill=float(np.nanmean(values)))

    def target_column(self, task: Task | None) -> Column:
        """What the target holds: the classes, or how its numbers are written."""
        name = str(self.target)
        cells = self.table.columns[name]
        said = self.wishes.columns.get(name)
        categories = () if self._number_forms(name) else ("any",)  # NA is a gap among numbers, a class among texts
        refuse_gaps(self.table, Column(name, categories, missing=self._missing(name)))
        kinds = set(map(whole_number, cells))
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
        if not column.categories:
            column.numbers(self.table)
        return column

    def _column(self, name: str, *, only_numbers: bool = False) -> Column:
        choice = self.wishes.columns.get(name)
        if choice is not None:
            return self._chosen(name, choice)
        if name in self.wishes.categorical:
            return self._categories(name, set(map(whole_number, self.table.columns[name])))
        filled = self.filled(name)
        if all(map(EIGHT_DIGITS.fullmatch, filled)) or not (forms := self._number_forms(name)):
            if not only_numbers and (dates := find_date_forms(filled)):
                return self._dates(name, dates)
            forms = self._number_forms(name)
        if forms and any(map(CODE.fullmatch, filled)) and all(cell.isdigit() for cell in filled):
            return self._categories(name, set(self.table.columns[name]))
        if forms:
            return Column(name, form=self._one_form(name, forms), missing=self._missing(name))
        if are_booleans(filled) and not only_numbers:
            gaps = {""} if filled.total() < len(self.table) else set()
            return self._categories(name, {*filled, *gaps})
        self._refuse_mixture(name, only_numbers=only_numbers)
        return self._categories(name, set(self.table.columns[name]))

    def _number_forms(self, name: str) -> list[NumberForm]:
        if name not in self._forms:
            self._forms[name] = find_forms(self.filled(name), self.wishes.decimal)
        return self._forms[name]

    def _one_form(self, name: str, forms: list[NumberForm]) -> NumberForm:
        """The form of the numbers of a column, of one or two that are possible."""
        first, second = forms[0], forms[-1]
        if len(forms) == 1:
            whole = first == NumberForm() and all(map(str.isdigit, self.filled(name)))
            return NumberForm(",") if whole and self._writes_commas else first  # for rows to come
        if "." in (first.group, second.group) and first.decimal == ("," if self._writes_commas else "."):
            return first  # with the decimal mark of the rest of the table, and by itself the likelier
        cell = max(self.filled(name), key=lambda cell: (first.number(cell) != second.number(cell), cell))
        raise UndecidedError(
            f"{self._where(name)} could be written in two ways: {cited(cell)} is {first.number(cell):.15g} with a "
            f"decimal {first.mark}, or {second.number(cell):.15g} with a decimal {second.mark}; say which",
            Way("decimal", first.decimal),
            Way("decimal", second.decimal),
        )

    @cached_property
    def _writes_commas(self) -> bool:
        """Whether any column of the table surely has decimal commas."""
        found = (self._number_forms(name) for name in self.table.columns if self.filled(name))
        return any(len(forms) == 1 and forms[0].decimal == "," for forms in found)

    def _dates(self, name: str, forms: list[str]) -> Column:
        cells = self.filled(name)
        if name == self.target:
            raise DataError(
                f"{self._where(name)} is the target and holds dates: expected amounts or classes to predict"
            )
        if not self.wishes.dates:  # as categories, every new date would be unknown
            raise UndecidedError(
                f"{self._where(name)} holds dates, such as {cited(max(cells))}",
                Way("dates", True, "to make numbers of them, the day, month, weekday and hour"),
                *self._as_codes(name),
                *self._left_out(name),
            )
        wanted = self.wishes.date_order
        possible = [form for form in forms if order_of(form) == wanted] or forms
        if len(possible) > 1:
            said = " or ".join(DAYS[form] for form in possible)
            raise UndecidedError(
                f"{self._where(name)} could be written in {len(possible)} ways: {cited(max(cells))} is {said}; say "
                "which",
                *(Way("date_order", order_of(form)) for form in possible),
            )
        return Column(name, date=possible[0], clock=any(map(has_clock, cells)), missing=self._missing(name))

    def _chosen(self, name: str, choice: Choice) -> Column:
        """The column that a person has described."""
        cells = self.table.columns[name]
        if choice.kind == "number":
            form = NumberForm(choice.decimal, choice.group, choice.unit)
            return Column(name, form=form, missing=self._missing(name))
        if choice.kind == "date":
            return Column(name, date=choice.date, clock=choice.clock or not choice.date, missing=self._missing(name))
        if choice.categories:
            return Column(name, choice.categories, missing=self._missing(name))
        return self._categories(name, set(map(whole_number, cells)))

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
        if are_booleans(filled := kinds - {""}):
            counts = self.filled(name)
            spelled = {
                max((k for k in filled if truth(k) is value), key=lambda k: (not k.isdigit(), counts[k], k))
                for value in (False, True)
            }
            kinds = spelled | ({""} & kinds)
        if name == self.target:
            self._check_classes(name, kinds)
        elif 2 * len(kinds) > len(self.table):
            raise UndecidedError(
                f"{self._where(name)} holds {len(kinds):,} different texts in {len(self.table):,} rows, such as "
                f"{cited(max(kinds))}: it names the rows, and nothing can be learned from it; leave it out",
                *self._left_out(name),
            )
        elif len(kinds) > MOST_CATEGORIES:
            raise UndecidedError(
                f"{self._where(name)} is text with {len(kinds):,} different values, expected at most {MOST_CATEGORIES} "
                "categories; merge rare ones, or leave it out",
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
        mixture = find_mixture(self.filled(name), only_numbers=only_numbers)
        if mixture is None:
            return
        cells, (one, other) = self.table.columns[name], mixture.pair
        ways = [*self._as_codes(name), *self._left_out(name)]
        if not mixture.others:
            how = f"in two ways, such as {cited(one)} and {cited(other)}" if one != other else f"such as {cited(one)}"
            raise UndecidedError(
                f"{self._where(name)} writes {mixture.most}s {how}; write all in one usual way, or decide", *ways
            )
        row = next(row for row, cell in enumerate(cells) if cell in mixture.others)
        expected = f"expected a {mixture.most}, as in most cells, got {cited(cells[row])}"
        if row == 0 and sum(self.filled(name)[cell] for cell in mixture.others) == 1:
            expected += " (is this line a second one of names, or of units? then remove it)"
        there = str(self.table.fault(row, name, expected))
        if name == self.target:
            raise UndecidedError(f"{there}; leave the row out, or change its cell", *ways)
        raise UndecidedError(there, Way("missing", [cells[row]], "if it is unknown there"), *ways)

    def _missing(self, name: str) -> tuple[str, ...]:
        choice = self.wishes.columns.get(name)
        return self.wishes.missing + (choice.missing if choice else ())

    def _as_codes(self, name: str) -> list[Way]:
        if name == self.target:
            return [Way("task", "classification", "if these are classes")]
        return [Way("categorical", [name], "if these are codes")]

    def _left_out(self, name: str) -> list[Way]:
        """The way out that every column has but the target."""
        return [] if name == self.target else [Way("ignore", [name], "to leave the column out")]

    def _where(self, name: str) -> str:
        return f"{self.table.name}: column {brief(repr(name))}"
