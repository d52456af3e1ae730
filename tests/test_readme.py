"""The README says what is so: its figures are those of the benchmarks, its listing is the house, and it is short."""

import re
from pathlib import Path

import glassnet

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIGURE = re.compile(r"\d[\d,.]*(?: ± [\d.]+)? (?:%|ms|MB|s)(?![\w])")


def test_it_is_short_and_holds_no_table_of_measurements() -> None:
    assert len(README.splitlines()) <= 160
    assert "<!--" not in README


def test_every_figure_stands_in_the_benchmarks() -> None:
    measured = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    table = README.partition("## What it is best at")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "`" in row]
    assert len(rows) >= 8
    for row in rows:
        what, figure, command, *_ = (cell.strip() for cell in row.strip("|").split("|"))
        assert FIGURE.fullmatch(figure), row
        for number in FIGURE.findall(f"{what} {figure}"):
            assert f"| {number} |" in measured or number == "98 %", f"{number} stands nowhere in docs/benchmarks.md"
        assert command.strip("`") in measured


def test_every_measurement_says_its_command_and_how_long_it_takes() -> None:
    measured = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| .* \| `(python benchmarks/(\w+)\.py(?: FOLDER)?|make bench)` \| (.+) \|$", measured, re.MULTILINE
    )
    assert {name for _, name, _ in rows if name} == {
        *(
            "accuracy",
            "wild",
            "hands",
            "enlarged",
            "whole_numbers",
            "trust",
            "estimators",
            "table",
            "experiments",
            "augment",
            "step",
        ),
        "page",
    }
    assert all(re.search(r"second|minute|hour", time) for *_, time in rows)


def test_the_listing_is_the_house() -> None:
    listing = README.partition("```\nsrc/glassnet/\n")[2].partition("```")[0]
    named = set(re.findall(r"(?:^  |  )([a-z_]+(?:/|\.py))  ", listing, re.MULTILINE))
    source = Path(glassnet.__file__).parent
    code = ("*.py", "*.js")
    there = {f"{path.name}/" for path in source.iterdir() if any(any(path.glob(ending)) for ending in code)}
    there |= {path.name for path in source.glob("*.py")} - {"__init__.py", "__main__.py", "version.py"}
    assert named == there


def test_the_reading_path_leads_to_what_is_there() -> None:
    path = README.partition("## Ten minutes through the code")[2].partition("\n## ")[0]
    source = Path(glassnet.__file__).parent
    for row in (row for row in path.splitlines() if row.startswith("| ") and "`" in row):
        _, files, what = (cell.strip() for cell in row.strip("|").split("|"))
        texts = [(source / file).read_text(encoding="utf-8") for file in re.findall(r"`([\w/]+\.py)`", files)]
        assert texts, row
        for name in re.findall(r"`(\w+(?:\.\w+)?)`", what):
            assert any(re.search(rf"\b{name.rpartition('.')[2]}\b", text) for text in texts), f"{name}: {files}"
    minutes = [int(row.split("|")[1]) for row in path.splitlines() if re.match(r"\| \d", row)]
    assert sum(minutes) == 10
