// The backward pass of one example, no further down than is asked; and what belongs to one unit alone.

import { flatOf } from "../layout.js";
import { parameterGradients, passBack } from "../nn/network.js";
import { spread } from "./convolution.js";

/** The backward pass from dlogits down. */
export class BackwardPass {
  constructor({ network: { layers }, outputs }, dlogits) {
    Object.assign(this, { layers, outputs, dlogits });
    this.gradients = [dlogits]; // from the last layer down, as far as somebody has asked
  }

  /** dLoss/dy of the layer at this position; at -1 it is that of the input. */
  dy(position) {
    const { layers, outputs, gradients } = this;
    while (gradients.length < layers.length - position) {
      const k = layers.length - gradients.length;
      gradients.push(passBack(layers[k], outputs[k], outputs[k + 1], gradients[gradients.length - 1]));
    }
    return gradients[layers.length - 1 - position];
  }
}

/** dy[unit]/dx, in the shape of x; for a dense layer or a convolution they are its weights. */
export function slopesOf(layer, x, y, unit) {
  const { kind, arrays, outputShape } = layer;
  const k = unit[unit.length - 1];
  if (kind === "Dense") return channelOf(arrays.W, outputShape[0], k);
  if (kind === "Conv2D") return spread(layer, unit, channelOf(arrays.W, outputShape[2], k));
  return passBack(layer, x, y, oneHot(y.length, flatOf(unit, outputShape)));
}

/** dLoss/d of each parameter in the channel of a unit: of W its column or its filter, of the others one number. */
export function ownGradients(layer, x, dy, unit) {
  const channels = layer.outputShape[layer.outputShape.length - 1];
  const k = unit[unit.length - 1];
  const own = (values) => channelOf(values, channels, k);
  if (layer.kind === "BatchNorm") {
    const { gamma, beta } = parameterGradients(layer, x, dy);
    return { gamma: gamma[k], beta: beta[k] };
  }
  const { arrays: { W, b }, outputShape } = layer;
  const alone = { ...layer, arrays: { W: own(W), b: own(b) }, outputShape: [...outputShape.slice(0, -1), 1] };
  const gradients = parameterGradients(alone, x, own(dy));
  return { W: gradients.W, b: gradients.b[0] };
}

/** Zeros, and a 1 at k. */
export function oneHot(size, k) {
  const values = new Float64Array(size);
  values[k] = 1;
  return values;
}

/** The values of one channel, which is the last axis: a column of a matrix, or a filter. */
export function channelOf(values, channels, k) {
  const found = new Float64Array(values.length / channels);
  for (let i = 0; i < found.length; i++) found[i] = values[i * channels + k];
  return found;
}
