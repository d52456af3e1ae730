// Writes numbers, as the library writes them in Python.

/** Four digits, as Python's `.4g`: 0.1234, 1.5e-05, 12. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(3).split("e")[1]);
  if (exponent < -4 || exponent >= 4) {
    const [digits, power] = value.toExponential(3).split("e");
    const sign = power[0];
    return `${withoutZeros(digits)}e${sign}${power.slice(1).padStart(2, "0")}`;
  }
  return withoutZeros(value.toFixed(3 - exponent));
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
