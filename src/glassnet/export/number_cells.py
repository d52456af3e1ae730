"""Cells that hold numbers, in ONNX: the same forms as in `tables.number_form`, read by operations of a graph."""

import re

import numpy as np

from glassnet.export.cells import DOUBLE, NEVER, STRING, CellGraph, any_of, literal
from glassnet.export.graph import INT64
from glassnet.tables.number_form import CURRENCIES, TYPED, NumberForm, split

MINUS, SPACES, APOSTROPHES = (
    mark + "".join(chr(code) for code, typed in TYPED.items() if typed == mark) for mark in "- '"
)
LOOKS = {" ": SPACES, "'": APOSTROPHES}  # what counts as this mark between thousands
A_SPACE = f"{any_of(SPACES)}?"  # or none
DASH = any_of(MINUS)
EXPONENT = f"[eE](?:\\+?0*[0-9]{{1,2}}|{DASH}[0-9]+)"  # a larger one makes a number beyond 1e30, which is refused
BEHIND = "[0-9.,]"  # what stands before an exponent
MOST_GROUPS, MOST_DIGITS, MOST_PLACES = 10, 100, 200  # so that no text is beyond a float, which would be an error
PLAIN = rf"[+-]?(?:[0-9]{{1,{MOST_DIGITS}}}(?:\.[0-9]{{0,{MOST_PLACES}}})?|\.[0-9]{{1,{MOST_PLACES}}})"
SMALL_EXPONENT = "(?:[eE][+-]?0*[0-9]{1,2})?"
CODE = "[+-]?0[0-9].*"
EXACT = 2.0**53  # whole numbers below are exact in a float


def read_number(on: CellGraph, cells: str, form: NumberForm) -> str:
    """The number in each cell, NaN where there is none in this form.

    Most cells hold a number as programs write it, which is read at once. Only the others take the long way; one empty
    text goes with them, because no text at all has no pieces.
    """
    texts = on.put("Reshape", cells, on.constant(np.array([-1])))
    quick = on.matches(texts, f"{PLAIN}{SMALL_EXPONENT}" if form == NumberForm() else NEVER)
    numbers = on.put("Cast", on.choose(quick, texts, on.constant("0")), to=DOUBLE)
    others = on.put("Not", quick)
    rest = on.put("Concat", on.put("Compress", texts, others), on.constant(np.array([""], object)), axis=0)
    found = on.put("Slice", _any_number(on, rest, form), on.constant(np.array([0])), on.constant(np.array([-1])))
    places = on.put("Reshape", on.put("NonZero", others), on.constant(np.array([-1])))
    return on.put("Reshape", on.put("ScatterElements", numbers, places, found), on.put("Shape", cells))


def _any_number(on: CellGraph, cells: str, form: NumberForm) -> str:
    """The same of cells that hold anything."""
    positive, negative = _patterns(form)
    is_negative = on.matches(cells, negative)
    valid = on.either(is_negative, on.matches(cells, positive))
    tiny = on.matches(cells, f".*{BEHIND}[eE]{DASH}0*[1-9][0-9]{{2,}}.*")  # below 1e-85: 0 for a network
    text = on.choose(on.both(valid, on.put("Not", tiny)), cells, on.constant("0"))
    is_part = on.matches(text, f".*{BEHIND}[eE]{DASH}.*")
    text = _only_digits(on, text, form)
    text = on.replaced(text, form.decimal, on.constant("."))
    text = on.replaced(text, "E", on.constant("e"))
    text = on.replaced(text, "e", on.choose(is_part, on.constant("e-"), on.constant("e")))
    sign = on.choose(is_negative, on.constant("-"), on.constant(""))
    number = on.put("Cast", on.joined(sign, text), to=DOUBLE)
    return on.choose(valid, number, on.constant(np.nan))


def _only_digits(on: CellGraph, text: str, form: NumberForm) -> str:
    """A text without signs, units and marks between thousands."""
    for mark in SPACES:
        text = on.without(text, mark, 5 if form.group == " " else 3)
    for unit in sorted({unit for pair in _around(form.unit) for unit in pair if unit}, key=len, reverse=True):
        text = on.without(text, unit.replace(" ", ""))
    for mark in ("(", ")"):
        text = on.without(text, mark)
    for mark in ("+", *MINUS):
        text = on.without(text, mark, 2)
    for mark in LOOKS.get(form.group, form.group) if form.group != " " else "":
        text = on.without(text, mark, 4)
    return text


