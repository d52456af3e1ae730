// One unit: its equation with the numbers in it, its weights, what it learns from this example; or one pixel.

import { button, el } from "./dom.js";
import { at, equation, source } from "./equation.js";
import { acrossOf, cropped } from "./layout.js";
import { number } from "./numbers.js";
import { picture } from "./picture.js";
import { texts } from "./texts.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {{layer: string, index: number[]}} one the unit
 * @param {(one: {layer: string, index: number[]}) => void} enter opens another
 */
export function unitView(page, one, enter) {
  const title = el("h3", {});
  const equationsHere = el("div", {});
  const backward = el("div", { class: "back" });
  const feeds = el("div", {});
  const pictures = el("div", { class: "arrays" });
  const change = changing(page);
  const open = (layer) => (index) => enter({ layer, index });
  const shows = {};

  /** Show an array in the shape of the unit's input; of a window only that, where its indices begin at its corner. */
  function show(key, label, whole, unit, choose, name) {
    const array = cropped(whole, unit.window);
    if (!shows[key] && array) {
      const inWhole = ([row, column, map]) => [row + unit.window[0], column + unit.window[1], map];
      const place = (index) => (unit.window ? inWhole(index) : index);
      shows[key] = picture(label, {
        across: acrossOf(page.network, array),
        open: (index) => choose(place(index)),
        name: (index) => at(name, place(index)),
      });
      pictures.append(el("div", {}, el("p", { class: "kind" }, label), shows[key].element));
    }
    if (!shows[key]) return;
    shows[key].show(array ?? null);
    shows[key].element.parentElement.hidden = !array;
  }

  return {
    element: el("div", { class: "unit" }, title, equationsHere, pictures, change.element, backward, feeds),
    async refresh() {
      if (!page.answer.image) {
        title.textContent = texts.drawFirst;
        return;
      }
      const unit = await page.engine.ask("unit", { ...one, label: page.label });
      const name = one.layer === "input" ? texts.pixel(unit.index) : at(one.layer, unit.index);
      title.textContent = texts.says(name, number(unit.y));
      if (one.layer === "input") {
        equationsHere.replaceChildren(el("p", { class: "note" }, texts.onlyPixels));
        change.offer([{ name, index: unit.index, value: unit.y }]);
      } else {
        const below = (index) => (unit.below === "input" ? texts.pixel(index) : at(unit.below, index));
        equationsHere.replaceChildren(
          ...unit.forward.map((worked) => equation(worked, open(unit.below), below)),
          source(unit.source.forward, { open: true }) ?? "",
        );
        show("x", unit.window ? texts.windowOfX : texts.inputX, unit.x, unit, open(unit.below), "x");
        const choose = (place) => change.choose(weightAt(page, unit, place));
        const weighs = unit.kind === "Dense" || unit.kind === "Conv2D";
        show("weights", weighs ? texts.weights : texts.slopes, unit.weights, unit, choose, texts.weightOf);
        show("gradient", texts.gradientOfWeights, unit.gradient, unit, choose, texts.weightOf);
        show("update", texts.updateOfWeights, unit.update, unit, choose, texts.weightOf);
        const own = unit.parameters.map((p) => ({ name: at(p.parameter, p.index), layer: one.layer, ...p }));
        const first = unit.forward.flatMap((worked) => worked.terms).find((term) => term.weight);
        const largest = first ? weightAt(page, unit, first.place) : null;
        change.offer(largest ? [largest, ...own] : own);
      }
      back(unit);
      feeds.replaceChildren(
        ...(unit.feeds?.length
          ? [
              el("h4", {}, texts.feeds),
              el(
                "ul",
                { class: "plain" },
                ...unit.feeds.map((fed) =>
                  el(
                    "li",
                    {},
                    button(at(fed.layer, fed.index), () => enter({ layer: fed.layer, index: fed.index }), { class: "link" }),
                    texts.times(number(fed.weight), number(fed.product)),
                  ),
                ),
              ),
            ]
          : []),
      );
    },
  };

  function back(unit) {
    if (unit.dy === null || unit.dy === undefined) {
      backward.replaceChildren(el("p", { class: "note" }, page.label === null ? texts.chooseLabel : ""));
      return;
    }
    const from = unit.dy_from;
    backward.replaceChildren(
      el("h4", {}, texts.backward),
      el("p", {}, texts.dyIs(at("dy", unit.index), number(unit.dy))),
      from ? el("p", { class: "note" }, texts.comesFrom(from.layer)) : "",
      from ? equation(from.equation) : "",
      ...(unit.backward ?? []).map((worked) => equation(worked)),
      source(unit.source?.backward) ?? "",
    );
  }
}

/** The weight that multiplies the input at this place: its parameter and index; null where there is none. */
function weightAt(page, unit, place) {
  const value = unit.weights.values[flat(place, unit.weights.shape)];
  if (unit.kind === "Dense") return weight(unit, [...place, ...unit.index], value);
  if (unit.kind !== "Conv2D") return null;
  const [size] = page.network.layers.find((layer) => layer.name === unit.name).parameters.W;
  const [top, left, bottom, right] = unit.window;
  const corner = [begin(top, bottom, size), begin(left, right, size)];
  return weight(unit, [place[0] - corner[0], place[1] - corner[1], place[2], unit.index[2]], value);
}

/** Where a window of this size begins, also when the image cuts its beginning off. */
function begin(first, end, size) {
  return first === 0 && end < size ? end - size : first;
}

function weight(unit, index, value) {
  return { name: at("W", index), layer: unit.name, parameter: "W", index, value };
}

function flat(place, shape) {
  return place.reduce((sum, i, axis) => sum * shape[axis] + i, 0);
}

/** Change a number and see what follows, or have its gradient checked. */
function changing(page) {
  const which = el("select", { "aria-label": texts.whichNumber, on: { change: () => choose(offered[which.selectedIndex]) } });
  const value = el("input", { type: "number", step: "any", "aria-label": texts.newValue });
  const set = button(texts.set, () => page.change(chosen, Number(value.value)));
  const check = button(texts.checkThis, () => page.check(chosen));
  const element = el(
    "form",
    { class: "row change", hidden: true, on: { submit: (event) => (event.preventDefault(), set.click()) } },
    el("span", {}, texts.change),
    which,
    value,
    set,
    check,
  );
  let offered = [];
  let chosen = null;
  const same = (a, b) => a && b && a.name === b.name && a.layer === b.layer;

  function choose(one) {
    if (!one) return;
    if (!offered.some((other) => same(other, one))) offered = [one, ...offered];
    chosen = one;
    which.replaceChildren(...offered.map((other) => el("option", { selected: same(other, one) }, other.name)));
    value.value = number(one.value);
    check.hidden = !one.layer;
    element.hidden = false;
  }

  return {
    element,
    choose,
    /** Offer these numbers; the chosen one stays chosen. */
    offer(list) {
      const kept = list.find((one) => same(one, chosen)) ?? (chosen && list.length ? chosen : list[0]);
      offered = list;
      if (kept) choose(kept);
    },
  };
}
