// Converts a drawing or photo of a digit into the form of the training digits: as `reading/drawing.py` of the library.
//
// A network reads only digits that look like its examples: the same size, the same place, the same ink. This module
// knows how MNIST and the UCI digits were made.

import { above, count, cropped, gridOf, not, padded, picked, transposed } from "./grid.js";
import { findInk } from "./ink.js";
import { depth, extent, longerSide, penWidth } from "./pieces.js";
import { Problem } from "./problem.js";
import { between, most, neighbours, rounded, sum } from "./values.js";

const [SIDE, BOX] = [28, 20]; // pixels: the side of an MNIST image, and the longer side of the digit in it
const CENTRE = 14; // the row and column, counted from 0, of the centre of mass in an MNIST image
const OFF_CENTRE = 0.53; // pixels: the largest distance of the centre of mass from CENTRE in the 70,000 images
const MNIST_SIDES = [19, 20]; // 16 of the 70,000 digits have a longer side of 19 pixels
const USUAL_PENS = [1.2, 4.7]; // pixels: only 1 % of the MNIST digits have thinner strokes, and 1 % thicker ones
const [THIN, THICK] = [1.5, 4]; // pixels: 5 % have thinner strokes, and 5 % thicker ones
const BLOT = 9; // pixels: the pen width of a disc is 13, that of the thickest of 2,200 MNIST digits 6.7
const LEAST_BLOT = 143; // pixels: those of the disc with that pen width, the smallest shape that has it
const FINE = 8; // strokes are measured at this number of pixels per MNIST pixel
const [HEIGHT, WIDTH] = [32, 20]; // pixels: height and largest width of a UCI digit before its blocks are counted
const BLOCK = 4; // pixels: the side of these blocks
const LEAST_DIGIT = 250; // inked pixels of 32x32: nine in ten UCI digits have from 260 to 370
const DECIMALS = 1e12; // of resized values: so a limit that one just meets does not depend on the order of additions
const FAINT = 0.15; // of full ink: weaker pixels belong to the edge of a stroke

/** The function that converts pictures to examples of this shape: `toMnist` for 784 pixels, `toDigits` for 64. */
export function formFor(shape) {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size === SIDE * SIDE) return toMnist;
  if (size === 8 * 8) return toDigits;
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  throw new Problem(`this model takes examples of shape ${tuple}, not pictures of digits`);
}

/**
 * One digit on paper in the form of MNIST, light on dark, (28, 28): 0 is paper, 255 is ink.
 *
 * The makers of MNIST scaled a digit to 20 pixels on its longer side, keeping its shape; this makes its edges grey.
 * They put it into 28x28 pixels with its centre of mass in the middle (LeCun, Bottou, Bengio and Haffner 1998,
 * "Gradient-based learning applied to document recognition", section III-A). A digit so lopsided that this would cut
 * it off is moved to the edge instead. What is already in MNIST's form is returned unchanged.
 */
export function toMnist(grey, steps) {
  const values = isMnist(grey) ? grey.values : onAPage(findInk(grey, steps), steps);
  return { shape: [SIDE, SIDE], values };
}

/** The ink of a digit, from 0 to 1 and cropped, in the form of MNIST. */
function onAPage(ink, steps) {
  let small = scaledToBox(ink); // refuses a blot, before its strokes are made thinner
  const usual = steps.take("pen", withMnistPen, ink);
  if (usual !== ink) small = scaledToBox(usual);
  const [row, column] = centreOfMass(small);
  const { height, width } = small;
  const top = between(rounded(CENTRE - row), 0, SIDE - height);
  const left = between(rounded(CENTRE - column), 0, SIDE - width);
  const page = gridOf(SIDE, SIDE, new Uint8Array(SIDE * SIDE));
  paste(page, gridOf(height, width, small.values.map((value) => rounded(value * 255))), top, left);
  return page.values;
}

/**
 * One digit on paper in the form of the UCI digits (scikit-learn's), (8, 8), from 0 (paper) to 16 (ink).
 *
 * Their makers used NIST's routines. These remove the slant of a digit, scale it to 32 pixels in height and at most 20
 * in width, centre it in 32x32 pixels that are either inked or not, and thicken it if too few pixels are inked. Then
 * the inked pixels in blocks of 4x4 are counted (Garris and others 1994, "NIST Form-Based Handprint Recognition
 * System", NISTIR 5469). 8x8 pixels are taken as such a digit with its counts scaled to 0..255.
 */
