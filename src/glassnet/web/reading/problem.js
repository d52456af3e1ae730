// What is wrong with a picture, in one line for the person who drew or chose it.

/** There is no digit that can be read; the message says why. */
export class Problem extends Error {}
