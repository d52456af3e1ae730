"""How long a table of two million rows takes to be read, beside polars, from the same file.

    python benchmarks/reading.py                two million rows of eight columns, as Parquet and as CSV, five times
    python benchmarks/reading.py --rows 100000  fewer rows

Both read the same file in turn, in one process; the first time does not count, because libraries are loaded then. A
ratio says how many times as long glassnet takes. polars only reads the cells; `load` is all of `load_table`: what the
columns hold, the inputs of a network, and the division of the rows.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import glassnet as gn


def people(rows: int) -> pl.DataFrame:
    """Made-up people: two integers, two floats, three columns of text, and days."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "age": rng.integers(18, 90, rows),
            "children": rng.integers(0, 5, rows),
            "bmi": rng.normal(25, 4, rows),
            "income": rng.lognormal(10, 1, rows).round(2),
            "job": rng.choice(["teacher", "nurse", "smith", "baker"], rows),
            "city": rng.choice([f"city {k}" for k in range(20)], rows),
            "since": np.datetime64("2015-01-01") + rng.integers(0, 3000, rows).astype("timedelta64[D]"),
            "ill": rng.choice(["yes", "no"], rows),
        }
    )


def seconds(work: Callable[..., Any], file: Path, **settings: Any) -> float:
    before = time.perf_counter()
    work(file, **settings)
    return time.perf_counter() - before


def shown(values: list[float]) -> str:
    return f"{np.mean(values):6.2f} ± {np.std(values, ddof=1):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    print(f"{given.rows:,} rows of 8 columns; mean ± deviation of {given.repeats} times in turn")
    print(f"{'':9}{'polars, s':>15}{'glassnet, s':>15}{'ratio':>15}{'load, s':>15}")
    with tempfile.TemporaryDirectory() as folder:
        frame = people(given.rows)
        files = {"Parquet": Path(folder) / "people.parquet", "CSV": Path(folder) / "people.csv"}
        frame.write_parquet(files["Parquet"])
        frame.write_csv(files["CSV"])
        readers: dict[str, Callable[..., Any]] = {"Parquet": pl.read_parquet, "CSV": pl.read_csv}
        for name, file in files.items():
            read, times = readers[name], range(given.repeats + 1)
            pairs = [(seconds(read, file), seconds(gn.read_table, file)) for _ in times][1:]
            loads = [seconds(gn.load_table, file, target="ill", dates=True) for _ in range(2)]
            theirs, ours = (list(values) for values in zip(*pairs, strict=True))
            ratios = [ours / theirs for theirs, ours in pairs]
            print(f"{name:9}{shown(theirs):>15}{shown(ours):>15}{shown(ratios):>15}{min(loads):15.2f}", flush=True)


if __name__ == "__main__":
    main()
