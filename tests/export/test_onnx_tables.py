"""ONNX files of tables: they take the cells as they stand, and answer as the model does."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
import written
from commandline import glassnet, refused
from encoded import encoded, run, same_inputs
from glassnet.nn.decision import Decision
from glassnet.nn.settings import to_table
from glassnet.tables.bundled import BUNDLED, read_bundled
from glassnet.tables.column import Column
from glassnet.tables.date_form import DAYS
from glassnet.tables.number_form import NumberForm
from glassnet.tables.schema import Schema
from glassnet.tables.table import Table, text_table

onnx = pytest.importorskip("onnx", reason="ONNX files need the extra 'export'")
onnxruntime = pytest.importorskip("onnxruntime", reason="running ONNX files needs the extra 'test'")

TARGET = Column("target")


def same_cells(column: Column, cells: list[str], folder: Path, **of_schema: Any) -> None:
    same_inputs(Schema((column,), TARGET, **of_schema), text_table("t", {column.name: cells}), folder)


@pytest.mark.parametrize("form", written.FORMS[::3], ids=repr)
def test_numbers_in_any_form(form: NumberForm, tmp_path: Path) -> None:
    same_cells(Column("n", form=form, fill=1.5, mean=1.5), [*written.numbers(form), *written.GAPS], tmp_path)


@pytest.mark.parametrize("form", DAYS)
def test_dates_in_any_form(form: str, tmp_path: Path) -> None:
    draw = random.Random(form)
    cells = [*written.dates(form, 500, draw), *written.GAPS]
    zone = draw.choice([None, "", "+01:00", "EST"]) if form else ""
    same_cells(Column("d", date=form, clock=True, zone=zone, fill=18_000.7), cells, tmp_path)


ONLY_BY_MARKER = Column("n", missing=("-9", "-99,5", "x"), form=NumberForm(",", "."), fill=0.5, mean=0.5)
ONLY_BY_DAY = Column("n", missing=("1900-01-01", "99"), date="%Y-%m-%d", clock=True, fill=-2.3, mean=-2.3)


@pytest.mark.parametrize("unknown", ["refuse", "answer"])
@pytest.mark.parametrize(
    "column",
    [
        Column("n"),
        Column("n", mean=2.5),
        Column("n", mean=2.5, fill=1.5),
        ONLY_BY_MARKER,
        Column("n", date="%Y-%m-%d", mean=18_000.7),
        ONLY_BY_DAY,
        Column("n", date="", clock=True, mean=0.3),
        Column("n", ("a", "b")),
        Column("n", ("", "a", "NA")),
        Column("n", ("1", "2", "10")),
        Column("n", ("", "-1", "01", "1.5"), missing=("9", "?")),
        Column("n", ("no", "yes")),
        Column("n", ("FALSE", "TRUE"), missing=("x",)),
        Column("n", ("f", "t")),
        Column("n", ("ä b", '"q"', "a\\b", "x\ny", "a|b.*")),
    ],
    ids=repr,
)
def test_gaps_and_categories(column: Column, unknown: Any, tmp_path: Path) -> None:
    cells = (
        *("a", "b", "A", "x", "X", "1", "1.0", "+1", "1e0", "01", "001", "2.", "1e1", "10.0", "-1", "-1.0", "1.50"),
        *("no", "NO", "Yes", "TRUE", "f", "T", "wahr", "nein", "Sí", "não", "maybe", "9", "9.0", "09", "0", "-0"),
        *("-9", "-9,0", "-9.0", "-9,00", "(9)", "-99,50", "-99.5", "99", "9007199254740993", "1e400", "10:00", "24:00"),
        *("1900-01-01", "1900-1-1 00:00", "1900-01-01 00:01", "2024-02-29", "2023-02-29", "ä b", '"q"', "a\\b", "x\ny"),
    )
    same_cells(column, [*cells, *written.GAPS], tmp_path, unknown=unknown)


@pytest.mark.parametrize("column", [Column("n"), Column("n", form=NumberForm(",", " ", "€")), Column("n", ("1", "a"))])
def test_no_text_stops_a_run(column: Column, tmp_path: Path) -> None:
    cells = [*written.garbage(3_000, random.Random(0)), "9" * 5_000, "e" * 5_000, " " * 5_000 + "1", "1" + ",000" * 900]
    same_cells(column, cells, tmp_path)


def test_what_is_wrong_is_of_the_first_column_of_the_table(tmp_path: Path) -> None:
    columns = (Column("deck", ("A", "B")), Column("fare"), Column("day", date="%d.%m.%Y"), Column("age", fill=3.0))
    rows = {
        "deck": ["A", "T", "", "A", "B", "A", "A"],
        "fare": ["1", "1", "much", "", "much", "2", "3"],
        "day": ["1.2.2024", "1.2.2024", "soon", "31.2.2024", "1.2.2024", "31.2.2024", ""],
        "age": ["", "", "", "", "old", "old", "1"],
    }
    schema = Schema(columns, TARGET)
    x, problems = encoded(schema, text_table("t", rows), tmp_path)
    assert problems == [
        "",
        "column 'deck': unknown category",
        "column 'deck': missing",
        "column 'fare': missing",
        "column 'fare': expected a number",
        "column 'day': expected a date",
        "column 'day': missing",
    ]
    np.testing.assert_allclose(x[0], schema.examples(text_table("t", rows).rows([0]))[0], rtol=1e-6)
    empty = {name: [] for name in rows}
    assert encoded(schema, text_table("t", empty), tmp_path)[0].shape == (0, 8)


def model_of(data: gn.Dataset, folder: Path, dtype: type = np.float32) -> gn.Model:
    """A model of a few epochs."""
    outputs = len(data.classes) or 1
    layers = [gn.Standardize(), gn.Dense(16), gn.GELU(), gn.Dense(outputs)]
    network = gn.Network(layers, input_shape=data.input_shape, classes=data.classes or None, seed=0, dtype=dtype)
    gn.fit(network, data.train, loss=None if data.classes else gn.SquaredError(), optimizer=gn.Adam(0.01), epochs=3)
    return gn.Model(folder / "model.safetensors", network, data.schema, {})


def same_answers(model: gn.Model, table: Table, folder: Path) -> None:
    """To 1e-5 of the largest number, and the same classes."""
    assert model.schema is not None
    gn.export_onnx(model.network, folder / "net.onnx", schema=model.schema, decision=model.decision)
    answers = run(folder / "net.onnx", table, model.schema)
    assert set(answers["problem"]) == {""}
    predicted = model.predict(table)
    if model.classes:
        assert answers["class"].tolist() == predicted.tolist()
        said, expected = answers["probabilities"], model.predict_proba(table)
    else:
        said, expected = answers["outputs"][:, 0], predicted
    assert np.abs(said - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("name", BUNDLED)
def test_tables_of_scikit_learn(name: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="these tables come with scikit-learn")
    model = model_of(gn.load_table(name, target=BUNDLED[name].target), tmp_path)
    same_answers(model, read_bundled(name), tmp_path)


def lines(head: str, row: str, count: int = 60) -> str:
    """A table whose rows have the values of their numbers where the row has their names in braces."""
    return "\n".join([head, *(row.format(**values(k)) for k in range(count))]) + "\n"


def values(k: int) -> dict[str, Any]:
    """What can stand in row k."""
    months = ["Januar", "Feb", "März", "april", "Mai", "JUNI"]
    return {
        "k": k,
        "comma": f"{k / 4:.2f}".replace(".", ","),
        "half": str(k // 2) if k % 3 else f"{k / 2:.1f}".replace(".", ","),
        "thousands": f"{900_500 + 7_310 * k:,}",
        "price": f"${1_500 + 731 * k:,}.50",
        "euro": f"{1_500 + 731 * k:,} €".replace(",", "."),
        "share": f"{k % 100} %",
        "two": f"{k % 27 + 1:02}.{k % 12 + 1:02}.{k % 30 + 5:02}",
        "named": f"{k % 27 + 1}. {months[k % 6]} 20{k % 20 + 10}",
        "stamp": f"2024-{k % 12 + 1:02}-{k % 28 + 1:02} {k % 24:02}:{k % 60:02}",
        "seconds": f"{12_345 + 13 * k:05}",
        "gap": ["?", "NA", "", "n/a", "-"][k % 5] if k % 4 == 0 else k,
        "many": k if k % 4 == 0 else "NA",
        "word": ["north", "south", "", "west"][k % 4],
        "truth": ["True", "False", "FALSE", "yes", "no"][k * 7 % 5],
        "code": ["250", "E11", "401", "V27"][k % 4],
        "grade": ["low", "high"][k % 5 > 2],
        "quoted": '"a, ""b"""' if k % 2 else '"two\nlines"',
    }


