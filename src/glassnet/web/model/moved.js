// By how much each input moves the answer: its slope there, times its distance from an average example.

import { softmax } from "../nn/layers.js";
import { trace, traceBack } from "../nn/network.js";

/** The means of the inputs over the training examples, where the network begins by standardising; else null. */
export const meansOf = ({ layers: [first] }) => (first.kind === "Standardize" ? first.arrays.mean : null);

/**
 * The effect of each input on the log-odds of a class, log(p / (1 - p)), or on the first output of a regression.
 * @param {number} label the number of the class
 */
export function movedBy(network, x, label) {
  const outputs = trace(network, Float64Array.from(x));
  const gradient = traceBack(network, outputs, slopesOf(network, outputs[outputs.length - 1], label))[0];
  const means = meansOf(network);
  return gradient.map((slope, k) => slope * (x[k] - (means?.[k] ?? 0)));
}

/** The slopes of the log-odds at the logits: 1 for the class, and minus the softmax of the others for them. */
function slopesOf({ loss, classes }, logits, label) {
  if (logits.length === 1) return Float64Array.of(classes.length && label === 0 ? -1 : 1);
  const chosen = classes.length ? label : 0;
  const others = softmax(logits.map((value, k) => (k === chosen || !loss.softmax ? -Infinity : value)));
  return logits.map((_, k) => (k === chosen ? 1 : loss.softmax ? -others[k] : 0));
}
