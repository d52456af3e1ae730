"""What columns mean: numbers, categories, gaps, classes and amounts; and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import glassnet as gn
from glassnet.tables import schema as schema_module
from glassnet.tables.column import Column, whole_number
from glassnet.tables.column_types import MOST_CATEGORIES, find_schema
from glassnet.tables.schema import Schema
from glassnet.tables.table import Table, text_table


def table(**columns: list[str]) -> Table:
    return text_table("t.csv", columns)


def flowers(**more: list[str]) -> Table:
    """Twelve rows of a number, a text and a class."""
    given = {
        "size": [f"{number}.5" for number in range(12)],
        "colour": ["red", "blue", "red", "white"] * 3,
        "kind": ["rose", "tulip"] * 6,
    }
    return table(**{name: cells for name, cells in (given | more).items() if cells is not None})


def test_numbers_and_indicators() -> None:
    found = find_schema(flowers(), "kind")
    assert found == Schema(
        (Column("size"), Column("colour", ("blue", "red", "white"))), Column("kind", ("rose", "tulip"))
    )
    assert found.task == "classification"
    assert found.input_names == ["size", "colour = blue", "colour = red", "colour = white"]
    x, y = found.examples(flowers()), found.targets(flowers())
    np.testing.assert_array_equal(x[:4], [[0.5, 0, 1, 0], [1.5, 1, 0, 0], [2.5, 0, 1, 0], [3.5, 0, 0, 1]])
    assert x.dtype == np.float64
    np.testing.assert_array_equal(y, [0, 1] * 6)
    assert y.dtype == np.int64


def test_gaps_become_the_mean_and_an_indicator() -> None:
    gaps = flowers(size=["", "1", "3"] * 4, colour=["", "red"] * 6)
    found = find_schema(gaps, "kind")
    assert found.inputs == (Column("size", fill=2.0), Column("colour", ("", "red")))
    assert found.input_names == ["size", "size is missing", "colour = missing", "colour = red"]
    np.testing.assert_array_equal(found.examples(gaps)[:3], [[2, 1, 1, 0], [1, 0, 0, 1], [3, 0, 1, 0]])


def test_a_column_that_is_empty_throughout_is_left_out() -> None:
    assert find_schema(flowers(size=["", "NA"] * 6), "kind").input_names == [
        f"colour = {c}" for c in ("blue", "red", "white")
    ]


def test_columns_are_found_by_name_and_others_ignored() -> None:
    found = find_schema(flowers(), "kind")
    other = table(more=["?"], colour=["white"], size=["7"])
    np.testing.assert_array_equal(found.examples(other), [[7, 0, 0, 1]])


@pytest.mark.parametrize(
    ("cells", "task", "expected"),
    [
        (["a", "b"] * 50, None, ("a", "b")),
        (["1", "0"] * 50, None, ("0", "1")),
        (["10", "9.0", "9", "-1"] * 25, None, ("-1", "9", "10")),
        ([str(i % 20) for i in range(100)], None, tuple(map(str, range(20)))),
        ([str(i % 21) for i in range(200)], None, ()),  # too many different ones
        ([str(i % 20) for i in range(99)], None, ()),  # too few of each
        (["0.5", "1.5"] * 50, None, ()),
        (["0.5", "1.5"] * 50, "classification", ("0.5", "1.5")),
        (["1", "0"] * 50, "regression", ()),
        ([str(i % 30) for i in range(100)], "classification", tuple(map(str, range(30)))),
    ],
)
def test_the_target_is_a_class_or_an_amount(cells: list[str], task: str | None, expected: tuple[str, ...]) -> None:
    given = table(x=[str(i) for i in range(len(cells))], y=cells)
    found = find_schema(given, "y", task=task)
    assert replace(found.target, places=None) == Column("y", expected)
    assert found.task == ("classification" if expected else "regression")
    targets = found.targets(given)
    assert targets.dtype == (np.int64 if expected else np.float64)
    names = [expected[code] for code in targets] if expected else targets
    assert [float(name) for name in names] == list(map(float, cells)) if cells[0] != "a" else names == cells


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        (
            {"size": ["a,b"] * 12, "colour": None, "kind": None},
            {"target": "y"},
            "there is no column 'y' in the first line; it holds 'size' alone, and the lines below more: is it a title",
        ),
        ({}, {"target": "kinds"}, r"t.csv: there is no column 'kinds' in the first line; did you mean 'kind'\?"),
        ({"5.1": ["1"] * 12}, {"target": "species"}, "expected the names of the columns there, got 'size'.*'5.1'"),
        ({}, {"target": "kind", "ignore": ["id"]}, "there is no column 'id'"),
        ({}, {"target": "kind", "ignore": ["kind"]}, "the target 'kind' cannot be ignored"),
        ({}, {"target": "kind", "ignore": ["size", "colour"]}, "expected a column besides the target 'kind'"),
        ({"kind": ["rose"] * 12}, {"target": "kind"}, "the target 'kind' is always 'rose': there is nothing to learn"),
        ({"kind": ["rose", ""] * 6}, {"target": "kind"}, "line 3, column 'kind': the target is missing"),
        ({"kind": ["1.5", "x"] * 6}, {"target": "kind", "task": "regression"}, "line 3, column 'kind': expected a num"),
        ({"id": [f"row {i}" for i in range(12)]}, {"target": "kind"}, "12 different texts in 12 rows.*ignore=.'id'."),
        (
            {"day": ["2024-01-31", "2024-02-01 10:30"] * 6},
            {"target": "kind"},
            "'day' holds dates or times of day",
        ),
        (
            {"day": ["1.2.2024", "", "31/12/2024"] * 4},
            {"target": "kind"},
            "'day' writes dates in two ways, such as '1.2.2024' and '31/12/2024'.*ignore=.'day'.",
        ),
        (
            {"size": ["1"] * 11 + ["big"]},
            {"target": "kind"},
            "line 13, column .size.: expected a number, as in most cells, got .big.; use missing=.'big'.*categorical=",
        ),
        ({"size": ["-inf"] + ["1"] * 11}, {"target": "kind"}, "line 2, column 'size': .*got '-inf'"),
        ({"size": ["1e31"] + ["1"] * 11}, {"target": "kind"}, "line 2, column 'size': .*got '1e31'"),
        ({"size": ["1_0"] + ["1"] * 11}, {"target": "kind"}, "line 2, column 'size': .*got '1_0'"),
    ],
)
def test_tables_that_cannot_be_learned_from(columns: dict, arguments: dict, message: str) -> None:
    with pytest.raises(gn.DataError, match=message):
        find_schema(flowers(**columns), **arguments)


def test_numbers_that_are_codes_become_categories() -> None:
    given = table(zone=["1", "2.0", "1.0", "10"] * 3, y=[str(i / 7) for i in range(12)])
    schema = find_schema(given, "y", categorical=["zone"])
    assert schema.input_names == ["zone = 1", "zone = 10", "zone = 2"]
    np.testing.assert_array_equal(schema.examples(given)[:4], [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]])
    with pytest.raises(gn.DataError, match="there is no column 'zones' in the first line; did you mean 'zone'"):
        find_schema(given, "y", categorical=["zones"])


def test_too_many_categories_are_refused() -> None:
    rows = 2 * (MOST_CATEGORIES + 1)
    given = table(x=[f"c{i // 2}" for i in range(rows)], y=["a", "b"] * (rows // 2))
    with pytest.raises(gn.DataError, match=r"text with 257 different values, expected at most 256 .*ignore=.'x'."):
        find_schema(given, "y")
    assert len(find_schema(given.rows(range(2, rows)), "y").inputs[0].categories) == 256
    numbers = table(x=["1", "2"] * (rows // 2), y=[str(i // 2) for i in range(rows)])
    with pytest.raises(
        gn.DataError,
        match=r"'y' holds 257 different numbers, expected at most 256 classes; use task='regression'",
    ):
        find_schema(numbers, "y", task="classification")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"size": ["1"]}, "a column is missing: 'colour'; the table has 'size'"),
        ({"size": ["1"], "colour": ["rad"]}, r"line 2, column 'colour': unknown category 'rad'; did you mean 'red'\?"),
        ({"size": ["1"], "colour": ["xyz"]}, "unknown category 'xyz'; known: blue, red, white"),
        (
            {"size": ["1"], "colour": [""]},
            "line 2, column 'colour': the category is missing, but none was missing in training",
        ),
        ({"size": [""], "colour": ["red"]}, "line 2, column 'size': the number is missing, but none was missing"),
        ({"size": ["x"], "colour": ["red"]}, "line 2, column 'size': expected a number such as 1234.5, got 'x'"),
    ],
)
def test_new_rows_that_do_not_fit(columns: dict[str, list[str]], message: str) -> None:
    with pytest.raises(gn.DataError, match=message):
        find_schema(flowers(), "kind").examples(table(**columns))


def test_the_truth_may_be_absent_but_not_be_asked_for() -> None:
    with pytest.raises(gn.DataError, match="there is no column 'kind', the truth to compare with"):
        find_schema(flowers(), "kind").targets(table(size=["1"]))


def test_memory_is_bounded_before_the_array_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_module, "MOST_VALUES", 47)
    with pytest.raises(gn.DataError, match="12 rows of 4 inputs are too many, at most 47"):
        find_schema(flowers(), "kind").examples(flowers())


def test_categories_must_differ() -> None:
    with pytest.raises(gn.DataError, match="expected different categories"):
        Column("a", ("b", "b"))


@pytest.mark.parametrize(
    ("cell", "short"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("+1e1", "10"),
        ("-0", "0"),
        ("1.5", "1.5"),
        ("01a", "01a"),
        ("nan", "nan"),
        ("", ""),
        ("12345678901234567", "12345678901234567"),  # a float would round it
    ],
)
def test_whole_numbers_have_one_form(cell: str, short: str) -> None:
    assert whole_number(cell) == short


def test_leading_zeros_make_another_class() -> None:
    found = find_schema(flowers(kind=["01", "1", "002", "1.0"] * 3), "kind", task="classification")
    assert found.target.categories == ("01", "1", "002")
    np.testing.assert_array_equal(found.targets(flowers(kind=["01", "1", "002", "1.0"] * 3))[:4], [0, 1, 2, 1])


def test_an_unknown_text_is_no_gap_among_booleans() -> None:
    given = table(x=["yes", "no", "", "yes"] * 10, y=["a", "b"] * 20)
    found = find_schema(given, "y")
    assert found.inputs[0].categories == ("", "no", "yes")
    with pytest.raises(gn.DataError, match="unknown category 'maybe'"):
        found.examples(table(x=["maybe"]))
    np.testing.assert_array_equal(found.examples(table(x=["YES", ""])), [[0, 0, 1], [1, 0, 0]])
