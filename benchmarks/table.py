"""How good the recipe `table` is on tables that come with scikit-learn, beside linear models.

    python benchmarks/table.py                  the recipe and a linear model, each on ten divisions of each table
    python benchmarks/table.py --choose         variants of the recipe, on rows outside the test examples
    python benchmarks/table.py --seeds 3        fewer divisions
    python benchmarks/table.py --write          put the table into docs/guide/table.md

Seed s divides the rows anew: a fifth for the test, of the others a fifth for early stopping; it draws the weights too.
The linear model has no use for the latter fifth and learns from all rows but the test's: ridge regression, its penalty
chosen by cross-validation on them, or logistic regression as scikit-learn sets it. Both see standardised columns.

With --choose the test examples, those of `load_table`, are left out altogether. The rest is divided in the same way, so
that what is compared are rows which neither training nor early stopping has seen.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from places import put

import glassnet as gn
from glassnet.data.split import stratified, tenths
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.run import train_recipe
from glassnet.tables.bundled import BUNDLED
from glassnet.tables.csv import write_table
from glassnet.tables.load import load_table
from glassnet.train.metrics import Evaluation

GUIDE = Path(__file__).parent.parent / "docs" / "guide" / "table.md"
DROPOUT = {"type": "Dropout", "rate": 0.2}
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "no dropout": {"network.hidden": [64, 64]},
    "ReLU": {"network.activation": "ReLU"},
    "ReLU, He, no drop": {"network.hidden": [64, 64], "network.activation": "ReLU", "network.init": "HeNormal"},
    "Tanh": {"network.activation": "Tanh"},
    "64": {"network.hidden": [64, DROPOUT]},
    "32-32": {"network.hidden": [32, DROPOUT, 32, DROPOUT]},
    "128-128": {"network.hidden": [128, DROPOUT, 128, DROPOUT]},
    "decay 1": {"optimizer.decay": 1},
    "rate 0.0003": {"optimizer.lr": 0.0003},
    "rate 0.003": {"optimizer.lr": 0.003},
    "weights averaged": {"average.decay": 0.99},
    "patience 10": {"early_stopping.patience": 10},
    "patience 50": {"early_stopping.patience": 50},
    "batches of 16": {"training.batch_size": 16},
    "batches of 64": {"training.batch_size": 64},
}


def friedman() -> gn.Dataset:
    """1,000 rows of y = 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e + noise and five columns that say nothing.

    No linear model can learn the first two terms. The noise has deviation 1, and leaves R2 at most about 96 %.

    Reference: Friedman 1991, "Multivariate adaptive regression splines", section 4.3.
    """
    rng = np.random.default_rng(0)
    x = rng.random((1000, 10))
    a, b, c, d, e = x.T[:5]
    y = 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e + rng.standard_normal(1000)
    columns = {f"x{i}": [f"{value:.6f}" for value in values] for i, values in enumerate(x.T)}
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder) / "friedman.csv", columns | {"y": [f"{value:.6f}" for value in y]})
        return load_table(Path(folder) / "friedman.csv", target="y")


def divided(dataset: gn.Dataset, rows: np.ndarray, seed: int) -> gn.Dataset:
    """These rows of a dataset divided anew."""
    x, y = dataset.train.inputs, dataset.train.targets
    assert y is not None
    strata = y if dataset.classes else tenths(y)
    kept, tested = stratified(strata[rows], len(rows) // 5, seed=seed)
    train, held_out = stratified(strata[rows[kept]], len(kept) // 5, seed=seed)
    parts = [gn.Split(x, y, rows[part]) for part in (kept[train], kept[held_out], tested)]
    return gn.Dataset(
        dataset.name, parts[0], parts[1], parts[2], dataset.classes, white=dataset.white, schema=dataset.schema
    )


def without_test(dataset: gn.Dataset) -> np.ndarray:
    """The rows for training and validation."""
    return np.sort(np.concatenate([dataset.train.index, dataset.validation.index]))


def by_network(dataset: gn.Dataset, seed: int, settings: dict[str, Any]) -> float:
    """The accuracy, or R2, of the recipe on the test examples."""
    recipe = load_recipe("table", settings=settings | {"training.seed": seed})
    with tempfile.TemporaryDirectory() as folder:
        result = train_recipe(recipe, dataset, Path(folder) / "run", pictures=False).evaluation
    return result.accuracy if isinstance(result, Evaluation) else result.r2


def by_linear_model(dataset: gn.Dataset, seed: int, settings: dict[str, Any]) -> float:
    """The same of a linear model of scikit-learn; nothing in it is drawn at random."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = LogisticRegression(max_iter=1000) if dataset.classes else RidgeCV(np.logspace(-2, 3, 11))
    model = make_pipeline(StandardScaler(), linear)
    rows = without_test(dataset)
    y = dataset.train.targets
    assert y is not None
    model.fit(dataset.train.inputs[rows], y[rows])
    return float(model.score(dataset.test.x, dataset.test.y))


