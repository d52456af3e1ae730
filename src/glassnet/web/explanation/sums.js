// A weighted sum with its numbers, as one would write it by hand. Of a long sum, only the largest terms are written.

import { at, number, whole } from "../numbers.js";
import { worked } from "./records.js";

const WRITTEN = 3; // terms of a sum that are written out

/**
 * A sum of products a[i] b[j], with its largest terms written out.
 * @param {string} left the left side of the equation
 * @param {string[]} names of the two factors, such as x and W
 * @param {{places: number[][], factors: number[]}[]} products the index and the value of both factors of each
 * @param {number} [bias] what is added
 * @param {string} [biasName] its symbol; without, it is not written
 */
export function weightedSum(left, names, products, bias = 0, biasName = "") {
  const values = products.map(({ factors: [a, b] }) => a * b);
  const bySize = [...values.keys()].sort((one, other) => Math.abs(values[other]) - Math.abs(values[one]));
  const largest = bySize.slice(0, WRITTEN).filter((k) => values[k] !== 0);
  const shown = largest.length ? largest : bySize.slice(0, 1);
  const terms = shown.map((k) => termOf(names, products[k]));
  const others = values.filter((_, k) => !shown.includes(k));
  const more = others.filter((value) => value !== 0).length;
  const rest = sumOf(others);
  const symbols = terms.map(({ symbol }) => symbol);
  let numbers = terms.map(({ factors: [a, b] }) => `${bracketed(a)} * ${bracketed(b)}`).join(" + ");
  if (others.length) symbols.push("...");
  if (more) numbers += `${plus(rest)} (${whole(more)} smaller term${more > 1 ? "s" : ""})`;
  if (biasName) {
    symbols.push(biasName);
    numbers += plus(bias);
  }
  return worked(left, symbols.join(" + "), numbers, sumOf(values) + bias, { terms, more, rest, bias });
}

/** A product as a term: how it is written, its factors, and the index of each by its name. */
export function termOf(names, { places, factors }) {
  const symbol = names.map((name, k) => at(name, places[k])).join(" ");
  const parts = Object.fromEntries(names.map((name, k) => [name, places[k]]));
  return { symbol, factors, value: factors[0] * factors[1], parts };
}

/** A number as a further term of a sum: + 2, - 2. */
export function plus(value) {
  return number(value).startsWith("-") ? ` - ${number(-value)}` : ` + ${number(value)}`;
}

/** A number after an operator: in brackets if it is negative. */
export function bracketed(value) {
  return number(value).startsWith("-") ? `(${number(value)})` : number(value);
}

/** The sum of numbers. */
export const sumOf = (values) => values.reduce((total, value) => total + value, 0);
