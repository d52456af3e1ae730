// The page: puts the panels together, and holds what they share.

import { answerPanel } from "./answer.js";
import { checkPanel } from "./check.js";
import { comparePanel } from "./compare.js";
import { onScheme } from "./colours.js";
import { el, labelled, select, setOptions } from "./dom.js";
import { drawingPanel } from "./drawing.js";
import { engine } from "./engine.js";
import { experimentsPanel } from "./experiments.js";
import { insidePanel } from "./inside.js";
import { keep, kept } from "./kept.js";
import { messageBar } from "./message.js";
import { newestOnly } from "./newest.js";
import { whole } from "./numbers.js";
import { projector } from "./projector.js";
import { readingsList } from "./readings.js";
import { download, pngOf } from "./save.js";
import { teachPanel } from "./teach.js";
import { texts } from "./texts.js";
import { trainingPanel } from "./training.js";
import { allTexts } from "./trainingtexts.js";
import { linkCourse, wordsPanel } from "./words.js";

const BREATH = 24; // between two looks at a training that runs pass so many times what a look takes: else it would be slowed down
const REST = 50; // milliseconds without another answer, after which all else is drawn again
const FOLLOWED = "glassnet link"; // the key of the link that was followed in the tab's storage
const PARTS = ["draw", "inside", "experiments", "training", "teach", "check", "about", "words"];
const IN_TRAINING = ["training", "other training"]; // the server's names for the networks in training

const message = messageBar();

/** What the panels share. `network` are the facts of the one shown, `answer` is what it said last. */
const page = {
  engine,
  network: null,
  answer: { image: null },
  label: null, // the right digit, once chosen or known
  truth: null, // of the example that is shown
  drawing: false, // whether the pen is on the paper
  later: 0, // the timer of a refresh
  nextLook: 0, // when a training that runs may be drawn again

  /** The network has answered. */
  answered(answer) {
    const truth = answer.truth ?? null;
    if (truth !== null) page.label = truth;
    else if (page.truth !== null || !answer.image) page.label = null; // it was that of another image
    page.answer = answer;
    page.truth = truth;
    answers.answer(answer, page.network, page.label);
    drawing.show(answer.image, page.network.white);
    page.rest();
  },
  /** The answer follows the stroke; all else is drawn again when the pen rests. */
  rest() {
    clearTimeout(page.later);
    if (!page.drawing) page.later = setTimeout(page.refresh, REST);
  },
  /** Draw again what depends on network, image and label. */
  refresh() {
    readings.refresh();
    inside.refresh();
    check.refresh();
    compare.refresh();
  },
  /** The right digit. */
  choose(label) {
    page.label = label;
    if (label !== null) teach?.labelled(label);
    answers.answer(page.answer, page.network, label);
    page.refresh();
  },
  /** Ask the engine for something that changes the answer. */
  act: (name, fields) => page.try(async () => page.answered(await page.engine.ask(name, fields))),
  example(label) {
    drawing.clear({ silent: true });
    drawing.send(() => engine.ask("example", { label }));
  },
  change: ({ layer, parameter, index }, value) =>
    page.act("change", layer ? { layer, parameter, index, value } : { index, value }),
  undo: () => page.act("undo"),
  /** Show the network in training, if it is not shown already. */
  showTraining: ({ anew = false } = {}) =>
    anew || !page.inTraining() ? steady(() => show(IN_TRAINING[0])) : undefined,
  trainings: () => training.here(),
  inTraining: () => IN_TRAINING.includes(page.network.name),
  showsOther: () => page.network.name === IN_TRAINING[1],
  /** When the drawing was answered as it is now. */
  settled: () => drawing.answered(),
  /** Empty the drawing. */
  clear: () => drawing.clear(),
  /** An experiment is performed, and shows in this element how it goes. */
  performs: (experiment, host) => training.inUse(texts.experimentInUse(experiment.title), host),
  /** Own digits are learned now. */
  taught() {
    experiments.ended();
    training.inUse(texts.teachInUse);
  },
  /** The link in the address is followed: a page that is loaded again goes on from there. */
  followed: () => keep(FOLLOWED, location.hash),
  /** A training of the person's own settings has begun. */
  own: () => experiments.ended(),
  quiet: (running) => answers.quiet(running),
  open: (one) => inside.open(one),
  check: (one) => check.choose(one),
  savePicture: (element) => page.try(async () => download(await pngOf(element), `glassnet-${page.network.name}.png`)),
  tell: message.tell,
  failed: message.failed,
  try: message.try,
};

linkCourse(engine.offers.course);
const absent = new Set([engine.offers.teach ? "about" : "teach"]); // of the parts: the page of a server has no file
const connection = el("p", { class: "message", role: "alert" }, texts.connecting);
const readings = readingsList(page);
const answers = answerPanel(page, readings.element);
const drawing = drawingPanel(page, answers.status);
const inside = insidePanel(page);
const training = trainingPanel(page);
const check = checkPanel(page);
const experiments = experimentsPanel(page);
const compare = comparePanel(page);
const teach = engine.offers.teach ? teachPanel(page) : null;
const networks = select([], (name) => page.try(() => show(name)));
const facts = el("span", { class: "note" });

