"""Vary one thing at a time around `classic` and see what it does: the tables and figures of docs/experiments.md.

    python benchmarks/experiments.py                  train what is not in the result file yet
    python benchmarks/experiments.py hidden depth     only these experiments
    python benchmarks/experiments.py --write          then put tables and figures into docs/
    python benchmarks/experiments.py --again hidden   forget the results of these experiments first

Every network is trained for ten epochs from three seeds and measured on the 5,000 validation images; the test images
are not touched. Results are kept in benchmarks/experiments.json as they come, so a run that was broken off goes on
where it was.
"""

import argparse
import json
import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import glassnet as gn
from glassnet import plots
from glassnet.recipes import load_recipe
from glassnet.run import environment

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "experiments.json"
PAGE = ROOT / "docs" / "experiments.md"
PICTURES = ROOT / "docs" / "pictures"
SEEDS = (0, 1, 2)
EPOCHS = 10

Settings = dict[str, str]


@dataclass(frozen=True)
class Experiment:
    """One thing that is varied.

    Attributes:
        title: what the axis of the figure says.   variants: settings of the recipe, by the label of the row.
        base: settings that all variants share.   examples: so many training examples, or all of them.
    """

    title: str
    variants: dict[str, Settings]
    base: Settings
    examples: int | None = None


def layers(*between: str, hidden: int = 128) -> Settings:
    """784-hidden-10 written out, with these layers after the ReLU."""
    first = ["{type='Rescale', scale=0.00392156862745098}", "'Flatten'", f"{{type='Dense', units={hidden}}}", "'ReLU'"]
    return {"network.layers": f"[{', '.join([*first, *between])}, {{type='Dense', units=10}}]"}


def initial(init: str) -> Settings:
    return {"network.init": init}


DEEP = {"network.hidden": "[128, 128, 128, 128, 128]"}

