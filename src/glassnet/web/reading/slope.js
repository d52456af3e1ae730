// The slope of the light on a page, by the method of least squares.

import { gridOf } from "./grid.js";

const POWERS = [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]; // of row and column, in each term of the polynomial
const LEAST_PIVOT = 1e-12; // of the largest: less is an error of rounding

/**
 * The polynomial of degree 2 in row and column that is closest to the values of a grid: the least squares.
 *
 * A sum of y^a x^b over all pixels is a sum over rows times a sum over columns, so no term is computed pixel by pixel.
 */
export function quadratic({ height, width, values }) {
  const [y, x] = [powersOf(height), powersOf(width)];
  const [sumsOfY, sumsOfX] = [y, x].map((powers) => powers.map((line) => line.reduce((a, b) => a + b, 0)));
  const products = POWERS.map(([a, b]) => POWERS.map(([c, d]) => sumsOfY[a + c] * sumsOfX[b + d]));
  const inRows = [0, 1, 2].map((power) => weighted(values, height, width, x[power]));
  const targets = POWERS.map(([a, b]) => y[a].reduce((total, factor, row) => total + factor * inRows[b][row], 0));
  const factors = solved(products, targets);
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
