// Grids: {height, width, values}, the values row by row in a typed array; a mask holds 0 and 1 in a Uint8Array.
//
// A row or column range is [first, past], as a slice in Python.

import { sum } from "./values.js";

/** A grid of these values; by default of zeros, as Float64Array. */
export function gridOf(height, width, values = new Float64Array(height * width)) {
  return { height, width, values };
}

/** The mask of the values that pass a test, given the value and its index. Only for whole numbers: else it is slow. */
export function maskOf({ height, width, values }, test) {
  const mask = new Uint8Array(values.length);
  for (let k = 0; k < values.length; k++) mask[k] = test(values[k], k) ? 1 : 0;
  return gridOf(height, width, mask);
}

/** The mask of the values above a limit. */
export function above({ height, width, values }, limit) {
  const mask = new Uint8Array(values.length);
  for (let k = 0; k < values.length; k++) mask[k] = values[k] > limit ? 1 : 0;
  return gridOf(height, width, mask);
}

/** The grid with the limit in place of all that is below it. */
export function atLeast({ height, width, values }, limit) {
  const result = gridOf(height, width);
  for (let k = 0; k < values.length; k++) result.values[k] = Math.max(values[k], limit);
  return result;
}

/** The grid with the limit in place of all that is above it. */
export function atMost({ height, width, values }, limit) {
  const result = gridOf(height, width);
  for (let k = 0; k < values.length; k++) result.values[k] = Math.min(values[k], limit);
  return result;
}

/** The grid with one value in place of all that is in a mask. */
export function covered({ height, width, values }, mask, value) {
  const result = new values.constructor(values);
  for (let k = 0; k < values.length; k++) if (mask.values[k]) result[k] = value;
  return gridOf(height, width, result);
}

/** The quotients of the values of two grids. */
export function quotients({ height, width, values }, { values: others }) {
  const result = gridOf(height, width);
  for (let k = 0; k < values.length; k++) result.values[k] = values[k] / others[k];
  return result;
}

/** The products of the values of two grids. */
export function products({ height, width, values }, { values: others }) {
  const result = gridOf(height, width);
  for (let k = 0; k < values.length; k++) result.values[k] = values[k] * others[k];
  return result;
}

/** The lower of the values of two grids. */
export function lower({ height, width, values }, { values: others }) {
  const result = gridOf(height, width);
  for (let k = 0; k < values.length; k++) result.values[k] = Math.min(values[k], others[k]);
  return result;
}

/** The mask of all pixels that are not in this one. */
export const not = (mask) => maskOf(mask, (inked) => !inked);

/** The negative of grey values from 0 to 255, in an array of the same kind. */
export function inverted({ height, width, values }) {
  const result = new values.constructor(values.length);
  for (let k = 0; k < values.length; k++) result[k] = 255 - values[k];
  return gridOf(height, width, result);
}

/** The grid with rows and columns exchanged. */
export function transposed({ height, width, values }) {
  const result = new values.constructor(values.length);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++) result[column * height + row] = values[k++];
  }
  return gridOf(width, height, result);
}

/** These rows and columns of a grid, as far as it has them. */
export function cropped({ height, width, values }, [top, bottom], [left, right]) {
  const [first, past] = [Math.max(top, 0), Math.min(bottom, height)];
  const [start, stop] = [Math.max(left, 0), Math.min(right, width)];
  const [rows, columns] = [Math.max(past - first, 0), Math.max(stop - start, 0)];
  const result = new values.constructor(rows * columns);
  for (let row = 0; row < rows && columns; row++) {
    const from = (first + row) * width + start;
    result.set(values.subarray(from, from + columns), row * columns);
  }
  return gridOf(rows, columns, result);
}

/** The grid with this number of rows and columns more on all sides, which hold this value. */
export function padded({ height, width, values }, room, value) {
  const [tall, wide] = [height + 2 * room, width + 2 * room];
  const result = new values.constructor(tall * wide).fill(value);
  for (let row = 0; row < height; row++) {
    result.set(values.subarray(row * width, (row + 1) * width), (row + room) * wide + room);
  }
  return gridOf(tall, wide, result);
}

/** The values where a mask is 1, in one array. */
export function picked({ values }, mask) {
  const result = new values.constructor(count(mask));
  for (let k = 0, next = 0; k < values.length; k++) if (mask.values[k]) result[next++] = values[k];
  return result;
}

/** The number of pixels of a mask. */
export const count = ({ values }) => sum(values);

/** The share of the pixels that are in a mask. */
export const share = (mask) => count(mask) / mask.values.length;

/** For each column of a grid, 1 if any value in it is not 0. */
export function anyInColumns({ height, width, values }) {
  const any = new Uint8Array(width);
  for (let k = 0, row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) if (values[k++]) any[column] = 1;
  }
  return any;
}

/** For each row of a grid, 1 if any value in it is not 0. */
export function anyInRows({ height, width, values }) {
  const any = new Uint8Array(height);
  for (let k = 0, row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) if (values[k++]) any[row] = 1;
  }
  return any;
}
