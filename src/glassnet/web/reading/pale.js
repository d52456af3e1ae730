// Pale ink: a pattern on the paper, or strokes by a pen that runs dry.
//
// Both look alike, so a picture is read both ways.

import { above, atMost, count, covered, maskOf, picked } from "./grid.js";
import { amountsOf, extent, highest, longerSide, pieces } from "./pieces.js";
import { indexOfMost, median, most, quantile } from "./values.js";

const MUCH_DARKER = 2; // ink is at least this number of times as dark as pale ink
const SOME = 0.1; // of the strong pixels: fewer pale pixels are dirt
const SPECK = 0.05; // of the longer side of the picture: a smaller piece is not the digit on a pattern
const NEAR = 5; // pixels: the side of the square around a strong pixel in which ink is not pale
const BINS = 64; // of the histogram

/**
 * The same with strong ink no darker than pale ink, if there is pale ink: as if all were by one pen.
 * @param {object} darker how much darker pixels are than the paper
 * @param {number} least less is not ink
 */
export function evened(darker, least) {
  const shades = shadesOf(darker, least);
  if (!shades) return darker;
  return atMost(darker, quantile(picked(darker, shades.pale), 0.75));
}

/**
 * The ink in its own shades, without the pale pixels if there are more of them than of strong ones.
 *
 * These are curved lines, a printed pattern, or a coarse cloth. Fewer pale pixels may be a light pen stroke.
 */
export function withoutPattern(even, darker, least) {
  const shades = even === darker ? null : shadesOf(darker, least);
  if (!shades || count(shades.pale) <= count(shades.strong)) return darker;
  const numbers = pieces(shades.strong);
  const amounts = amountsOf(numbers);
  amounts[0] = 0; // not strong
  const largest = indexOfMost(amounts);
  const box = extent(maskOf(numbers, (number) => number === largest));
  if (longerSide(box) < SPECK * Math.max(darker.height, darker.width)) return darker;
  return covered(darker, shades.pale, 0);
}

/** Masks of the strong ink, and of the pale ink away from it; null if there is no pale ink. */
function shadesOf(darker, least) {
  const inked = above(darker, least);
  if (!count(inked)) return null;
  const strong = above(darker, Math.max(least, splitOf(picked(darker, inked))));
  const near = highest(strong, NEAR);
  const pale = maskOf(inked, (ink, k) => ink && !near.values[k]);
  if (count(pale) <= SOME * count(strong)) return null;
  const isMuchDarker = median(picked(darker, strong)) >= MUCH_DARKER * median(picked(darker, pale));
  return isMuchDarker ? { strong, pale } : null;
}

/** The threshold between the two groups that differ most from each other (Otsu 1979, equation 18). */
function splitOf(values) {
  const edges = Float64Array.from({ length: BINS + 1 }, (_, k) => k * (most(values) / BINS));
  const counts = histogramOf(values, edges);
  const sums = new Float64Array(BINS);
  for (let k = 0; k < BINS; k++) sums[k] = (k ? sums[k - 1] : 0) + counts[k] * ((edges[k + 1] + edges[k]) / 2);
  const apart = new Float64Array(BINS - 1);
  for (let k = 0, below = 0; k < BINS - 1; k++) {
    below += counts[k];
    const above = values.length - below;
    const distance = (sums[BINS - 1] - sums[k]) / Math.max(above, 1) - sums[k] / Math.max(below, 1);
    apart[k] = below * above * distance ** 2;
  }
  return edges[indexOfMost(apart) + 1];
}

/** The number of values between each two edges; the highest value is the last edge. */
function histogramOf(values, edges) {
  const counts = new Float64Array(BINS);
  for (let k = 0; k < values.length; k++) {
    let bin = Math.min(Math.floor((values[k] / edges[BINS]) * BINS), BINS - 1);
    if (values[k] < edges[bin]) bin -= 1; // the division was not exact
    else if (bin < BINS - 1 && values[k] >= edges[bin + 1]) bin += 1;
    counts[bin] += 1;
  }
  return counts;
}
