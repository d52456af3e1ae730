// One layer: what goes in, what comes out, its parameters, their gradients and updates, its equations and its source.

import { el, labelled, select } from "./dom.js";
import { equations, source } from "./equation.js";
import { acrossOf } from "./layout.js";
import { at } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {string} name of the layer
 * @param {(one: {layer: string, index: number[]}) => void} enter opens one of its units
 */
export function layerView(page, name, enter) {
  let shown = "parameters"; // or "gradients", "updates", "last_step"
  const title = el("h3", {});
  const inWords = el("p", { class: "note" });
  const forward = el("div", {});
  const backward = el("div", { class: "back" });
  const arrays = el("div", { class: "arrays" });
  const parameters = el("div", { class: "arrays" });
  const hint = el("p", { class: "note" });
  const groups = select(page.check ? texts.groups : texts.groups.slice(0, -1), (group) => {
    shown = group;
    page.refresh();
  });
  const whole = labelled(texts.parametersShow, groups);
  const pictures = new Map();

  function show(holder, key, label, array, options) {
    if (!pictures.has(key)) {
      if (!array) return;
      pictures.set(key, picture(label, { across: acrossOf(page.network, array), ...options }));
      holder.append(el("div", {}, el("p", { class: "kind" }, label), pictures.get(key).element));
    }
    const { element, show: draw } = pictures.get(key);
    draw(array);
    element.parentElement.hidden = !array;
  }

  function write(layer) {
    title.textContent = layer.description;
    inWords.textContent = texts.inWords[layer.kind] ?? "";
    if (forward.childElementCount) return; // equations and source stay as they are
    const { forward: source1, backward: source2 } = layer.source;
    forward.append(el("h4", {}, texts.forward), equations(layer.forward_equations), source(source1) ?? "");
    backward.append(el("h4", {}, `${texts.backward} `, term("backward")), equations(layer.backward_equations), source(source2) ?? "");
  }

  return {
    element: el("div", {}, title, inWords, el("div", { class: "two" }, forward, backward), arrays, whole, hint, parameters),
    async refresh() {
      const layer = await page.engine.ask("layer", { layer: name, label: page.label });
      write(layer);
      const open = (index) => enter({ layer: name, index });
      const below = (index) => enter({ layer: layer.below, index });
      show(arrays, "x", texts.inputX, layer.x, { open: below, name: (index) => at("x", index) });
      show(arrays, "y", texts.outputY, layer.y, { open, name: (index) => at("y", index) });
      show(arrays, "dy", texts.gradientDy, layer.dy, { open, name: (index) => at("dy", index) });
      show(arrays, "dx", texts.gradientDx, layer.dx, { open: below, name: (index) => at("dx", index) });
      const names = Object.keys(layer.parameters);
      whole.hidden = names.length === 0 || !page.network.classes.length; // there are no gradients without a class
      hint.textContent = names.length === 0 ? texts.noParameters : hintFor(shown, page, layer);
      for (const key of names) {
        const check = page.check && ((index) => page.check({ layer: name, parameter: key, index }));
        show(parameters, key, key, layer[shown]?.[key], { open: check, name: (index) => at(key, index) });
      }
    },
  };
}

function hintFor(shown, page, layer) {
  if (layer.left_out.length) return texts.leftOut(layer.left_out.join(", "));
  if (shown === "last_step") return layer.last_step ? texts.ofLastStep : texts.noLastStep;
  if (shown !== "parameters" && page.label === null) return texts.chooseLabel;
  return page.check ? texts.parametersOpen : "";
}
