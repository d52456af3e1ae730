"""Masks of pixels (H, W): their connected pieces, the extent of these, and the width of their strokes.

The shapes of the pieces show what a page holds: a digit, the edge of a table, the line of a ruled page.
"""

import numpy as np

from glassnet.nn.array import Array

Box = tuple[slice, slice]  # the rows and the columns of a piece


def pieces(mask: Array) -> Array:
    """Number the connected pieces of the mask (H, W); pixels connect by a side or a corner, and 0 is outside.

    The pixels of a row that lie side by side are a run. Each run starts as a piece with its own number. A piece that
    touches a piece with a higher number takes that one.
    """
    height, width = mask.shape[0], mask.shape[1] + 1  # one column more, which separates the rows
    ends = np.zeros(height * width + 1, np.int8)
    ends[1:].reshape(height, width)[:, :-1] = mask
    places = np.flatnonzero(np.diff(ends))
    start, stop = places[::2], places[1::2]  # of each run
    first, past = np.searchsorted(stop, start + width), np.searchsorted(start, stop + width, side="right")
    count = past - first  # of the runs in the next row that touch a run: they lie side by side
    above = np.repeat(np.arange(len(start)), count)
    below = np.arange(len(above)) - np.repeat(np.cumsum(count) - past, count)
    number = np.arange(len(start))
    while True:
        higher = np.maximum(number[above], number[below])
        touching = np.flatnonzero(number[above] != number[below])
        if not len(touching):
            numbered = np.zeros(mask.shape, int)
            numbered[mask] = np.repeat(number + 1, stop - start)
            return numbered
        for side in (above, below):
            np.maximum.at(number, number[side[touching]], higher[touching])
        while (number[number] != number).any():
            number = number[number]


def extent(mask: Array) -> tuple[slice, slice]:
    """The rows and the columns of the smallest box around the mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def extents(numbers: Array) -> dict[int, tuple[slice, slice]]:
    """The rows and the columns of the box around each piece of `numbers` (H, W), by its number; one pass finds all."""
    places = np.nonzero(numbers)
    names, which = np.unique(numbers[places], return_inverse=True)
    least, past = np.full((len(names), 2), numbers.size), np.zeros((len(names), 2), int)
    for axis, place in enumerate(places):
        np.minimum.at(least[:, axis], which, place)
        np.maximum.at(past[:, axis], which, place + 1)
    return {
        name: (slice(top, below), slice(left, right))
        for name, (top, left), (below, right) in zip(names.tolist(), least.tolist(), past.tolist(), strict=True)
    }


def longer_side(box: tuple[slice, slice]) -> int:
    return int(max(side.stop - side.start for side in box))


def depth(mask: Array) -> Array:
    """The distance of each pixel of the mask (H, W) from the outside of the mask, in pixels; 0 outside.

    It is measured from the pixel's middle to the outline. Everything beyond the picture is outside.
    """
    padded = np.pad(mask, 1)
    places = np.arange(len(padded), dtype=np.float32)[:, None]
    above = np.maximum.accumulate(np.where(padded, 0, places), axis=0)  # the nearest row outside, in each column
    below = np.minimum.accumulate(np.where(padded, places[-1], places)[::-1], axis=0)[::-1]
    in_column = np.ascontiguousarray(np.minimum(places - above, below - places).T) ** 2
    squares = in_column.copy()  # then the nearest pixel outside of all columns
    for step in range(1, len(squares)):
        if step**2 >= squares.max():
            break
        np.minimum(squares[step:], in_column[:-step] + step**2, out=squares[step:])
        np.minimum(squares[:-step], in_column[step:] + step**2, out=squares[:-step])
    squares = squares.T
    return np.sqrt(squares[1:-1, 1:-1]) - 0.5 * (squares[1:-1, 1:-1] > 0)


def pen_width(mask: Array) -> float:
    """The width of the strokes of a mask (H, W), in pixels.

    In a long stroke all depths from 0 to half its width are equally frequent, so their mean is a quarter of the width.
    """
    return 4 * float(depth(mask)[mask].mean()) if mask.any() else 0.0


def highest(grey: Array, window: int) -> Array:
    """The highest value in a square of window x window around each pixel (H, W)."""
    before = window // 2
    for _ in ("down", "across"):
        padded = np.full((len(grey) + window - 1, grey.shape[1]), -np.inf, grey.dtype)
        padded[before : before + len(grey)] = grey
        grey, covered = padded, 1
        while covered < window:  # the maximum over a window is the maximum over two shorter windows
            step = min(covered, window - covered)
            grey = np.maximum(grey[:-step], grey[step:])
            covered += step
        grey = grey.T
    return grey


def lowest(grey: Array, window: int) -> Array:
    """The lowest value in a square of window x window around each pixel (H, W)."""
    return -highest(-grey, window)
