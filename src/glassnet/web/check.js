// The panel that proves a gradient: nudge one weight, watch the loss, and compare the slope with what backward says.

import { curves } from "./curves.js";
import { button, el, labelled, select, setOptions } from "./dom.js";
import { source } from "./equation.js";
import { unravel } from "./layout.js";
import { newestOnly } from "./newest.js";
import { at, number } from "./numbers.js";
import { texts } from "./texts.js";
import { term } from "./words.js";

const ALIKE = 0.01; // slopes whose sizes differ by less than this share are of the same size

/** @param {object} page what the panels share; see main.js */
export function checkPanel(page) {
  const layer = select([], () => parametersOf(), {});
  const parameter = select([], () => indexOf(), {});
  const index = el("input", { type: "text", inputmode: "numeric", size: "10", on: { input: () => (touched = true) } });
  const nudge = el("input", { type: "range", min: "-6", max: "0", step: "0.5", value: "-2", on: { input: () => run() } });
  const size = el("output", {});
  const checkButton = button(texts.checkIt, () => run());
  const hint = el("p", { class: "note" });
  const verdict = el("p", { class: "verdict", role: "status" });
  const table = el("table", { class: "numbers" });
  const plot = curves(texts.lossOverWeight, { x: "" });
  const code = el("div", {});
  const results = el("div", { class: "two results", hidden: true }, el("div", {}, verdict, table, code), plot.element);
  const element = el(
    "section",
    { class: "panel check", "aria-labelledby": "check" },
    el("h2", { id: "check" }, texts.checkTitle),
    el("p", { class: "note" }, texts.checkHow, " ", term("gradient")),
    el(
      "form",
      { class: "row", on: { submit: (event) => (event.preventDefault(), run()) } },
      labelled(texts.layer, layer),
      labelled(texts.parameter, parameter),
      labelled(texts.index, index),
      labelled(texts.nudge, nudge),
      size,
      checkButton,
    ),
    hint,
    results,
  );

  let touched = false; // whether the person has chosen the index

  const layerNow = () => page.network.layers.find((one) => one.name === layer.value);

  function network() {
    const learning = page.network.layers.filter((one) => Object.keys(one.parameters).length);
    setOptions(layer, learning.map((one) => [one.name, one.name]));
    results.hidden = true;
    parametersOf();
  }

  function parametersOf() {
    setOptions(parameter, Object.keys(layerNow()?.parameters ?? {}).map((name) => [name, name]));
    indexOf();
  }

  function indexOf() {
    const shape = layerNow()?.parameters[parameter.value];
    touched = false;
    index.value = shape ? shape.map((side) => Math.floor(side / 2)).join(",") : "";
    index.title = shape ? texts.indexUpTo(shape.map((side) => side - 1).join(",")) : "";
  }

  /** Choose the parameter with the steepest slope, as long as the person has chosen none. */
  async function steepest() {
    if (touched) return;
    const { gradients } = await page.engine.ask("layer", { layer: layer.value, label: page.label });
    const gradient = gradients[parameter.value];
    if (gradient) index.value = unravel(indexOfLargest(gradient.values), gradient.shape).join(",");
  }

  const run = newestOnly(measure, (error) => {
    hint.textContent = error.message;
    results.hidden = true;
  });

  async function measure() {
    size.textContent = texts.by(number(10 ** Number(nudge.value)));
    if (!page.answer.image || page.label === null) {
      hint.textContent = page.answer.image ? texts.chooseLabel : texts.drawFirst;
      results.hidden = true;
      return;
    }
    hint.textContent = "";
    await steepest();
    const shape = layerNow().parameters[parameter.value];
    const place = index.value.split(",").map((text) => (text.trim() === "" ? NaN : Number(text)));
    if (place.length !== shape.length || place.some((i, axis) => !(Number.isInteger(i) && i >= 0 && i < shape[axis]))) {
      throw new Error(texts.indexIs(shape.map((side) => side - 1)));
    }
    const fields = { layer: layer.value, parameter: parameter.value, index: place };
    show(await page.engine.ask("nudge", { ...fields, label: page.label, h: 10 ** Number(nudge.value) }));
  }

  function show(said) {
    const name = at(said.parameter, said.index);
    const h = number(said.h);
    results.hidden = false;
    verdict.textContent = said.holds === null || said.hidden ? "" : verdictOf(said);
    verdict.classList.toggle("refused", said.holds === false);
    const row = (text, value) => el("tr", {}, el("th", { scope: "row" }, text), el("td", {}, value));
    const rows = [
      row(texts.lossAt(`${name} = ${number(said.value)}`), digits(said.loss)),
      row(texts.lossAt(`${name} + ${h}`), digits(said.above)),
      row(texts.lossAt(`${name} - ${h}`), digits(said.below)),
      row(texts.slopeOfStep(h), number(said.measured)),
      row(texts.slopeMeasured(number(said.best_step)), number(said.best_slope)),
      row(texts.slopeBackward, number(said.backward)),
    ];
    table.replaceChildren(el("caption", {}, texts.slopesOf(name)), el("tbody", {}, ...rows));
    hint.textContent = said.note ?? "";
    code.replaceChildren(source(said.source) ?? "");
    const points = [...said.curve.values.values].map((value, k) => [value, said.curve.losses.values[k]]);
    plot.show([{ name: texts.loss, points }], { tangent: [said.value, said.loss, said.backward, texts.slopeBackward] });
  }

  return {
    element,
    network,
    refresh: () => (results.hidden ? undefined : run()),
    /** Check this parameter, chosen elsewhere on the page. */
    choose(one) {
      layer.value = one.layer;
      parametersOf();
      parameter.value = one.parameter;
      index.value = one.index.join(",");
      touched = true;
      element.scrollIntoView({ block: "start" });
      run();
    },
  };
}

function verdictOf({ holds, difference, best_slope: measured, backward }) {
  if (measured === 0 && backward === 0) return texts.bothZero;
  if (holds) return texts.holds(number(difference));
  const opposite = Math.abs(measured + backward) < ALIKE * Math.abs(measured);
  return opposite ? texts.opposite : texts.holdsNot(number(measured), number(backward));
}

/** A loss with so many digits that the slope can be computed from two of them. */
const digits = (loss) => String(Number(loss.toPrecision(10)));

/** The place of the value with the largest size. */
function indexOfLargest(values) {
  let found = 0;
  for (let k = 1; k < values.length; k++) if (Math.abs(values[k]) > Math.abs(values[found])) found = k;
  return found;
}
