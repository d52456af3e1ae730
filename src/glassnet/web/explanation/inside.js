// A look inside: the whole network, one layer, or one unit, with the numbers of one example. These are the answers that
// the library gives in Python, with the same keys and texts.
//
//   x: the example as one row of numbers      label: the number of its class, or null
//
// Arrays in answers are {shape, values}, with values a Float32Array, rows first.

import { sizeOf, softmax } from "../nn/layers.js";
import { parameterGradients, parametersOf, shapeOf } from "../nn/network.js";
import { Problem } from "../reading/problem.js";
import { BackwardPass, channelOf, oneHot } from "./backward.js";
import { exampleShape, positionOf, positive } from "./given.js";
import { ForwardPass, endOf } from "./passes.js";
import { PREDICTION, prediction } from "./prediction.js";
import { arrayOf, stacked } from "./records.js";
import { INPUT, about, below, pixel, unitOf } from "./unit.js";

const MOST_VALUES = 300_000; // of an array in an answer
const MOST_UNITS = 256; // units whose weights are asked at once
const FIRST = 24; // units of the first layer whose weights are compared

/** What each layer makes of the example; with a label also the loss, and its gradient at each layer. */
export function layers(network, x, label = null) {
  const { inputShape, outputShape } = network;
  const forward = new ForwardPass(network, x);
  const end = endOf(forward, label);
  const gradient = (shape, position) => arrayOf(shape, end && end.dy(position));
  return {
    layers: network.layers.map((part, k) => ({
      ...about(part),
      y: arrayOf(part.outputShape, forward.outputs[k + 1]),
      dy: gradient(part.outputShape, k),
    })),
    input: { shape: inputShape, dy: gradient(inputShape, -1) },
    logits: arrayOf(outputShape, forward.logits),
    prediction: arrayOf([forward.prediction.length], forward.prediction),
    label,
    loss: end && end.loss,
    dlogits: arrayOf(outputShape, end && end.dlogits),
  };
}

/** All arrays of one layer, its equations, and the lines of source behind them. */
export function layer(network, x, name, label = null, lr = 0.1) {
  const [rate, position] = [positive(lr), positionOf(network, name)];
  const part = network.layers[position];
  const forward = new ForwardPass(network, x);
  const end = endOf(forward, label);
  const [input, output] = forward.outputs.slice(position, position + 2);
  const [dx, dy] = [end && end.dy(position - 1), end && end.dy(position)];
  const gradients = end && parameterGradients(part, input, dy);
  const names = parametersOf(part);
  const parameters = Object.fromEntries(names.map((key) => [key, part.arrays[key]]));
  const every = Object.entries({ x: input, y: output, dx, dy, ...parameters });
  const small = (key, values) => unlessLarge(shapeOf(part, key), values);
  const group = (valuesOf) => Object.fromEntries(names.map((key) => [key, small(key, valuesOf(key))]));
  return {
    ...about(part),
    below: below(network, position),
    x: unlessLarge(part.inputShape, input),
    y: unlessLarge(part.outputShape, output),
    dx: unlessLarge(part.inputShape, dx),
    dy: unlessLarge(part.outputShape, dy),
    parameters: group((key) => parameters[key]),
    gradients: group((key) => gradients && gradients[key]),
    updates: group((key) => gradients && gradients[key].map((slope) => -rate * slope)),
    left_out: every.filter(([, values]) => isLarge(values)).map(([key]) => key),
    forward_equations: part.forward_equations,
    backward_equations: part.backward_equations,
    remark: part.remark,
    source: part.source,
  };
}

const isLarge = (values) => values !== null && values.length > MOST_VALUES;
const unlessLarge = (shape, values) => arrayOf(shape, isLarge(values) ? null : values);

/**
 * One unit of a layer, a pixel of the "input", or a "prediction": its number, where it comes from, where it goes.
 * @param {number[]} index in the output of the layer; of a pixel also its row and column
 */
export function unit(network, x, name, index, label = null, lr = 0.1) {
  if (name === INPUT) return pixel(network, x, index, label);
  if (name === PREDICTION) return prediction(network, x, index, label);
  return unitOf(network, x, name, index, label, lr);
}

/** Which pixels speak for and against each class: {effects: (classes, H, W)}. */
export function speaks(network, x) {
  const forward = new ForwardPass(network, x);
  const { logits, outputs: [input] } = forward;
  const effects = Array.from(logits, (_, k) => {
    const slopes = new BackwardPass(forward, oneHot(logits.length, k)).dy(-1);
    return slopes.map((slope, i) => slope * input[i]);
  });
  const shown = network.loss.softmax ? effects.map((_, k) => onOdds(k, effects, logits)) : effects;
  return { effects: stacked(exampleShape(network), shown) };
}

/** The effects on the log-odds of class k, from those on the logits: an effect that is the same on all is none. */
function onOdds(k, effects, logits) {
  const others = [...logits.keys()].filter((j) => j !== k);
  const shares = softmax(Float64Array.from(others, (j) => logits[j]));
  return effects[k].map((effect, i) => others.reduce((left, j, n) => left - shares[n] * effects[j][i], effect));
}

/**
 * The weights of `count` units of a layer from the unit `first` on, one picture for each unit, and the number of all.
 *
 * Of a dense layer they are (n, D), or (n, H, W) if the layer is the first with weights and sees an image; of a
 * convolution (n, K, K, C), its filters.
 */
export function weights(network, name, first = 0, count = 64) {
  const { imageShape } = network;
  const position = positionOf(network, name);
  const part = network.layers[position];
  const { kind, inputShape, outputShape, arrays: { W } } = part;
  if (kind !== "Dense" && kind !== "Conv2D") {
    throw new Problem(`${name}: expected a layer with weights W, such as Dense or Conv2D`);
  }
  const units = outputShape[outputShape.length - 1];
  const whole = Number.isInteger(first) && Number.isInteger(count);
  if (!whole || first < 0 || first >= units || count < 1 || count > MOST_UNITS) {
    throw new Problem(`${name}: expected a first unit from 0 to ${units - 1} and a count from 1 to ${MOST_UNITS}`);
  }
  const chosen = Array.from({ length: Math.min(count, units - first) }, (_, k) => channelOf(W, units, first + k));
  const isFirst = !network.layers.slice(0, position).some((each) => parametersOf(each).length);
  const isImage = kind === "Dense" && isFirst && imageShape && inputShape[0] === sizeOf(imageShape);
  const shape = isImage ? imageShape : shapeOf(part, "W").slice(0, -1);
  return { ...about(part), weights: stacked(shape, chosen), first, units };
}

/** The weights of the first units of the first layer with weights, as in `weights`; null if there is none. */
export function firstWeights(network) {
  const first = network.layers.find(({ kind }) => kind === "Dense" || kind === "Conv2D");
  return first ? weights(network, first.name, 0, FIRST).weights : null;
}
