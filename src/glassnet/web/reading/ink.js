// Finds the ink on a page, and removes the paper, shadows, printed lines and dirt.
//
// The paper is estimated as the page without everything that is darker than it and narrower than the widest pen.

import { noInk, onlyTheDigit, withoutFrames } from "./digit.js";
import { above, count, covered, cropped, gridOf, inverted, not, picked, quotients } from "./grid.js";
import { evened, withoutPattern } from "./pale.js";
import { paperOf } from "./paper.js";
import { depth, extent, highest, lowest } from "./pieces.js";
import { withoutBox, withoutLines } from "./ruled.js";
import { aroundACanvas, aroundASheet } from "./sheet.js";
import { least, mean, median, most, quantile, sum } from "./values.js";

const LOOK = 250; // pictures of more than 250x250 pixels are first examined at a smaller size
const WIDEST_PEN = 0.45; // of the shorter side of the picture
const WINDOW = 1.5; // times the largest pen width found: paper is wider than that
const LEAST_CONTRAST = 0.1; // ink is darker than the paper by at least this share of the paper's grey
const FINE = 40; // pixels: in pictures with a shorter side, strokes are about as fine as noise
const LEAST_SIDE = 3; // pixels: the shorter side of a stroke with paper on both sides
const CLEAR = 5; // standard deviations of the noise: stronger pixels are ink
const FAINT = 0.15; // of the strength of the ink: weaker pixels are paper

/**
 * The ink of a drawing, cropped: without paper, shadows, noise and dirt; from 0 (paper) to 1 (ink).
 *
 * A large drawing is made smaller.
 * @param {object} drawing grey values, a grid with a Uint8Array
 * @param {object} steps takes the steps of cleaning
 */
export function findInk(drawing, steps) {
  const side = Math.min(drawing.height, drawing.width);
  if (side < Math.max(shrinking(drawing), LEAST_SIDE)) throw noInk(); // empty, or only a line of pixels
  return zoom(steps.take("dark paper", darkOnLight, drawing, steps), steps, 0, 0);
}

/**
 * The ink of a drawing, dark on light: found at a small size first, then in the part around it at a larger size.
 *
 * The drawing is the part of the picture that begins at this row and column.
 */
function zoom(drawing, steps, top, left) {
  const step = shrinking(drawing);
  const ink = onlyTheDigit(withoutPaper(shrunk(drawing, step), steps), steps);
  const [rows, columns] = extent(ink);
  const room = Math.floor(Math.max(rows[1] - rows[0], columns[1] - columns[0]) / 4) + 2; // keep some paper all around
  const [up, before] = [rows, columns].map(([start]) => Math.max(start - room, 0) * step);
  const [down, behind] = [rows, columns].map(([, stop]) => (stop + room) * step);
  const closer = cropped(drawing, [up, down], [before, behind]);
  if (shrinking(closer) < step) return zoom(closer, steps, top + up, left + before);
  steps.inked = count(above(ink, 0)) * step ** 2;
  steps.place = [rows.map((row) => top + row * step), columns.map((column) => left + column * step)];
  return cropped(ink, rows, columns);
}

/** The side of the square blocks of pixels that become one pixel, so that at most LOOK x LOOK remain. */
const shrinking = ({ values }) => Math.max(1, Math.ceil(Math.sqrt(values.length) / LOOK));

/** The means of blocks of step x step pixels. */
function shrunk(drawing, step) {
  const [height, width] = [Math.floor(drawing.height / step), Math.floor(drawing.width / step)];
  const means = gridOf(height, width);
  for (let row = 0; row < height * step; row++) {
    const [from, to] = [row * drawing.width, Math.floor(row / step) * width];
    for (let column = 0; column < width; column++) {
      let total = 0;
      for (let k = column * step; k < (column + 1) * step; k++) total += drawing.values[from + k];
      means.values[to + column] += total;
    }
  }
  for (let k = 0; k < means.values.length; k++) means.values[k] /= step ** 2;
  return means;
}

/**
 * Ink from 0 to 1, still with dirt: how much darker it is than the paper around it, as a share.
 *
 * The paper is estimated twice: first as what is wider than the widest pen, then as what is wider than the pen found.
 * The closer it follows the page, the less of a shadow's edge is taken for ink.
 */
function withoutPaper(page, steps) {
  const grey = steps.take("sheet", onlyTheSheet, page);
  const widest = widestPen(grey);
  const ink = inked(grey, widest, steps);
  const mask = above(ink, 0);
  const pen = quantile(picked(depth(mask), mask), 0.99);
  const closer = Math.max(12, Math.ceil(WINDOW * 2 * pen) + 2);
  return closer < 0.7 * widest ? inked(grey, closer, steps) : ink;
}

