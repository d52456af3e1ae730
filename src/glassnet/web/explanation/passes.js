// One example on its way through a network: forward to the logits, on to the loss, and back; in doubles.

import { flatOf, unravel } from "../layout.js";
import { lossBack, lossOf, predict } from "../nn/loss.js";
import { trace } from "../nn/network.js";
import { Problem } from "../reading/problem.js";
import { BackwardPass, ownGradients, slopesOf } from "./backward.js";
import { exampleWithin, labelWithin } from "./given.js";

/** The forward pass of one example: `outputs` are the example itself, and then the output of each layer. */
export class ForwardPass {
  constructor(network, x) {
    this.network = network;
    this.outputs = trace(network, exampleWithin(network, x));
    if (!this.logits.every(Number.isFinite)) throw new Problem("the outputs of the network are not finite");
    this.prediction = predict(network.loss, this.logits);
  }

  get logits() {
    return this.outputs[this.outputs.length - 1];
  }
}

/** The loss of one example for a label, and the backward pass from it. */
class LossPass extends BackwardPass {
  constructor(forward, label) {
    const { loss } = forward.network;
    const { logits, prediction } = forward;
    super(forward, lossBack(loss, prediction, labelWithin(forward.network, label)));
    Object.assign(this, { label, prediction, loss: lossOf(loss, logits, prediction, label) });
  }
}

/** The loss pass for a label; null without a label. */
export const endOf = (forward, label) => (label === null || label === undefined ? null : new LossPass(forward, label));

/**
 * The numbers of one layer around one of its units. Those that take work are computed when they are first asked for.
 *
 *   unit, k: the index of the output that is explained, and the same counted rows first
 *   place, from: the same for the input with the largest effect on it, or for the one that is given
 *   slopes: dy[unit]/dx      own: the gradients of the parameters in its channel
 */
export class LayerPass {
  constructor(forward, position, unit, end = null, place = null) {
    const [x, y] = forward.outputs.slice(position, position + 2);
    Object.assign(this, { position, end, unit, x, y, layer: forward.network.layers[position], known: { place } });
    this.k = flatOf(unit, this.layer.outputShape);
  }

  get dy() {
    return this.end.dy(this.position);
  }

  get dx() {
    return this.end.dy(this.position - 1);
  }

  get slopes() {
    this.known.slopes ??= slopesOf(this.layer, this.x, this.y, this.unit);
    return this.known.slopes;
  }

  get own() {
    this.known.own ??= ownGradients(this.layer, this.x, this.dy, this.unit);
    return this.known.own;
  }

  get place() {
    this.known.place ??= strongestInput(this);
    return this.known.place;
  }

  get from() {
    return flatOf(this.place, this.layer.inputShape);
  }
}

/** The place of the input with the largest effect on a unit. */
function strongestInput({ layer, x, y, k, slopes }) {
  const effects = slopes.map((slope, i) => Math.abs(slope * x[i]));
  const strongest = firstLargest(effects) ?? firstLargest(slopes.map(Math.abs));
  const usual = x.length === y.length ? k : 0; // where all slopes are 0, the unit's own place
  return unravel(strongest ?? usual, layer.inputShape);
}

/** The first of the largest of numbers that are not negative; null if all are 0. */
function firstLargest(values) {
  let found = null;
  for (let k = 0; k < values.length; k++) if (values[k] > (found === null ? 0 : values[found])) found = k;
  return found;
}
