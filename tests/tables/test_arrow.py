"""Frames and Parquet files: what they state is believed.

The same table trains to the same bits from any of them.
"""

import datetime as dt
import decimal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.tables.read import read_table
from glassnet.tables.rows import rows_of
from glassnet.tables.undecided import UndecidedError

pa = pytest.importorskip("pyarrow", reason="frames and Parquet files are read by pyarrow")
pd = pytest.importorskip("pandas", reason="one kind of frame is that of pandas")
pl = pytest.importorskip("polars", reason="one kind of frame is that of polars")

from pyarrow import parquet  # noqa: E402 - after the check that there is pyarrow

ROWS = 240


def patients() -> Any:
    """Numbers with gaps, whole numbers, texts with gaps, booleans, days, moments, and two classes."""
    rng = np.random.default_rng(0)
    bmi, job = rng.normal(25, 4, ROWS).round(3).tolist(), rng.choice(["nurse", "smith", "baker"], ROWS).tolist()
    days = [dt.date(2020, 1, 1) + dt.timedelta(int(day)) for day in rng.integers(0, 900, ROWS)]
    return pl.DataFrame(
        {
            "age": rng.integers(18, 90, ROWS),
            "bmi": [None if row % 17 == 3 else value for row, value in enumerate(bmi)],
            "job": [None if row % 23 == 3 else text for row, text in enumerate(job)],
            "married": rng.random(ROWS) < 0.5,
            "since": days,
            "seen": [dt.datetime.combine(day, dt.time(row % 24, row % 60)) for row, day in enumerate(days)],
            "ill": ["yes" if value > 25 else "no" for value in bmi],
        }
    )


def with_categories(frame: Any) -> Any:
    return frame.with_columns(pl.col("job").cast(pl.Categorical), pl.col("ill").cast(pl.Enum(["yes", "no", "never"])))


def as_parquet(frame: Any, folder: Path) -> Path:
    frame.write_parquet(folder / "patients.parquet")
    return folder / "patients.parquet"


def by_pandas(frame: Any, folder: Path) -> Path:
    frame.to_pandas().to_parquet(folder / "by-pandas.parquet")
    return folder / "by-pandas.parquet"


KINDS: dict[str, Callable[[Any, Path], Any]] = {
    "Parquet": as_parquet,
    "Parquet of pandas": by_pandas,
    "polars": lambda frame, _: frame,
    "polars with categories": lambda frame, _: with_categories(frame),
    "pandas": lambda frame, _: frame.to_pandas(),
    "pandas with an index": lambda frame, _: frame.to_pandas().set_index(np.arange(ROWS) * 3),
    "pandas with categories": lambda frame, _: frame.to_pandas().astype({"job": "category"}),
    "pyarrow": lambda frame, _: frame.to_arrow(),
    "pyarrow in pieces": lambda frame, _: pa.concat_tables([frame[:99].to_arrow(), frame[99:].to_arrow()]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_table_trains_to_the_same_bits(tmp_path: Path, kind: str) -> None:
    frame = patients()
    frame.write_csv(tmp_path / "patients.csv")
    trained = []
    for given in (tmp_path / "patients.csv", KINDS[kind](frame, tmp_path)):
        dataset = gn.load_table(given, target="ill", dates=True)
        network = gn.Network([gn.Standardize(), gn.Dense(8), gn.ReLU(), gn.Dense(2)], input_shape=dataset.input_shape)
        gn.fit(network, dataset.train, validation=dataset.validation, epochs=2)
        trained.append((dataset, network.theta.tobytes()))
    (first, bits), (second, others) = trained
    assert first.schema.input_names[-1] == second.schema.input_names[-1] == "seen: hour"
    assert first.classes == second.classes
    assert bits == others


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "pandas", "pyarrow"])
def test_a_model_of_one_kind_of_table_takes_the_others(tmp_path: Path, kind: str) -> None:
    frame = patients()
    frame.write_csv(tmp_path / "patients.csv")
    given = tmp_path / "patients.csv" if kind == "CSV" else KINDS[kind](frame, tmp_path)
    schema = gn.load_table(given, target="ill", dates=True).schema
    wanted = schema.examples(read_table(given))
    for other in (tmp_path / "patients.csv", *(make(frame, tmp_path) for make in KINDS.values())):
        assert np.array_equal(schema.examples(read_table(other)), wanted)
        assert schema.targets(read_table(other)).sum() == (frame["ill"] == "yes").sum()


