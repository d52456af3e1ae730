// Writes numbers, as the library writes them in Python.

const EXACT = 1e15; // from here on not all digits of a number are known

/** Four digits, as Python's `.4g`: an exact half goes to the even digit. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const [digits, power] = fourDigits(value).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 4) return `${withoutZeros(digits)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  return withoutZeros(Number(`${digits}e${power}`).toFixed(3 - exponent));
}

/** `toExponential(3)`, but an exact half goes to the even digit, as in Python; a browser rounds it away from 0. */
function fourDigits(value) {
  const exact = value.toExponential(50);
  return /^-?\d\.\d\d[02468]50*e/.test(exact) ? exact.replace(/50*e/, "e") : value.toExponential(3);
}

/** A share as per cent: 98.4 %. */
export function percent(share) {
  const value = 100 * share;
  if (value > 99.95 && value < 100) return "> 99.9 %";
  if (value > 0 && value < 0.05) return "< 0.1 %";
  return `${value.toFixed(1)} %`;
}

/** A whole number with its thousands apart: 101,770. */
export function whole(value) {
  return value.toLocaleString("en-US");
}

/** An amount as people write it: 512,300, 41.27, or 0.0123. */
export function amount(value) {
  if (Math.abs(value) >= EXACT) return number(value);
  return value.toLocaleString("en-US", { maximumFractionDigits: decimalsOf(value) });
}

/** An amount with as many decimals as a larger one has. */
export function amountBeside(value, largest) {
  const digits = decimalsOf(largest);
  const rounded = Number(value.toFixed(digits)) + 0; // no -0
  return rounded.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The decimals with which an amount has four digits. */
const decimalsOf = (value) => Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value) || 1))));

/** The place of the largest value, the first of several. */
export function indexOfLargest(values) {
  let found = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[found]) found = k;
  return found;
}

/** The index of a unit or weight as it stands in brackets: 3,4,0. */
export function indexText(index) {
  return index.join(",");
}

/** A name with its index: W[12,3]. */
export function at(name, index) {
  return `${name}[${indexText(index)}]`;
}

/** The least and the largest of many values. */
export function ends(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function withoutZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
