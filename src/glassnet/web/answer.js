// The panel with the answer: the 28x28 pixels that the network sees, the probability of each digit, or why it refuses.

import { el, labelled, setOptions } from "./dom.js";
import { percent } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";

/** @param {object} page what the panels share; see main.js */
export function answerPanel(page) {
  const status = el("output", { class: "said", role: "status", "aria-label": texts.answer });
  const note = el("p", { class: "note" });
  const seen = picture(texts.seen, {
    kind: "ink",
    scale: false,
    name: texts.pixel,
    open: (index) => page.open({ layer: "input", index }),
  });
  const nothing = el("p", { class: "hint" }, texts.nothingSeen);
  const bars = el("ol", { class: "bars", "aria-label": texts.probabilities });
  const target = el("select", {
    on: { change: () => page.choose(target.value === "" ? null : Number(target.value)) },
  });
  const undo = el("button", { type: "button", hidden: true, on: { click: () => page.undo() } }, texts.undoChanges);
  const changes = el("p", { class: "note" });
  const element = el(
    "section",
    { class: "panel answer", "aria-labelledby": "answer" },
    el("h2", { id: "answer" }, texts.theAnswer),
    status,
    el(
      "div",
      { class: "seen-and-said" },
      el("div", { class: "seen" }, el("h3", {}, texts.seen), seen.element, nothing),
      el("div", {}, el("h3", {}, texts.probabilities), bars),
    ),
    labelled(texts.rightDigit, target),
    note,
    changes,
    undo,
  );
  let rows = [];

  function network(facts) {
    rows = facts.classes.map((name) => {
      const bar = el("span", { class: "bar" });
      const value = el("span", { class: "value" });
      return { bar, value, item: el("li", {}, el("span", { class: "name" }, name), el("span", { class: "track" }, bar), value) };
    });
    bars.replaceChildren(...rows.map((row) => row.item));
    setOptions(target, [["", texts.noLabel], ...facts.classes.map((name, k) => [String(k), name])]);
  }

  function answer(said, facts, label) {
    const p = said.probabilities?.values;
    seen.show(said.image ?? null, facts.white);
    nothing.hidden = Boolean(said.image);
    target.value = label === null ? "" : String(label);
    const order = p ? [...p.keys()].sort((a, b) => p[b] - p[a]) : [];
    rows.forEach((row, k) => {
      row.bar.style.width = p ? `${100 * p[k]}%` : "0";
      row.value.textContent = p ? percent(p[k]) : "";
      row.item.classList.toggle("first", k === order[0] && !said.problem);
      row.item.classList.toggle("right", k === label);
    });
    const [first, second] = order;
    status.classList.toggle("refused", Boolean(said.problem));
    if (said.problem) status.textContent = said.problem;
    else if (!p) status.textContent = texts.noAnswer;
    else {
      status.replaceChildren(
        el("strong", {}, facts.classes[first]),
        ` ${percent(p[first])}`,
        el("span", { class: "runner-up" }, texts.runnerUp(facts.classes[second], percent(p[second]))),
      );
    }
    note.textContent = facts.can_refuse ? texts.refusesBy : texts.cannotRefuse;
    changes.textContent = (said.changes ?? []).join("; ");
    undo.hidden = !(said.changes ?? []).length;
  }

  return { element, network, answer };
}
