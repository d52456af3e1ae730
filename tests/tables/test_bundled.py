"""The tables of scikit-learn, and tables as datasets."""

from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.split import tenths
from glassnet.tables.bundled import BUNDLED, read_bundled
from glassnet.tables.csv import write_table
from glassnet.tables.read import read_table


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_table_is_the_same_as_its_csv_file(name: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="these tables need the extra 'sklearn'")
    write_table(tmp_path / f"{name}.csv", read_bundled(name).texts())
    assert read_table(tmp_path / f"{name}.csv").texts() == read_bundled(name).texts()
    one, other = (gn.load_table(source, target=BUNDLED[name].target) for source in (name, tmp_path / f"{name}.csv"))
    assert repr(one) == repr(other)
    assert one.schema == other.schema
    for part in ("train", "validation", "test"):
        a, b = getattr(one, part), getattr(other, part)
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.y, b.y)


def test_bundled_tables_hold_what_scikit_learn_says() -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="these tables need the extra 'sklearn'")
    stored = gn.load_table("diabetes", target="progression").train  # splits share all rows
    x, y = datasets.load_diabetes(scaled=False, return_X_y=True)
    np.testing.assert_allclose(stored.inputs, x, rtol=1e-11)  # 12 digits are written
    np.testing.assert_array_equal(stored.targets, y)


def made(folder: Path, rows: int) -> Path:
    write_table(
        folder / "t.csv", {"x": [str(i) for i in range(rows)], "y": [f"{i * 37 % rows}.5" for i in range(rows)]}
    )
    return folder / "t.csv"


def test_a_table_is_divided_in_proportion(tmp_path: Path) -> None:
    dataset = gn.load_table(made(tmp_path, 100), target="y")
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [64, 16, 20]
    assert dataset.classes == ()
    assert repr(dataset) == "t: 64 train, 16 validation, 20 test, 1 float64, real targets"
    everything = np.concatenate([part.index for part in (dataset.train, dataset.validation, dataset.test)])
    assert sorted(everything) == list(range(100))
    np.testing.assert_array_equal(np.bincount(tenths(dataset.test.targets)[dataset.test.index]), [2] * 10)
    other = gn.load_table(tmp_path / "t.csv", target="y", seed=1)
    np.testing.assert_array_equal(other.test.index, dataset.test.index)
    assert np.any(other.validation.index != dataset.validation.index)


def test_a_known_schema_is_used_as_it_is(tmp_path: Path) -> None:
    schema = gn.load_table(made(tmp_path, 100), target="y").schema
    write_table(tmp_path / "other.csv", {"y": ["1"] * 10, "x": list("0123456789")})  # a target that never changes
    assert gn.load_table(tmp_path / "other.csv", target="y", schema=schema).schema is schema


def test_tenths_are_of_the_sorted_values() -> None:
    np.testing.assert_array_equal(tenths(np.array([5.0, -1, 3, 2])), [7, 0, 5, 2])
    assert len(tenths(np.array([]))) == 0


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(gn.DataError, match="expected at least 10 rows to learn from, got 9"):
        gn.load_table(made(tmp_path, 9), target="y")
    with pytest.raises(gn.DataError, match="validation must not be negative"):
        gn.load_table(made(tmp_path, 20), target="y", validation=-1)
    with pytest.raises(gn.DataError, match=r"unknown dataset 'iris'; .*; for a table, also name the column to predict"):
        gn.load_dataset("iris")


def test_classes_and_targets_must_agree() -> None:
    x, rows = np.zeros((4, 2)), np.arange(4)
    real, labels = gn.Split(x, np.arange(4.0), rows), gn.Split(x, rows, rows)
    with pytest.raises(gn.DataError, match="expected no classes for targets that are real numbers"):
        gn.Dataset("d", real, real, real, ("a",), white=1)
    with pytest.raises(gn.DataError, match="test: expected real numbers, as the classes say, got int64"):
        gn.Dataset("d", real, real, labels, (), white=1)
    bad = gn.Split(x, np.array([0, 1, np.nan, 3]), rows)
    with pytest.raises(gn.DataError, match="expected finite targets, got nan in row 2"):
        gn.Dataset("d", real, real, bad, (), white=1)


def test_what_is_missing_counts_as_the_mean_of_the_training_rows(tmp_path: Path) -> None:
    """The rows to be tested on must not be known to what is learned."""
    lines = (made(tmp_path, 100)).read_text().splitlines()
    name = lines[0].split(",")[0]
    gaps = [lines[0], *(f",{line.split(',', 1)[1]}" if row % 4 == 0 else line for row, line in enumerate(lines[1:]))]
    (tmp_path / "gaps.csv").write_text("\n".join(gaps))
    dataset = gn.load_table(tmp_path / "gaps.csv", target="y")
    assert dataset.schema is not None
    x, missing = dataset.train.x[:, 0], dataset.train.x[:, 1] == 1
    (fill,) = {column.fill for column in dataset.schema.inputs if column.name == name}
    assert fill == pytest.approx(x[~missing].mean(), rel=1e-12)
    assert (x[missing] == fill).all()
    assert missing.any()
    every = np.array([float(line.split(",")[0]) for line in gaps[1:] if not line.startswith(",")])
    assert fill != pytest.approx(every.mean(), rel=1e-6)
