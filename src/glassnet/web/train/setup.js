// What a training begins with: the layers, the loss and the plan that the values of the form, or an experiment, name.
//
// A setup is {recipe, layers, loss, plan, faults, settings}; `settings` are texts by name, by which two are compared.

import { initNames } from "../nn/init.js";
import { optimizerNames } from "../nn/optimizers.js";
import { Problem } from "../reading/problem.js";

// Settings of the page that a link may hold, and that a file cannot change.
const FIXED = { dataset: "mnist", penalty: "none", schedule: "ConstantRate", scaling: "rescale" };
const MOST_UNITS = 2048; // of a layer
const MOST_LAYERS = 12;
const MOST_PARAMETERS = 700_000;
const MOST_WORK = 600_000_000; // parameters times the examples of a step: such a step takes some seconds
const MOST_EPOCHS = 1000;
const MOST_SEED = 2 ** 53 - 1;

/**
 * The setup that the values of the form say.
 * @param {object} offered what Python offers for training: recipes, losses, data
 */
export function setupOf(offered, given) {
  const known = offered.form.recipes.find(({ name }) => name === given.recipe);
  if (!known) throw new Problem(`expected one of the recipes ${offered.form.recipes.map(({ name }) => name).join(", ")}`);
  const values = { ...known.values };
  for (const [key, value] of Object.entries(given)) {
    if (FIXED[key] === value) continue;
    if (!Object.hasOwn(known.values, key)) throw new Problem(`this file has no setting ${key.slice(0, 40)}`);
    values[key] = value;
  }
  const { choices } = offered.form;
  oneOf("activation", values.activation, choices.activation);
  oneOf("init", values.init, initNames);
  oneOf("loss", values.loss, choices.loss);
  oneOf("optimizer", values.optimizer, optimizerNames);
  whole("epochs", values.epochs, 1, MOST_EPOCHS);
  whole("seed", values.seed, 0, MOST_SEED);
  if (values.batch_size !== "full") whole("batch_size", values.batch_size, 1, offered.data.count);
  between("lr", values.lr, Number.MIN_VALUE, 1e9);
  between("momentum", values.momentum, 0, 0.999);
  between("dropout", values.dropout, 0, 0.95);
  const optimizer = { type: values.optimizer, lr: values.lr };
  if (optimizer.type === "SGD") optimizer.momentum = values.momentum;
  else if (values.momentum) throw new Problem(`momentum: ${optimizer.type} has no such setting: choose SGD, or momentum 0`);
  const layers = layersOf(values, offered.data);
  checkSize(layers, values.batch_size, offered.data);
  return {
    recipe: values.recipe,
    layers,
    loss: values.loss,
    plan: { optimizer, batchSize: values.batch_size, epochs: values.epochs, seed: values.seed },
    faults: [],
    settings: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)])),
  };
}

/** Scale the pixels, flatten, the hidden layers, and an output for each class. */
function layersOf({ hidden, activation, init, dropout }, { classes, white }) {
  if (!Array.isArray(hidden) || hidden.length > MOST_LAYERS) throw new Problem(`hidden: expected at most ${MOST_LAYERS} layers`);
  const dense = (units) => ({ kind: "Dense", settings: { units, init: { type: init } } });
  const dropping = (rate) => ({ kind: "Dropout", settings: { rate: between("dropout", rate, 0, 0.95) } });
  const layers = hidden.flatMap((entry) => {
    if (entry?.type === "Dropout") return [dropping(entry.rate)];
    const units = whole("hidden", entry?.type === "Dense" ? entry.units : entry, 1, MOST_UNITS);
    return [dense(units), { kind: activation, settings: settingsOf(activation) }, ...(dropout ? [dropping(dropout)] : [])];
  });
  const first = [{ kind: "Rescale", settings: { scale: 1 / white } }, { kind: "Flatten", settings: {} }];
  return [...first, ...layers, dense(classes.length)];
}

/** A step must not take so long that the page seems to stand still. */
function checkSize(layers, batch, { shape, count }) {
  let [inputs, parameters] = [shape.reduce((product, side) => product * side, 1), 0];
  for (const { kind, settings } of layers) {
    if (kind !== "Dense") continue;
    parameters += (inputs + 1) * settings.units;
    inputs = settings.units;
  }
  if (parameters > MOST_PARAMETERS) throw new Problem(`hidden: expected at most ${MOST_PARAMETERS} parameters, got ${parameters}`);
  const work = parameters * (batch === "full" ? count : batch);
  if (work > MOST_WORK) throw new Problem("batch_size: expected a smaller batch, or fewer units: a step would take too long");
}

/** The usual settings of an activation. */
const settingsOf = (activation) => ({ LeakyReLU: { slope: 0.01 }, ELU: { alpha: 1 } })[activation] ?? {};

const short = (value) => (JSON.stringify(value) ?? "nothing").slice(0, 40);

function oneOf(key, value, offered) {
  if (!offered.includes(value)) throw new Problem(`${key}: expected one of ${offered.join(", ")}, got ${short(value)}`);
}

function whole(key, value, least, most) {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new Problem(`${key}: expected a whole number from ${least} to ${most}, got ${short(value)}`);
  }
  return value;
}

function between(key, value, least, most) {
  if (!(typeof value === "number" && value >= least && value <= most)) {
    const range = least === Number.MIN_VALUE ? "above 0" : `from ${least} to ${most}`;
    throw new Problem(`${key}: expected a number ${range}, got ${short(value)}`);
  }
  return value;
}
