// The texts of the file, and those that replace the page's if its network takes something other than digits.
// To translate the file, translate this one and ../texts.js.

import { texts } from "../texts.js";

const own = {
  fileOf: (name) => `The network ${name}`,
  noAnswer: "Draw a digit, or drop a photo.",
  drawFirst: "Draw a digit first.",
  intro: "Draw a digit. A neural network predicts which one it is, and you can look at every number inside.",
  aboutTitle: "About this file",
  aboutFile:
    "This file holds a trained neural network and the program that runs it. It needs no internet and no server: your input stays on this device. You can keep it, send it and open it anywhere. It was made with glassnet, a free Python program that trains such networks.",
  aboutNetwork: (name) => `The network ${name}`,
  broken: (reason) => `This file cannot be used here: ${reason}. Open it in another browser, or export it again.`,
  noPicture: "This browser cannot read this picture. Save it as PNG or JPEG.",
  leavesOut: "Limits",
  input: (k) => `input ${k}`,
  leftOutHere: [
    "It reads one digit at a time. The program glassnet reads numbers of several digits.",
    "A photo of more than 2,000 pixels a side is scaled down before it is read.",
    "It does not train. The program glassnet trains networks.",
  ],
};

/** For classes that are not handwriting. */
const ofClasses = {
  probabilities: "Probability of each class",
  outputs: "Output for each class",
  refusesBy: "",
  cannotRefuse: "",
  addUp: "",
  rightDigit: "The right class",
  chooseLabel: "Choose the right class to see the gradients.",
  lossIs: (name, loss) => `The loss for the right class ${name} is ${loss}. The gradient of this loss is below each output.`,
  predictionOf: "The prediction",
  whichPixels: "Which inputs speak for and against each class",
  whichPixelsHow:
    "A blue input makes the class more probable, an orange one less. Each value is the gradient of the log-odds at the input, times the input. All classes use one colour scale.",
  speaksFor: (name) => `Inputs that speak for and against ${name}`,
  onlyPixels: "This is an input, the lowest level. Change its value and see what follows.",
};

/** For a predicted number. */
const ofNumbers = {
  chooseLabel: "",
  whichPixels: "Which inputs of the network raise and lower the prediction",
  whichPixelsHow: "A blue input raises the prediction, an orange one lowers it. Each value is the slope of the prediction at the input, times the input.",
  speaksFor: (name) => `Inputs that raise and lower ${name}`,
};

const instead = {
  writing: {},
  image: {
    ...ofClasses,
    draw: "Choose a picture",
    intro: "Choose a picture. A neural network predicts what it shows, and you can look at every number inside.",
    skip: "Skip to the picture",
    photo: "Choose a picture …",
    noAnswer: "Drop, paste or choose a picture.",
    drawFirst: "Choose a picture first.",
    pictureHow: "Drop, paste or choose a picture. It is scaled down to the size of the training images.",
    invert: "Invert it: the network learned from light shapes on black",
    whichPixels: "Which pixels speak for and against each class",
    leftOutHere: ["A picture is only scaled down: nothing is cut out and no background is removed.", own.leftOutHere[2]],
  },
  table: {
    ...ofClasses,
    draw: "Fill in a row",
    intro: "Fill in a row. A neural network predicts, and you can look at every number inside.",
    skip: "Skip to the row",
    part: { ...texts.part, draw: "The row" },
    rowHow: "Change a field, and the answer follows. It begins with an average row.",
    averageRow: "An average row",
    mayBeMissing: "may be left empty",
    missingCell: "(missing)",
    otherCell: "(missing, or another)",
    noAnswer: "Fill in a row.",
    drawFirst: "Fill in a row first.",
    moved: "What moved the answer",
    movedHow: (answer) =>
      `How much each column moves ${answer} away from an average row, where each number, and the share of each category, is the mean. Blue: up. Orange: down.`,
    farFrom: (names) => `Far from all training rows: ${names}. Do not rely on this answer.`,
    inWords: { ...texts.inWords, Standardize: "Each input is shifted and scaled so that its mean over the training rows is 0 and its spread 1." },
    oddsOf: (name) => `the log-odds of ${name}, log(p / (1 - p)),`,
    scoreOf: (name) => `the score of ${name}`,
    leftOutHere: ["It predicts one row. glassnet predict takes a whole table.", own.leftOutHere[2]],
  },
  numbers: {
    ...ofClasses,
    draw: "Numbers",
    intro: "Type numbers. A neural network predicts, and you can look at every number inside.",
    skip: "Skip to the numbers",
    part: { ...texts.part, draw: "Numbers" },
    numbersHow: (count) => `The network takes ${count} numbers. Type or paste them, separated by commas or spaces.`,
    noNumberIn: (text) => `“${text}” is not a number.`,
    noAnswer: "Type the numbers.",
    drawFirst: "Type the numbers first.",
    leftOutHere: [own.leftOutHere[2]],
  },
};

/** Make the texts those of this file, with some more; before any panel is made. */
export function useTextsFor(takes, predictsNumbers, more = {}) {
  Object.assign(texts, own, instead[takes], predictsNumbers ? ofNumbers : {}, more);
}
