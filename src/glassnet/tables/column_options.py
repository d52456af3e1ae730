"""What a person says of the columns of a table beforehand; what nobody says is decided from the cells."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from glassnet.data.errors import DataError
from glassnet.nn.plain import brief
from glassnet.nn.settings import from_table
from glassnet.tables.date_form import check_date_form
from glassnet.tables.number_form import NumberForm

ORDERS = ("dmy", "mdy", "ymd")
BELONGS = {
    "number": ("decimal", "group", "unit"),
    "date": ("date", "clock"),
    "category": ("categories",),
    "boolean": ("categories",),
}


@dataclass(frozen=True)
class Choice:
    """What one column holds, and how it is written; what is not said is found in its cells.

    Args:
        kind: what the column holds; "ignore" leaves it out.
        decimal, group, unit: of a number, as in `NumberForm`.
        date: of a date, how the day is written, such as "%d.%m.%Y"; "" for a time of day alone.
        clock: of a date, whether it says a time of day.
        categories: of a category or boolean, all that there are, in their order.
        missing: cells that count as missing, besides the usual markers.
    """

    kind: Literal["number", "category", "boolean", "date", "ignore"]
    decimal: str | None = None
    group: str | None = None
    unit: str | None = None
    date: str | None = None
    clock: bool | None = None
    categories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("decimal", "group", "unit", "date", "clock", "categories"):
            if getattr(self, name) not in (None, ()) and name not in BELONGS.get(self.kind, ()):
                raise DataError(f"{name!r} does not go with kind = {self.kind!r}")
        if self.date is not None:
            check_date_form(self.date)
        self.number_form()  # checks it

    def number_form(self) -> NumberForm:
        """The form of numbers that is said, else that of programs."""
        decimal = self.decimal or ("," if self.group == "." else ".")
        return NumberForm(decimal, self.group or "", self.unit or "")

    def allows(self, form: NumberForm) -> bool:
        """Whether this form of numbers is not against what is said."""
        said = ((self.decimal, form.decimal), (self.group, form.group), (self.unit, form.unit))
        return all(wanted in (None, found) for wanted, found in said)


@dataclass(frozen=True)
class ColumnOptions:
    """What is said of all columns, and of single ones.

    Args:
        ignore: columns to leave out, such as names and numbers of the rows.
        categorical: columns of numbers that stand for categories, such as codes of regions.
        missing: cells that count as missing in every column, such as "-9".
        dates: True makes numbers of dates: day, month, weekday, hour; else a column of dates is refused.
        date_order: what 03/04/24 says, "dmy", "mdy" or "ymd"; needed only where all cells leave it open.
        decimal: the decimal mark, "." or ","; needed only where all cells leave it open, as 1,250 does.
        columns: what single columns hold: a `Choice`, or the table of one, by the name of the column.
    """

    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    dates: bool = False
    date_order: str | None = None
    decimal: str | None = None
    columns: Mapping[str, Choice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise DataError(f"decimal: expected '.' or ',', got {brief(repr(self.decimal))}")
        if self.date_order not in (None, *ORDERS):
            raise DataError(f"date_order: expected one of {list(ORDERS)}, got {brief(repr(self.date_order))}")
        for name in ("ignore", "categorical", "missing"):
            value: Any = getattr(self, name)
            if isinstance(value, str):
                raise DataError(f"{name}: expected a list of texts, got the text {brief(repr(value))}")
            texts = tuple(f"{item:.15g}" if isinstance(item, int | float) else item for item in value)
            for text in texts:
                if not isinstance(text, str):
                    raise DataError(f"{name}: expected texts, got {brief(repr(text))}")
            object.__setattr__(self, name, texts)
        if not isinstance(self.columns, Mapping):
            raise DataError(
                f"columns: expected a table by the name of the column, got {brief(repr(self.columns))}; of a file: "
                "tomllib.loads(pathlib.Path(file).read_text())['columns']"
            )
        object.__setattr__(self, "columns", {name: _choice(name, said) for name, said in self.columns.items()})
        counts = Counter(self.named)
        twice = next((name for name, count in counts.items() if count > 1), None)
        if twice is not None:
            raise DataError(f"column {brief(repr(twice))} is named twice in ignore, categorical and columns: say one")

    @property
    def named(self) -> list[str]:
        """The columns that are mentioned: they must be in the table."""
        return [*self.ignore, *self.categorical, *self.columns]

    @property
    def left_out(self) -> set[str]:
        """The columns that are to be left out."""
        return {*self.ignore, *(name for name, choice in self.columns.items() if choice.kind == "ignore")}


def _choice(name: str, said: Any) -> Choice:
    if not isinstance(said, Choice | Mapping):
        raise DataError(f"columns.{brief(name)}: expected a table such as {{kind = 'number'}}, got {brief(repr(said))}")
    return said if isinstance(said, Choice) else from_table(Choice, dict(said), f"columns.{name}")
