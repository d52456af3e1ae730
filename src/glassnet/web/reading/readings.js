// The readings of a picture: the ways in which it can be cleaned.
//
// The first is the usual reading, with every step. The second leaves out all steps that removed something, because a
// step that did nothing cannot have been mistaken. The others leave out one of these steps, then two, and so on.

import { Problem } from "./problem.js";
import { STEPS, Steps } from "./steps.js";

const MOST = 12; // ways of cleaning one picture
const NAMES = Object.keys(STEPS);

/**
 * The readings of a picture, the usual one first. Each is made when it is asked for, and some may be the same.
 *
 * A reading is {leftOut, image, problem, inked, place}: the names of the steps that are left out; the digit in the form
 * of the training digits, or null and why there is none; the number of pixels of the picture that were taken for the
 * digit; and the rows and the columns that they fill, [[top, bottom], [left, right]].
 * @param {object} grey grey values, a grid with a Uint8Array
 * @param {(grey: object, steps: Steps) => object} form `toMnist` or `toDigits`
 */
export function* readings(grey, form) {
  for (const steps of waysOfCleaning()) yield readingOf(grey, form, steps);
}

/**
 * The steps of cleaning for each reading, all of them first.
 *
 * Take the steps before you ask for the next: what they did decides it.
 */
export function* waysOfCleaning() {
  const ways = [[]]; // each the names that are left out, in their order
  for (let tried = 0; tried < Math.min(MOST, ways.length); tried++) {
    const steps = new Steps(new Set(ways[tried]));
    yield steps;
    const done = NAMES.filter((name) => steps.done.has(name));
    const further = done.map((name) => NAMES.filter((each) => each === name || steps.leftOut.has(each)));
    const removing = done.filter((name) => name !== "dark paper"); // this step removes nothing
    if (!tried && removing.length) further.unshift(removing);
    for (const way of further) if (!ways.some((other) => other.join() === way.join())) ways.push(way);
  }
}

/** The readings that differ from each other: of those with the same image, the first. */
export function different(found) {
  const kept = new Map();
  for (const reading of found) {
    const key = reading.image ? reading.image.values.join() : reading.problem;
    if (!kept.has(key)) kept.set(key, reading);
  }
  return [...kept.values()];
}

/** Whether the digit of reading b lies within that of reading a, and touches none of its sides. */
export function surrounds(a, b) {
  const isInside = ([start, stop], axis) => start < b.place[axis][0] && b.place[axis][1] < stop;
  return a.place.length > 0 && b.place.length > 0 && a.place.every(isInside);
}

function readingOf(grey, form, steps) {
  const leftOut = NAMES.filter((name) => steps.leftOut.has(name));
  try {
    const image = form(grey, steps);
    return { leftOut, image, problem: "", inked: steps.inked, place: steps.place };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { leftOut, image: null, problem: error.message, inked: 0, place: [] };
  }
}
