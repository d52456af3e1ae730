// A picture as grey values: from its pixels, as a canvas gives them.

import { count, gridOf, maskOf, picked } from "./grid.js";
import { Problem } from "./problem.js";
import { mean, most, quantile, rounded } from "./values.js";

const LUMINANCE = [0.299, 0.587, 0.114]; // of red, green, blue (ITU-R BT.601)
const IN_SIXTEEN_BITS = [19595, 38470, 7471]; // the same times 65536
const MUCH_MORE = 2; // a mixture of colours must have this number of times the contrast of luminance
const MOST_PIXELS = 40000000;
const SMALL = 256; // pixels per side are enough to choose paper and mixture
const LEAST_CONTRAST = 64; // of 255: between the paper of a sheet and its ink
const SWEEPS = 20; // of rotations: three or four are enough

/**
 * The grey values of a picture {width, height, data} in RGBA: 0 is black, 255 is white.
 *
 * Colours become their luminance. But if a mixture of red, green and blue has more than twice the contrast between
 * neighbouring pixels, as for red ink on green paper, that mixture is used. Transparent parts become paper on which the
 * rest stands out.
 */
export function greyOf(picture) {
  const { width, height, data } = picture;
  if (width * height > MOST_PIXELS) throw new Problem("the picture has more than 40,000,000 pixels: make it smaller");
  const small = reduced(picture, Math.ceil(Math.max(width, height) / SMALL));
  const paper = isOpaque(picture) ? 255 : paperOf(small);
  const mixture = mixtureOf(onPaper(small, paper));
  const values = new Uint8Array(width * height);
  const toGrey = mixture ? (...colour) => mixed(colour, mixture) : luminance;
  for (let k = 0, from = 0; k < values.length; k++, from += 4) {
    const alpha = data[from + 3];
    const shown = (channel) => on(paper, data[from + channel], alpha);
    values[k] = toGrey(shown(0), shown(1), shown(2));
  }
  return gridOf(height, width, values);
}

/** A colour as its luminance, as Pillow computes it. */
function luminance(red, green, blue) {
  return (red * IN_SIXTEEN_BITS[0] + green * IN_SIXTEEN_BITS[1] + blue * IN_SIXTEEN_BITS[2] + 0x8000) >> 16;
}

/** A colour as grey by a mixture, in single precision, as Pillow computes it. */
function mixed(colour, [white, ...factors]) {
  const single = Math.fround;
  const terms = factors.map((factor, channel) => single(single(factor) * colour[channel]));
  const value = single(single(single(single(terms[0] + terms[1]) + terms[2]) + single(white)) + 0.5);
  return Math.floor(Math.min(Math.max(value, 0), 255));
}

/** A value from 0 to 255 on paper that shows through. */
const on = (paper, value, alpha) => by255(paper * (255 - alpha) + value * alpha);

/** A product of two numbers from 0 to 255, divided by 255, as Pillow rounds it. */
function by255(product) {
  const more = product + 128;
  return ((more >> 8) + more) >> 8;
}

function isOpaque({ data }) {
  for (let k = 3; k < data.length; k += 4) if (data[k] < 255) return false;
  return true;
}

/** The picture, smaller by this factor: the means of blocks, where each pixel counts as far as it is opaque. */
function reduced(picture, factor) {
  if (factor <= 1) return picture;
  const [width, height] = [Math.ceil(picture.width / factor), Math.ceil(picture.height / factor)];
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k += 4) {
      const [red, green, blue, alpha] = meanOf(picture, row * factor, column * factor, factor);
      const visible = (value) => (alpha ? Math.min(Math.floor((255 * value) / alpha), 255) : value);
      data.set([visible(red), visible(green), visible(blue), alpha], k);
    }
  }
  return { width, height, data };
}

/** The mean of a block, with colours times their opacity; at the border of the picture the block is smaller. */
function meanOf({ width, height, data }, top, left, side) {
  const [bottom, right] = [Math.min(top + side, height), Math.min(left + side, width)];
  const size = (bottom - top) * (right - left);
  const sums = [0, 0, 0, 0];
  for (let row = top; row < bottom; row++) {
    for (let k = 4 * (row * width + left); k < 4 * (row * width + right); k += 4) {
      const alpha = data[k + 3];
      for (let channel = 0; channel < 3; channel++) sums[channel] += by255(data[k + channel] * alpha);
      sums[3] += alpha;
    }
  }
  const factor = Math.floor(Math.fround(2 ** 24 / size)); // Pillow multiplies instead of dividing
  return sums.map((total) => Math.floor(((total + (size >> 1)) * factor) / 2 ** 24));
}

