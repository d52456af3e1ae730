// Ruled and squared paper: removes the printed lines, and keeps the strokes that cross them.
//
// A printed line runs straight across the whole picture and has less ink than a pen stroke. Both conditions are needed:
// the stem of a closely cropped 1 also runs across the picture, and a pencil stroke may be as thin as a line.
//
// A line is a list of its rows: each an Int32Array with the row of the picture in each column.

import { above, anyInColumns, count, gridOf, picked, transposed } from "./grid.js";
import { penWidth } from "./pieces.js";
import { between, mean, quantile, rounded, sum } from "./values.js";

const STEEPEST = 0.12; // pixels down per pixel across: about 7 degrees
const ACROSS = 0.9; // a line is inked along at least this share of the width
const BLACKER = 1.6; // times the line: pixels that are this much darker belong to a stroke along it
const LESS_INK = 0.6; // a line has less than this share of a stroke's ink per length
const BARE = 0.25; // at least this share of a line has no stroke along it
const MOST_LINES = 60;
const NEAR_A_SIDE = 0.25; // of the picture: the lines of a box are nearer to its sides than this
const SAMPLES = 30; // this number of columns is enough to find a line
const LEAST_INK = 4; // pixels

/** Remove the lines from `darker`, how much darker pixels are than the paper; below `least` is not ink. */
export function withoutLines(darker, least) {
  const turned = transposed(darker);
  const [across, down] = [linesOf(darker, least), linesOf(turned, least)];
  if (!across.length && !down.length) return darker;
  const rest = transposed(erased(transposed(erased(darker, across)), down));
  const inked = above(rest, least);
  // many lines: an empty ruled page; one or two: a closely cropped bar or stem
  if (count(inked) < LEAST_INK) return Math.max(across.length, down.length) > 2 ? rest : darker;
  const strength = quantile(picked(rest, inked), 0.75);
  const stroke = penWidth(above(rest, strength / 2)) * strength;
  const isThin = (grid, line) => inkPerLength(grid, line) < LESS_INK * stroke;
  const withoutAcross = across.filter((line) => isThin(darker, line)).reduce(without, darker);
  return transposed(down.filter((line) => isThin(turned, line)).reduce(without, transposed(withoutAcross)));
}

/**
 * Remove the lines of a box, or of the cell of a table, around the digit: lines along at least two sides.
 *
 * They may be as dark as they like, and a stroke may touch them.
 */
export function withoutBox(darker, least) {
  const turned = transposed(darker);
  const [across, down] = [linesAtSides(darker, least), linesAtSides(turned, least)];
  if (across.sides.size + down.sides.size < 2) return darker;
  const withoutAcross = across.lines.reduce(withoutThick, darker);
  const result = transposed(down.lines.reduce(withoutThick, transposed(withoutAcross)));
  return count(above(result, least)) >= LEAST_INK ? result : darker;
}

/** The lines that run across near the first or the last row, and near which of these sides some do. */
function linesAtSides(darker, least) {
  const last = darker.height - 1;
  const middleOf = (line) => line.map(sum).reduce((a, b) => a + b) / (line.length * darker.width);
  const lines = linesOf(darker, least).filter((line) => {
    const middle = middleOf(line);
    return Math.min(middle, last - middle) < NEAR_A_SIDE * last;
  });
  return { lines, sides: new Set(lines.map((line) => 2 * middleOf(line) < last)) };
}

/** The same without one line that may be thick, and so has rough edges: as many rows are added above and below. */
function withoutThick(darker, line) {
  const fringe = Math.floor(line.length / 4);
  const around = Array.from({ length: line.length + 2 * fringe }, (_, k) => moved(line[0], k - fringe, darker.height));
  return without(darker, around);
}

/** A row of a line, moved down, but not out of the picture. */
const moved = (row, down, height) => row.map((place) => between(place + down, 0, height - 1));

/** The lines that run across. */
function linesOf(darker, least) {
  const { height, width } = darker;
  if (height < 16 || width < 16) return [];
  const inked = above(darker, least / 2);
  if (mean(anyInColumns(inked)) < ACROSS) return [];
  const columns = Int32Array.from({ length: width }, (_, column) => column);
  const sampled = columns.filter((column) => column % Math.max(1, Math.floor(width / SAMPLES)) === 0);
  const rest = transposed(thickened(inked)); // as columns, because these are read one by one
  const lines = [];
  while (lines.length < MOST_LINES) {
    const slope = bestSlope(rest, sampled);
    if (slope === null) break;
    const found = bandsOf(along(rest, slope, columns));
    if (!found.length) break;
    const shift = shiftsOf(slope, columns, width);
    for (const [first, past] of found) {
      const row = (place) => shift.map((down) => between(place + down, 0, height - 1));
      const line = Array.from({ length: past - first }, (_, k) => row(first + k));
      lines.push(line);
      for (const places of line) places.forEach((place, column) => (rest.values[column * height + place] = 0));
    }
  }
  return lines;
}

