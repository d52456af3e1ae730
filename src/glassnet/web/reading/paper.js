// The grey of the paper behind the ink: the middle part of `reading/ink.py` of the library.

import { atLeast, cropped, gridOf, lower, products, quotients, transposed } from "./grid.js";
import { highest, lowest } from "./pieces.js";
import { least, most, quantile } from "./values.js";

const ALONG_THE_BORDER = 0.45; // of the grey inside: darker pixels at the border are a stroke, not a shadow
const DARKEST_PAPER = 0.25; // of the lightest grey: shares of darker paper would be mostly noise
const POWERS = [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]; // of row and column, in each term of the polynomial
const LEAST_PIVOT = 1e-12; // of the largest: less is an error of rounding

/**
 * The grey of the paper without ink, which is darker than the paper and narrower than the window.
 *
 * The highest value around each pixel, and then the lowest value of these around each pixel, covers the ink and keeps
 * steps of the light. On slopes of the light it is too high near the border. So it is also computed with the slopes
 * removed, and the lower of both results counts.
 */
export function paperOf(grey, window) {
  const darkest = Math.max(1, DARKEST_PAPER * quantile(grey.values, 0.99));
  const paper = atLeast(closed(grey, window), darkest);
  if (least(paper.values) === most(paper.values)) return paper; // a drawing on a screen: there is no slope
  let sloping = paper;
  for (let time = 0; time < 3; time++) {
    const slope = atLeast(quadratic(sloping), darkest);
    sloping = atLeast(products(closed(quotients(grey, slope), window), slope), darkest);
  }
  return lower(paper, sloping);
}

/**
 * The highest value around each pixel, and then the lowest of these, as if the page continued beyond the picture.
 *
 * There it is as light as at the border; where a dark stroke lies along the border, as light as inside of the stroke.
 */
function closed(grey, window) {
  const around = window >> 1;
  const larger = continued(continued(grey, window), window);
  const values = lowest(highest(larger, window), window);
  return cropped(values, [around, around + grey.height], [around, around + grey.width]);
}

/** The page continued above and below by half a window; rows and columns are exchanged. */
function continued({ height, width, values }, window) {
  const around = window >> 1;
  const inside = Math.min(window, height - 1);
  const larger = gridOf(height + 2 * around, width);
  larger.values.set(values, around * width);
  for (let column = 0; column < width; column++) {
    const at = (row) => values[row * width + column];
    const lightened = (border, inner) => (border < ALONG_THE_BORDER * inner ? inner : border);
    const [first, last] = [lightened(at(0), at(inside)), lightened(at(height - 1), at(height - 1 - inside))];
    for (let row = 0; row < around; row++) {
      larger.values[row * width + column] = first;
      larger.values[(around + height + row) * width + column] = last;
    }
  }
  return transposed(larger);
}

/**
 * The polynomial of degree 2 in row and column that is closest to the values of a grid: the least squares.
 *
 * A sum of y^a x^b over all pixels is a sum over rows times a sum over columns, so no term is computed pixel by pixel.
 */
function quadratic({ height, width, values }) {
  const [y, x] = [powersOf(height), powersOf(width)];
  const [sumsOfY, sumsOfX] = [y, x].map((powers) => powers.map((line) => line.reduce((a, b) => a + b, 0)));
  const sums = POWERS.map(([a, b]) => POWERS.map(([c, d]) => sumsOfY[a + c] * sumsOfX[b + d]));
  const inRows = [0, 1, 2].map((power) => weighted(values, height, width, x[power]));
  const targets = POWERS.map(([a, b]) => y[a].reduce((total, factor, row) => total + factor * inRows[b][row], 0));
  const factors = solved(sums, targets);
  const result = gridOf(height, width);
  for (let row = 0, k = 0; row < height; row++) {
    const inRow = [0, 0, 0]; // the factor of each power of x
    POWERS.forEach(([a, b], term) => (inRow[b] += factors[term] * y[a][row]));
    for (let column = 0; column < width; column++, k++) {
      result.values[k] = inRow[0] + inRow[1] * x[1][column] + inRow[2] * x[2][column];
    }
  }
  return result;
}

/** The powers from 0 to 4 of each place of a side, where the side goes from -1 to 1. */
function powersOf(side) {
  const places = Float64Array.from({ length: side }, (_, k) => (side > 1 ? (2 * k) / (side - 1) - 1 : -1));
  return [0, 1, 2, 3, 4].map((power) => places.map((place) => place ** power));
}

/** The sum over each row of the values times these factors. */
function weighted(values, height, width, factors) {
  const sums = new Float64Array(height);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++) sums[row] += values[k++] * factors[column];
  }
  return sums;
}

/**
 * A solution of linear equations, by Gauss-Jordan elimination with the largest pivots of a symmetric matrix.
 *
 * In a picture of one or two rows the terms depend on each other. Then those that say nothing new become 0.
 */
function solved(matrix, right) {
  const rows = matrix.map((row, k) => [...row, right[k]]);
  const left = new Set(rows.keys());
  const smallest = LEAST_PIVOT * Math.max(...rows.map((row, k) => row[k]));
  const pivots = [];
  while (left.size) {
    const pivot = [...left].reduce((a, b) => (rows[b][b] > rows[a][a] ? b : a));
    if (rows[pivot][pivot] <= smallest) break;
    left.delete(pivot);
    pivots.push(pivot);
    const line = rows[pivot].map((value) => value / rows[pivot][pivot]);
    rows.forEach((row, k) => (rows[k] = k === pivot ? line : row.map((value, j) => value - row[pivot] * line[j])));
  }
  return rows.map((row, k) => (pivots.includes(k) ? row.at(-1) : 0));
}