def measured(
    by: Callable[[gn.Dataset, int, dict[str, Any]], float],
    dataset: gn.Dataset,
    rows: np.ndarray,
    seeds: int,
    settings: dict[str, Any] | None = None,
) -> np.ndarray:
    """One figure for each seed, in %."""
    return np.array([100 * by(divided(dataset, rows, seed), seed, settings or {}) for seed in range(seeds)])


def shown(figures: np.ndarray) -> str:
    return f"{figures.mean():.1f} ± {figures.std(ddof=1):.1f}"


def choose(datasets: list[gn.Dataset], seeds: int) -> None:
    """Print every variant of the recipe; nothing here has seen a test example."""
    names = [dataset.name for dataset in datasets]
    print(f"mean ± deviation of {seeds} divisions without the test examples, in %: accuracy, of a regression R2")
    print(f"{'':18}" + "".join(f"{name:>16}" for name in names) + f"{'mean':>9}")
    for variant, settings in [*VARIANTS.items(), ("linear", {})]:
        by = by_linear_model if variant == "linear" else by_network
        row = [measured(by, dataset, without_test(dataset), seeds, settings) for dataset in datasets]
        mean = np.mean([figures.mean() for figures in row])
        print(f"{variant:18}" + "".join(f"{shown(figures):>16}" for figures in row) + f"{mean:9.2f}", flush=True)


def compare(datasets: list[gn.Dataset], seeds: int) -> str:
    """The recipe beside a linear model, as a table in Markdown."""
    lines = [
        "| table | rows, inputs | metric | recipe `table` | linear model | difference, same rows |",
        "|---|---|---|---|---|---|",
    ]
    for dataset in datasets:
        rows = np.arange(len(dataset.train.inputs))
        ours, linear = (measured(by, dataset, rows, seeds) for by in (by_network, by_linear_model))
        figure, other = ("accuracy, %", "logistic") if dataset.classes else ("R2, %", "ridge")
        form = f"{len(rows)}, {dataset.input_shape[0]}"
        figures = f"{shown(ours)} | {shown(linear)} ({other}) | {shown(ours - linear)}"
        lines.append(f"| {dataset.name} | {form} | {figure} | {figures} |")
    note = f"Mean ± standard deviation of {seeds} divisions of the rows, seeds 0 to {seeds - 1}."
    return "\n".join([*lines, "", note])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true", help="variants of the recipe, without the test examples")
    parser.add_argument("--seeds", type=int, default=10, help="how often the rows are divided anew")
    parser.add_argument("--write", action="store_true", help="put the table into docs/guide/table.md")
    options = parser.parse_args()
    datasets = [*(load_table(name, target=table.target) for name, table in BUNDLED.items()), friedman()]
    if options.choose:
        choose(datasets, options.seeds)
        return
    text = compare(datasets, options.seeds)
    print(text)
    if options.write:
        put(GUIDE, "figures", text)


if __name__ == "__main__":
    main()
