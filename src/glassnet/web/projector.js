// For a class: large type, a pointer, and an experiment as slides by one key.

import { setScheme } from "./colours.js";
import { button, el, labelled, select } from "./dom.js";
import { keep, kept } from "./kept.js";
import { texts } from "./texts.js";

const SLIDES = ["question", "run", "answer"];
const KEYS = { PageDown: "next", PageUp: "back", n: "next", p: "back" }; // a remote control sends the first two
const TYPED = "input:is(:not([type]), [type=text], [type=number]), textarea"; // where letters are letters
const KEPT = "projector"; // whether a page that is loaded again shows large type

/**
 * @param {object} experiments the panel of experiments
 * @returns what stands in the head of the page
 */
export function projector(experiments) {
  const pointer = el("span", { class: "pointer", hidden: true, "aria-hidden": "true" });
  const toggle = button(texts.projector, () => show(!shown()), { "aria-pressed": "false", title: texts.projectorHow });
  const scheme = select(texts.schemes, (chosen) => setScheme(chosen));
  const slides = slidesOf(experiments);
  const begin = button(texts.asSlides, slides.next, { hidden: true });
  const shown = () => document.body.classList.contains("projector");

  function show(on) {
    document.body.classList.toggle("projector", on);
    toggle.setAttribute("aria-pressed", String(on));
    pointer.hidden = begin.hidden = !on;
    keep(KEPT, on ? "on" : "");
    if (!on) slides.end();
  }

  const keyed = (event) => {
    if (!shown() || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (event.key === "Escape") slides.end();
    else if (move && !(event.key.length === 1 && event.target.closest(TYPED))) {
      event.preventDefault();
      event.stopPropagation();
      slides[move]();
    }
  };
  document.addEventListener("keydown", keyed, { capture: true }); // before lists and sliders take the key
  document.addEventListener("pointermove", (event) => {
    pointer.style.left = `${event.clientX}px`;
    pointer.style.top = `${event.clientY}px`;
  });
  document.body.append(slides.element, pointer);
  if (kept(KEPT)) show(true);

  return el("div", { class: "shown" }, begin, toggle, labelled(texts.colours, scheme));
}

/** The chosen experiment as slides: the question, the run, the answer; then the next experiment. */
function slidesOf(experiments) {
  const place = el("p", { role: "status", "aria-label": texts.slide });
  const controls = [button(texts.lastSlide, () => go(-1)), button(texts.nextSlide, () => go(1)), button(texts.endSlides, () => end())];
  const element = el("div", { class: "slides", hidden: true }, place, ...controls);
  let at = -1; // of SLIDES; -1 if none is shown

  function to(slide) {
    at = slide;
    document.body.dataset.slide = SLIDES[at];
    element.hidden = false;
    place.textContent = texts.slideOf(experiments.title(), at + 1, SLIDES.length, texts.slides[SLIDES[at]]);
    experiments.unfold(SLIDES[at] === "answer");
    if (SLIDES[at] === "run" && !experiments.over() && !experiments.trains()) experiments.perform();
    scrollTo({ top: 0 });
  }

  function go(by) {
    if (at === -1) {
      experiments.choose(0);
      to(0);
    } else if (by > 0 && SLIDES[at] === "run" && experiments.trains()) place.textContent = texts.stillTraining;
    else if (SLIDES[at + by]) to(at + by);
    else {
      experiments.choose(by);
      to(0);
    }
  }

  function end() {
    at = -1;
    element.hidden = true;
    delete document.body.dataset.slide;
  }

  return { element, end, next: () => go(1), back: () => go(-1) };
}
