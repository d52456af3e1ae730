// For a class: large type, two columns, a pointer, and an experiment as slides by one key.

import { setScheme } from "./colours.js";
import { button, el, labelled, select } from "./dom.js";
import { texts } from "./texts.js";

const NEXT = ["n", "N", "PageDown"]; // the last is what a remote control sends
const TYPED = "input, select, textarea, [role=slider], [role=application]"; // where keys have another meaning

/**
 * @param {object} experiments the panel of experiments
 * @returns what stands in the head of the page
 */
export function projector(experiments) {
  const pointer = el("span", { class: "pointer", hidden: true, "aria-hidden": "true" });
  const toggle = button(texts.projector, () => show(!document.body.classList.contains("projector")), { "aria-pressed": "false" });
  const next = button(texts.nextSlide, () => go(), { hidden: true });
  const slide = el("p", { class: "visually-hidden", role: "status", "aria-label": texts.slide });
  const scheme = select(texts.schemes, (chosen) => setScheme(chosen));
  const slides = [
    () => experiments.choose(number),
    () => experiments.perform(),
    () => experiments.unfold(),
  ];
  let number = 0; // of the experiment, from 0
  let part = -1; // the slide of it that is shown

  function show(on) {
    document.body.classList.toggle("projector", on);
    toggle.setAttribute("aria-pressed", String(on));
    next.hidden = pointer.hidden = !on;
    part = -1;
  }

  /** The next slide: the question, the run, the answer; then the next experiment. */
  function go() {
    if (part === slides.length - 1) number = (number + 1) % experiments.count();
    else if (part === -1) number = Math.max(0, experiments.place());
    part = (part + 1) % slides.length;
    slides[part]();
    slide.textContent = texts.slides[part];
    experiments.element.scrollIntoView({ block: "start" });
  }

  document.addEventListener("keydown", (event) => {
    const meant = NEXT.includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (next.hidden || !meant || event.target.closest(TYPED)) return;
    event.preventDefault();
    go();
  });
  document.addEventListener("pointermove", (event) => {
    pointer.style.left = `${event.clientX}px`;
    pointer.style.top = `${event.clientY}px`;
  });
  document.body.append(pointer);

  return el("div", { class: "shown" }, next, toggle, labelled(texts.colours, scheme), slide);
}