TABLES = {  # by kind: what stands in the file, and how it is read
    "decimal comma": (lines("a;b;y", "{comma};{half};{grade}"), {}),
    "thousands": (lines("area,rent,y", '{k},"{thousands}",{grade}'), {}),
    "currency": (lines("price,share,rent", '"{price}",{share},"{euro}"'), {"target": "rent"}),
    "two-digit years": (lines("day,y", "{two},{grade}"), {"dates": True}),
    "names of months": (lines("day,at,y", "{named},{stamp},{grade}"), {"dates": True}),
    "gaps": (lines("a,b,word,y", "{gap},{many},{word},{grade}"), {}),
    "booleans": (lines("b,a,y", "{truth},{k},{grade}"), {}),
    "codes": (lines("diag,a,y", "{code},{k},{grade}"), {"categorical": ["diag"]}),
    "counts": (lines("a,n", "{k},{k}"), {"target": "n"}),
    "quoted": (lines('"a,\nb",text,y', "{k},{quoted},{grade}"), {}),
    "labels": (lines("a,y", "{k},{quoted}"), {}),
    "sep line": ("sep=;\n" + lines("a;class;y", "{k};{word};{grade}"), {}),
    "separator at the end": (lines("a,b,y,", "{k},{word},{grade},"), {}),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", TABLES)
def test_tables_as_people_write_them(kind: str, dtype: type, tmp_path: Path) -> None:
    text, how = TABLES[kind]
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    model = model_of(gn.load_table(path, **({"target": "y"} | how)), tmp_path, dtype)
    same_answers(model, gn.read_table(path), tmp_path)


@pytest.fixture
def ship(tmp_path: Path) -> gn.Model:
    """Of two classes; its columns have the names of outputs and of operations, too."""
    (tmp_path / "ship.csv").write_text(lines("class;p;dense1;label;y", "{k};{comma};{word};{half};{grade}"))
    return model_of(gn.load_table(tmp_path / "ship.csv", target="y"), tmp_path)


@pytest.mark.parametrize("threshold", [0.1, 0.45, 0.5, 0.9, 2.0])
@pytest.mark.parametrize("label", [0, 1])
def test_a_threshold_decides(label: int, threshold: float, ship: gn.Model, tmp_path: Path) -> None:
    table = gn.read_table(tmp_path / "ship.csv")
    model = ship.with_decision(Decision(label, threshold))
    same_answers(model, table, tmp_path)
    assert model.schema is not None
    x = model.schema.examples(table).astype(np.float32)
    gn.export_onnx(model.network, tmp_path / "x.onnx", decision=model.decision)
    told = onnxruntime.InferenceSession(tmp_path / "x.onnx").run(["class"], {"x": x})[0]
    assert told.tolist() == model.predict(table).tolist()


def test_a_threshold_decides_by_one_output(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=1, classes=["no", "yes"], seed=0)
    network.loss = gn.BinaryCrossEntropy()
    x = np.linspace(-3, 3, 50, dtype=np.float32)[:, None]
    for decision in (Decision(0, 0.7), Decision(1, 0.2)):
        gn.export_onnx(network, tmp_path / "x.onnx", decision=decision)
        label = onnxruntime.InferenceSession(tmp_path / "x.onnx").run(["label"], {"x": x})[0]
        expected = decision.labels(network.loss.by_class(network.predict_proba(x)))
        np.testing.assert_array_equal(label, expected)
        assert 0 < label.mean() < 1


def test_a_refused_row_has_no_answer(ship: gn.Model, tmp_path: Path) -> None:
    table = text_table("t", {"class": ["1", "x"], "p": ["1,5", "1,5"], "dense1": ["west", "west"], "label": ["2", "2"]})
    assert ship.schema is not None
    gn.export_onnx(ship.network, tmp_path / "net.onnx", schema=ship.schema)
    answers = run(tmp_path / "net.onnx", table, ship.schema)
    assert answers["problem"].tolist() == ["", "column 'class': expected a number"]
    assert (answers["label"][1], answers["class"][1]) == (-1, "")
    assert np.isnan(answers["probabilities"]).tolist() == [[False, False], [True, True]]
    assert answers["class"][0] == ship.predict(table.rows([0]))[0]


def test_what_stands_in_the_file(ship: gn.Model, tmp_path: Path) -> None:
    decision = Decision(1, 0.3)
    gn.export_onnx(ship.network, tmp_path / "net.onnx", schema=ship.schema, decision=decision)
    message = onnx.load(tmp_path / "net.onnx")
    assert message.ir_version == 9
    assert {each.domain: each.version for each in message.opset_import} == {"": 20, "ai.onnx.ml": 3}
    assert [each.name for each in message.graph.input] == ["class_", "p", "dense1", "label_"]
    assert [each.name for each in message.graph.output] == ["label", "probabilities", "class", "problem"]
    names = [node.name for node in message.graph.node]
    assert len(set(names)) == len(names)
    assert all(node.doc_string for node in message.graph.node)
    told = {entry.key: json.loads(entry.value) for entry in message.metadata_props}
    assert told["decision"] == {"label": 1, "threshold": 0.3}
    assert [column["name"] for column in told["table"]["inputs"]] == ["class", "p", "dense1", "label"]
    assert ship.schema is not None
    assert told["inputs"] == ship.schema.input_names
    assert (tmp_path / "net.onnx").stat().st_size < 100_000


def test_what_does_not_fit(ship: gn.Model, tmp_path: Path) -> None:
    path, schema = tmp_path / "net.onnx", ship.schema
    assert schema is not None
    with pytest.raises(gn.InputError, match="input_type 'float32': with a schema the file takes columns of texts"):
        gn.export_onnx(ship.network, path, input_type="float32", schema=schema)
    other = replace(schema, inputs=schema.inputs[:1])
    with pytest.raises(gn.InputError, match=r"expected a schema for inputs of shape \(7,\), but it has 1 inputs"):
        gn.export_onnx(ship.network, path, schema=other)
    with pytest.raises(gn.InputError, match="decision: it is between two classes with probabilities"):
        gn.export_onnx(gn.Network([gn.Dense(3)], input_shape=2), path, decision=Decision(1, 0.5))
    assert not path.exists()


def test_the_command_writes_a_file_that_takes_the_columns(ship: gn.Model, tmp_path: Path) -> None:
    assert ship.schema is not None
    about = {"table": to_table(ship.schema), "decision": {"label": 1, "threshold": 0.9}}
    gn.save_network(ship.network, tmp_path / "ship.safetensors", about=about)
    done = glassnet("export", "ship.safetensors", "ship.onnx", cwd=tmp_path)
    assert "ship.onnx: for ONNX Runtime and others, takes 4 columns as text, as in a table" in done.stdout
    message = refused("export", "ship.safetensors", "ship2.onnx", "--input", "float32", cwd=tmp_path)
    assert "input_type 'float32': with a schema the file takes columns of texts" in message
    with (tmp_path / "ship.csv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    table = text_table("t", {name: [row[name] for row in rows] for name in rows[0]})
    model = gn.Model.open(tmp_path / "ship.safetensors")
    assert run(tmp_path / "ship.onnx", table, ship.schema)["class"].tolist() == model.predict(table).tolist()


def test_large_numbers_keep_their_last_digits(tmp_path: Path) -> None:
    """Time stamps have ten digits before their mean is subtracted, and float32 has seven."""
    (tmp_path / "stamps.csv").write_text(lines("at,y", "17000{seconds},{grade}"))
    model = model_of(gn.load_table(tmp_path / "stamps.csv", target="y"), tmp_path)
    same_answers(model, gn.read_table(tmp_path / "stamps.csv"), tmp_path)


def test_rows_as_images(tmp_path: Path) -> None:
    """The mean over an image is another operation in the newer version of ONNX."""
    network = gn.Network([gn.Reshape((2, 2, 1)), gn.GlobalAveragePool(), gn.Dense(1)], input_shape=4, seed=0)
    network.loss = gn.SquaredError()
    schema = Schema(tuple(map(Column, "abcd")), TARGET)
    gn.export_onnx(network, tmp_path / "net.onnx", schema=schema)
    table = text_table("t", {name: ["1", "-2.5"] for name in "abcd"})
    found = run(tmp_path / "net.onnx", table, schema)["outputs"]
    np.testing.assert_allclose(found, network.predict(schema.examples(table)), rtol=1e-5)
