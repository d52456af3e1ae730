"""How the dates and times of a column are written, and the numbers that they become.

A form says how the day is written, as `datetime.strptime` takes it, such as `%d.%m.%y`; "" if there is only a time of
day. Commas, the name of the weekday, and what follows the third letter of a month do not count. A time of day reads the
same in every form. `03/04/24` alone is a day of March or of April; all cells of a column together nearly always have
one form.
"""

import re
from collections.abc import Collection
from datetime import datetime, time

from glassnet.data.errors import DataError
from glassnet.nn.plain import brief

DAYS = {
    "%Y-%m-%d": "year-month-day",
    "%Y/%m/%d": "year/month/day",
    "%Y.%m.%d": "year.month.day",
    "%Y%m%d": "year, month and day in eight digits",
    "%d.%m.%Y": "day.month.year",
    "%d.%m.%y": "day.month.year",
    "%d/%m/%Y": "day/month/year",
    "%d/%m/%y": "day/month/year",
    "%m/%d/%Y": "month/day/year",
    "%m/%d/%y": "month/day/year",
    "%d-%m-%Y": "day-month-year",
    "%d-%m-%y": "day-month-year",
    "%m-%d-%Y": "month-day-year",
    "%m-%d-%y": "month-day-year",
    "%y-%m-%d": "year-month-day",
    "%d-%b-%Y": "day-month-year",
    "%d-%b-%y": "day-month-year",
    "%d %b %Y": "day month year",
    "%d %b %y": "day month year",
    "%b %d %Y": "month day year",
    "%Y-%m": "year-month",
    "%m/%Y": "month/year",
    "%b-%Y": "month-year",
    "%b-%y": "month-year",
    "%b %Y": "month year",
    "": "time of day",
}
EIGHT_DIGITS = re.compile("(?:19|20)[0-9]{6}")  # more would be amounts that look like a date
PLAUSIBLE = re.compile(r"[0-9A-Za-z.,:/+ -]{4,40}")
CLOCK = re.compile(
    r"(?:(?<=\d)T|(?<=\d) |^)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AP])\.?M\.?)?(?P<zone> ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?$",
    re.ASCII | re.IGNORECASE,
)
WEEKDAY = re.compile("^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]? +", re.IGNORECASE)
MONTH = re.compile(
    r"\b(jan)(?:uary)?\b\.?|\b(feb)(?:ruary)?\b\.?|\b(mar)(?:ch)?\b\.?|\b(apr)(?:il)?\b\.?|\b(may)\b\.?|\b(jun)e?\b\.?"
    r"|\b(jul)y?\b\.?|\b(aug)(?:ust)?\b\.?|\b(sep)(?:t|tember)?\b\.?|\b(oct)(?:ober)?\b\.?|\b(nov)(?:ember)?\b\.?"
    r"|\b(dec)(?:ember)?\b\.?",
    re.IGNORECASE,
)
ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
FIRST_DAY = datetime(1970, 1, 1)  # is day 0


def order_of(form: str) -> str:
    """What comes first, second and third in a day written so: "dmy", "mdy" or "ymd"; less where less is written."""
    return "".join(letter.lower().replace("b", "m") for letter in form if letter.isalpha())


def check_date_form(form: str) -> None:
    """Raise DataError unless this is a form of a day."""
    if form not in DAYS:
        known = ", ".join(repr(known) for known in DAYS if known)
        raise DataError(f"date: expected one of {known}, or '' for a time of day alone, got {brief(repr(form))}")


def find_date_forms(cells: Collection[str]) -> list[str]:
    """The forms in which all these cells are dates: none, one, or several."""
    if not cells or not all(map(PLAUSIBLE.fullmatch, cells)):
        return []
    if len({zone_of(cell) for cell in cells}) > 1:
        return []  # hours of several time zones, which cannot be compared
    forms = list(DAYS)
    for cell in cells:
        forms = [form for form in forms if read_date(cell, form) is not None]
        if not forms:
            return []
    return forms


def read_date(cell: str, form: str) -> datetime | None:
    """The moment in a cell, in its own time zone; None if it is not written in this form."""
    clock = CLOCK.search(cell)
    day = WEEKDAY.sub("", cell[: clock.start()] if clock else cell).replace(",", "").strip()
    day = ORDINAL.sub("", day)
    day = MONTH.sub(lambda month: str(month[month.lastindex or 0]), day)
    if form == "%Y%m%d" and not EIGHT_DIGITS.fullmatch(day):
        return None
    if not form and (day or not clock or clock["zone"]):  # 09:00-17:00 is no time of day
        return None
    try:
        date = datetime.strptime(day, form) if form else FIRST_DAY
        return datetime.combine(date, _time(clock) if clock else time())
    except ValueError:
        return None


def zone_of(cell: str) -> str:
    """The time zone that the cell names; "" if it names none."""
    clock = CLOCK.search(cell)
    return (clock["zone"] or "").strip() if clock else ""


def has_clock(cell: str) -> bool:
    """Whether the cell says a time of day."""
    return CLOCK.search(cell) is not None


def _time(clock: re.Match[str]) -> time:
    """The time of day. Raises ValueError: there is no such time."""
    hour, minute, second = (int(clock[name] or 0) for name in ("hour", "minute", "second"))
    if half := clock["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * (half in "Pp")
    second -= second == 60  # a leap second
    return time(hour, minute, second, int((clock["part"] or "0").ljust(6, "0")[:6]))
