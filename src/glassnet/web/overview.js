// The whole network: each layer as a picture of its numbers, forward, and backward once the right digit is chosen.

import { bars } from "./bars.js";
import { largestOf } from "./colours.js";
import { button, el } from "./dom.js";
import { acrossOf, part } from "./layout.js";
import { at, number } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

const PREDICTION = "prediction"; // the server's name for what stands above the last layer
const POWERS = 10; // of ten, by which a gradient may be smaller than the largest until its bar is gone

/**
 * @param {object} page what the panels share; see main.js
 * @param {(one: {layer: string, index?: number[]}) => void} enter opens a layer or a unit
 */
export function overview(page, enter) {
  const { layers, outputs, loss } = page.network;
  const hint = el("p", { class: "note" });
  const cards = new Map(layers.map((layer) => [layer.name, layerCard(page, layer, enter)]));
  const prediction = picture(texts.predictionOf, {
    open: (index) => enter({ layer: PREDICTION, index }),
    name: (index) => texts.predictionFor(outputs[index[0]]),
  });
  const last = el(
    "li",
    {},
    el("h3", {}, texts.prediction),
    el("p", { class: "kind" }, texts.predictionBy(loss)),
    prediction.element,
  );
  const list = el("ol", { class: "layers" }, ...[...cards.values()].map((card) => card.element), last);
  const sizes = sizesOf(layers);
  const effects = effectsOf(page);

  return {
    element: el("div", {}, hint, list, sizes.element, effects.element),
    async refresh() {
      const { image } = page.answer;
      list.classList.toggle("empty", !image);
      effects.element.hidden = !image;
      hint.textContent = image ? `${texts.howToRead} ${page.label === null ? texts.chooseLabel : ""}` : texts.drawFirst;
      if (!image) return;
      const said = await page.engine.ask("layers", { label: page.label });
      if (said.loss !== null) hint.textContent = `${texts.howToRead} ${texts.lossIs(page.network.classes[said.label], said.loss)}`;
      for (const layer of said.layers) cards.get(layer.name)?.show(layer);
      prediction.show(said.prediction);
      sizes.show(said.layers);
      await effects.refresh();
    },
  };
}

/** One layer: its output, and the gradient of the loss with respect to it. */
function layerCard(page, layer, enter) {
  const open = (index) => enter({ layer: layer.name, index });
  const across = acrossOf(page.network, layer);
  const isLast = layer === page.network.layers.at(-1);
  const name = (index) => {
    const unit = at(layer.name, index);
    return isLast ? texts.unitFor(unit, page.network.outputs[index[0]]) : unit;
  };
  const output = picture(texts.outputOf(layer.name), { open, name, across });
  const gradient = picture(texts.gradientOf(layer.name), {
    open,
    across,
    name: (index) => texts.gradientAt(name(index)),
  });
  const back = el("div", { class: "back", hidden: true }, el("p", { class: "kind" }, texts.gradient), gradient.element);
  return {
    element: el(
      "li",
      {},
      el("h3", {}, button(layer.name, () => enter({ layer: layer.name }), { class: "link" })),
      el("p", { class: "kind" }, texts.layerKind(layer.kind, layer.shape)),
      output.element,
      back,
    ),
    show({ y, dy }) {
      output.show(y);
      gradient.show(dy);
      back.hidden = !dy;
    },
  };
}

/** How large the gradient is at each layer: where it vanishes on its way down, the bars become short. */
function sizesOf(layers) {
  const list = bars(texts.gradientSizes, "sizes");
  const element = el("details", { hidden: true }, el("summary", {}, texts.gradientSizes), el("p", { class: "note" }, texts.gradientSizesHow), list.element);
  list.offer(layers.map(({ name }) => name));
  return {
    element,
    show(shown) {
      element.hidden = shown.some(({ dy }) => !dy);
      if (element.hidden) return;
      const sizes = shown.map(({ dy }) => largestOf(dy.values));
      const largest = Math.max(...sizes);
      list.show(sizes.map((size) => 1 + Math.log10(size / largest) / POWERS), (k) => number(sizes[k]));
    },
  };
}

/** Which pixels speak for and against each class; computed when it is unfolded, because it takes a while. */
function effectsOf(page) {
  const { outputs } = page.network;
  const pictures = outputs.map((name) => picture(texts.speaksFor(name), { scale: false, name: texts.pixel }));
  const items = pictures.map((one, k) => el("li", {}, el("p", {}, outputs[k]), one.element));
  const element = el(
    "details",
    { on: { toggle: () => page.refresh() } },
    el("summary", {}, texts.whichPixels),
    el("p", { class: "note" }, texts.whichPixelsHow, " ", term("odds")),
    el("ol", { class: "effects" }, ...items),
  );
  return {
    element,
    async refresh() {
      if (!element.open) return;
      const { effects } = await page.engine.ask("speaks");
      const largest = largestOf(effects.values); // one scale for all, so that they can be compared
      pictures.forEach((one, k) => one.show(part(effects, k), largest));
    },
  };
}
