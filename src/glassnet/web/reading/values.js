// Values in an array: their sum, their middle and their quantiles; and one number at a time.

/**
 * The sum of values, added in pairs as by NumPy: so the last bit is the same, on which a limit may depend.
 */
export function sum(values) {
  if (values.length > 128) {
    const half = (values.length >> 4) << 3;
    return sum(values.subarray(0, half)) + sum(values.subarray(half));
  }
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  let k = 0;
  for (; k + 8 <= values.length; k += 8) {
    a += values[k];
    b += values[k + 1];
    c += values[k + 2];
    d += values[k + 3];
    e += values[k + 4];
    f += values[k + 5];
    g += values[k + 6];
    h += values[k + 7];
  }
  let total = a + b + (c + d) + (e + f + (g + h));
  for (; k < values.length; k++) total += values[k];
  return total;
}

/** The mean of values. */
export const mean = (values) => sum(values) / values.length;

/** The highest value; -Infinity of none. */
export function most(values) {
  let highest = -Infinity;
  for (let k = 0; k < values.length; k++) if (values[k] > highest) highest = values[k];
  return highest;
}

/** The lowest value; Infinity of none. */
export function least(values) {
  let lowest = Infinity;
  for (let k = 0; k < values.length; k++) if (values[k] < lowest) lowest = values[k];
  return lowest;
}

/** The index of the highest value, the first of several. */
export const indexOfMost = (values) => values.indexOf(most(values));

/** The value that this share of the values lies below, between two of them by linear interpolation. */
export function quantile(values, below) {
  const place = (values.length - 1) * below;
  const [low, high] = neighbours(values, Math.floor(place));
  const part = place - Math.floor(place);
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/** The value in the middle of all, or the mean of the two in the middle. */
export function median(values) {
  const [low, high] = neighbours(values, (values.length - 1) >> 1);
  return values.length % 2 ? low : (low + high) / 2;
}

/** The k-th value in order, counted from 0, and the next. */
export function neighbours(values, k) {
  const ordered = new Float64Array(values);
  divide(ordered, k);
  return [ordered[k], k + 1 < ordered.length ? least(ordered.subarray(k + 1)) : ordered[k]];
}

/** Moves values until the k-th in order is in its place, and none behind it is lower (Hoare 1961, "Find"). */
function divide(values, k) {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let [up, down] = [low, high];
    while (up <= down) {
      while (values[up] < pivot) up++;
      while (values[down] > pivot) down--;
      if (up > down) break;
      const value = values[up];
      values[up++] = values[down];
      values[down--] = value;
    }
    if (k <= down) high = down;
    else if (k >= up) low = up;
    else return;
  }
}

/** The nearest whole number, and the even one of two, as in Python. */
export function rounded(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** The value, or the limit beyond which it lies. */
export const between = (value, low, high) => Math.min(Math.max(value, low), high);