def test_what_a_column_states_is_believed() -> None:
    frame = pl.DataFrame(
        {
            "code": pl.Series(["1", "2"] * 20, dtype=pl.Categorical),  # no numbers, though they look like some
            "year": [20240101 + row for row in range(40)],  # no dates, though they look like some
            "amount": pl.Series(["1.5", "2.5"] * 20).str.to_decimal(scale=2),
            "at": [dt.time(9, 30), None] * 20,
            "day": [dt.datetime(2024, 1, 1 + row % 20) for row in range(40)],  # all midnight: no time of day
            "y": [float(row % 2) for row in range(40)],
        }
    )
    schema = gn.load_table(frame, target="y").schema
    assert [column.kind for column in schema.inputs] == ["category", "number", "number", "date", "date"]
    assert schema.input_names[-5:] == ["at: hour", "at is missing", "day: day", "day: month", "day: weekday"]
    assert schema.target.categories == ("0", "1")
    assert schema.examples(read_table(frame))[0].tolist()[:4] == [1, 0, 20240101, 1.5]


def test_zones_are_those_of_a_csv_file(tmp_path: Path) -> None:
    moments = [dt.datetime(2024, 1 + row % 12, 3, row % 24, tzinfo=dt.UTC) for row in range(40)]
    frame = pd.DataFrame({"at": pd.Series(moments).dt.tz_convert("Europe/Berlin"), "y": ["a", "b"] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    text, typed = (gn.load_table(given, target="y", dates=True) for given in (tmp_path / "t.csv", frame))
    assert np.array_equal(text.train.inputs, typed.train.inputs)
    assert typed.schema.inputs[0].zone == "+01:00"
    elsewhere = frame.assign(at=frame["at"].dt.tz_convert("Asia/Tokyo"))
    with pytest.raises(gn.DataError, match=r"holds times of the zone \+09:00, .* held times of the zone \+01"):
        rows_of(read_table(elsewhere), typed.schema)
    naive = frame.assign(at=frame["at"].dt.tz_localize(None))
    with pytest.raises(gn.DataError, match="holds dates without a time zone, but in training it held times"):
        rows_of(read_table(naive), typed.schema)


def row_of(**columns: Any) -> Any:
    return pd.DataFrame({name: [value] * 20 for name, value in columns.items()} | {"y": ["a", "b"] * 10})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "frame: columns 1 and 2 have the same name 'a'"),
        (lambda: pd.DataFrame([[1, 2]]), r"names of columns as texts, got 0: frame.columns = \[str\(name\)"),
        (
            lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
            r"got \('a', 'b'\)",
        ),
        (lambda: pd.DataFrame({"": [1], "b": [2]}), "column 1 has no name"),
        (lambda: pl.DataFrame({"a": []}), "frame: has 1 column but no rows"),
        (lambda: pl.DataFrame(), "frame: has no columns"),
        (lambda: pl.LazyFrame({"y": [1]}), r"expected a frame, got LazyFrame: collect it first, frame.collect\(\)"),
        (lambda: pl.Series([1]), r"expected a frame, got Series: make a frame of it, series.to_frame\(\)"),
        (lambda: np.zeros((3, 2)), r"the path of a table or a frame, got ndarray: pandas.DataFrame"),
        (lambda: pd.DataFrame({"x": range(40)}), "frame: there is no column 'y'; known: x"),
        (lambda: row_of(x=[1, 2]), r"column 'x' holds list<.*>, expected numbers, texts, .*use ignore=\['x'\]"),
        (lambda: row_of(x={"a": 1}), r"column 'x' holds struct<a.*; use ignore=\['x'\] to leave the column out"),
        (lambda: row_of(x=b"raw"), r"column 'x' holds binary"),
        (lambda: row_of(x=dt.timedelta(1)), r"column 'x' holds duration"),
        (
            lambda: pd.DataFrame({"x": ["a", 1] * 10, "y": ["a", "b"] * 10}),
            "frame: column 'x' cannot be read .*: make it one type, such as text; use ignore",
        ),
        (lambda: row_of(x=2**60 + 1), r"column 'x' holds integers up to 1152921504606846977, .*categorical=\['x'\]"),
        (lambda: row_of(x=float("inf")), "row 0, column 'x': expected at most 1e.30, got 'inf'"),
        (lambda: row_of(x=float("nan")), "expected a column besides the target 'y'"),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused_in_one_line(frame: Callable[[], Any], message: str) -> None:
    with pytest.raises(gn.DataError, match=message) as caught:
        gn.load_table(frame(), target="y")
    assert "\n" not in str(caught.value)


def test_decimals_and_short_floats_are_the_numbers_of_a_csv_file(tmp_path: Path) -> None:
    cents = [decimal.Decimal(row * 7 + 1) / 100 for row in range(60)]
    ids = [decimal.Decimal(2**53 + 1 + row) for row in range(60)]
    frame = pl.DataFrame(
        {"cost": cents, "short": pl.Series([row / 7 for row in range(60)], dtype=pl.Float32), "y": ["a", "b"] * 30}
    )
    frame.write_csv(tmp_path / "t.csv")
    text, typed = (gn.load_table(given, target="y") for given in (tmp_path / "t.csv", frame))
    assert np.array_equal(text.train.inputs, typed.train.inputs)
    costs = gn.load_table(frame.with_columns(y=pl.Series(cents[:3] * 20)), target="y", task="classification")
    assert costs.classes == ("0.01", "0.08", "0.15")
    names = pa.table({"id": pa.array(ids, pa.decimal128(20, 0)), "y": ["a", "b"] * 30})
    with pytest.raises(UndecidedError, match=r"column 'id' holds integers up to 9007199254741052, .*use ignore"):
        gn.load_table(names, target="y")
    with pytest.raises(UndecidedError, match="column 'id' holds 60 different texts"):  # not even an int64 holds them
        gn.load_table(
            names.set_column(0, "id", pa.array([2**64 * id_ for id_ in ids], pa.decimal128(38, 0))), target="y"
        )


def test_a_moment_beyond_the_calendar_is_refused_and_not_turned() -> None:
    for unit, far in (("s", 2**62), ("ms", 2**63 - 1), ("us", 2**63 - 1), ("ns", 2**63 - 1)):
        moments = pa.array([far, *range(39)], pa.int64()).cast(pa.timestamp(unit))
        table = pa.table({"at": moments, "y": ["a", "b"] * 20})
        if unit == "ns":  # which ends in the year 2262
            assert gn.load_table(table, target="y").train.inputs.max() > 100_000
            continue
        with pytest.raises(gn.DataError, match="row 0, column 'at': expected a date such as"):
            gn.load_table(table, target="y")
    days = pa.table({"on": pa.array([2**31 - 1, *range(39)], pa.int32()).cast(pa.date32()), "y": ["a", "b"] * 20})
    with pytest.raises(gn.DataError, match="row 0, column 'on': expected a date such as"):
        gn.load_table(days, target="y")


def test_categories_of_any_type_have_the_names_of_a_csv_file(tmp_path: Path) -> None:
    days = pd.Categorical([dt.datetime(2020, 1, 1 + row % 3) for row in range(30)])
    frame = pd.DataFrame({"day": days, "code": pd.Categorical([row % 4 for row in range(30)]), "y": ["a", "b"] * 15})
    names = gn.load_table(frame, target="y").schema.input_names
    assert names == [*(f"day = 2020-01-0{day}" for day in (1, 2, 3)), *(f"code = {code}" for code in range(4))]
    parts = frame.assign(day=pd.cut(np.arange(30.0), 3))
    with pytest.raises(UndecidedError, match="column 'day' holds categories, and each holds extension<"):
        gn.load_table(parts, target="y")


@pytest.mark.parametrize("target", [pd.Categorical([3, 10] * 20), [True, False] * 20])
def test_a_declared_target_is_an_amount_only_if_it_can_be_one(target: Any) -> None:
    frame = pd.DataFrame({"x": np.arange(40), "y": target})
    assert len(gn.load_table(frame, target="y").classes) == 2
    if isinstance(target, list):
        with pytest.raises(gn.DataError, match="expected a number"):
            gn.load_table(frame, target="y", task="regression")
    else:
        assert set(gn.load_table(frame, target="y", task="regression").train.targets) == {3.0, 10.0}


def test_a_column_that_cannot_be_read_can_be_left_out_too() -> None:
    frame = row_of(n=1.5).assign(mixed=["a", 1] * 10, sparse=pd.arrays.SparseArray([0, 1] * 10))
    schema = gn.load_table(frame, target="y", ignore=["mixed", "sparse"]).schema
    assert [column.name for column in schema.inputs] == ["n"]
    assert schema.examples(read_table(frame)).shape == (20, 1)  # new rows may have them


def test_a_column_that_no_network_takes_can_be_left_out() -> None:
    frame = row_of(x=[1, 2], n=1.5)
    schema = gn.load_table(frame, target="y", ignore=["x"]).schema
    assert [column.name for column in schema.inputs] == ["n"]
    with pytest.raises(UndecidedError):
        gn.load_table(frame, target="x")


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"n": dt.date(2024, 1, 1), "job": "smith"}, "column 'n' holds dates, but in training it held numbers"),
        ({"n": True, "job": "smith"}, "column 'n' holds booleans, but in training it held numbers"),
        ({"n": [1], "job": "smith"}, "column 'n' holds list<.*>, expected numbers.*; in training it held numbers"),
        ({"n": 1, "job": 7}, "column 'job' holds numbers, but in training it held categories"),
        ({"n": "many", "job": "smith"}, "frame, row 0, column 'n': expected a number such as 1234.5, got 'many'"),
    ],
)
def test_a_column_of_another_type_than_in_training_is_refused(new: dict[str, Any], message: str) -> None:
    old = pd.DataFrame({"n": np.arange(40), "job": ["nurse", "smith"] * 20, "y": ["a", "b"] * 20})
    dataset = gn.load_table(old, target="y")
    network = gn.Network([gn.Dense(2)], input_shape=dataset.input_shape, classes=dataset.classes)
    model = gn.Model(Path("model"), network, dataset.schema, {})
    assert model.predict(old).shape == (40,)
    with pytest.raises(gn.DataError, match=message):
        model.predict(row_of(**new))


