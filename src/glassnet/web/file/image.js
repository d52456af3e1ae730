// The panel for a network that takes images other than handwriting: a picture is dropped, pasted or chosen.

import { button, el } from "../dom.js";
import { newestOnly } from "../newest.js";
import { texts } from "../texts.js";
import { picturesInto } from "../take.js";

/**
 * @param {object} page what the panels share; see main.js
 * @param {Element} answer what stands below
 */
export function inputPanel(page, answer) {
  let picture = null;
  const send = newestOnly(async () => {
    page.answered(await page.engine.picture(picture, invert.checked));
    page.tell("");
  }, page.refused);
  const take = (file) => {
    picture = file;
    if (file) send();
    else page.tell(texts.noPicture);
  };
  const taken = picturesInto(take);
  const invert = el("input", { type: "checkbox", on: { change: () => picture && send() } });
  const element = el(
    "section",
    { class: "panel drawing", "aria-labelledby": "draw" },
    el("h2", { id: "draw" }, texts.draw),
    el("p", { class: "note" }, texts.pictureHow),
    el("div", { class: "row" }, button(texts.photo, taken.choose), taken.input),
    el("label", {}, invert, " ", texts.invert),
    answer,
  );
  return { element, show() {} };
}
