// The panel with the form of a table: a field for each column, as its kind wants it.

import { button, el, labelled, select } from "../dom.js";
import { newestOnly } from "../newest.js";
import { texts } from "../texts.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {object} table its columns
 * @param {Element} answer what stands below the form
 */
export function rowPanel(page, table, answer) {
  const send = newestOnly(async () => {
    page.answered(await page.engine.ask("row", { cells: fields.map((field) => field.value) }));
    page.tell("");
  }, page.failed);
  const fields = table.columns.map((column) => fieldOf(column, () => send()));
  const rows = table.columns.map(({ name, unit, fill }, k) => labelled(unit ? `${name} (${unit})` : name, fields[k], { title: fill === null ? null : texts.mayBeMissing }));
  const element = el(
    "section",
    { class: "panel drawing", "aria-labelledby": "draw" },
    el("h2", { id: "draw" }, texts.draw),
    el("p", { class: "note" }, texts.rowHow),
    el("form", { class: "columns", on: { submit: (event) => event.preventDefault() } }, ...rows),
    el("div", { class: "row" }, button(texts.averageRow, () => fill())),
    answer,
  );
  let average = [];

  function fill() {
    fields.forEach((field, k) => (field.value = average[k]));
    send();
  }

  return {
    element,
    show() {},
    /** Fill in an average row, and ask for its answer. */
    begin(network, row) {
      average = row;
      fill();
    },
  };
}

/** The field for the cells of a column. */
function fieldOf({ kind, categories, parts, fill }, changed) {
  if (categories.length) return select(categories.map((name) => [name, name || texts.missingCell]), changed);
  const type = kind === "date" ? (parts.includes("hour") ? "datetime-local" : "date") : "number";
  return el("input", { type, step: "any", required: fill === null, on: { input: changed } });
}
