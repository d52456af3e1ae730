// The page of the file: the panels that show a network, over an engine in this browser. What the network takes decides
// which module makes the input panel: writing.js, image.js, table.js or numbers.js stands in the place of the first.

import { answerPanel } from "../answer.js";
import { onScheme, setScheme } from "../colours.js";
import { el, labelled, select } from "../dom.js";
import { insidePanel } from "../inside.js";
import { messageBar } from "../message.js";
import { whole } from "../numbers.js";
import { readingsList } from "../readings.js";
import { download, pngOf } from "../save.js";
import { texts } from "../texts.js";
import { wordsPanel } from "../words.js";
import { aboutPanel } from "./about.js";
import { engineOf } from "./engine.js";
import { useTextsFor } from "./texts.js";
import { inputPanel } from "./writing.js";

const REST = 50; // milliseconds without another answer, after which all else is drawn again

const given = document.getElementById("model").textContent;
const { name, takes, network: { classes }, table, page: chosen, about: facts } = JSON.parse(given);
const hasPixels = ["writing", "image"].includes(takes);
useTextsFor(takes, !classes.length, hasPixels ? {} : { pixel: ([k]) => table?.inputs[k] ?? texts.input(k) });
const engine = engineOf(document.getElementById("worker").textContent, { model: given }, {});

const message = messageBar();
const shows = (panel) => chosen.panels.includes(panel);

/** What the panels share. `network` are the facts of the network, `answer` is what it said last. */
const page = {
  engine,
  network: null,
  answer: { image: null },
  label: null, // the right digit, once chosen
  drawing: false, // whether the pen is on the paper
  later: 0, // the timer of a refresh

  /** The network has answered. */
  answered(answer) {
    if (!answer.image) page.label = null;
    page.answer = answer;
    answers.answer(answer, page.network, page.label);
    input.show(answer.image, page.network.white);
    page.rest();
  },
  /** The answer follows the stroke; all else is drawn again when the pen rests. */
  rest() {
    clearTimeout(page.later);
    if (!page.drawing) page.later = setTimeout(page.refresh, REST);
  },
  /** Draw again what depends on image and label. */
  refresh() {
    readings.refresh();
    inside.refresh();
    input.refresh?.();
  },
  /** The right digit. */
  choose(label) {
    page.label = label;
    answers.answer(page.answer, page.network, label);
    page.refresh();
  },
  /** Ask the engine for something that changes the answer. */
  act: (ask, fields) => page.try(async () => page.answered(await engine.ask(ask, fields))),
  change: ({ layer, parameter, index }, value) => page.act("change", { layer, parameter, index, value }),
  undo: () => page.act("undo"),
  open: shows("inside") ? (one) => inside.open(one) : null,
  savePicture: (element) => page.try(async () => download(await pngOf(element), `${name}.png`)),
  /** What was given has no answer: the one before is no longer shown. */
  async refused(error) {
    page.answered(await engine.ask("clear"));
    page.failed(error);
  },
  tell: message.tell,
  failed: message.failed,
  try: message.try,
};

const readings = readingsList(page);
const below = el("div", {}, readings.element);
const answers = answerPanel(page, below);
const input = inputPanel(page, answers.status, table);
if (input.below) below.append(input.below, el("p", { class: "note" }, facts.join(" ")));
const inside = insidePanel(page);
const about = aboutPanel(name, facts);

const parts = ["draw", "inside", "about", "words"].filter((id) => ["draw", "about"].includes(id) || shows(id));
const head = el(
  "header",
  {},
  el("h1", {}, chosen.title || texts.fileOf(name)),
  el("nav", { "aria-label": texts.parts }, ...parts.map((id) => el("a", { href: `#${id}` }, texts.part[id]))),
  el("div", { class: "shown" }, labelled(texts.colours, select(texts.schemes, (scheme) => setScheme(scheme)))),
  el("p", { class: "task" }, chosen.text || texts.intro),
);
const main = el(
  "main",
  { hidden: true }, // until there is something to show
  el("div", { class: "side" }, input.element, answers.element),
  el("div", { class: "wide" }, shows("inside") ? inside.element : null, about.element, shows("words") ? wordsPanel() : null),
);
document.documentElement.lang = texts.language;
new ResizeObserver(() => document.body.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head);
document.body.append(
  el("a", { class: "skip", href: "#draw" }, texts.skip),
  head,
  el("div", { class: "messages" }, message.element),
  main,
);

engine.on("welcome", ({ problem, network, answer, average }) => {
  if (problem) {
    message.tell(problem);
    return;
  }
  page.network = network;
  answers.network(network);
  about.network(texts.networkFacts(whole(network.parameters)));
  inside.reset();
  page.answered(answer);
  main.hidden = false;
  input.begin?.(network, average);
});
onScheme(() => page.network && readings.refresh());

/** For those who embed this file: a promise of the probabilities for one example, raw values in any nesting. */
window.glassnet = { predict: (values) => engine.ask("predict", { values }) };
