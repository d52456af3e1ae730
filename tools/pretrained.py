"""Make the models that ship with the package, each with its card.

    python tools/pretrained.py              train what is not trained yet, then make every model and card
    python tools/pretrained.py --only cnn

Each model is the run of its recipe from seed 0, which was named before any was trained, and is not the best of several;
`benchmarks/accuracy.py` trains that run among others, and its folder is used here. Then, on validation data alone, the
temperature and the threshold are found; the parameters are rounded to float16; and what is saved is measured, once more
read from its file, on the test split. `tools/calibrate.py` then chooses temperature and threshold, also on
digits by other writers.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.data.files import sha256_of_content
from glassnet.data.registry import check_dataset
from glassnet.model.path import MODEL
from glassnet.modelfile import read_about
from glassnet.pretrained.models import FOLDER
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.folder import EVALUATION, HISTORY
from glassnet.train.calibration import refusal_threshold

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import accuracy  # noqa: E402
from trust import SHARE  # noqa: E402

NAMES = ("classic", "strong", "cnn")
SEED = 0


def make(name: str) -> None:
    """Make the model of this name and its card from the run of seed 0."""
    recipe = load_recipe(name, settings={"training.seed": SEED})
    dataset = gn.load_dataset(recipe.data.name, validation=recipe.data.validation)
    folder = accuracy.trained(recipe, dataset)
    network = gn.load_network(folder / MODEL)
    exact = gn.evaluate(network, dataset.validation)
    temperature = gn.calibrate(network, dataset.validation)
    network.theta[...] = network.theta.astype(np.float16)
    rounded = gn.evaluate(network, dataset.validation)
    validation_views = gn.predict_views(network, dataset.validation.x)
    network.threshold = refusal_threshold(validation_views, SHARE)
    about = {key: value for key, value in read_about(folder / MODEL).items() if isinstance(value, dict)}
    about["trust"] = {"temperature": temperature}
    network.loss = gn.CrossEntropy()  # smooth labels were for training: what it says is measured by the plain loss
    about["test"] = gn.evaluate(network, dataset.test).figures
    path = FOLDER / f"{name}.safetensors"
    gn.save_network(network, path, about=about)

    again = gn.load_network(path)
    if not np.array_equal(again.theta, network.theta):
        raise SystemExit(f"{path}: what was read is not what was saved")
    test = gn.evaluate(again, dataset.test)
    views = validation_views, gn.predict_views(again, dataset.test.x)
    figures = _figures(recipe, folder, exact, rounded, test, views, again, temperature)
    card = _card(name, recipe, folder, test, again, path, figures)
    (FOLDER / f"{name}.md").write_text(card, encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, test accuracy {100 * test.accuracy:.2f} %")


def _card(
    name: str,
    recipe: Any,
    folder: Path,
    test: gn.Evaluation,
    network: gn.Network,
    path: Path,
    figures: list[tuple[str, str]],
) -> str:
    worst = sorted(test.per_class, key=lambda row: row.recall)[:3]
    rows = [
        ("what it is", f"{recipe.about}; {len(network.theta):,} parameters"),
        *figures,
        *_origin(name, recipe, folder),
        ("size", f"{path.stat().st_size / 1e6:.2f} MB"),
        (
            "worst classes",
            ", ".join(f"{row.name} ({100 * row.recall:.2f} % of {row.support:,} found)" for row in worst),
        ),
        ("most confused", ", ".join(f"{t} read as {p} ({n} times)" for t, p, n in test.most_confused(4))),
    ]
    table = "\n".join(f"| {key} | {value} |" for key, value in rows)
    return (
        f"# {name}\n\n`gn.load_pretrained({name!r})`. "
        "Every number here is measured and written by `tools/pretrained.py` and `tools/calibrate.py`.\n\n"
        f"| | |\n|---|---|\n{table}\n"
    )


def _figures(
    recipe: Any,
    folder: Path,
    exact: gn.Evaluation,
    rounded: gn.Evaluation,
    test: gn.Evaluation,
    views: tuple[Any, Any],
    network: gn.Network,
    temperature: float,
) -> list[tuple[str, str]]:
    """How good the model is."""
    mark = accuracy.fingerprint(recipe)
    runs = [r for r in accuracy.results() if r["fingerprint"] == mark]
    figures = [100 * r["test_accuracy"] for r in runs]
    spread = f" ± {statistics.stdev(figures):.2f}" if len(figures) > 1 else ""
    untouched = json.loads((folder / EVALUATION).read_text())["accuracy"]
    error = gn.expected_calibration_error(test.probabilities, test.truth)
    validation_views, test_views = views

    def below(probabilities: Any) -> float:
        return float(np.mean(gn.evidence(probabilities) < network.threshold))

    return [
        ("test accuracy of this file", f"{100 * test.accuracy:.2f} % of {len(test.truth):,}"),
        (
            "the mean over five views (`gn.predict_views`)",
            f"{100 * np.mean(test_views.argmax(axis=1) == test.truth):.2f} % of the test split, "
            f"calibration error {100 * gn.expected_calibration_error(test_views, test.truth):.2f} %",
        ),
        (
            f"the recipe, {'seeds' if len(runs) > 1 else 'seed'} {', '.join(str(r['seed']) for r in runs)}",
            f"{statistics.mean(figures):.2f}{spread} % on the test split",
        ),
        (
            "rounding to float16",
            f"validation accuracy {100 * exact.accuracy:.2f} % before, {100 * rounded.accuracy:.2f} % after; "
            f"test {100 * untouched:.2f} % before, {100 * test.accuracy:.2f} % after",
        ),
        ("temperature", f"{temperature:.4f}, chosen on validation data; included in the weights of the last Dense"),
        ("expected calibration error", f"{100 * error:.2f} % on the test split (15 bins)"),
        (
            "threshold",
            f"evidence of {network.threshold:.3f} over five views; below it are "
            f"{100 * below(validation_views):.2f} % of the validation digits, "
            f"{100 * below(test_views):.2f} % of the test digits",
        ),
    ]


def _origin(name: str, recipe: Any, folder: Path) -> list[tuple[str, str]]:
    """Where the model comes from: data, command, machine, versions."""
    states = dict(check_dataset(recipe.data.name))
    if set(states.values()) != {"ok"}:
        raise SystemExit(f"{recipe.data.name}: not the published files: {states}")
    sums = ", ".join(
        f"{Path(file).name.removesuffix('.gz')} {sha256_of_content(Path(file))}" for file in states if "train" in file
    )
    seconds = sum(record["seconds"] for record in gn.History.load(folder / HISTORY).records)
    environment = json.loads((folder / "environment.json").read_text())
    blas = ", ".join(f"{b['internal_api']} {b['version']} ({b['architecture']})" for b in environment["blas"])
    return [
        (
            "data",
            f"{recipe.data.name}, {recipe.data.validation:,} of the training images held out for validation; "
            f"sha256 of the unzipped files: {sums}",
        ),
        ("command", f"`glassnet train {name}` (seed {SEED}), then `python tools/pretrained.py --only {name}`"),
        ("training", f"{len(gn.History.load(folder / HISTORY))} epochs, {seconds / 60:.1f} minutes"),
        ("machine", f"{environment['processors']} cores, {environment['system']}, {blas}"),
        (
            "versions",
            f"glassnet {environment['glassnet']}, NumPy {environment['numpy']}, Python {environment['python']}",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=NAMES)
    options = parser.parse_args()
    for name in NAMES:
        if options.only in (None, name):
            make(name)


if __name__ == "__main__":
    main()
