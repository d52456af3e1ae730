// The panel that trains: choose a recipe or build one, go on, step by step, back, and to any step taken.

import { button, el } from "./dom.js";
import { curves } from "./curves.js";
import { recipeForm } from "./form.js";
import { number, percent, whole } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";
import { part } from "./inside.js";

/** @param {object} page what the panels share; see main.js */
export function trainingPanel(page) {
  const form = recipeForm(() => {
    values = null;
    if (state?.recipe) form.note(texts.newTraining);
    enable();
  });
  const train = button(texts.train, () => move(state?.running ? "pause" : "train"), { class: "main" });
  const buttons = {
    step: button(texts.step, () => move("step")),
    back: button(texts.stepBack, () => move("back")),
    epoch: button(texts.epoch, () => move("epoch")),
    start: button(texts.backToTheStart, () => move("start")),
  };
  const slider = el("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": texts.stepsTaken, on: { input: () => slide() } });
  const place = el("output", { class: "place" });
  const where = el("p", { class: "where", role: "status", "aria-label": texts.whereTraining });
  const problem = el("p", { class: "problem", role: "alert" });
  const note = el("p", { class: "note" });
  const prints = el("output", { class: "fingerprint", role: "status", "aria-label": texts.fingerprint });
  const loss = curves(texts.lossByStep, { x: texts.steps, go: (step) => go(step) });
  const accuracy = curves(texts.accuracyByEpoch, { x: texts.epochs, share: true });
  const digits = el("ol", { class: "bars digits", "aria-label": texts.byDigit });
  const byDigit = el("figure", {}, el("figcaption", {}, texts.byDigit), digits);
  const plots = el("div", { class: "plots", hidden: true }, loss.element, accuracy.element, byDigit);
  const first = el("div", { class: "units" });
  const firstTitle = el("h3", {});
  const saved = el("p", { class: "note", role: "status" });
  const save = el(
    "div",
    { class: "row" },
    button(texts.saveModel, () => saveModel()),
    button(texts.saveRun, () => saveRun()),
    button(texts.savePicture, () => page.savePicture(element)),
  );
  const element = el(
    "section",
    { class: "panel training", "aria-labelledby": "training" },
    el("h2", { id: "training" }, texts.trainTitle),
    el("p", { class: "note" }, texts.trainHow),
    form.element,
    el("div", { class: "row controls" }, train, buttons.step, buttons.back, buttons.epoch, buttons.start),
    el("div", { class: "slider" }, el("span", {}, texts.stepsTaken), place, slider),
    where,
    note,
    problem,
    el("p", { class: "prints" }, `${texts.fingerprint} `, prints),
    plots,
    firstTitle,
    first,
    save,
    saved,
  );

  let state = null;
  let values = null; // the settings of the training that runs; null: none was begun with what the form says
  let points = []; // [step, loss]
  let records = []; // of epochs
  const units = [];

  async function begin(chosen) {
    values = null;
    points = [];
    records = [];
    form.say("");
    form.note("");
    try {
      await page.engine.ask("begin", { values: chosen });
      values = chosen;
      await page.showTraining();
    } catch (error) {
      form.say(error.message);
      throw error;
    }
  }

  async function move(by) {
    problem.textContent = "";
    try {
      if (!values) await begin(form.values());
    } catch {
      return; // the form says why
    }
    try {
      await page.engine.ask("move", { by });
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  let sliding = null;
  async function slide() {
    place.textContent = texts.ofSteps(whole(Number(slider.value)), whole(Number(slider.max)));
    const idle = sliding === null;
    sliding = Number(slider.value);
    while (idle && sliding !== null) {
      const to = sliding;
      await go(to);
      if (sliding === to) sliding = null;
    }
  }

  async function go(position) {
    try {
      await page.engine.ask("go", { position });
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  /** A state of the training; with `all` it says all, else what is new. */
  function update(now, all) {
    state = now;
    if (all) [points, records] = [[], []];
    enable();
    if (!now.recipe) return;
    collect(now);
    plots.hidden = false;
    slider.max = String(now.furthest);
    if (sliding === null) slider.value = String(now.position);
    slider.setAttribute("aria-valuetext", texts.ofSteps(whole(now.position), whole(now.furthest)));
    place.textContent = texts.ofSteps(whole(now.position), whole(now.furthest));
    where.textContent = whereText(now);
    problem.textContent = now.problem ?? "";
    note.textContent = now.note ?? "";
    prints.textContent = now.fingerprint ?? texts.whileRunning;
    loss.show([{ name: texts.loss, points }], { now: now.position, begin: 0 });
    const line = (key, name) => ({ name, points: records.filter((r) => r[key] !== undefined).map((r) => [r.epoch, r[key]]) });
    const lines = [line("training_accuracy", texts.onTraining), line("validation_accuracy", texts.onValidation)];
    accuracy.show(lines.filter((one) => one.points.length));
    if (now.accuracy) showDigits(now.classes, now.accuracy);
  }

  /** Add what is new in a state to what was seen before. */
  function collect(now) {
    points = points.filter(([at]) => at <= now.furthest);
    records = records.filter((record) => record.epoch * now.batches <= now.furthest);
    const { steps, losses } = now.curve;
    for (let k = 0; k < steps.values.length; k++) points.push([steps.values[k], losses.values[k]]);
    records.push(...now.records);
  }

  function whereText(now) {
    if (now.place) return texts.waits(now.place);
    if (now.busy && !now.furthest) return texts.starting;
    const parts = [texts.stepOf(whole(now.position), whole(now.batches * now.epochs)), texts.epochOf(now.epoch, now.epochs)];
    if (now.loss !== null && now.loss !== undefined) parts.push(texts.lossNow(number(now.loss)));
    const last = records.findLast((record) => record.epoch * now.batches <= now.position);
    if (last?.validation_accuracy !== undefined) parts.push(texts.validationNow(percent(last.validation_accuracy)));
    if (now.finished) parts.push(texts.finished);
    return parts.join(" · ");
  }

  function enable() {
    const at = state?.position ?? 0;
    train.textContent = state?.running ? texts.pause : texts.train;
    buttons.back.disabled = buttons.start.disabled = at === 0 || Boolean(state?.running);
    train.disabled = buttons.step.disabled = buttons.epoch.disabled = Boolean(values && state?.finished && !state.running);
    slider.disabled = !state?.furthest;
    for (const one of save.children) one.disabled = !state?.recipe;
  }

  function showDigits(classes, { right, total }) {
    digits.replaceChildren(
      ...classes.map((name, k) => {
        const bar = el("span", { class: "bar" });
        bar.style.width = `${total[k] ? (100 * right[k]) / total[k] : 0}%`;
        const share = total[k] ? percent(right[k] / total[k]) : "–";
        return el("li", {}, el("span", { class: "name" }, name), el("span", { class: "track" }, bar), el("span", { class: "value" }, share));
      }),
    );
  }

  /** Show what each unit of the first layer with weights looks for. */
  async function showFirst() {
    const layer = page.network.layers.find((one) => Object.keys(one.parameters).includes("W"));
    if (!layer) return;
    const { weights, units: all } = await page.engine.ask("weights", { layer: layer.name, count: 48 });
    firstTitle.textContent = texts.firstWeights(layer.name, Math.min(48, all), all);
    const images = weights.shape.length >= 3 ? weights : { shape: [1, ...weights.shape], values: weights.values };
    while (units.length < images.shape[0]) {
      const k = units.length;
      units.push(
        picture(texts.weightsOfUnit(k), {
          scale: false,
          name: (index) => texts.weightFrom(index),
          open: () => page.open({ layer: layer.name, index: page.middle(layer, k) }),
        }),
      );
      first.append(units[k].element);
    }
    units.forEach((one, k) => one.show(k < images.shape[0] ? part(images, k) : null));
  }

  const saveModel = () =>
    page.try(async () => {
      const { model } = await page.engine.ask("save", { what: "model" });
      page.download(new Blob([model.values]), "glassnet-model.safetensors");
      saved.textContent = texts.savedModel;
    });

  const saveRun = () =>
    page.try(async () => {
      saved.textContent = texts.saving;
      try {
        saved.textContent = texts.savedRun((await page.engine.ask("save", { what: "run" })).folder);
      } finally {
        if (saved.textContent === texts.saving) saved.textContent = "";
      }
    });

  enable();
  return {
    element,
    update,
    refresh: showFirst,
    offer(offered) {
      form.offer(offered);
    },
    /** A page that comes back: the training that its session has. */
    resume(now) {
      if (now.recipe) values = form.values();
      update(now, true);
    },
  };
}