export function toDigits(grey, steps) {
  const side = HEIGHT / BLOCK;
  if (grey.height === side && grey.width === side) {
    return { shape: [side, side], values: grey.values.map((value) => rounded(value * (16 / 255))) };
  }
  const ink = upright(findInk(grey, steps));
  const width = Math.min(WIDTH, Math.max(1, rounded((HEIGHT * ink.width) / ink.height)));
  let bitmap = gridOf(HEIGHT, HEIGHT, new Uint8Array(HEIGHT * HEIGHT));
  paste(bitmap, above(scaled(ink, HEIGHT, width), 0.5), 0, (HEIGHT - width) >> 1);
  while (count(bitmap) < LEAST_DIGIT) bitmap = thickened(bitmap);
  const values = new Uint8Array(side * side);
  bitmap.values.forEach((inked, k) => {
    const [row, column] = [Math.floor(k / HEIGHT), k % HEIGHT];
    values[Math.floor(row / BLOCK) * side + Math.floor(column / BLOCK)] += inked;
  });
  return { shape: [side, side], values };
}

/** Put a small grid into a larger one. */
function paste(page, { height, width, values }, top, left) {
  for (let row = 0; row < height; row++) {
    page.values.set(values.subarray(row * width, (row + 1) * width), (top + row) * page.width + left);
  }
}

/** Resize values: by means over areas to shrink, by linear interpolation to enlarge. */
export function resize(grid, height, width) {
  const { values } = resizedColumns(resizedColumns(grid, height), width);
  return gridOf(height, width, values.map((value) => rounded(value * DECIMALS) / DECIMALS));
}

/** The values with this number of rows; then rows and columns are exchanged. */
function resizedColumns({ height, width, values }, rows) {
  const result = gridOf(rows, width);
  weightsOf(rows, height).forEach(({ first, weights }, row) => {
    const line = result.values.subarray(row * width, (row + 1) * width);
    weights.forEach((weight, k) => {
      const from = (first + k) * width;
      for (let column = 0; column < width; column++) line[column] += weight * values[from + column];
    });
  });
  return transposed(result);
}

/** For each new pixel of a line, its first old one, and weights: their overlap with a window of at least one pixel. */
function weightsOf(size, old) {
  const reach = Math.max(old / size, 1) / 2;
  return Array.from({ length: size }, (_, k) => {
    const centre = (k + 0.5) * (old / size);
    const [first, past] = [Math.max(Math.floor(centre - reach), 0), Math.min(Math.ceil(centre + reach), old)];
    const overlap = Float64Array.from({ length: past - first }, (_, i) =>
      Math.max(Math.min(first + i + 1, centre + reach) - Math.max(first + i, centre - reach), 0),
    );
    const total = sum(overlap);
    return { first, weights: overlap.map((part) => part / total) };
  });
}

/** The row and column, counted from 0, of the centre of mass of ink. */
export function centreOfMass({ height, width, values }) {
  const [rows, columns] = [new Float64Array(height), new Float64Array(width)];
  for (let row = 0; row < height; row++) {
    const line = values.subarray(row * width, (row + 1) * width);
    rows[row] = sum(line);
    for (let column = 0; column < width; column++) columns[column] += line[column];
  }
  return [rows, columns].map((amounts) => sum(amounts.map((amount, place) => amount * place)) / sum(amounts));
}

/** Whether this is in MNIST's form: 28x28 pixels, most of them black, the digit with MNIST's size and place. */
function isMnist(grey) {
  if (grey.height !== SIDE || grey.width !== SIDE || most(grey.values) <= 127) return false;
  if (count(above(grey, 0)) > grey.values.length / 2) return false;
  const isCentred = centreOfMass(grey).every((place) => Math.abs(place - CENTRE) <= OFF_CENTRE);
  return isCentred && MNIST_SIDES.includes(longerSide(extent(grey)));
}

/** The ink, scaled to 20 pixels on its longer side; refused if it is a blot. */
function scaledToBox(ink) {
  const scale = BOX / Math.max(ink.height, ink.width);
  const small = scaled(ink, ...sidesOf(ink, scale));
  const inked = above(small, 0.5);
  if (count(inked) >= LEAST_BLOT && penWidth(inked) > BLOT) {
    throw new Problem("found a blot, not strokes: expected a digit, written or drawn");
  }
  return small;
}

