// What a training begins with: the layers, the loss and the plan that the values of the form, or an experiment, name.
//
// A setup is {recipe, layers, loss, plan, faults, settings}; `settings` are texts by name, by which two are compared.

import { initNames } from "../nn/init.js";
import { optimizerNames } from "../nn/optimizers.js";
import { Problem } from "../reading/problem.js";

const MOST_UNITS = 2048; // of a layer
const MOST_LAYERS = 12;
const MOST_EPOCHS = 1000;
const MOST_SEED = 2 ** 53 - 1;

/**
 * The setup that the values of the form say.
 * @param {object} offered what Python offers for training: recipes, losses, data
 */
export function setupOf(offered, given) {
  const known = offered.form.recipes.find(({ name }) => name === given.recipe);
  if (!known) throw new Problem(`expected one of the recipes ${offered.form.recipes.map(({ name }) => name).join(", ")}`);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known.values, key));
  if (unknown !== undefined) throw new Problem(`the form has no field ${unknown.slice(0, 40)}`);
  const values = { ...known.values, ...given };
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
  return {
    recipe: values.recipe,
    layers: layersOf(values, offered.data),
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

/** The usual settings of an activation. */
const settingsOf = (activation) => ({ LeakyReLU: { slope: 0.01 }, ELU: { alpha: 1 } })[activation] ?? {};

function oneOf(key, value, offered) {
  if (!offered.includes(value)) throw new Problem(`${key}: expected one of ${offered.join(", ")}, got ${String(value).slice(0, 40)}`);
}

function whole(key, value, least, most) {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new Problem(`${key}: expected a whole number from ${least} to ${most}, got ${String(value).slice(0, 40)}`);
  }
  return value;
}

function between(key, value, least, most) {
  if (!(typeof value === "number" && value >= least && value <= most)) {
    const range = least === Number.MIN_VALUE ? "above 0" : `from ${least} to ${most}`;
    throw new Problem(`${key}: expected a number ${range}, got ${String(value).slice(0, 40)}`);
  }
  return value;
}
