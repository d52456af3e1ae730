// The panel that trains: choose a recipe or build one, go on, step by step, back, and to any step taken.

import { charts } from "./charts.js";
import { button, el } from "./dom.js";
import { filters } from "./filters.js";
import { recipeForm } from "./form.js";
import { newestOnly } from "./newest.js";
import { number, percent, whole } from "./numbers.js";
import { saveRow } from "./save.js";
import { shareRow } from "./share.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

const BEGINS = ["train", "step", "epoch"]; // what begins a new training where the settings are new

/** @param {object} page what the panels share; see main.js */
export function trainingPanel(page) {
  const form = recipeForm(() => edited());
  const used = el("p", { class: "note", role: "status" }); // what is in use instead of the form
  const other = button(texts.otherSettings, () => offerForms(true));
  let second = null; // the form of a second training, once one was wanted
  const both = el("input", { type: "checkbox", on: { change: () => (offerSecond(both.checked ? form.values() : null), edited()) } });
  const beside = el("fieldset", { class: "beside", hidden: true });
  const train = button(texts.train, () => move(running() ? "pause" : "train"), { class: "main" });
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
  const share = shareRow(page);
  const forms = el("div", { class: "forms" }, form.element, el("label", { class: "tick" }, both, texts.compareWith), beside);
  const watch = el("div", { class: "watch" }, where, progress.element); // what an experiment borrows
  const home = el("div", {}, watch);
  const element = el(
    "section",
    { class: "panel training", "aria-labelledby": "training" },
    el("h2", { id: "training" }, texts.trainTitle),
    el("p", { class: "note" }, texts.trainHow),
    el("div", { class: "row" }, used, other),
    forms,
    el("div", { class: "row controls" }, train, step, back, epoch, start),
    el("div", { class: "slider" }, el("span", {}, texts.stepsTaken), place, slider),
    ...[home, note, problem],
    el("p", { class: "prints" }, `${texts.fingerprint} `, term("fingerprint"), " ", print),
    ...[share.agreement, first.element, save.element, share.element],
  );
  const states = [{}, {}]; // of the two trainings; empty where there is none
  let offered = null; // what forms offer
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

  const here = () => states.filter((one) => one.recipe); // those that were begun
  const running = () => here().some((one) => one.running);
  const furthest = () => Math.max(0, ...here().map((one) => one.furthest));

  /** The settings are others now than those of the training. */
  function edited() {
    begun = false;
    const [first] = here();
    if (first) form.note(texts.newTraining(first.variant ?? first.recipe, whole(first.position)));
    enable();
  }

  /** Show the forms, or what is in use instead of them; then an experiment may show how its trainings go. */
  function offerForms(wanted, { what = "", host = home } = {}) {
    forms.hidden = !wanted;
    used.textContent = what;
    other.hidden = wanted;
    if (watch.parentElement !== host) host.append(watch);
  }

  /** Offer the settings of the second training, or take them away. */
  function offerSecond(values) {
    beside.hidden = !values;
    both.checked = Boolean(values);
    if (!values) {
      beside.replaceChildren();
      return;
    }
    if (!second) {
      second = recipeForm(() => edited());
      second.offer(offered);
    }
    beside.replaceChildren(el("legend", {}, texts.secondTraining), second.element);
    second.show(values);
  }

  async function begin() {
    form.note("");
    const values = { values: form.values(), ...(both.checked ? { other: second.values() } : {}) };
    begun = await tried(() => page.engine.ask("begin", values), form.say);
    if (!begun) return false;
    page.own();
    offerForms(true);
    await page.showTraining({ anew: true });
    return true;
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
      const within = Math.min(Math.max(position, 0), furthest());
      place.textContent = texts.ofSteps(whole(within), whole(furthest()));
      await page.engine.ask("go", { position: within });
    },
    (error) => {
      wanted = null;
      problem.textContent = error.message;
    },
  );

  /** A state of the k-th training; with `all` it says all, else what is new; with `look` it is drawn too. */
  function update(k, now, all, look) {
    states[k] = now;
    progress.collect(k, now, all);
    enable();
    if (!look) return;
    const begun = here();
    progress.show(begun);
    if (!begun.length) return;
    const position = Math.max(...begun.map((one) => one.position));
    const steps = texts.ofSteps(whole(position), whole(furthest()));
    slider.max = String(furthest());
    if (wanted === position) wanted = null;
    if (wanted === null) slider.value = String(position);
    slider.setAttribute("aria-valuetext", steps);
    place.textContent = steps;
    for (const one of [where, print]) one.setAttribute("aria-live", running() ? "off" : "polite");
    page.quiet(running());
    const said = (text) => begun.map((one, k) => [one, text(one, k)]).filter(([, line]) => line);
    const lines = (text) => said(text).map(([one, line], k) => el("span", {}, begun.length > 1 ? texts.ofTraining(texts.nameOf(one, k), line) : line));
    where.replaceChildren(...lines((one, k) => whereText(one, progress.lastRecord(k, one))));
    print.replaceChildren(...lines((one) => one.fingerprint ?? texts.whileRunning));
    const expected = (one) => one.variant && (one.finished || one.diverged); // an experiment says itself what is wrong
    problem.replaceChildren(...lines((one) => (expected(one) ? null : one.problem)));
    note.replaceChildren(...lines((one) => one.note));
  }

  function enable() {
    const some = here();
    const over = begun && some.every((one) => one.finished) && !running();
    train.textContent = running() ? texts.pause : texts.train;
    back.disabled = start.disabled = some.every((one) => one.position === 0) || running();
    train.disabled = step.disabled = epoch.disabled = over;
    slider.disabled = !furthest();
    save.enable(some.length > 0);
    share.enable(some.length > 0);
    share.agree(some.map((one, k) => [some.length > 1 ? texts.nameOf(one, k) : "", one.shared]));
  }

  enable();
  offerForms(true);
  return {
    element,
    update,
    refresh: () => first.refresh(here().length > 0),
    offer(given) {
      offered = given;
      form.offer(given);
    },
    /** The trainings that were begun. */
    here,
    /** Something else begins than what the form says: `what` says what; `host` shows how it goes. */
    inUse(what, host) {
      offerForms(false, { what, host });
      form.note("");
      begun = true;
      enable();
    },
    /** The values of the forms that trainings were begun with. */
    began(values) {
      offerForms(true);
      if (values) form.show(values[0]);
      offerSecond(values?.[1]);
      form.note("");
      begun = true;
      enable();
    },
    /** A page that comes back: the trainings that its session has, and the values of the forms that they began with. */
    resume(now, values) {
      if (values) form.show(values[0]);
      offerSecond(values?.[1]);
      begun = Boolean(now[0].recipe);
      now.forEach((one, k) => update(k, one, true, true));
    },
  };
}

function whereText(now, lastRecord) {
  if (now.place) return texts.waits(now.place);
  if (now.busy && !now.furthest) return texts.starting;
  const parts = [texts.stepOf(whole(now.position), whole(now.batches * now.epochs)), texts.epochOf(whole(now.epoch), whole(now.epochs))];
  if (now.loss !== null) parts.push(texts.lossNow(number(now.loss)));
  if (lastRecord?.validation_accuracy !== undefined) parts.push(texts.validationNow(percent(lastRecord.validation_accuracy), whole(lastRecord.epoch)));
  if (now.finished) parts.push(texts.finished);
  return parts.join(" · ");
}
