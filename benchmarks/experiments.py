"""Vary one thing at a time around `classic` and see what it does: the tables and figures of docs/experiments.md.

    python benchmarks/experiments.py                  train what is not in the result file yet, print the tables
    python benchmarks/experiments.py hidden depth     only these experiments
    python benchmarks/experiments.py --write          then put tables and figures into docs/
    python benchmarks/experiments.py --again hidden   forget the results of these experiments first
    python benchmarks/experiments.py --epochs 1 --data digits    shorter, on other data; for a look, not for the page

Every network is trained from three seeds and measured on the validation images; the test images are not touched.
Results are kept in benchmarks/experiments.json as they come, so a run that was broken off goes on where it was. A
result counts only for the settings that made it; after a change to the library itself, --again trains anew.
"""

import argparse
import hashlib
import json
import math
import statistics
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from places import put

import glassnet as gn
from glassnet import plots
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.run import environment

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "experiments.json"
PAGE = ROOT / "docs" / "experiments.md"
PICTURES = ROOT / "docs" / "pictures"
SEEDS = (0, 1, 2)

Settings = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True)
class Experiment:
    """One thing that is varied.

    Attributes:
        title: of the table and the figure.   variants: settings of the recipe, by the label of the row.
        base: settings that all variants share.   epochs: of each training.
        data: the name of a dataset.   examples: the first so many of its training examples, or all of them.
    """

    title: str
    variants: dict[str, Settings]
    base: Settings = field(default_factory=dict)
    epochs: int = 10
    data: str = "mnist"
    examples: int | None = None

    def recipe(self, label: str, seed: int) -> Recipe:
        """What is trained for one row of the table, from one seed."""
        settings = {"data.name": self.data, "training.epochs": self.epochs, "training.seed": seed}
        return load_recipe("classic", settings=settings | self.base | self.variants[label])

    def mark(self, label: str, seed: int) -> str:
        """What a result is a result of: the recipe, seed included, and how many examples it gets."""
        table = json.dumps([self.recipe(label, seed).to_table(), self.examples], sort_keys=True)
        return hashlib.sha256(table.encode()).hexdigest()[:16]


def with_dropout(rate: float) -> Settings:
    """784-128-10 written out, for the short form has no place for dropout."""
    layers = [
        {"type": "Rescale", "scale": 0.00392156862745098},
        "Flatten",
        {"type": "Dense", "units": 128},
        "ReLU",
        {"type": "Dropout", "rate": rate},
        {"type": "Dense", "units": 10},
    ]
    return {"network.layers": layers}


def penalty(kind: str, setting: str, value: float) -> Settings:
    return {"penalties": [{"type": kind, setting: value}]}


FIRST_WEIGHTS = {
    label: {"network.init": init}
    for label, init in {
        "zeros": {"type": "Constant", "value": 0},
        "normal, std 0.01": {"type": "Normal", "std": 0.01},
        "uniform, -0.5 to 0.5": "Uniform",
        "LeCun normal": "LeCunNormal",
        "Glorot uniform": "GlorotUniform",
        "He normal": "HeNormal",
        "orthogonal, gain √2": {"type": "Orthogonal", "gain": 1.4142135623730951},
    }.items()
}

