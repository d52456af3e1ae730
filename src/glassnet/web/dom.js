// Makes elements. Text goes in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element.
 * @param {string} tag
 * @param {object} [props] attributes by name; `on` holds listeners by event, `hidden` and `disabled` are booleans
 * @param {...(Node|string)} children
 */
export function el(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** An SVG element; arguments as for `el`. */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/** A button with a text. */
export function button(text, click, props = {}) {
  return el("button", { type: "button", on: { click }, ...props }, text);
}

/** A canvas of this size, which nobody sees. */
export const canvasOf = (width, height) => el("canvas", { width, height });

/** What is on a canvas as a PNG: a promise of a Blob. */
export const pngFrom = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));

let labels = 0;

/** A control with its label before it, which is its whole name; `more` stands behind the label. */
export function labelled(text, control, props = {}, more = null) {
  if (!control.id) control.id = `field-${(labels += 1)}`;
  return el("div", { class: "field", ...props }, el("span", {}, el("label", { for: control.id }, text), more ? " " : null, more), control);
}

/** A native list to choose from; options are [value, text] pairs. */
export function select(options, change, props = {}) {
  const list = el("select", { on: { change: () => change(list.value) }, ...props });
  setOptions(list, options);
  return list;
}

/** Replace the options of a list, and keep the chosen value where it is still offered. */
export function setOptions(list, options) {
  const chosen = list.value;
  list.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
  if (options.some(([value]) => String(value) === chosen)) list.value = chosen;
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
