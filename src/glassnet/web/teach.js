// The panel that teaches a network the hand of a person: digits with their labels, learned beside the dataset.

import { button, el, labelled, select, setOptions } from "./dom.js";
import { percent, whole } from "./numbers.js";
import { picture } from "./picture.js";
import { download } from "./save.js";
import { texts } from "./texts.js";

const FILE = "digits.csv";

/** @param {object} page what the panels share; see main.js */
export function teachPanel(page) {
  const label = select([], () => {});
  const keep = button(texts.keep, () =>
    page.try(async () => {
      if (label.value === "") throw new Error(texts.whichDigit);
      await page.settled();
      show((await page.engine.ask("keep", { label: Number(label.value) })).digits);
      page.clear();
    }),
  );
  const counts = el("p", { class: "note", role: "status", "aria-label": texts.keptDigits });
  const list = el("ul", { class: "kept-digits", "aria-label": texts.keptDigits });
  const teach = button(texts.teach, () => begin(), { class: "main" });
  const save = button(texts.saveDigits, () =>
    page.try(async () => {
      const { file } = await page.engine.ask("digits");
      download(new Blob([file.values]), FILE);
      saved.textContent = texts.savedDigits(FILE);
    }),
  );
  const saved = el("p", { class: "note", role: "status" });
  const said = el("p", { class: "note", role: "status", "aria-label": texts.whatWasLearned });
  const rows = el("tbody", {});
  const table = el(
    "table",
    { class: "numbers", hidden: true },
    el("caption", {}, texts.whatWasLearned),
    el("thead", {}, el("tr", {}, ...[texts.learnedOf, texts.before, texts.after].map((name) => el("th", { scope: "col" }, name)))),
    rows,
  );
  const element = el(
    "section",
    { class: "panel teach", "aria-labelledby": "teach" },
    el("h2", { id: "teach" }, texts.teachTitle),
    el("p", { class: "note" }, texts.teachHow),
    el("div", { class: "row" }, labelled(texts.itIs, label), keep),
    counts,
    list,
    el("div", { class: "row" }, teach, save),
    ...[saved, said, table],
  );
  let classes = [];
  let measured = null; // where the training stood when its answers were counted

  function show(digits) {
    list.replaceChildren(...digits.map((digit, k) => thumbnail(digit, k)));
    const out = digits.filter((digit) => digit.held_out).length;
    counts.textContent = digits.length ? texts.kept(digits.length, digits.length - out, out) : texts.noneKept;
    teach.disabled = digits.length === out;
    save.disabled = !digits.length;
  }

  function thumbnail({ image, label: digit, held_out: out }, k) {
    const seen = picture(texts.keptAs(classes[digit]), { kind: "ink", scale: false, name: texts.pixel });
    seen.show(image, page.network.white);
    const remove = button("×", () => page.try(async () => show((await page.engine.ask("drop", { number: k })).digits)), {
      class: "link",
      "aria-label": texts.removeDigit(classes[digit]),
    });
    return el("li", { class: out ? "held-out" : "" }, seen.element, el("span", {}, out ? texts.heldOut(classes[digit]) : classes[digit]), remove);
  }

  function begin() {
    table.hidden = true;
    measured = null;
    return page.try(async () => {
      await page.engine.ask("teach");
      page.taught();
      await page.showTraining({ anew: true });
      await page.engine.ask("move", { by: "train" });
    });
  }

  return {
    element,
    network(given) {
      if (String(given.classes) === String(classes)) return;
      classes = given.classes;
      setOptions(label, [["", texts.whichOne], ...classes.map((name, k) => [String(k), name])]);
    },
    /** The person has said which digit the drawing is. */
    labelled: (digit) => (label.value = String(digit)),
    show,
    /** The state of the training: when it is over, what was learned and what was forgotten is counted. */
    async update(state) {
      if (!state?.taught || state.running || !state.finished || measured === state.fingerprint) return;
      measured = state.fingerprint;
      said.textContent = texts.counting;
      try {
        const { rows: all } = await page.engine.ask("learned");
        const shares = ({ count, right, refused }) => right.map((many, k) => texts.rightOf(percent(many / count), whole(many), whole(count), refused[k]));
        rows.replaceChildren(
          ...all.map((row) => el("tr", {}, el("th", { scope: "row" }, texts.learnedRows[row.of](state.dataset)), ...shares(row).map((text) => el("td", {}, text)))),
        );
        table.hidden = false;
        said.textContent = "";
      } catch (error) {
        said.textContent = error.message;
      }
    },
  };
}
