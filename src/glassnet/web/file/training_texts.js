// The texts of a file that trains.

/** Texts that replace the page's. */
export const trainingTexts = {
  intro: "Draw a digit: a neural network predicts which one it is. Look at every number inside, and train networks yourself.",
  noAnswer: "Draw a digit, drop a photo, or take an example.",
  drawFirst: "Draw a digit or take an example first.",
  link: "Link",
  command: (link) => location.href.split("#")[0] + link,
  linkHolds:
    "Anyone who opens this link with the same file sees the same. If you sent the file by mail, send the part from # on too: it belongs after the address of the file. It holds the settings and the seed, or the name of the experiment; the step; and fingerprints of the weights.",
  experimentsHow:
    "Each experiment trains small networks in less than a minute, most with a mistake in one of them. It ends the current training.",
  trainHow:
    "This file trains on 5,000 digits of MNIST that it contains. Going back restores an earlier state and repeats the steps from there: the same numbers, as the fingerprint shows.",
  otherData: "The numbers in the answer come from 55,000 images and other random numbers. With fewer images, networks are less accurate.",
  differsFrom: (same, step) =>
    `This differs from the training that was shared: ${same === null ? "" : `the same until step ${same}, `}different at step ${step}. Another browser may compute the last bits of exp differently.`,
};
