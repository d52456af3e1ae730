// The terms of the page: a sentence for each, where it stands, and a link to the page of the course that derives it.

import { el } from "./dom.js";
import { texts } from "./texts.js";

let opened = 0; // so that each has an id of its own
let courseFolder = ""; // the address before the name of a page of the course; "" where there is no course

/** What a popover does, in browsers of before 2024. */
function unfoldByHand(button, said, fill) {
  said.hidden = true;
  fill();
  button.addEventListener("click", () => (said.hidden = !said.hidden));
}

/** Link terms to the pages of the course at this address. */
export function linkCourse(address) {
  courseFolder = address;
}

/**
 * A button that explains a term in place.
 * @param {string} key in `texts.words`
 */
export function term(key) {
  const id = `term-${(opened += 1)}`;
  const { word, meaning, course } = texts.words[key];
  const fill = () => said.replaceChildren(el("strong", {}, word), el("p", {}, meaning), ...[courseLink(course)].filter(Boolean));
  const said = el("div", { id, class: "explained", popover: "auto", role: "note", on: { beforetoggle: fill } });
  const button = el("button", { type: "button", class: "term", "aria-label": texts.whatIs(word), popovertarget: id }, "?");
  if (!("popover" in said)) unfoldByHand(button, said, fill);
  return el("span", { class: "term-of" }, button, said);
}

/**
 * A link to a page of the course; it opens beside this page, which goes on training.
 * @param {string} [page] such as "init" or "what-can-go-wrong#dead-relus"
 */
export function courseLink(page) {
  return page && courseFolder ? el("a", { href: `${courseFolder}${page}`, target: "_blank", rel: "noopener" }, texts.derived) : null;
}

/** The panel with all terms. */
export function wordsPanel() {
  const sorted = Object.values(texts.words).sort((a, b) => a.word.localeCompare(b.word, texts.language));
  const rows = sorted.flatMap(({ word, meaning, course }) => [
    el("dt", {}, word),
    el("dd", {}, `${meaning} `, courseLink(course)),
  ]);
  return el("section", { class: "panel", "aria-labelledby": "words" }, el("h2", { id: "words" }, texts.wordsTitle), el("dl", {}, ...rows));
}
