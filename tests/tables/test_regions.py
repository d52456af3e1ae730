"""The same table, as people of different countries and programs write it, gives the same numbers, bit for bit."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the tables come with scikit-learn")

import glassnet as gn
from glassnet.recipes.recipe import load_recipe
from glassnet.tables.bundled import BUNDLED, read_bundled

Cells = dict[str, list[str]]


def rewritten(columns: Cells, target: str, change: Callable[[str], str]) -> Cells:
    """The table with each number rewritten."""
    texts = {name for name, cells in columns.items() if not cells[0].replace(".", "").replace("e-", "").isdigit()}
    return {
        name: cells if name in texts else [change(cell) if cell else cell for cell in cells]
        for name, cells in columns.items()
    }


def grouped(cell: str, group: str, decimal: str) -> str:
    if "e" in cell:
        return cell.replace(".", decimal)
    whole, point, places = cell.partition(".")
    return f"{int(whole):,}".replace(",", group) + (decimal + places if point else "")


def with_gaps(columns: Cells, target: str, marker: str) -> Cells:
    first = next(name for name in columns if name != target)
    return columns | {first: [marker if row % 7 == 0 else cell for row, cell in enumerate(columns[first])]}


def text(columns: Cells, separator: str) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue()


FORMS: dict[str, Callable[[Cells, str], bytes]] = {
    "decimal comma, semicolons": lambda c, t: text(rewritten(c, t, lambda n: n.replace(".", ",")), ";").encode(),
    "thousands by commas": lambda c, t: text(rewritten(c, t, lambda n: grouped(n, ",", ".")), ",").encode(),
    "thousands by points, semicolons": lambda c, t: text(rewritten(c, t, lambda n: grouped(n, ".", ",")), ";").encode(),
    "per cent": lambda c, t: text(rewritten(c, t, lambda n: f"{n} %"), ",").encode(),
    "dates beside them": lambda c, t: text(
        {"day": [f"{r % 28 + 1}.3.24" for r in range(len(c[t]))], **c}, ","
    ).encode(),
    "UTF-16, tabs": lambda c, t: text(c, "\t").encode("utf-16"),
}


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("form", FORMS)
def test_regional_forms(name: str, form: str, tmp_path: Path) -> None:
    columns, target = read_bundled(name).columns, BUNDLED[name].target
    (tmp_path / "plain.csv").write_text(text(columns, ","))
    (tmp_path / "other.csv").write_bytes(FORMS[form](columns, target))
    plain = gn.load_table(tmp_path / "plain.csv", target=target)
    other = gn.load_table(tmp_path / "other.csv", target=target, ignore=["day"] if "dates" in form else [])
    for split in ("train", "validation", "test"):
        one, two = getattr(plain, split), getattr(other, split)
        np.testing.assert_array_equal(one.x, two.x)
        np.testing.assert_array_equal(one.targets[one.index], two.targets[two.index])
    assert plain.classes == other.classes


@pytest.mark.parametrize("marker", ["NA", "NULL", "?"])
def test_gaps_by_any_marker(marker: str, tmp_path: Path) -> None:
    columns, target = read_bundled("wine").columns, BUNDLED["wine"].target
    for file, cell in (("plain.csv", ""), ("other.csv", marker)):
        (tmp_path / file).write_text(text(with_gaps(columns, target, cell), ","))
    plain, other = (gn.load_table(tmp_path / file, target=target) for file in ("plain.csv", "other.csv"))
    np.testing.assert_array_equal(plain.train.x, other.train.x)


def test_the_figures_are_the_same_to_the_last_digit(tmp_path: Path) -> None:
    columns, target = read_bundled("diabetes").columns, BUNDLED["diabetes"].target
    (tmp_path / "plain.csv").write_text(text(columns, ","))
    (tmp_path / "other.csv").write_bytes(FORMS["thousands by points, semicolons"](columns, target))
    results = []
    for file in ("plain.csv", "other.csv"):
        recipe = load_recipe(
            "table", settings={"data.name": str(tmp_path / file), "data.target": target, "training.epochs": 3}
        )
        dataset = recipe.data.load()
        network, _ = recipe.fit(dataset)
        results.append(gn.evaluate_regression(network, dataset.test).figures)
    assert results[0] == results[1]
