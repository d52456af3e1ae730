"""Tables on the command line: what columns hold is shown, settled, and asked for; rows with unknown values."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from commandline import glassnet

RENTS = "area;rooms;heated;since;rent\n" + "".join(
    f"{40 + n};{1 + n % 3},5;{'ja' if n % 2 else 'nein'};{n % 28 + 1:02}.03.2{n % 4};{800 + 7 * n:,} €\n".replace(
        ",", "."
    ).replace(".5;", ",5;")
    for n in range(60)
)


@pytest.fixture
def rents(tmp_path: Path) -> Path:
    (tmp_path / "rents.csv").write_text(RENTS)
    return tmp_path


def refused(*command: str, cwd: Path) -> str:
    done = glassnet(*command, cwd=cwd)
    assert done.returncode == 2, done.stdout
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_columns_are_shown_settled_and_used(rents: Path) -> None:
    """What `data show --out` writes, train takes; resume and predict go on with it."""
    shown = glassnet("data", "show", "rents.csv", "--dates", "--out", "columns.toml", cwd=rents)
    assert shown.returncode == 0, shown.stderr
    assert "the file: its cells are separated by semicolons\n" in shown.stdout
    for said in ("decimal comma, thousands by", "2020-03-01 to 2023-03-28", "ja, nein", "800 to 1213"):
        assert said in shown.stdout
    given = ["--data", "rents.csv", "--target", "rent", "--columns", "columns.toml", "--no-pictures", "--out", "run"]
    done = glassnet("train", *given, "--epochs", "2", cwd=rents)
    assert done.returncode == 0, done.stderr
    assert "columns: 4, which become 7 inputs\n" in done.stdout
    assert glassnet("resume", "run", "--epochs", "3", "--no-pictures", cwd=rents).returncode == 0
    wanted = glassnet("summary", "run", cwd=rents).stdout
    for row in (r"area +number +1234,5", r"heated +boolean +ja, nein", r"since +date +31\.12\.24"):
        assert re.search(row, wanted)
    (rents / "new.csv").write_text("area;rooms;heated;since\n50;2;JA;01.01.24\n50;2;vielleicht;01.01.24\n")
    said = glassnet("predict", "run", "new.csv", cwd=rents)
    assert said.returncode == 2
    assert "new.csv, line 2: " in said.stdout
    assert "line 3, column 'heated': unknown category 'vielleicht'; known: ja, nein\n" in said.stderr
    assert said.stderr.endswith("1 of 2 rows have no prediction; with --unknown answer, 1 of them get one\n")


def test_rows_with_an_unknown_value_are_answered_on_request(rents: Path) -> None:
    given = ["--data", "rents.csv", "--target", "rent", "--ignore", "since", "--no-pictures", "--out", "run"]
    assert glassnet("train", *given, "--epochs", "1", cwd=rents).returncode == 0
    (rents / "new.csv").write_text("area;rooms;heated\n50;2;ja\n;2;nein\n50;2;vielleicht\n")
    where = refused("predict", "run", "new.csv", "--submission", "said.csv", cwd=rents)
    assert (
        "said.csv is not written, because 2 of 3 rows have no prediction; with --unknown answer, 2 of them get one"
        in where
    )
    assert not (rents / "said.csv").exists()
    done = glassnet("predict", "run", "new.csv", "--submission", "said.csv", "--unknown", "answer", cwd=rents)
    assert done.returncode == 0
    assert "predicted despite an unknown or missing value in column 'area': 1 row\n" in done.stderr
    assert len((rents / "said.csv").read_text().splitlines()) == 4
    told = glassnet("predict", "run", "new.csv", "--json", "--unknown", "answer", cwd=rents)
    assert [answer.get("unknown") for answer in json.loads(told.stdout)] == [None, ["area"], ["heated"]]
    assert "in column 'heated': 1 row\n" in told.stderr
    explained = glassnet("explain", "run", "new.csv", "--line", "3", "--unknown", "answer", cwd=rents)
    assert explained.returncode == 0
    assert "--unknown never: expected refuse or answer" in refused(
        "predict", "run", "new.csv", "--unknown", "never", cwd=rents
    )


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (["1,250", "3,500"], [], "'3,500' is 3.5 with a decimal comma, or 3500 with a decimal point; use "
         "--decimal , if it is 3.5, or --decimal . if it is 3500\n"),
        (["03/04/24", "05/06/24"], ["--dates"],
         "use --date-order dmy if it is 2024-06-05, or --date-order mdy if it is 2024-05-06\n"),
        (["01.03.24", "02.03.24"], [], "--dates to make numbers of them, the day, month, weekday and hour, or "),
        (["410", "E11", "250"], [], "--missing E11 if it is unknown there, or --categorical 'a b' if these are codes, "
         "or --ignore 'a b' to leave the column out\n"),
        (["4\xa0x9", "1", "2"], [], "use --categorical 'a b' if"),
    ],
)  # fmt: skip
def test_ways_out_are_options_as_one_types_them(
    cells: list[str], options: list[str], message: str, tmp_path: Path
) -> None:
    rows = "".join(f'"{cells[n % len(cells)]}",{n % 2}\n' for n in range(30))
    (tmp_path / "t.csv").write_text("a b,y\n" + rows)
    said = refused("train", "--data", "t.csv", "--target", "y", *options, cwd=tmp_path)
    assert said.startswith("error: ")
    assert message in said
    shown = glassnet("data", "show", "t.csv", *options, "--out", "columns.toml", cwd=tmp_path)
    assert shown.returncode == 2
    assert "undecided" in shown.stdout
    written = (tmp_path / "columns.toml").read_text()
    assert set(tomllib.loads(written)["columns"]) == {"y"}
    decided = written.replace("# [columns.'a b']", "[columns.'a b']").replace('# kind = "number"', 'kind = "category"')
    (tmp_path / "columns.toml").write_text(decided)
    assert glassnet("data", "show", "t.csv", "--columns", "columns.toml", cwd=tmp_path).returncode == 0


def test_columns_that_are_damaged_are_one_line(rents: Path) -> None:
    train = ["train", "--data", "rents.csv", "--target", "rent", "--columns", "columns.toml"]
    for text, message in (
        ("x = 1", "columns.toml: expected tables such as [columns.price]"),
        (
            "[columns]\nrooms = 'number'",
            "columns.toml: columns.rooms: expected a table such as {kind = 'number'}",
        ),
        ("[columns.rooms]\nkind = 'numbers'", "columns.toml: columns.rooms.kind: expected one of 'number'"),
        ("[columns.room]\nkind = 'number'", "there is no column 'room' in the first line; did you mean 'rooms'?"),
        ("[columns.rooms]\nkind = 'number'\ndecimal = '.'", "'rooms': expected a number such as 1234.5, got '1,5'"),
        ("[columns.Fläche]\nkind = 'number'", "a name with other characters than a-z, 0-9, _ and - stands in quotes"),
        ("[columns", "columns.toml: expected what columns hold in TOML"),
    ):
        (rents / "columns.toml").write_text(text)
        assert message in refused(*train, cwd=rents)
    assert "--dates is for tables: say which column to predict" in refused("train", "classic", "--dates", cwd=rents)


def test_a_table_comes_through_a_pipe(rents: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "glassnet", "train", "--data", "-", "--target", "area", "--ignore", "since"]
    done = subprocess.run(
        [*command, "--epochs", "1", "--no-pictures", "--out", "run"],
        input=RENTS,
        cwd=rents,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "its table came through a pipe" in refused("resume", "run", "--epochs", "2", cwd=rents)


def test_numbers_that_are_not_finite_are_null_in_json(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("dose,n\n" + "".join(f"{n / 10},{int(2 ** (n / 10))}\n" for n in range(60)))
    given = ["--data", "t.csv", "--target", "n", "--set", "network.loss=Poisson", "--epochs", "60"]
    assert glassnet("train", *given, "--no-pictures", "--out", "run", cwd=tmp_path).returncode == 0
    (tmp_path / "far.csv").write_text("dose\n2\n1000000\n")
    done = glassnet("predict", "run", "far.csv", "--json", cwd=tmp_path)
    first, second = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert done.returncode == 2
    assert first["prediction"] > 0
    assert second["prediction"] is None
    assert second["problem"].startswith("far.csv, line 3: the network computes inf here")
