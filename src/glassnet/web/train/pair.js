// The trainings of the file: one, or two side by side, which are moved together.

import { Problem } from "../reading/problem.js";
import { agreement, fragmentOf, linkOf } from "./link.js";
import { setupOf } from "./setup.js";
import { trainingOf } from "./training.js";

/** Under which the networks of trainings are shown. */
export const NAMES = ["training", "other training"];
const NOTHING = "there is no training yet: choose a recipe and press Train or Step";

/**
 * @param {object} offered what Python offers for training
 * @param {{train: object, validation: object}} data
 * @param {(name: string, state: object, whole?: boolean) => void} tell is called with each new state; `whole` says all
 */
export function pairOf(offered, data, tell) {
  let begun = []; // of `trainingOf`
  let link = { experiment: "", values: [], steps: [], prints: [] };
  let experiment = null;

  const told = (k) => tell(NAMES[k], said(k, false));

  function begin(setups, newLink, newExperiment = null) {
    for (const training of begun) training.end();
    [link, experiment] = [newLink, newExperiment];
    begun = setups.map((setup, k) => trainingOf(setup, offered, data, () => told(k)));
    NAMES.forEach((name, k) => tell(name, said(k, true), true));
  }

  /** The state of a training; with what an experiment promises of it, and how far it agrees with a link. */
  function said(k, whole) {
    const training = begun[k];
    if (!training) return {};
    const state = training.state(whole);
    if (link.prints[k]) state.shared = agreement(link.prints[k], printsOf(training));
    if (experiment) Object.assign(state, promised(experiment, k, state, training));
    return state;
  }

  const some = () => {
    if (!begun.length) throw new Problem(NOTHING);
    return begun;
  };

  function perform(name) {
    const found = offered.experiments.find((one) => one.name === name);
    if (!found) throw new Problem(`there is no experiment ${String(name).slice(0, 40)}`);
    begin(found.setups, { experiment: name, values: [], steps: [], prints: [] }, found);
  }

  return {
    /** The training that is shown under this name. */
    of: (name) => begun[NAMES.indexOf(name)],
    states: () => Object.fromEntries(NAMES.map((name, k) => [name, said(k, true)])),
    asks: {
      begin({ values, other }) {
        const all = other ? [values, other] : [values];
        begin(all.map((one) => setupOf(offered, one)), { experiment: "", values: all, steps: [], prints: [] });
        return { values: all, experiment: null };
      },
      perform({ experiment: name }) {
        perform(name);
        return { values: null, experiment: name };
      },
      move({ by }) {
        if (!["train", "pause", "step", "epoch", "back", "start"].includes(by)) throw new Problem(`there is no way ${by}`);
        for (const training of some()) training[by]();
        return {};
      },
      go({ position }) {
        for (const training of some()) training.go(Math.min(position, training.timeline.now.furthest));
        return {};
      },
      share() {
        some();
        const prints = begun.map((one) => Object.fromEntries(Object.entries(printsOf(one)).filter(([step]) => step <= one.timeline.position())));
        return { fragment: fragmentOf({ ...link, steps: begun.map((one) => one.timeline.position()), prints }) };
      },
      follow({ link: text }) {
        const followed = linkOf(text);
        if (followed.experiment) perform(followed.experiment);
        else begin(followed.values.map((one) => setupOf(offered, one)), followed);
        link = followed;
        begun.forEach((training, k) => training.reach(followed.steps[k] ?? followed.steps[0] ?? 0));
        return { values: followed.experiment ? null : followed.values, experiment: followed.experiment || null };
      },
    },
    /** How two trainings differ. */
    compared() {
      if (begun.length < 2) throw new Problem("there is only one training: begin two to compare them");
      const settings = begun.map(({ setup }) => ({ ...setup.settings, faults: setup.faults.join(", ") || "none" }));
      const keys = [...new Set(settings.flatMap(Object.keys))];
      const rows = keys.map((key) => [key, ...settings.map((one) => one[key] ?? "")]);
      const [a, b] = begun.map(({ first }) => first);
      return { settings: rows.filter(([, one, two]) => one !== two), same_start: a.length === b.length && a.every((value, k) => value === b[k]) };
    },
  };
}

const printsOf = ({ timeline }) => ({ ...timeline.prints, [timeline.position()]: timeline.fingerprint() });

/** The name of a training in the experiment, what is promised of it, and whether it is over. */
function promised({ variants, promises }, k, state, { timeline, examples }) {
  const last = timeline.records[timeline.records.length - 1];
  const came = { ...last, diverged: Number(state.diverged), first_loss: state.first_loss };
  const of = promises.filter(({ training }) => training === variants[k]);
  return {
    variant: variants[k],
    note: `Trained on ${examples.toLocaleString("en-US")} images`,
    over: state.finished || state.diverged,
    promises: of.map(({ value, at_least: least, at_most: most }) => {
      const there = came[value] ?? null;
      const holds = there === null ? null : (least === null || there >= least) && (most === null || there <= most);
      return { value, at_least: least, at_most: most, came: there, holds };
    }),
  };
}