/** Ink from 0 to 1 on light paper, narrower than the window. */
function inked(grey, window, steps) {
  const smooth = smoothed(grey);
  let paper = paperOf(smooth, window);
  if (smooth !== grey) paper = lowest(paper, 3); // because smoothing makes the dark side of a shadow's edge too light
  let [darker, noise] = darkerThan(paper, grey);
  if (CLEAR * noise > FAINT) [darker, noise] = darkerThan(paper, smooth);
  const limit = Math.max(LEAST_CONTRAST / 2, CLEAR * noise);
  darker = steps.take("frame", withoutFrames, darker, limit); // before a line of it is removed
  darker = steps.take("box", withoutBox, darker, limit);
  darker = steps.take("lines", withoutLines, darker, limit);
  darker = steps.take("pattern", withoutPattern, evened(darker, limit), darker, limit);
  const found = picked(darker, above(darker, limit));
  const strength = found.length ? quantile(found, 0.75) : 0;
  if (strength < LEAST_CONTRAST) throw noInk();
  const faint = Math.max(CLEAR * noise, FAINT * strength);
  const ink = gridOf(grey.height, grey.width);
  for (let k = 0; k < ink.values.length; k++) {
    ink.values[k] = darker.values[k] < faint ? 0 : Math.min(darker.values[k] / strength, 1);
  }
  return ink;
}

/** How much darker the grey is than the paper, as a share; and its standard deviation outside of the ink. */
function darkerThan(paper, grey) {
  const darker = quotients(grey, paper);
  for (let k = 0; k < darker.values.length; k++) darker.values[k] = 1 - darker.values[k];
  const limit = Math.max(most(darker.values) / 2, least(darker.values));
  const clear = picked(darker, not(above(darker, limit)));
  const zero = median(clear); // above 0, because the paper is estimated from the highest values of its noise
  for (let k = 0; k < clear.length; k++) clear[k] = Math.abs(clear[k] - zero);
  for (let k = 0; k < darker.values.length; k++) darker.values[k] -= zero;
  return [darker, 1.5 * median(clear)];
}

/**
 * The drawing; inverted if there is a dark sheet, or if most pixels around the ink are near the darkest.
 *
 * The border counts most.
 */
function darkOnLight(drawing, steps) {
  const grey = shrunk(drawing, shrinking(drawing));
  if (!steps.leftOut.has("sheet")) {
    const canvas = aroundACanvas(grey);
    if (canvas) {
      const inside = picked(grey, not(canvas));
      return mean(inside) < median(inside) ? drawing : inverted(drawing);
    }
    if (aroundASheet(grey)) return drawing;
    if (aroundASheet(inverted(grey))) return inverted(drawing);
  }
  const votes = votesFor(grey);
  const edge = Math.max(1, Math.floor(Math.min(grey.height, grey.width) / 16));
  const inside = cropped(votes, [edge, grey.height - edge], [edge, grey.width - edge]);
  return sum(votes.values) - 0.75 * sum(inside.values) < 0 ? inverted(drawing) : drawing;
}

/** For each pixel near ink: 1 if it is nearer to the lightest pixel around it, -1 if nearer to the darkest. */
function votesFor(grey) {
  const { height, width, values: smooth } = smoothed(grey);
  const window = widestPen(grey);
  const [high, low] = [highest, lowest].map((extreme) => extreme(gridOf(height, width, smooth), window).values);
  let contrast = 0;
  for (let k = 0; k < smooth.length; k++) contrast = Math.max(contrast, high[k] - low[k]);
  const votes = gridOf(height, width, new Int8Array(smooth.length));
  for (let k = 0; k < smooth.length; k++) {
    if (high[k] - low[k] > 0.5 * contrast) votes.values[k] = Math.sign(2 * smooth[k] - high[k] - low[k]);
  }
  return votes;
}

/** The page with what lies around a canvas or a sheet of paper as light as it. */
function onlyTheSheet(grey) {
  const step = shrinking(grey);
  if (step > 1 && !surroundingsOf(shrunk(grey, step))) return grey;
  const surroundings = surroundingsOf(grey);
  if (!surroundings) return grey;
  return covered(grey, surroundings, median(picked(grey, not(surroundings))));
}

/** A mask of what lies around a canvas or a sheet of paper; null if there is none. */
const surroundingsOf = (grey) => aroundACanvas(grey) ?? aroundASheet(grey);

const widestPen = ({ height, width }) => Math.ceil(WIDEST_PEN * Math.min(height, width));

/** The mean of each pixel with its eight neighbours; of a small picture, itself. */
function smoothed(grey) {
  const { height, width, values } = grey;
  if (Math.min(height, width) < FINE) return grey;
  const tall = new Float64Array(values.length);
  for (let k = 0; k < values.length; k++) {
    tall[k] = values[k < width ? k : k - width] + values[k] + values[k + width < values.length ? k + width : k];
  }
  const smooth = gridOf(height, width);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k++) {
      smooth.values[k] = (tall[column ? k - 1 : k] + tall[k] + tall[column < width - 1 ? k + 1 : k]) / 9;
    }
  }
  return smooth;
}
