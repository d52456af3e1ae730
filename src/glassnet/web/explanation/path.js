// Where a number comes from, and where it goes: what a unit reads, and which unit of a later layer reads it.

import { flatOf, unravel } from "../layout.js";
import { sizeOf } from "../nn/layers.js";
import { slopesOf } from "./backward.js";
import { meetings, metAt } from "./convolution.js";
import { nonZero, same } from "./records.js";

const LISTED = 6; // of the weights that meet a number, the largest are listed
const POOLS = ["MaxPool2D", "AveragePool2D", "GlobalAveragePool"];

/** The pixels of the block that a pooling layer makes one of, rows first. */
export function block({ settings: { size: s } }, [i, j, c]) {
  return Array.from({ length: s * s }, (_, k) => [i * s + Math.floor(k / s), j * s + (k % s), c]);
}

const READS = {
  Dense: ({ layer }) => Array.from({ length: layer.inputShape[0] }, (_, i) => [i]),
  Conv2D: ({ layer, unit }) => meetings(layer, unit).map(([place]) => place),
  Softmax: ({ layer, unit }) => Array.from({ length: layer.inputShape.at(-1) }, (_, k) => [...unit.slice(0, -1), k]),
  MaxPool2D: ({ layer, unit }) => block(layer, unit),
  AveragePool2D: ({ layer, unit }) => block(layer, unit),
  GlobalAveragePool({ layer, unit }) {
    const [H, W] = layer.inputShape;
    return Array.from({ length: H * W }, (_, k) => [Math.floor(k / W), k % W, ...unit]);
  },
};

/** The places of the inputs that a unit is computed from, also of those that have no effect on it now. */
export function reads(p) {
  return (READS[p.layer.kind] ?? ownPlace)(p);
}

/** The input at the unit's own place, which the other layers read; but for one that mixes, all that have a slope. */
function ownPlace({ layer, x, y, k, slopes }) {
  const touched = nonZero(slopes);
  const isOwn = x.length === y.length && touched.every((place) => place === k);
  return (isOwn ? [k] : touched).map((each) => unravel(each, layer.inputShape));
}

/** Where a layer puts the number at this place, pooled with its neighbours or not; null if it mixes it with others. */
export function carried({ kind, settings, inputShape, outputShape }, place) {
  if (kind === "Dense" || kind === "Conv2D") return null;
  if (kind === "GlobalAveragePool") return place.slice(-1);
  if (kind === "MaxPool2D" || kind === "AveragePool2D") {
    const [row, column] = place.slice(0, 2).map((i) => Math.floor(i / settings.size));
    return row < outputShape[0] && column < outputShape[1] ? [row, column, place[2]] : null;
  }
  if (same(inputShape, outputShape)) return place;
  const rearranged = sizeOf(inputShape) === sizeOf(outputShape);
  return rearranged ? unravel(flatOf(place, inputShape), outputShape) : null;
}

/**
 * Up to which layer the number of a unit is carried on its own, or pooled, until a layer mixes it: {position, place}.
 * A position of -1 is the input.
 */
export function carriedTo({ network: { layers }, outputs }, position, unit) {
  let place = unit;
  let top = position;
  for (const layer of layers.slice(position + 1)) {
    const next = carried(layer, place);
    if (next === null || mixes(layer, outputs[top + 1], outputs[top + 2], next, place)) break;
    place = next;
    top += 1;
  }
  return { position: top, place };
}

/** Whether a unit depends on other inputs than this one, as of a Softmax; pooling does not count. */
function mixes(layer, x, y, unit, place) {
  if (POOLS.includes(layer.kind)) return false;
  const own = flatOf(place, layer.inputShape);
  return slopesOf(layer, x, y, unit).some((slope, k) => slope !== 0 && k !== own);
}

/** The largest weights of a layer that multiply the number `value` at this place of its input. */
export function outgoingWeights(layer, place, value) {
  const met = weightsMet(layer, place);
  const largest = met.sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight)).slice(0, LISTED);
  return largest.map((one) => ({ layer: layer.name, ...one, product: one.weight * value + 0 }));
}

/** The weights that multiply an input, each with the unit it belongs to and its index in W; none without weights. */
function weightsMet(layer, place) {
  const { kind, arrays: { W }, settings, inputShape: [, , C], outputShape } = layer;
  if (kind === "Dense") {
    const [[i], [M]] = [place, outputShape];
    return Array.from({ length: M }, (_, j) => ({ index: [j], weight: W[i * M + j], weight_index: [i, j] }));
  }
  if (kind !== "Conv2D") return [];
  const [K, F] = [settings.kernel_size, outputShape[2]];
  const met = metAt(layer, place).reverse(); // as the weights lie in W
  return met.flatMap(([output, weight]) =>
    Array.from({ length: F }, (_, f) => {
      const at = [...weight, f];
      return { index: [...output, f], weight: W[flatOf(at, [K, K, C, F])], weight_index: at };
    }),
  );
}
