// The texts of a file that trains.

/** Those that a file has in place of the page's. */
export const trainingTexts = {
  intro: "Draw a digit: a neural network says which one it is. Look at every number inside, and train networks yourself.",
  noAnswer: "Draw a digit, drop a photo, or take an example.",
  drawFirst: "Draw a digit or take an example first.",
  link: "Link",
  command: (link) => location.href.split("#")[0] + link,
  linkHolds:
    "Whoever opens this link beside the same file sees the same. If the file was sent by mail, send what stands from # on too: it goes behind the address of the file. It holds the settings and the seed, or the name of the experiment; the step; and fingerprints of the weights.",
  experimentsHow:
    "Each experiment trains small networks, in less than a minute, mostly with a mistake in one of them. It ends the training in progress.",
  trainHow:
    "This file trains by itself, on 5,000 digits of MNIST that it holds. Going back restores an earlier state and repeats the steps from there: the same numbers, as the fingerprint shows.",
  otherData: "The numbers in the answer come from 55,000 images and other random numbers. With fewer images, networks get less right.",
  differsFrom: (same, step) =>
    `This differs from the training that was shared: ${same === null ? "" : `the same until step ${same}, `}different at step ${step}. Another browser may compute the last bits of exp otherwise.`,
};
