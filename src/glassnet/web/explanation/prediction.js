// The last step, from logits to the prediction and the loss, as a unit that can be opened like those of a layer.

import { workedLoss, workedPrediction } from "./end.js";
import { equation } from "./equation.js";
import { indexWithin } from "./given.js";
import { ForwardPass, endOf } from "./passes.js";
import { arrayOf } from "./records.js";

/** The name under which the prediction stands above the last layer. */
export const PREDICTION = "prediction";

/** One prediction, such as the probability of a class: how it comes from the logits, and the loss that follows. */
export function prediction(network, x, index, label) {
  const { loss, outputShape, layers } = network;
  const place = indexWithin(outputShape, index, PREDICTION);
  const forward = new ForwardPass(network, x);
  const end = endOf(forward, label);
  const places = loss.softmax ? Array.from(forward.logits, (_, k) => [k]) : [place];
  const shown = [equation(workedPrediction(loss, forward, place), null, { places })];
  if (end) shown.push(equation(workedLoss(loss, end)));
  return {
    name: PREDICTION,
    kind: loss.kind,
    description: loss.description,
    shape: outputShape,
    input_shape: outputShape,
    index: place,
    below: layers[layers.length - 1].name,
    y: forward.prediction[place[0]],
    dy: null,
    forward: shown,
    backward: [],
    dy_from: null,
    forward_equations: loss.forward_equations,
    backward_equations: loss.backward_equations,
    remark: "",
    x: arrayOf(outputShape, forward.logits),
    window: null,
    corner: null,
    weights: null,
    gradient: null,
    update: null,
    bias: null,
    parameters: [],
    feeds: [],
    source: loss.source,
  };
}
