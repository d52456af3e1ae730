"""Cells of tables as people write them: numbers, dates and times in many forms, right and wrong ones."""

import random
from datetime import datetime, timedelta

from glassnet.tables.date_form import MONTHS, WEEKDAYS
from glassnet.tables.number_form import NumberForm

FORMS = [
    NumberForm(decimal, group, unit)
    for decimal, group in ((".", ""), (",", ""), (",", "."), (".", ","), (".", " "), (",", " "), (".", "'"))
    for unit in ("", "€", "US$", "kg", "%", "m2", "EUR m", "l/100km")
]
BODIES = (
    *("0", "7", "12", "007", "1234", "1.5", "1,5", ".5", ",5", "5.", "5,", "0.000", "12.345", "12,345", "1.234,5"),
    *("1,234.5", "12,50,000", "12,50,000.75", "1 234", "1\u202f234,5", "1'234.5", "1’234", "1.234.567", "1,23,456"),
    *("1.234.567.890", "1.2.3.4", "192.168.1.100", "1234567890123456", "1e5", "1E+05", "1.5e-3", "2e-300", "1e999"),
    *("9" * 120, "1e30", "1.1e30", "", "x", "²", "１", "12 345 678", "1.000.000.000.000.000.000.000.000.000.001"),
)
AROUND = (
    *("{n}", "{n} {u}", "{n}{u}", "{u}{n}", "{u} {n}", "-{n} {u}", "−{n}\u00a0{u}", "{u}-{n}", "-{u}{n}", "+{n} {u}"),
    *("({n} {u})", "({u}{n})", "( - {n})", "(-{n})", "- {n}{u}", "{n}- {u}", "{n}.- {u}", "{n},-", "--{n}", "{n} USD"),
)
GAPS = ("", "NA", "n/a", "NaN", "None", "NULL", "?", "-", "–", ".", "<NA>", "k. A.", "\\N", "nil", "missing", "NAN.")
CLOCKS = (
    *("10:30", "9:05", "09:05:59", "23:59:60", "24:00", "12:00 AM", "12:30pm", "1:05 p.m.", "13:05 pm", "00:30 am"),
    *("10h30", "10:30:15.5", "10:30:15,123456789", "10:3", "10:60", "10:30:61", "11:59:59.999999", "0:00", "7:7"),
    *("10:30Z", "10:30 UTC", "10:30+01:00", "10:30 +02", "10:30-0330", "10:30 EST", "10:30 PM CET", "10:30 AMT"),
)
ACCENTS = {"a": "aàáâä", "e": "eéèêë", "i": "iíì", "o": "oóöô", "u": "uúûü", "c": "cç"}


def numbers(form: NumberForm) -> list[str]:
    """Numbers and others, in the form and in other forms."""
    return [around.format(n=body, u=form.unit).strip() for body in BODIES for around in AROUND]


def dates(form: str, count: int, draw: random.Random) -> list[str]:
    """Days in this form, many of them with a weekday and a time of day, and some that do not exist."""
    return [_date(form, draw) if form else draw.choice(CLOCKS) for _ in range(count)]


def _date(form: str, draw: random.Random) -> str:
    moment = datetime(1, 1, 1) + timedelta(days=draw.randrange(3_652_059))
    year = draw.choice([moment.year, 1969, 1970, 1999, 2000, 2024, 2039, 2040, 2068, 1900, 0])
    month, day = draw.choice([2, moment.month, 13]), draw.choice([moment.day, 28, 29, 30, 31, 0])
    named = "%b" in form
    ordinal = draw.choice(["", "", "", "st", "nd", "th", "TH", "er", "º"]) if named else ""
    ordinal = draw.choice([ordinal, "."]) if "%d " in form else ordinal
    fields = {
        "%Y": f"{year:04}",
        "%y": f"{year % 100:02}",
        "%m": _padded(month, draw),
        "%d": _padded(day, draw) + ordinal,
        "%b": _word([name for names in MONTHS.values() for name in names.split()], 2, draw),
    }
    for field, text in fields.items():
        form = form.replace(field, text)
    if named and draw.random() < 0.2:
        form = form.replace(" ", draw.choice(["  ", " de ", " of ", "\u00a0"]), 1)
    if draw.random() < 0.2:
        form = _word(WEEKDAYS.split(), 3, draw) + draw.choice([" ", ", ", "  ", ","]) + form
    if draw.random() < 0.4:
        form += draw.choice(["T", " ", ", ", ",", " at "]) + draw.choice(CLOCKS)
    return form.strip()


def _padded(number: int, draw: random.Random) -> str:
    return draw.choice([f"{number:02}", str(number)])


def _word(names: list[str], least: int, draw: random.Random) -> str:
    """A name, perhaps shortened, with accents or in capitals."""
    name = draw.choice(names)
    name = name[: draw.choice([len(name), 3, draw.randint(least, len(name))])]
    name = "".join(draw.choice(ACCENTS.get(letter, letter)) if draw.random() < 0.2 else letter for letter in name)
    return draw.choice([name, name.upper(), name.title()]) + draw.choice(["", "", "", "."])


def garbage(count: int, draw: random.Random) -> list[str]:
    """Texts of any characters."""
    pools = ("0123456789", ".,'-+() eE", "€$%kgm²", "Tt:h/年月日", '\n\t\0\\"', "äÅßıſK\u0301\ud7ff\U0001f600")
    return ["".join(draw.choice(draw.choice(pools)) for _ in range(draw.randint(0, 12))).strip() for _ in range(count)]
