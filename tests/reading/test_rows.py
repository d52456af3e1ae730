"""Rows of digits on a page: where they are, and that each digit is among the candidates."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.handmade import arc, inked, painted, written
from glassnet.data.errors import DataError
from glassnet.reading import rows as rows_module
from glassnet.reading.ink import LOOK_AT_PAGES
from glassnet.reading.rows import Row, rows_of
from glassnet.reading.ruled import without_cells
from glassnet.reading.steps import Steps
from properties import rows

WHITE, BLACK = (255,) * 3, (0,) * 3


def grey(colours: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(colours.round().clip(0, 255).astype(np.uint8)).convert("L"))


def page(texts: list[str], *, size: int = 80, gap: float = 0.3, slope: float = 0.0, seed: int = 0) -> np.ndarray:
    """The ink of rows of digits (H, W): each text is a row, a space a wide gap; `gap` in heights between digits."""
    rng = np.random.default_rng(seed)
    wide = round(max(map(len, texts)) * size * (1 + gap)) + 2 * size
    cover = np.zeros((len(texts) * 2 * size + size, wide))
    for line, text in enumerate(texts):
        left, top = float(size), size * (0.7 + 2 * line)
        for sign in text:
            if sign == " ":
                left += 1.5 * size
                continue
            one = inked(written(int(sign), rng), cover.shape, (0, 0, size), 7)
            columns = np.flatnonzero(one.any(axis=0))
            moved = np.roll(one, (round(top + slope * left), round(left - columns[0])), axis=(0, 1))
            cover = np.maximum(cover, moved)
            left += columns[-1] - columns[0] + gap * size
    return cover


def covers(row: Row, first: int, past: int) -> bool:
    return any(c.image is not None and (c.first, c.past) == (first, past) for c in row.candidates)


def test_each_number_is_a_row_of_its_own_in_the_order_of_reading() -> None:
    cover = page(["12 34", "5678"])
    rows = rows_of(grey(painted(WHITE, BLACK, cover)), Steps())
    assert len(rows) == 3
    tops, lefts = ([row.place[axis].start for row in rows] for axis in (0, 1))
    assert max(tops[:2]) < tops[2]
    assert lefts[0] < lefts[1]
    inked_rows = np.flatnonzero(cover.any(axis=1))
    assert rows[0].place[0].start == pytest.approx(inked_rows[0], abs=4)
    assert rows[2].place[0].stop == pytest.approx(inked_rows[-1] + 1, abs=4)


@pytest.mark.parametrize("slope", [-0.1, 0.1])
def test_a_slanting_row_stays_one(slope: float) -> None:
    cover = np.pad(page(["40715"], slope=slope), 60)
    assert len(rows_of(grey(painted(WHITE, BLACK, cover)), Steps())) == 1


def test_digits_that_lie_apart_are_parts_and_candidates() -> None:
    (row,) = rows_of(grey(painted(WHITE, BLACK, page(["1711"]))), Steps())
    assert row.parts >= 4
    assert covers(row, 0, 1)
    assert covers(row, row.parts - 1, row.parts)
    assert all(c.image is None or c.image.shape == (28, 28) for c in row.candidates)


def test_digits_that_touch_are_cut() -> None:
    strokes = [arc(0.3, 0.5, 0.3, 0.5, 0, 360), arc(0.9, 0.5, 0.31, 0.5, 0, 360)]  # two zeros, side by side
    (row,) = rows_of(grey(painted(WHITE, BLACK, inked(strokes, (200, 300), (60, 50, 100), 8))), Steps())
    half = (row.place[1].start + row.place[1].stop) / 2
    assert any(c.image is not None and abs(c.place[1].stop - half) < 6 for c in row.candidates)


def test_a_broken_digit_is_joined() -> None:
    strokes = [[(0.35, 0.15), (0.3, 0.45), *arc(0.45, 0.7, 0.32, 0.3, -110, 130)], [(0.42, 0.0), (0.85, -0.02)]]
    (row,) = rows_of(grey(painted(WHITE, BLACK, inked(strokes, (200, 200), (50, 50, 100), 8))), Steps())
    assert row.parts > 1
    assert covers(row, 0, row.parts)


def test_a_point_and_a_minus_sign_are_seen() -> None:
    ink = page(["35"], gap=0.6)
    digits = np.flatnonzero(ink.any(axis=0))
    first = digits[np.diff(digits, append=digits[-1] + 99) > 20][0]  # the right end of the first digit
    bottom = np.flatnonzero(ink.any(axis=1))[-1]
    ink[bottom - 8 : bottom + 1, first + 16 : first + 25] = 1
    middle = bottom - 40
    ink[middle : middle + 7, digits[0] - 50 : digits[0] - 20] = 1
    (row,) = rows_of(grey(painted(WHITE, BLACK, ink)), Steps())
    assert [row.marks[k].sign for k in sorted(row.marks) if row.marks[k].sign] == ["-", "."]


def test_places_are_those_of_a_large_picture() -> None:
    cover = page(["37"], size=150)
    drawing = grey(painted(WHITE, BLACK, np.pad(cover, ((700, 100), (100, 600)))))
    assert drawing.size > LOOK_AT_PAGES**2  # so that it is looked at in blocks of 2x2 pixels
    (row,) = rows_of(drawing, Steps())
    top, left = (np.flatnonzero(cover.any(axis=axis))[0] for axis in (1, 0))
    assert (row.place[0].start, row.place[1].start) == pytest.approx((top + 700, left + 100), abs=8)


@pytest.mark.parametrize("thick", [2, 5])
def test_the_lines_of_cells_are_taken_away_and_strokes_that_touch_them_stay(thick: int) -> None:
    """A row of cells of a form, with a digit in each; the second touches a line."""
    wide, high, count = 84, 110, 4
    cover = np.zeros((high + 60, wide * count + 60))
    for line in range(count + 1):
        cover[30 : 30 + high, 30 + line * wide : 30 + line * wide + thick] = 1
    for top in (30, 30 + high - thick):
        cover[top : top + thick, 30 : 30 + wide * count + thick] = 1
    lines = cover.copy()
    digits = np.zeros_like(cover)
    for k, sign in enumerate("3752"):
        left = 30 + k * wide + (40 if k == 1 else 20)
        digits = np.maximum(digits, inked(written(int(sign), np.random.default_rng(k)), cover.shape, (left, 55, 60), 6))
    (row,) = rows_of(grey(painted(WHITE, BLACK, np.maximum(cover, digits))), Steps())
    inked_columns = np.flatnonzero(digits.any(axis=0))
    assert row.place[1].start == pytest.approx(inked_columns[0], abs=4)
    assert row.place[1].stop == pytest.approx(inked_columns[-1] + 1, abs=4)
    box = np.s_[30 : 30 + high, 30 : 30 + wide * count + thick]
    lines, digits = lines[box], digits[box]
    rest = without_cells(np.maximum(lines, digits), 0.5)
    assert rest[(lines == 1) & (digits == 0)].sum() < 0.02 * lines.sum()
    inside = (digits > 0.5) & (lines == 0)
    assert rest[inside].sum() > 0.97 * digits[inside].sum()


def test_without_cells_nothing_is_taken_away() -> None:
    cover = page(["174"])
    assert without_cells(cover, 0.5) is cover


def test_light_digits_on_dark_paper() -> None:
    (row,) = rows_of(grey(painted(BLACK, WHITE, page(["907"]))), Steps())
    assert row.parts >= 3


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (np.full((200, 300), 255, np.uint8), "no ink"),
        (np.full((2, 300), 255, np.uint8), "no ink"),
        (np.tile(np.arange(256, dtype=np.uint8), (5, 2_000)), "no ink"),
    ],
)
def test_an_empty_page_is_refused(drawing: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows_of(drawing, Steps())


def test_a_page_with_far_too_much_on_it_is_refused() -> None:
    rng = np.random.default_rng(0)
    drawing = np.full((900, 900), 255, np.uint8)
    for top in range(10, 880, 14):
        for left in range(10, 880, 14):
            height, width = rng.integers(4, 9, 2)
            drawing[top : top + height, left : left + width] = 0
    with pytest.raises(DataError, match="pieces of ink: expected rows of digits"):
        rows_of(drawing, Steps())


def test_pieces_that_would_be_cut_into_far_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wave that could be cut at every crest."""
    x = np.arange(160)
    drawing = np.full((200, 200), 255, np.uint8)
    for thick in range(5):
        drawing[(100 + 30 * np.sin(x / 8)).astype(int) + thick, x + 20] = 0
    monkeypatch.setattr(rows_module, "MOST_PIECES", 8)
    with pytest.raises(DataError, match=r"found \d+ pieces of ink: expected rows of digits"):
        rows_of(drawing, Steps())


@pytest.mark.parametrize("number", [1, 2])
def test_any_page_gives_rows_whose_parts_lead_from_end_to_end(number: int, tmp_path: Path) -> None:
    rows(number, tmp_path)


def test_what_is_too_wide_for_a_digit_is_a_candidate_without_an_image() -> None:
    """A bar beside two digits, three times as long as they are high: a part of the row like others."""
    drawing = np.full((120, 600), 255, np.uint8)
    for left in (40, 100):
        drawing[20:80, left : left + 10] = 0
    drawing[42:54, 140:320] = 0
    (row,) = rows_of(drawing, Steps())
    assert {c.first for c in row.candidates} == set(range(row.parts))
    bar = [c for c in row.candidates if c.place[1].start > 120]
    assert bar
    assert all(c.image is None for c in bar)
