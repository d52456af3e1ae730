// The session: what the file has before it, and the answers to what its panels ask. It is `Session` of the server in
// Python, for one network.

import { layer, layers, speaks, unit, weights } from "../explanation/inside.js";
import { flatOf } from "../layout.js";
import { judge, predictClasses, read } from "../model/judge.js";
import { meansOf, movedBy } from "../model/moved.js";
import { at, number } from "../numbers.js";
import { formFor } from "../reading/form.js";
import { greyOf } from "../reading/picture.js";
import { Problem } from "../reading/problem.js";
import { readings } from "../reading/readings.js";
import { STEPS } from "../reading/steps.js";
import { factsOf } from "./model.js";
import { averageRow, byColumn, inputsOf } from "./row.js";
import { scaledTo } from "./scaled.js";

/**
 * @param {object} model from `modelOf`
 * @param {object} [pair] the trainings, from `pairOf`, in a file that trains
 */
export function sessionOf(model, pair = null) {
  const { table, white } = model;
  let name = model.name; // of the network that is shown
  let network = model.network;
  let shown = null; // the answer to the reading that is shown, with an image
  let found = []; // the answers to all readings of the picture, first the one that the network has chosen
  let changes = []; // each {layer, parameter, index, value, described}

  /** The network and the image, with the changes. */
  function now() {
    if (!shown?.image) throw new Problem("there is nothing to look at yet");
    return changed(network, shown.image.values, changes);
  }

  /** The readings to choose from: those that have an image, unless it is only the one that was chosen. */
  function offered() {
    const seen = found.filter(({ image }) => image);
    return seen.length === 1 && seen[0] === found[0] ? [] : seen;
  }

  /** What the network says of the image and of the other readings, as the server says it. */
  function answer() {
    const described = changes.map((one) => one.described);
    if (!shown) return { image: null, problem: "", left_out: [], numbers: null, readings: [], changes: described, truth: null };
    const [altered, pixels] = changed(network, shown.image?.values ?? [], changes);
    const image = shown.image && { shape: shown.image.shape, values: pixels };
    const anew = changes.length || network !== model.network; // a training goes on
    const judged = (one) => (anew ? judge(altered, one === shown ? { ...one, image } : one) : one);
    const own = image && Float32Array.from(predictClasses(altered, pixels));
    if (own && !own.every(Number.isFinite)) throw new Problem("the network computes numbers that are not finite");
    return {
      image,
      probabilities: own && { shape: [own.length], values: own },
      evidence: judged(shown).evidence,
      threshold: network.threshold,
      problem: judged(shown).problem,
      left_out: shown.leftOut.map(phrase),
      numbers: null,
      readings: offered().map((one) => ({ ...inShort(judged(one)), shown: one === shown })),
      changes: described,
      truth: shown.truth ?? null,
    };
  }

  /** Answer for an example that is no picture of handwriting; `truth` is the number of its class, if it is known. */
  function look(image, truth = null) {
    shown = { ...judge(network, { image, problem: "", leftOut: [] }), truth };
    [found, changes] = [[shown], []];
    return answer();
  }

  /** Answer for a picture of handwriting. */
  function readPicture(picture) {
    const said = read(network, readings(greyOf(picture), formFor(network.inputShape)));
    [shown, found] = [said, [said, ...said.others]];
    forgetPixels();
    return answer();
  }

  const facts = () => factsOf({ ...model, name, network });
  const forgetPixels = () => (changes = changes.filter((one) => one.layer));

  function change({ layer: of, parameter, index, value }) {
    const one = { layer: of, parameter, index, value };
    const before = valueAt(...now(), one);
    if (!of && !table && !(Number.isInteger(value) && value >= 0 && value <= white)) {
      throw new Problem(`a pixel is a whole number from 0 to ${white}, got ${number(value)}`);
    }
    const place = of ? `${of} ${at(parameter, index)}` : at("pixel", index);
    changes = [...changes, { ...one, described: `${place}: ${number(before)} becomes ${number(value)}` }];
    try {
      return answer();
    } catch (error) {
      changes = changes.slice(0, -1); // it would be the answer to all that follows
      throw error;
    }
  }

  const asks = {
    answer,
    clear() {
      [shown, found] = [null, []];
      return answer();
    },
    read: readPicture,
    picture: (picture) => look(scaledTo(picture, network.imageShape, white)),
    row: ({ cells }) => look({ shape: network.inputShape, values: inputsOf(table, cells) }),
    numbers: ({ values }) => look({ shape: network.inputShape, values: exampleOf(network, values) }),
    reading({ number: k }) {
      const chosen = offered()[k];
      if (!chosen) throw new Problem("there is no other way to read this picture");
      forgetPixels();
      shown = chosen;
      return answer();
    },
    /** By how much each column of the table moves the answer. */
    moved: () => ({ effects: byColumn(table, movedBy(...now(), shown.ranking[0])) }),
    layers: ({ label }) => layers(...now(), label),
    layer: ({ layer: of, label }) => ({ ...layer(...now(), of, label), last_step: pair?.of(name)?.lastStep(of) ?? null }),
    unit: ({ layer: of, index, label }) => unit(...now(), of, index, label),
    speaks: () => speaks(...now()),
    weights: ({ layer: of, first = 0, count = 64 }) => weights(network, of, first, count),
    change,
    undo() {
      changes = changes.slice(0, -1);
      return answer();
    },
    /** The probability of each class, or the score; for a regression its outputs. */
    predict: ({ values }) => Float32Array.from(predictClasses(network, exampleOf(network, values))),
  };

  return {
    asks,
    welcome: () => ({ network: facts(), answer: answer(), average: table && averageRow(table, meansOf(network)) }),
    /** Show the network of this name. */
    show(wanted) {
      [name, network, changes] = [wanted, pair?.of(wanted)?.network ?? model.network, []];
      return { network: facts(), answer: answer() };
    },
    /** The name of the network that is shown. */
    shown: () => name,
    /** The image that is shown; null if there is none. */
    image: () => shown?.image ?? null,
    /** What the network says of the image, and what the page shows besides. */
    look,
    now,
  };
}

