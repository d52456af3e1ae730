// What the units of the first layer with weights look for: the weights of each, as a picture.

import { largestOf } from "./colours.js";
import { el } from "./dom.js";
import { part } from "./layout.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";

const MOST = 24; // units shown

/** @param {object} page what the panels share; see main.js */
export function filters(page) {
  const title = el("h3", {});
  const list = el("div", { class: "units" });
  const pictures = [];
  let layer = null;

  function add(k) {
    const middle = () => layer.shape.slice(0, -1).map((side) => Math.floor(side / 2)); // of a map, one unit
    const one = picture(texts.weightsOfUnit(k), {
      scale: false,
      name: texts.weightOf,
      open: () => page.open({ layer: layer.name, index: [...middle(), k] }),
    });
    pictures.push(one);
    list.append(one.element);
  }

  return {
    element: el("div", { class: "filters" }, title, list),
    /** Show the network that is shown, if it is one in training. */
    async refresh(wanted) {
      layer = wanted && page.inTraining() ? page.network.layers.find(({ parameters }) => "W" in parameters) : null;
      title.hidden = list.hidden = !layer;
      if (!layer) return;
      const { weights, units } = await page.engine.ask("weights", { layer: layer.name, count: MOST });
      const count = weights.shape[0];
      title.textContent = texts.firstWeights(layer.name, count, units);
      while (pictures.length < count) add(pictures.length);
      const largest = largestOf(weights.values); // one scale for all, so that they can be compared
      pictures.forEach((one, k) => one.show(k < count ? part(weights, k) : null, largest));
    },
  };
}
