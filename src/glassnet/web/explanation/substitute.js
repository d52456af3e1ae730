// Writes numbers into the equation of a layer. The equation is that of the docstring of its class in Python.

import { unravel } from "../layout.js";
import { at, number } from "../numbers.js";
import { worked } from "./records.js";
import { bracketed } from "./sums.js";

const TOKEN = /[A-Za-z_]\w*'?|\d[\d.]*(?:e[+-]?\d+)?|\S/g;
const WORDS = new Set("where else each is with of over and in at as if for the to sum".split(" "));
const BEFORE_BARE = ["", "(", ",", "where"]; // after these a negative number needs no brackets

/** The right side of an equation with numbers; factors side by side get a multiplication sign. */
function substitute(right, values) {
  let written = "";
  let previous = "";
  for (const { 0: token, index } of right.matchAll(TOKEN)) {
    const apart = right[index - 1] === " ";
    if (apart && endsFactor(previous) && beginsFactor(token)) written += " *";
    if (apart) written += " ";
    if (Object.hasOwn(values, token)) {
      const bare = BEFORE_BARE.includes(previous) && right[index + token.length] !== "^";
      written += bare ? number(values[token]) : bracketed(values[token]);
    } else written += token;
    previous = token;
  }
  return written.trim();
}

const isWord = (token) => /^\w/.test(token) && !WORDS.has(token);
const endsFactor = (token) => token === ")" || token === "]" || isWord(token);
const beginsFactor = (token) => token === "(" || token === "[" || isWord(token);

/**
 * The equation of an elementwise layer with the numbers of one place; null if it has no equation.
 *
 * There may be other equations, such as `s = 1 / (1 + exp(-x))`: they become the note.
 * @param {object} layer
 * @param {string[]} lines its equations
 * @param {"y"|"dx"} name the left side
 * @param {number} k the place, counted rows first
 * @param {object} known the arrays of the names in the equation: x, y, dy
 * @param {number} value of the left side
 */
export function byPlace(layer, lines, name, k, known, value) {
  const values = valuesAt(layer, k, known);
  const sides = lines.filter((line) => /^[\w']+ = /.test(line)).map(sidesOf);
  const right = sides.find(([left]) => left === name)?.[1];
  if (right === undefined) return null;
  const helpers = sides.filter(([left]) => !Object.hasOwn(values, left) && left !== "y" && left !== "dx");
  const note = helpers.map(([left, its]) => `${left} = ${substitute(its, values)}`).join(", ");
  const index = unravel(k, layer.inputShape);
  const symbols = right.replace(/\b(x|y|dy)\b/g, (found) => at(found, index));
  return worked(at(name, index), symbols, substitute(right, values), value, { note });
}

/** Both sides of an equation. */
function sidesOf(line) {
  const sign = line.indexOf(" = ");
  return [line.slice(0, sign), line.slice(sign + 3)];
}

/** The values of the names in the equation of a layer at one place: x, y, dy, its settings, its arrays. */
function valuesAt({ kind, settings, arrays }, k, known) {
  const values = Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value === "number"));
  for (const [name, array] of Object.entries(known)) values[name] = array[k];
  if (kind === "Standardize") Object.assign(values, { mean: arrays.mean[k], std: 1 / arrays.factor[k] });
  return values;
}
