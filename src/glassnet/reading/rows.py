"""Rows of digits on a page: where the numbers are.

Nothing is decided here about what is a digit. Pieces of ink that stand in a row are a number. All that could be a digit
of it is a candidate (`cuts`), and the network chooses a path through them (`model.number`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.cuts import (
    LEAST_HEIGHT,
    Candidate,
    Ink,
    Mark,
    Measures,
    candidates,
    is_block,
    joined,
    marks,
    parts_of,
    slant_of,
)
from glassnet.reading.digit import no_ink
from glassnet.reading.ink import find_page
from glassnet.reading.pieces import Box, extents, pen_width, pieces
from glassnet.reading.ruled import without_cells
from glassnet.reading.steps import Steps

# Lengths are shares of the height of the digits.
APART, APART_IN_CELLS = 1.0, 3.0  # a wider gap separates two numbers; in the cells of a form it is wider
SAME_ROW = 0.3  # two pieces are in one row if at least so much of the shorter one lies beside the other
NEAR = 0.2  # a short piece above or below another one, such as the bar of a 5, is not further away
LEAST_PIXELS = 8  # a digit that is less high cannot be read
DUST, DIRT = 0.03, 0.15  # a smaller piece is ignored; one that stands alone is ignored below the second
LINE_SHAPE, LINE_THICK = 3, 0.3  # a line is at least 3 times as long as wide, and its mean thickness is less than 0.3
LINE_WIDE, LINE_TALL = 1.5, 2.5  # the least length of a line across, and of one down
BESIDE_LINE = 0.03  # beside so much of a line there may be other ink; if there is more, digits touch it
LEAST_UNKNOWN = 0.2  # a piece of ink in no row that is larger is reported
IN_LINE = 0.4  # two rows are in one line if more of the less high one lies beside the other
POINT_GAP = 0.5  # between a decimal point below the line and the digits beside it
LEAST_INSIDE = 0.1  # a frame is a row of cells if more ink lies in it, as a share of its own ink
BETWEEN_CELLS, UPRIGHT = 0.8, 10  # a line between cells has this share of their height, and is 10 times as high as wide
LEAST_CELL, HOLLOW = 24, 0.5  # the least height of a cell in pixels, and the largest share of it that is ink
MOST_PIECES = 1_000  # on a page, also after they are cut
MOST_CANDIDATES = 8_000  # for a digit, on a page: each takes a millisecond or more


@dataclass(frozen=True, eq=False)
class Row:
    """A row of ink that could be a number.

    Attributes:
        place: the rows and columns of the picture.   parts: how many it has, from left to right.
        candidates: what could be a digit.   marks: what each small part is, by its number.
    """

    place: Box
    parts: int
    candidates: list[Candidate]
    marks: dict[int, Mark]


def rows_of(drawing: Array, steps: Steps) -> list[Row]:
    """The rows of digits in grey values (H, W), uint8, from top to bottom, then from left to right.

    Args:
        steps: takes the steps of cleaning.

    Raises:
        DataError: no ink, or far too much on the page.
    """
    page, corner, block = find_page(drawing, steps)
    _numbered(page)  # far too many are refused before the cells are looked for
    cells: list[Box] = []
    page = steps.take("box", _without_cells, page, cells)
    numbers = _numbered(page)
    boxes = extents(numbers)
    ink = {n: _ink(page, numbers, n, box) for n, box in boxes.items()}
    height = _height(list(ink.values()))
    lines = {n for n, each in ink.items() if _is_line(each, height)}
    digits = [boxes[n] for n, each in ink.items() if n not in lines and each.size[0] > LEAST_HEIGHT * height]
    kept = {
        n: boxes[n]
        for n, each in ink.items()
        if max(each.size) >= DUST * height
        and not (n in lines and not _is_beside(boxes[n], digits, height))
        and not any(_is_of_cells(boxes[n], cell) for cell in cells)
    }
    rows: list[Row] = []
    for members in _groups(kept, height, cells):
        if len(members) == 1 and max(ink[members[0]].size) < DIRT * height:
            continue
        row = _row({n: ink[n] for n in members})
        if row.parts or len(members) > 1 or max(_size(row.place)) > LEAST_UNKNOWN * height:
            rows.append(_on_picture(row, corner, block))
            _check_count(sum(row.parts for row in rows))
            if sum(len(row.candidates) for row in rows) > MOST_CANDIDATES:
                raise DataError(f"found more than {MOST_CANDIDATES:,} pieces that could be digits: crop the picture")
    return _in_reading_order(rows)


def _numbered(page: Array) -> Array:
    """The numbered pieces of a page (H, W).

    Raises:
        DataError: there are none, or far too many.
    """
    numbers = pieces(page > 0)
    count = len(np.unique(numbers[numbers > 0]))
    _check_count(count)
    if not count:
        raise no_ink()
    return numbers


def _check_count(pieces_of_ink: int) -> None:
    if pieces_of_ink > MOST_PIECES:
        raise DataError(f"found {pieces_of_ink:,} pieces of ink: expected rows of digits; crop the picture to them")


def _is_line(ink: Ink, height: float) -> bool:
    """Whether a piece is a printed line, beside digits of this height."""
    tall, wide = ink.size
    is_long = wide > LINE_WIDE * height or tall > LINE_TALL * height
    is_thin = max(tall, wide) > LINE_SHAPE * min(tall, wide) and len(ink.rows) < LINE_THICK * height * max(tall, wide)
    return is_long and is_thin and _spans(ink) < LEAST_HEIGHT * height


def _spans(ink: Ink) -> float:
    """How far the ink of a line reaches across it, but for a share of BESIDE_LINE of its length."""
    along, across = (ink.columns, ink.rows) if ink.size[1] >= ink.size[0] else (ink.rows, ink.columns)
    along = along - along.min()
    least, most = np.full(along.max() + 1, across.max()), np.full(along.max() + 1, across.min())
    np.minimum.at(least, along, across)
    np.maximum.at(most, along, across)
    return float(np.quantile(most - least, 1 - BESIDE_LINE))


def _is_of_cells(box: Box, cell: Box) -> bool:
    """Whether a piece is as high as the row of cells in which it stands: what is left of a line between two cells."""
    tall, wide = _size(box)
    return _within(box, cell) and UPRIGHT * wide < tall and tall > BETWEEN_CELLS * _size(cell)[0]


def _is_beside(line: Box, digits: Sequence[Box], height: float) -> bool:
    """Whether it is a line across, and stands beside digits at the height of their middle, as a minus sign does."""
    rows, columns = line
    if rows.stop - rows.start >= columns.stop - columns.start:
        return False
    middle = (rows.start + rows.stop) / 2
    near = [d for d in digits if d[0].start + (d[0].stop - d[0].start) / 4 < middle < d[0].stop]
    gaps = [max(d[1].start - columns.stop, columns.start - d[1].stop) for d in near]
    return bool(gaps) and 0 <= min(gaps, key=abs) < APART * height


def _ink(page: Array, numbers: Array, number: int, box: Box) -> Ink:
    """The ink of the piece with this number, which lies in this box of the page (H, W)."""
    rows, columns = np.nonzero(numbers[box] == number)
    rows, columns = rows + box[0].start, columns + box[1].start
    return Ink(rows, columns, page[rows, columns])


def _height(every: Sequence[Ink]) -> float:
    """The median of the heights of pieces, each counted as often as it has ink; of blocks and bars only if all are."""
    likely = [ink for ink in every if not is_block(ink) and ink.size[1] < LINE_SHAPE * ink.size[0]]
    heights, weights = zip(*((ink.size[0], ink.strengths.sum()) for ink in likely or every), strict=True)
    order = np.argsort(heights)
    upto = np.cumsum(np.array(weights)[order])
    return float(np.array(heights)[order][np.searchsorted(upto, upto[-1] / 2)])


def _without_cells(page: Array, cells: list[Box]) -> Array:
    """The ink (H, W) without the lines of cells, in which digits stand; `cells` gets the box of each row of them."""
    numbers = pieces(page > 0)
    result = page
    for n, box in extents(numbers).items():
        mask = numbers[box] == n
        if min(mask.shape) < LEAST_CELL or mask.mean() > HOLLOW:
            continue
        own = np.where(mask, page[box], 0)
        rest = without_cells(own, 0.5)
        edge = min(mask.shape) // 8
        inside = page[box].sum() - own.sum() + rest[edge:-edge, edge:-edge].sum()
        if rest is not own and inside > LEAST_INSIDE * own.sum():  # with nothing in it, it may be an angular 0
            result = result.copy() if result is page else result
            result[box][mask] = rest[mask]
            cells.append(box)
    return result


def _groups(boxes: dict[int, Box], height: float, cells: list[Box]) -> Iterator[list[int]]:
    """The pieces that stand in one row, or in one row of cells, with no wide gap between them: each is a number."""
    names = sorted(boxes, key=lambda n: boxes[n][1].start)
    of_cells = {n: next((k for k, cell in enumerate(cells) if _within(boxes[n], cell)), None) for n in names}
    group = {n: {n} for n in names}
    for k, n in enumerate(names):
        for m in names[k + 1 :]:
            tall = max(box[0].stop - box[0].start for box in (boxes[n], boxes[m]))
            in_cells = of_cells[n] is not None and of_cells[n] == of_cells[m]
            most = (APART_IN_CELLS if in_cells else APART) * min(max(tall, 0.7 * height), 1.3 * height)
            gap = boxes[m][1].start - boxes[n][1].stop
            if gap > APART_IN_CELLS * 1.3 * height:
                break  # the others begin further to the right
            if gap <= most and group[n] is not group[m] and _together(boxes[n], boxes[m], height):
                group[n] |= group[m]
                for member in group[m]:
                    group[member] = group[n]
    yield from ([*members] for members in {id(members): members for members in group.values()}.values())


def _together(a: Box, b: Box, height: float) -> bool:
    """Whether two pieces lie side by side; or a short one lies just above or below the other.

    Such as the bar of a 5, or a decimal point below the line.
    """
    down, across = (min(p.stop, q.stop) - max(p.start, q.start) for p, q in zip(a, b, strict=True))
    lower, narrower = (min(p.stop - p.start, q.stop - q.start) for p, q in zip(a, b, strict=True))
    if down >= SAME_ROW * lower:
        return True
    most = SAME_ROW * narrower if narrower > NEAR * height else -POINT_GAP * height
    return lower < LEAST_HEIGHT * height and -down <= NEAR * height and across >= most


def _size(box: Box) -> tuple[int, int]:
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def _within(box: Box, other: Box) -> bool:
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(other, box, strict=True))


def _row(ink: dict[int, Ink]) -> Row:
    """The row of these pieces, by their numbers, with all candidates; without parts if nothing in it can be a digit."""
    height = _height(list(ink.values()))
    whole = joined(list(ink.values()))
    nothing = Row(whole.place, 0, [], {})
    if height < LEAST_PIXELS:
        return nothing
    measures = Measures(height, pen_width(whole.image() > 0), slant_of(list(ink.values()), height))
    parts = parts_of(ink, measures)
    found = list(candidates(parts, measures))
    if all(candidate.image is None for candidate in found):
        return nothing
    return Row(whole.place, len(parts), found, marks(parts, measures))


def _on_picture(row: Row, corner: tuple[int, int], block: int) -> Row:
    """The row with its places in the picture; the page begins at a corner of it, in blocks of block x block pixels."""

    def placed(box: Box) -> Box:
        (top, left), (rows, columns) = corner, box
        return (
            slice(top + rows.start * block, top + rows.stop * block),
            slice(left + columns.start * block, left + columns.stop * block),
        )

    found = [replace(candidate, place=placed(candidate.place)) for candidate in row.candidates]
    small = {k: mark._replace(place=placed(mark.place)) for k, mark in row.marks.items()}
    return replace(row, place=placed(row.place), candidates=found, marks=small)


def _in_reading_order(rows: Sequence[Row]) -> list[Row]:
    """Line by line, from left to right. A line may slope: in it, each row lies beside the next one to the right."""
    in_order = sorted(rows, key=lambda row: row.place[1].start)
    lines: list[list[Row]] = []
    for row in in_order:
        beside = [line for line in lines if _are_in_line(line[-1].place, row.place)]
        if beside:
            max(beside, key=lambda line: line[-1].place[1].stop).append(row)  # the nearest
        else:
            lines.append([row])
    lines.sort(key=lambda line: sum(row.place[0].start + row.place[0].stop for row in line) / len(line))
    return [row for line in lines for row in line]


def _are_in_line(left: Box, right: Box) -> bool:
    shared = min(left[0].stop, right[0].stop) - max(left[0].start, right[0].start)
    return left[1].stop <= right[1].start and shared > IN_LINE * min(_size(left)[0], _size(right)[0])
