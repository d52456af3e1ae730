"""The estimators of glassnet.sklearn beside scikit-learn's own: the same settings, score and time of fitting.

    python benchmarks/estimators.py            print the table
    python benchmarks/estimators.py --write    the same, and put it into docs/guide/sklearn.md

Both are fitted in turn, in one process, from the same seeds and on the same examples; each decides by itself when it
has converged. The score is accuracy or R² on test data; the ratio is that of the times of each pair, its median.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from places import put
from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import glassnet as gn
from glassnet.nn.array import Array
from glassnet.runs.run import environment
from glassnet.sklearn import MLPClassifier, MLPRegressor

PAGE = Path(__file__).parent.parent / "docs" / "guide" / "sklearn.md"
RESULTS = Path(__file__).with_suffix(".json")
Split = tuple[Array, Array, Array, Array]  # X, X_test, y, y_test


def digits(seed: int) -> Split:
    X, y = datasets.load_digits(return_X_y=True)
    return train_test_split(X / 16, y, random_state=seed, stratify=y)


def mnist(seed: int) -> Split:
    data = gn.load_dataset("mnist", validation=0)
    X, X_test = (part.x.reshape(len(part), -1) / 255 for part in (data.train, data.test))
    assert data.train.y is not None
    assert data.test.y is not None
    return X, X_test, data.train.y, data.test.y


def mnist_in_float32(seed: int) -> Split:
    X, X_test, y, y_test = mnist(seed)
    return X.astype(np.float32), X_test.astype(np.float32), y, y_test


def scaled(X: Array, y: Array, seed: int) -> Split:
    X, X_test, y, y_test = train_test_split(X, y, random_state=seed)
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), scaler.transform(X_test), (y - y.mean()) / y.std(), (y_test - y.mean()) / y.std()


def diabetes(seed: int) -> Split:
    X, y = datasets.load_diabetes(return_X_y=True)
    return scaled(X, y, seed)


def friedman(seed: int) -> Split:
    X, y = datasets.make_friedman1(4000, noise=1, random_state=seed)
    return scaled(X, y, seed)


CLASSIFIERS, REGRESSORS = (neural_network.MLPClassifier, MLPClassifier), (neural_network.MLPRegressor, MLPRegressor)
Case = tuple[str, Callable[[int], Split], tuple[type, type], dict[str, Any], int]
SHARDED = "MNIST, float32, ours with `shards=2`"
CASES: list[Case] = [
    ("8x8 digits", digits, CLASSIFIERS, {}, 20),
    ("8x8 digits", digits, CLASSIFIERS, {"solver": "sgd", "learning_rate_init": 0.05}, 20),
    ("8x8 digits", digits, CLASSIFIERS, {"solver": "lbfgs"}, 30),
    ("8x8 digits", digits, CLASSIFIERS, {"early_stopping": True}, 30),
    ("MNIST", mnist, CLASSIFIERS, {"max_iter": 10}, 3),
    ("MNIST, float32", mnist_in_float32, CLASSIFIERS, {"max_iter": 10}, 3),
    (SHARDED, mnist_in_float32, CLASSIFIERS, {"max_iter": 10}, 3),
    ("diabetes", diabetes, REGRESSORS, {"early_stopping": True, "max_iter": 1000}, 30),
    ("diabetes", diabetes, REGRESSORS, {"solver": "lbfgs", "alpha": 10.0, "hidden_layer_sizes": (20,)}, 30),
    ("Friedman 1", friedman, REGRESSORS, {"max_iter": 500}, 10),
]


def measured(case: Case) -> dict[str, Any]:
    """Scores and seconds of both, seed by seed."""
    name, load, pair, settings, seeds = case
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        X, X_test, y, y_test = load(seed)
        row: dict[str, Any] = {"seed": seed}
        ours = partial(pair[1], shards=2 if name == SHARDED else 1)
        makers: list[tuple[str, Callable[..., Any]]] = [("scikit-learn", pair[0]), ("glassnet", ours)]
        for label, make in makers if seed % 2 else makers[::-1]:
            estimator = make(**settings, random_state=seed)
            started = time.perf_counter()
            estimator.fit(X, y)
            row[label] = {
                "seconds": time.perf_counter() - started,
                "epochs": estimator.n_iter_,
                "score": estimator.score(X_test, y_test),
            }
        rows.append(row)
        print(f"{name} {settings} {row}", flush=True)
    return {"data": name, "settings": {k: str(v) for k, v in settings.items()}, "rows": rows}


def table(results: list[dict[str, Any]]) -> str:
    lines = [
        "| data | settings besides the defaults | seeds | score, scikit-learn | score, glassnet | difference | epochs |"
        " times as fast |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        rows = result["rows"]
        scores = []
        for label in ("scikit-learn", "glassnet"):
            values = [row[label]["score"] for row in rows]
            scores.append(f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}")
        gains = [row["glassnet"]["score"] - row["scikit-learn"]["score"] for row in rows]
        error = statistics.stdev(gains) / len(gains) ** 0.5
        scores.append(f"{statistics.mean(gains):+.4f} ± {error:.4f}")
        epochs = " / ".join(
            f"{statistics.mean(r[name]['epochs'] for r in rows):.0f}" for name in rows[0] if name != "seed"
        )
        ratio = statistics.median(row["scikit-learn"]["seconds"] / row["glassnet"]["seconds"] for row in rows)
        settings = ", ".join(f"`{key}={value}`" for key, value in result["settings"].items()) or "none"
        lines.append(f"| {result['data']} | {settings} | {len(rows)} | {' | '.join(scores)} | {epochs} | {ratio:.1f} |")
    machine = environment()
    lines += [
        "",
        "Scores are mean and deviation over the seeds; a difference is the mean over pairs of the same seed, with its "
        "standard error; epochs of scikit-learn / glassnet. "
        f"{machine['processors']} cores, NumPy {np.__version__}, scikit-learn {sklearn.__version__}; printed by "
        "`python benchmarks/estimators.py`.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into the guide")
    parser.add_argument("--table", action="store_true", help="measure nothing: the table of what was measured")
    options = parser.parse_args()
    if not options.table:
        warnings.simplefilter("ignore", ConvergenceWarning)
        RESULTS.write_text(json.dumps([measured(case) for case in CASES], indent=1) + "\n")
    text = table(json.loads(RESULTS.read_text()))
    print(text)
    if options.write:
        put(PAGE, "estimators", text)


if __name__ == "__main__":
    main()
