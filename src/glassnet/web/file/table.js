// The panel with the form of a table: a field for each column, as its kind wants it.

import { button, el, labelled, select } from "../dom.js";
import { newestOnly } from "../newest.js";
import { indexOfLargest } from "../numbers.js";
import { texts } from "../texts.js";
import { dateInput } from "./dates.js";
import { movedList } from "./moved.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {Element} answer what stands below the form
 * @param {object} table its columns
 */
export function inputPanel(page, answer, table) {
  const send = newestOnly(async () => {
    const answer = await page.engine.ask("row", { cells: fields.map(cellOf) });
    table.columns.forEach(({ name }, k) => fields[k].classList.toggle("far", answer.far.includes(name)));
    warning.textContent = answer.far.length ? texts.farFrom(answer.far.join(", ")) : "";
    page.answered(answer);
    page.tell("");
  }, (error) => {
    warning.textContent = "";
    page.refused(error);
  });
  const moved = movedList(table);
  const answersUnknown = table.unknown === "answer";
  const fields = table.columns.map((column) => fieldOf(column, answersUnknown, () => send()));
  const rows = table.columns.map(({ name, unit, fill }, k) => {
    const title = fill === null && !answersUnknown ? null : texts.mayBeMissing;
    return labelled(unit ? `${name} (${unit})` : name, fields[k], { title });
  });
  const warning = el("p", { class: "problem", role: "status" });
  const element = el(
    "section",
    { class: "panel drawing", "aria-labelledby": "draw" },
    el("h2", { id: "draw" }, texts.draw),
    el("p", { class: "note" }, texts.rowHow),
    el("form", { class: "columns", on: { submit: (event) => event.preventDefault() } }, ...rows),
    el("div", { class: "row" }, button(texts.averageRow, () => fill())),
    answer,
    warning,
  );
  let average = [];

  function fill() {
    fields.forEach((field, k) => (field.value = average[k]));
    send();
  }

  const showMoved = newestOnly(async () => {
    const { image, probabilities } = page.answer;
    if (!image) return;
    const { classes, outputs, probabilistic } = page.network;
    const { effects } = await page.engine.ask("moved");
    const first = classes[indexOfLargest(probabilities.values)];
    moved.show(effects, classes.length ? (probabilistic ? texts.oddsOf : texts.scoreOf)(first) : outputs[0]);
  }, page.failed);

  return {
    element,
    below: moved.element, // the answer
    refresh: showMoved,
    show() {},
    /** Fill in an average row, and ask for its answer. */
    begin(network, row) {
      average = row;
      fill();
    },
  };
}

/** What stands in a field; "?" where a browser cannot read it, and would say that nothing stands there. */
const cellOf = (field) => (field.validity.badInput ? "?" : field.value);

/** The field for the cells of a column. */
function fieldOf({ kind, categories, parts, fill }, answersUnknown, changed) {
  if (categories.length) {
    const other = answersUnknown && !categories.includes("") ? [["", texts.otherCell]] : [];
    return select([...categories.map((name) => [name, name || texts.missingCell]), ...other], changed);
  }
  const type = kind === "date" ? dateInput({ parts }) : "number";
  return el("input", { type, step: "any", required: fill === null && !answersUnknown, on: { input: changed } });
}
