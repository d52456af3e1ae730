// The page of the file: the panels that show a network, over an engine in this browser.

import { answerPanel } from "../answer.js";
import { onScheme, setScheme } from "../colours.js";
import { el, labelled, select } from "../dom.js";
import { drawingPanel } from "../drawing.js";
import { insidePanel } from "../inside.js";
import { messageBar } from "../message.js";
import { newestOnly } from "../newest.js";
import { whole } from "../numbers.js";
import { readingsList } from "../readings.js";
import { download, pngOf } from "../save.js";
import { texts } from "../texts.js";
import { wordsPanel } from "../words.js";
import { aboutPanel } from "./about.js";
import { engineOf } from "./engine.js";
import { movedList } from "./moved.js";
import { numbersPanel } from "./pasted.js";
import { picturePanel } from "./picked.js";
import { rowPanel } from "./rowform.js";
import { useTextsFor } from "./texts.js";

const REST = 50; // milliseconds without another answer, after which all else is drawn again

const given = document.getElementById("model").textContent;
const { name, takes, network: { classes }, table, page: chosen, about: facts } = JSON.parse(given);
useTextsFor(takes, !classes.length);
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
    drawing.show(answer.image, page.network.white);
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
    showMoved();
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
  tell: message.tell,
  failed: message.failed,
  try: message.try,
};

const readings = readingsList(page);
const moved = table ? movedList(table) : null;
const answers = answerPanel(page, moved?.element ?? readings.element);
const drawing = inputPanel();
const inside = insidePanel(page);
const about = aboutPanel(name, facts);

const parts = ["draw", "inside", "about", "words"].filter((id) => ["draw", "about"].includes(id) || shows(id));
const head = el(
  "header",
  {},
  el("h1", {}, chosen.title || texts.fileOf(name)),
  el("nav", { "aria-label": texts.parts }, ...parts.map((id) => el("a", { href: `#${id}` }, texts.part[id]))),
  el("div", { class: "shown" }, labelled(texts.colours, select(texts.schemes, (scheme) => setScheme(scheme)))),
  chosen.text ? el("p", { class: "task" }, chosen.text) : null,
);
const main = el(
  "main",
  { hidden: true }, // until there is something to show
  el("div", { class: "side" }, drawing.element, answers.element),
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

/** Where a person gives the network something to answer. */
function inputPanel() {
  if (takes === "table") return rowPanel(page, table, answers.status);
  if (takes === "numbers") return numbersPanel(page, answers.status);
  return takes === "image" ? picturePanel(page, answers.status) : drawingPanel(page, answers.status);
}

/** Which columns of a table moved the answer. */
const showMoved = newestOnly(async () => {
  const { image, probabilities } = page.answer;
  if (!moved || !image) return;
  const { classes, outputs } = page.network;
  const first = probabilities.values.indexOf(Math.max(...probabilities.values));
  moved.show((await engine.ask("moved")).effects, classes.length ? texts.oddsOf(classes[first]) : outputs[0]);
}, page.failed);

engine.on("welcome", ({ network, answer, average }) => {
  page.network = network;
  answers.network(network);
  about.network(texts.networkFacts(whole(network.parameters)));
  inside.reset();
  page.answered(answer);
  main.hidden = false;
  drawing.begin?.(network, average);
});
onScheme(() => page.network && readings.refresh());

/** For those who embed this file: a promise of the probabilities for one example, raw values in any nesting. */
window.glassnet = { predict: (values) => engine.ask("predict", { values }) };