const words = el("div", {}); // the terms, which are made when the page can be used
const panels = [inside, experiments, training, compare, teach, check].filter(Boolean).map(({ element }) => element);
const main = el(
  "main",
  { hidden: true }, // until there is something to show
  el("div", { class: "side" }, drawing.element, answers.element),
  el("div", { class: "wide" }, ...panels, ...(engine.offers.panels ?? []), words),
);

document.documentElement.lang = texts.language;
document.title = engine.offers.title ?? allTexts.title;
const head = el(
  "header",
  {},
  el("h1", {}, texts.name),
  el("p", { class: "motto" }, texts.motto),
  el(
    "nav",
    { "aria-label": texts.parts },
    ...PARTS.filter((id) => !absent.has(id)).map((id) => el("a", { href: `#${id}` }, texts.part[id])),
  ),
  el("div", { class: "shown" }, labelled(texts.network, networks), facts),
  projector(experiments),
  ...(engine.offers.above ?? []),
);
new ResizeObserver(() => document.body.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head);
document.body.append(
  el("a", { class: "skip", href: "#draw" }, texts.skip),
  head,
  el("div", { class: "messages" }, connection, message.element),
  main,
);
if (location.search) history.replaceState(null, "", location.pathname + location.hash); // the token is a cookie now

function setNetwork(network) {
  page.network = network;
  facts.textContent = texts.networkFacts(whole(network.parameters));
  networks.value = network.name;
  drawing.offer(network.classes);
  answers.network(network);
  inside.reset();
  check.network();
  teach?.network(network);
}

/** Name the networks in training in the list of networks, as far as there are any. */
function nameTrainings() {
  const here = training.here();
  IN_TRAINING.forEach((name, k) => {
    const option = networks.querySelector(`[value="${name}"]`);
    option.textContent = here[k]?.variant ?? texts.networksInTraining[k];
    option.hidden = !here[k];
  });
}

/** Do what changes the page above the control that the person uses, and keep the control where it is. */
async function steady(work) {
  const control = document.activeElement;
  const before = control.getBoundingClientRect().top;
  await work();
  scrollBy({ top: control.getBoundingClientRect().top - before, behavior: "instant" });
}

/** When what was changed is on the screen; a page that is hidden waits until it is seen. */
function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** Whether the server is there; if not, what the person should know. */
function connected(text) {
  if (connection.textContent !== text) connection.textContent = text;
  connection.hidden = !text;
  document.body.classList.toggle("lost", Boolean(text));
}

async function show(name) {
  try {
    const { network, answer } = await page.engine.ask("show", { network: name });
    setNetwork(network);
    page.answered(answer);
    await Promise.all([inside.refresh(), training.refresh()]);
  } finally {
    networks.value = page.network.name;
  }
}

/** Whether the address holds a link to a training, and not only the name of a part of the page. */
const linked = () => location.hash.includes("=");

/** Begin the trainings of the link in the address, and train to its step. */
async function follow() {
  page.followed();
  const { values, experiment } = await page.engine.ask("follow", { link: location.hash });
  if (experiment) experiments.began(experiment);
  else {
    page.own();
    training.began(values);
  }
  await page.showTraining({ anew: true });
  (experiment ? experiments : training).element.scrollIntoView({ block: "start" });
}

const followTraining = newestOnly(async () => {
  if (!IN_TRAINING.includes(page.network?.name)) return;
  const begun = performance.now();
  try {
    page.answered(await page.engine.ask("answer"));
  } catch {
    page.answered({ ...page.answer, probabilities: null, problem: texts.notFinite });
  }
  await training.refresh();
  await painted();
  page.nextLook = performance.now() + BREATH * (performance.now() - begun);
}, page.failed);

page.engine.on("welcome", (given) => {
  connected(given.problem ?? "");
  if (given.problem) return;
  page.tell(given.isNew ? texts.newSession : "");
  const options = given.networks.map((name) => [name, name]);
  setOptions(networks, [...options, ...IN_TRAINING.map((name, k) => [name, texts.networksInTraining[k]])]);
  experiments.offer(given.experiments);
  training.offer(given.form);
  setNetwork(given.network);
  teach?.show(given.digits);
  training.resume(IN_TRAINING.map((name) => given.trainings[name]), given.values);
  if (given.experiment) experiments.began(given.experiment);
  else if (training.here()[0]?.taught) page.taught();
  experiments.update(training.here());
  nameTrainings();
  page.answered(given.answer);
  main.hidden = false;
  setTimeout(() => words.replaceWith(wordsPanel()), REST);
  if (linked() && !(given.found && kept(FOLLOWED) === location.hash)) page.try(follow);
  else page.try(training.refresh);
});
addEventListener("hashchange", () => linked() && page.try(follow));
IN_TRAINING.forEach((name, k) =>
  page.engine.on(name, ({ state, whole: all }) => {
    const look = !state.running || performance.now() >= page.nextLook;
    training.update(k, state, all, look);
    if (!look) return;
    experiments.update(training.here());
    nameTrainings();
    teach?.update(training.here()[0]);
    compare.refresh();
    if (state.recipe) followTraining();
  }),
);
page.engine.on("lost", (reason) => connected(reason || texts.lost));
onScheme(() => {
  if (!page.network) return;
  answers.answer(page.answer, page.network, page.label);
  page.refresh();
  page.try(training.refresh);
});