/** The grey behind a transparent picture: that of its own paper if most of it is opaque and has ink. */
function paperOf({ width, height, data }) {
  const size = width * height;
  const alpha = gridOf(height, width, Uint8Array.from({ length: size }, (_, k) => data[4 * k + 3]));
  const half = most(alpha.values) / 2;
  const [red, green, blue] = LUMINANCE;
  const grey = Float64Array.from({ length: size }, (_, k) => {
    return red * data[4 * k] + green * data[4 * k + 1] + blue * data[4 * k + 2];
  });
  const visible = maskOf(alpha, (value) => value >= half);
  const seen = picked(gridOf(height, width, grey), visible);
  const [low, middle, high] = [0.05, 0.5, 0.95].map((below) => quantile(seen, below));
  if (count(visible) > size / 2 && high - low > LEAST_CONTRAST) return rounded(middle);
  return mean(seen) < 128 ? 255 : 0;
}

/** The red, green and blue of each pixel of a picture, on paper of this grey. */
function onPaper({ width, height, data }, paper) {
  const colours = new Float64Array(3 * width * height);
  for (let k = 0; k < colours.length; k++) {
    const from = 4 * Math.floor(k / 3);
    colours[k] = on(paper, data[from + (k % 3)], data[from + 3]);
  }
  return { width, height, colours };
}

/**
 * The factors of white, red, green and blue with the most contrast; null to use luminance.
 *
 * The direction in which neighbouring pixels differ most is the first principal component of their differences. Noise
 * of the same strength in each channel gives one channel at most 1.5 times the contrast of luminance.
 */
function mixtureOf(picture) {
  const spread = spreadOf(picture);
  const direction = mainOf(spread);
  const towards = direction.reduce((total, part, channel) => total + part * LUMINANCE[channel], 0) >= 0 ? 1 : -1;
  const total = direction.reduce((size, part) => size + Math.abs(part), 0) * towards;
  const main = direction.map((part) => part / total);
  if (along(spread, main) <= MUCH_MORE ** 2 * along(spread, LUMINANCE)) return null;
  return [-255 * main.reduce((dark, part) => dark + Math.min(part, 0), 0), ...main];
}

/** The sums of the products of the differences between neighbours, for each two channels. */
function spreadOf({ width, height, colours }) {
  const spread = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
  const add = (k, next) => {
    const step = [0, 1, 2].map((channel) => colours[next + channel] - colours[k + channel]);
    for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) spread[a][b] += step[a] * step[b];
  };
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k += 3) {
      if (column + 1 < width) add(k, k + 3);
      if (row + 1 < height) add(k, k + 3 * width);
    }
  }
  return spread;
}

/** The spread in one direction. */
function along(spread, direction) {
  let total = 0;
  for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) total += direction[a] * spread[a][b] * direction[b];
  return total;
}

/** The direction of the largest spread: the eigenvector of a symmetric matrix, by rotations (Jacobi 1846). */
function mainOf(spread) {
  const matrix = spread.map((row) => [...row]);
  const vectors = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const [p, q] of [[0, 1], [0, 2], [1, 2]]) rotate(matrix, vectors, p, q);
  }
  const largest = [0, 1, 2].reduce((a, b) => (matrix[b][b] >= matrix[a][a] ? b : a));
  return vectors.map((row) => row[largest]);
}

/** Turn the axes p and q until nothing is left of the matrix between them. */
function rotate(matrix, vectors, p, q) {
  if (matrix[p][q] === 0) return;
  const angle = Math.atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p]) / 2;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const turned = (first, second) => [cosine * first - sine * second, sine * first + cosine * second];
  for (const row of [...matrix, ...vectors]) [row[p], row[q]] = turned(row[p], row[q]);
  const columns = matrix[p].map((value, k) => turned(value, matrix[q][k]));
  columns.forEach(([first, second], k) => ([matrix[p][k], matrix[q][k]] = [first, second]));
}
