// The form of a recipe: choose one by its name, or change anything in it and so build your own.

import { button, el, labelled, select, setOptions } from "./dom.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

const TEXTS = new Set(["dataset", "activation", "init", "loss", "optimizer", "penalty", "schedule"]); // fields of names
const WITH_MOMENTUM = ["SGD", "RMSProp"];
const HIDDEN_KINDS = ["Dense", "Conv2D", "MaxPool2D", "BatchNorm", "Dropout", "Flatten"]; // of those that are offered

/**
 * @param {() => void} changed is called when the values are no longer those of the training
 */
export function recipeForm(changed) {
  const recipe = select([], () => fill());
  const about = el("p", { class: "note" });
  const said = el("p", { class: "problem", role: "alert" });
  const hint = el("p", { class: "note", role: "status" });
  const hidden = hiddenLayers(() => edited(), () => HIDDEN_KINDS.filter((kind) => offered.choices.layer.includes(kind)));
  const own = (kind, props = {}) => el("input", { type: kind, on: { input: () => edited() }, ...props });
  const list = () => select([], () => edited());
  const fields = {
    dataset: list(),
    activation: list(),
    init: list(),
    loss: list(),
    optimizer: list(),
    lr: own("number", { min: "0", step: "any" }),
    momentum: own("number", { min: "0", max: "0.999", step: "any" }),
    batch_size: own("text", { size: "6" }),
    penalty: list(),
    strength: own("number", { min: "0", step: "any" }),
    dropout: own("number", { min: "0", max: "0.95", step: "0.05" }),
    schedule: list(),
    epochs: own("number", { min: "1", step: "1" }),
    seed: own("number", { min: "0", step: "1" }),
  };
  fields.optimizer.addEventListener("change", () => (fields.lr.value = offered.rates[fields.optimizer.value]));
  fields.penalty.addEventListener("change", () => (fields.strength.value = offered.strengths[fields.penalty.value] ?? ""));
  const rows = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, labelled(texts.settings[key], field, {}, termFor(key))]));
  const settings = el(
    "details",
    { class: "settings" },
    el("summary", {}, texts.build),
    hidden.element,
    el("div", { class: "fields" }, ...Object.values(rows)),
  );
  const element = el(
    "form",
    { class: "recipe", on: { submit: (event) => event.preventDefault() } },
    labelled(texts.recipe, recipe),
    about,
    settings,
    hint,
    said,
  );
  let offered = { recipes: [] };

  const chosen = () => offered.recipes.find((one) => one.name === recipe.value);

  function edited() {
    rows.strength.hidden = rows.penalty.hidden || fields.penalty.value === "none";
    rows.momentum.hidden = !WITH_MOMENTUM.includes(fields.optimizer.value);
    said.textContent = "";
    changed();
  }

  /** Fill the fields with the values of the chosen recipe, changed by others. */
  function fill(others = {}) {
    const { about: line, values: own } = chosen();
    const values = { ...own, ...others };
    about.textContent = line;
    for (const [key, field] of Object.entries(fields)) {
      rows[key].hidden = values[key] === undefined;
      field.value = values[key] ?? "";
    }
    hidden.set(values.hidden);
    edited();
  }

  return {
    element,
    /** Offer recipes and choices, as the server says them. */
    offer(given) {
      offered = given;
      setOptions(recipe, given.recipes.map((one) => [one.name, one.name]));
      const names = (list) => list.map((name) => [name, name]);
      fields.dataset.replaceChildren(...given.datasets.map(datasetOption));
      setOptions(fields.activation, names(given.choices.activation));
      setOptions(fields.init, names(given.choices.init));
      setOptions(fields.loss, names(given.choices.loss));
      setOptions(fields.optimizer, names(given.choices.optimizer));
      setOptions(fields.penalty, names(given.choices.penalty));
      setOptions(fields.schedule, names(given.choices.schedule));
      recipe.value = given.first ?? "classic";
      fill();
    },
    /** Show the values that a training was begun with. */
    show(values) {
      recipe.value = values.recipe;
      fill(values);
    },
    /** The values of the form, for the engine. */
    values() {
      const values = { recipe: recipe.value };
      for (const [key, field] of Object.entries(fields)) {
        if (!rows[key].hidden) values[key] = TEXTS.has(key) ? field.value : numberIn(field.value);
      }
      if (!hidden.element.hidden) values.hidden = hidden.get();
      return values;
    },
    /** Say what is wrong; a setting is called as in the form. */
    say: (problem) => (said.textContent = problem.replace(/^\w+(?=:)/, (key) => (key === "hidden" ? texts.hiddenLayers : texts.settings[key] ?? key))),
    note: (text) => (hint.textContent = text),
  };
}

