"""Cells that hold dates and times of day, in ONNX: the same forms as in `tables.date_form`, read by a graph."""

import re
import unicodedata
from functools import cache
from itertools import starmap

import numpy as np

from glassnet.export.cells import BITS, NEVER, CellGraph, digits, literal, one_or_two_digits
from glassnet.export.graph import INT64
from glassnet.tables.date_form import MONTHS, WEEKDAYS

SECOND = 1e6  # in microseconds, in which moments are counted
A_DAY = 86_400 * SECOND
FIRST_DAY = 719_468  # days from 0000-03-01 to 1970-01-01
LENGTHS = (31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # of the months, from the number 1
FEBRUARY = 2

# Fields of a day as they are written, and how they look where it is known that a day is written so.
ORDINAL = "(?:st|nd|rd|th|er|º)?"
WRITTEN = {
    "%Y": "[0-9]{4}",
    "%y": "(?:[0-3][0-9]|69|[7-9][0-9])",  # 45 may be 1945 or 2045
    "%m": "(?:1[0-2]|0[1-9]|[1-9])",
    "%d": "(?:3[01]|[12][0-9]|0[1-9]|[1-9]| [1-9])",
}
LOOKS = {"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%m": "[0-9]{1,2}", "%d": "[ 0-9]?[0-9]", "%b": r"\pL{3,}\.?"}
EIGHT_DIGITS = {"%Y": "(?:19|20)[0-9]{2}", "%m": "(?:1[0-2]|0[1-9])", "%d": "(?:3[01]|[12][0-9]|0[1-9])"}
WHITE = r"\s\v\x{1c}-\x{1f}\x{85}\pZ"  # what Python counts as white space
MORE_BLANK = f"[{WHITE},]*(?:(?:de|of) [{WHITE},]*)?"
BLANK = f",*[{WHITE}]{MORE_BLANK}"
EDGE = r"[\s,]*"
ANY_WORD = rf"{EDGE}(?:\pL{{2,}},*\.?{BLANK})?"  # the name of the weekday

# A time of day.
BEFORE_CLOCK = "(?:.*[0-9](?:T|,? ))?"
REST = "[:h][0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.,][0-9]{1,9})?)?"
ZONE = "Z|UTC|GMT|[A-Z]{1,3}T|[+-][0-9]{2}(?::?[0-9]{2})?"
HOUR, HALF_DAY_HOUR = "(?:[01]?[0-9]|2[0-3])", "(?:0?[1-9]|1[0-2])"
HALF = rf"\.?m\.?(?: ?(?:{ZONE}))?"  # what follows the first letter of AM and PM


def read_moment(on: CellGraph, cells: str, form: str, zone: str | None) -> tuple[str, str]:
    """The days since 1970-01-01 in each cell, NaN where there is no date in this form and time zone; and the month."""
    valid = on.matches(cells, f"(?i){_moment(form, zone)}")
    text = on.choose(valid, cells, on.constant(""))
    clock = on.total(text, {f"(?i){pattern}": value for pattern, value in _clock().items()})
    if not form:
        return on.choose(valid, on.with_number("Div", clock, A_DAY), on.constant(np.nan)), on.constant(1.0)
    year, month = _year(on, text, form), _month(on, text, form)
    day = on.total(text, _number_of("%d", form)) if "%d" in form else on.constant(1.0)
    valid = on.both(valid, _exists(on, year, month, day))
    microseconds = on.put("Add", on.with_number("Mul", _days(on, year, month, day), A_DAY), clock)
    return on.choose(valid, on.with_number("Div", microseconds, A_DAY), on.constant(np.nan)), month


def _year(on: CellGraph, text: str, form: str) -> str:
    if "%Y" in form:
        return on.total(text, _number_of("%Y", form))
    year = on.total(text, _number_of("%y", form))
    late = on.with_number("Less", year, 69)
    return on.put("Add", year, on.choose(late, on.constant(2000.0), on.constant(1900.0)))


def _month(on: CellGraph, text: str, form: str) -> str:
    if "%b" not in form:
        return on.total(text, _number_of("%m", form))
    names = {_with(form, LOOKS, "%b", _names(month)): float(number) for number, month in enumerate(MONTHS, start=1)}
    return on.total(text, names)


def _exists(on: CellGraph, year: str, month: str, day: str) -> str:
    """Whether the year has this day."""
    length = on.put("Gather", on.constant(np.array(LENGTHS, np.float64)), on.put("Cast", month, to=INT64))
    is_leap = on.put("Sub", _leap_days(on, year), _leap_days(on, on.with_number("Sub", year, 1)))
    is_february = on.with_number("Equal", month, FEBRUARY)
    length = on.put("Add", length, on.choose(is_february, is_leap, on.constant(0.0)))
    return on.both(on.put("LessOrEqual", day, length), on.with_number("GreaterOrEqual", year, 1))


def _days(on: CellGraph, year: str, month: str, day: str) -> str:
    """The days since 1970-01-01. Years are counted from March, so that a leap day is the last one."""
    early = on.with_number("LessOrEqual", month, FEBRUARY)
    year = on.put("Sub", year, on.choose(early, on.constant(1.0), on.constant(0.0)))
    month = on.put("Add", month, on.choose(early, on.constant(9.0), on.constant(-3.0)))
    before = on.with_number("Mul", month, 153)  # days of five months
    before = on.put("Floor", on.with_number("Div", on.with_number("Add", before, 2), 5))
    days = on.put("Sum", on.with_number("Mul", year, 365), _leap_days(on, year), before, day)
    return on.with_number("Sub", days, FIRST_DAY + 1)


def _leap_days(on: CellGraph, year: str) -> str:
    """How many leap days there are up to a year."""
    of = {years: on.put("Floor", on.with_number("Div", year, years)) for years in (4, 100, 400)}
    return on.put("Add", on.put("Sub", of[4], of[100]), of[400])


def _moment(form: str, zone: str | None) -> str:
    """A pattern of dates, with or without a time of day."""
    if not form:
        return _clock_in("")
    written = WRITTEN | (EIGHT_DIGITS if form == "%Y%m%d" else {}) | {"%b": f"(?:{'|'.join(map(_names, MONTHS))})"}
    weekday = rf"{EDGE}(?:{_weekdays(form)},*\.?{BLANK})?"
    endings = [] if zone else [EDGE]
    if form[-1].isascii():
        endings.append(f"(?:T|,? ){_clock_in(zone)}")
    return f"{weekday}{_day(form, written)}(?:{'|'.join(endings) or NEVER})"


def _clock_in(zone: str | None) -> str:
    """A pattern of a time of day in a zone; None is any."""
    zones = f"(?: ?(?:{_zones(zone)}))?" if zone is None else f" ?(?-i:{_zones(zone)})" if zone else ""
    return rf"(?:{HOUR}{REST}{zones}|{HALF_DAY_HOUR}{REST} ?[ap]\.?m\.?{zones})"


def _zones(zone: str | None) -> str:
    """The zones whose hours can be compared with one: itself, and an hour before and after, as `in_one_place`."""
    if zone is None:
        return ZONE
    if zone[0] not in "+-":
        return literal(zone)
    near = {int(zone[:3]) + step for step in (-1, 1)}
    hours = [rf"[{'+-' if hour == 0 else '-' if hour < 0 else '+'}]{abs(hour):02}" for hour in sorted(near)]
    return f"{literal(zone)}|(?:{'|'.join(hours)})(?::?[0-9]{{2}})?"


def _clock() -> dict[str, float]:
    """By pattern what each digit of a time of day adds to the microseconds since midnight."""
    hour, minute, second = BEFORE_CLOCK, f"{BEFORE_CLOCK}[0-9]{{1,2}}[:h]", f"{BEFORE_CLOCK}[0-9]{{1,2}}[:h][0-9]{{2}}:"
    rest = "[:h][0-9:.,]*[0-9]"
    return {
        **one_or_two_digits(hour, "[:h][0-9].*", 3600 * SECOND),
        **digits(2, minute, ".*", 60 * SECOND),
        **digits(2, second, ".*", SECOND),
        **{
            rf"{second}[0-9]{{2}}[.,][0-9]{{{place}}}{bit}.*": 10.0 ** (5 - place) * 2**power
            for place in range(6)
            for power, bit in enumerate(BITS)
        },
        f"{second}60.*": -SECOND,  # a leap second
        f"{hour}12{rest} ?[ap]{HALF}": -12 * 3600 * SECOND,
        f"{hour}[0-9]{{1,2}}{rest} ?p{HALF}": 12 * 3600 * SECOND,
    }


def _number_of(field: str, form: str) -> dict[str, float]:
    """By pattern what each digit of a field adds to its number."""
    hole = "\0"
    before, after = _with(form, LOOKS, field, hole).split(hole)
    if field in ("%Y", "%y"):
        return digits(4 if field == "%Y" else 2, before, after)
    return one_or_two_digits(before, after)


def _with(form: str, fields: dict[str, str], field: str, pattern: str) -> str:
    """A pattern of dates known to be in this form, in which one of the fields is written so."""
    return f"(?i){ANY_WORD}{_day(form, fields | {field: pattern})}(?:{EDGE}|(?:T|,? )[0-9]{{1,2}}[:h].*)"


def _day(form: str, fields: dict[str, str]) -> str:
    """A pattern of days; commas do not count."""
    ordinal = ORDINAL if "%b" in form else ""
    beside = {
        "%d": fields["%d"] + ordinal,
        "%d ": rf"{fields['%d']}(?:\. {MORE_BLANK}|{ordinal}{BLANK})",
        " ": BLANK,
    }
    parts = re.findall("%d |%.|.", form)
    return "".join(beside.get(part) or fields.get(part) or f",*{literal(part)},*" for part in parts)


@cache
def _names(month: str) -> str:
    """A pattern of the names of a month, in all languages, also shortened to three letters or more."""
    shortest = {
        name: next(count for count in range(3, len(name) + 1) if _months_of(name[:count]) == 1)
        for name in MONTHS[month].split()
    }
    return rf"(?:{'|'.join(starmap(_beginnings, shortest.items()))})\.?"


def _weekdays(form: str) -> str:
    """A pattern of the names of the weekdays, also shortened to two letters or more.

    A word before nothing but digits is no weekday if it could be a month.
    """
    names = WEEKDAYS.split()
    shortest = dict.fromkeys(names, 2)
    if form == "%Y%m%d":
        shortest = {name: 1 + max([1, *_as_months(name)]) for name in names}
    return f"(?:{'|'.join(starmap(_beginnings, shortest.items()))})"


def _as_months(name: str) -> list[int]:
    """So many letters of this name are the beginning of a month."""
    return [count for count in range(2, len(name) + 1) if _months_of(name[:count]) == 1]


def _months_of(word: str) -> int:
    """How many months have a name that begins so."""
    return sum(any(name.startswith(word) for name in names.split()) for names in MONTHS.values())


def _beginnings(name: str, least: int) -> str:
    """A pattern of a name that may be cut short after so many letters; accents do not count."""
    letters = [_accented(letter) for letter in name]
    return "".join(letters[:least]) + "(?:".join(["", *letters[least:]]) + ")?" * len(letters[least:])


@cache
def _accented(letter: str) -> str:
    """A pattern of a letter with and without an accent."""
    alike = [chr(code) for code in range(0xE0, 0x100) if unicodedata.normalize("NFKD", chr(code))[0] == letter]
    return f"[{letter}{''.join(alike)}]" if alike else letter
