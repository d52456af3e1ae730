// Colours of values: blue is above 0, orange is below, and the middle is the paper; ink is grey.

const POSITIVE = { light: [20, 80, 160], dark: [110, 175, 255] };
const NEGATIVE = { light: [176, 78, 0], dark: [255, 160, 70] };
const PAPER = { light: [250, 250, 248], dark: [24, 26, 30] };

/** "dark" or "light", as the person's system says. */
function scheme() {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Call a function when the person's system changes between dark and light. */
export function onScheme(call) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call);
}

/**
 * The pixels of values, in RGBA.
 * @param {ArrayLike<number>} values
 * @param {number} largest the size that gets the full colour
 * @param {"signed"|"ink"} kind ink: light on dark from 0 to `largest`, as the digits of MNIST
 * @param {(k: number, rgb: number[]) => void} put
 */
export function colour(values, largest, kind, put) {
  const now = scheme();
  const [paper, above, below] = [PAPER[now], POSITIVE[now], NEGATIVE[now]];
  const scale = largest > 0 ? 1 / largest : 0;
  for (let k = 0; k < values.length; k++) {
    const value = values[k];
    if (kind === "ink") {
      const grey = Math.round(255 * Math.min(1, Math.max(0, value * scale)));
      put(k, [grey, grey, grey]);
      continue;
    }
    const strength = Number.isFinite(value) ? Math.min(1, Math.abs(value) * scale) ** 0.8 : 1;
    const end = value < 0 ? below : above;
    put(k, paper.map((from, c) => Math.round(from + (end[c] - from) * strength)));
  }
}

/** The largest size among values; 0 if there are none. */
export function largestOf(values) {
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}
