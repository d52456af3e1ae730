// Nudge one weight and watch the loss: is the slope that backward computes the slope of the loss? As `nudge` in Python.

import { flatOf } from "../layout.js";
import { lossOf, predict } from "../nn/loss.js";
import { parameterGradients, parametersOf, passForward, shapeOf } from "../nn/network.js";
import { Problem } from "../reading/problem.js";
import { indexWithin, positionOf } from "./given.js";
import { ForwardPass, endOf } from "./passes.js";

const MOST = 1e6; // the largest step of a person
const POINTS = 41; // of the curve
const STEPS = Array.from({ length: 11 }, (_, k) => 10 ** (-2 - k / 2)); // tried; relative to the largest value of the array
const STEP = 1e-6; // relative to it, to measure the slopes to both sides
const SMALLEST = 1e-3; // of its size: a step that follows a smaller one is lost in rounding
const TOLERANCE = 1e-6; // of its largest slope
const VISIBLE = 0.01; // relative difference of two slopes that a person sees
const EPSILON = 2 ** -52;

/** The loss around one weight, its measured slope, and the slope by backward. */
export function nudge(network, x, label, name, parameter, index, h) {
  if (!(h > 0 && h <= MOST)) throw new Problem(`h must be a number above 0 and at most ${MOST}`);
  const { lossAt, w, gradient, slope, size, end, layer } = tensorOf(network, x, label, name, parameter, index);
  const [above, below] = [lossAt(w + h), lossAt(w - h)];
  const measured = (above - below) / (2 * h);
  const [best, bestSlope] = bestSlopeOf(lossAt, w, size);
  const scale = Math.max(largest(gradient), Math.abs(bestSlope)) || 1e-12;
  const error = Math.abs(bestSlope - slope) / scale;
  const [sides, kink] = sidesOf(lossAt, w, STEP * size, end.loss, scale);
  const noise = rounding(end.loss) / best;
  const hidden = error > TOLERANCE && Math.abs(bestSlope - slope) <= noise;
  const slack = Math.max(noise, TOLERANCE * scale);
  const between = Math.min(sides.above, sides.below) - slack <= slope && slope <= Math.max(sides.above, sides.below) + slack;
  const bent = Math.abs(measured - bestSlope) > VISIBLE * scale;
  const reach = Math.max(2 * size, 4 * h);
  const values = Float64Array.from({ length: POINTS }, (_, k) => w + reach * ((2 * k) / (POINTS - 1) - 1));
  return {
    ...{ layer: name, parameter, index, h, value: w, loss: end.loss, above, below, measured, backward: slope },
    measured_difference: Math.abs(measured - slope) / scale,
    best_step: best,
    best_slope: bestSlope,
    difference: error,
    scale,
    holds: kink ? (between ? true : null) : error <= TOLERANCE || hidden, // at a kink any slope between is right
    kink,
    sides,
    hidden,
    note: noteOf(kink, hidden, bent),
    curve: { values: { values }, losses: { values: values.map(lossAt) } },
    source: layer.source.backward,
  };
}

/** The weight, its gradient, and the loss as a function of it. */
function tensorOf(network, x, label, name, parameter, index) {
  const forward = new ForwardPass(network, x);
  const end = endOf(forward, label);
  const position = positionOf(network, name);
  const layer = network.layers[position];
  if (!parametersOf(layer).includes(parameter)) throw new Problem(`${name} has no such parameter`);
  const shape = shapeOf(layer, parameter);
  const place = flatOf(indexWithin(shape, index, `${name} ${parameter}`), shape);
  const values = Float64Array.from(layer.arrays[parameter]);
  const gradient = parameterGradients(layer, forward.outputs[position], end.dy(position))[parameter];
  const changed = { ...layer, arrays: { ...layer.arrays, [parameter]: values } };
  const w = values[place];

  function lossAt(value) {
    values[place] = value;
    const above = network.layers.slice(position + 1);
    const z = [changed, ...above].reduce((a, part) => passForward(part, a), forward.outputs[position]);
    values[place] = w;
    if (!z.every(Number.isFinite)) throw new Problem("there the network computes numbers that are not finite");
    return lossOf(network.loss, z, predict(network.loss, z), label);
  }

  return { lossAt, w, gradient, slope: gradient[place], size: Math.max(largest(values) || 1, SMALLEST), end, layer };
}

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The step whose slope differs least from that of the step before, and that slope. */
function bestSlopeOf(lossAt, w, size) {
  const slopes = STEPS.map((step) => (lossAt(w + step * size) - lossAt(w - step * size)) / (2 * step * size));
  const gaps = slopes.slice(1).map((slope, k) => Math.abs(slope - slopes[k]));
  const best = gaps.indexOf(Math.min(...gaps)) + 1;
  return [STEPS[best] * size, slopes[best]];
}

/** How far rounding can move the difference of two losses of this size. */
const rounding = (loss) => 16 * EPSILON * Math.max(Math.abs(loss), 1);

/**
 * The slopes just above and below w, and whether there is a kink between them.
 *
 * Where the curve only bends, the two slopes differ ten times as much for a step ten times as large. At a kink they differ
 * by the same for any step.
 */
function sidesOf(lossAt, w, step, here, scale) {
  const both = (h) => ({ above: (lossAt(w + h) - here) / h, below: (here - lossAt(w - h)) / h });
  const [near, far] = [both(step), both(10 * step)];
  const [gap, gapFar] = [near, far].map(({ above, below }) => Math.abs(above - below));
  return [near, gap > Math.max(TOLERANCE * scale, (2 * rounding(here)) / step) && gapFar < 3 * gap];
}

/** What the person should know about the measured slope. */
function noteOf(kink, hidden, bent) {
  if (kink) {
    return "There is a kink here: the slopes to the two sides differ, as of a ReLU at 0 or of equal values in a maximum. The loss has no single slope here; backward takes one of the two.";
  }
  if (hidden) return "Rounding hides the slope. Within what can be measured, backward is right.";
  return bent ? "The curve bends between w - h and w + h: a smaller h measures its slope better." : "";
}
