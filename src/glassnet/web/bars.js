// Bars, one for each class: its name, a share as a bar, and the value in words.

import { el } from "./dom.js";

const LONGEST = 14; // letters of a name on one line
const LETTER = 0.55; // rem: the width of one

/**
 * @param {string} label what the bars show, for those who cannot see them
 * @param {string} [kind] a class for the list
 */
export function bars(label, kind = "") {
  const element = el("ol", { class: `bars ${kind}`, "aria-label": label });
  let rows = [];
  let offered = "";
  return {
    element,
    /** Make a bar for each class, if they are others than before. */
    offer(classes) {
      if (String(classes) === offered) return;
      offered = String(classes);
      element.style.setProperty("--names", `${LETTER * Math.min(LONGEST, Math.max(...classes.map((name) => name.length)))}rem`);
      rows = classes.map((name) => {
        const bar = el("span", { class: "bar" });
        const value = el("span", { class: "value" });
        const track = el("span", { class: "track" }, bar);
        return { bar, value, item: el("li", {}, el("span", { class: "name" }, name), track, value) };
      });
      element.replaceChildren(...rows.map((row) => row.item));
    },
    /** Show a share from 0 to 1 and a text for each class; `marks` are classes of a row by its number. */
    show(shares, textOf, marks = {}) {
      rows.forEach((row, k) => {
        const share = shares ? Math.min(1, Math.max(0, shares[k])) : 0;
        row.bar.style.width = `${100 * share}%`;
        row.value.textContent = shares ? textOf(k) : "";
        for (const [name, marked] of Object.entries(marks)) row.item.classList.toggle(name, k === marked);
      });
    },
  };
}