/** The explanation of a setting, where its name is a term. */
const termFor = (key) => (texts.termOf[key] ? term(texts.termOf[key]) : null);

/** A dataset to choose; where MNIST is not at hand, the small digits stand in for it. */
function datasetOption({ name, here }) {
  const text = here ? name : name === "mnist" ? texts.smallDigits : texts.notHere(name);
  return el("option", { value: name, disabled: !here && name !== "mnist" }, text);
}

/** What a person has typed, as a number if it is one: a batch may be "full". */
function numberIn(text) {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text.trim() : Number(text);
}

/** The hidden layers, one a row: sizes of dense layers with their activation, and other layers. */
function hiddenLayers(changed, kinds) {
  const list = el("ol", { class: "hidden-layers" });
  const add = button(texts.addLayer, () => (insert(64), changed()));
  const legend = el("legend", {}, texts.hiddenLayers);
  const element = el("fieldset", { class: "hidden-layers" }, legend, list, add);
  let rows = [];

  function insert(entry) {
    const made = row(entry, kinds(), changed, () => {
      rows = rows.filter((one) => one !== made);
      made.element.remove();
      changed();
    });
    rows.push(made);
    list.append(made.element);
  }

  return {
    element,
    get: () => rows.map((one) => one.get()),
    set(entries) {
      rows = [];
      list.replaceChildren();
      element.hidden = !entries;
      for (const entry of entries ?? []) insert(entry);
    },
  };
}

function row(entry, kinds, changed, remove) {
  const table = typeof entry === "number" ? { type: "Dense", units: entry } : typeof entry === "string" ? { type: entry } : { ...entry };
  const kind = select(kinds.map((name) => [name, texts.kinds[name]]), () => (settings(), changed()), { "aria-label": texts.kindOfLayer });
  const inputs = el("span", {});
  const known = { Dense: ["units"], Conv2D: ["filters", "kernel_size"], Dropout: ["rate"] };
  const starts = { units: 64, filters: 8, kernel_size: 3, rate: 0.2 };
  if (!kinds.includes(table.type)) kind.append(el("option", { value: table.type }, table.type));
  kind.value = table.type;
  let fields = {};

  function settings() {
    fields = {};
    for (const key of known[kind.value] ?? []) {
      fields[key] = el("input", { type: "number", step: "any", value: table[key] ?? starts[key], "aria-label": texts.layerSettings[key], on: { input: changed } });
    }
    inputs.replaceChildren(
      ...Object.entries(fields).map(([key, field]) => el("label", {}, field, ` ${texts.layerSettings[key]} `)),
    );
  }

  settings();
  return {
    element: el("li", {}, kind, inputs, button("×", remove, { class: "link", "aria-label": texts.removeLayer })),
    get() {
      const values = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, Number(field.value)]));
      if (kind.value === "Dense" && typeof entry !== "object") return values.units;
      const kept = kind.value === table.type ? table : { type: kind.value };
      const result = { ...kept, ...values };
      return Object.keys(result).length === 1 && typeof entry === "string" ? result.type : result;
    },
  };
}
