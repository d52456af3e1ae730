// The texts of the file, and those that it has in place of the page's where its network takes something else than digits.
// To translate the file, translate this one and ../texts.js.

import { texts } from "../texts.js";

const own = {
  fileOf: (name) => `The network ${name}`,
  noAnswer: "Draw a digit, or drop a photo.",
  drawFirst: "Draw a digit first.",
  aboutTitle: "About this file",
  aboutFile:
    "This file holds a trained neural network and the program that runs it. It needs no internet and no server: what you put in stays on this device. Keep it, send it on, open it anywhere.",
  aboutNetwork: (name) => `The network ${name}`,
  leavesOut: "What it leaves out",
  leftOutHere: [
    "It reads one digit at a time. Whole numbers are read by the program glassnet.",
    "A photo of more than 2,000 pixels a side is made smaller before it is read.",
    "It does not learn: the program glassnet trains networks.",
  ],
};

/** For what is no handwriting. */
const ofClasses = {
  probabilities: "Probability of each class",
  outputs: "Output for each class",
  refusesBy: "",
  cannotRefuse: "",
  addUp: "",
  rightDigit: "The right class",
  chooseLabel: "Choose the right class, and the gradients appear.",
  lossIs: (name, loss) => `The loss for the right class ${name} is ${loss}. Below each output stands the gradient of this loss.`,
  predictionOf: "The prediction",
  whichPixels: "Which inputs speak for and against each class",
  whichPixelsHow:
    "A blue input makes the class more probable, an orange one less. Each value is the gradient of the log-odds at the input, times the input. One scale of colour serves all classes.",
  speaksFor: (name) => `Inputs that speak for and against ${name}`,
  onlyPixels: "This is an input. Nothing lies below it. Change its value and see what follows.",
};

/** For what is predicted as a number. */
const ofNumbers = {
  chooseLabel: "",
  whichPixels: "Which inputs of the network raise and lower the prediction",
  whichPixelsHow: "A blue input raises the prediction, an orange one lowers it. Each value is the slope of the prediction at the input, times the input.",
  speaksFor: (name) => `Inputs that raise and lower ${name}`,
};

const instead = {
  writing: {},
  training: {
    noAnswer: "Draw a digit, drop a photo, or take an example.",
    drawFirst: "Draw a digit or take an example first.",
    link: "Link",
    command: (link) => location.href.split("#")[0] + link,
    linkHolds:
      "Whoever opens this link beside the same file sees the same. If the file was sent by mail, send what stands from # on too: it goes behind the address of the file. It holds the settings and the seed, or the name of the experiment; the step; and fingerprints of the weights.",
    experimentsHow:
      "Each experiment trains small networks, in less than a minute, mostly with a mistake in one of them. It ends the training in progress.",
    trainHow:
      "This file trains by itself, on 5,000 digits of MNIST that it holds. Going back restores an earlier state and repeats the steps from there: the same numbers, as the fingerprint shows.",
    otherData: "The answer is about 55,000 images; with fewer, networks get less right.",
    differsFrom: (same, step) =>
      `This differs from the training that was shared: ${same === null ? "" : `the same until step ${same}, `}different at step ${step}. Another browser may compute the last bits of exp otherwise.`,
    leftOutHere: own.leftOutHere.slice(0, 2),
  },
  image: {
    ...ofClasses,
    draw: "Choose a picture",
    skip: "Skip to the picture",
    photo: "Choose a picture …",
    noAnswer: "Drop, paste or choose a picture.",
    drawFirst: "Choose a picture first.",
    pictureHow: "Drop, paste or choose a picture. It is made as small as the images that the network has learned from.",
    invert: "Invert it: the network has learned from light things on black",
    whichPixels: "Which pixels speak for and against each class",
    leftOutHere: ["A picture is only made smaller: nothing is cut out and no background is removed.", own.leftOutHere[2]],
  },
  table: {
    ...ofClasses,
    draw: "Fill in a row",
    skip: "Skip to the row",
    part: { ...texts.part, draw: "The row" },
    rowHow: "Change a field, and the answer follows. It begins with an average row.",
    averageRow: "An average row",
    mayBeMissing: "may be left empty",
    missingCell: "(missing)",
    noAnswer: "Fill in a row.",
    drawFirst: "Fill in a row first.",
    moved: "What moved the answer",
    movedHow: (answer) => `Each column moves ${answer} by about its slope there, times the distance from an average row.`,
    oddsOf: (name) => `the log-odds of ${name}, log(p / (1 - p)),`,
    leftOutHere: ["It answers for one row. A whole table is answered by glassnet predict.", own.leftOutHere[2]],
  },
  numbers: {
    ...ofClasses,
    draw: "Numbers",
    skip: "Skip to the numbers",
    part: { ...texts.part, draw: "Numbers" },
    numbersHow: (count) => `The network takes ${count} numbers. Type or paste them, with commas or spaces between.`,
    noAnswer: "Type the numbers.",
    drawFirst: "Type the numbers first.",
    leftOutHere: [own.leftOutHere[2]],
  },
};

/** Make the texts those of this file; before any panel is made. */
export function useTextsFor(takes, predictsNumbers) {
  Object.assign(texts, own, instead[takes], predictsNumbers ? ofNumbers : {});
}
