// An equation with its numbers, and the source that computes it.

import { button, el } from "./dom.js";
import { number } from "./numbers.js";
import { texts } from "./texts.js";

/**
 * One equation for one number, as `explain` writes it: with symbols, with numbers, and its value.
 * @param {object} worked
 * @param {(place: number[]) => void} [open] opens the number that stands at this place of the input
 * @param {(place: number[]) => string} [name] how that number is called
 */
export function equation(worked, open, name) {
  const line = (sign, text) => (text ? el("div", {}, el("span", { class: "sign" }, sign), el("span", {}, text)) : null);
  const left = el("span", { class: "left" }, worked.left);
  const lines = [worked.symbols, worked.numbers, number(worked.value)].filter((text, k, all) => text && text !== all[k + 1]);
  const box = el(
    "div",
    { class: "equation" },
    el("div", {}, left, el("span", { class: "sign" }, " = "), el("span", {}, lines[0])),
    ...lines.slice(1).map((text) => line("= ", text)),
    worked.note ? el("div", { class: "note" }, texts.where(worked.note)) : null,
  );
  const places = worked.terms?.length ? worked.terms.filter((term) => term.place).map((term) => term.place) : worked.places;
  if (!open || !places?.length) return box;
  return el(
    "div",
    {},
    box,
    el(
      "p",
      { class: "opens-list" },
      texts.openNumber,
      ...places.slice(0, 12).flatMap((place) => [" ", button(name(place), () => open(place), { class: "link" })]),
    ),
  );
}

/** The equations of a layer, as they stand in the docstring beside its code. */
export function equations(lines) {
  return el("pre", { class: "equations" }, lines.join("\n"));
}

/** Lines of source, with the file and the number of each line; to unfold, or `open`. */
export function source(piece, { open = false } = {}) {
  if (!piece) return null;
  const lines = piece.text.replace(/\n$/, "").split("\n");
  const code = el("code", {}, lines.map((line, k) => `${String(piece.line + k).padStart(4)}  ${line}`).join("\n"));
  return el(
    "details",
    { class: "source", open },
    el("summary", {}, texts.sourceOf(piece.file, piece.line)),
    el("pre", { tabindex: "0", "aria-label": texts.sourceOf(piece.file, piece.line) }, code),
  );
}
