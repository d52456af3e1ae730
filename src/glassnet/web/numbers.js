// Writes numbers, as the library writes them in Python.

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

/** An amount as people write it: 512,300, 41.27, or 0.0123; beside a larger one with as many decimals as that has. */
export function amount(value, largest = value) {
  const digits = Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(largest) || 1))));
  return value.toLocaleString("en-US", { minimumFractionDigits: largest === value ? 0 : digits, maximumFractionDigits: digits });
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
