// The panel for a network that takes bare numbers: they are pasted or typed.

import { el } from "../dom.js";
import { newestOnly } from "../newest.js";
import { Problem } from "../reading/problem.js";
import { texts } from "../texts.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {Element} answer what stands below
 */
export function inputPanel(page, answer) {
  const send = newestOnly(async () => {
    const written = field.value.split(/[\s,;]+/).filter(Boolean);
    const wrong = written.find((text) => !Number.isFinite(Number(text)));
    if (wrong !== undefined) throw new Problem(texts.noNumberIn(wrong.slice(0, 40)));
    const values = written.map(Number);
    page.answered(await page.engine.ask("numbers", { values }));
    page.tell("");
  }, page.refused);
  const field = el("textarea", { rows: "6", "aria-label": texts.draw, on: { input: () => send() } });
  const how = el("p", { class: "note" });
  const element = el(
    "section",
    { class: "panel drawing", "aria-labelledby": "draw" },
    el("h2", { id: "draw" }, texts.draw),
    how,
    field,
    answer,
  );
  return {
    element,
    show() {},
    /** Say how many numbers the network takes, and ask for the answer to zeros. */
    begin({ input }) {
      const count = input.reduce((product, side) => product * side, 1);
      how.textContent = texts.numbersHow(count);
      field.value = Array(count).fill(0).join(", ");
      send();
    },
  };
}