/** Height and width of a grid at this scale. */
const sidesOf = ({ height, width }, scale) => [height, width].map((side) => Math.max(1, rounded(side * scale)));

/**
 * The ink with strokes as thick as MNIST's. If they change, the ink is enlarged, to keep its edges smooth.
 *
 * Each side of a stroke moves by d pixels, so the digit's longer side L grows by 2d. For strokes of width w that should
 * have width p when the digit is scaled to 20 pixels: w + 2d = p (L + 2d) / 20.
 */
function withMnistPen(ink) {
  const smooth = resize(ink, ...sidesOf(ink, (FINE * BOX) / Math.max(ink.height, ink.width)));
  const inked = above(smooth, 0.5);
  const width = penWidth(inked) / FINE;
  if (!width || (USUAL_PENS[0] <= width && width <= USUAL_PENS[1])) return ink;
  const pen = between(width, THIN, THICK);
  const move = (FINE * (pen - width)) / 2 / (1 - pen / BOX);
  const room = Math.floor((FINE * BOX) / 8);
  const inside = depth(padded(inked, room, 0));
  const outside = depthOutside(inked, room);
  const moved = gridOf(inside.height, inside.width);
  for (let k = 0; k < moved.values.length; k++) {
    moved.values[k] = between(inside.values[k] - outside.values[k] + move + 0.5, 0, 1);
  }
  return cropped(moved, ...extent(moved));
}

/** The depth of what is outside of a mask, with room around it, and without an effect of the border. */
function depthOutside(inked, room) {
  const wide = padded(inked, 2 * room, 0);
  const [rows, columns] = [wide.height, wide.width].map((side) => [room, side - room]);
  return cropped(depth(not(wide)), rows, columns);
}

/**
 * Scale ink, from 0 to 1, so that a tenth of the inked pixels get the value 1.
 *
 * In MNIST at least a tenth are white. So a pen too thin to fill a pixel also gives full ink.
 */
function scaled(ink, height, width) {
  const small = resize(ink, height, width);
  const inked = picked(small, above(small, FAINT * most(small.values)));
  const place = 0.9 * (inked.length - 1);
  const [low, high] = neighbours(inked, Math.floor(place));
  const white = (high - low) * (place - Math.floor(place)) + low;
  return gridOf(height, width, small.values.map((value) => Math.min(value / white, 1)));
}

/** The bitmap with the four neighbours of each inked pixel inked too. */
function thickened({ height, width, values }) {
  const result = values.slice();
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k++) {
      if (!values[k]) continue;
      if (row) result[k - width] = 1;
      if (row < height - 1) result[k + width] = 1;
      if (column) result[k - 1] = 1;
      if (column < width - 1) result[k + 1] = 1;
    }
  }
  return gridOf(height, width, result);
}

/** The ink without its slant, cropped to the inked part: its rows are shifted sideways. */
function upright(ink) {
  const { height, width, values } = ink;
  const slant = slantOf(ink);
  const [middle] = centreOfMass(ink);
  const shifts = Float64Array.from({ length: height }, (_, row) => slant * (row - middle));
  const first = Math.floor(Math.min(shifts[0], shifts[height - 1])); // of the columns of the result
  const past = width + Math.ceil(Math.max(shifts[0], shifts[height - 1]));
  const straight = gridOf(height, past - first);
  for (let row = 0, k = 0; row < height; row++) {
    const line = values.subarray(row * width, (row + 1) * width);
    for (let column = first; column < past; column++) straight.values[k++] = interpolated(line, column + shifts[row]);
  }
  return cropped(straight, ...extent(above(straight, FAINT)));
}

/** How many columns the ink of a digit moves to the right with each row. */
function slantOf(ink) {
  const [row, column] = centreOfMass(ink);
  let [both, rows] = [0, 0];
  ink.values.forEach((value, k) => {
    const [y, x] = [Math.floor(k / ink.width) - row, (k % ink.width) - column];
    both += y * value * x;
    rows += y * y * value;
  });
  return rounded((both / Math.max(rows, 1e-9)) * DECIMALS) / DECIMALS;
}

/** The value of a line between two of its places, by linear interpolation; 0 beyond its ends. */
function interpolated(line, place) {
  const last = line.length - 1;
  if (place < 0 || place > last) return 0;
  const k = Math.floor(place);
  return k === last ? line[k] : (line[k + 1] - line[k]) * (place - k) + line[k];
}
