// One unit of a layer, or one pixel: its number, where it comes from, where it goes, and what it learns.

import { flatOf, unravel } from "../layout.js";
import { at, ends } from "../numbers.js";
import { parametersOf, shapeOf } from "../nn/network.js";
import { corner, spread } from "./convolution.js";
import { workedDlogit } from "./end.js";
import { equation } from "./equation.js";
import { exampleShape, indexWithin, pixelIndex, positionOf, positive } from "./given.js";
import { carried, carriedTo, outgoingWeights, reads } from "./path.js";
import { ForwardPass, LayerPass, endOf } from "./passes.js";
import { arrayOf, worked } from "./records.js";
import { workedBackward, workedForward } from "./worked.js";

/** The name under which the picture stands below the first layer. */
export const INPUT = "input";

const MOST_PLACES = 64; // inputs listed for an equation without terms
const WINDOWED = ["Conv2D", "MaxPool2D", "AveragePool2D"]; // layers whose units see a part of an image

/** What every answer says of a layer. */
export function about({ name, description, kind, inputShape, outputShape }) {
  return { name, description, kind, shape: outputShape, input_shape: inputShape };
}

/** The name of what stands below the layer at this position. */
export const below = ({ layers }, position) => (position > 0 ? layers[position - 1].name : INPUT);

/** One unit of a layer. */
export function unitOf(network, x, name, index, label, lr) {
  const rate = positive(lr);
  const position = positionOf(network, name);
  const part = network.layers[position];
  const unit = indexWithin(part.outputShape, index, name);
  const forward = new ForwardPass(network, x);
  const end = endOf(forward, label);
  const p = new LayerPass(forward, position, unit, end);
  const read = reads(p);
  const gradient = end && gradientLikeWeights(p);
  return {
    ...about(part),
    index: unit,
    below: below(network, position),
    y: p.y[p.k],
    dy: end && p.dy[p.k],
    forward: workedForward(p).map((each) => equation(each, part, { places: read.slice(0, MOST_PLACES) })),
    backward: end ? workedBackward(p).map((each) => equation(each, part, { above: [unit] })) : [],
    dy_from: end && dyFrom(forward, end, position, unit),
    forward_equations: part.forward_equations,
    backward_equations: part.backward_equations,
    remark: part.remark,
    x: arrayOf(part.inputShape, p.x),
    window: WINDOWED.includes(part.kind) ? windowOf(read) : null,
    corner: part.kind === "Conv2D" ? corner(part, unit) : null,
    weights: arrayOf(part.inputShape, p.slopes),
    gradient: arrayOf(part.inputShape, gradient),
    update: arrayOf(part.inputShape, gradient && gradient.map((slope) => -rate * slope)),
    bias: (part.arrays.b ?? part.arrays.beta)?.[unit.at(-1)] ?? null,
    parameters: ownParameters(p, rate),
    feeds: feeds(forward, position, unit),
    source: part.source,
  };
}

/** One pixel, as a unit below the first layer. */
export function pixel(network, x, index, label) {
  const place = pixelIndex(network, index);
  const forward = new ForwardPass(network, x);
  const end = endOf(forward, label);
  const k = flatOf(place, network.inputShape);
  return {
    name: INPUT,
    description: "a pixel of the picture, as the network sees it",
    kind: "Input",
    shape: network.inputShape,
    input_shape: null,
    index: place,
    pixel: unravel(k, exampleShape(network)),
    below: null,
    y: forward.outputs[0][k],
    dy: end && end.dy(-1)[k],
    forward: [],
    backward: [],
    dy_from: end && dyFrom(forward, end, -1, place),
    x: null,
    window: null,
    corner: null,
    weights: null,
    gradient: null,
    update: null,
    bias: null,
    source: null,
    forward_equations: [],
    backward_equations: [],
    remark: "",
    parameters: [],
    feeds: feeds(forward, -1, place),
  };
}

/** dLoss/dweight for the weight of each input of the unit, in the shape of x; null if inputs have no weights. */
function gradientLikeWeights(p) {
  if (p.layer.kind === "Dense") return p.own.W;
  return p.layer.kind === "Conv2D" ? spread(p.layer, p.unit, p.own.W) : null;
}

/** The part of an image that a unit sees: first row, column and channel, and those after the last. */
function windowOf(read) {
  const sides = [0, 1, 2].map((axis) => ends(read.map((place) => place[axis])));
  return [...sides.map(([least]) => least), ...sides.map(([, most]) => most + 1)];
}

/** The parameters that belong to the unit's channel alone, such as its bias. */
function ownParameters(p, lr) {
  const k = p.unit[p.unit.length - 1];
  const own = parametersOf(p.layer).filter((name) => shapeOf(p.layer, name).length === 1);
  return own.map((parameter) => {
    const gradient = p.end && p.own[parameter];
    return { parameter, index: [k], value: p.layer.arrays[parameter][k], gradient, update: p.end && -lr * gradient };
  });
}

/** The largest weights of the next layer with weights that multiply the number of this unit. */
function feeds(forward, position, unit) {
  const { layers, inputShape } = forward.network;
  const reached = carriedTo(forward, position, unit);
  const next = layers[reached.position + 1];
  if (!next) return [];
  const shape = layers[reached.position]?.outputShape ?? inputShape;
  return outgoingWeights(next, reached.place, forward.outputs[reached.position + 1][flatOf(reached.place, shape)]);
}

/** How dLoss/dy of a unit comes from the layer above, where it is dx, or from the loss. */
function dyFrom(forward, end, position, place) {
  const { layers, loss } = forward.network;
  const part = layers[position + 1];
  if (!part) {
    return { layer: "loss", description: loss.description, equation: equation(workedDlogit(loss, end, place)) };
  }
  const zeros = part.outputShape.map(() => 0);
  const weighs = part.kind === "Dense" || part.kind === "Conv2D"; // its dx is the same sum whatever the unit
  const above = carried(part, place) ?? (weighs ? zeros : null); // the unit that reads it
  const p = new LayerPass(forward, position + 1, above ?? zeros, end, place);
  const left = at("dx", place);
  const found = above ? workedBackward(p).find((each) => each.left === left) : null;
  const shown = equation(found ?? worked(left, "", "", p.dx[p.from]), part, { above: above ? [above] : [] });
  return { layer: part.name, description: part.description, equation: shown };
}