def whole(on: CellGraph, cells: str) -> str:
    """The shortest form of each cell that holds a whole number, as `column.whole_number`; other cells unchanged."""
    fits = on.matches(cells, f"{PLAIN}{SMALL_EXPONENT}")
    fits = on.both(fits, on.put("Not", on.matches(cells, CODE)))
    value = on.put("Cast", on.choose(fits, cells, on.constant("0")), to=DOUBLE)
    exact = on.with_number("Less", on.put("Abs", value), EXACT)
    is_whole = on.both(fits, exact, on.put("Equal", value, on.put("Floor", value)))
    number = on.put("Cast", on.choose(exact, value, on.constant(0.0)), to=INT64)
    return on.choose(is_whole, on.put("Cast", number, to=STRING), cells)


def _patterns(form: NumberForm) -> tuple[str, str]:
    """Patterns of the positive and of the negative numbers in this form."""
    positive, negative = [], []
    for before, after in _around(form.unit):
        ending = f"{A_SPACE}{_unit(after)}{A_SPACE}"
        body = f"(?:{_closed(form)}|{_open(form)}{DASH}?)"  # 12.- is a price without cents
        few = f"(?:{_closed(form, 1)}|{_open(form, 1)}{DASH}?)"  # +49 170 1234567 is a telephone number
        few = few if form.group == " " else body
        positive += [f"{_signed('', before)}{body}{ending}", f"{_signed('[+]', before)}{few}{ending}"]
        negative += [
            f"{_signed(DASH, before)}{body}{ending}",
            rf"\({_signed('', before)}{body}{ending}\)",
        ]
        if not after or re.fullmatch(CURRENCIES, after):
            negative.append(f"{_signed('', before)}{_closed(form)}{DASH}{ending}")
    if form == NumberForm():
        positive.append(f"{PLAIN}(?:{EXPONENT})?")
        negative.append(f"-{PLAIN.removeprefix('[+-]?')}(?:{EXPONENT})?")
    return "|".join(positive) or NEVER, "|".join(negative) or NEVER


def _around(unit: str) -> list[tuple[str, str]]:
    """The ways to write a unit: what stands before the number, and what behind it."""
    words = unit.split(" ")
    ways = [(" ".join(words[:count]), " ".join(words[count:])) for count in range(len(words) + 1)]
    read = {way: split(f"{way[0]}1 {way[1]}".strip()) for way in ways}
    return [way for way, parts in read.items() if parts is not None and parts.unit == unit]


def _unit(unit: str) -> str:
    """A pattern of a unit, with any space for its own."""
    return any_of(SPACES).join(map(literal, unit.split(" ")))


def _signed(sign: str, before: str) -> str:
    """What stands before a number: a sign, before or behind a currency."""
    unit = _unit(before)
    ways = {f"{A_SPACE}{sign}{A_SPACE}{unit}{A_SPACE}{A_SPACE}", f"{A_SPACE}{A_SPACE}{unit}{A_SPACE}{sign}{A_SPACE}"}
    return f"(?:{'|'.join(sorted(ways))})"


def _closed(form: NumberForm, groups: int = MOST_GROUPS) -> str:
    """A number that ends in a digit."""
    mark = literal(form.decimal)
    fraction = f"{mark}[0-9]{{1,{MOST_PLACES}}}"
    whole = _whole(form, f"{{1,{groups}}}")
    alone = _whole(form, "{1,2}", f"{{4,{MOST_GROUPS}}}") if form.group == "." else whole  # 1.2.3.4 is an address
    ways = [alone, f"{whole}{fraction}", fraction]
    if form.unit not in ("e", "E"):
        ways.append(f"(?:{whole}(?:{mark}[0-9]{{0,{MOST_PLACES}}})?|{fraction}){EXPONENT}")
    return f"(?:{'|'.join(ways)})"


def _open(form: NumberForm, groups: int = MOST_GROUPS) -> str:
    """A number that ends in its decimal mark."""
    return f"{_whole(form, f'{{1,{groups}}}')}{literal(form.decimal)}"


def _whole(form: NumberForm, *groups: str) -> str:
    """A whole number, its thousands in as many groups as is said, or without groups; at most 15 digits then."""
    if not form.group:
        return "[0-9]{1,15}"
    mark = any_of(LOOKS.get(form.group, form.group))
    ways = [f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}}){count}" for count in groups]
    if form.group == ",":
        ways.append("[1-9][0-9]?(?:,[0-9]{2}){1,13},[0-9]{3}")  # 12,50,000, as in India
    return f"(?:{'|'.join(ways)}|[0-9]{{1,15}})"
