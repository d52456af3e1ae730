// The timeline of a training: where it is, and the way back to every step that it has taken.
//
// Every random number follows from the seed and the number of the step. So going back to a step is an earlier state, a
// snapshot, and the steps from there taken once more. Snapshots grow rarer with their distance from where one is.

import { measure } from "./trainer.js";

const MEMORY = 64 * 2 ** 20; // bytes of all snapshots
const MOST = 256; // snapshots
const MOST_LOSSES = 50_000; // kept; of a longer training every second, every fourth, ... is

/**
 * @param {object} network   @param {object} trainer of it   @param {object} plan
 * @param {object} validation the images to measure with   @param {number} classes how many there are
 */
export function timelineOf(network, trainer, plan, validation, classes) {
  const snapshots = new Map();
  const records = []; // of epochs; they stay when the training is taken back
  let losses = []; // of the steps stride, 2 stride, ...
  let stride = 1;
  const prints = { 0: fingerprintOf(network) };
  const bytes = () => snapshots.size * network.theta.byteLength * (1 + Object.keys(trainer.state.optimizer).length);
  const last = trainer.batches * plan.epochs;
  const now = { furthest: 0, loss: null, firstLoss: null, diverged: false };
  const position = () => trainer.state.position;

  function keep() {
    snapshots.set(position(), trainer.copy());
    while (snapshots.size > 2 && (snapshots.size > MOST || bytes() > MEMORY)) snapshots.delete(dearest());
  }

  /** The snapshot whose loss hurts least: it leaves the smallest gap, measured by its distance from here. */
  function dearest() {
    const kept = [...snapshots.keys()].sort((a, b) => a - b);
    const harm = (k) => ((kept[k + 1] ?? kept[k] + 1) - kept[k - 1]) / (1 + Math.abs(kept[k] - position()));
    let best = 1; // the start is always kept
    for (let k = 2; k < kept.length; k++) if (harm(k) < harm(best)) best = k;
    return kept[best];
  }

  /** Take one step, and keep what it gave if this place is new; whether its numbers are finite. */
  function advance() {
    now.loss = trainer.step();
    if (!Number.isFinite(now.loss) || !network.theta.every(Number.isFinite)) return false;
    if (position() % trainer.batches === 0) endEpoch(position() / trainer.batches);
    if (position() > now.furthest) {
      now.furthest = position();
      note(now.loss);
      now.firstLoss ??= now.loss;
    }
    if ((position() & (position() - 1)) === 0) prints[position()] = fingerprintOf(network);
    return true;
  }

  function note(loss) {
    if (now.furthest % stride === 0) losses.push(loss);
    if (losses.length > MOST_LOSSES) [losses, stride] = [losses.filter((_, k) => k % 2 === 1), 2 * stride];
  }

  function endEpoch(epoch) {
    if (epoch <= records.length) return;
    const { loss, accuracy } = measure(network, validation, classes);
    const { lossSum, right } = trainer.state;
    records.push({
      epoch,
      training_loss: lossSum / trainer.count,
      training_accuracy: right / trainer.count,
      validation_loss: loss,
      validation_accuracy: accuracy,
    });
  }

  /** Go to a place from the nearest snapshot before it; the last step is taken anew, for its loss and its gradient. */
  function replay(goal) {
    const nearest = Math.max(...[...snapshots.keys()].filter((place) => place < goal || place === 0));
    trainer.restore(snapshots.get(nearest));
    while (position() < goal) {
      advance();
      const behind = goal - position() - 1;
      if (behind > 0 && (behind & (behind - 1)) === 0 && !snapshots.has(position())) keep();
    }
    if (goal === 0) now.loss = null;
  }

  keep();
  return {
    now,
    records,
    prints,
    /** The steps behind this one, and their losses. */
    curve(behind) {
      const first = Math.floor(behind / stride);
      const kept = losses.slice(first);
      return { steps: kept.map((_, k) => (first + k + 1) * stride), losses: kept };
    },
    position,
    last,
    finished: () => position() >= last,
    fingerprint: () => fingerprintOf(network),
    /** Take the next step; where its numbers are not finite, stay at the step before. */
    step() {
      const place = position();
      now.diverged = !advance();
      if (now.diverged) {
        now.furthest = place;
        losses.length = Math.min(losses.length, Math.floor(place / stride));
        replay(place);
      } else keep();
    },
    /** Go to a place that was reached before. */
    go(place) {
      now.diverged = false;
      if (place !== position()) replay(Math.min(Math.max(place, 0), now.furthest));
    },
  };
}

/** 16 hexadecimal digits that tell whether two networks have the same bits: two FNV-1a sums of theta. */
export function fingerprintOf({ theta }) {
  const words = new Uint32Array(theta.buffer, theta.byteOffset, theta.length);
  return [0x811c9dc5, 0x01000193]
    .map((sum) => {
      for (const word of words) sum = Math.imul(sum ^ word ^ (word >>> 15), 0x01000193);
      return (sum >>> 0).toString(16).padStart(8, "0");
    })
    .join("");
}
