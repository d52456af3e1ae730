// The panel on which a person draws: with mouse, finger, pen or keys; or a photo, dropped, pasted or chosen.

import { button, canvasOf, el, labelled, pngFrom, setOptions } from "./dom.js";
import { newestOnly } from "./newest.js";
import { picturesInto } from "./take.js";
import { texts } from "./texts.js";

const SENT = 112; // pixels a side of the drawing that is sent: four for each pixel of MNIST
const SHARP = 560; // pixels a side of the drawing that is seen
const KEY_STEP = 1 / 28; // how far an arrow key moves the pen, of the side; with Shift a third of it
const PENS = { thin: 0.045, usual: 0.075, thick: 0.11 }; // the width of the pen, of the side

/**
 * @param {object} page what the panels share; see main.js
 * @param {Element} answer what stands under the paper
 */
export function drawingPanel(page, answer) {
  let strokes = []; // each {width, points: [[x, y], ...]}, from 0 to 1
  let photo = null;
  let seen = null; // the image that the network sees, where it comes from elsewhere: an example, or a page before
  let turn = 0; // how often a picture or a drawing was begun
  let sent = null; // the promise that the newest drawing was answered
  let pen = PENS.usual;
  let spot = [0.5, 0.2]; // the pen of the keyboard

  const canvas = el("canvas", {
    width: SHARP,
    height: SHARP,
    tabindex: "0",
    role: "application",
    "aria-label": texts.drawing,
    "aria-describedby": "drawing-help",
  });
  const cross = el("span", { class: "cross", "aria-hidden": "true" });
  const hint = el("p", { class: "hint", "aria-hidden": "true" }, texts.drawHere);
  const pictures = picturesInto(take);

  const newest = newestOnly(async (ask) => {
    page.answered(await ask());
    page.tell("");
  }, page.failed);
  const send = (ask) => (sent = newest(ask));

  function changed() {
    paint();
    if (strokes.length) send(async () => page.engine.read(await blob()));
    else send(() => page.engine.ask("clear"));
  }

  function blob() {
    const small = canvasOf(SENT, SENT);
    drawOn(small.getContext("2d"), SENT);
    return pngFrom(small);
  }

  function drawOn(context, side) {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    context.strokeStyle = context.fillStyle = "#111";
    context.lineCap = context.lineJoin = "round";
    if (photo) {
      const scale = side / Math.max(photo.width, photo.height);
      const [width, height] = [photo.width * scale, photo.height * scale];
      context.drawImage(photo, (side - width) / 2, (side - height) / 2, width, height);
    }
    for (const { width, points } of strokes) {
      context.lineWidth = width * side;
      context.beginPath();
      context.moveTo(points[0][0] * side, points[0][1] * side);
      for (const [x, y] of points) context.lineTo(x * side, y * side);
      context.stroke();
    }
  }

  const isEmpty = () => strokes.length === 0 && photo === null;

  function paint() {
    const context = canvas.getContext("2d");
    drawOn(context, SHARP);
    if (isEmpty() && seen) {
      context.imageSmoothingEnabled = false;
      context.drawImage(seen, 0, 0, SHARP, SHARP);
    }
    hint.hidden = !isEmpty() || seen !== null;
    cross.style.left = `${100 * spot[0]}%`;
    cross.style.top = `${100 * spot[1]}%`;
    cross.classList.toggle("down", page.drawing);
  }

  function begin(point) {
    turn += 1;
    photo = null;
    page.drawing = true;
    strokes.push({ width: pen, points: [point] });
    changed();
  }

  function go(points) {
    strokes.at(-1).points.push(...points);
    changed();
  }

  /** The pen leaves the paper. */
  function lift() {
    page.drawing = false;
    page.rest();
    paint();
  }

  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    begin(placeOf(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!page.drawing || !event.isPrimary || !canvas.hasPointerCapture(event.pointerId)) return;
    const all = event.getCoalescedEvents?.() ?? [];
    go((all.length ? all : [event]).map(placeOf));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, lift);
  }
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? KEY_STEP / 3 : KEY_STEP;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      spot = spot.map((side, axis) => Math.min(1, Math.max(0, side + step * move[axis])));
      if (page.drawing) go([spot]);
      else paint();
    } else if (event.key === " ") {
      if (page.drawing) lift();
      else begin(spot);
    } else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) undo();
    else if (event.key === "Delete") clear();
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("blur", lift);

  function undo() {
    page.drawing = false;
    if (photo) photo = null;
    else strokes.pop();
    changed();
  }

  /** Empty the drawing; with `silent` the network is not asked, because it has another image now. */
  function clear({ silent = false } = {}) {
    turn += 1;
    page.drawing = false;
    strokes = [];
    photo = seen = null;
    if (silent) paint();
    else changed();
  }

  async function take(given) {
    if (!given) {
      page.tell(texts.noPicture);
      return;
    }
    page.drawing = false;
    page.tell(texts.readingPicture);
    const mine = (turn += 1);
    const image = await createImageBitmap(given).catch(() => null); // the library may know the format, or says why not
    send(async () => {
      const answer = await page.engine.read(given);
      if (mine === turn) [strokes, photo] = [[], image]; // else something was drawn meanwhile
      paint();
      return answer;
    });
  }

  const pens = el(
    "fieldset",
    { class: "pens" },
    el("legend", {}, texts.pen),
    ...Object.entries(PENS).map(([name, width]) =>
      el(
        "label",
        {},
        el("input", { type: "radio", name: "pen", value: name, checked: width === pen, on: { change: () => (pen = width) } }),
        texts.pens[name],
      ),
    ),
  );
  const digit = el("select", {});
  const example = button(texts.example, () => page.example(digit.value === "" ? null : Number(digit.value)));
  const examples = el("div", { class: "row", hidden: true }, labelled(texts.exampleOf, digit), example);
  const element = el(
    "section",
    { class: "panel drawing", "aria-labelledby": "draw" },
    el("h2", { id: "draw" }, texts.draw),
    el("div", { class: "paper" }, canvas, hint, cross),
    answer,
    el("p", { id: "drawing-help", class: "visually-hidden" }, texts.drawingHelp),
    el("div", { class: "row" }, button(texts.undo, undo), button(texts.clear, () => clear()), button(texts.photo, pictures.choose), pictures.input),
    pens,
    examples,
  );
  paint();

  return {
    element,
    clear,
    send,
    /** The image that the network sees now: it is shown where nothing was drawn. */
    show(image, white) {
      if (!image && !seen) return;
      seen = image ? bitmapOf(image, white) : null;
      if (isEmpty()) paint();
    },
    /** When the drawing was answered as it is now. */
    answered: () => sent,
    /** Offer the classes of the network as examples. */
    offer(classes) {
      examples.hidden = false;
      setOptions(digit, [["", texts.any], ...classes.map((name, k) => [String(k), name])]);
    },
  };
}

/** An image `{shape, values}` of ink from 0 to `white`, black on white. */
function bitmapOf({ shape: [height, width], values }, white) {
  const bitmap = canvasOf(width, height);
  const pixels = new ImageData(width, height);
  const channels = values.length / (width * height);
  for (let k = 0; k < width * height; k++) pixels.data.fill(255 * (1 - values[k * channels] / white), 4 * k, 4 * k + 3);
  for (let k = 3; k < pixels.data.length; k += 4) pixels.data[k] = 255;
  bitmap.getContext("2d").putImageData(pixels, 0, 0);
  return bitmap;
}