/** A mask with the pixels above and below each of its pixels, but for those in the first and the last row. */
function thickened({ height, width, values }) {
  const result = values.slice();
  for (let k = width; k < (height - 1) * width; k++) result[k] |= values[k - width] | values[k + width];
  return gridOf(height, width, result);
}

/** The slope along which most is inked, by samples of the columns; null if no line is. */
function bestSlope(inked, sampled) {
  let [best, slope] = [0, null];
  for (const tried of slopesFor(inked.height)) {
    const covered = along(inked, tried, sampled).filter((part) => part >= ACROSS);
    const score = sum(covered.map((part) => (part - 0.5) ** 2));
    if (score > best * 1.02) [best, slope] = [score, tried];
  }
  return slope;
}

/** The slopes of lines across this number of columns: from the level ones to the steepest. */
function slopesFor(width) {
  const step = -STEEPEST + 1.5 / width - -STEEPEST;
  const number = Math.ceil((2 * STEEPEST) / (1.5 / width));
  return Array.from({ length: number }, (_, k) => -STEEPEST + k * step).sort((a, b) => Math.abs(a) - Math.abs(b));
}

/** The inked share of some columns along each line of this slope, by its row in the middle; `inked` is transposed. */
function along(inked, slope, columns) {
  const [height, values] = [inked.width, inked.values];
  const shift = shiftsOf(slope, columns, inked.height);
  const covered = new Float64Array(height);
  columns.forEach((column, k) => {
    for (let row = 0; row < height; row++) {
      const place = row + shift[k];
      covered[row] += values[column * height + (place < 0 ? 0 : place < height ? place : height - 1)];
    }
  });
  return covered.map((number) => number / columns.length);
}

/** The rows by which a line of this slope lies lower in each column than in the middle. */
const shiftsOf = (slope, columns, width) => columns.map((column) => rounded(slope * (column - width / 2)));

/** The ranges of neighbouring rows that are covered. */
function bandsOf(covered) {
  const bands = [];
  covered.forEach((part, row) => {
    if (part < ACROSS) return;
    if (bands.length && bands.at(-1)[1] === row) bands.at(-1)[1] += 1;
    else bands.push([row, row + 1]);
  });
  return bands;
}

/** The same without all that lies on the lines. */
function erased({ height, width, values }, lines) {
  const rest = values.slice();
  for (const row of lines.flat()) row.forEach((place, column) => (rest[place * width + column] = 0));
  return gridOf(height, width, rest);
}

function inkPerLength({ width, values }, line) {
  const amounts = new Float64Array(width);
  for (const row of line) {
    row.forEach((place, column) => (amounts[column] += Math.max(values[place * width + column], 0)));
  }
  return quantile(amounts, BARE);
}

/** The same without one line. Pixels much darker than the line stay, and those with ink both above and below. */
function without(darker, line) {
  const { height, width, values } = darker;
  const darkest = new Float64Array(width).fill(-Infinity);
  for (const row of line) {
    row.forEach((place, column) => (darkest[column] = Math.max(darkest[column], values[place * width + column])));
  }
  const level = quantile(darkest, BARE);
  const reach = Math.max(1, Math.ceil(line.length / 2)); // a slanting stroke leaves the line some columns further along
  const [above, below] = [moved(line[0], -1, height), moved(line.at(-1), 1, height)].map((edge) =>
    widened(Float64Array.from(edge, (place, column) => values[place * width + column]), reach),
  );
  const result = values.slice();
  for (const row of line) {
    row.forEach((place, column) => {
      const k = place * width + column;
      const bridge = Math.min(above[column], below[column]);
      if (values[k] <= BLACKER * level) result[k] = Math.min(bridge > (BLACKER / 2) * level ? bridge : 0, values[k]);
    });
  }
  return gridOf(height, width, result);
}

/** The highest of each value and its neighbours up to `reach` away. */
function widened(values, reach) {
  return values.map((value, k) => {
    let highest = value;
    for (let near = Math.max(k - reach, 0); near <= Math.min(k + reach, values.length - 1); near++) {
      highest = Math.max(highest, values[near]);
    }
    return highest;
  });
}
