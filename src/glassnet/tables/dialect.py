"""How a table is laid out as text: its encoding, what separates its cells, and what stands around them.

Nobody says it in the file, so it is found from the first part of it: the separator that divides most lines into the
same number of cells.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from glassnet.data.errors import DataError

SEPARATORS = {
    "\t": "tabs",
    ";": "semicolons",
    "|": "vertical bars",
    ",": "commas",  # last: decimals have them too
}
IN_QUOTES = {" ": "spaces"}  # only where the names stand in quotes, as R writes them
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WINDOWS = "cp1252"  # the 8-bit encoding of Western Europe
IN_WESTERN_TEXT = frozenset("€£¥¢§©®°±²³µ·¹º¼½¾ª«»¿¡´¨×÷–—‘’‚“”„†•…‰‹›™ \xa0")
ALONE = "\x1f"  # separates nothing, in a table of one column
SIGN_INSIDE = re.compile(r"[^\W\d_][€£¥¢§©®°±¹²³¼½¾«»¿¡´¨×÷‚“”„†•…‰‹›™][^\W\d_]")  # of a word in another encoding
ROWS_LOOKED_AT = 200


class NoTextError(DataError):
    """The file holds no text, or text in an encoding that is not known."""


class Dialect(NamedTuple):
    """How the cells of a table stand in its text.

    Attributes:
        separator: between two cells.   skipped: the number of lines before the names of the columns.
        row_names: whether each row begins with its name, and the first line with the names of the columns alone.
    """

    separator: str
    skipped: int
    row_names: bool


def find_encoding(start: bytes, where: str) -> str:
    """The encoding of a text that begins with these bytes: UTF-8 or UTF-16 by their marks or zeros, else UTF-8.

    Raises:
        NoTextError: these are the bytes of something else.
    """
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise NoTextError(f"{where}: its text is in UTF-32, expected UTF-8, UTF-16 or Windows-1252: write it as UTF-8")
    for mark, encoding in BOMS.items():
        if start.startswith(mark):
            return encoding
    zeros = [start[side:2000:2].count(0) for side in (0, 1)]
    if 2 * max(zeros) > len(start[:2000]) / 2 and not min(zeros):
        return "utf-16-le" if zeros[1] else "utf-16-be"
    if any(zeros):
        raise NoTextError(f"{where}: expected a table as text (CSV) or Parquet, but this is another kind of file")
    return "utf-8"


def is_western(text: str) -> bool:
    """Whether a text decoded from Windows-1252 looks like one: its special characters are letters and usual signs.

    In a text of another alphabet nearly all letters would be special ones.
    """
    special = [character for character in text if character > "\x7f"]
    letters = sum(character.isalpha() for character in text)
    fit = all(character.isalpha() or character in IN_WESTERN_TEXT for character in special)
    fit = fit and not SIGN_INSIDE.search(text)
    return fit and 2 * sum(character.isalpha() for character in special) <= max(letters, 4)


def find_dialect(lines: Sequence[str]) -> Dialect:
    """The dialect of a table that begins with these lines."""
    first = lines[0].strip('\r\n "') if lines else ""
    if first.lower().startswith("sep=") and len(set(first[4:])) == 1:  # as spreadsheets write it
        return Dialect(first[4], 1, _widths(lines[1:], first[4]).row_names)
    skipped = 0
    while skipped + 1 < len(lines) and lines[skipped].startswith("#"):
        skipped += 1
    possible = [*SEPARATORS, *(IN_QUOTES if "".join(lines[skipped : skipped + 1]).startswith('"') else ())]
    found = {separator: _widths(lines[skipped:], separator) for separator in possible}
    fitting = [sep for sep, widths in found.items() if widths.first > 1 and widths.usual - widths.first in (0, 1)]
    fitting = fitting or [sep for sep, widths in found.items() if widths.first > 1]
    separator = max(fitting, key=lambda sep: found[sep].share, default=ALONE)
    if skipped and fitting and _widths(lines[skipped - 1 : skipped], separator).first == found[separator].usual:
        skipped -= 1  # no comment: the names of the columns, the first of which begins with #
    return Dialect(separator, skipped, bool(fitting) and found[separator].row_names)


class _Widths(NamedTuple):
    """The number of cells in the first row and in most rows, and the share of the rows that have this number."""

    first: int
    usual: int
    share: float
    row_names: bool  # all rows but the first have one cell more than it, and something in their last cell


def _widths(lines: Sequence[str], separator: str) -> _Widths:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # the rows before the fault tell
        rows.extend(islice(csv.reader(lines, delimiter=separator, skipinitialspace=True), ROWS_LOOKED_AT))
    widths = [len(row) for row in rows if row]
    if not widths:
        return _Widths(0, 0, 0.0, False)
    usual = Counter(widths[1:] or widths).most_common(1)[0][0]
    row_names = 1 < widths[0] == usual - 1 and _has_row_names([row for row in rows if row][1:], usual)
    return _Widths(widths[0], usual, widths.count(usual) / len(widths), row_names)


def _has_row_names(rows: list[list[str]], width: int) -> bool:
    """Whether the first cells of these rows, which no column is named for, name the rows: texts, or numbers from 1."""
    names = [row[0].strip() for row in rows if len(row) == width]
    counted = [str(number) for number in range(1, len(names) + 1)]
    named = len(set(names)) == len(names) and not any(name[:1].isdigit() or not name for name in names)
    return len(names) == len(rows) and all(row[-1].strip() for row in rows) and (names == counted or named)
