// Random numbers that follow from a seed: the same seed and the same address give the same numbers everywhere.

// What random numbers are for: the second part of an address.
export const WEIGHTS = 0;
export const ORDER = 1;
export const DROPOUT = 2;
export const FAULTS = 3;

/**
 * A source of random numbers.
 *
 * xoshiro128** of Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators", begun by a mixture of the
 * seed and the address: what the numbers are for, and where in the training.
 * @param {...number} address whole numbers, first the seed
 */
export function randomOf(...address) {
  let mixed = 0x9e3779b9;
  const mix = (value) => {
    mixed = Math.imul(mixed ^ value, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    return mixed;
  };
  for (const value of address) mix(value % 2 ** 32), mix(Math.floor(value / 2 ** 32) + 1);
  const s = Uint32Array.from({ length: 4 }, (_, k) => mix(k + 1));
  if (!s.some(Boolean)) s[0] = 1; // a state of zeros would stay so

  /** A whole number from 0 to 2^32 - 1. */
  function next() {
    const turned = Math.imul(s[1], 5);
    const result = Math.imul((turned << 7) | (turned >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A number from 0 to below 1. */
  const uniform = () => next() / 2 ** 32;

  return {
    uniform,
    /** A number with mean 0 and standard deviation 1 (Box and Muller 1958). */
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    /** A whole number from 0 to below `count`. */
    below: (count) => Math.floor(uniform() * count),
    /** The numbers from 0 to below `count` in a random order (Fisher and Yates). */
    order(count) {
      const order = Int32Array.from({ length: count }, (_, k) => k);
      for (let k = count - 1; k > 0; k--) {
        const other = Math.floor(uniform() * (k + 1));
        [order[k], order[other]] = [order[other], order[k]];
      }
      return order;
    },
  };
}
