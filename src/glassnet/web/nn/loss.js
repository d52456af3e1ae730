// The losses, as the library has them in Python, for one example with logits z and prediction p, both (M).
//
//   predict(z) -> p      loss(z, p, label, settings) -> number      backward(p, label, settings) -> dLoss/dz
//
// `label` is the number of the class, or an array of M targets.

import { sigmoid, softmax } from "./layers.js";

/** What each output should have been. */
function targets(label, outputs) {
  if (typeof label !== "number") return label;
  return outputs === 1 ? [label] : Array.from({ length: outputs }, (_, k) => Number(k === label));
}

const sum = (p, of) => p.reduce((total, value, k) => total + of(value, k), 0);
const itself = (z) => Float64Array.from(z);
const difference = (p, t) => Float64Array.from(p, (value, k) => value - t[k]);

/** What hinge lacks to the margin of each other class. */
function short(p, label) {
  if (p.length === 1) return [Math.max(1 - (2 * label - 1) * p[0], 0)];
  return Array.from(p, (value, k) => (k === label ? 0 : Math.max(1 + value - p[label], 0)));
}

const losses = {
  CrossEntropy: {
    predict: softmax,
    loss(z, p, label, { smoothing: s }) {
      const largest = z.reduce((most, value) => Math.max(most, value), -Infinity);
      const norm = Math.log(sum(z, (value) => Math.exp(value - largest)));
      const t = targets(label, z.length);
      return sum(z, (value, k) => ((1 - s) * t[k] + s / z.length) * (norm + largest - value));
    },
    backward(p, label, { smoothing: s }) {
      const t = targets(label, p.length);
      return Float64Array.from(p, (value, k) => value - (1 - s) * t[k] - s / p.length);
    },
  },
  BinaryCrossEntropy: {
    predict: (z) => Float64Array.from(z, sigmoid),
    loss(z, p, label) {
      const t = targets(label, z.length);
      return sum(z, (value, k) => Math.max(value, 0) - value * t[k] + Math.log1p(Math.exp(-Math.abs(value))));
    },
    backward: (p, label) => difference(p, targets(label, p.length)),
  },
  SquaredError: {
    predict: itself,
    loss: (z, p, label) => sum(difference(p, targets(label, p.length)), (d) => (d * d) / 2),
    backward: (p, label) => difference(p, targets(label, p.length)),
  },
  AbsoluteError: {
    predict: itself,
    loss: (z, p, label) => sum(difference(p, targets(label, p.length)), Math.abs),
    backward: (p, label) => difference(p, targets(label, p.length)).map(Math.sign),
  },
  Huber: {
    predict: itself,
    loss(z, p, label, { delta }) {
      return sum(difference(p, targets(label, p.length)).map(Math.abs), (d) => Math.min(d, delta) * (d - Math.min(d, delta) / 2));
    },
    backward: (p, label, { delta }) => difference(p, targets(label, p.length)).map((d) => Math.min(Math.max(d, -delta), delta)),
  },
  Poisson: {
    predict: (z) => Float64Array.from(z, Math.exp),
    loss(z, p, label) {
      const t = targets(label, z.length);
      return sum(p, (value, k) => value - t[k] + (t[k] > 0 ? t[k] * Math.log(t[k]) : 0) - t[k] * z[k]);
    },
    backward: (p, label) => difference(p, targets(label, p.length)),
  },
  Hinge: {
    predict: itself,
    loss: (z, p, label) => sum(short(p, label), (value) => value),
    backward(p, label) {
      const missing = Float64Array.from(short(p, label), (value) => Number(value > 0));
      if (p.length === 1) return missing.map((one) => (label === 1 ? -one : one));
      missing[label] = -sum(missing, (one) => one);
      return missing;
    },
  },
};

/** The prediction that logits stand for; a Float64Array. */
export const predict = ({ kind }, z) => losses[kind].predict(z);

/** The loss of one example. */
export const lossOf = ({ kind, settings }, z, p, label) => losses[kind].loss(z, p, label, settings);

/** dLoss/dlogits of one example. */
export const lossBack = ({ kind, settings }, p, label) => losses[kind].backward(p, label, settings);

/** The prediction for each class: of one output, for no and for yes. */
export function byClass({ kind }, p) {
  if (p.length > 1) return p;
  return Float64Array.of(kind === "Hinge" ? -p[0] : 1 - p[0], p[0]);
}
