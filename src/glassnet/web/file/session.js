// The session: what the file has before it, and the answers to what its panels ask. It is `Session` of the server in
// Python, for one network.

import { layer, layers, speaks, unit, weights } from "../explanation/inside.js";
import { flatOf } from "../layout.js";
import { judge, predictClasses, read } from "../model/judge.js";
import { meansOf, movedBy } from "../model/moved.js";
import { rankingOf } from "../model/ranking.js";
import { at, number } from "../numbers.js";
import { formFor } from "../reading/form.js";
import { greyOf } from "../reading/picture.js";
import { Problem } from "../reading/problem.js";
import { readings } from "../reading/readings.js";
import { STEPS } from "../reading/steps.js";
import { factsOf } from "./model.js";
import { averageRow, byColumn, farFrom, inputsOf } from "./row.js";
import { scaledTo } from "./scaled.js";

/**
 * @param {object} model from `modelOf`
 * @param {object} [pair] the trainings, from `pairOf`, in a file that trains
 */
export function sessionOf(model, pair = null) {
  const { table, white } = model;
  const hasPixels = ["writing", "image"].includes(model.takes);
  let name = model.name; // of the network that is shown
  let network = model.network;
  let picture = null; // of handwriting, in grey
  let shown = null; // the answer to the reading that is shown, with an image
  let found = []; // the answers to all readings of the picture, first the one that the network has chosen
  let changes = []; // each {layer, parameter, index, value, described}

  /** The network and the image, with the changes. */
  function now() {
    if (!shown?.image) throw new Problem(""); // a panel has asked just before the image was taken away
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
    const always = { numbers: null, changes: described, truth: shown?.truth ?? null };
    if (!shown) return { ...always, image: null, problem: "", left_out: [], readings: [] };
    const [altered, pixels] = changed(network, shown.image?.values ?? [], changes);
    const image = shown.image && { shape: shown.image.shape, values: pixels };
    const anew = changes.length || network !== model.network; // a training goes on
    const judged = (one) => (anew ? judge(altered, one === shown ? { ...one, image } : one) : one);
    const own = image && finite(predictClasses(altered, pixels));
    return {
      ...always,
      image,
      probabilities: own && { shape: [own.length], values: own },
      evidence: judged(shown).evidence,
      threshold: network.threshold,
      problem: judged(shown).problem,
      left_out: shown.leftOut.map(phrase),
      readings: offered().map((one) => ({ ...inShort(judged(one)), shown: one === shown })),
    };
  }

  const forgetPixels = () => (changes = changes.filter((one) => one.layer));

  function clear() {
    [picture, shown, found] = [null, null, []];
    return answer();
  }

  /** Answer for an example as it is; `truth` is the number of its class, if it is known. */
  function look(image, truth = null) {
    shown = { ...judge(network, { image, problem: "", leftOut: [] }), truth };
    [picture, found] = [null, [shown]];
    forgetPixels();
    return answer();
  }

  /** Answer for what becomes an example; where it becomes none, nothing is shown any more. */
  function lookAt(imageOf) {
    clear();
    return look(imageOf());
  }

  /** Answer for a picture of handwriting. */
  function readGrey(grey) {
    const said = read(network, readings(grey, formFor(network.inputShape)));
    [picture, shown, found] = [grey, said, [said, ...said.others]];
    forgetPixels();
    return answer();
  }

  function change({ layer: of, parameter, index, value }) {
    const one = { layer: of, parameter, index, value };
    const before = valueAt(...now(), one);
    if (!of && hasPixels && !(Number.isInteger(value) && value >= 0 && value <= white)) {
      throw new Problem(`a pixel is a whole number from 0 to ${white}, got ${number(value)}`);
    }
    const place = of ? `${of} ${at(parameter, index)}` : at(hasPixels ? "pixel" : "input", index);
    changes = [...changes, { ...one, described: `${place}: ${number(before)} becomes ${number(value)}` }];
    try {
      return answer();
    } catch (error) {
      changes = changes.slice(0, -1); // it would be the answer to all that follows
      throw error;
    }
  }

  /** By how much each column of the table moves the answer as it is now. */
  function moved() {
    const [altered, x] = now();
    return { effects: byColumn(table, movedBy(altered, x, rankingOf(predictClasses(altered, x), altered.decision)[0])) };
  }

  const asks = {
    answer,
    facts: () => facts(),
    clear,
    read: (pixels) => readGrey(greyOf(pixels)),
    picture: (pixels) => look(scaledTo(pixels, network.imageShape, white)),
    row({ cells }) {
      const answered = lookAt(() => ({ shape: network.inputShape, values: inputsOf(table, cells) }));
      return { ...answered, far: farFrom(table, shown.image.values, network.layers[0]) };
    },
    numbers: ({ values }) => lookAt(() => ({ shape: network.inputShape, values: exampleOf(network, values) })),
    reading({ number: k }) {
      const chosen = offered()[k];
      if (!chosen) throw new Problem("there is no other way to read this picture");
      forgetPixels();
      shown = chosen;
      return answer();
    },
    moved,
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
    /** What the network of the file says: the probability of each class, or the score; of a regression its outputs. */
    predict: ({ values }) => finite(predictClasses(model.network, exampleOf(model.network, values))),
  };
  const facts = () => factsOf({ ...model, name, network });

  return {
    asks,
    welcome: () => ({ network: facts(), answer: answer(), average: table && averageRow(table, meansOf(network)) }),
    /** Show the network of this name; it reads the picture anew. */
    show(wanted) {
      [name, network, changes] = [wanted, pair?.of(wanted)?.network ?? model.network, []];
      const said = picture ? readGrey(picture) : shown ? look(shown.image, shown.truth) : answer();
      return { network: facts(), answer: said };
    },
    /** The name of the network that is shown. */
    shown: () => name,
    /** The image that is shown; null if there is none. */
    image: () => shown?.image ?? null,
    look,
    now,
  };
}

/** Numbers as float32, if all are finite. */
function finite(numbers) {
  const single = Float32Array.from(numbers);
  if (!single.every(Number.isFinite)) throw new Problem("the network computes numbers that are not finite");
  return single;
}

const phrase = (name) => STEPS[name].without;

function inShort({ image, ranking, evidence, problem, leftOut }) {
  return { image, label: ranking[0], evidence, refused: Boolean(problem), left_out: leftOut.map(phrase) };
}

/** Values from outside as one example. */
function exampleOf({ inputShape }, values) {
  const size = inputShape.reduce((product, side) => product * side, 1);
  const flat = [];
  flatten(values, flat, size);
  const expected = `expected ${size} finite numbers, an example of shape ${inputShape.join(" x ")}`;
  if (flat.length !== size) throw new Problem(`${expected}, got ${flat.length > size ? "more" : flat.length} values`);
  const wrong = flat.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new Problem(`${expected}, but value ${wrong + 1} is none`);
  return Float64Array.from(flat);
}

/** Put the numbers in lists and arrays of any depth into one list, as long as there are not too many. */
function flatten(values, into, most) {
  const isList = Array.isArray(values) || ArrayBuffer.isView(values);
  if (!isList) into.push(typeof values === "number" ? values : NaN);
  else for (let k = 0; k < values.length && into.length <= most; k++) flatten(values[k], into, most);
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