EXPERIMENTS = {
    "hidden": Experiment(
        "hidden units",
        {str(n): {"network.hidden": [n] if n else []} for n in (0, 10, 32, 64, 128, 256, 512)},
    ),
    "depth": Experiment(
        "hidden layers of 128 units",
        {str(n): {"network.hidden": [128] * n} for n in range(6)},
    ),
    "rate": Experiment(
        "learning rate",
        {f"{rate:g}": {"optimizer.lr": rate} for rate in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)},
    ),
    "batch": Experiment(
        "examples in a batch",
        {str(size): {"training.batch_size": size} for size in (8, 32, 128, 512, 2048, "full")},
    ),
    "initialisation": Experiment("initial weights, one hidden layer", FIRST_WEIGHTS),
    "initialisation-deep": Experiment(
        "initial weights, five hidden layers of 128",
        FIRST_WEIGHTS,
        {"network.hidden": [128, 128, 128, 128, 128]},
    ),
    "activation": Experiment(
        "activation",
        {
            name: {"network.activation": name}
            for name in ("Identity", "Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "SiLU", "GELU", "Softplus")
        },
    ),
    "optimizer": Experiment(
        "optimizer and learning rate",
        {
            "SGD, 0.1": {"optimizer": {"type": "SGD", "lr": 0.1}},
            "momentum 0.9, 0.05": {"optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.9}},
            "Nesterov 0.9, 0.05": {"optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.9, "nesterov": True}},
            "AdaGrad, 0.03": {"optimizer": {"type": "AdaGrad", "lr": 0.03}},
            "RMSProp, 0.001": {"optimizer": {"type": "RMSProp", "lr": 0.001}},
            "Adam, 0.001": {"optimizer": {"type": "Adam", "lr": 0.001}},
            "AdamW, 0.001, decay 0.01": {"optimizer": {"type": "AdamW", "lr": 0.001, "decay": 0.01}},
        },
    ),
    "penalty": Experiment(
        "penalty, 1,000 training examples, 100 epochs",
        {
            "none": {},
            "L2 0.00001": penalty("L2", "strength", 1e-5),
            "L2 0.0001": penalty("L2", "strength", 1e-4),
            "L2 0.001": penalty("L2", "strength", 1e-3),
            "L2 0.01": penalty("L2", "strength", 1e-2),
            "L2 0.1": penalty("L2", "strength", 1e-1),
            "L1 0.0001": penalty("L1", "strength", 1e-4),
            "L1 0.001": penalty("L1", "strength", 1e-3),
            "max-norm 2": penalty("MaxNorm", "limit", 2),
            "max-norm 1": penalty("MaxNorm", "limit", 1),
            "dropout 0.2": with_dropout(0.2),
            "dropout 0.5": with_dropout(0.5),
        },
        epochs=100,
        examples=1000,
    ),
}


def results() -> list[Result]:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []


def keep(rows: list[Result]) -> None:
    """Write the result file; a kill in the middle leaves the old one."""
    new = RESULTS.with_suffix(".new")
    new.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    new.replace(RESULTS)


def results_of(experiment: Experiment, label: str) -> list[Result]:
    """The results of one row of the table, as many seeds as there are."""
    marks = [experiment.mark(label, seed) for seed in SEEDS]
    return [row for row in results() if row["mark"] in marks]


def train(experiment: Experiment, label: str, seed: int) -> Result:
    """Train one variant from one seed; what is worth keeping of it.

    It has diverged if its loss became NaN or infinite, or has ended above that of a network that gives every class the
    same probability: clipped by ReLUs that have died, a loss need not become infinite.
    """
    recipe = experiment.recipe(label, seed)
    dataset = gn.load_dataset(recipe.data.name, validation=recipe.data.validation)
    network = recipe.make_network(dataset)
    started = time.perf_counter()
    loss = None
    try:
        history = gn.fit(
            network,
            dataset.train[: experiment.examples],
            optimizer=recipe.optimizer,
            penalties=recipe.penalties,
            epochs=recipe.training.epochs,
            batch_size=recipe.training.batch_size,
            shards=recipe.training.shards,
            seed=seed,
        )
        loss = history["training_loss"][-1]
    except gn.DivergenceError as error:
        history = error.history
    return {
        "variant": label,
        "seed": seed,
        "mark": experiment.mark(label, seed),
        "diverged": loss is None or loss > math.log(len(dataset.classes)),
        "epochs": len(history),
        "training_loss": loss,
        "validation_accuracy": None if loss is None else gn.evaluate(network, dataset.validation).accuracy,
        "seconds": round(time.perf_counter() - started, 1),
        "environment": environment(),
    }


def run(name: str, experiment: Experiment) -> None:
    """Train what is missing, and write each result down as it comes."""
    for label in experiment.variants:
        for seed in SEEDS:
            known, mark = results(), experiment.mark(label, seed)
            if any(row["mark"] == mark for row in known):
                continue
            print(f"{name}: {label}, seed {seed} ...", end=" ", flush=True)
            found = train(experiment, label, seed)
            keep([*known, found])
            outcome = "diverged" if found["diverged"] else f"{100 * found['validation_accuracy']:.2f} %"
            print(f"{outcome} ({found['seconds']} s)", flush=True)


def verdict(rows: list[Result]) -> str:
    """How many of these trainings diverged, in words; nothing if none did."""
    count = sum(row["diverged"] for row in rows)
    return "" if count == 0 else "diverged" if count == len(rows) else f"{count} of {len(rows)} diverged"


def table(experiment: Experiment) -> str:
    """Validation accuracy and training loss of each variant, over the seeds that did not diverge."""
    lines = [f"| {experiment.title} | validation accuracy | training loss | seeds |", "|---|---|---|---|"]
    for label in experiment.variants:
        rows = results_of(experiment, label)
        good = [row for row in rows if not row["diverged"]]
        cells = [verdict(rows), ""]
        if good:
            accuracy = spread([100 * row["validation_accuracy"] for row in good], ".2f") + " %"
            cells = [
                ", ".join(filter(None, (accuracy, verdict(rows)))),
                spread([r["training_loss"] for r in good], ".4f"),
            ]
        if rows:
            lines.append(f"| {label} | {cells[0]} | {cells[1]} | {len(rows)} |")
    return "\n".join(lines)


def spread(values: list[float], form: str) -> str:
    deviation = f" ± {statistics.stdev(values):{form}}" if len(values) > 1 else ""
    return f"{statistics.mean(values):{form}}{deviation}"


def draw(name: str, experiment: Experiment, folder: Path) -> None:
    """The figure of an experiment, as a PNG."""
    rows = {label: results_of(experiment, label) for label in experiment.variants}
    good = {label: [row for row in some if not row["diverged"]] for label, some in rows.items()}
    figure = plots.variants(
        {label: [100 * row["validation_accuracy"] for row in some] for label, some in good.items()},
        {label: [row["training_loss"] for row in some] for label, some in good.items()},
        notes={label: verdict(some) for label, some in rows.items()},
        title=experiment.title,
    )
    plots.save(figure, folder / f"experiment-{name}.png")


def machine(experiments: dict[str, Experiment]) -> str:
    """The machines, versions and time behind the tables, in a sentence."""
    rows = {r["mark"]: r for e in experiments.values() for label in e.variants for r in results_of(e, label)}.values()
    found = {
        f"{e['processors']} cores, glassnet {e['glassnet']}, NumPy {e['numpy']}, Python {e['python'].rsplit('.', 1)[0]}"
        for e in (row["environment"] for row in rows)
    }
    minutes = sum(row["seconds"] for row in rows) / 60
    return f"{len(rows)} trainings, {minutes:.0f} minutes in all; " + "; ".join(sorted(found)) + "."


def write(experiments: dict[str, Experiment], page: Path, pictures: Path) -> None:
    """Put the tables between the marks in the page, and draw the figures."""
    for name, experiment in experiments.items():
        draw(name, experiment, pictures)
        put(page, name, table(experiment))
    put(page, "machine", machine(EXPERIMENTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="EXPERIMENT", help=f"of {', '.join(EXPERIMENTS)}; all by default")
    parser.add_argument("--write", action="store_true", help="put tables and figures into docs/")
    parser.add_argument("--again", action="store_true", help="forget the results of these experiments first")
    parser.add_argument("--epochs", type=int, help="of every training; 10, for the penalties 100")
    parser.add_argument("--data", help="another dataset, such as digits or fashion-mnist")
    options = parser.parse_args()
    unknown = set(options.names) - EXPERIMENTS.keys()
    if unknown:
        parser.error(f"unknown experiment {', '.join(sorted(unknown))}; there are: {', '.join(EXPERIMENTS)}")
    changed = {key: value for key in ("epochs", "data") if (value := getattr(options, key)) is not None}
    if changed and options.write:
        parser.error("--write is for the page, which tells of MNIST and its own epochs: leave out --epochs and --data")
    chosen = {name: replace(EXPERIMENTS[name], **changed) for name in options.names or EXPERIMENTS}
    if options.again:
        marks = {e.mark(label, seed) for e in chosen.values() for label in e.variants for seed in SEEDS}
        keep([row for row in results() if row["mark"] not in marks])
    for name, experiment in chosen.items():
        run(name, experiment)
        print(f"\n{table(experiment)}\n", flush=True)
    if options.write:
        write(chosen, PAGE, PICTURES)


if __name__ == "__main__":
    main()
