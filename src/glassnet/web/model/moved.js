// By how much each input moves the answer: its slope there, times its distance from an average example.

import { softmax } from "../nn/layers.js";
import { predict } from "../nn/loss.js";
import { trace, traceBack } from "../nn/network.js";

/** The means of the inputs over the training examples, where the network begins by standardising; else null. */
export const meansOf = ({ layers: [first] }) => (first.kind === "Standardize" ? first.arrays.mean : null);

/**
 * The effect of each input on the log-odds of a class, log(p / (1 - p)); on its score where there are no probabilities; or
 * on the first prediction of a regression.
 * @param {number} label the number of the class
 */
export function movedBy(network, x, label) {
  const outputs = trace(network, Float64Array.from(x));
  const gradient = traceBack(network, outputs, slopesOf(network, outputs[outputs.length - 1], label))[0];
  const means = meansOf(network);
  return gradient.map((slope, k) => slope * (x[k] - (means?.[k] ?? 0)));
}

/**
 * The slopes at the logits: of log-odds 1 for the class, and minus the softmax of the others for them; of a prediction its
 * derivative, which for counts, p = exp(z), is p.
 */
function slopesOf({ loss, classes }, logits, label) {
  if (!classes.length) {
    const slope = loss.kind === "Poisson" ? predict(loss, logits)[0] : 1;
    return logits.map((_, k) => (k === 0 ? slope : 0));
  }
  if (logits.length === 1) return Float64Array.of(label === 0 ? -1 : 1);
  const others = softmax(logits.map((value, k) => (k === label || !loss.softmax ? -Infinity : value)));
  return logits.map((_, k) => (k === label ? 1 : loss.softmax ? -others[k] : 0));
}
