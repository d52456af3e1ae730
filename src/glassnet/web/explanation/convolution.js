// Which input, weight and output of a convolution meet in a product.

import { flatOf } from "../layout.js";
import { margins, sizeOf } from "../nn/layers.js";

/** Where the window of an output begins: its row and column, below 0 in the padding. */
export function corner(layer, [i, j]) {
  const [top, left] = margins(layer);
  return [i * layer.settings.stride - top, j * layer.settings.stride - left];
}

/** The pairs [input, weight] of indices that one output multiplies, without those in the padding. */
export function meetings(layer, unit) {
  const { settings: { kernel_size: K }, inputShape: [, , C] } = layer;
  const [top, left] = corner(layer, unit);
  const found = [];
  for (let k = 0; k < K; k++) {
    for (let m = 0; m < K; m++) {
      if (!isInside(layer, top + k, left + m)) continue;
      for (let c = 0; c < C; c++) found.push([[top + k, left + m, c], [k, m, c, unit[2]]]);
    }
  }
  return found;
}

/** The pairs [input, output] of places that the weight at k, m, c of a window multiplies; an output without filter. */
export function metBy(layer, [k, m, c]) {
  const found = [];
  for (const [i, j] of windowsOf(layer)) {
    const [top, left] = corner(layer, [i, j]);
    if (isInside(layer, top + k, left + m)) found.push([[top + k, left + m, c], [i, j]]);
  }
  return found;
}

/** The pairs [output, weight] of places that an input takes part in: each output, and the weight it has there. */
export function metAt(layer, [row, column, c]) {
  const K = layer.settings.kernel_size;
  const found = [];
  for (const [i, j] of windowsOf(layer)) {
    const [top, left] = corner(layer, [i, j]);
    const [k, m] = [row - top, column - left];
    if (k >= 0 && m >= 0 && k < K && m < K) found.push([[i, j], [k, m, c]]);
  }
  return found;
}

/** The weights of one filter (K K C) at the inputs that an output multiplies by them, else 0: in the shape of x. */
export function spread(layer, unit, filter) {
  const { settings: { kernel_size: K }, inputShape } = layer;
  const values = new Float64Array(sizeOf(inputShape));
  for (const [place, weight] of meetings(layer, unit)) {
    values[flatOf(place, inputShape)] = filter[flatOf(weight.slice(0, 3), [K, K, inputShape[2]])];
  }
  return values;
}

function isInside({ inputShape: [H, W] }, row, column) {
  return row >= 0 && column >= 0 && row < H && column < W;
}

function windowsOf({ outputShape: [H1, W1] }) {
  return Array.from({ length: H1 * W1 }, (_, k) => [Math.floor(k / W1), k % W1]);
}
