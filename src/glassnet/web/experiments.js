// The panel of experiments: choose one, run it, and see whether it shows what it promises.

import { button, el, labelled, select, setOptions } from "./dom.js";
import { number, percent } from "./numbers.js";
import { texts } from "./texts.js";
import { courseLink } from "./words.js";

const SHARES = ["training_accuracy", "validation_accuracy"]; // values that are shares from 0 to 1

/** @param {object} page what the panels share; see main.js */
export function experimentsPanel(page) {
  const list = select([], () => show());
  const question = el("p", { class: "question" });
  const watch = el("p", {});
  const said = el("p", { class: "problem", role: "alert" });
  const run = button(texts.runExperiment, () => perform(), { class: "main" });
  const came = el("ul", { class: "came" });
  const results = el("div", { role: "status", "aria-label": texts.whatCame }, came);
  const answer = el("div", {});
  const unfold = el("details", {}, el("summary", {}, texts.itsAnswer), answer);
  const card = el("div", { class: "card" }, question, watch, el("div", { class: "row" }, run), said, results, unfold);
  const element = el(
    "section",
    { class: "panel experiments", "aria-labelledby": "experiments" },
    el("h2", { id: "experiments" }, texts.experimentsTitle),
    el("p", { class: "note" }, texts.experimentsHow),
    labelled(texts.experiment, list),
    card,
  );
  let offered = [];
  let running = null; // the name of the one whose trainings these are

  const chosen = () => offered.find((one) => one.name === list.value);

  function show() {
    const one = chosen();
    card.hidden = !one;
    unfold.open = false;
    said.textContent = "";
    came.replaceChildren();
    if (!one) return;
    question.textContent = one.question;
    watch.textContent = texts.watchFor(one.watch);
    const parts = one.answer.trim().split("\n\n").map((part) => el("p", {}, part));
    answer.replaceChildren(...parts, ...[courseLink(one.course)].filter(Boolean));
  }

  /** Begin the trainings of the chosen experiment, and let them train. */
  async function perform() {
    said.textContent = "";
    came.replaceChildren();
    const one = chosen();
    try {
      await page.engine.ask("perform", { experiment: one.name });
      running = one.name;
      page.performs(one);
      await page.showTraining({ anew: true });
      await page.engine.ask("move", { by: "train" });
    } catch (error) {
      said.textContent = error.message;
    }
  }

  return {
    element,
    offer(given, now) {
      offered = given;
      setOptions(list, [["", texts.noExperiment], ...given.map((one) => [one.name, one.title])]);
      running = now;
      list.value = now ?? "";
      show();
    },
    /** Show an experiment whose trainings have begun. */
    began(name) {
      list.value = name;
      show();
      running = name;
      page.performs(chosen());
    },
    /** How many there are, and the place of the chosen one, from 0; -1 if none is. */
    count: () => offered.length,
    place: () => offered.indexOf(chosen()),
    perform,
    unfold: () => (unfold.open = true),
    /** Choose an experiment by its place in the list, from 0. */
    choose(k) {
      list.value = offered[k]?.name ?? "";
      show();
    },
    /** States of its trainings: what came of each promise, once they are over. */
    update(states) {
      if (running !== list.value || !running) return;
      const promised = states.filter((state) => state.over).flatMap((state) => state.promises.map((one) => [state.variant, one]));
      came.replaceChildren(...promised.map(([variant, one]) => el("li", { class: one.holds ? "kept" : "refused" }, sentence(variant, one))));
    },
  };
}

/** What an experiment promised of a training, and what came. */
function sentence(variant, { value, at_least: least, at_most: most, came, holds }) {
  if (value === "diverged") return texts.cameOf(variant, came ? texts.diverged : texts.notDiverged, holds);
  const written = (amount) => (SHARES.includes(value) ? percent(amount) : number(amount));
  const bounds = texts.bounds(least === null ? null : written(least), most === null ? null : written(most));
  return texts.cameOf(variant, `${texts.values[value]} ${came === null ? texts.noNumber : written(came)}`, holds, bounds);
}
