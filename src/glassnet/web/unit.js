// One unit: its equation with the numbers in it, its weights, what it learns from this example; or one pixel.

import { changeForm } from "./change.js";
import { button, el } from "./dom.js";
import { equation, source } from "./equation.js";
import { acrossOf, cropped, flatOf } from "./layout.js";
import { at, number } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {{layer: string, index: number[]}} one the unit; the layer may be "input" or "prediction" too
 * @param {(one: {layer: string, index: number[]}) => void} enter opens another
 */
export function unitView(page, one, enter) {
  const title = el("h3", {});
  const forward = el("div", {});
  const forwardSource = el("div", {});
  const pictures = picturesOf(page);
  const change = changeForm(page);
  const backward = el("div", { class: "back" });
  const backwardSource = el("div", {});
  const feeds = el("div", {});
  const element = el(
    "div",
    { class: "unit" },
    ...[title, forward, forwardSource, pictures.element, change.element, backward, backwardSource, feeds],
  );
  let written = ""; // what the equations say

  /** Write anew only what has changed: so a person can select it, and open a number in it, while a training runs. */
  function write(unit, below) {
    const isPixel = one.layer === "input";
    title.textContent = texts.says(isPixel ? texts.pixel(unit.index) : at(one.layer, unit.index), number(unit.y));
    const now = JSON.stringify([unit.forward, unit.backward, unit.dy_from, unit.dy, unit.feeds]);
    if (now === written) return;
    written = now;
    const nameBelow = (index) => (unit.below === "input" ? texts.pixel(index) : at(unit.below, index));
    if (isPixel) forward.replaceChildren(el("p", { class: "note" }, texts.onlyPixels));
    else forward.replaceChildren(...unit.forward.map((worked) => equation(worked, below, nameBelow)));
    backward.replaceChildren(...backwardOf(unit, page));
    feeds.replaceChildren(...feedsOf(unit, enter));
    if (!forwardSource.childElementCount && unit.source?.forward) forwardSource.append(source(unit.source.forward, { open: true }));
    if (!backwardSource.childElementCount && unit.source?.backward) backwardSource.append(source(unit.source.backward));
    backwardSource.hidden = unit.dy === null;
  }

  return {
    element,
    async refresh() {
      const unit = await page.engine.ask("unit", { ...one, label: page.label });
      const below = (index) => enter({ layer: unit.below, index });
      write(unit, below);
      if (one.layer === "input") {
        change.offer([{ name: texts.pixel(unit.index), index: unit.index, value: unit.y }]);
        return;
      }
      pictures.show(unit, below, (place) => change.choose(weightAt(unit, place)));
      const place = change.chosen()?.place ?? unit.forward.flatMap(({ terms }) => terms).find((term) => term.weight)?.place;
      const weight = place && weightAt(unit, place);
      const own = unit.parameters.map((p) => ({ ...p, name: at(p.parameter, p.index), layer: one.layer }));
      change.offer(weight ? [weight, ...own] : own);
    },
  };
}

/** The pictures of a unit, in the shape of its input: the input, its weights, their gradient and update. */
function picturesOf(page) {
  const element = el("div", { class: "arrays" });
  const shown = {};

  /** Show an array; of a window only that, whose indices begin at its corner. */
  function show(key, label, array, unit, open, name) {
    const inside = cropped(array, unit.window);
    if (!shown[key]) {
      if (!inside) return;
      const first = unit.window ?? [];
      const place = (index) => index.map((i, axis) => i + (first[axis] ?? 0));
      shown[key] = picture(label, {
        across: acrossOf(page.network, inside),
        open: (index) => open(place(index)),
        name: (index) => name(place(index)),
      });
      element.append(el("div", {}, el("p", { class: "kind" }, label), shown[key].element));
    }
    shown[key].show(inside);
    shown[key].element.parentElement.hidden = !inside;
  }

  return {
    element,
    show(unit, below, choose) {
      const weighs = unit.kind === "Dense" || unit.kind === "Conv2D";
      show("x", unit.window ? texts.windowOfX : texts.inputX, unit.x, unit, below, (index) => at("x", index));
      show("weights", weighs ? texts.weights : texts.slopes, unit.weights, unit, choose, texts.weightOf);
      show("gradient", texts.gradientOfWeights, unit.gradient, unit, choose, texts.weightOf);
      show("update", texts.updateOfWeights, unit.update, unit, choose, texts.weightOf);
    },
  };
}

/** How the gradient of the loss at this unit comes about, and what follows from it below. */
function backwardOf(unit, page) {
  if (unit.dy === null) return page.label === null ? [el("p", { class: "note" }, texts.chooseLabel)] : [];
  const from = unit.dy_from;
  return [
    el("h4", {}, texts.backward),
    el("p", {}, texts.dyIs(at("dy", unit.index), number(unit.dy))),
    ...(from ? [el("p", { class: "note" }, texts.comesFrom(from.layer)), equation(from.equation)] : []),
    ...(unit.backward.length ? [el("p", { class: "note" }, texts.goesOn)] : []),
    ...unit.backward.map((worked) => equation(worked)),
  ];
}

/** The largest weights of the next layer that meet this unit. */
function feedsOf(unit, enter) {
  if (!unit.feeds.length) return [];
  const items = unit.feeds.map(({ layer, index, weight, product }) =>
    el(
      "li",
      {},
      button(at(layer, index), () => enter({ layer, index }), { class: "link" }),
      texts.times(number(weight), number(product)),
    ),
  );
  return [el("h4", {}, texts.feeds), el("ul", {}, ...items)];
}

/** The weight that multiplies the input at this place, with its parameter and index; null where there is none. */
function weightAt(unit, place) {
  const value = unit.weights.values[flatOf(place, unit.weights.shape)];
  const index = { Dense: () => [...place, ...unit.index], Conv2D: () => inFilter(unit, place) }[unit.kind]?.();
  return index ? { name: at("W", index), layer: unit.name, parameter: "W", index, value, place } : null;
}

function inFilter({ corner, index }, [row, column, channel]) {
  return [row - corner[0], column - corner[1], channel, index[2]];
}
