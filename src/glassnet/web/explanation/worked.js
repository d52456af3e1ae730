// The equations of each layer with the numbers of one example, for one of its outputs.
//
// For an elementwise layer, the equation is taken from its docstring. Sums over many inputs, maxima and batch
// normalisation have a function here. For any other layer, the output is written as inputs times slopes. `p` is a
// LayerPass.

import { flatOf, unravel } from "../layout.js";
import { at, ends, number, whole } from "../numbers.js";
import { meetings, metAt, metBy } from "./convolution.js";
import { block } from "./path.js";
import { nonZero, same, worked } from "./records.js";
import { byPlace } from "./substitute.js";
import { bracketed, plus, sumOf, termOf, weightedSum } from "./sums.js";

const FORWARD = {
  Dense: sumOfInputs,
  Conv2D: sumOfWindow,
  MaxPool2D: largestOfBlock,
  Softmax: share,
  BatchNorm: normalised,
};
const BACKWARD = {
  Dense: sumBack,
  Conv2D: windowBack,
  MaxPool2D: poolBack,
  AveragePool2D: poolBack,
  GlobalAveragePool: poolBack,
  Softmax: shareBack,
  BatchNorm: normalisedBack,
};

/** How the output y[unit] of a layer is computed from its input x: a list of equations. */
export function workedForward(p) {
  return (FORWARD[p.layer.kind] ?? fromEquation)(p);
}

/** How the gradients at x[place], and of the parameters of y[unit], are computed from dy: a list of equations. */
export function workedBackward(p) {
  return (BACKWARD[p.layer.kind] ?? backFromEquation)(p);
}

function fromEquation({ layer, x, y, unit, k, slopes }) {
  const [value, left] = [y[k], at("y", unit)];
  const touched = nonZero(slopes);
  const [only] = touched;
  if (same(layer.inputShape, layer.outputShape) && touched.every((place) => place === k)) {
    if (same(x, y) && (!touched.length || slopes[k] === 1)) return [worked(left, at("x", unit), number(x[k]), value)];
    const found = byPlace(layer, layer.forward_equations, "y", k, { x }, value);
    if (found) return [found];
  }
  if (touched.length === 1 && slopes[only] === 1 && x[only] === value) {
    return [worked(left, at("x", unravel(only, layer.inputShape)), number(value), value)];
  }
  return [fromSlopes(layer, left, x, value, slopes, touched)];
}

/** For any layer: its output as the inputs times their slopes, plus a rest (0 or a bias if the layer is linear). */
function fromSlopes(layer, left, x, value, slopes, touched) {
  const products = touched.map((k) => {
    const place = unravel(k, layer.inputShape);
    return { places: [place, place], factors: [x[k], slopes[k]] };
  });
  const values = products.map(({ factors: [a, b] }) => a * b);
  const bias = value - sumOf(values);
  const small = Math.abs(bias) <= 1e-12 * Math.max(Math.abs(value), sumOf(values.map(Math.abs)), 1e-300);
  return weightedSum(left, ["x", "slope"], products, ...(small && touched.length ? [] : [bias, "the rest"]));
}

function sumOfInputs({ layer: { arrays: { W, b }, outputShape: [M] }, x, unit }) {
  const [j] = unit;
  const products = Array.from(x, (value, i) => ({ places: [[i], [i, j]], factors: [value, W[i * M + j]] }));
  return [weightedSum(at("y", unit), ["x", "W"], products, b[j], at("b", unit))];
}

function sumOfWindow({ layer, x, unit }) {
  const { arrays: { W, b }, inputShape } = layer;
  const products = meetings(layer, unit).map((places) => {
    return { places, factors: [x[flatOf(places[0], inputShape)], W[flatOf(places[1], filters(layer))]] };
  });
  return [weightedSum(at("y", unit), ["x", "W"], products, b[unit[2]], at("b", unit.slice(2)))];
}

/** The shape of W of a convolution. */
const filters = ({ settings: { kernel_size: K }, inputShape, outputShape }) => [K, K, inputShape[2], outputShape[2]];

function largestOfBlock({ layer, x, y, unit, k }) {
  const pixels = block(layer, unit);
  const corners = `${at("x", pixels[0])}, ..., ${at("x", pixels[pixels.length - 1])}`;
  const values = pixels.map((place) => number(x[flatOf(place, layer.inputShape)]));
  return [worked(at("y", unit), `max(${corners})`, `max(${values.join(", ")})`, y[k])];
}

/** The row of an array, along the last axis, that holds the unit. */
function rowOf({ layer: { outputShape }, k }, values) {
  const width = outputShape[outputShape.length - 1];
  const first = k - (k % width);
  return values.subarray(first, first + width);
}

function share(p) {
  const { x, y, unit, k } = p;
  const row = rowOf(p, x);
  const [, largest] = ends(row);
  const sum = sumOf(row.map((value) => Math.exp(value - largest)));
  const symbols = `exp(${at("x", unit)} - max x) / sum_k exp(x[k] - max x)`;
  return [worked(at("y", unit), symbols, `exp(${number(x[k])} - ${bracketed(largest)}) / ${number(sum)}`, y[k])];
}

