"""How the dates and times of a column are written, and the numbers that they become.

A form says how the day is written, as `datetime.strptime` takes it, such as `%d.%m.%y`; "" if there is only a time of
day. A month may be named in any of several languages, in full or shortened. Commas and the name of the weekday do not
count. A time of day reads the same in every form. `03/04/24` alone is a day of March or of April; all cells of a column
together nearly always have one form.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime, time
from functools import lru_cache

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
    "%y/%m/%d": "year/month/day",
    "%y.%m.%d": "year.month.day",
    "%Y年%m月%d日": "year年month月day日",
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
RARE = ("%y/%m/%d", "%y.%m.%d")
EIGHT_DIGITS = re.compile("(?:19|20)[0-9]{6}")  # more would be amounts that look like a date
PLAUSIBLE = re.compile(r"[\w.,:/+ -]{4,40}")
CLOCK = re.compile(
    r"(?:(?<=\d)T|(?<=\d),? |^)(?P<hour>\d{1,2})[:h](?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AP])\.?M\.?)?(?P<zone> ?(?:Z|UTC|GMT|[A-Z]{1,3}T|[+-]\d{2}(?::?\d{2})?))?$",
    re.ASCII | re.IGNORECASE,
)
# English, German, French, Spanish, Italian, Portuguese, Dutch; without accents. They may be shortened.
MONTHS = {
    "Jan": "january januar janner janvier enero gennaio janeiro januari",
    "Feb": "february februar fevrier febrero febbraio fevereiro februari",
    "Mar": "march marz mrz mars marzo marco maart mrt",
    "Apr": "april avril abril aprile",
    "May": "may mai mayo maggio maio mei",
    "Jun": "june juni juin junio giugno junho",
    "Jul": "july juli juillet julio luglio julho",
    "Aug": "august aout agosto augustus",
    "Sep": "september septembre septiembre settembre setembro",
    "Oct": "october oktober octobre octubre ottobre outubro",
    "Nov": "november novembre noviembre novembro",
    "Dec": "december dezember decembre diciembre dicembre dezembro",
}
WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag "
    "sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo "
    "lunedi martedi mercoledi giovedi venerdi sabato domenica segunda terca quarta quinta sexta maandag dinsdag "
    "woensdag donderdag vrijdag zaterdag zondag"
)
WORD = re.compile(r"[^\W\d_]{3,}\.?")
FIRST_WORD = re.compile(r"([^\W\d_]{2,})\.? +")
BESIDE = re.compile(r",|(?<=\d)(?:st|nd|rd|th|er|º|\.(?= ))(?!\w)|(?<= )(?:de|of) ", re.IGNORECASE)  # 1st of March
FIRST_DAY = datetime(1970, 1, 1)  # is day 0
DOUBTFUL = 2040  # 45 may be 1945 or 2045; Python takes 69 to 99 for the last century


def order_of(form: str) -> str:
    """What comes first, second and third in a day written so: "dmy", "mdy" or "ymd"; less where less is written."""
    return "".join(letter.lower().replace("b", "m") for letter in form if letter in "Yymdb")


def check_date_form(form: str) -> None:
    """Raise DataError unless this is a form of a day."""
    if form not in DAYS:
        known = ", ".join(repr(known) for known in DAYS if known)
        raise DataError(f"date: expected one of {known}, or '' for a time of day alone, got {brief(repr(form))}")


def find_date_forms(cells: Collection[str], order: str | None = None) -> list[str]:
    """The forms in which all these cells are dates: none, one, or several.

    Args:
        order: "ymd" if somebody has said it; 24/03/05 is then also of March 2024, which is rare.
    """
    if not cells or not all(map(PLAUSIBLE.fullmatch, cells)):
        return []
    if not in_one_place({zone_of(cell) for cell in cells}):
        return []
    forms = [form for form in DAYS if form not in RARE or order == "ymd"]
    for cell in cells:
        forms = [form for form in forms if read_date(cell, form) is not None]
        if not forms:
            return []
    return forms


def read_date(cell: str, form: str) -> datetime | None:
    """The moment in a cell, in its own time zone; None if it is not written in this form."""
    clock = CLOCK.search(cell)
    day = _read_day(cell[: clock.start()] if clock else cell, form)
    if day is None or (not form and (not clock or clock["zone"])):  # 09:00-17:00 is no time of day
        return None
    try:
        return datetime.combine(day, _time(clock)) if clock else day
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)  # many cells of a table have the same day
def _read_day(day: str, form: str) -> datetime | None:
    day = _with_english_months(day)
    if not form:
        return None if day else FIRST_DAY
    if form == "%Y%m%d" and not EIGHT_DIGITS.fullmatch(day):
        return None
    try:
        return datetime.strptime(day, form)
    except ValueError:
        return None


def _with_english_months(day: str) -> str:
    """A day without its weekday and what stands beside its numbers, the month in three letters of English."""
    if not any(map(str.isalpha, day)):
        return day.replace(",", "").strip()
    day = BESIDE.sub("", day).strip()
    first = FIRST_WORD.match(day)
    if first and _shortens(first[1], WEEKDAYS):
        rest = day[first.end() :]
        if not _month(first[1]) or not re.fullmatch("[0-9 ]+", rest):  # mar 1 mars 2024; but Mar 1 2024 has its month
            day = rest
    return WORD.sub(lambda word: _month(word[0]) or word[0], day)


def _month(word: str) -> str | None:
    """The month of this name, also if it is shortened; None if it is none, or could be two."""
    months = [month for month, names in MONTHS.items() if _shortens(word, names)]
    return months[0] if len(months) == 1 else None


def _shortens(word: str, names: str) -> bool:
    """Whether the word is the beginning of one of the names; accents and a point at its end do not count."""
    letters = unicodedata.normalize("NFKD", word.casefold().removesuffix("."))
    plain = "".join(filter(str.isalpha, letters))
    return any(name.startswith(plain) for name in names.split())


def zone_of(cell: str) -> str:
    """The time zone that the cell names; "" if it names none."""
    clock = CLOCK.search(cell)
    return (clock["zone"] or "").strip() if clock else ""


def in_one_place(zones: set[str]) -> bool:
    """Whether the hours of these zones can be compared: it is one, or one with its summer time."""
    if len(zones) == 1:
        return True
    offsets = [int(f"{zone[0]}{zone[1:3]}") for zone in zones if zone[:1] in ("+", "-")]
    return len(offsets) == len(zones) and max(offsets) - min(offsets) == 1


def has_doubtful_year(moment: datetime | None, form: str) -> bool:
    """Whether the year is written in two digits, and could be of this century or the last."""
    return "%y" in form and moment is not None and moment.year >= DOUBTFUL


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
