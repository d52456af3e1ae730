// Views: five versions of an image: unchanged, rotated a little in both directions, a little larger, a little smaller.
//
// The mean of the answers of a network over the views has less evidence for images that are not digits.

import { between, rounded } from "./values.js";

const [ROTATION, SCALE] = [12, 1.12]; // degrees, and a factor
const OTHERS = [[ROTATION, 1], [-ROTATION, 1], [0, SCALE], [0, 1 / SCALE]]; // views besides the unchanged image
const single = Math.fround; // the library computes a view in single precision, so that is done here after each step

/**
 * Five views of an image: unchanged, rotated by 12 degrees in both directions, 1.12 times larger and smaller.
 *
 * The changes are about the middle, by bilinear interpolation; pixels from outside the image are 0.
 * @param {Uint8Array} image
 * @param {number[]} inputShape of the image: (H, W) or (H, W, C)
 */
export function views(image, inputShape) {
  const [height, width, channels = 1] = inputShape;
  return [image.slice(), ...OTHERS.map(([degrees, size]) => viewOf(image, height, width, channels, degrees, size))];
}

function viewOf(image, height, width, channels, degrees, size) {
  const angle = degrees * (Math.PI / 180);
  const [cosine, sine] = [Math.cos(angle) / size, Math.sin(angle) / size];
  const [middle, centre] = [(height - 1) / 2, (width - 1) / 2];
  const view = new Uint8Array(image.length);
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = cosine * (y - middle) - sine * (x - centre) + middle;
      const column = sine * (y - middle) + cosine * (x - centre) + centre;
      const [top, down] = placeOf(row, height);
      const [left, along] = placeOf(column, width);
      for (let channel = 0; channel < channels; channel++) {
        const at = (i, j) => {
          const isInside = i >= 0 && j >= 0 && i < height && j < width;
          return isInside ? image[(i * width + j) * channels + channel] : 0;
        };
        const above = mixed(at(top, left), at(top, left + 1), along);
        const below = mixed(at(top + 1, left), at(top + 1, left + 1), along);
        view[k++] = rounded(mixed(above, below, down));
      }
    }
  }
  return view;
}

/** The pixel before a place on a side of the image, and how far the place is behind it; not far beyond the image. */
function placeOf(place, side) {
  const inside = between(single(single(place) + 1), 0, side + 1); // counted from the pixel before the image
  const before = Math.floor(inside);
  return [before - 1, single(inside - before)];
}

/** A value between two, by linear interpolation. */
const mixed = (first, second, part) => single(first + single(part * single(second - first)));
