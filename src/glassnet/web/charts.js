// How a training goes: the loss of each step, the accuracy by epoch, and the accuracy by digit.

import { bars } from "./bars.js";
import { curves } from "./curves.js";
import { el } from "./dom.js";
import { percent } from "./numbers.js";
import { texts } from "./texts.js";

const MOST = 4000; // points kept of the loss; of a longer training every second, every fourth, ... is

/** @param {(step: number) => void} go is called with the step that a person points at */
export function charts(go) {
  const loss = curves(texts.lossByStep, { x: texts.steps, go });
  const accuracy = curves(texts.accuracyByEpoch, { x: texts.epochs, share: true });
  const digits = bars(texts.byDigit, "digits");
  const byDigit = el("figure", {}, el("figcaption", {}, texts.byDigit), digits.element);
  const element = el("div", { class: "plots", hidden: true }, loss.element, accuracy.element, byDigit);
  let points = []; // [step, loss]
  let records = []; // of epochs

  /** Add what is new in a state to what was seen before, and forget what lies beyond the furthest step. */
  function collect({ curve: { steps, losses }, records: more, furthest, batches }) {
    points = points.filter(([step]) => step <= furthest);
    records = records.filter((record) => record.epoch * batches <= furthest);
    for (let k = 0; k < steps.values.length; k++) points.push([steps.values[k], losses.values[k]]);
    records.push(...more);
    while (points.length > MOST) points = points.filter((_, k) => k % 2 === 1 || k === points.length - 1);
  }

  function line(key, name) {
    return { name, points: records.filter((record) => record[key] !== undefined).map((record) => [record.epoch, record[key]]) };
  }

  return {
    element,
    /** The record of the last epoch that ended before this place. */
    lastRecord: ({ position, batches }) => records.findLast((record) => record.epoch * batches <= position),
    /** A state of the training; with `all` it says all, else what is new; with `look` it is drawn. */
    update(state, all, look) {
      if (all) [points, records] = [[], []];
      element.hidden = !state.recipe;
      if (!state.recipe) return;
      collect(state);
      if (!look) return;
      loss.show([{ name: texts.loss, points }], { now: state.position, begin: 0 });
      const lines = [line("training_accuracy", texts.onTraining), line("validation_accuracy", texts.onValidation)];
      accuracy.show(lines.filter((one) => one.points.length));
      if (!state.accuracy) return;
      const { right, total } = state.accuracy;
      const shares = right.map((count, k) => count / (total[k] || 1));
      digits.offer(state.classes);
      digits.show(shares, (k) => (total[k] ? percent(shares[k]) : texts.noNumber));
    },
  };
}
