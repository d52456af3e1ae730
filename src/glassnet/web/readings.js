// The other ways to read the picture: a button for each, with the image, the best guess, and what is left out of cleaning.

import { colour } from "./colours.js";
import { el } from "./dom.js";
import { layoutOf, placesIn } from "./layout.js";
import { texts } from "./texts.js";

/** @param {object} page what the panels share; see main.js */
export function readingsList(page) {
  const note = el("p", { class: "note" });
  const list = el("ul", { "aria-labelledby": "readings" });
  const title = el("h3", { id: "readings" });
  const choice = el("div", {}, title, list);
  const element = el("div", { class: "readings", hidden: true }, note, choice);
  const rows = []; // as many as were ever needed: a button that has the focus keeps it
  let drawn = []; // the readings that stand in the list

  function row(number) {
    const canvas = el("canvas", { "aria-hidden": "true" });
    const guess = el("strong", {});
    const cleaned = el("span", { class: "note" });
    // While a stroke is drawn the list is that of an earlier answer, and its numbers count no longer.
    const click = () => drawn === page.answer.readings && page.act("reading", { number });
    const button = el("button", { type: "button", on: { click } }, canvas, el("span", {}, guess, cleaned));
    const item = el("li", {}, button);
    list.append(item);
    return { canvas, guess, cleaned, button, item };
  }

  function fill({ canvas, guess, cleaned, button }, reading, { classes, white }) {
    paint(canvas, reading.image, white);
    guess.textContent = texts.readAs(classes[reading.label], reading.evidence, reading.refused);
    cleaned.textContent = texts.cleaned(reading.left_out);
    guess.classList.toggle("refused", reading.refused);
    button.setAttribute("aria-label", `${guess.textContent}, ${cleaned.textContent}`);
    button.setAttribute("aria-pressed", String(reading.shown));
  }

  return {
    element,
    /** Show the readings of the picture; to be called when the pen rests, because what lies below moves. */
    refresh() {
      drawn = page.answer.readings ?? [];
      while (rows.length < drawn.length) rows.push(row(rows.length));
      drawn.forEach((reading, k) => fill(rows[k], reading, page.network));
      rows.forEach(({ item }, k) => (item.hidden = k >= drawn.length));
      title.textContent = page.answer.numbers ? texts.digitsAndReadings : texts.readings;
      const unusual = page.answer.left_out ?? [];
      choice.hidden = !drawn.length;
      note.textContent = !drawn.length && unusual.length ? texts.notAsUsual(unusual) : "";
      element.hidden = choice.hidden && !note.textContent;
    },
  };
}

/** Draw an image, light on dark, with one pixel for each of its own. */
function paint(canvas, { shape, values }, white) {
  const layout = layoutOf(shape);
  const pixels = new ImageData(layout.width, layout.height);
  colour(new Uint32Array(pixels.data.buffer), values, placesIn(layout), white, "ink");
  canvas.width = layout.width;
  canvas.height = layout.height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
