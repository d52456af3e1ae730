// A picture as an image of the size and the colours that a network takes.

import { greyOf } from "../reading/picture.js";
import { resize } from "../reading/form.js";

/**
 * An image of this shape, from 0 to `white`: the whole picture, with a border of its own colour where it is narrower.
 * @param {{width: number, height: number, data: Uint8ClampedArray, invert: boolean}} picture RGBA
 * @param {number[]} shape (H, W), or (H, W, C) with one channel or three
 */
export function scaledTo({ width, height, data, invert }, shape, white) {
  const [H, W, C = 1] = shape;
  const values = new Uint8Array(H * W * C);
  for (let c = 0; c < C; c++) {
    const plane = C === 1 ? greyOf({ width, height, data }).values : channelOf(data, c);
    const small = fitted({ width, height, values: Float64Array.from(plane) }, H, W);
    small.forEach((value, k) => (values[k * C + c] = Math.round(((invert ? 255 - value : value) * white) / 255)));
  }
  return { shape, values };
}

/** One of red, green and blue; what is transparent lies on white paper. */
function channelOf(data, c) {
  return Float64Array.from({ length: data.length / 4 }, (_, k) => {
    const alpha = data[4 * k + 3] / 255;
    return 255 + (data[4 * k + c] - 255) * alpha;
  });
}

/** The picture in the middle of H x W, around it the mean of its border. */
function fitted(plane, H, W) {
  const { width, height, values } = plane;
  const scale = Math.min(H / height, W / width);
  const [h, w] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
  const small = resize(plane, h, w).values;
  const isBorder = (k) => k < width || k >= values.length - width || k % width === 0 || k % width === width - 1;
  const border = values.filter((_, k) => isBorder(k));
  const page = new Float64Array(H * W).fill(border.reduce((sum, one) => sum + one, 0) / border.length);
  const [top, left] = [(H - h) >> 1, (W - w) >> 1];
  small.forEach((value, k) => (page[(top + Math.floor(k / w)) * W + left + (k % w)] = value));
  return page;
}
