"""glassnet compare and report as people use them."""

import json
import shutil
import sys
from pathlib import Path

import pytest

import glassnet as gn
from commandline import glassnet, refused
from glassnet.recipes.recipe import load_recipe
from glassnet.runs.run import train_recipe
from glassnet.train.metrics import accuracy_interval

pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of one recipe from two seeds, of a wider network, and one that was killed."""
    folder, digits = tmp_path_factory.mktemp("watching"), gn.load_dataset("digits")
    for name, settings in (
        ("narrow", {}),
        ("narrow-2", {"training.seed": 1}),
        ("wide", {"network.hidden": [64], "training.epochs": 15}),
    ):
        base = {"data.name": "digits", "training.epochs": 5, "network.hidden": [6]}
        train_recipe(load_recipe("classic", settings=base | settings), digits, folder / "runs" / name, pictures=False)
    killed = folder / "runs" / "killed"
    shutil.copytree(folder / "runs" / "narrow", killed)
    for name in ("evaluation.json", "model.safetensors"):
        (killed / name).unlink()
    lines = (killed / "history.jsonl").read_text().splitlines(keepends=True)
    (killed / "history.jsonl").write_text("".join(lines[:2]))
    return folder


ALL = ("runs/killed", "runs/narrow", "runs/narrow-2", "runs/wide")


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib is not to be found; what of it is imported already, neither."""
    for name in {"matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))}:
        monkeypatch.setitem(sys.modules, name, None)


def test_compare_is_sorted_and_fits_the_page(runs: Path) -> None:
    done = glassnet("compare", *ALL, cwd=runs)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    best = {name: max(gn.History.load(runs / name / "history.jsonl")["validation_accuracy"]) for name in ALL}
    order = [line.split()[1] for line in lines if "  runs/" in line]
    assert order == sorted(ALL, key=lambda name: -best[name])
    assert order[0] == "runs/wide"
    told = json.loads((runs / "runs/wide/evaluation.json").read_text())
    low, high = accuracy_interval(told["accuracy"], told["examples"])
    row = next(line for line in lines if "runs/wide" in line)
    assert f"{100 * told['accuracy']:.2f} ± {50 * (high - low):.2f} {told['loss']:.4f}" in " ".join(row.split())
    assert "64-64-10, 4,810" in done.stdout
    assert "2 of 5" in next(line for line in lines if "runs/killed" in line)
    assert "unfinished" in next(line for line in lines if "runs/killed" in line)
    assert "Sorted by their best metric on validation data" in done.stdout


@pytest.mark.parametrize("width", [40, 60])
def test_compare_keeps_the_names_of_the_runs_in_a_narrow_terminal(runs: Path, width: int) -> None:
    lines = glassnet("compare", "runs/narrow", "runs/wide", cwd=runs, env={"COLUMNS": str(width)}).stdout.splitlines()
    table = lines[: next(i for i, line in enumerate(lines) if line.startswith("Sorted"))]
    assert max(map(len, table)) <= width
    told = json.loads((runs / "runs/wide/evaluation.json").read_text())["accuracy"]
    assert any("runs/wide" in line and f"{100 * told:.2f} ± " in line for line in table)


def test_compare_shows_what_differs_and_groups_of_seeds(runs: Path) -> None:
    done = glassnet("compare", "runs/narrow", "runs/narrow-2", "runs/wide", cwd=runs)
    text = " ".join(done.stdout.split())
    assert "network.hidden [64]: 1 [6]: 2, 3" in text
    assert "training.epochs 15: 1 5: 2, 3" in text
    assert "optimizer" not in text
    assert "2 seeds: 2, 3" in text
    accuracies = [
        json.loads((runs / "runs" / n / "evaluation.json").read_text())["accuracy"] for n in ("narrow", "narrow-2")
    ]
    assert f"{50 * sum(accuracies):.2f}" in text
    assert f"{100 * abs(accuracies[0] - accuracies[1]) / 2**0.5:.2f}" in text[text.index("standard deviation") :]
    twice = glassnet("compare", "runs/wide", "runs/narrow", "runs/wide/", "--json", cwd=runs).stdout
    assert [row["run"] for row in json.loads(twice)["runs"]] == ["runs/wide", "runs/narrow"]
    alone = glassnet("compare", "runs/wide", cwd=runs).stdout
    assert "differ" not in alone
    assert (
        "They do not differ in any setting"
        in glassnet("compare", "runs/wide", "runs/wide/", "runs/killed/../wide", cwd=runs).stdout
    )


def test_compare_draws_the_curves(runs: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="curves need the extra 'plots'")
    shutil.copytree(runs / "runs", tmp_path / "runs")
    assert "curves drawn into compare.png" in glassnet("compare", *ALL, cwd=tmp_path).stdout
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "compare.png").unlink()
    glassnet("compare", *ALL, "--json", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    done = glassnet("compare", *ALL, "--json", "--out", "other.png", cwd=tmp_path)
    assert json.loads(done.stdout)["runs"][0]["run"] == "runs/wide"
    assert (tmp_path / "other.png").is_file()


@pytest.mark.usefixtures("without_matplotlib")
def test_compare_without_matplotlib_is_a_table(runs: Path) -> None:
    done = glassnet("compare", *ALL, cwd=runs)
    assert done.returncode == 0, done.stderr
    assert "runs/wide" in done.stdout
    assert done.stdout.endswith("no curves: they need Matplotlib, pip install 'glassnet[plots]'\n")
    message = refused("compare", *ALL, "--out", "a.png", cwd=runs)
    assert message.endswith("figures need Matplotlib: pip install 'glassnet[plots]'")
    assert "glassnet[plots]" in refused("report", "runs/wide", cwd=runs)


def test_compare_as_json_tells_all(runs: Path) -> None:
    table = json.loads(glassnet("compare", *ALL, "--json", cwd=runs).stdout)
    wide, *_, last = table["runs"]
    told = json.loads((runs / "runs/wide/evaluation.json").read_text())
    assert (wide["run"], wide["finished"], wide["network"], wide["parameters"]) == ("runs/wide", True, "64-64-10", 4810)
    assert {key: wide["test"][key] for key in ("accuracy", "loss", "examples")} == {
        key: told[key] for key in ("accuracy", "loss", "examples")
    }
    assert wide["test"]["interval"][0] < told["accuracy"] < wide["test"]["interval"][1]
    assert wide["settings"]["network.hidden"] == "[64]"
    assert (last["run"], last["finished"], last["test"], last["epochs"]) == ("runs/killed", False, None, 2)
    assert set(table["differences"]) == {"network.hidden", "training.epochs", "training.seed"}
    (group,) = table["seeds"]
    assert sorted(group["runs"]) == ["runs/narrow", "runs/narrow-2"]
    assert group["accuracy"].keys() == {"mean", "deviation"}


def test_compare_writes_out_what_a_terminal_would_obey(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "runs" / "narrow", tmp_path / "a\x1b[31mred")
    shutil.copytree(runs / "runs" / "wide", tmp_path / "b")
    done = glassnet("compare", "a\x1b[31mred", "b", cwd=tmp_path)
    assert "\x1b" not in done.stdout
    assert "a\\x1b[31mred" in done.stdout


def test_compare_takes_model_files_and_says_that_data_differs(runs: Path) -> None:
    done = glassnet("compare", "cnn", "runs/wide", "runs/narrow/model.safetensors", cwd=runs)
    assert done.returncode == 0, done.stderr
    assert "on different data, so their metrics cannot be compared: digits, mnist" in " ".join(done.stdout.split())
    assert "329,450" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_compare_goes_on_without_what_is_damaged(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "runs", tmp_path / "runs")
    (tmp_path / "runs/narrow/evaluation.json").write_text('{"loss": NaN}')
    (tmp_path / "runs/narrow-2/history.jsonl").write_text("{")
    done = glassnet("compare", *ALL, "nothing", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert [row["run"] for row in json.loads(done.stdout)["runs"]] == ["runs/wide", "runs/killed"]
    first, second, third = done.stderr.splitlines()
    assert first.startswith("error: runs/narrow/evaluation.json: damaged: expected loss to be a finite number")
    assert second.startswith("error: runs/narrow-2/history.jsonl, line 1: expected a record as JSON")
    assert third.startswith("error: nothing: expected")
    assert refused("compare", "runs/narrow", cwd=tmp_path).startswith("error: runs/narrow/evaluation.json: damaged")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare"], "Missing argument"),
        (["compare", "runs/wide", "--out", "runs/wide/model.safetensors"], "picture that ends in .png"),
        (["compare", "runs/wide", "--out", "nowhere/a.png"], "lies in nowhere, which is no folder"),
        (["report", "runs"], "it has no recipe.toml"),
        (["report", "nothing"], "it does not exist"),
        (["report", "runs/wide/model.safetensors"], "expected the folder of a run, but this is a file"),
        (["report", "runs/wide", "--data", "nothing"], "unknown dataset 'nothing'"),
        (["report", "runs/wide", "--data", "few.csv"], "measured on 359 test examples, but here are 20"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line(runs: Path, arguments: list[str], message: str) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plots'")
    digits = gn.load_dataset("digits")
    if "few.csv" in arguments:
        gn.data.csv.write_csv(runs / "few.csv", digits.test.x[:100], digits.test.y[:100])
    before = (runs / "runs/wide/model.safetensors").read_bytes()
    assert message in refused(*arguments, cwd=runs)
    assert (runs / "runs/wide/model.safetensors").read_bytes() == before
    assert not (runs / "runs/wide/report.html").exists()


def test_report_writes_a_page_for_an_older_run(runs: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="reports need the extra 'plots'")
    shutil.copytree(runs / "runs", tmp_path / "runs")
    done = glassnet("report", "runs/wide", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("written to runs/wide/report.html (")
    assert "Worst mistakes" in (tmp_path / "runs/wide/report.html").read_text()
    assert glassnet("report", "runs/killed", cwd=tmp_path).returncode == 0
    assert "2 of 5 epochs are trained" in (tmp_path / "runs/killed/report.html").read_text()


def test_report_where_the_data_is_gone(runs: Path, tmp_path: Path) -> None:
    """The figures are in the folder; only the pictures of the mistakes need the examples."""
    pytest.importorskip("matplotlib", reason="reports need the extra 'plots'")
    shutil.copytree(runs / "runs/wide", tmp_path / "run")
    path = tmp_path / "run/recipe.toml"
    path.write_text(path.read_text().replace('"digits"', '"gone.csv"'))
    network = gn.load_network(tmp_path / "run/model.safetensors")
    gn.save_network(network, tmp_path / "run/model.safetensors", about={"recipe": {"data": {"name": "gone.csv"}}})
    (tmp_path / "run/report.html").write_text("with the worst mistakes")
    done = glassnet("report", "run", cwd=tmp_path)  # a report with less in it does not take its place
    assert done.returncode == 2
    assert "not written again, because it would lose the test examples" in done.stderr
    assert (tmp_path / "run/report.html").read_text() == "with the worst mistakes"
    (tmp_path / "run/report.html").unlink()
    done = glassnet("report", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("without the sections that need the test examples: ")
    page = (tmp_path / "run/report.html").read_text()
    assert "Confusion matrix" in page
    assert "Worst mistakes" not in page
