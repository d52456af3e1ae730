"""Ruled and squared paper: removes the printed lines, and keeps the strokes that cross them.

A printed line runs straight across the whole picture and has less ink than a pen stroke. Both conditions are needed:
the stem of a closely cropped 1 also runs across the picture, and a pencil stroke may be as thin as a line.
"""

import math

import numpy as np

from glassnet.nn.array import Array
from glassnet.reading.pieces import pen_width

STEEPEST = 0.12  # pixels down per pixel across: about 7 degrees
ACROSS = 0.9  # a line is inked along at least this share of the width
BLACKER = 1.6  # times the line: pixels that are this much darker belong to a stroke along it
LESS_INK = 0.6  # a line has less than this share of a stroke's ink per length
BARE = 0.25  # at least this share of a line has no stroke along it
MOST_LINES = 60
NEAR_A_SIDE = 0.25  # of the picture: the lines of a box are nearer to its sides than this
SAMPLES = 30  # this number of columns is enough to find a line


def without_lines(darker: Array, least: float) -> Array:
    """Remove the lines from `darker` (H, W), how much darker pixels are than the paper; below `least` is not ink."""
    both_ways = [_lines(darker, least), _lines(darker.T, least)]
    if not any(both_ways):
        return darker
    rest = darker.copy()
    for lines, view in zip(both_ways, (rest, rest.T), strict=True):
        for band in lines:
            view[band] = 0
    inked = rest > least
    if inked.sum() < 4:
        # many lines: an empty ruled page; one or two: a closely cropped bar or stem
        return rest if max(map(len, both_ways)) > 2 else darker
    strength = float(np.quantile(rest[inked], 0.75))
    stroke = pen_width(rest > strength / 2) * strength
    result = darker
    for lines, turned in zip(both_ways, (False, True), strict=True):
        result = result.T if turned else result
        for band in lines:
            if _ink_per_length(darker.T if turned else darker, band) < LESS_INK * stroke:
                result = _without(result, band)
        result = result.T if turned else result
    return result


def without_box(darker: Array, least: float) -> Array:
    """Remove the lines of a box, or of the cell of a table, around the digit: lines along at least two sides.

    They may be as dark as they like, and a stroke may touch them.
    """
    found = []
    for turned, view in ((False, darker), (True, darker.T)):
        for band in _lines(view, least):
            middle, last = float(band[0].mean()), len(view) - 1
            if min(middle, last - middle) < NEAR_A_SIDE * last:
                found.append((turned, 2 * middle < last, band))
    if len({(turned, first) for turned, first, _ in found}) < 2:
        return darker
    result = darker
    for turned, _, band in found:
        result = _without_thick(result.T, band).T if turned else _without_thick(result, band)
    return result if (result > least).sum() >= 4 else darker


def without_cells(darker: Array, least: float) -> Array:
    """Remove the lines of a row or table of cells (H, W): at least two lines across and two down.

    Where there are none, the array itself is returned.
    """
    both_ways = [_lines(darker, least), _lines(darker.T, least)]
    if min(map(len, both_ways)) < 2:
        return darker
    result, on_lines = darker, np.zeros((2, *darker.shape), bool)
    for bands, turned, on in zip(both_ways, (False, True), (on_lines[0], on_lines[1].T), strict=True):
        for band in bands:
            result = _without_thick(result.T, band).T if turned else _without_thick(result, band)
            on[_thickened(band, len(on), len(band[0]))] = True
    return np.where(on_lines.all(axis=0), 0, result)  # where they cross, each is kept as a stroke across the other


def _without_thick(darker: Array, band: tuple[Array, Array]) -> Array:
    """The same without one line that may be thick, and so has rough edges."""
    return _without(darker, _thickened(band, len(darker), len(band[0]) // 4))


def _thickened(band: tuple[Array, Array], height: int, fringe: int) -> tuple[Array, Array]:
    """The rows and columns of a line, with a fringe of so many rows above and below."""
    rows, columns = band
    around = np.arange(-fringe, len(rows) + fringe)[:, None] + rows[:1]
    return np.clip(around, 0, height - 1), columns


def _lines(darker: Array, least: float) -> list[tuple[Array, Array]]:
    """The lines that run across (H, W): the rows (thick, W) and the columns (1, W) of the pixels of each."""
    height, width = darker.shape
    if height < 16 or width < 16:
        return []
    inked = darker > least / 2
    if inked.any(axis=0).mean() < ACROSS:
        return []
    inked[1:-1] |= inked[2:] | inked[:-2]
    columns = np.arange(width)
    sampled = columns[:: max(1, width // SAMPLES)]
    bands: list[tuple[Array, Array]] = []
    slopes = sorted(np.arange(-STEEPEST, STEEPEST, 1.5 / width), key=abs)
    while len(bands) < MOST_LINES:
        best, best_slope = 0.0, 0.0
        for slope in slopes:
            covered = _along(inked, slope, sampled)
            score = float((np.maximum(covered - 0.5, 0) ** 2)[covered >= ACROSS].sum())
            if score > best * 1.02:
                best, best_slope = score, slope
        if not best:
            break
        covered = _along(inked, best_slope, columns)
        shift = np.rint(best_slope * (columns - width / 2)).astype(int)
        if not (covered >= ACROSS).any():
            break
        starts = np.flatnonzero(np.diff(np.concatenate([[False], covered >= ACROSS, [False]]).astype(int)))
        for first, past in starts.reshape(-1, 2):
            rows = np.clip(np.arange(first, past)[:, None] + shift, 0, height - 1)
            band = (rows, columns[None])
            bands.append(band)
            inked[band] = False
    return bands


def _along(inked: Array, slope: float, columns: Array) -> Array:
    """The inked share of these columns along each line (H,) of this slope; index: the row at the line's middle."""
    height, width = inked.shape
    shift = np.rint(slope * (columns - width / 2)).astype(int)
    room = int(np.abs(shift).max())
    padded = np.pad(inked, [(room, room), (0, 0)], mode="edge")
    covered = np.zeros(height)
    for column, down in zip(columns.tolist(), shift.tolist(), strict=True):
        covered += padded[room + down : room + down + height, column]
    return covered / len(columns)


def _ink_per_length(darker: Array, band: tuple[Array, Array]) -> float:
    return float(np.quantile(np.maximum(darker[band], 0).sum(axis=0), BARE))


def _without(darker: Array, band: tuple[Array, Array]) -> Array:
    """The same without one line. Pixels much darker than the line stay, and those with ink both above and below."""
    rows, columns = band
    height = len(darker)
    line = float(np.quantile(darker[band].max(axis=0), BARE))
    above, below = (darker[np.clip(edge, 0, height - 1), columns[0]] for edge in (rows[0] - 1, rows[-1] + 1))
    reach = max(1, math.ceil(len(rows) / 2))  # a slanting stroke leaves the line some columns further along
    above, below = (_widened(edge, reach) for edge in (above, below))
    bridge = np.minimum(above, below)
    bridge = np.where(bridge > BLACKER / 2 * line, bridge, 0)
    result = darker.copy()
    result[band] = np.where(darker[band] > BLACKER * line, darker[band], np.minimum(bridge, darker[band]))
    return result


def _widened(values: Array, reach: int) -> Array:
    """The highest of each value (W,) and its neighbours up to `reach` away."""
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(np.max([padded[step : step + len(values)] for step in range(2 * reach + 1)], axis=0))
