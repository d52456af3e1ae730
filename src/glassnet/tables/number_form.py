"""How the numbers of a column are written: `1250.5`, `1.250,50 €`, `(1'250)`, `15 %`.

All cells of a column are written in one form. A cell such as `1,250` alone has two meanings; all cells together nearly
always have one.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple

from glassnet.data.errors import DataError
from glassnet.nn.plain import shown

MARKS = {".": "decimal point", ",": "decimal comma"}
GROUPS = {"": "", ",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}
CURRENCIES = (
    r"(?:US|A|C|R)?\$|[€£¥₹₽₩₺₪₫฿₦₴₱]|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|NOK|NZD|PLN|"
    r"RON|RUB|SEK|SGD|THB|TRY|UAH|USD|ZAR|Fr\.|kr|Rs\.?|zł"
)
SIGNS_BEFORE = ("$", "£", "¥", "₹")  # as most people write them
# Characters that look like others, as keyboards have them.
TYPED = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2007": " ", "\u2009": " ", "\u00a0": " ", "\u202f": " ", "\u2019": "'"}
)

# A number and what stands around it: a sign or brackets, a currency before it, a currency or a unit after it.
AROUND = re.compile(
    rf"(?P<bracket>\()? ?(?P<sign>[+-]?) ?(?P<before>{CURRENCIES})? ?(?P<inner>[+-]?) ?"
    r"(?P<body>(?:[0-9](?:[0-9.,' ]*[0-9])?[.,]?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?)(?P<behind>-?)"
    rf" ?(?P<after>{CURRENCIES}|[%‰°][^\W\d_]{{0,2}}"
    r"|[^\W\d_]{1,12}(?:[ /·][0-9]{0,3}[^\W\d_]{1,12})?[23²³]?\.?)? ?"
    r"(?(bracket)\))"
)
ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")  # an IP address, no amount
TOO_LONG = re.compile("[0-9]{16}")  # longer ones are no amounts, and a float would not tell them apart
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")  # as programs write numbers
COULD_BE_GROUPED = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,2}(?:\.[0-9]{3})*)")


class Parts(NamedTuple):
    """A cell that holds a number: its digits and marks, the currency or unit beside them, whether it is negative."""

    body: str
    unit: str
    negative: bool


@dataclass(frozen=True)
class NumberForm:
    """One way to write numbers.

    Attributes:
        decimal: the decimal mark, "." or ",".
        group: the mark between thousands; "" if there is none.
        unit: a currency, a per cent sign or a unit, which stands in every cell; "" if there is none.
    """

    decimal: str = "."
    group: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.decimal not in MARKS or self.group not in GROUPS or self.group == self.decimal:
            raise DataError(
                "expected a decimal mark, '.' or ',', and another mark between thousands, '', ',', '.', ' ' or \"'\", "
                f"got {shown(self.decimal)} and {shown(self.group)}"
            )

    def __str__(self) -> str:
        """The form in words; "" for numbers as programs write them."""
        marks = MARKS[self.decimal] if self.decimal == "," else ""
        groups = f"thousands by {GROUPS[self.group]}" if self.group else ""
        return ", ".join(filter(None, (marks, groups, f"in {self.unit}" if self.unit else "")))

    @property
    def example(self) -> str:
        """A number in this form."""
        number = f"1{self.group}234{self.decimal}5"
        return self.unit + number if self.unit in SIGNS_BEFORE else f"{number} {self.unit}".strip()

    @property
    def mark(self) -> str:
        """The decimal mark in words: point or comma."""
        return MARKS[self.decimal].removeprefix("decimal ")

    def number(self, cell: str) -> float | None:
        """The number in a cell; None if it is not written in this form."""
        parts = split(cell)
        if parts is None or parts.unit != self.unit or not _pattern(self.decimal, self.group).fullmatch(parts.body):
            return None
        value = float(self._as_programs_write(parts.body))
        return -value if parts.negative else value

    def write(self, value: float, places: int) -> str:
        """A number in this form, with so many decimals."""
        whole, _, part = f"{abs(value):,.{places}f}".partition(".")
        number = whole.replace(",", self.group) + (self.decimal + part if part else "")
        sign = "-" if value < 0 and number.strip("0.,") else ""
        return sign + (self.unit + number if self.unit in SIGNS_BEFORE else f"{number} {self.unit}".strip())

    def with_other_mark(self, cells: Collection[str]) -> "NumberForm | None":
        """The form with the other decimal mark that reads other numbers in these cells; None if none reads them all."""
        decimal = "," if self.decimal == "." else "."
        forms = [NumberForm(decimal, group, self.unit) for group in GROUPS if group != decimal]
        fitting = [form for form in forms if all(form.number(cell) is not None for cell in cells)]
        return next((form for form in fitting if any(form.number(cell) != self.number(cell) for cell in cells)), None)

    def _as_programs_write(self, body: str) -> str:
        return (body.replace(self.group, "") if self.group else body).replace(self.decimal, ".")


def split(cell: str) -> Parts | None:
    """The parts of a cell that holds a number in any form; None if it holds something else."""
    found = AROUND.fullmatch(cell.translate(TYPED))
    if found is None:
        return None
    body, before, after = found["body"], found["before"] or "", found["after"] or ""
    behind = found["behind"]
    if body.endswith((".", ",")) and behind:
        behind = ""  # 12.- is a price without cents
    signs = [found["bracket"] or "", found["sign"], found["inner"], behind]
    is_word = behind and after and not re.fullmatch(CURRENCIES, after)  # such as 2-door
    if sum(map(bool, signs)) > 1 or is_word or TOO_LONG.match(body) or ADDRESS.fullmatch(body):
        return None
    if found["sign"] == "+" and body.count(" ") > 1:  # a telephone number
        return None
    return Parts(body, f"{before} {after}".strip(), any(sign in ("(", "-") for sign in signs))


def find_forms(cells: Collection[str]) -> list[NumberForm]:
    """The forms in which all these cells are numbers: none, one, or two with different numbers, the likelier first."""
    if all(map(NUMBER.fullmatch, cells)) and not all(map(COULD_BE_GROUPED.fullmatch, cells)):
        longest = max(map(len, cells), default=0)
        return [] if longest > 15 and any(map(TOO_LONG.match, cells)) else [NumberForm()]  # most columns, fast
    parts: list[Parts] = []
    for cell in cells:
        part = split(cell)
        if part is None or part.unit != (parts or [part])[0].unit:
            return []
        parts.append(part)
    units = {part.unit for part in parts}
    if not units:
        return []
    bodies = sorted({part.body for part in parts})
    different: dict[tuple[float, ...], NumberForm] = {}  # by the numbers: the first has no groups if it needs none
    for group, mark in product(GROUPS, MARKS):
        if group != mark and all(map(_pattern(mark, group).fullmatch, bodies)):
            form = NumberForm(mark, group, *units)
            different.setdefault(tuple(float(form._as_programs_write(body)) for body in bodies), form)
    return sorted(different.values(), key=lambda form: not _is_usual(form, bodies))


def usual_form(cells: Collection[str], forms: list[NumberForm]) -> NumberForm | None:
    """The one of these forms that people write so, where the others are unusual; None if no habit decides.

    People write all decimals, as in 1,200, or none that are 0, as in 1,2; and they write all thousands in groups, or
    none. So 550 and 1,200 have thousands. A point decides nothing, because programs write a decimal point.
    """
    bodies = [part.body for part in map(split, cells) if part is not None]
    usual = [form for form in forms if _is_usual(form, bodies)]
    return usual[0] if len(usual) == 1 and usual[0].group == "," else None


def shown_mark(cells: Collection[str], forms: list[NumberForm]) -> str | None:
    """The decimal mark that these cells prove, of which these are the forms; None if they could have either."""
    if len({form.decimal for form in forms}) != 1 or all(map(str.isdigit, cells)):
        return None
    return forms[0].decimal if any(mark in cell for cell in cells for mark in MARKS) else None


def _is_usual(form: NumberForm, bodies: list[str]) -> bool:
    """Whether people write numbers like these in this form."""
    if form.group:
        return not any(re.match(r"\d{4}", body) for body in bodies)  # thousands without a group
    places = [body.partition(form.decimal)[2] for body in bodies]
    same = len({len(place) for place in places}) == 1
    return same or (form.decimal == "," and not any(place.endswith("0") for place in places))


@cache
def _pattern(decimal: str, group: str) -> re.Pattern[str]:
    d, g = re.escape(decimal), re.escape(group)
    whole = rf"(?:[1-9][0-9]{{0,2}}(?:{g}[0-9]{{3}})+|[0-9]+)" if group else "[0-9]+"
    if group == ",":
        whole = rf"(?:{whole}|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}})"  # 12,50,000, as in India
    return re.compile(rf"(?:{whole}(?:{d}[0-9]*)?|{d}[0-9]+)(?:[eE][+-]?[0-9]+)?")
