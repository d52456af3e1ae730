// Gives a number another value, to see what follows, or has its gradient checked.

import { button, el } from "./dom.js";
import { number } from "./numbers.js";
import { texts } from "./texts.js";

/** @param {object} page what the panels share; see main.js */
export function changeForm(page) {
  const which = el("select", {
    "aria-label": texts.whichNumber,
    on: { change: () => choose(offered[which.selectedIndex]) },
  });
  const value = el("input", { type: "number", step: "any", required: true, "aria-label": texts.newValue });
  const check = button(texts.checkThis, () => page.check(chosen));
  const undo = button(texts.undoChanges, () => page.undo());
  const submit = (event) => {
    event.preventDefault();
    page.change(chosen, Number(value.value));
  };
  const element = el(
    "form",
    { class: "row change", hidden: true, on: { submit } },
    el("span", {}, texts.change),
    which,
    value,
    el("button", { type: "submit" }, texts.set),
    check,
    undo,
  );
  let offered = []; // each {name, value, index}, and of a parameter {layer, parameter}
  let chosen = null;

  function choose(one) {
    if (!one) return;
    if (!offered.some(({ name }) => name === one.name)) offer([one, ...offered]);
    chosen = one;
    which.selectedIndex = offered.findIndex(({ name }) => name === one.name);
    if (document.activeElement !== value) value.value = number(one.value);
    check.hidden = !one.layer || !page.check;
    element.hidden = false;
  }

  function offer(list) {
    if (list.map(({ name }) => name).join() !== offered.map(({ name }) => name).join()) {
      which.replaceChildren(...list.map(({ name }) => el("option", {}, name)));
    }
    offered = list;
  }

  return {
    element,
    /** The number that is chosen; null at first. */
    chosen: () => chosen,
    choose(one) {
      value.blur();
      choose(one);
    },
    /** Offer these numbers; the chosen one stays chosen. */
    offer(list) {
      offer(list);
      element.hidden = !list.length;
      undo.hidden = !page.answer.changes?.length;
      choose(list.find(({ name }) => name === chosen?.name) ?? list[0]);
    },
  };
}
