// The classes in the order in which they are said.

/**
 * The numbers of the classes: the one that is said first, then by probability.
 * @param {ArrayLike<number>} probabilities
 * @param {{label: number, threshold: number}|null} [decision] between two classes: the label where its probability is
 *   at least the threshold
 */
export function rankingOf(probabilities, decision) {
  const ranking = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  if (!decision) return ranking;
  const said = probabilities[decision.label] >= decision.threshold ? decision.label : 1 - decision.label;
  return ranking[0] === said ? ranking : ranking.reverse();
}