def test_a_broken_parquet_file_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = as_parquet(patients(), tmp_path).read_bytes()
    for name, contents in {
        "cut": whole[:3000],
        "start": whole[:4],
        "middle": whole[:200] + b"\xff" * 99 + whole[299:],
    }.items():
        file = tmp_path / f"{name}.parquet"
        file.write_bytes(contents)
        with pytest.raises(gn.DataError, match=r"a broken Parquet file, or one cut short|cannot be read") as caught:
            read_table(file)
        assert str(caught.value).startswith(str(file))
        assert "\n" not in str(caught.value)


def test_a_text_that_is_repeated_a_million_times_is_held_once(tmp_path: Path) -> None:
    long = pa.DictionaryArray.from_arrays(np.zeros(1 << 20, np.int32), ["a" * (1 << 20)])  # a terabyte, if written out
    parquet.write_table(pa.table({"x": long.cast(long.type), "y": pa.nulls(1 << 20)}), tmp_path / "long.parquet")
    cells = read_table(tmp_path / "long.parquet").columns["x"]
    assert len(cells) == 1 << 20
    assert len(cells[7]) == 1 << 20


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t.{ending}"
    frame = pl.concat([patients()] * 400)
    write = frame.write_csv if ending == "csv" else frame.write_parquet
    write(file)
    over = threading.Event()

    def touch() -> None:
        while not over.is_set():
            with file.open("r+b") as stream:  # the same bytes again, which only the time of change tells
                stream.write(stream.read(1)[:0] or b"")
                stream.seek(0)
                stream.write({"csv": b"a", "parquet": b"P"}[ending])
            time.sleep(0.001)

    writer = threading.Thread(target=touch)
    writer.start()
    try:
        with pytest.raises(gn.DataError, match="this file changed while it was read"):
            read_table(file)
    finally:
        over.set()
        writer.join()
