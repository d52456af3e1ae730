// The panel that looks inside, at three depths: all layers, one layer, one unit.

import { button, el } from "./dom.js";
import { newestOnly } from "./engine.js";
import { at } from "./equation.js";
import { layerView } from "./layer.js";
import { acrossOf } from "./layout.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";
import { unitView } from "./unit.js";

const PREDICTION = "prediction"; // the server's name for what stands above the last layer

/** @param {object} page what the panels share; see main.js */
export function insidePanel(page) {
  const trail = el("ol", { class: "trail" });
  const body = el("div", { class: "depth" });
  const element = el(
    "section",
    { class: "panel inside", "aria-labelledby": "inside" },
    el("h2", { id: "inside" }, texts.inside),
    el("nav", { "aria-label": texts.whereYouAre }, trail),
    body,
    el("div", { class: "row" }, button(texts.savePicture, () => page.savePicture(element))),
  );
  let path = []; // what was opened, outermost first: {layer}, then {layer, index} once or more
  let depth = null; // what stands in `body`: {refresh()}

  const refresh = newestOnly(async () => depth && (await depth.refresh()), page.failed);

  function go(to) {
    path = to;
    const steps = [{ text: texts.wholeNetwork, to: [] }];
    path.forEach((one, k) => steps.push({ text: nameOf(one), to: path.slice(0, k + 1) }));
    trail.replaceChildren(
      ...steps.map((step, k) =>
        el(
          "li",
          {},
          k === steps.length - 1
            ? el("span", { "aria-current": "location" }, step.text)
            : button(step.text, () => go(step.to), { class: "link" }),
        ),
      ),
    );
    const last = path.at(-1);
    const enter = (one) => go([...path, one]);
    if (!last) depth = overview(page, enter);
    else if (last.index) depth = unitView(page, last, enter);
    else depth = layerView(page, last.layer, enter);
    body.replaceChildren(depth.element);
    refresh();
  }

  return {
    element,
    refresh,
    /** Start again at the whole network, because it is another one. */
    reset: () => go([]),
    /** Open a layer or a unit, from elsewhere on the page. */
    open(one) {
      go(one.index ? [{ layer: one.layer }, one].filter((step) => step.index || step.layer !== "input") : [one]);
      element.scrollIntoView({ block: "start" });
      trail.lastElementChild.querySelector("span").focus?.();
    },
  };
}

function nameOf(one) {
  if (!one.index) return one.layer;
  return one.layer === "input" ? texts.pixel(one.index) : at(one.layer, one.index);
}

/** The whole network: each layer as a picture of its numbers, forward, and backward once a digit is chosen. */
function overview(page, enter) {
  const list = el("ol", { class: "layers" });
  const hint = el("p", { class: "note" });
  const speaks = el("div", { class: "speaks" });
  const shows = new Map();
  for (const layer of page.network.layers) {
    const open = (index) => enter({ layer: layer.name, index });
    const last = layer === page.network.layers.at(-1);
    const name = (index) => (last ? texts.unitFor(at(layer.name, index), page.network.classes[index[0]]) : at(layer.name, index));
    const across = acrossOf(page.network, layer);
    const y = picture(texts.outputOf(layer.name), { open, name, across });
    const dy = picture(texts.gradientOf(layer.name), { open, across, name: (index) => texts.gradientAt(name(index)) });
    const back = el("div", { class: "back", hidden: true }, el("p", { class: "kind" }, texts.gradient), dy.element);
    shows.set(layer.name, { y, dy, back });
    list.append(
      el(
        "li",
        {},
        el("h3", {}, button(layer.name, () => enter({ layer: layer.name }), { class: "link" })),
        el("p", { class: "kind" }, texts.layerKind(layer.kind, layer.shape)),
        el("div", { class: "forward" }, y.element),
        back,
      ),
    );
  }
  const p = picture(texts.predictionOf, {
    open: (index) => enter({ layer: PREDICTION, index }),
    name: (index) => texts.predictionFor(page.network.classes[index[0]]),
  });
  list.append(
    el(
      "li",
      {},
      el("h3", {}, texts.prediction),
      el("p", { class: "kind" }, texts.predictionBy(page.network.loss)),
      el("div", { class: "forward" }, p.element),
    ),
  );
  const effects = page.network.classes.map((name, k) => picture(texts.speaksFor(name), { scale: false, name: texts.pixel }));
  const forClass = el("ol", { class: "effects" });
  effects.forEach((one, k) => forClass.append(el("li", {}, el("p", {}, page.network.classes[k]), one.element)));
  const details = el(
    "details",
    { on: { toggle: () => page.refresh() } },
    el("summary", {}, texts.whichPixels),
    el("p", { class: "note" }, texts.whichPixelsHow),
    forClass,
  );
  speaks.append(details);

  return {
    element: el("div", {}, hint, list, speaks),
    async refresh() {
      list.classList.toggle("empty", !page.answer.image);
      hint.textContent = page.answer.image ? (page.label === null ? texts.chooseLabel : "") : texts.drawFirst;
      if (!page.answer.image) return;
      const said = await page.engine.ask("layers", { label: page.label });
      if (page.label !== null && said.loss !== null) hint.textContent = texts.lossIs(page.network.classes[page.label], said.loss);
      for (const layer of said.layers) {
        const show = shows.get(layer.name);
        show?.y.show(layer.y);
        show?.dy.show(layer.dy ?? null);
        if (show) show.back.hidden = !layer.dy;
      }
      p.show(said.probabilities);
      if (details.open) {
        const { effects: array } = await page.engine.ask("speaks");
        effects.forEach((one, k) => one.show(part(array, k)));
      }
    },
  };
}

/** The k-th part of an array along its first axis. */
export function part(array, k) {
  const shape = array.shape.slice(1);
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, values: array.values.subarray(k * size, (k + 1) * size) };
}
