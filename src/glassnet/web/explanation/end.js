// The end of a network: from logits to the prediction, the loss, and dLoss/dlogits, each with its numbers.

import { at, ends, number } from "../numbers.js";
import { same, worked } from "./records.js";
import { bracketed, sumOf } from "./sums.js";

/** How one output becomes its prediction. */
export function workedPrediction({ softmax }, { logits, prediction }, [k]) {
  const [left, z, value] = [at("p", [k]), at("z", [k]), prediction[k]];
  if (!softmax) return worked(left, same(prediction, logits) ? z : `predict(${z})`, "", value);
  const [, largest] = ends(logits);
  const sum = sumOf(logits.map((each) => Math.exp(each - largest)));
  const numbers = `exp(${number(logits[k])} - ${bracketed(largest)}) / ${number(sum)}`;
  return worked(left, `exp(${z} - max z) / sum_k exp(z[k] - max z)`, numbers, value);
}

/** The loss with its numbers, if that is one short line: for the cross-entropy of a label. */
export function workedLoss({ kind, settings }, { loss, prediction, label }) {
  if (kind !== "CrossEntropy" || settings.smoothing) return worked("L", "", "", loss);
  return worked("L", `-log ${at("p", [label])}`, `-log ${number(prediction[label])}`, loss);
}

/** dLoss/dlogits at one output, with its numbers if the equation of the loss is p - t. */
export function workedDlogit({ settings, backward_equations: lines }, { prediction, dlogits }, [k]) {
  const [p, value, left] = [prediction[k], dlogits[k], at("dL/dz", [k])];
  if (!lines.includes("dl/dz = p - t")) return worked(left, "", "", value);
  const t = settings.smoothing ? "t'" : "t"; // the smoothed target
  return worked(left, `${at("p", [k])} - ${at(t, [k])}`, `${number(p)} - ${number(p - value)}`, value);
}
