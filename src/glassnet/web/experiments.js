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
  const watch = el("p", { class: "watch-for" });
  const said = el("p", { class: "problem", role: "alert" });
  const run = button(texts.runExperiment, () => perform(), { class: "main" });
  const goes = el("div", {}); // how its trainings go
  const came = el("ul", { class: "came" });
  const results = el("div", { role: "status", "aria-label": texts.whatCame }, came);
  const answer = el("div", {});
  const unfold = el("details", { on: { toggle: () => card.classList.toggle("answered", unfold.open) } }, el("summary", {}, texts.itsAnswer), answer);
  const card = el("div", { class: "card" }, question, watch, el("div", { class: "row" }, run), said, goes, results, unfold);
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
  let states = []; // of its trainings
  let beginning = false;

  const chosen = () => offered.find((one) => one.name === list.value);

  function show() {
    const one = chosen();
    card.hidden = !one;
    unfold.open = false;
    said.textContent = "";
    goes.hidden = list.value !== running;
    tell();
    if (!one) return;
    question.textContent = one.question;
    watch.textContent = texts.watchFor(one.watch);
    const parts = one.answer.trim().split("\n\n").map((part) => el("p", {}, part));
    answer.replaceChildren(...parts, ...[courseLink(one.course)].filter(Boolean));
  }

  /** Begin the trainings of the chosen experiment, and let them train. */
  async function perform() {
    said.textContent = "";
    const one = chosen();
    beginning = true;
    try {
      await page.engine.ask("perform", { experiment: one.name });
      begin(one);
      const shown = page.showTraining({ anew: true });
      await page.engine.ask("move", { by: "train" });
      await shown;
    } catch (error) {
      said.textContent = error.message;
    } finally {
      beginning = false;
    }
  }

  /** Its trainings have begun. */
  function begin(one) {
    running = one.name;
    states = [];
    goes.hidden = false;
    page.performs(one, goes);
    tell();
  }

  /** What came of the trainings that are over; whether that was expected stands there once the answer is open. */
  function tell() {
    const over = running && running === list.value ? states.filter((state) => state.over) : [];
    const promised = over.flatMap((state) => state.promises.map((one) => [state.variant, one]));
    const notes = new Set(over.map((state) => state.note).filter(Boolean));
    came.replaceChildren(
      ...promised.map(([variant, one]) => line(variant, one)),
      ...[...notes].map((note) => el("li", { class: "note" }, `${note}. ${texts.otherData}`)),
    );
  }

  return {
    element,
    offer(given) {
      offered = given;
      setOptions(list, [["", texts.noExperiment], ...given.map((one) => [one.name, one.title])]);
      show();
    },
    /** Show an experiment whose trainings have begun. */
    began(name) {
      list.value = name;
      show();
      begin(chosen());
    },
    /** Another training has begun: it is none of an experiment. */
    ended() {
      running = null;
      goes.hidden = true;
      tell();
    },
    title: () => chosen()?.title,
    /** Choose the one so many places further in the list; the first if none is chosen. */
    choose(further) {
      const place = offered.indexOf(chosen());
      list.value = offered[place < 0 ? 0 : (place + further + offered.length) % offered.length]?.name ?? "";
      show();
    },
    perform,
    /** Whether the trainings of the chosen one go on, and whether they are over. */
    trains: () => beginning || (list.value === running && states.some((state) => state.running)),
    over: () => list.value === running && states.length > 0 && states.every((state) => state.over),
    unfold: (open) => (unfold.open = open),
    /** States of its trainings. */
    update(given) {
      states = given.filter((state) => state.variant);
      tell();
    },
  };
}

/** What came of what an experiment promised of a training. */
function line(variant, { value, at_least: least, at_most: most, came, holds }) {
  const written = (amount) => (SHARES.includes(value) ? percent(amount) : number(amount));
  const divergence = value === "diverged";
  const bounds = divergence ? "" : texts.bounds(least === null ? null : written(least), most === null ? null : written(most));
  const measured = divergence
    ? came ? texts.diverged : texts.notDiverged
    : `${texts.values[value]} ${came === null ? texts.noNumber : written(came)}`;
  return el("li", {}, texts.cameOf(variant, measured), el("span", { class: holds ? "kept" : "refused" }, texts.expected(holds, bounds)));
}
