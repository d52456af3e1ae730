// The engine of a file that trains. It takes the place of ../engine.js, which asks a server.

import { el } from "../dom.js";
import { allTexts } from "../trainingtexts.js";
import { aboutPanel } from "./about.js";
import { bytesOf } from "./base64.js";
import { engineOf, pixelsOf } from "./engine.js";
import { useTextsFor } from "./texts.js";

const model = document.getElementById("model").textContent;
const { name, page, about, training } = JSON.parse(model);
const images = new Blob([bytesOf(training.data.png)], { type: "image/png" });

useTextsFor("training", false);
allTexts.name = page.title || allTexts.fileOf(name);
allTexts.motto = "";

/** The engine of this page. */
export const engine = engineOf(
  document.getElementById("worker").textContent,
  pixelsOf(images, Infinity).then((pixels) => ({ model, pixels })),
  {
    teach: false,
    save: false,
    course: "",
    title: document.title,
    above: page.text ? [el("p", { class: "task" }, page.text)] : [],
    panels: [aboutPanel(name, about).element],
  },
);

/** For those who embed this file: a promise of the probabilities for one example, raw values in any nesting. */
window.glassnet = { predict: (values) => engine.ask("predict", { values }) };