EXPERIMENTS = {
    "hidden": Experiment(
        "hidden units",
        {str(n): {"network.hidden": f"[{n}]" if n else "[]"} for n in (0, 10, 32, 64, 128, 256, 512)},
        {},
    ),
    "depth": Experiment(
        "hidden layers of 128 units",
        {str(n): {"network.hidden": str([128] * n)} for n in range(6)},
        {},
    ),
    "rate": Experiment(
        "learning rate",
        {rate: {"optimizer.lr": rate} for rate in ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3")},
        {},
    ),
    "batch": Experiment(
        "examples in a batch (the same ten epochs, so fewer steps with larger batches)",
        {size: {"training.batch_size": size} for size in ("8", "32", "128", "512", "2048", "full")},
        {},
    ),
    "initialisation": Experiment(
        "first weights, with five hidden layers of 128 units",
        {
            "zeros": initial("{type='Constant', value=0}"),
            "normal 0.01": initial("{type='Normal', std=0.01}"),
            "uniform 0.5": initial("{type='Uniform'}"),
            "LeCun normal": initial("LeCunNormal"),
            "Glorot uniform": initial("GlorotUniform"),
            "He normal": initial("HeNormal"),
            "orthogonal": initial("{type='Orthogonal', gain=1.4142135623730951}"),
        },
        DEEP,
    ),
    "activation": Experiment(
        "activation",
        {
            name: {"network.activation": name}
            for name in ("Identity", "Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "SiLU", "GELU", "Softplus")
        },
        {},
    ),
    "optimizer": Experiment(
        "optimizer, each at the learning rate named",
        {
            "SGD 0.1": {"optimizer": "{type='SGD', lr=0.1}"},
            "momentum 0.9, 0.05": {"optimizer": "{type='SGD', lr=0.05, momentum=0.9}"},
            "Nesterov 0.9, 0.05": {"optimizer": "{type='SGD', lr=0.05, momentum=0.9, nesterov=true}"},
            "AdaGrad 0.03": {"optimizer": "{type='AdaGrad', lr=0.03}"},
            "RMSProp 0.001": {"optimizer": "{type='RMSProp', lr=0.001}"},
            "Adam 0.001": {"optimizer": "{type='Adam', lr=0.001}"},
            "AdamW 0.001": {"optimizer": "{type='AdamW', lr=0.001}"},
        },
        {},
    ),
    "penalty": Experiment(
        "penalty, with 1,000 training examples and 100 epochs",
        {
            "none": layers(),
            "L2 0.0001": layers() | {"penalties": "[{type='L2', strength=1e-4}]"},
            "L2 0.001": layers() | {"penalties": "[{type='L2', strength=1e-3}]"},
            "L2 0.01": layers() | {"penalties": "[{type='L2', strength=1e-2}]"},
            "L1 0.0001": layers() | {"penalties": "[{type='L1', strength=1e-4}]"},
            "L1 0.001": layers() | {"penalties": "[{type='L1', strength=1e-3}]"},
            "max-norm 1": layers() | {"penalties": "[{type='MaxNorm', limit=1}]"},
            "dropout 0.2": layers("{type='Dropout', rate=0.2}"),
            "dropout 0.5": layers("{type='Dropout', rate=0.5}"),
        },
        {"training.epochs": "100"},
        examples=1000,
    ),
}


def results() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def train(name: str, label: str, seed: int, data: str) -> dict[str, Any]:
    """Train one variant from one seed; what is worth keeping of it."""
    experiment = EXPERIMENTS[name]
    settings = {"training.epochs": str(EPOCHS), "training.seed": str(seed)} | experiment.base
    recipe = load_recipe("classic", settings=settings | experiment.variants[label])
    dataset = gn.load_dataset(data)
    network = recipe.make_network(dataset)
    started, stopped = time.perf_counter(), None
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
    except gn.DivergenceError as error:
        history, stopped = error.history, "diverged"
    return {
        "experiment": name,
        "variant": label,
        "seed": seed,
        "stopped": stopped,
        "training_loss": history["training_loss"][-1] if len(history) and not stopped else None,
        "validation_accuracy": None if stopped else gn.evaluate(network, dataset.validation).accuracy,
        "seconds": round(time.perf_counter() - started, 1),
        "environment": environment(),
    }


def run(names: list[str], data: str = "mnist") -> None:
    """Train what is missing, and write each result down as it comes."""
    for name in names:
        for label in EXPERIMENTS[name].variants:
            for seed in SEEDS:
                known = results()
                if any((r["experiment"], r["variant"], r["seed"]) == (name, label, seed) for r in known):
                    continue
                print(f"{name}: {label}, seed {seed} ...", end=" ", flush=True)
                found = train(name, label, seed, data)
                RESULTS.write_text(json.dumps([*known, found], indent=1) + "\n")
                accuracy = found["validation_accuracy"]
                print(found["stopped"] or f"{100 * accuracy:.2f} %", f"({found['seconds']} s)", flush=True)


def of(name: str, label: str) -> list[dict[str, Any]]:
    return [r for r in results() if (r["experiment"], r["variant"]) == (name, label)]


def table(name: str) -> str:
    """The results of one experiment: validation accuracy and last training loss of each variant."""
    lines = [f"| {EXPERIMENTS[name].title} | validation accuracy | training loss | seeds |", "|---|---|---|---|"]
    for label in EXPERIMENTS[name].variants:
        rows = of(name, label)
        good = [row for row in rows if row["stopped"] is None]
        cells = ["diverged", ""]
        if good:
            cells = [
                spread([100 * row["validation_accuracy"] for row in good], ".2f") + " %",
                spread([row["training_loss"] for row in good], ".4f"),
            ]
            if len(good) < len(rows):
                cells[0] += f" ({len(rows) - len(good)} of {len(rows)} diverged)"
        if rows:
            lines.append(f"| {label} | {cells[0]} | {cells[1]} | {len(rows)} |")
    return "\n".join(lines)


def spread(values: list[float], form: str) -> str:
    deviation = f" ± {statistics.stdev(values):{form}}" if len(values) > 1 else ""
    return f"{statistics.mean(values):{form}}{deviation}"


def draw(name: str, folder: Path) -> Path:
    """Validation accuracy of each variant: every seed a dot, their mean a line."""
    accuracies = {
        label: [100 * row["validation_accuracy"] for row in of(name, label) if row["stopped"] is None]
        for label in EXPERIMENTS[name].variants
    }
    figure = plots.dots(accuracies, title=EXPERIMENTS[name].title, axis="validation accuracy, %", missing="diverged")
    path = folder / f"experiment-{name}.png"
    plots.save(figure, path)
    return path


def write(page: Path = PAGE, pictures: Path = PICTURES) -> None:
    """Put the tables between the marks in the page, and draw the figures."""
    text = page.read_text(encoding="utf-8")
    for name in EXPERIMENTS:
        if any(r["experiment"] == name for r in results()):
            draw(name, pictures)
            text = between(text, name, table(name))
    machines = {
        f"{e['processors']} cores, NumPy {e['numpy']}, Python {e['python'].rsplit('.', 1)[0]}"
        for e in (r["environment"] for r in results())
    }
    page.write_text(between(text, "machine", "; ".join(sorted(machines)) + "."), encoding="utf-8")


def between(text: str, mark: str, new: str) -> str:
    pattern = re.compile(f"<!-- {mark} -->.*<!-- /{mark} -->", re.DOTALL)
    return pattern.sub(lambda _: f"<!-- {mark} -->\n{new}\n<!-- /{mark} -->", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="EXPERIMENT", help=f"of {', '.join(EXPERIMENTS)}; all by default")
    parser.add_argument("--write", action="store_true", help="put tables and figures into docs/")
    parser.add_argument("--again", action="store_true", help="forget the results of these experiments first")
    options = parser.parse_args()
    unknown = set(options.names) - EXPERIMENTS.keys()
    if unknown:
        parser.error(f"unknown experiment {', '.join(sorted(unknown))}; there are: {', '.join(EXPERIMENTS)}")
    names = options.names or list(EXPERIMENTS)
    if options.again:
        RESULTS.write_text(json.dumps([r for r in results() if r["experiment"] not in names], indent=1) + "\n")
    run(names)
    for name in names:
        print(f"\n{table(name)}")
    if options.write:
        write()


if __name__ == "__main__":
    main()
