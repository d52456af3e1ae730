"""Rows of digits on a page: where the numbers are, and how each could be cut into digits.

Nothing is decided here about what is a digit. Pieces of ink in a row are a number. A wide piece is cut wherever that
makes sense, and neighbouring parts are joined. All that could be a digit is a candidate, and the network chooses a path
through them (`model.number`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.reading.digit import no_ink
from glassnet.reading.drawing import BOX, USUAL_PENS, on_a_page
from glassnet.reading.ink import find_page
from glassnet.reading.pieces import Box, extent, extents, pen_width, pieces
from glassnet.reading.ruled import without_cells
from glassnet.reading.steps import Steps

# Lengths are shares of the height of the digits in a row, unless they say otherwise.
APART = 1.0  # a wider gap separates two numbers
WIDEST_CELL = 3.0  # the same, for digits in the cells of a form
SAME_ROW = 0.3  # of the lower of two pieces lies beside the other, if they stand in one row
NEAR = 0.2  # a low piece above or below another one, such as the bar of a 5, is not further away
LEAST_HEIGHT = 0.45  # a lower part is no digit by itself
SPECK = 0.02  # ink of a speck, as a share of the ink of the digits
NARROW = 0.4  # a piece that is not wider is not cut
BESIDE = 0.12  # a cut leaves at least this width on both sides
LOW = 0.7  # a higher piece is not cut where it has more ink than that of a pen or two
THIN = 2.5  # pen widths: where a column has more ink, a cut makes no sense
WIDEST = 1.7  # a wider part is no digit
JOINED = 8  # parts, at most
STEEPEST = 0.6  # the tangle of the slant of a number, at most
LEAST_PIXELS = 8  # a lower digit cannot be read
LEAST_CELL, HOLLOW = 24, 0.5  # the least height of a cell in pixels, and the largest share of it that is ink
MOST_PIECES = 2_000  # on a page
MOST_CUTS = 12  # of a piece


@dataclass(frozen=True, eq=False)
class Candidate:
    """What could be a digit: the parts first, first + 1, ... up to past, without past.

    Attributes:
        image: in the form of MNIST (28, 28); None if it cannot be a digit.
        place: the rows and columns of the picture.
        gap: the widest gap within it, from left to right, as a share of the height of the digits.
        cuts: how many of its two ends are cut off from ink beside it.
    """

    first: int
    past: int
    image: Array | None
    place: Box
    gap: float
    cuts: int


@dataclass(frozen=True, eq=False)
class Row:
    """A row of ink that could be a number: so many parts, from left to right, and the candidates.

    Attributes:
        place: the rows and columns of the picture.
        marks: what a part is by its shape and place, if it is small: ".", "-", or "" for a speck.
    """

    place: Box
    parts: int
    candidates: list[Candidate]
    marks: dict[int, str]


@dataclass(frozen=True, eq=False)
class _Part:
    """A part of a piece of ink: its pixels, and where it lies."""

    piece: int  # its number
    mask: Array  # of the row (H, W)
    box: Box
    middle: float  # along the row


def rows_of(drawing: Array, steps: Steps) -> list[Row]:
    """The rows of digits in grey values (H, W), uint8, from top to bottom, then from left to right.

    Args:
        steps: takes the steps of cleaning.

    Raises:
        DataError: no ink, or far too much on the page.
    """
    ink, (top, left), step = find_page(drawing, steps)
    cells: list[Box] = []
    ink = steps.take("box", _without_cells, ink, cells)
    numbers = pieces(ink > 0)
    boxes = extents(numbers)
    if len(boxes) > MOST_PIECES:
        raise DataError(f"found {len(boxes):,} pieces of ink: expected rows of digits; crop the picture to them")
    amounts = np.bincount(numbers.ravel(), weights=ink.ravel())
    heights = {n: rows.stop - rows.start for n, (rows, _) in boxes.items()}
    height = _typical(np.array([heights[n] for n in boxes]), np.array([amounts[n] for n in boxes]))
    usual = np.median([amounts[n] for n in boxes if heights[n] > LEAST_HEIGHT * height])
    kept = {n: box for n, box in boxes.items() if amounts[n] > SPECK * usual}
    if not kept:
        raise no_ink()
    found = []
    for members in _groups(kept, height, cells):
        row = _row(ink, numbers, {n: kept[n] for n in members}, (top, left), step)
        if row is not None:
            found.append(row)
    return _in_reading_order(found)


def _without_cells(ink: Array, cells: list[Box]) -> Array:
    """The ink (H, W) without the lines of cells, in which digits stand; `cells` gets the box of each row of them."""
    numbers = pieces(ink > 0)
    result = ink
    for n, box in extents(numbers).items():
        mask = numbers[box] == n
        if min(mask.shape) < LEAST_CELL or mask.mean() > HOLLOW:
            continue
        own = np.where(mask, ink[box], 0)
        rest = without_cells(own, 0.5)
        if rest is not own:
            result = result.copy() if result is ink else result
            result[box][mask] = rest[mask]
            cells.append(box)
    return result


def _within(box: Box, other: Box) -> bool:
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(other, box, strict=True))


def _typical(heights: Array, weights: Array) -> float:
    """The median of the heights, each with its weight."""
    order = np.argsort(heights)
    upto = np.cumsum(weights[order])
    return float(heights[order][np.searchsorted(upto, upto[-1] / 2)])


def _groups(boxes: dict[int, Box], height: float, cells: list[Box]) -> Iterator[list[int]]:
    """The pieces that stand in one row, or in one row of cells, with no wide gap between them: each is a number."""
    row_of_cells = {
        n: next((k for k, cell in enumerate(cells) if _within(box, cell)), None) for n, box in boxes.items()
    }
    names = sorted(boxes, key=lambda n: boxes[n][1].start)
    group = {n: {n} for n in names}
    for k, n in enumerate(names):
        for m in names[k + 1 :]:
            (rows, columns), (its_rows, its_columns) = boxes[n], boxes[m]
            tall = max(rows.stop - rows.start, its_rows.stop - its_rows.start)
            gap = its_columns.start - columns.stop
            in_cells = row_of_cells[n] is not None and row_of_cells[n] == row_of_cells[m]
            if gap > (WIDEST_CELL if in_cells else APART) * min(max(tall, 0.7 * height), 1.3 * height):
                continue
            if group[n] is not group[m] and _together(boxes[n], boxes[m], height):
                group[n] |= group[m]
                for member in group[m]:
                    group[member] = group[n]
    seen: set[int] = set()
    for n in names:
        if n not in seen:
            seen |= group[n]
            yield sorted(group[n], key=lambda member: boxes[member][1].start)


def _together(a: Box, b: Box, height: float) -> bool:
    """Whether two pieces lie side by side; or a low one, such as the bar of a 5, lies just above or below the other."""
    down, across = (min(p.stop, q.stop) - max(p.start, q.start) for p, q in zip(a, b, strict=True))
    lower, narrower = (min(p.stop - p.start, q.stop - q.start) for p, q in zip(a, b, strict=True))
    if down >= SAME_ROW * lower:
        return True
    return lower < LEAST_HEIGHT * height and -down <= NEAR * height and across >= SAME_ROW * narrower


def _row(ink: Array, numbers: Array, boxes: dict[int, Box], corner: tuple[int, int], step: int) -> Row | None:
    """The row of these pieces, with all candidates; None if nothing in it is as high as a digit."""
    place = _around(list(boxes.values()))
    own, named = ink[place], numbers[place]
    own = np.where(np.isin(named, list(boxes)), own, 0)
    height = _typical(
        np.array([rows.stop - rows.start for rows, _ in boxes.values()]),
        np.array([own[named == n].sum() for n in boxes]),
    )
    if height < LEAST_PIXELS:
        return None
    pen = pen_width(own > 0)
    slant = _slant(named, own, boxes, place, height)
    along = np.arange(own.shape[1])[None] + slant * (np.arange(own.shape[0])[:, None] - own.shape[0] / 2)
    parts: list[_Part] = []
    for n in boxes:
        mask = named == n
        parts += _cut(n, mask, own, along, height, pen)
    parts.sort(key=lambda part: part.middle)
    candidates = list(_candidates(parts, own, along, height, pen, place, corner, step))
    whole = [sum(other.piece == part.piece for other in parts) == 1 for part in parts]
    small = [one and _is_small(part, height) for one, part in zip(whole, parts, strict=True)]
    marks = {k: _mark(k, parts, small, height, own.shape[0]) for k in range(len(parts)) if small[k]}
    if not any(candidate.image is not None for candidate in candidates):
        return None
    return Row(_on_picture(place, corner, step), len(parts), candidates, marks)


def _cut(piece: int, mask: Array, own: Array, along: Array, height: float, pen: float) -> Iterator[_Part]:
    """The parts of a piece of ink (H, W): itself, or what lies between the places where it could be cut."""
    rows, _ = extent(mask)
    is_wide = np.ptp(along[mask]) > NARROW * height and rows.stop - rows.start >= LEAST_HEIGHT * height
    cuts = _places(mask, own, along, height, pen) if is_wide else []
    for start, stop in zip([-np.inf, *cuts], [*cuts, np.inf], strict=True):
        part = mask & (along >= start) & (along < stop)
        if part.any():
            yield _Part(piece, part, extent(part), float(along[part].mean()))


def _places(mask: Array, own: Array, along: Array, height: float, pen: float) -> list[float]:
    """Where to cut a piece of ink (H, W) whose pixels lie at these places along the row.

    That is where a column has little ink, and where the piece is low: two rings touch where both are high, but between
    them it is low.
    """
    low = float(along[mask].min())
    column, line = (along[mask] - low).astype(int), np.nonzero(mask)[0]
    count = int(column.max()) + 1
    ink = np.convolve(np.bincount(column, weights=own[mask], minlength=count), np.ones(3) / 3, mode="same")
    first, last = np.full(count, len(mask)), np.full(count, -1)
    np.minimum.at(first, column, line)
    np.maximum.at(last, column, line)
    tall = np.maximum(last - first + 1, 0)
    edge = max(2, int(BESIDE * height))
    wells = _wells(ink, THIN * pen, edge) + _wells(tall, LOW * height, edge)
    chosen: list[int] = []
    for k in sorted(wells, key=lambda k: ink[k] / pen + tall[k] / height):
        if all(abs(k - other) >= edge for other in chosen) and len(chosen) < MOST_CUTS:
            chosen.append(k)
    return [low + k + 0.5 for k in sorted(chosen)]


def _wells(profile: Array, most: float, edge: int) -> list[int]:
    """Where a profile (P,) is lowest in its neighbourhood, not above `most`, and not near its ends."""
    near = edge // 2
    return [
        k
        for k in range(edge, len(profile) - edge)
        if profile[k] <= most and profile[k] == profile[max(k - near, 0) : k + near + 1].min()
    ]


def _candidates(
    parts: list[_Part],
    own: Array,
    along: Array,
    height: float,
    pen: float,
    place: Box,
    corner: tuple[int, int],
    step: int,
) -> Iterator[Candidate]:
    for first in range(len(parts)):
        for past in range(first + 1, min(first + JOINED, len(parts)) + 1):
            mask = np.logical_or.reduce([part.mask for part in parts[first:past]])
            box = extent(mask)
            tall, wide = (side.stop - side.start for side in box)
            if wide > WIDEST * max(height, tall):
                break
            where = _on_picture(_shifted(box, place), corner, step)
            image = None
            if tall >= LEAST_HEIGHT * height:
                usual = USUAL_PENS[0] <= pen * BOX / max(tall, wide) <= USUAL_PENS[1]
                steps = Steps(frozenset({"pen"}) if usual else frozenset())  # to measure the pen each time takes long
                try:
                    image = on_a_page(np.where(mask[box], own[box], 0), steps)
                except DataError:
                    image = None
            inside = {part.piece for part in parts[first:past]}
            cuts = sum(part.piece in inside for part in (*parts[max(first - 1, 0) : first], *parts[past : past + 1]))
            yield Candidate(first, past, image, where, _widest_gap(along[mask]) / height, cuts)


def _widest_gap(along: Array) -> float:
    """The widest gap between these places (P,) along the row."""
    return float(np.diff(np.unique(along.astype(int))).max(initial=1) - 1)


def _is_small(part: _Part, height: float) -> bool:
    rows, columns = part.box
    return max(rows.stop - rows.start, columns.stop - columns.start) < LEAST_HEIGHT * height


def _mark(k: int, parts: list[_Part], small: list[bool], height: float, tall: int) -> str:
    """What a small part is: "-" before the first digit, "." between two digits, or "" for a speck."""
    rows, columns = parts[k].box
    high, wide = rows.stop - rows.start, columns.stop - columns.start
    middle = (rows.start + rows.stop) / 2 / tall
    if k == 0 and wide > 1.5 * high and wide > 0.2 * height and 0.25 < middle < 0.75:
        return "-"
    between = 0 < k < len(parts) - 1 and not small[k - 1] and not small[k + 1]
    is_dot = max(high, wide) < 2 * min(high, wide) and 0.08 * height < high < 0.3 * height
    return "." if between and is_dot and middle > 0.7 else ""


def _slant(named: Array, own: Array, boxes: dict[int, Box], place: Box, height: float) -> float:
    """The tangent of the slant of a number (H, W), to the right: the median of those of its high and narrow pieces."""
    slants = []
    for n, box in boxes.items():
        part = _shifted(box, place, -1)
        mask = named[part] == n
        tall, wide = mask.shape
        if LEAST_HEIGHT * height <= tall and wide <= tall:
            rows, columns = np.nonzero(mask)
            weight = own[part][mask]
            y = rows - np.average(rows, weights=weight)
            slants.append(
                -float(np.average(y * columns, weights=weight) / max(np.average(y * y, weights=weight), 1e-9))
            )
    return float(np.clip(np.median(slants), -STEEPEST, STEEPEST)) if slants else 0.0


def _around(boxes: list[Box]) -> Box:
    rows, columns = zip(*boxes, strict=True)
    return (
        slice(min(side.start for side in rows), max(side.stop for side in rows)),
        slice(min(side.start for side in columns), max(side.stop for side in columns)),
    )


def _shifted(box: Box, place: Box, sign: int = 1) -> Box:
    """The box within a place as one of the page; with the sign -1, the other way round."""
    rows, columns = (
        slice(side.start + sign * start.start, side.stop + sign * start.start)
        for side, start in zip(box, place, strict=True)
    )
    return rows, columns


def _on_picture(box: Box, corner: tuple[int, int], step: int) -> Box:
    rows, columns = (
        slice(first + side.start * step, first + side.stop * step) for side, first in zip(box, corner, strict=True)
    )
    return rows, columns


def _in_reading_order(rows: list[Row]) -> list[Row]:
    """From top to bottom, and from left to right within a line."""
    lines: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.place[0].start + row.place[0].stop):
        middle = (row.place[0].start + row.place[0].stop) / 2
        if lines and middle < lines[-1][0].place[0].stop:
            lines[-1].append(row)
        else:
            lines.append([row])
    return [row for line in lines for row in sorted(line, key=lambda row: row.place[1].start)]
