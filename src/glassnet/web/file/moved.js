// Which columns moved the answer: a bar for each, to the right where it speaks for the answer, else to the left.

import { largestOf } from "../colours.js";
import { el } from "../dom.js";
import { amountBeside } from "../numbers.js";
import { texts } from "../texts.js";

/** The list of the columns of a table, and what each does. */
export function movedList({ columns }) {
  const how = el("p", { class: "note" });
  const rows = columns.map(({ name }) => {
    const bar = el("span", { class: "bar" });
    const value = el("span", { class: "value" });
    const item = el("li", {}, el("span", { class: "name" }, name), el("span", { class: "track" }, bar), value);
    return { bar, value, item };
  });
  const list = el("ol", { class: "bars moved", "aria-label": texts.moved });
  return {
    element: el("div", {}, el("h3", {}, texts.moved), how, list),
    /** Show the effects of the columns on an answer, the largest first. */
    show(effects, answer) {
      how.textContent = texts.movedHow(answer);
      const largest = largestOf(effects);
      const order = [...effects.keys()].sort((a, b) => Math.abs(effects[b]) - Math.abs(effects[a]));
      for (const k of order) {
        const { bar, value, item } = rows[k];
        const share = largest ? (50 * Math.abs(effects[k])) / largest : 0;
        bar.style.width = `${share}%`;
        bar.style.marginInlineStart = `${effects[k] < 0 ? 50 - share : 50}%`;
        bar.classList.toggle("against", effects[k] < 0);
        value.textContent = `${effects[k] > 0 ? "+" : ""}${amountBeside(effects[k], largest)}`;
        list.append(item);
      }
    },
  };
}
