"""The report of a table: what stands beside the network, its columns, its threshold, and the worst rows."""

import re
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from commandline import glassnet
from glassnet.runs.folder import RunError, read_run
from glassnet.tables.csv import write_table

pytest.importorskip("matplotlib", reason="a report needs the extra 'plots'")
pytest.importorskip("sklearn", reason="the linear model is that of scikit-learn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on people, whose names are in a column of categories, and one on prices."""
    folder, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    age, town = rng.integers(18, 90, 300), rng.choice(["Oslo", "Turin"], 300)
    ill = np.where(age + 20 * (town == "Turin") + rng.normal(0, 10, 300) > 65, "ill", "healthy")
    price = [f"{20_000 * value:,} €" for value in age]
    columns = {"age": age, "town": town, "ill": ill, "price": price}
    write_table(folder / "people.csv", {name: [str(cell) for cell in cells] for name, cells in columns.items()})
    for name, target, *more in (("ill", "ill"), ("price", "price"), ("private", "ill", "--private")):
        other = "price" if target == "ill" else "ill"
        command = ["train", "--data", "people.csv", "--target", target, "--out", name, "--ignore", other, *more]
        done = glassnet(*command, "--epochs", "20", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def test_a_table_has_its_sections(folder: Path) -> None:
    page = (folder / "ill" / "report.html").read_text()
    for title in ("Baselines", "Columns", "Which columns matter", "Thresholds", "Worst rows"):
        assert f"<h2>{title}</h2>" in page
    assert "logistic regression" in page
    assert "ROC curve with area 0." in page
    assert "Oslo" in page
    assert ">line " in page
    prices = (folder / "price" / "report.html").read_text()
    assert "Thresholds" not in prices
    assert "ridge regression" in prices
    assert "off by" in prices
    assert " €</td>" in prices
    evaluation = read_run(folder / "ill").evaluation
    assert [row["column"] for row in evaluation["importance"]] == ["age", "town"]


def test_cells_of_people_are_left_out_where_a_person_says_so(folder: Path) -> None:
    page = (folder / "private" / "report.html").read_text()
    assert "Oslo" not in page
    assert "Worst rows" not in page
    assert "Which columns matter" in page
    assert glassnet("report", "private", "--data", "people.csv", cwd=folder).returncode == 0
    assert "Oslo" not in (folder / "private" / "report.html").read_text()  # the recipe says it
    assert glassnet("report", "ill", "--data", "people.csv", "--private", cwd=folder).returncode == 0
    assert "Oslo" not in (folder / "ill" / "report.html").read_text()
    assert glassnet("report", "ill", "--data", "people.csv", cwd=folder).returncode == 0
    assert "Oslo" in (folder / "ill" / "report.html").read_text()


def test_amounts_are_written_as_the_column_writes_them(folder: Path) -> None:
    said = glassnet("predict", "price", "people.csv", cwd=folder).stdout.splitlines()
    assert said[0].startswith("people.csv, line 2: ")
    assert " €, truth " in said[0]
    assert "," in said[0].split(": ")[1].split(" ")[0]
    assert said[-1].endswith(" €")
    shown = glassnet("evaluate", "price", "--data", "people.csv", cwd=folder).stdout
    assert "e+0" not in shown
    assert re.search(r"targets from \d{3},\d{3} € to 1,\d{3},\d{3} €", shown)


def test_evaluate_shows_baselines_and_importance(folder: Path) -> None:
    shown = glassnet("evaluate", "ill", "--data", "people.csv", "--importance", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "logistic regression" in shown.stdout
    assert "ROC AUC lost if shuffled" in shown.stdout
    table = gn.read_table(folder / "people.csv")
    model = gn.Model.open(folder / "ill")
    split = gn.load_table(folder / "people.csv", target="ill", ignore=["price"]).test
    assert [one.column for one in model.importance(split)] == ["age", "town"]
    said = model.importance(table, repeats=2)
    assert [one.column for one in said] == ["age", "town"]
    lines = (folder / "people.csv").read_text().splitlines()
    (folder / "some.csv").write_text("\n".join(lines[:50]))
    other = glassnet("evaluate", "ill", "--data", "some.csv", cwd=folder).stdout
    assert "always '" in other
    assert "logistic" not in other  # which has no rows to learn from
    refused = glassnet("evaluate", "cnn", "--importance", cwd=folder)
    assert "--importance is for the columns of a table" in refused.stderr


def test_a_threshold_is_chosen_on_validation_rows_and_kept(folder: Path) -> None:
    ways = glassnet("threshold", "ill", "--data", "people.csv", cwd=folder)
    assert ways.returncode == 0, ways.stderr
    assert "Thresholds for" in ways.stdout
    assert gn.Model.open(folder / "ill").decision is None
    done = glassnet("threshold", "ill", "--data", "people.csv", "--recall", "1", "--class", "ill", cwd=folder)
    assert done.returncode == 0, done.stderr
    decision = gn.Model.open(folder / "ill").decision
    assert decision is not None
    data = gn.load_table(folder / "people.csv", target="ill", ignore=["price"])
    model = gn.Model.open(folder / "ill")
    assert set(model.predict(data.validation.x)[data.validation.y == 1]) == {"ill"}
    assert read_run(folder / "ill").evaluation["accuracy"] == model.measure(data.test).accuracy
    page = (folder / "ill" / "report.html").read_text()
    assert "It predicts &#x27;ill&#x27; where its probability is at least" in page
    assert "it predicts 'ill' where its probability is at least" in glassnet("summary", "ill", cwd=folder).stdout
    for command in (["evaluate", "ill", "--data", "people.csv"], ["predict", "ill", "people.csv"]):
        assert "it predicts 'ill' where" in glassnet(*command, cwd=folder).stdout
    other = glassnet("threshold", "ill", "--data", "people.csv", "--cost", "0.001", "--class", "healthy", cwd=folder)
    assert other.returncode == 0, other.stderr
    assert glassnet("threshold", "ill", "--data", "people.csv", "--at", "0.5", cwd=folder).returncode == 0
    assert gn.Model.open(folder / "ill").decision is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["ill", "--recall", "2"], "--recall: expected a share above 0 and at most 1, such as 0.9, got 2"),
        (["ill", "--cost", "-1"], "--cost: expected a number above 0, got -1"),
        (["ill", "--at", "7"], "--at 7: expected a probability from 0 to 1"),
        (["ill", "--at", "0.5", "--cost", "2"], "--cost 2 --at 0.5: use one of them"),
        (["ill", "--class", "il"], "--class il: there is no such class; did you mean 'ill'?"),
        (["price"], "a threshold decides between two classes whose probabilities add up to 1"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(folder: Path, given: list[str], message: str) -> None:
    done = glassnet("threshold", *given, "--data", "people.csv", cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr


def test_damaged_figures_are_refused(folder: Path) -> None:
    file = folder / "price" / "evaluation.json"
    before = file.read_text()
    for damaged in ('"baselines": [{"name": 1}]', '"importance": {}', '"importance": [{"column": "a", "mean": "b"}]'):
        file.write_text(f'{{"loss": 1.0, "examples": 3, {damaged}}}')
        with pytest.raises(RunError, match=r"a list of tables with a (name|column) and finite figures"):
            read_run(folder / "price")
    file.write_text(before)
