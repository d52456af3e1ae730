// How the first weights are drawn, as in Python; the random numbers are others.

const variances = {
  He: (fanIn) => 2 / fanIn,
  Glorot: (fanIn, fanOut) => 2 / (fanIn + fanOut),
  LeCun: (fanIn) => 1 / fanIn,
};

const draws = {
  Constant: ({ value = 0 }) => () => value,
  Uniform: ({ low = -0.5, high = 0.5 }, fans, random) => () => low + (high - low) * random.uniform(),
  Normal: ({ std = 0.01 }, fans, random) => () => std * random.normal(),
};

for (const [name, variance] of Object.entries(variances)) {
  draws[`${name}Normal`] = (settings, fans, random) => () => Math.sqrt(variance(...fans)) * random.normal();
  draws[`${name}Uniform`] = (settings, fans, random) => () => Math.sqrt(3 * variance(...fans)) * (2 * random.uniform() - 1);
}

/** The names of the rules. */
export const initNames = Object.keys(draws);

/**
 * Fill an array with first values.
 * @param {object} init the rule {type, ...settings}
 * @param {[number, number]} fans how many inputs an output depends on, and how many outputs an input goes into
 */
export function fill(array, { type, ...settings }, fans, random) {
  const draw = draws[type](settings, fans, random);
  for (let k = 0; k < array.length; k++) array[k] = draw();
}
