// What a network says of pictures: which reading of a picture is the answer, and when it is refused.
//
// An answer is {image, probabilities, ranking, evidence, problem, leftOut}; `probabilities` are null where the picture
// was refused before the network saw it.

import { byClass, predict } from "../nn/loss.js";
import { logits } from "../nn/network.js";
import { indexOfLargest } from "../numbers.js";
import { different, surrounds } from "../reading/readings.js";
import { views } from "../reading/views.js";
import { rankingOf } from "./ranking.js";

const LEAST_PROBABILITY = 0.8; // of an answer; with less, a picture could well be two digits
const SURE = 0.98; // an answer with this probability convinces
const TINY = 1.1754943508222875e-38; // the smallest positive float32 of full precision

/** What the network makes of an example: the prediction for each class. */
export function predictClasses(network, x) {
  return predictionOf(network, logits(network, Float32Array.from(x)));
}

/** What logits say of each class; of a regression, its outputs. */
function predictionOf({ loss, classes }, z) {
  return classes.length ? byClass(loss, predict(loss, z)) : predict(loss, z);
}

/** The same from the mean of the logits over five views of an image. */
function predictViews(network, { shape, values }) {
  const all = views(values, shape).map((view) => logits(network, Float32Array.from(view)));
  const mean = Float64Array.from(all[0], (_, k) => all.reduce((sum, one) => sum + one[k], 0) / all.length);
  return predictionOf(network, mean);
}

/** The largest logit minus the mean of all. */
function evidenceIn(probabilities) {
  const logs = Array.from(probabilities, (p) => Math.log(Math.max(p, TINY)));
  return logs[indexOfLargest(logs)] - logs.reduce((sum, one) => sum + one, 0) / logs.length;
}

/** The answer of the network to one reading. */
export function judge(network, { image, problem, leftOut }) {
  if (!image) return { image, problem, leftOut, probabilities: null, ranking: [], evidence: null };
  const fiveViews = network.loss.softmax && network.threshold > 0;
  const probabilities = fiveViews ? predictViews(network, image) : predictClasses(network, image.values);
  const ranking = rankingOf(probabilities, network.decision);
  const answer = { image, problem: "", leftOut, probabilities, ranking, evidence: null };
  if (network.loss.softmax) answer.evidence = evidenceIn(probabilities);
  if (fiveViews) answer.problem = doubt(network, answer);
  return answer;
}

/** Why an answer is refused; "" if it is not. */
function doubt({ classes, threshold }, { ranking: [first, second], probabilities, evidence }) {
  if (evidence < threshold) {
    const needed = `its evidence is ${evidence.toFixed(1)}, and an answer needs ${threshold.toFixed(1)}`;
    return `not recognised as a digit: ${needed}; most like ${classes[first]}`;
  }
  if (probabilities[first] < LEAST_PROBABILITY) {
    const needed = `an answer needs a probability of ${(100 * LEAST_PROBABILITY).toFixed(0)} %`;
    return `it could be ${classes[first]} or ${classes[second]}, and ${needed}; most like ${classes[first]}`;
  }
  return "";
}

/**
 * The answer to a picture, with those to its other readings in `others`.
 *
 * The first two readings are looked at first: the usual one, and the one without all steps that did something. If
 * neither of the two convinces, or if both do and contradict each other, all are. A network whose loss gives no evidence
 * cannot choose, and looks at the usual reading alone.
 * @param {Iterator<object>} found from `readings`
 */
export function read(network, found) {
  const { softmax } = network.loss;
  let seen = different(firstOf(found, softmax ? 2 : 1));
  const answers = seen.map((reading) => judge(network, reading));
  if (softmax && new Set(answers.filter(convinces).map(label)).size !== 1) {
    const first = seen.length;
    seen = different([...seen, ...found]);
    answers.push(...seen.slice(first).map((reading) => judge(network, reading)));
  }
  const chosen = choose(answers, seen);
  const others = answers.filter((_, k) => k !== chosen).sort((a, b) => (b.evidence ?? -1) - (a.evidence ?? -1));
  return { ...answers[chosen], others };
}

/** So many of the first items of an iterator, which can go on afterwards. */
function firstOf(iterator, count) {
  const items = [];
  while (items.length < count) {
    const { value, done } = iterator.next();
    if (done) break;
    items.push(value);
  }
  return items;
}

/** The number of the class; null if it is refused. */
const label = ({ problem, ranking }) => (problem || !ranking.length ? null : ranking[0]);

/** Whether the answer is accepted, and the network is sure of it. */
function convinces({ problem, evidence, probabilities, ranking }) {
  return !problem && evidence !== null && probabilities[ranking[0]] >= SURE;
}

/**
 * Which of the answers to the readings of a picture is the answer to the picture.
 *
 * Readings that convince come first. The parts of a digit can be digits too, such as the ring and the stem of a 9, so of
 * several it is that with most ink; but not with ink around the digit of another, which is its frame, or its paper. If
 * none convinces, it is the first that is accepted, or else that with most evidence; but if the usual reading finds no
 * single digit, it stays so. An inverted reading counts only if it convinces and no other is accepted: there paper is ink,
 * and the inside of a 0 looks like a 1. Of the readings accepted with the label found, the first is shown.
 */
function choose(answers, found) {
  const upright = [...found.keys()].filter((k) => !found[k].leftOut.includes("dark paper"));
  const accepted = upright.filter((k) => label(answers[k]) !== null);
  const candidates = accepted.length ? accepted : [...answers.keys()];
  const sure = candidates.filter((k) => convinces(answers[k]));
  const convincing = sure.filter((k) => !sure.some((other) => surrounds(found[k], found[other])));
  if (!convincing.length) {
    if (!answers[0].image) return 0;
    if (accepted.length) return accepted[0];
    return largest(upright, (k) => answers[k].evidence ?? 0);
  }
  const best = largest(convincing, (k) => found[k].inked);
  return accepted.find((k) => label(answers[k]) === label(answers[best])) ?? best;
}

/** The item with the largest value, the first of several. */
function largest(items, valueOf) {
  return items.reduce((best, one) => (valueOf(one) > valueOf(best) ? one : best));
}
