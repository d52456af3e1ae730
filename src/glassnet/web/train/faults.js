// Faults that are planted on purpose, by name, as in Python: they change the layers, the examples or the plan.

import { layers } from "../nn/layers.js";

const FEW = 100; // examples

/** A rectifier that somebody has written, with one error in it: dx = -dy where y > 0. */
const ownRelu = {
  forward: layers.ReLU.forward,
  backward: (layer, x, y, dy) => dy.map((d, k) => (y[k] > 0 ? -d : 0)),
};

const faults = {
  "pixels not scaled": { layers: (built) => built.filter(({ kind }) => kind !== "Rescale") },
  "softmax twice": { layers: (built) => [...built, { kind: "Softmax", settings: {} }] },
  "own ReLU": {
    layers: (built) => built.map((layer) => (layer.kind === "ReLU" ? { kind: "OwnReLU", settings: {}, rule: ownRelu } : layer)),
  },
  "not shuffled": {
    train: (data) => chosen(data, [...data.labels.keys()].sort((a, b) => data.labels[a] - data.labels[b] || a - b)),
    plan: (plan) => ({ ...plan, shuffle: false }),
  },
  "random labels": {
    train: ({ images, labels }, random) => ({
      images,
      labels: labels.map((label) => (random.uniform() < 0.5 ? random.below(10) : label)),
    }),
  },
  "a fifth of the examples": {
    train: (data) => chosen(data, [...data.labels.keys()].filter((row) => row % 5 === 0)),
  },
  "few examples": { train: (data) => chosen(data, [...data.labels.keys()].slice(0, FEW)) },
};

const chosen = ({ images, labels }, rows) => ({ images: rows.map((row) => images[row]), labels: rows.map((row) => labels[row]) });

/** What these faults make of something: of "layers", "train" or "plan". */
export function planted(names, what, value, random) {
  return names.reduce((now, name) => faults[name][what]?.(now, random) ?? now, value);
}
