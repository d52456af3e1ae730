// The panel that trains: choose a recipe or build one, go on, step by step, back, and to any step taken.

import { charts } from "./charts.js";
import { button, el } from "./dom.js";
import { filters } from "./filters.js";
import { recipeForm } from "./form.js";
import { newestOnly } from "./newest.js";
import { number, percent, whole } from "./numbers.js";
import { saveRow } from "./save.js";
import { texts } from "./texts.js";

const BEGINS = ["train", "step", "epoch"]; // what begins a new training where the settings are new

/** @param {object} page what the panels share; see main.js */
export function trainingPanel(page) {
  const form = recipeForm(() => {
    begun = false;
    if (state.recipe) form.note(texts.newTraining(state.recipe, whole(state.position)));
    enable();
  });
  const train = button(texts.train, () => move(state.running ? "pause" : "train"), { class: "main" });
  const step = button(texts.step, () => move("step"));
  const back = button(texts.stepBack, () => move("back"));
  const epoch = button(texts.epoch, () => move("epoch"));
  const start = button(texts.backToTheStart, () => move("start"));
  const slider = el("input", {
    type: "range",
    ...{ min: "0", max: "0", value: "0", "aria-label": texts.stepsTaken },
    on: { input: () => go((wanted = Number(slider.value))) },
  });
  const place = el("span", { class: "place" });
  const where = el("p", { class: "where", role: "status", "aria-label": texts.whereTraining });
  const note = el("p", { class: "note" });
  const problem = el("p", { class: "problem", role: "alert" });
  const print = el("output", { class: "fingerprint", role: "status", "aria-label": texts.fingerprint });
  const progress = charts((at) => go(at));
  const first = filters(page);
  const save = saveRow(page, () => element);
  const element = el(
    "section",
    { class: "panel training", "aria-labelledby": "training" },
    el("h2", { id: "training" }, texts.trainTitle),
    el("p", { class: "note" }, texts.trainHow),
    form.element,
    el("div", { class: "row controls" }, train, step, back, epoch, start),
    el("div", { class: "slider" }, el("span", {}, texts.stepsTaken), place, slider),
    ...[where, note, problem],
    el("p", { class: "prints" }, `${texts.fingerprint} `, print),
    ...[progress.element, first.element, save.element],
  );
  let state = {};
  let wanted = null; // the step that the slider was moved to, until the training is there
  let begun = false; // whether the training is the one that the form says

  /** Do what the person wants, and say what is wrong where they look. */
  async function tried(work, say) {
    say("");
    try {
      await work();
      return true;
    } catch (error) {
      say(error.message);
      return false;
    }
  }

  async function begin() {
    form.note("");
    begun = await tried(() => page.engine.ask("begin", { values: form.values() }), form.say);
    if (begun) await page.showTraining({ anew: true });
    return begun;
  }

  async function move(by) {
    wanted = null;
    const anew = !begun && BEGINS.includes(by); // pausing and going back are for the training that there is
    if (anew && !(await begin())) return;
    await page.showTraining();
    await tried(() => page.engine.ask("move", { by }), (text) => (problem.textContent = text));
  }

  const go = newestOnly(
    async (position) => {
      const within = Math.min(Math.max(position, 0), state.furthest ?? 0);
      place.textContent = texts.ofSteps(whole(within), whole(state.furthest ?? 0));
      await page.engine.ask("go", { position: within });
    },
    (error) => {
      wanted = null;
      problem.textContent = error.message;
    },
  );

  /** A state of the training; with `all` it says all, else what is new; with `look` it is drawn too. */
  function update(now, all, look) {
    state = now;
    progress.update(now, all, look);
    if (!look) return;
    enable();
    if (!now.recipe) return;
    const steps = texts.ofSteps(whole(now.position), whole(now.furthest));
    slider.max = String(now.furthest);
    if (wanted === now.position) wanted = null;
    if (wanted === null) slider.value = String(now.position);
    slider.setAttribute("aria-valuetext", steps);
    place.textContent = steps;
    for (const one of [where, print]) one.setAttribute("aria-live", now.running ? "off" : "polite");
    page.quiet(now.running);
    where.textContent = whereText(now, progress.lastRecord(now));
    problem.textContent = now.problem ?? "";
    note.textContent = now.note ?? "";
    print.textContent = now.fingerprint ?? texts.whileRunning;
  }

  function enable() {
    const { position = 0, running = false, finished = false } = state;
    const over = begun && finished && !running;
    train.textContent = running ? texts.pause : texts.train;
    back.disabled = start.disabled = position === 0 || running;
    train.disabled = step.disabled = epoch.disabled = over;
    slider.disabled = !state.furthest;
    save.enable(Boolean(state.recipe));
  }

  enable();
  return {
    element,
    update,
    refresh: first.refresh,
    offer: form.offer,
    /** A page that comes back: the training that its session has, and the values of the form that it was begun with. */
    resume(now, values) {
      if (values) form.show(values);
      begun = Boolean(now.recipe);
      update(now, true, true);
    },
  };
}

function whereText(now, lastRecord) {
  if (now.place) return texts.waits(now.place);
  if (now.busy && !now.furthest) return texts.starting;
  const parts = [texts.stepOf(whole(now.position), whole(now.batches * now.epochs)), texts.epochOf(whole(now.epoch), whole(now.epochs))];
  if (now.loss !== null) parts.push(texts.lossNow(number(now.loss)));
  if (lastRecord?.validation_accuracy !== undefined) parts.push(texts.validationNow(percent(lastRecord.validation_accuracy)));
  if (now.finished) parts.push(texts.finished);
  return parts.join(" · ");
}
