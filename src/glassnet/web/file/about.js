// What this file is: the network in it, what it can do, and what it cannot.

import { el } from "../dom.js";
import { texts } from "../texts.js";

/**
 * @param {string} name of the model
 * @param {string[]} facts sentences about it
 */
export function aboutPanel(name, facts) {
  const size = el("li", {});
  const element = el(
    "section",
    { class: "panel about", "aria-labelledby": "about" },
    el("h2", { id: "about" }, texts.aboutTitle),
    el("p", {}, texts.aboutFile),
    el("h3", {}, texts.aboutNetwork(name)),
    el("ul", {}, size, ...facts.map((fact) => el("li", {}, fact))),
    el("h3", {}, texts.leavesOut),
    el("ul", {}, ...texts.leftOutHere.map((line) => el("li", {}, line))),
  );
  return { element, network: (text) => (size.textContent = text) };
}