/** m, r and h of a batch normalisation at the unit, as in prediction. */
function standardised({ layer: { arrays: { mean, variance }, settings: { epsilon } }, x, unit, k }) {
  const c = unit[unit.length - 1];
  const r = 1 / Math.sqrt(variance[c] + epsilon);
  return { c, m: mean[c], r, h: (x[k] - mean[c]) * r };
}

function normalised(p) {
  const { gamma, beta } = p.layer.arrays;
  const { c, m, r, h } = standardised(p);
  const numbers = `${number(gamma[c])} * ${bracketed(h)}${plus(beta[c])}`;
  const note = `h = (${number(p.x[p.k])} - ${bracketed(m)}) * ${number(r)} = ${number(h)}`;
  const symbols = `${at("gamma", [c])} h + ${at("beta", [c])}`;
  return [worked(at("y", p.unit), symbols, numbers, gamma[c] * h + beta[c], { note })];
}

function backFromEquation({ layer, x, y, dx, dy, unit, k, place, from }) {
  const [value, left] = [dx[from], at("dx", place)];
  if (value === dy[k] && (dx.length !== dy.length || same(dx, dy))) {
    return [worked(left, at("dy", unit), number(value), value)];
  }
  const elementwise = same(layer.inputShape, layer.outputShape) && k === from;
  const lines = [...layer.backward_equations, ...layer.forward_equations];
  return [(elementwise && byPlace(layer, lines, "dx", k, { x, y, dy }, value)) || worked(left, "", "", value)];
}

function poolBack(p) {
  const { dx, dy, unit, k, place, from, slopes } = p;
  const slope = slopes[from];
  if (slope === 0 || slope === 1) return backFromEquation(p);
  const numbers = `${number(dy[k])} * ${bracketed(slope)}`; // an input has one output
  return [worked(at("dx", place), `${at("dy", unit)} slope`, numbers, dx[from])];
}

function shareBack(p) {
  const { y, dy, unit, k } = p;
  const back = rowOf(p, dy);
  const mean = sumOf(rowOf(p, y).map((value, j) => value * back[j]));
  const symbols = `${at("y", unit)} (${at("dy", unit)} - sum_k dy[k] y[k])`;
  const numbers = `${number(y[k])} * (${number(dy[k])} - ${bracketed(mean)})`;
  return [worked(at("dx", unit), symbols, numbers, y[k] * (dy[k] - mean))];
}

function normalisedBack(p) {
  const { layer, x, dy, unit, k, own } = p;
  const { c, r, h } = standardised(p);
  const gamma = layer.arrays.gamma[c];
  const [dgamma, dbeta] = [at("dgamma", [c]), at("dbeta", [c])];
  const many = layer.inputShape.length > 1 ? whole(x.length / layer.inputShape.at(-1)) : "";
  const sums = many
    ? [
        worked(dgamma, `sum of dy ${at("h", unit)} (one of ${many} terms of the sum)`, "", own.gamma),
        worked(dbeta, "sum of dy", "", own.beta),
      ]
    : [
        worked(dgamma, `${at("dy", unit)} h`, `${number(dy[k])} * ${bracketed(h)}`, dy[k] * h),
        worked(dbeta, at("dy", unit), "", own.beta),
      ];
  const numbers = `${number(gamma)} * ${number(r)} * ${bracketed(dy[k])}`;
  return [...sums, worked(at("dx", unit), `${at("gamma", [c])} r ${at("dy", unit)}`, numbers, gamma * r * dy[k])];
}

function sumBack({ layer: { arrays: { W } }, x, dy, unit, place }) {
  const [[j], [i]] = [unit, place];
  const term = termOf(["x", "dy"], { places: [place, unit], factors: [x[i], dy[j]] });
  const products = Array.from(dy, (d, m) => ({ places: [[m], [i, m]], factors: [d, W[i * dy.length + m]] }));
  return [
    worked(at("dW", [i, j]), term.symbol, `${number(x[i])} * ${bracketed(dy[j])}`, term.value, { terms: [term] }),
    worked(at("db", unit), at("dy", unit), number(dy[j]), dy[j]),
    weightedSum(at("dx", place), ["dy", "W"], products),
  ];
}

function windowBack({ layer, x, dy, unit, place }) {
  const { arrays: { W }, inputShape, outputShape } = layer;
  const [H1, W1, F] = outputShape;
  const f = unit[2];
  const dyAt = (output) => dy[flatOf(output, outputShape)];
  const weight = meetings(layer, unit).find(([input]) => same(input, place))?.[1] ?? [0, 0, place[2], f];
  const ofWeight = metBy(layer, weight).map(([input, [i, j]]) => {
    return { places: [input, [i, j, f]], factors: [x[flatOf(input, inputShape)], dyAt([i, j, f])] };
  });
  const ofInput = metAt(layer, place).flatMap(([[i, j], shared]) =>
    Array.from({ length: F }, (_, g) => {
      const places = [[i, j, g], [...shared, g]];
      return { places, factors: [dyAt(places[0]), W[flatOf(places[1], filters(layer))]] };
    }),
  );
  const db = sumOf(dy.filter((_, k) => k % F === f));
  return [
    weightedSum(at("dW", weight), ["x", "dy"], ofWeight),
    worked(at("db", [f]), `sum of dy[i,j,${f}]`, `sum of ${whole(H1 * W1)} values`, db),
    weightedSum(at("dx", place), ["dy", "W"], ofInput),
  ];
}
