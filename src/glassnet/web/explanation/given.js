// Checks what is given: the name of a layer, an index, a learning rate, a label.

import { flatOf, unravel } from "../layout.js";
import { sizeOf } from "../nn/layers.js";
import { Problem } from "../reading/problem.js";

/** The position of the layer of this name. */
export function positionOf({ layers }, name) {
  const position = layers.findIndex((layer) => layer.name === name);
  if (position < 0) {
    throw new Problem(`there is no layer ${name}: expected one of ${layers.map((layer) => layer.name).join(", ")}`);
  }
  return position;
}

/** The index, if it is one of an array of this shape; `what` names the array in the error. */
export function indexWithin(shape, index, what) {
  const long = Array.isArray(index) && index.length === shape.length;
  if (!long || !index.every((i, axis) => isWithin(i, shape[axis]))) {
    const last = shape.map((side) => side - 1);
    throw new Problem(`${what}: expected an index from [${shape.map(() => 0)}] to [${last}], got [${index}]`);
  }
  return [...index];
}

/** The shape of an example as the page shows it: that of an image where it is one. */
export const exampleShape = ({ imageShape, inputShape }) => imageShape ?? inputShape;

/** The index of a pixel in the input of a network, from that index, or from its row and column in the image. */
export function pixelIndex(network, index) {
  const { inputShape } = network;
  if (!Array.isArray(index) || index.length === inputShape.length) return indexWithin(inputShape, index, "input");
  const shape = exampleShape(network);
  return unravel(flatOf(indexWithin(shape, index, "input"), shape), inputShape);
}

/** The learning rate, if it is a number above 0. */
export function positive(lr) {
  if (!(Number.isFinite(lr) && lr > 0)) throw new Problem(`lr must be a number above 0, got ${lr}`);
  return lr;
}

/** The label, if it is the number of an output; the target of a single output is any number. */
export function labelWithin({ outputShape: [outputs] }, label) {
  const fits = outputs === 1 ? Number.isFinite(label) : isWithin(label, outputs);
  if (!fits) throw new Problem(`expected a label from 0 to ${Math.max(outputs, 2) - 1}, got ${label}`);
  return label;
}

/** One example as doubles, in which all is computed. */
export function exampleWithin({ inputShape }, x) {
  const size = sizeOf(inputShape);
  if (x.length !== size) throw new Problem(`expected an example of ${size} numbers, got ${x.length}`);
  return Float64Array.from(x);
}

const isWithin = (i, side) => Number.isInteger(i) && i >= 0 && i < side;
