// A link to trainings, as the fragment of an address: what they follow from, and how far they have come. It is that of
// the page in Python: #recipe=sixteen&lr=0.1&step=400&prints=0.1f0c2a-1.77e3b0

import { Problem } from "../reading/problem.js";

const PRINT = 6; // hexadecimal digits of a fingerprint: enough to tell two trainings apart
const OTHER = "other."; // before the name of what belongs to the second training
const MOST = 8000; // characters
const MOST_STEP = 1e7;

/**
 * The text of a link, without the "#".
 * @param {{experiment: string, values: object[], steps: number[], prints: object[]}} link
 */
export function fragmentOf({ experiment, values, steps, prints }) {
  const parts = new URLSearchParams(experiment ? { experiment } : {});
  ["", OTHER].forEach((before, k) => {
    for (const [key, value] of Object.entries(values[k] ?? {})) {
      parts.append(before + key, typeof value === "string" ? value : JSON.stringify(value));
    }
  });
  ["", OTHER].slice(0, steps.length).forEach((before, k) => {
    parts.append(`${before}step`, String(steps[k]));
    const marks = Object.entries(prints[k]).map(([step, mark]) => `${step}.${mark.slice(0, PRINT)}`);
    if (marks.length) parts.append(`${before}prints`, marks.join("-"));
  });
  return parts.toString();
}

/** A link from an address with a fragment. */
export function linkOf(text) {
  const fragment = text.slice(text.lastIndexOf("#") + 1);
  if (fragment.length > MOST) throw new Problem(`expected a link of at most ${MOST} characters, got ${fragment.length}`);
  const link = { experiment: "", values: [], steps: [], prints: [] };
  const seen = new Set();
  for (const [key, value] of new URLSearchParams(fragment)) {
    if (seen.has(key)) throw new Problem(`the part ${key.slice(0, 40)} stands twice in the link`);
    seen.add(key);
    const [k, name] = key.startsWith(OTHER) ? [1, key.slice(OTHER.length)] : [0, key];
    if (key === "experiment") link.experiment = value;
    else if (name === "step") link.steps[k] = stepOf(value);
    else if (name === "prints") link.prints[k] = printsOf(value);
    else link.values[k] = { ...link.values[k], [name]: valueOf(value) };
  }
  if (Boolean(link.experiment) === Boolean(link.values[0]) || (link.values[1] && !link.values[0])) {
    throw new Problem(`a link names either an experiment or the settings of a training, got ${fragment.slice(0, 80)}`);
  }
  return link;
}

function stepOf(text) {
  if (!/^\d{1,9}$/.test(text) || Number(text) > MOST_STEP) {
    throw new Problem(`step: expected a whole number from 0 to ${MOST_STEP}, got ${text.slice(0, 40)}`);
  }
  return Number(text);
}

function printsOf(text) {
  if (!/^\d{1,9}\.[0-9a-f]{6}(-\d{1,9}\.[0-9a-f]{6}){0,63}$/.test(text)) {
    throw new Problem(`prints: expected some such as 128.1f0c2a, got ${text.slice(0, 40)}`);
  }
  return Object.fromEntries(text.split("-").map((part) => part.split(".")));
}

function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** How far two trainings agree: the last step at which they are the same, and the first at which they are not. */
export function agreement(expected, prints) {
  const both = Object.keys(expected).filter((step) => step in prints).map(Number).sort((a, b) => a - b);
  const differs = both.find((step) => prints[step].slice(0, PRINT) !== expected[step]) ?? null;
  const same = both.filter((step) => differs === null || step < differs);
  return { same: same.length ? same[same.length - 1] : null, differs };
}
