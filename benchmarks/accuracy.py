"""Train every named recipe from several seeds and report its test accuracy: the table of docs/benchmarks.md.

    python benchmarks/accuracy.py                 train what is not in the result file yet, then print the table
    python benchmarks/accuracy.py --write         the same, and put the table into docs/benchmarks.md
    python benchmarks/accuracy.py --table         print the table of what is there, train nothing

Results are kept in benchmarks/accuracy.json as they come, the runs themselves in runs/accuracy, so what was broken off
goes on where it was. A result counts only for the recipe that made it, and for the version of its bits; changing either
trains it again.
"""

import argparse
import dataclasses
import hashlib
import json
import statistics
from pathlib import Path
from typing import Any

from places import put

import glassnet as gn
from glassnet.model.path import MODEL
from glassnet.nn.settings import describe
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.folder import EVALUATION, HISTORY
from glassnet.runs.run import resume_run, train_recipe
from glassnet.runs.unfinished import find_unfinished

HERE = Path(__file__).parent
RESULTS = HERE / "accuracy.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
RUNS = HERE.parent / "runs" / "accuracy"
SEEDS = (0, 1, 2)
BITS = "0.1.0"  # the version since which trainings have the bits of today: raise it when they change

# Row: recipe, changed settings, seeds, what others report, what is promised.
ROWS: list[tuple[str, dict[str, Any], tuple[int, ...], str, str]] = [
    ("tiny", {}, SEEDS, "84-90 %", "91.0 %"),
    ("tiny", {"training.epochs": 4000}, SEEDS, "92.68 %", "92.5 %"),
    ("tiny-deep", {}, (0, 1, 2, 3, 4), "", "92.5 %"),
    ("sigmoid-30", {}, SEEDS, "95-96 %", "96.0 %"),
    ("sixteen", {}, SEEDS, "", "94.5 %"),
    ("quick", {}, tuple(range(10)), "", "98.0 %"),
    ("classic", {}, SEEDS, "85-92 %", "97.7 %"),
    ("strong", {}, SEEDS, "99.65 %", "99.40 %"),
    ("cnn", {}, SEEDS, "99.75 %", "99.60 %"),
]


def results() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def fingerprint(recipe: Any) -> str:
    """The recipe without its seed, and the version of the trainings' bits: what a result is a result of.

    Settings with their default value are left out, so that a new setting makes no old result a stranger.
    """
    training = dataclasses.replace(recipe.training, seed=0)
    text = describe(dataclasses.replace(recipe, training=training, about=""))
    return hashlib.sha256(f"{text} {BITS}".encode()).hexdigest()[:16]


def command(name: str, settings: dict[str, Any]) -> str:
    options = " ".join(f"--set {key}={value}" for key, value in settings.items())
    return f"glassnet train {name} {options}".strip().replace("--set training.epochs=", "--epochs ")


def train(name: str, settings: dict[str, Any], seed: int) -> None:
    """Train a recipe from a seed into a run folder of its own, or go on with it, and write its result down."""
    recipe = load_recipe(name, settings=settings | {"training.seed": seed})
    mark = fingerprint(recipe)
    known = results()
    if any(r["fingerprint"] == mark and r["seed"] == seed for r in known):
        return
    print(f"{command(name, settings)} --seed {seed} ...", flush=True)
    dataset = gn.load_dataset(recipe.data.name, validation=recipe.data.validation)
    folder = trained(recipe, dataset)
    network = gn.load_network(folder / MODEL)
    history = gn.History.load(folder / HISTORY)
    seconds = sum(record["seconds"] for record in history.records)
    accuracy = json.loads((folder / EVALUATION).read_text())["accuracy"]
    validation = dataset.validation if recipe.data.validation else None
    known = [r for r in results() if not (r["command"] == command(name, settings) and r["seed"] == seed)]
    known.append(
        {
            "command": command(name, settings),
            "seed": seed,
            "fingerprint": mark,
            "test_accuracy": accuracy,
            "validation_accuracy": gn.evaluate(network, validation).accuracy if validation else None,
            "epochs": len(history),
            "seconds": round(seconds, 1),
            "environment": json.loads((folder / "environment.json").read_text()),
        }
    )
    RESULTS.write_text(json.dumps(sorted(known, key=lambda r: (r["command"], r["seed"])), indent=1) + "\n")
    print(f"  test accuracy {100 * accuracy:.2f} %, {seconds:.0f} s", flush=True)


def trained(recipe: Any, dataset: gn.Dataset) -> Path:
    """The folder of the finished run of a recipe, which is trained, or resumed, unless that is done already."""
    folder = RUNS / f"{recipe.name}-{fingerprint(recipe)}-seed-{recipe.training.seed}"
    if not (folder / EVALUATION).exists():
        if folder.exists():
            resume_run(find_unfinished(folder), dataset, pictures=False, progress=gn.ProgressBar())
        else:
            train_recipe(recipe, dataset, folder, pictures=False, progress=gn.ProgressBar())
    return folder


def shape(recipe: Any) -> str:
    """The network in a few characters: 784-128-10."""
    kinds = [entry["type"] for entry in recipe.network.hidden or () if isinstance(entry, dict)]
    if "Conv2D" in kinds:
        return f"{kinds.count('Conv2D')} convolutions"
    sizes = [
        entry["units"] if isinstance(entry, dict) and entry["type"] == "Dense" else entry
        for entry in recipe.network.hidden or ()
    ]
    return "-".join(map(str, [784, *(size for size in sizes if isinstance(size, int)), 10]))


def table() -> str:
    lines = [
        "| command | network | elsewhere | test accuracy | seeds | time |",
        "|---|---|---|---|---|---|",
    ]
    for name, settings, seeds, elsewhere, _ in ROWS:
        recipe = load_recipe(name, settings=settings)
        mark = fingerprint(recipe)
        rows = [r for r in results() if r["fingerprint"] == mark and r["seed"] in seeds]
        if not rows:
            continue
        accuracies = [100 * r["test_accuracy"] for r in rows]
        spread = f" ± {statistics.stdev(accuracies):.2f}" if len(rows) > 1 else ""
        accuracy = f"{statistics.mean(accuracies):.2f}{spread} %"
        lines.append(
            f"| `{command(name, settings)}` | {shape(recipe)} | {elsewhere} | {accuracy} | {len(rows)} "
            f"| {statistics.mean(r['seconds'] for r in rows):.0f} s |"
        )
    return "\n".join(lines)


def machine() -> str:
    """The machines and versions behind the results, in a sentence."""
    found = {
        f"{e['processors']} cores, NumPy {e['numpy']}, Python {e['python'].rsplit('.', 1)[0]}"
        for e in (r["environment"] for r in results())
    }
    return "Mean and standard deviation over the seeds; " + "; ".join(sorted(found)) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="train this recipe only")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    for name, settings, seeds, _, _ in ROWS:
        for seed in seeds:
            if not options.table and options.only in (None, name):
                train(name, settings, seed)
    text = f"{table()}\n\n{machine()}"
    print(text)
    if options.write:
        put(PAGE, "accuracy", text)


if __name__ == "__main__":
    main()