const phrase = (name) => STEPS[name].without;

function inShort({ image, ranking, evidence, problem, leftOut }) {
  return { image, label: ranking[0], evidence, refused: Boolean(problem), left_out: leftOut.map(phrase) };
}

/** Values from outside as one example. */
function exampleOf({ inputShape }, values) {
  const size = inputShape.reduce((product, side) => product * side, 1);
  const flat = Array.from(values ?? [], (value) => (value?.length === undefined ? value : Array.from(value))).flat(Infinity).map(Number);
  if (flat.length !== size || !flat.every(Number.isFinite)) {
    throw new Problem(`expected ${size} finite numbers, an example of shape ${inputShape.join(" x ")}, got ${flat.length} values`);
  }
  return Float64Array.from(flat);
}

/** Copies of the network and of the pixels with these changes. */
function changed(network, pixels, changes) {
  if (!changes.length) return [network, pixels];
  const copy = { ...network, layers: network.layers.map((one) => ({ ...one, arrays: { ...one.arrays } })) };
  const image = pixels.slice();
  for (const { layer: name, parameter, index, value } of changes) {
    if (!name) {
      image[placeOf(network, index)] = value;
      continue;
    }
    const part = copy.layers.find((one) => one.name === name);
    part.arrays[parameter] = part.arrays[parameter].slice();
    part.arrays[parameter][flatOf(index, part.shapes[parameter])] = value;
  }
  return [copy, image];
}

/** The number that a change replaces. */
function valueAt(network, pixels, { layer: name, parameter, index }) {
  if (!name) return pixels[placeOf(network, index)];
  const part = network.layers.find((one) => one.name === name);
  return part.arrays[parameter][flatOf(index, part.shapes[parameter])];
}

/** The place of a pixel, given by its row and column also where the network takes a flat image. */
function placeOf({ inputShape, imageShape }, index) {
  return flatOf(index, index.length === inputShape.length ? inputShape : imageShape);
}
