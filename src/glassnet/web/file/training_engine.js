// The engine of a file that trains. It takes the place of ../engine.js, which asks a server.

import { el } from "../dom.js";
import { whole } from "../numbers.js";
import { allTexts } from "../trainingtexts.js";
import { aboutPanel } from "./about.js";
import { bytesOf } from "./base64.js";
import { engineOf, pixelsOf } from "./engine.js";
import { useTextsFor } from "./texts.js";
import { trainingTexts } from "./training_texts.js";

const model = document.getElementById("model").textContent;
const { name, page, about, training } = JSON.parse(model);
const images = new Blob([bytesOf(training.data.png)], { type: "image/png" });

useTextsFor("writing", false, trainingTexts);
allTexts.name = page.title || allTexts.fileOf(name);
allTexts.motto = "";
allTexts.leftOutHere = allTexts.leftOutHere.slice(0, 2); // it learns

const aboutFile = aboutPanel(name, about);

/** The engine of this page. */
export const engine = engineOf(
  document.getElementById("worker").textContent,
  pixelsOf(images, Infinity).then((pixels) => ({ model, pixels })),
  {
    teach: false,
    save: false,
    course: "",
    title: document.title,
    above: [el("p", { class: "task" }, page.text || allTexts.intro)],
    panels: [aboutFile.element],
  },
);

engine.ask("facts").then(({ parameters }) => aboutFile.network(allTexts.networkFacts(whole(parameters))));

/** For those who embed this file: a promise of the probabilities for one example, raw values in any nesting. */
window.glassnet = { predict: (values) => engine.ask("predict", { values }) };
