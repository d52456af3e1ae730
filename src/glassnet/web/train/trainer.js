// A training that takes a step when it is asked: batches of examples in a random order, gradients, and an optimizer.

import { lossBack, lossOf, predict } from "../nn/loss.js";
import { gradientsInto, logits, parametersOf, passBack, passForward } from "../nn/network.js";
import { startOf, update } from "../nn/optimizers.js";
import { DROPOUT, ORDER, randomOf } from "../nn/random.js";
import { indexOfLargest } from "../numbers.js";

/**
 * @param {object} network whose arrays are parts of the vector `theta`
 * @param {{images: Float32Array[], labels: ArrayLike<number>}} data to learn from
 * @param {object} plan {optimizer, batchSize, epochs, seed, shuffle}; a batch may be "full"
 * @param {(epoch: number) => ArrayLike<number>} [orderOf] the order of the examples in an epoch, counted from 1
 */
export function trainerOf(network, data, plan, orderOf = (epoch) => orderIn(plan, epoch, data.labels.length)) {
  const count = data.labels.length;
  const size = plan.batchSize === "full" ? count : Math.min(plan.batchSize, count);
  const batches = Math.ceil(count / size);
  const { theta } = network;
  const grad = new Float64Array(theta.length);
  const gradients = network.layers.map((layer) => partsOf(layer, grad));
  const lowest = network.layers.findIndex((layer) => parametersOf(layer).length); // below it no gradient is needed
  const state = { position: 0, optimizer: startOf(plan.optimizer, theta.length), lossSum: 0, right: 0 };
  let order = { epoch: 0, rows: [] };

  /** The rows of the next batch. */
  function nextBatch() {
    const epoch = Math.floor(state.position / batches) + 1;
    if (order.epoch !== epoch) order = { epoch, rows: orderOf(epoch) };
    const k = state.position % batches; // batches are about as large, as in Python
    return order.rows.slice(Math.floor((count * k) / batches), Math.floor((count * (k + 1)) / batches));
  }

  /** Add the gradients of the loss of one example; return its loss, and whether it was right. */
  function learn(row, share, random) {
    const [outputs, masks] = forwardInTraining(network, data.images[row], random);
    const z = outputs[outputs.length - 1];
    const p = predict(network.loss, z);
    const label = data.labels[row];
    let dy = lossBack(network.loss, p, label).map((d) => d * share);
    for (let k = network.layers.length - 1; k >= lowest; k--) {
      const layer = network.layers[k];
      gradientsInto(layer, outputs[k], dy, gradients[k]);
      if (k > lowest) dy = masks[k] ? dy.map((d, j) => d * masks[k][j]) : passBack(layer, outputs[k], outputs[k + 1], dy);
    }
    return [lossOf(network.loss, z, p, label), indexOfLargest(z) === label];
  }

  return {
    batches,
    count,
    state,
    /** The gradient that the last step followed, laid out as theta. */
    grad,
    /** Take the next step; return the mean loss of its batch, before it. */
    step() {
      if (state.position % batches === 0) [state.lossSum, state.right] = [0, 0];
      const rows = nextBatch();
      const random = randomOf(plan.seed, DROPOUT, state.position);
      grad.fill(0);
      let lost = 0;
      for (const row of rows) {
        const [loss, isRight] = learn(row, 1 / rows.length, random);
        lost += loss;
        state.right += isRight;
      }
      state.lossSum += lost;
      update(plan.optimizer, theta, grad, state.optimizer, state.position);
      state.position += 1;
      return lost / rows.length;
    },
    /** All that another step follows from. */
    copy: () => ({ ...state, theta: theta.slice(), optimizer: mapped(state.optimizer, (vector) => vector.slice()) }),
    /** Go back to a state. */
    restore({ theta: kept, optimizer, ...rest }) {
      theta.set(kept);
      for (const [name, vector] of Object.entries(optimizer)) state.optimizer[name].set(vector);
      Object.assign(state, rest);
    },
  };
}

const mapped = (object, make) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, make(value)]));

function orderIn({ seed, shuffle = true }, epoch, count) {
  return shuffle ? randomOf(seed, ORDER, epoch).order(count) : Int32Array.from({ length: count }, (_, k) => k);
}

/** The part of a flat vector that belongs to each parameter of a layer. */
export function partsOf(layer, vector) {
  return mapped(layer.places, ([start, stop]) => vector.subarray(start, stop));
}

/** All outputs of the network in training, and the masks of its dropout layers by their place. */
function forwardInTraining(network, x, random) {
  const [outputs, masks] = [[x], []];
  network.layers.forEach((layer, k) => {
    const rate = layer.kind === "Dropout" ? layer.settings.rate : 0;
    if (rate) masks[k] = outputs[k].map(() => (random.uniform() < rate ? 0 : 1 / (1 - rate)));
    outputs.push(rate ? outputs[k].map((value, j) => value * masks[k][j]) : passForward(layer, outputs[k]));
  });
  return [outputs, masks];
}

/** The mean loss over examples, the share that is right, and the number of right ones and of all by class. */
export function measure(network, { images, labels }, classes) {
  const [right, total] = [Array(classes).fill(0), Array(classes).fill(0)];
  let lost = 0;
  images.forEach((image, row) => {
    const z = logits(network, image);
    lost += lossOf(network.loss, z, predict(network.loss, z), labels[row]);
    total[labels[row]] += 1;
    right[labels[row]] += indexOfLargest(z) === labels[row];
  });
  const sum = (counts) => counts.reduce((all, one) => all + one, 0);
  return { loss: lost / images.length, accuracy: sum(right) / sum(total), right, total };
}
