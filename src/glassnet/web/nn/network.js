// A network: its layers in a row, forward and backward for one example.
//
// A network is {layers, loss, inputShape, outputShape, threshold}; `loss` is {kind, settings}. A layer that is none of the
// library's brings its own `rule`, as those in layers.js.

import { layers } from "./layers.js";

const PARAMETERS = { Dense: ["W", "b"], Conv2D: ["W", "b"], BatchNorm: ["gamma", "beta"] };

const ruleOf = ({ kind, rule }) => rule ?? layers[kind];

/** The output of one layer. */
export const passForward = (layer, x) => ruleOf(layer).forward(layer, x);

/** dLoss/dx of one layer. */
export const passBack = (layer, x, y, dy) => ruleOf(layer).backward(layer, x, y, dy);

/** Add dLoss/d of each parameter of a layer to the arrays of these names. */
export const gradientsInto = (layer, x, dy, into) => ruleOf(layer).gradients?.(layer, x, dy, into);

/** Every output of a network for one example x, from x itself to the logits. */
export function trace(network, x) {
  const outputs = [x];
  for (const layer of network.layers) outputs.push(passForward(layer, outputs[outputs.length - 1]));
  return outputs;
}

/** The logits of one example. */
export const logits = (network, x) => network.layers.reduce((y, layer) => passForward(layer, y), x);

/** dLoss/d of each of the outputs of `trace`, from that of the input to dlogits, which is given. */
export function traceBack(network, outputs, dlogits) {
  const gradients = [dlogits];
  for (let k = network.layers.length - 1; k >= 0; k--) {
    gradients.unshift(passBack(network.layers[k], outputs[k], outputs[k + 1], gradients[0]));
  }
  return gradients;
}

/** dLoss/d of each parameter of a layer, by its name; none for a layer without parameters. */
export function parameterGradients(layer, x, dy) {
  const sizes = parametersOf(layer).map((name) => [name, new Float64Array(layer.arrays[name].length)]);
  const into = Object.fromEntries(sizes);
  gradientsInto(layer, x, dy, into);
  return into;
}

/** The names of the parameters of a layer. */
export const parametersOf = ({ kind }) => PARAMETERS[kind] ?? [];

/** The shape of a parameter of a layer. */
export function shapeOf({ kind, settings, inputShape, outputShape }, name) {
  if (name === "W" && kind === "Dense") return [inputShape[0], outputShape[0]];
  if (name === "W") return [settings.kernel_size, settings.kernel_size, inputShape[2], outputShape[2]];
  return outputShape.slice(-1);
}
