// Colours of values: blue is above 0, orange is below, and the middle is the paper; ink is grey.

const POSITIVE = { light: [20, 80, 160], dark: [110, 175, 255] };
const NEGATIVE = { light: [176, 78, 0], dark: [255, 160, 70] };
const [BLACK, WHITE] = [
  [0, 0, 0],
  [255, 255, 255],
];
const PAPER = { light: [250, 250, 248], dark: [24, 26, 30] };

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const changed = []; // what is called when the scheme changes
let chosen = ""; // "dark" or "light"; "" leaves it to the person's system
let printing = false; // paper is light

/** "dark" or "light", as the person has chosen, or as their system says. */
function scheme() {
  if (printing) return "light";
  return chosen || (dark.matches ? "dark" : "light");
}

/** Choose "dark" or "light"; with "" it is as the person's system says. */
export function setScheme(one) {
  chosen = one;
  apply();
}

/** Call a function when the page changes between dark and light; what it draws at once is on paper too. */
export function onScheme(call) {
  changed.push(call);
}

function apply() {
  root.classList.toggle("dark", scheme() === "dark");
  root.style.colorScheme = scheme();
  for (const call of changed) call();
}

function print(now) {
  printing = now;
  apply();
}

dark.addEventListener("change", apply);
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
apply();

const LEVELS = 255; // shades of each sign

/**
 * The colour of each level from -LEVELS to LEVELS, as the bytes of a pixel in memory; made once for each scheme.
 * @param {"signed"|"ink"} kind ink: light on dark, as the digits of MNIST
 */
function tableOf(kind) {
  const key = `${kind} ${scheme()}`;
  if (!tables.has(key)) tables.set(key, makeTable(kind, scheme()));
  return tables.get(key);
}

const tables = new Map();

function makeTable(kind, now) {
  const bytes = new Uint8ClampedArray(4 * (2 * LEVELS + 1));
  for (let level = -LEVELS; level <= LEVELS; level++) {
    const share = Math.abs(level) / LEVELS;
    const [from, to] = kind === "ink" ? [BLACK, level > 0 ? WHITE : BLACK] : [PAPER[now], (level < 0 ? NEGATIVE : POSITIVE)[now]];
    const strength = kind === "ink" ? share : share ** 0.8; // small values are seen better so
    bytes.set([...from.map((part, c) => part + (to[c] - part) * strength), 255], 4 * (level + LEVELS));
  }
  return new Uint32Array(bytes.buffer);
}

/**
 * Write the colours of values into the pixels of a picture.
 * @param {Uint32Array} pixels one number for each pixel
 * @param {ArrayLike<number>} values
 * @param {Int32Array} places the pixel of each value
 * @param {number} largest the size that gets the full colour
 * @param {"signed"|"ink"} kind
 */
export function colour(pixels, values, places, largest, kind) {
  const table = tableOf(kind);
  const scale = largest > 0 ? LEVELS / largest : 0;
  for (let k = 0; k < places.length; k++) {
    const level = Math.round(Math.max(-LEVELS, Math.min(LEVELS, values[k] * scale)));
    pixels[places[k]] = table[(Number.isNaN(level) ? LEVELS : level) + LEVELS];
  }
}

/** The largest size among values; 0 if there are none. */
export function largestOf(values) {
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}
