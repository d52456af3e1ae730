// Masks of pixels: their connected pieces, the extent of these, and the width of their strokes.
//
// A box is [[top, bottom], [left, right]]: the rows and the columns of a piece.

import { anyInColumns, anyInRows, count, gridOf, picked } from "./grid.js";
import { mean } from "./values.js";

/**
 * Number the connected pieces of a mask; pixels connect by a side or a corner, and 0 is outside.
 *
 * The pixels of a row that lie side by side are a run. Each run starts as a piece with its own number. Of two pieces
 * that touch, both take the higher number. The grid that is returned also has `highest`: no number is higher.
 */
export function pieces(mask) {
  const { height, width } = mask;
  const wide = width + 1; // one column more, which separates the rows
  const [starts, stops] = runsOf(mask);
  const number = Int32Array.from(starts, (_, run) => run);
  const pieceOf = (run) => {
    while (number[run] !== run) run = number[run] = number[number[run]];
    return run;
  };
  for (let run = 0, first = 0; run < starts.length; run++) {
    while (first < starts.length && stops[first] < starts[run] + wide) first++;
    for (let below = first; below < starts.length && starts[below] <= stops[run] + wide; below++) {
      const [a, b] = [pieceOf(run), pieceOf(below)];
      number[Math.min(a, b)] = Math.max(a, b);
    }
  }
  const values = new Int32Array(height * width);
  starts.forEach((start, run) => {
    const row = Math.floor(start / wide); // so many columns more are before the run
    values.fill(pieceOf(run) + 1, start - row, stops[run] - row);
  });
  return { ...gridOf(height, width, values), highest: starts.length };
}

/** Where each run of a mask starts, and where it ends, counted as if each row had one pixel more. */
function runsOf({ height, width, values }) {
  const [starts, stops] = [[], []];
  for (let row = 0, k = 0; row < height; row++) {
    const begin = row * (width + 1);
    let before = 0;
    for (let column = 0; column < width; column++, k++) {
      if (values[k] !== before) (before ? stops : starts).push(begin + column);
      before = values[k];
    }
    if (before) stops.push(begin + width);
  }
  return [starts, stops];
}

/** The amount of each piece, by its number: the number of its pixels, or the sum of these weights over them. */
export function amountsOf(numbers, weights = null) {
  const amounts = new Float64Array(numbers.highest + 1);
  for (let k = 0; k < numbers.values.length; k++) amounts[numbers.values[k]] += weights ? weights.values[k] : 1;
  return amounts;
}

/** The smallest box around what is not 0 in a grid. */
export function extent(grid) {
  return [anyInRows(grid), anyInColumns(grid)].map((any) => [any.indexOf(1), any.lastIndexOf(1) + 1]);
}

/** The box around each piece, as a Map by its number, the lowest first. */
export function extents({ height, width, values, highest }) {
  const found = new Array(highest + 1).fill(null);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k++) {
      if (!values[k]) continue;
      const box = (found[values[k]] ??= [[row, row + 1], [column, column + 1]]);
      box[0][1] = row + 1;
      if (column < box[1][0]) box[1][0] = column;
      if (column >= box[1][1]) box[1][1] = column + 1;
    }
  }
  return new Map([...found.entries()].filter(([, box]) => box));
}

/** The longer side of a box. */
export const longerSide = (box) => Math.max(...box.map(([start, stop]) => stop - start));

/**
 * The distance of each pixel of a mask from the outside of the mask, in pixels; 0 outside.
 *
 * It is measured from the pixel's middle to the outline. Everything beyond the picture is outside.
 */
export function depth(mask) {
  const { height, width } = mask;
  const inColumn = squaresInColumns(mask);
  const depths = gridOf(height, width);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k++) {
      let square = inColumn[k]; // then the nearest pixel outside of all columns
      for (let step = 1; step * step < square; step++) {
        const before = column < step ? 0 : inColumn[k - step];
        const behind = column + step < width ? inColumn[k + step] : 0;
        square = Math.min(square, Math.min(before, behind) + step * step);
      }
      depths.values[k] = square ? Math.fround(Math.sqrt(square)) - 0.5 : 0; // single precision, as in Python
    }
  }
  return depths;
}

/** The square of the distance of each pixel from the nearest pixel outside of the mask in its column. */
function squaresInColumns({ height, width, values }) {
  const squares = new Int32Array(values.length);
  for (let column = 0; column < width; column++) {
    let outside = -1;
    for (let row = 0; row < height; row++) {
      if (!values[row * width + column]) outside = row;
      squares[row * width + column] = (row - outside) ** 2;
    }
    outside = height;
    for (let row = height - 1; row >= 0; row--) {
      if (!values[row * width + column]) outside = row;
      squares[row * width + column] = Math.min(squares[row * width + column], (outside - row) ** 2);
    }
  }
  return squares;
}

/**
 * The width of the strokes of a mask, in pixels.
 *
 * In a long stroke all depths from 0 to half its width are equally frequent, so their mean is a quarter of the width.
 */
export const penWidth = (mask) => (count(mask) ? 4 * mean(picked(depth(mask), mask)) : 0);

/** The highest value in a square of window x window around each pixel. */
export const highest = (grid, window) => extreme(extreme(grid, window, 1), window, 1);

/** The lowest value in a square of window x window around each pixel. */
export const lowest = (grid, window) => extreme(extreme(grid, window, -1), window, -1);

/**
 * The highest value, or the lowest for the sign -1, in a row of `window` pixels around each pixel; then rows and
 * columns are exchanged.
 *
 * A window begins in one block of `window` pixels and ends in the next. So it consists of the end of the one and the
 * beginning of the other, and for these the highest value is known from all windows at once (van Herk 1992).
 */
function extreme({ height, width, values }, window, sign) {
  const size = width + window - 1;
  const [beginnings, endings] = [new Float64Array(size), new Float64Array(size)];
  const result = gridOf(width, height);
  for (let row = 0; row < height; row++) {
    endings.fill(-Infinity);
    for (let column = 0, k = window >> 1; column < width; column++) endings[k++] = sign * values[row * width + column];
    for (let start = 0; start < size; start += window) {
      const end = Math.min(start + window, size);
      let [before, behind] = [-Infinity, -Infinity];
      for (let k = start; k < end; k++) beginnings[k] = before = Math.max(endings[k], before);
      for (let k = end - 1; k >= start; k--) endings[k] = behind = Math.max(endings[k], behind);
    }
    for (let column = 0, last = window - 1; column < width; column++, last++) {
      result.values[column * height + row] = sign * Math.max(endings[column], beginnings[last]);
    }
  }
  return result;
}
