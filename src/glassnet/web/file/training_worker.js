// The worker of a file that trains: the session of its network, and the trainings beside it.

import { nudge } from "../explanation/nudge.js";
import { firstWeights } from "../explanation/inside.js";
import { judge, predictClasses } from "../model/judge.js";
import { Problem } from "../reading/problem.js";
import { NAMES, pairOf } from "../train/pair.js";
import { modelOf } from "./model.js";
import { obey } from "./obey.js";
import { sessionOf } from "./session.js";

obey(({ model: text, pixels }) => {
  const model = modelOf(text);
  if (NAMES.includes(model.name)) model.name = `${model.name} (given)`; // else it could not be told from a training
  const data = dataOf(model.training.data, pixels);
  const pair = pairOf(model.training, data, tell);
  const session = sessionOf(model, pair);
  let taken = 0; // examples

  function tell(name, state, whole = false) {
    postMessage({ event: name, state, whole });
  }

  /** Show a network in training that was begun anew: it may have another shape now, or be gone. */
  function afresh(begun) {
    if (NAMES.includes(session.shown())) session.show(pair.of(session.shown()) ? session.shown() : NAMES[0]);
    return begun;
  }

  const asks = {
    ...session.asks,
    ...pair.asks,
    begin: (fields) => afresh(pair.asks.begin(fields)),
    perform: (fields) => afresh(pair.asks.perform(fields)),
    follow: (fields) => afresh(pair.asks.follow(fields)),
    show: ({ network }) => session.show(network),
    example({ label }) {
      const { images, labels } = data.validation;
      const rows = [...labels.keys()].filter((row) => label === null || labels[row] === label);
      const row = rows[taken++ % rows.length];
      const image = { shape: model.training.data.shape, values: Uint8Array.from(images[row]) };
      return session.look(image, labels[row]);
    },
    nudge: ({ layer, parameter, index, label, h }) => nudge(...session.now(), label, layer, parameter, index, h),
    compare() {
      const { settings, same_start } = pair.compared();
      const networks = NAMES.map((name) => pair.of(name).network);
      return { settings, same_start, answers: networks.map((one) => saidBy(one, session.image())), weights: networks.map(firstWeights) };
    },
  };
  const welcome = {
    ...session.welcome(),
    networks: [model.name],
    form: model.training.form,
    experiment: null,
    experiments: model.training.experiments,
    trainings: pair.states(),
    values: null,
    found: false,
  };
  return { asks, welcome };
});

/** What a network says of an image, in short; null without an image, or if its outputs are not finite. */
function saidBy(network, image) {
  if (!image) return null;
  const values = Float32Array.from(predictClasses(network, image.values));
  if (!values.every(Number.isFinite)) return null;
  return { problem: judge(network, { image, problem: "", leftOut: [] }).problem, probabilities: { values } };
}

/** The images to learn from, and those to measure with, from the pixels of the picture that holds them all. */
function dataOf({ count, shape: [H, W], across, labels: text, sum }, { data: pixels, width }) {
  const labels = Array.from(text, Number);
  const images = labels.map((_, k) => {
    const [top, left] = [Math.floor(k / across) * H, (k % across) * W];
    return Float32Array.from({ length: H * W }, (__, j) => pixels[4 * ((top + Math.floor(j / W)) * width + left + (j % W))]);
  });
  if (images.reduce((total, image) => image.reduce((part, pixel) => part + pixel, total), 0) !== sum) {
    throw new Problem("the images in it are damaged, or this browser changes pictures so that pages cannot tell it apart");
  }
  const part = (first, past) => ({ images: images.slice(first, past), labels: labels.slice(first, past) });
  return { train: part(0, count), validation: part(count) };
}
