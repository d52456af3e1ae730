// A network as its settings say, with its first weights.

import { fill } from "../nn/init.js";
import { number } from "../numbers.js";
import { parametersOf, shapeOf } from "../nn/network.js";
import { WEIGHTS, randomOf } from "../nn/random.js";
import { sizeOf } from "../nn/layers.js";

const ZERO = { type: "Constant", value: 0 };

/**
 * A network {layers, loss, theta, ...} for images of this shape.
 * @param {object[]} layers each {kind, settings, rule}; a dense layer has `init` and `bias_init` among its settings
 * @param {object} loss {kind, settings, ...}
 * @param {object} data {shape, classes}
 * @param {(kind: string) => object} noteOf what Python says of a kind: its equations and its source
 */
export function networkOf(layers, loss, { shape, classes }, noteOf, seed) {
  const counts = {};
  let inputShape = shape;
  const built = layers.map((layer) => {
    const name = `${layer.kind.toLowerCase()}${(counts[layer.kind] = (counts[layer.kind] ?? 0) + 1)}`;
    const outputShape = outputOf(layer, inputShape);
    const about = { ...noteOf(layer.kind), description: descriptionOf(layer), parameters: parametersOf(layer) };
    const one = { ...about, ...layer, name, inputShape, outputShape };
    inputShape = outputShape;
    return one;
  });
  const theta = connect(built);
  built.forEach((layer, k) => draw(layer, randomOf(seed, WEIGHTS, k)));
  const network = { layers: built, loss, theta, inputShape: shape, outputShape: inputShape, imageShape: shape, threshold: 0 };
  return { ...network, classes, outputs: classes };
}

/** A layer as a person would write it: Dense(units=128). */
function descriptionOf({ kind, settings }) {
  const written = Object.entries(settings).filter(([, value]) => typeof value === "number");
  return `${kind}(${written.map(([key, value]) => `${key}=${number(value)}`).join(", ")})`;
}

function outputOf({ kind, settings }, shape) {
  if (kind === "Dense") return [settings.units];
  return kind === "Flatten" ? [sizeOf(shape)] : shape;
}

/** Give the layers parts of one vector as their parameters. */
function connect(layers) {
  let stop = 0;
  for (const layer of layers) {
    layer.shapes = Object.fromEntries(layer.parameters.map((name) => [name, shapeOf(layer, name)]));
    layer.places = Object.fromEntries(layer.parameters.map((name) => [name, [stop, (stop += sizeOf(layer.shapes[name]))]]));
  }
  const theta = new Float32Array(stop);
  for (const layer of layers) layer.arrays = arraysOf(layer, theta);
  return theta;
}

/** The parameters of a layer as parts of a vector. */
export function arraysOf({ places }, theta) {
  return Object.fromEntries(Object.entries(places).map(([name, [start, past]]) => [name, theta.subarray(start, past)]));
}

function draw({ kind, settings, arrays, shapes }, random) {
  if (kind !== "Dense") return;
  fill(arrays.W, settings.init, shapes.W, random);
  fill(arrays.b, settings.bias_init ?? ZERO, shapes.W, random);
}
