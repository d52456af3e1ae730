// How trainings go: the loss of each step, accuracy by epoch, and accuracy by digit; of two, the loss by epoch.

import { bars } from "./bars.js";
import { curves } from "./curves.js";
import { el } from "./dom.js";
import { percent } from "./numbers.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

const MOST = 4000; // points kept of the loss; of a longer training every second, every fourth, ... is

/** @param {(step: number) => void} go is called with the step that a person points at */
export function charts(go) {
  const loss = curves(texts.lossByStep, { x: texts.steps, go, powers: true }, term("loss"));
  const accuracy = curves(texts.accuracyByEpoch, { x: texts.epochs, share: true }, term("accuracy"));
  const byEpoch = curves(texts.lossByEpoch, { x: texts.epochs, powers: true }, term("loss"));
  const digits = bars(texts.byDigit, "digits");
  const byDigit = el("figure", {}, el("figcaption", {}, texts.byDigit), digits.element);
  const element = el("div", { class: "plots", hidden: true }, loss.element, accuracy.element, byEpoch.element, byDigit);
  const seen = [recorded(), recorded()]; // of each training

  return {
    element,
    /** The record of the last epoch of a training that ended before this place. */
    lastRecord: (k, { position, batches }) => seen[k].records.filter((record) => record.epoch * batches <= position).at(-1),
    /** A state of the k-th training; with `all` it says all, else what is new. */
    collect: (k, state, all) => seen[k].collect(state, all),
    /** Draw the trainings that there are; of two, each line bears the name of its training. */
    show(states) {
      element.hidden = !states.length;
      if (!states.length) return;
      const two = states.length > 1;
      const name = (k, of) => (two ? texts.of(of, texts.nameOf(states[k], k)) : of);
      loss.show(
        states.map((state, k) => ({ name: two ? texts.nameOf(state, k) : texts.loss, points: seen[k].points })),
        { now: Math.max(...states.map((state) => state.position)), begin: 0 },
      );
      const lines = (value) =>
        states
          .flatMap((_, k) => [
            { name: name(k, texts.onTraining), points: seen[k].line(`training_${value}`), colour: k, dotted: true },
            { name: name(k, texts.onValidation), points: seen[k].line(`validation_${value}`), colour: k },
          ])
          .filter((one) => one.points.length);
      accuracy.show(lines("accuracy"), { begin: 0 });
      byEpoch.element.hidden = !two;
      byDigit.hidden = two;
      if (two) byEpoch.show(lines("loss"), { begin: 0 });
      if (two || !states[0].accuracy) return;
      const { right, total } = states[0].accuracy;
      const shares = right.map((count, k) => count / (total[k] || 1));
      digits.offer(states[0].classes);
      digits.show(shares, (k) => (total[k] ? percent(shares[k]) : texts.noNumber));
    },
  };
}

/** What was seen of one training. */
function recorded() {
  const own = {
    points: [], // [step, loss]
    records: [], // of epochs
    /** Add what is new in a state to what was seen before, and forget what lies beyond the furthest step. */
    collect(state, all) {
      if (all) [own.points, own.records] = [[], []];
      if (!state.recipe) return;
      const { curve, records, furthest, batches } = state;
      own.points = own.points.filter(([step]) => step <= furthest);
      own.records = own.records.filter((record) => record.epoch * batches <= furthest);
      for (let k = 0; k < curve.steps.values.length; k++) own.points.push([curve.steps.values[k], curve.losses.values[k]]);
      own.records.push(...records);
      while (own.points.length > MOST) own.points = own.points.filter((_, k) => k % 2 === 1 || k === own.points.length - 1);
    },
    line: (key) => own.records.filter((record) => record[key] !== undefined).map((record) => [record.epoch, record[key]]),
  };
  return own;
}
