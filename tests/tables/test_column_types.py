"""What each column of a table holds, decided from all its cells: the kinds of tables that people bring."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.tables.cells import Texts
from glassnet.tables.column import Column
from glassnet.tables.column_types import find_schema
from glassnet.tables.number_form import NumberForm
from glassnet.tables.rows import rows_of
from glassnet.tables.schema import Schema
from glassnet.tables.summary import summarise
from glassnet.tables.table import Table, text_table
from glassnet.tables.undecided import UndecidedError


def found(cells: list[str], **options: Any) -> Column:
    """What a column with these cells, repeated to forty rows, holds."""
    return schema_of(cells, **options).inputs[0]


def schema_of(cells: list[str], **options: Any) -> Schema:
    return find_schema(table_of(cells), "y", **options)


def table_of(cells: list[str], **more: list[str]) -> Table:
    rows = 40
    columns = {"x": (cells * rows)[:rows], "n": list(map(str, range(rows))), "y": ["a", "b"] * (rows // 2)}
    return text_table("t.csv", columns | more)


def undecided(cells: list[str], **options: Any) -> UndecidedError:
    with pytest.raises(UndecidedError) as caught:
        found(cells, **options)
    return caught.value


@pytest.mark.parametrize(
    ("cells", "form", "first"),
    [
        (["12", "12,5", "13"], NumberForm(","), 12),
        (["550", "1,200", "2,000"], NumberForm(".", ","), 550),
        (["15%", "12.5%"], NumberForm(unit="%"), 15),
        (["1.250", "3.500"], NumberForm(), 1.25),  # in a table that shows no decimal comma
        (["1 250 €", "3 500 €"], NumberForm(".", " ", "€"), 1250),
    ],
)
def test_numbers_in_the_forms_people_write(cells: list[str], form: NumberForm, first: float) -> None:
    column = found(cells)
    assert (column.kind, column.form) == ("number", form)
    assert column.numbers(table_of(cells))[0] == first


@pytest.mark.parametrize(
    "cells", [["1,250", "3,500"], ["1,234", "550"], ["1,234", "1234"], ["1.250", "550"], ["1.255", "12.301", "950"]]
)
def test_numbers_with_two_meanings_are_asked_about(cells: list[str]) -> None:
    error = undecided(cells)
    assert "can be read in two ways" in str(error)
    assert {(way.setting, way.value) for way in error.ways} == {("decimal", "."), ("decimal", ",")}
    by_point, by_comma = (found(cells, decimal=mark).numbers(table_of(cells))[0] for mark in ".,")
    assert sorted([by_point, by_comma]) == pytest.approx(
        [float(cells[0].replace(",", ".")), 1000 * float(cells[0].replace(",", "."))]
    )


@pytest.mark.parametrize(
    ("cells", "mark", "form"),
    [
        (["1,250", "3,500"], ".", NumberForm(".", ",")),
        (["1,250", "3,500"], ",", NumberForm(",")),
        (["1.250", "3.500"], ".", NumberForm()),
        (["1.250", "3.500"], ",", NumberForm(",", ".")),
        (["1,659", "1,889", "2"], ",", NumberForm(",")),
        (["1,650", "1,880", "2"], ",", None),  # thousands by habit, decimals by the other columns
        (["1,650", "1,880", "2"], ".", NumberForm(".", ",")),
    ],
)
def test_a_table_has_one_decimal_mark(cells: list[str], mark: str, form: NumberForm | None) -> None:
    table = table_of(cells, n=[f"0{mark}5", f"12{mark}25"] * 20)
    if form is not None:
        assert find_schema(table, "y").inputs[0].form == form
        return
    with pytest.raises(UndecidedError, match="in two ways: '1,880' is 1880 with a decimal point, or"):
        find_schema(table, "y")


def test_a_table_with_both_marks_proves_neither() -> None:
    table = table_of(["1.250", "3.500"], n=["0,5", "12,25"] * 20, m=["0.5", "12.25"] * 20)
    with pytest.raises(UndecidedError, match=r"'x' can be read in two ways: '3.500' is 3.5 .* or 3500 .*decimal='.'"):
        find_schema(table, "y")


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "?", "-", "n.a.", "#N/A"])
@pytest.mark.parametrize("share", [1, 3], ids=["few", "most"])
def test_gap_markers_in_numbers_whatever_their_share(marker: str, share: int) -> None:
    cells = ["5", "7"] * (4 - share) + [marker] * 2 * share
    column = found(cells)
    assert (column.kind, column.fill) == ("number", pytest.approx(6, abs=0.5))
    assert np.isnan(column.numbers(table_of(cells))).sum() > 0


def test_other_markers_can_be_named() -> None:
    column = found(["5", "7", "-9"], missing=["-9"])
    assert column.fill == pytest.approx(6, abs=0.1)
    assert np.isnan(column.numbers(table_of(["-9", "-9.0", "5"]))[:3]).tolist() == [True, True, False]
    assert found(["red", "unknown"], missing=["unknown"]).categories == ("", "red")


def test_of_text_na_is_a_category() -> None:
    assert found(["NA", "DE", "FR"]).categories == ("DE", "FR", "NA")


@pytest.mark.parametrize(
    ("cells", "new", "codes"),
    [
        (["False", "True", "True"], ["FALSE", "true", "F", "1"], [0, 1, 0, 1]),
        (["no", "yes"], ["No", "Y", "n"], [0, 1, 0]),
        (["ja", "nein", "Ja"], ["NEIN", "JA", "nein"], [1, 0, 1]),
        (["1", "True", "0"], ["1", "false", "0"], [1, 0, 0]),
    ],
)
def test_spellings_of_a_boolean_are_one_category(cells: list[str], new: list[str], codes: list[int]) -> None:
    column = found(cells)
    assert column.kind == "boolean"
    assert len(column.categories) == 2
    table = text_table("new.csv", {"x": new})
    assert column.read(table).values.tolist() == codes


def test_codes_begin_with_zeros() -> None:
    assert found(["01067", "80331", "01069"]).categories == ("01067", "01069", "80331")
    assert found(["0.5", "10", "007"]).kind == "number"


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2024-03-01", "2024-04-15"], [19783, 3, 4]),
        (["01.03.24", "15.04.24"], [19783, 3, 4]),
        (["1st March 2024", "15th April 2024"], [19783, 3, 4]),
        (["01-Mar-2024 06:30", "15-Apr-2024 18:00"], [19783, 3, 4, 6.5]),
        (["20240301", "20240415"], [19783, 3, 4]),
        (["06:30", "18:00"], [6.5]),
    ],
)
def test_dates_become_numbers_on_request(cells: list[str], first: list[float]) -> None:
    error = undecided(cells)
    assert "column 'x' holds dates" in str(error)
    assert [(way.setting, way.value) for way in error.ways] == [
        ("dates", True),
        ("categorical", ["x"]),
        ("ignore", ["x"]),
    ]
    schema = schema_of(cells, dates=True)
    assert schema.inputs[0].kind == "date"
    np.testing.assert_allclose(schema.examples(table_of(cells))[0, : len(first)], first)
    names = ["x: day", "x: month", "x: weekday", "x: hour"]
    assert schema.input_names[: len(first)] == (names[: len(first)] if len(first) > 1 else names[-1:])


def test_a_date_that_is_missing_is_the_mean_day() -> None:
    schema = schema_of(["2024-03-01", "", "2024-03-03"], dates=True)
    x = schema.examples(table_of(["2024-03-01", "", "2024-03-03"]))
    assert schema.input_names[:4] == ["x: day", "x: month", "x: weekday", "x is missing"]
    np.testing.assert_array_equal(x[:3, :4], [[19783, 3, 4, 0], [19783, 3, 4, 1], [19785, 3, 6, 0]])


def test_whether_the_day_comes_first_is_asked() -> None:
    error = undecided(["03/04/24", "05/06/24"], dates=True)
    assert "'05/06/24' is day/month/year or month/day/year; use date_order='dmy' if it is 2024-06-05, or " in str(error)
    cells = table_of(["03/04/24", "05/06/24"])
    for order, month in (("dmy", 4), ("mdy", 3)):
        assert find_schema(cells, "y", dates=True, date_order=order).examples(cells)[0, 1] == month
    assert found(["03/04/24", "25/06/24"], dates=True).date == "%d/%m/%y"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["410", "E11", "250", "401"],
            "column 'x': expected a number, as in most cells, got 'E11' (10 cells hold none); use missing=",
        ),
        (
            ["5 kg", "7 kg", "900 g"],
            "line 4, column 'x': expected a number in kg, as in most cells, got '900 g' (13 cells hold none); ",
        ),
        (
            ["5"],
            "line 2, column 'n': expected a number, as in most cells, got 'mm' (is this line a second one of names",
        ),
        (["5", "7", "inf"], "line 4, column 'x': expected a number, as in most cells, got 'inf'"),
        (
            ["12", "12a", "14", "15"],
            "expected a number without a unit, as in most cells, got '12a' (10 cells hold none); write all",
        ),
        (["12,5", "12.5", "3"], "column 'x' writes numbers in two ways, such as '12,5' and '12.5'"),
        (["2024-03-01", "soon", "2024-03-05"], "line 3, column 'x': expected a date, as in most cells, got 'soon'"),
        (["2024-03-01", "01.03.2024", "2024-03-05"], "column 'x' writes dates in two ways"),
    ],
)
def test_mixtures_are_never_turned_into_text(cells: list[str], message: str) -> None:
    table = table_of(cells)
    if "column 'n'" in message:
        table.columns["n"] = Texts(["mm", *map(str, range(1, 40))])
    with pytest.raises(UndecidedError) as caught:
        find_schema(table, "y")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["410", "E11", "250", "401"], {}),
        (["5 kg", "6", "7 kg"], {}),
        (["12,5", "12.5", "3"], {}),
        (["1,250", "3,500"], {}),
        (["1,234", "1234"], {}),
        (["1.255", "12.301", "950"], {}),
        (["01.03.24", "02.03.24"], {}),
        (["03/04/24", "05/06/24"], {"dates": True}),
        (["24-03-05", "24-03-06"], {"dates": True}),
        (["2024-03-01", "soon", "2024-03-05"], {"dates": True}),
        (["2024-03-01", "01.03.2024"], {"dates": True}),
        ([f"row {n}" for n in range(40)], {}),
        ([f"{n}" for n in range(39)] + ["x"], {}),
    ],
    ids=str,
)
def test_the_ways_out_work(cells: list[str], options: dict[str, Any]) -> None:
    """Each way alone leads on, or to another question that has ways of its own, but never back to the same."""
    error = undecided(cells, **options)
    assert error.ways
    others = []
    for way in error.ways:
        try:
            schema_of(cells, **{**options, way.setting: way.value})
        except UndecidedError as another:
            others.append(another)
    assert len(others) <= 1
    assert all(another.ways and another.reason != error.reason for another in others)


def test_a_target_is_never_told_to_be_ignored() -> None:
    table = table_of(["1"], y=["1.5", "2.5", "many", "3.5"] * 10)
    with pytest.raises(UndecidedError, match="leave the row out, or change its cell; use task='class") as error:
        find_schema(table, "y")
    assert [way.setting for way in error.value.ways] == ["task"]
    assert find_schema(table, "y", task="classification").task == "classification"
    texts = table_of(["1", "2"], y=[f"p{n}" for n in range(40)])
    with pytest.raises(
        gn.DataError, match=r"is the target, with 40 different texts in 40 rows.*expected at most 256 classes"
    ):
        find_schema(texts, "y")
    dated = table_of(["1", "2"], y=[f"2024-03-{n % 28 + 1:02}" for n in range(40)])
    with pytest.raises(gn.DataError, match="is the target and holds dates"):
        find_schema(dated, "y", dates=True)


def test_a_person_decides_once_and_for_good() -> None:
    choice = {"kind": "number", "decimal": ",", "group": ""}
    assert found(["1,250", "3,500"], columns={"x": choice}).form == NumberForm(",")
    assert found(["1.250,5", "3"], columns={"x": {"kind": "number"}}).form == NumberForm(",", ".")
    assert found(["1,250", "3,500"], columns={"x": {"kind": "number", "group": ","}}).form == NumberForm(".", ",")
    day = found(["13.04.24 9:30"], columns={"x": {"kind": "date"}})
    assert (day.date, day.clock) == ("%d.%m.%y", True)
    assert found(["1", "2"], columns={"x": {"kind": "category"}}).categories == ("1", "2")
    assert found(["1", "0"], columns={"x": {"kind": "boolean"}}).categories == ("0", "1")
    assert found(["1", "2"], columns={"x": {"kind": "category", "categories": ["2", "1"]}}).categories == ("2", "1")
    assert found(["03/04/24"], columns={"x": {"kind": "date", "date": "%m/%d/%y"}}).date == "%m/%d/%y"
    assert [column.name for column in schema_of(["?"], columns={"x": {"kind": "ignore"}}).inputs] == ["n"]
    for wrong, message in (
        ({"x": {"kind": "text"}}, "columns.x.kind: expected one of 'number'"),
        ({"x": {"kind": "number", "decimal": ";"}}, "columns.x: expected a decimal mark"),
        ({"x": {"kind": "date", "date": "%Q"}}, "columns.x: date: expected one of '%Y-%m-%d'"),
        ({"x": {"kind": "boolean"}}, "column 'x': expected two spellings of a boolean, such as yes and no, got '1,5'"),
        ({"x": {"kind": "date"}}, "column 'x': expected dates in one usual form, got '2'"),
        (
            "columns.toml",
            "columns: expected a table by the name of the column, got 'columns.toml'; of a file: tom",
        ),
        ({"z": {"kind": "number"}}, "there is no column 'z'"),
        ({"y": {"kind": "ignore"}}, "the target 'y' cannot be ignored"),
        ({"x": {"kind": "number", "decimal": "."}}, "line 2, column 'x': expected a number such as 1234.5, got '1,5'"),
    ):
        with pytest.raises(ValueError, match=message):
            found(["1,5", "2"], columns=wrong)


def test_wishes_that_are_none() -> None:
    with pytest.raises(gn.DataError, match=r"decimal: expected '.' or ',', got ';'"):
        found(["1"], decimal=";")
    with pytest.raises(gn.DataError, match="missing: expected a list of texts, got the text '-9'"):
        found(["1"], missing="-9")


def test_the_summary_says_it() -> None:
    table = table_of(
        ["12", "12,5", "NA"],
        empty=[""] * 40,
        id=[str(n) for n in range(40)],
        colour=["red", "blue", "", "white"] * 10,
        day=["2024-03-01", "2024-04-09"] * 20,
    )
    summary = summarise(table, find_schema(table, "y", dates=True, ignore=["n"]))
    assert [column[:4] for column in summary.columns] == [
        ("x", "numbers", "decimal comma; 13 missing as NA", "12 to 12.5"),
        ("n", "left out", "", ""),
        ("y", "target: categories", "", "a, b"),
        ("empty", "left out", "", "nothing"),
        ("id", "numbers", "row numbers", "0 to 39"),
        ("colour", "categories", "10 missing", "4: missing, blue, red, ..."),
        ("day", "dates", "year-month-day", "2024-03-01 to 2024-04-09"),
    ]


def test_rows_with_an_unknown_value_are_answered_if_one_wants(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("deck,fare,y\n" + "".join(f"{'ABC'[n % 3]},{n},{n % 2}\n" for n in range(60)))
    dataset = gn.load_table(path, target="y")
    schema = dataset.schema
    new = text_table("new.csv", {"deck": ["A", "T"], "fare": ["", "3"]})
    for row, message in ((0, "the number is missing, but none was missing"), (1, "unknown category 'T'")):
        with pytest.raises(gn.DataError, match=message):
            schema.examples(new.rows([row]))
    answering = gn.load_table(path, target="y", unknown="answer").schema
    x, problems, unknown = answering.read_examples(new)
    assert not problems
    mean = dataset.train.x[:, 3].mean()
    np.testing.assert_allclose(x, [[1, 0, 0, mean], [0, 0, 0, 3]])
    assert {name: rows.tolist() for name, rows in unknown.items()} == {"deck": [False, True], "fare": [True, False]}


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["2-door", "4-door"], "category"),
        (["12-A", "5-HT"], "category"),
        (["04MAR2024", "05MAR2024"], "category"),
        (["09:00-17:00", "08:00-16:00"], "category"),
        (["Marathon 2019", "Mayor 2020"], "category"),
        (["12345678901234567890", "12345678901234567891"], "category"),
    ],
)
def test_text_that_begins_like_a_number_or_a_date_is_text(cells: list[str], kind: str) -> None:
    assert found(cells).kind == kind
    assert found(cells, dates=True).kind == kind


def test_prices_without_cents() -> None:
    column = found(["12.-", "9.-", "12.50"])
    assert column.numbers(table_of(["12.-", "9.-", "12.50"]))[:3].tolist() == [12, 9, 12.5]


def test_whole_numbers_are_read_by_the_marks_of_their_table() -> None:
    schema = find_schema(table_of(["1", "2", "8"], n=["0,5", "12,25"] * 20), "y")
    new = text_table("new.csv", {"x": ["3,5"], "n": ["1,5"]})
    assert schema.examples(new).tolist() == [[3.5, 1.5]]
    with pytest.raises(gn.DataError, match=r"column 'x': expected a number such as 1234,5, got '1.250'"):
        schema.examples(text_table("new.csv", {"x": ["1.250"], "n": ["1,5"]}))


def test_the_mark_that_a_person_names_decides() -> None:
    assert found(["1,250", "2,300", "3"], decimal=",").form == NumberForm(",")
    assert found(["1,250", "2,300", "3"]).form == NumberForm(".", ",")


def test_a_boolean_with_gaps_is_one_and_does_not_depend_on_the_order_of_sets() -> None:
    column = found(["yes", "Yes", "TRUE", "no", "NA", "n/a"])
    assert (column.kind, len(column.categories)) == ("boolean", 3)
    assert column.categories[0] == ""
    assert found(["Y", "yes", "no", "N"]).categories == ("no", "yes")


@pytest.mark.parametrize(("y", "missing"), [(["1.5", "NA", "2.5", "3.5"], []), (["0", "1", "-9", "1"], ["-9"])])
def test_a_gap_in_the_target_names_its_line(y: list[str], missing: list[str]) -> None:
    with pytest.raises(gn.DataError, match=r"t.csv, line [34], column 'y': the target is missing; fill the cell"):
        find_schema(table_of(["1", "2"], y=y * 10), "y", missing=missing)


def test_what_is_said_of_the_classes_counts() -> None:
    table = table_of(["1", "2"], y=["0", "1"] * 20)
    columns = {"y": {"kind": "category", "categories": ["1", "0"]}}
    assert find_schema(table, "y", columns=columns).target.categories == ("1", "0")


def test_a_marker_is_a_number_however_it_is_written() -> None:
    cells = ["5,0", "-9,0", "7,5"]
    assert np.isnan(found(cells, missing=["-9"]).numbers(table_of(cells))[:3]).tolist() == [False, True, False]


def test_many_different_texts_among_numbers() -> None:
    rows = 40_000
    cells = [str(n) for n in range(rows)] + [f"word {n}" for n in range(rows - 1)]
    table = text_table("t.csv", {"x": cells, "y": (["a", "b"] * rows)[1:]})
    with pytest.raises(UndecidedError, match="got 'word 0'"):
        find_schema(table, "y")


def test_dates_that_the_year_may_begin_are_asked_about() -> None:
    cells = ["24-03-05", "24-03-31"]
    error = undecided(cells, dates=True)
    assert [way.value for way in error.ways] == ["dmy", "ymd"]
    table = table_of(cells)
    assert find_schema(table, "y", dates=True, date_order="ymd").examples(table)[0, :2].tolist() == [19787, 3]
    with pytest.raises(gn.DataError, match=r"date_order: expected one of .*'dmy', 'mdy', 'ymd'"):
        found(cells, date_order="day")


def test_hours_of_several_time_zones_are_not_compared() -> None:
    cells = ["2024-03-01T10:00+02:00", "2024-03-01T10:00Z"]
    assert "writes dates in two ways" in str(undecided(cells, dates=True))
    assert found([cells[0], "2024-03-02T11:00+02:00"], dates=True).kind == "date"


def test_addresses_are_no_numbers() -> None:
    assert found(["192.168.100.200", "192.168.100.201"]).kind == "category"


def test_letters_of_two_languages_are_no_boolean() -> None:
    assert found(["T", "F", "N"]).categories == ("F", "N", "T")
    assert "got 'N'" in str(undecided(["1", "0", "N"]))
    assert found(["Y", "N", "true", "FALSE"]).kind == "boolean"


def test_an_order_of_dates_is_kept_or_refused() -> None:
    assert found(["24/03/05", "24/04/17"], dates=True).date == "%d/%m/%y"
    assert found(["24/03/05", "24/04/17"], dates=True, date_order="ymd").date == "%y/%m/%d"
    assert found(["2024-03-05", "2024-04-17"], dates=True, date_order="dmy").date == "%Y-%m-%d"
    with pytest.raises(gn.DataError, match=r"date_order is mdy, but '05.06.2024' is day.month.year"):
        found(["03.04.2024", "05.06.2024"], dates=True, date_order="mdy")


def test_years_of_two_digits_that_could_be_of_two_centuries_are_refused() -> None:
    with pytest.raises(gn.DataError, match=r"'12.05.55' could be of this century or the last: write the years in four"):
        found(["12.05.55", "13.05.01"], dates=True)
    column = found(["12.05.71", "13.05.01"], dates=True)
    with pytest.raises(gn.DataError, match=r"expected a date such as 31.12.24, got '01.01.55'"):
        column.numbers(table_of(["01.01.55"]))


def test_a_time_in_another_zone_is_refused() -> None:
    column = found(["2024-03-01T10:00:00Z", "2024-03-02T11:00:00Z"], dates=True)
    for cell in ("2024-03-01T10:00:00+09:00", "2024-03-01T10:00:00", "2024-03-01"):
        with pytest.raises(gn.DataError, match=f"expected a date such as 2024-12-31 13:45Z, got '{re.escape(cell)}'"):
            column.numbers(table_of([cell]))


def test_what_is_said_twice_or_does_not_fit_is_refused() -> None:
    for options, message in (
        ({"categorical": ["x"], "columns": {"x": {"kind": "number"}}}, "column 'x' is named twice"),
        (
            {"columns": {"x": {"kind": "category", "unit": "kg"}}},
            "'unit' does not go with kind = 'category'",
        ),
        ({"columns": {"x": {"kind": "number", "categories": ["a"]}}}, "'categories' does not go with kind = 'number'"),
        ({"missing": [None]}, "missing: expected texts, got '?None"),
    ):
        with pytest.raises(ValueError, match=message):
            found(["1", "2"], **options)
    assert found(["1", "-9"], missing=[-9]).missing == ("-9",)


def test_codes_are_offered_only_where_they_can_be() -> None:
    numbers = table_of(["1"], x=[f"{n}.5" for n in range(39)] + ["broken"])
    with pytest.raises(UndecidedError) as error:
        find_schema(numbers, "y")
    assert [way.setting for way in error.value.ways] == ["missing", "ignore"]


def test_a_fault_is_found_however_late() -> None:
    days = [f"2024-{n % 12 + 1:02}-{n % 28 + 1:02} {n % 24:02}:{n % 60:02}" for n in range(3000)]
    table = text_table("t.csv", {"x": [*days, "soon"], "y": ["a", "b", *["a"] * 2999]})
    with pytest.raises(UndecidedError, match="line 3002, column 'x': expected a date, as in most cells, got 'soon'"):
        find_schema(table, "y", dates=True)


def test_a_word_among_many_different_numbers_is_asked_about_whatever_its_share() -> None:
    assert "got 'n/k'" in str(undecided([*map(str, range(10, 22)), *["n/k"] * 20]))
    assert found(["1", "2", "3+", "3+", "3+"]).kind == "category"
    streets = ["12 High Street", "14 High Street", "3 Low Road", "5 Mill Lane", "7 Park Row", "9 Elm Close", "a", "b"]
    assert found(streets).kind == "category"


@pytest.mark.parametrize(
    ("train", "new", "message"),
    [
        (["534.5", "4985.5"], ["1.250", "3.200,5"], "is written like 1.234,5, but in the training table like 1234.5"),
        (["534.5", "4985.5"], ["1,5"], "is written like 1234,5, but"),
        (["13/04/2024", "03/04/2024"], ["03/04/2024", "03/25/2024"], "is written like 12/31/2024, but .* 31/12/2024"),
    ],
)
def test_a_column_in_another_form_is_refused_as_a_whole(train: list[str], new: list[str], message: str) -> None:
    schema = schema_of(train, dates=True)
    for cells in (new, new * 2):
        with pytest.raises(gn.DataError, match=f"column 'x' {message}"):
            rows_of(table_of(cells), schema)


def test_the_other_columns_of_new_rows_prove_their_decimal_mark() -> None:
    schema = find_schema(table_of(["534.5", "4985.5"], n=["0.5", "12.25"] * 20), "y")
    assert rows_of(table_of(["1.250", "2.300"], n=["0.5", "12.25"] * 20), schema).inputs.values[0, 0] == 1.25
    with pytest.raises(gn.DataError, match=r"column 'x' is written like 1\.234,5"):
        rows_of(table_of(["1.250", "2.300"], n=["0,5", "12,25"] * 20), schema)


def test_thousands_by_points_are_asked_about_unless_commas_separate_the_cells() -> None:
    table = table_of(["1.250", "3.500"])
    assert find_schema(table, "y").inputs[0].form == NumberForm()
    with pytest.raises(UndecidedError, match="can be read in two ways"):
        find_schema(replace(table, separator=";"), "y")


def test_rows_without_a_fault_keep_their_prediction_and_no_row_is_read_twice() -> None:
    schema = schema_of(["1", "2", "3"])
    new = table_of(["1", "x", "2"])
    rows = rows_of(new, schema)
    assert len(rows.inputs.problems) == 13
    assert rows.inputs.row_numbers[:3] == [0, 2, 3]
    assert rows.inputs.values[:3, 0].tolist() == [1, 2, 1]
