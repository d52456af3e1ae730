"""Train every named recipe from several seeds and report its test accuracy: the table of the README.

    python benchmarks/accuracy.py                 train what is not in the result file yet, then print the table
    python benchmarks/accuracy.py --write         the same, and put the table into README.md
    python benchmarks/accuracy.py --table         print the table of what is there, train nothing

Results are kept in benchmarks/accuracy.json as they come, so a run that was broken off goes on where it was. A result
counts only for the recipe and version of the library that made it; changing either trains it again.
"""

import argparse
import dataclasses
import hashlib
import json
import re
import statistics
import time
from pathlib import Path
from typing import Any

import glassnet as gn
from glassnet.nn.settings import describe
from glassnet.recipes import load_recipe
from glassnet.run import environment

HERE = Path(__file__).parent
RESULTS = HERE / "accuracy.json"
README = HERE.parent / "README.md"
SEEDS = (0, 1, 2)

# Row: recipe, changed settings, seeds, what others report, what is promised.
ROWS: list[tuple[str, dict[str, str], tuple[int, ...], str, str]] = [
    ("tiny", {}, SEEDS, "84-90 %", "91.0 %"),
    ("tiny", {"training.epochs": "4000"}, SEEDS, "92.68 %", "92.5 %"),
    ("tiny-deep", {}, (0, 1, 2, 3, 4), "", "92.5 %"),
    ("sigmoid-30", {}, SEEDS, "95-96 %", "96.0 %"),
    ("sixteen", {}, SEEDS, "", "94.5 %"),
    ("quick", {}, tuple(range(10)), "", "98.0 %"),
    ("classic", {}, SEEDS, "85-92 %", "97.7 %"),
]


def results() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def fingerprint(recipe: Any) -> str:
    """The recipe without its seed, and the version of the library: what a result is a result of.

    Settings with their default value are left out, so that a new setting makes no old result a stranger.
    """
    training = dataclasses.replace(recipe.training, seed=0)
    text = describe(dataclasses.replace(recipe, training=training, about=""))
    return hashlib.sha256(f"{text} {gn.__version__}".encode()).hexdigest()[:16]


def command(name: str, settings: dict[str, str]) -> str:
    options = " ".join(f"--set {key}={value}" for key, value in settings.items())
    return f"glassnet train {name} {options}".strip().replace("--set training.epochs=", "--epochs ")


def train(name: str, settings: dict[str, str], seed: int) -> None:
    recipe = load_recipe(name, settings=settings | {"training.seed": str(seed)})
    mark = fingerprint(recipe)
    known = results()
    if any(r["fingerprint"] == mark and r["seed"] == seed for r in known):
        return
    print(f"{command(name, settings)} --seed {seed} ...", flush=True)
    dataset = gn.load_dataset(recipe.data.name, validation=recipe.data.validation)
    validation = dataset.validation if recipe.data.validation else None
    network = recipe.make_network(dataset)
    started = time.perf_counter()
    history = gn.fit(
        network,
        dataset.train,
        validation=validation,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        epochs=recipe.training.epochs,
        batch_size=recipe.training.batch_size,
        shards=recipe.training.shards,
        callbacks=[recipe.early_stopping] if recipe.early_stopping else [],
        seed=seed,
    )
    seconds = time.perf_counter() - started
    test = gn.evaluate(network, dataset.test)
    known = [r for r in results() if not (r["command"] == command(name, settings) and r["seed"] == seed)]
    known.append(
        {
            "command": command(name, settings),
            "seed": seed,
            "fingerprint": mark,
            "test_accuracy": test.accuracy,
            "validation_accuracy": gn.evaluate(network, validation).accuracy if validation else None,
            "epochs": len(history),
            "seconds": round(seconds, 1),
            "environment": environment(),
        }
    )
    RESULTS.write_text(json.dumps(sorted(known, key=lambda r: (r["command"], r["seed"])), indent=1) + "\n")
    print(f"  test accuracy {100 * test.accuracy:.2f} %, {seconds:.0f} s", flush=True)


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
        shape = "-".join(map(str, [784, *(recipe.network.hidden or ()), 10]))
        lines.append(
            f"| `{command(name, settings)}` | {shape} | {elsewhere} | {statistics.mean(accuracies):.2f}{spread} % "
            f"| {len(rows)} | {statistics.mean(r['seconds'] for r in rows):.0f} s |"
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
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    for name, settings, seeds, _, _ in ROWS:
        for seed in seeds:
            if not options.table and options.only in (None, name):
                train(name, settings, seed)
    text = f"{table()}\n\n{machine()}"
    print(text)
    if options.write:
        marks = "<!-- accuracy -->", "<!-- /accuracy -->"
        pattern = re.compile(f"{marks[0]}.*{marks[1]}", re.DOTALL)
        README.write_text(pattern.sub(lambda _: f"{marks[0]}\n{text}\n{marks[1]}", README.read_text()))


if __name__ == "__main__":
    main()
