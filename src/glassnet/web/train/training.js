// One training of the file: it is moved by commands, in slices between which the worker hears the page.

import { FAULTS, randomOf } from "../nn/random.js";
import { planted } from "./faults.js";
import { networkOf } from "./made.js";
import { timelineOf } from "./timeline.js";
import { measure, partsOf, trainerOf } from "./trainer.js";

const SLICE = 40; // milliseconds
const DIVERGED = "the next step would give numbers that are not finite: the training stands before it";

/**
 * @param {object} setup see setup.js   @param {object} offered what Python offers for training
 * @param {{train: object, validation: object}} data
 * @param {() => void} changed is called when there is something new to show
 */
export function trainingOf(setup, offered, data, changed) {
  const { faults, plan } = setup;
  const layers = planted(faults, "layers", setup.layers);
  const network = networkOf(layers, offered.losses[setup.loss], offered.data, (kind) => offered.kinds[kind], plan.seed);
  const first = network.theta.slice();
  const train = planted(faults, "train", data.train, randomOf(plan.seed, FAULTS));
  const trainer = trainerOf(network, train, planted(faults, "plan", plan));
  const timeline = timelineOf(network, trainer, plan, data.validation, offered.data.classes.length);
  let running = null; // the step to which it runs
  let sent = { steps: 0, records: 0 }; // what the page has seen
  let accuracy = null;
  let problem = null; // why it could not go on
  let timer = 0;

  function run() {
    const end = performance.now() + SLICE;
    try {
      while (running !== null && performance.now() < end) {
        if (timeline.finished() || timeline.position() >= running) running = null;
        else timeline.step();
        if (timeline.now.diverged) running = null;
      }
    } catch (error) {
      [running, problem] = [null, error.message]; // such as no memory
    }
    if (running === null) accuracy = null;
    changed();
    if (running !== null) timer = setTimeout(run);
  }

  function runTo(position) {
    [running, problem] = [position, null];
    clearTimeout(timer);
    timer = setTimeout(run);
    changed();
  }

  function go(position) {
    stop();
    timeline.go(position);
    accuracy = null;
    changed();
  }

  function stop() {
    running = null;
    clearTimeout(timer);
  }

  /** What the page shows; with `whole` all, else what is new. */
  function state(whole) {
    if (whole) sent = { steps: 0, records: 0 };
    const { steps, losses } = timeline.curve(sent.steps);
    const records = timeline.records.slice(sent.records);
    sent = { steps: timeline.now.furthest, records: timeline.records.length };
    const position = timeline.position();
    if (running === null) accuracy ??= measure(network, data.validation, offered.data.classes.length);
    return {
      recipe: setup.recipe,
      faults,
      taught: false,
      classes: offered.data.classes,
      position,
      furthest: timeline.now.furthest,
      epoch: Math.max(1, Math.ceil(position / trainer.batches)),
      batches: trainer.batches,
      epochs: plan.epochs,
      running: running !== null,
      busy: null,
      place: 0,
      finished: timeline.finished(),
      diverged: timeline.now.diverged,
      loss: timeline.now.loss,
      first_loss: timeline.now.firstLoss,
      fingerprint: running === null ? timeline.fingerprint() : null,
      accuracy,
      curve: { steps: { values: steps }, losses: { values: losses } },
      records,
      problem: problem ?? (timeline.now.diverged ? DIVERGED : null),
      note: null,
    };
  }

  return {
    setup,
    network,
    timeline,
    first,
    examples: train.labels.length,
    state,
    pause() {
      stop();
      accuracy = null;
      changed();
    },
    train: () => runTo(Infinity),
    epoch: () => runTo((Math.floor(timeline.position() / trainer.batches) + 1) * trainer.batches),
    reach: (position) => runTo(position),
    step: () => runTo(timeline.position() + 1),
    back: () => go(Math.max(timeline.position() - 1, 0)),
    start: () => go(0),
    go,
    end: stop,
    /** The gradient of the last step, by the name of each parameter of a layer; null at the start. */
    lastStep(name) {
      const layer = network.layers.find((one) => one.name === name);
      if (!timeline.position() || running !== null) return null;
      const parts = partsOf(layer, trainer.grad);
      const arrays = layer.parameters.map((each) => [each, { shape: layer.shapes[each], values: Float32Array.from(parts[each]) }]);
      return Object.fromEntries(arrays);
    },
  };
}
