// Saves what is seen: the model, the run, and a panel's pictures as one PNG.

import { button, canvasOf, el, pngFrom } from "./dom.js";
import { texts } from "./texts.js";

const MARGIN = 16; // pixels around the pictures
const SCALE = 2; // pixels of the PNG for one on the screen
const KEPT = 10_000; // milliseconds for which a file is kept for the browser to take
const MODEL = "glassnet-model.safetensors"; // the name of a model that is saved
const WRITTEN = "h2, h3, h4, figcaption, .kind, .range, .where, .fingerprint, .legend span, .verdict, .equation span, .numbers th, .numbers td, .bars .name, .bars .value";

/**
 * The buttons that save a training.
 * @param {object} page what the panels share; see main.js
 * @param {() => Element} panel what is saved as a picture
 */
export function saveRow(page, panel) {
  const said = el("p", { class: "note", role: "status" });
  const model = button(texts.saveModel, () =>
    page.try(async () => {
      const { model: file } = await page.engine.ask("save", { what: "model", other: page.showsOther() });
      download(new Blob([file.values]), MODEL);
      said.textContent = texts.savedModel(MODEL);
    }),
  );
  const run = button(texts.saveRun, () =>
    page.try(async () => {
      said.textContent = texts.saving;
      run.disabled = true;
      try {
        said.textContent = texts.savedRun((await page.engine.ask("save", { what: "run", other: page.showsOther() })).folder);
      } catch (error) {
        said.textContent = "";
        throw error;
      } finally {
        run.disabled = false;
      }
    }),
  );
  const picture = button(texts.savePicture, () => page.savePicture(panel()));
  const kept = page.engine.offers.save ? [model, run] : [];
  return {
    element: el("div", { class: "save" }, el("div", { class: "row" }, ...kept, picture), said),
    enable: (can) => (model.disabled = run.disabled = !can),
  };
}

/** Hand a file to the browser's downloads. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}

/** The pictures and curves of a panel, as they stand, as one PNG. */
export async function pngOf(element) {
  const box = element.getBoundingClientRect();
  const canvas = canvasOf(SCALE * (box.width + 2 * MARGIN), SCALE * (box.height + 2 * MARGIN));
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(MARGIN - box.left, MARGIN - box.top);
  context.imageSmoothingEnabled = false;
  for (const one of element.querySelectorAll("canvas, svg")) {
    const { left, top, width, height } = one.getBoundingClientRect();
    if (!width) continue;
    context.drawImage(one instanceof SVGElement ? await imageOf(one) : one, left, top, width, height);
  }
  for (const bar of element.querySelectorAll(".bar")) {
    const { left, top, width, height } = bar.getBoundingClientRect();
    context.fillStyle = getComputedStyle(bar).backgroundColor;
    context.fillRect(left, top, width, height);
  }
  for (const one of element.querySelectorAll(WRITTEN)) writeOn(context, one);
  return pngFrom(canvas);
}

/** The text of an element, where it stands. */
function writeOn(context, element) {
  const style = getComputedStyle(element);
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = "middle";
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    for (const { line, box } of linesOf(text)) context.fillText(line, box.left, box.top + box.height / 2);
  }
}

/** The lines into which the page has broken a text, each with the box of its first letter. */
function* linesOf(text) {
  const range = document.createRange();
  let [line, box] = ["", null];
  for (let k = 0; k < text.length; k++) {
    range.setStart(text, k);
    range.setEnd(text, k + 1);
    const letter = range.getBoundingClientRect();
    if (box && letter.width && letter.top >= box.bottom) {
      yield { line, box };
      [line, box] = ["", null];
    }
    line += text.data[k];
    if (letter.width) box ??= letter;
  }
  if (box) yield { line, box };
}

/** A drawing in SVG as an image, with the styles that the page gives it. */
async function imageOf(drawing) {
  const copy = drawing.cloneNode(true);
  const copies = [...copy.querySelectorAll("*")];
  [...drawing.querySelectorAll("*")].forEach((part, k) => {
    const style = getComputedStyle(part);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "opacity"]) {
      copies[k].setAttribute(name, style.getPropertyValue(name));
    }
  });
  const { width, height } = drawing.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(SCALE * width));
  copy.setAttribute("height", String(SCALE * height));
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  URL.revokeObjectURL(address);
  return image;
}
