// A picture of numbers. Each number can be reached by mouse, finger, Tab and arrow keys, says its value, and can be opened.

import { colour, largestOf, onScheme } from "./colours.js";
import { el } from "./dom.js";
import { layoutOf, moved, placesIn } from "./layout.js";
import { ends, number } from "./numbers.js";
import { texts } from "./texts.js";

const painters = new WeakMap(); // of each canvas, what paints it

onScheme(() => {
  for (const canvas of document.querySelectorAll(".picture canvas")) painters.get(canvas)();
});

/**
 * @param {string} label what it shows, for those who cannot see it
 * @param {object} [options]
 * @param {(index: number[], value: number) => void} [options.open] Enter, or a click
 * @param {(index: number[]) => string} [options.name] how one value is called; by default by its index
 * @param {"signed"|"ink"} [options.kind]
 * @param {number} [options.across] blocks side by side
 * @param {boolean} [options.scale] whether the range stands below
 */
export function picture(label, options = {}) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const cursor = el("span", { class: "cursor", "aria-hidden": "true" });
  const frame = el(
    "div",
    { class: "picture", role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": "0" },
    canvas,
    cursor,
  );
  const says = el("span", { class: "says" });
  const range = el("span", { class: "range" });
  const foot = el("p", { class: "foot", "aria-hidden": "true" }, range, says);
  const element = el("div", { class: "pictured", hidden: true }, frame, foot);

  let array = null;
  let layout = null;
  let pixels = null;
  let at = 0;
  let largest; // the size that gets the full colour; the largest one where it is undefined

  function paint() {
    if (!array) return;
    colour(new Uint32Array(pixels.data.buffer), array.values, layout.places, largest ?? largestOf(array.values), options.kind ?? "signed");
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  function nameOf(index) {
    return options.name ? options.name(index) : texts.valueAt(index);
  }

  /** Put the cursor on the k-th value, and say it. */
  function point(k) {
    at = k;
    const [x, y] = layout.place(k);
    cursor.style.left = `${(100 * x) / layout.width}%`;
    cursor.style.top = `${(100 * y) / layout.height}%`;
    cursor.style.width = `${100 / layout.width}%`;
    cursor.style.height = `${100 / layout.height}%`;
    frame.setAttribute("aria-valuenow", String(k));
    says.textContent = say();
  }

  /** Tell those who cannot see what stands under the cursor; return it. */
  function say() {
    const text = texts.says(nameOf(layout.index(at)), number(array.values[at]));
    frame.setAttribute("aria-valuetext", text);
    return text;
  }

  function under(event) {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * layout.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * layout.height);
    return x < 0 || y < 0 || x >= layout.width || y >= layout.height ? -1 : layout.at(x, y);
  }

  function open() {
    options.open?.(layout.index(at), array.values[at]);
  }

  frame.addEventListener("keydown", (event) => {
    if (!array) return;
    if (event.key.startsWith("Arrow")) point(moved(layout, at, event.key));
    else if (event.key === "Home") point(0);
    else if (event.key === "End") point(layout.size - 1);
    else if (event.key === "Enter" && options.open) open();
    else return;
    event.preventDefault();
  });
  frame.addEventListener("pointermove", (event) => {
    const k = array ? under(event) : -1;
    if (k >= 0) point(k);
  });
  frame.addEventListener("pointerleave", () => (says.textContent = ""));
  frame.addEventListener("click", (event) => {
    const k = array ? under(event) : -1;
    if (k < 0) return;
    point(k);
    if (options.open) open();
  });
  frame.addEventListener("focus", () => array && point(at));
  frame.addEventListener("blur", () => (says.textContent = ""));
  if (options.open) frame.classList.add("opens");
  painters.set(canvas, paint);

  return {
    element,
    /** Show an array `{shape, values}`, or nothing; `size` gets the full colour, by default the largest one. */
    show(shown, size) {
      array = shown;
      largest = size;
      element.hidden = !shown;
      if (!shown) return;
      const changed = !layout || String(layout.shape) !== String(shown.shape);
      if (changed) {
        layout = { ...layoutOf(shown.shape, options.across), shape: shown.shape };
        layout.places = placesIn(layout);
        pixels = new ImageData(layout.width, layout.height);
        canvas.width = layout.width;
        canvas.height = layout.height;
        frame.style.setProperty("--ratio", `${layout.width} / ${layout.height}`);
        frame.setAttribute("aria-valuemax", String(layout.size - 1));
        frame.setAttribute("aria-valuenow", "0");
        [at, says.textContent] = [0, ""];
      }
      paint();
      if (says.textContent === "") say();
      else point(at);
      if (options.scale !== false) {
        const [least, most] = ends(shown.values).map((end) => el("span", { class: "number" }, number(end)));
        range.replaceChildren(least, texts.to, most);
      }
    },
  };
}
