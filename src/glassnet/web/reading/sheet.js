// Finds what lies around a page: the table around a sheet, the room around a screen, the tools around a canvas.
//
// Without this, a dark table in a photo would be taken for ink or paper.

import { above, anyInRows, count, gridOf, maskOf, not, picked, share } from "./grid.js";
import { amountsOf, highest, pieces } from "./pieces.js";
import { indexOfMost, least, mean, median, most, quantile, rounded } from "./values.js";

const SMALLEST = 0.15; // least share of the picture that a sheet fills
const LEAST_AROUND = 0.01; // least share of the picture around the sheet
const MOST_HOLES = 0.3; // largest share of the holes in a sheet; the hole in the ring of a 0 is larger
const RECTANGLE = 0.87; // a sheet fills at least this share of the smallest rectangle around it; an ellipse fills 0.79
const AS_INK = 0.65; // the edge of a sheet has at least this share of the ink's contrast; the edge of a shadow has less
const ALL_AROUND = 0.75; // the surroundings of a canvas have at least this share of the border of the picture
const SAME = 2; // of 255: greys that differ by less are the same, but for how a JPEG stores them
const EDGE = 3; // pixels: how far the edge of a sheet may be blurred
const TURN = 3; // degrees between the rectangles that are tried

/**
 * A mask of the surroundings of a light sheet, including its edge; null if there is no such sheet.
 *
 * A sheet is a rectangle, possibly rotated, with a sharp edge and with small holes, which are the ink.
 */
export function aroundASheet(grey) {
  const [low, high] = [quantile(grey.values, 0.01), quantile(grey.values, 0.99)];
  const found = rectangleOf(above(grey, (low + high) / 2));
  if (!found) return null;
  const { sheet, whole } = found;
  const outside = not(whole);
  const holes = maskOf(whole, (inside, k) => inside && !sheet.values[k]);
  const [near, far] = [ringAround(outside), ringAround(whole)];
  if (!count(near) || !count(far)) return null;
  const ink = median(picked(grey, sheet)) - quantile(picked(grey, holes), 0.2);
  const edge = median(picked(grey, near)) - median(picked(grey, far));
  return ink > (high - low) / 2 && edge > AS_INK * ink ? grown(outside, EDGE) : null;
}

/**
 * A mask of the surroundings of the canvas of a painting program, including its edge; null if there is none.
 *
 * A canvas is a rectangle of a single grey. So its edge may be as faint as it likes. The other parts of the program's
 * window lie around it.
 */
export function aroundACanvas(grey) {
  const counts = new Int32Array(256);
  for (let k = 0; k < grey.values.length; k++) counts[rounded(grey.values[k])] += 1;
  for (let grade = 0; grade < counts.length; grade++) {
    if (counts[grade] < SMALLEST * (1 - MOST_HOLES) * grey.values.length) continue;
    const found = rectangleOf(not(above(distances(grey, grade), SAME)));
    if (!found) continue;
    const outside = not(found.whole);
    if (mean(borderOf(outside)) >= ALL_AROUND) return grown(outside, EDGE);
  }
  return null;
}

/** How far each value is from this one. */
function distances({ height, width, values }, value) {
  const result = gridOf(height, width);
  for (let k = 0; k < values.length; k++) result.values[k] = Math.abs(values[k] - value);
  return result;
}

/** The largest piece of a mask: `sheet`, and `whole` with its holes too; null if it is no rectangle with ink. */
function rectangleOf(light) {
  if (share(light) < SMALLEST * (1 - MOST_HOLES) || borderOf(light).every(Boolean)) return null;
  const sheet = largestOf(light);
  const whole = not(fromTheBorder(not(sheet)));
  const [size, holes] = [count(whole), count(whole) - count(sheet)];
  if (share(whole) < SMALLEST || share(not(whole)) < LEAST_AROUND) return null;
  if (holes === 0 || holes >= MOST_HOLES * size) return null;
  return size >= RECTANGLE * smallestRectangle(whole) ? { sheet, whole } : null;
}

/** The outermost values of a grid; those of the corners twice. */
function borderOf({ height, width, values }) {
  const border = new values.constructor(2 * (width + height));
  border.set(values.subarray(0, width));
  border.set(values.subarray((height - 1) * width), width);
  for (let row = 0, k = 2 * width; row < height; row++) {
    border[k++] = values[row * width];
    border[k++] = values[(row + 1) * width - 1];
  }
  return border;
}

/** The largest piece of a mask. */
function largestOf(mask) {
  const numbers = pieces(mask);
  const amounts = amountsOf(numbers);
  amounts[0] = 0; // outside of the mask
  const largest = indexOfMost(amounts);
  return maskOf(numbers, (number) => number === largest);
}

/** The pieces of a mask that touch the border of the picture. */
function fromTheBorder(mask) {
  const numbers = pieces(mask);
  const touches = new Uint8Array(numbers.highest + 1);
  for (const number of borderOf(numbers)) if (number) touches[number] = 1;
  return maskOf(numbers, (number) => touches[number]);
}

/** The mask, grown by this number of pixels on all sides. */
const grown = (mask, pixels) => above(highest(mask, 2 * pixels + 1), 0);

/** What lies beyond the edge of a mask, on its outer side. */
function ringAround(mask) {
  const inner = grown(mask, EDGE);
  return maskOf(grown(mask, 2 * EDGE), (inside, k) => inside && !inner.values[k]);
}

/** The area of the smallest rectangle around a mask, rotated in steps of 3 degrees. */
function smallestRectangle(mask) {
  const { width, values } = mask;
  const points = []; // the outermost pixels lie at the ends of rows
  anyInRows(mask).forEach((any, y) => {
    const row = values.subarray(y * width, (y + 1) * width);
    if (any) points.push([row.indexOf(1), y], [row.lastIndexOf(1), y]);
  });
  let smallest = Infinity;
  for (let degrees = -45; degrees < 45; degrees += TURN) {
    const angle = degrees * (Math.PI / 180);
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const along = span(points.map(([x, y]) => x * cosine + y * sine));
    const across = span(points.map(([x, y]) => y * cosine - x * sine));
    smallest = Math.min(smallest, (along + 1) * (across + 1));
  }
  return smallest;
}

const span = (values) => most(values) - least(values);
