// An equation with its numbers as an answer holds it: with the place of each number, so that it can be opened.

import { parametersOf } from "../nn/network.js";

/**
 * A worked equation of a layer.
 *
 * If it has no terms that say where their factors come from, `places` are the inputs that it reads, and `above` the
 * outputs whose dy it reads.
 */
export function equation({ terms, ...line }, layer = null, { places = [], above = [] } = {}) {
  const lists = terms.length ? { places: [], above: [] } : { places, above };
  return { ...line, terms: terms.map((term) => placed(layer, term)), ...lists };
}

/** A product with the place of its factors: in x, in y (`above`, of a factor dy), or in a parameter. */
function placed(layer, { symbol, factors, value, parts }) {
  const learned = layer ? parametersOf(layer).find((name) => name in parts) : undefined;
  const weight = learned ? { parameter: learned, index: parts[learned] } : null;
  return { symbol, factors, value, place: parts.x ?? null, above: parts.dy ?? null, weight };
}
