"""The experiments around `classic`: trained for an epoch on small data, they leave their table and their figure."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'plots'")
pytest.importorskip("sklearn", reason="the small digits come with scikit-learn")

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import experiments
from experiments import EXPERIMENTS, SEEDS, Experiment

OVERFLOWS = {"optimizer.lr": 1e30}  # one step of this size, and float32 overflows in the second


@pytest.fixture(autouse=True)
def result_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(experiments, "RESULTS", tmp_path / "experiments.json")
    return tmp_path / "experiments.json"


@pytest.fixture
def rates() -> Experiment:
    """Three rates: one that learns, one far too large for float32, one that only kills the ReLUs."""
    return Experiment(
        "learning rate",
        {"0.1": {}, "1e30": OVERFLOWS, "10": {"optimizer.lr": 10}},
        epochs=2,
        data="digits",
    )


def cells(table: str) -> dict[str, list[str]]:
    """The cells of each row, by the label of the row."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {label: rest for label, *rest in rows}


def test_table_and_figure_appear(tmp_path: Path, rates: Experiment) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- rate -->\nold\n<!-- /rate -->\nafter\n<!-- machine --><!-- /machine -->\n")
    experiments.run("rate", rates)
    experiments.write({"rate": rates}, page, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n<!-- rate -->\n| learning rate |")
    assert "old" not in text
    assert "<!-- /rate -->\nafter" in text
    assert experiments.table(rates) in text
    assert (tmp_path / "experiment-rate.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_diverged_training_is_shown_as_such(result_file: Path, rates: Experiment) -> None:
    experiments.run("rate", rates)
    table = cells(experiments.table(rates))
    assert re.fullmatch(r"\d\d\.\d\d ± \d+\.\d\d %", table["0.1"][0])
    assert table["1e30"] == ["diverged", "", "3"]  # the loss was no finite number
    assert table["10"] == ["diverged", "", "3"]  # it was, but above ln 10, that of a guess
    infinite, clipped = (experiments.results_of(rates, label) for label in ("1e30", "10"))
    assert all(row["training_loss"] is None for row in infinite)
    assert all(row["training_loss"] > 2.3026 for row in clipped)


def test_where_only_some_diverged_the_others_make_the_mean(result_file: Path, rates: Experiment) -> None:
    rows = [
        {
            "mark": rates.mark("0.1", seed),
            "diverged": seed == 1,
            "training_loss": 0.25,
            "validation_accuracy": (0.9, 0.1, 0.8)[seed],
        }
        for seed in SEEDS
    ]
    result_file.write_text(json.dumps(rows))
    assert cells(experiments.table(rates))["0.1"] == ["85.00 ± 7.07 %, 1 of 3 diverged", "0.2500 ± 0.0000", "3"]


def test_nothing_is_trained_twice_and_a_changed_setting_is(
    result_file: Path, rates: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    few = replace(rates, variants={"0.1": {}})
    experiments.run("rate", few)
    first = json.loads(result_file.read_text())
    assert len(first) == len(SEEDS) == capsys.readouterr().out.count("rate: 0.1, seed")
    experiments.run("rate", few)
    assert capsys.readouterr().out == ""
    result_file.write_text(json.dumps(first[1:]))  # broken off, or an entry deleted by hand
    experiments.run("rate", few)
    assert capsys.readouterr().out.startswith("rate: 0.1, seed 0 ...")
    again = json.loads(result_file.read_text())
    values = ("mark", "training_loss", "validation_accuracy")
    assert [[row[v] for v in values] for row in again] == [[row[v] for v in values] for row in [*first[1:], first[0]]]
    experiments.run("rate", replace(few, variants={"0.1": {"optimizer.lr": 0.05}}))  # the label alone does not count
    assert len(json.loads(result_file.read_text())) == 2 * len(SEEDS)


def test_fewer_examples_and_other_epochs_are_other_results(rates: Experiment) -> None:
    marks = {e.mark("0.1", 0) for e in (rates, replace(rates, examples=100), replace(rates, epochs=1))}
    assert len(marks | {rates.mark("0.1", 1)}) == 4


def test_a_page_without_the_marks_is_refused(tmp_path: Path, rates: Experiment) -> None:
    page = tmp_path / "page.md"
    page.write_text("no table here\n")
    with pytest.raises(SystemExit, match="expected the marks <!-- rate -->"):
        experiments.write({"rate": rates}, page, tmp_path)


def test_the_command_trains_one_experiment(
    result_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["experiments.py", "batch", "--epochs", "1", "--data", "digits"])
    experiments.main()
    out = capsys.readouterr().out
    assert out.count("seed") == len(EXPERIMENTS["batch"].variants) * len(SEEDS) + 1  # one more is in the table's head
    assert list(cells(out[out.index("| examples in a batch") :].strip())) == list(EXPERIMENTS["batch"].variants)
    assert {row["epochs"] for row in json.loads(result_file.read_text())} == {1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["depht"], "unknown experiment depht"),
        (["hidden", "--write", "--epochs", "1"], "leave out --epochs and --data"),
    ],
)
def test_what_cannot_be_done_is_said(
    options: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["experiments.py", *options])
    with pytest.raises(SystemExit):
        experiments.main()
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_page_shows_the_stored_results(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "RESULTS", Path(experiments.__file__).parent / "experiments.json")
    experiment, page = EXPERIMENTS[name], experiments.PAGE.read_text(encoding="utf-8")
    assert f"<!-- {name} -->\n{experiments.table(experiment)}\n<!-- /{name} -->" in page
    assert all(len(experiments.results_of(experiment, label)) == len(SEEDS) for label in experiment.variants)
    assert f"](pictures/experiment-{name}.png)" in page
    assert (experiments.PICTURES / f"experiment-{name}.png").is_file()
