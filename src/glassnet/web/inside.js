// The panel that looks inside, at three depths: the whole network, one layer, one unit.

import { button, el } from "./dom.js";
import { layerView } from "./layer.js";
import { newestOnly } from "./newest.js";
import { at } from "./numbers.js";
import { overview } from "./overview.js";
import { texts } from "./texts.js";
import { unitView } from "./unit.js";

/** @param {object} page what the panels share; see main.js */
export function insidePanel(page) {
  const trail = el("ol", { class: "trail" });
  const body = el("div", { class: "depth" });
  const nothing = el("p", { class: "note", hidden: true }, texts.drawFirst);
  const element = el(
    "section",
    { class: "panel inside", "aria-labelledby": "inside" },
    el("h2", { id: "inside" }, texts.inside),
    el("nav", { "aria-label": texts.whereYouAre }, trail),
    nothing,
    body,
    el("div", { class: "row" }, button(texts.savePicture, () => page.savePicture(element))),
  );
  let path = []; // what was opened, outermost first: {layer}, then {layer, index} once or more
  let depth = null; // what stands in `body`

  const refresh = newestOnly(async () => {
    nothing.hidden = path.length === 0 || Boolean(page.answer.image);
    body.hidden = path.length > 0 && !page.answer.image;
    if (!body.hidden) await depth?.refresh();
  }, page.failed);

  function go(to, { past = false } = {}) {
    if (!past) history[path.length || to.length ? "pushState" : "replaceState"]({ inside: to }, "");
    const focused = element.contains(document.activeElement);
    path = to;
    const steps = [{ text: texts.wholeNetwork, to: [] }];
    path.forEach((one, k) => steps.push({ text: nameOf(one), to: path.slice(0, k + 1) }));
    const last = steps.pop();
    trail.replaceChildren(
      ...steps.map((step) => el("li", {}, button(step.text, () => go(step.to), { class: "link" }))),
      el("li", {}, el("span", { "aria-current": "location", tabindex: "-1" }, last.text)),
    );
    depth = viewOf(path.at(-1));
    body.replaceChildren(depth.element);
    if (focused) focus();
    const drawn = refresh();
    if (focused) drawn.then(reveal);
  }

  function viewOf(one) {
    const enter = (next) => go([...path, next]);
    if (!one) return overview(page, enter);
    return one.index ? unitView(page, one, enter) : layerView(page, one.layer, enter);
  }

  /** Move the focus to where the person is now, so that it is not lost with what was replaced. */
  function focus() {
    trail.lastElementChild.firstElementChild.focus({ preventScroll: true });
  }

  /** A browser keeps in view what stood below, and so may leave what was opened above the screen. */
  function reveal() {
    if (trail.getBoundingClientRect().top < 0) element.scrollIntoView({ block: "start" });
  }

  window.addEventListener("popstate", (event) => {
    if (event.state?.inside) go(event.state.inside, { past: true });
    else history.replaceState({ inside: path }, ""); // a link to a part of the page: what is open stays open
  });

  return {
    element,
    refresh,
    /** Start again at the whole network, because it is another one. */
    reset: () => go([]),
    /** Open a layer or a unit, from elsewhere on the page. */
    open(one) {
      go(one.index && one.layer !== "input" ? [{ layer: one.layer }, one] : [one]);
      element.scrollIntoView({ block: "start" });
      focus();
    },
  };
}

function nameOf(one) {
  if (!one.index) return one.layer;
  return one.layer === "input" ? texts.pixel(one.index) : at(one.layer, one.index);
}
