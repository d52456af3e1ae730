// The records of an explanation, as plain data: an equation for one number, and an array.

import { sizeOf } from "../nn/layers.js";

/**
 * One equation for one number: left = symbols = numbers = value.
 * @param {string} left
 * @param {string} symbols
 * @param {string} numbers
 * @param {number} value
 * @param {object} [others] terms: the largest of a sum; more, rest: how many others are not 0, and their sum; bias:
 *   what is added to the sum; note: an additional equation
 */
export function worked(left, symbols, numbers, value, others = {}) {
  return { left, symbols, numbers, value, terms: [], more: 0, rest: 0, bias: 0, note: "", ...others };
}

/** An array as answers hold it; null where there are no values. */
export function arrayOf(shape, values) {
  return values ? { shape: [...shape], values: Float32Array.from(values) } : null;
}

/** Several arrays of one shape as one array. */
export function stacked(shape, arrays) {
  const size = sizeOf(shape);
  const values = new Float32Array(arrays.length * size);
  arrays.forEach((each, k) => values.set(each, k * size));
  return { shape: [arrays.length, ...shape], values };
}

/** Whether two shapes, two places, or the values of two arrays are the same. */
export function same(one, other) {
  return one.length === other.length && one.every((value, k) => value === other[k]);
}

/** The places of the values that are not 0, counted rows first. */
export const nonZero = (values) => [...values.keys()].filter((k) => values[k] !== 0);
