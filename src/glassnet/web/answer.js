// The panel with the answer: the image that the network sees, the probability of each digit, or why it refuses.

import { bars } from "./bars.js";
import { el, labelled, setOptions } from "./dom.js";
import { rankingOf } from "./model/ranking.js";
import { amount, number, percent } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {Element} readings what stands under the answer
 */
export function answerPanel(page, readings) {
  const status = el("output", { class: "said", role: "status", "aria-label": texts.answer });
  const note = el("p", { class: "note" });
  const seen = picture(texts.seen, {
    kind: "ink",
    scale: false,
    name: texts.pixel,
    open: page.open && ((index) => page.open({ layer: "input", index })),
  });
  const nothing = el("p", { class: "hint" }, texts.nothingSeen);
  const title = el("h3", {});
  const outputs = bars(texts.outputs);
  const target = el("select", {
    on: { change: () => page.choose(target.value === "" ? null : Number(target.value)) },
  });
  const right = labelled(texts.rightDigit, target);
  const seenBox = el("div", { class: "seen" }, el("h3", {}, texts.seen), seen.element, nothing);
  const byClass = el("div", {}, el("div", { class: "titled" }, title, term("probability")), outputs.element);
  const undo = el("button", { type: "button", hidden: true, on: { click: () => page.undo() } }, texts.undoChanges);
  const changes = el("p", { class: "note" });
  const element = el(
    "section",
    { class: "panel answer", "aria-labelledby": "answer" },
    el("h2", { id: "answer" }, texts.theAnswer),
    right,
    el("div", { class: "seen-and-said" }, seenBox, byClass),
    readings,
    note,
    changes,
    undo,
  );

  let refuses = false;

  /** What a network says that predicts numbers. */
  function numbersSaid(names, values) {
    return names.map((name, k) => el("span", { class: "predicted" }, `${name} `, el("strong", {}, amount(values[k]))));
  }

  function network({ classes, picture: shape, probabilistic, can_refuse: canRefuse }) {
    right.hidden = byClass.hidden = !classes.length; // it predicts numbers, not classes
    seenBox.hidden = !shape;
    title.textContent = probabilistic ? texts.probabilities : texts.outputs;
    outputs.offer(classes);
    setOptions(target, [["", texts.noLabel], ...classes.map((name, k) => [String(k), name])]);
    refuses = canRefuse;
  }

  /** From which probability on a class is said, if a threshold was chosen. */
  function decided(decision, classes) {
    if (!decision) return "";
    return texts.decides(classes[decision.label], decision.threshold > 1 ? null : percent(decision.threshold));
  }

  function answer(said, { classes, outputs: names, picture: shape, probabilistic, white, decision }, label) {
    const values = said.probabilities?.values;
    const written = probabilistic ? percent : number;
    const [first, second] = values ? rankingOf(values, decision) : [];
    seen.show(shape ? said.image : null, white);
    nothing.hidden = Boolean(said.image);
    target.value = label === null ? "" : String(label);
    outputs.show(values, (k) => written(values[k]), { first: said.problem ? -1 : first, right: label });
    const refused = refuses && said.problem && values;
    note.textContent = `${refuses ? texts.refusesBy : texts.cannotRefuse} ${refused ? texts.addUp : ""}`;
    const numbers = said.image ? null : said.numbers;
    status.classList.toggle("refused", Boolean(numbers ? numbers.problem : said.problem));
    if (numbers) {
      const { text, probability, problem, unknown } = numbers;
      status.replaceChildren(el("strong", {}, text), texts.severalDigits(percent(probability), problem, unknown));
    } else if (said.problem) status.textContent = said.problem;
    else if (!values) status.textContent = texts.noAnswer;
    else if (!classes.length) status.replaceChildren(...numbersSaid(names, values));
    else {
      status.replaceChildren(
        el("strong", {}, classes[first]),
        ` ${written(values[first])}`,
        el(
          "span",
          { class: "runner-up" },
          texts.runnerUp(classes[second], written(values[second])),
          decided(decision, classes),
        ),
      );
    }
    changes.textContent = said.changes?.length ? texts.forLooking(said.changes.join("; ")) : "";
    undo.hidden = !(said.changes ?? []).length;
  }

  return {
    element,
    status,
    network,
    answer,
    /** While a training runs the answer changes all the time: too often to be said aloud. */
    quiet: (running) => status.setAttribute("aria-live", running ? "off" : "polite"),
  };
}
