// Two trainings side by side: what each says of the drawing, its first weights, and the settings that differ.

import { bars } from "./bars.js";
import { largestOf } from "./colours.js";
import { el } from "./dom.js";
import { part } from "./layout.js";
import { newestOnly } from "./newest.js";
import { ends, percent } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";

/** @param {object} page what the panels share; see main.js */
export function comparePanel(page) {
  const sides = [side(0), side(1)];
  const start = el("p", { class: "note" });
  const rows = el("tbody", {});
  const head = el("tr", {});
  const table = el("table", { class: "numbers" }, el("caption", {}, texts.settingsThatDiffer), el("thead", {}, head), rows);
  const element = el(
    "section",
    { class: "panel compare", "aria-labelledby": "compare", hidden: true },
    el("h2", { id: "compare" }, texts.compareTitle),
    start,
    el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": texts.settingsThatDiffer }, table),
    el("div", { class: "two" }, ...sides.map((one) => one.element)),
    el("p", { class: "note" }, texts.oneScale),
  );

  const refresh = newestOnly(async () => {
    const names = page.trainings().map((state, k) => texts.nameOf(state, k));
    element.hidden = names.length < 2;
    if (element.hidden) return;
    let said;
    try {
      said = await page.engine.ask("compare");
    } catch {
      element.hidden = true; // the second training has ended since: its state is on the way
      return;
    }
    const { settings, same_start: same, answers, weights } = said;
    start.textContent = same ? texts.sameStart : texts.otherStart;
    head.replaceChildren(...[texts.setting, ...names].map((name) => el("th", { scope: "col" }, name)));
    rows.replaceChildren(
      ...settings.map(([key, ...both]) => el("tr", {}, el("th", { scope: "row" }, key), ...both.map((value) => el("td", {}, value || texts.noNumber)))),
    );
    const largest = Math.max(...weights.map((one) => (one ? largestOf(one.values) : 0))); // one scale for both
    sides.forEach((one, k) => one.show(names[k], page.trainings()[k], answers[k], weights[k], largest));
  }, page.failed);

  return { element, refresh };
}

/** One of the two. */
function side(k) {
  const title = el("h3", {});
  const said = el("p", {});
  const outputs = bars(texts.probabilities);
  const list = el("div", { class: "units" });
  const range = el("p", { class: "note" });
  const pictures = [];
  return {
    element: el("div", { class: "side-by-side" }, title, said, outputs.element, list, range),
    show(name, { classes, accuracy }, answer, weights, largest) {
      const values = answer?.probabilities?.values;
      const [first] = values ? [...values.keys()].sort((a, b) => values[b] - values[a]) : [];
      const share = accuracy && accuracy.right.reduce((a, b) => a + b) / (accuracy.total.reduce((a, b) => a + b) || 1);
      title.textContent = name;
      said.textContent = texts.sideSays(values ? classes[first] : null, share === null ? null : percent(share));
      outputs.offer(classes);
      outputs.show(values, (j) => percent(values[j]), { first });
      const count = weights ? weights.shape[0] : 0;
      while (pictures.length < count) {
        const one = picture(texts.weightsOf(pictures.length, k), { scale: false, name: texts.weightOf });
        pictures.push(one);
        list.append(one.element);
      }
      range.textContent = weights ? texts.weightsRange(...ends(weights.values)) : "";
      pictures.forEach((one, j) => one.show(j < count ? part(weights, j) : null, largest));
    },
  };
}
