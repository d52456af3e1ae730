"""The report of a run: whole, true to the figures, escaped, in need of nothing, and readable in a real browser."""

import dataclasses
import json
import shutil
import xml.etree.ElementTree
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.runs.folder import SavedRun, read_run
from glassnet.runs.report import write_report
from glassnet.runs.run import resume_run, train_recipe
from glassnet.runs.unfinished import find_unfinished
from watched import watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("matplotlib", reason="reports need the extra 'plots'")
pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")

EMPTY = {"img", "meta", "br", "link"}  # elements that have no end


class Parsed(HTMLParser):
    """A page as a tree is read: every tag closed in its order, and what stands in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[list[str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: list[str] = []
        self.headings: list[str] = []
        self.caption = ""
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.tags.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag == "table":
            self.cells = []

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another tag"
        if tag == "table":
            self.tables[self.caption] = self.cells

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1][-1] += data
        if self.open and self.open[-1] == "caption":
            self.caption = data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def recipe(**settings) -> Recipe:
    quick = {"data.name": "digits", "training.epochs": 3, "network.hidden": [12]}
    return load_recipe("classic", settings=quick | {k.replace("__", "."): v for k, v in settings.items()})


@pytest.fixture(scope="module")
def digits() -> gn.Dataset:
    return gn.load_dataset("digits")


@pytest.fixture(scope="module")
def folder(digits: gn.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, with its report."""
    return train_recipe(recipe(), digits, tmp_path_factory.mktemp("runs") / "run").folder


def reported(recipe: Recipe, dataset: gn.Dataset, folder: Path) -> Path:
    """The folder of a run whose only picture is the report."""
    run = train_recipe(recipe, dataset, folder, pictures=False)
    write_report(read_run(folder), run.network, dataset=dataset, evaluation=run.evaluation)
    return folder


def parsed(folder: Path) -> Parsed:
    return Parsed((folder / "report.html").read_text(encoding="utf-8"))


def test_the_page_is_well_formed_and_accessible(folder: Path) -> None:
    page = parsed(folder)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert not page.all("h3")
    assert all(image["alt"] for image in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table")) == len(page.tables)
    assert all(cell["scope"] in ("row", "col") for cell in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) == 9
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in ids]
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))


def test_the_page_needs_nothing_else(folder: Path) -> None:
    """No address but those inside the page, no script; and a policy that would stop either."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = parsed(folder)
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "embed", "link", "base", "form")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                assert str(value).startswith(("data:image/", "#")), f"{tag} {name}={value}"
    assert "url(" not in text
    assert "@import" not in text
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert len(text) < 2_000_000


def test_every_picture_is_whole(folder: Path) -> None:
    kinds = []
    for image in parsed(folder).all("img"):
        kind, data = str(image["src"]).removeprefix("data:image/").split(";base64,")
        contents = b64decode(data, validate=True)
        kinds.append(kind)
        if kind == "png":
            assert contents.startswith(b"\x89PNG\r\n\x1a\n")
            assert contents.endswith(b"IEND\xaeB`\x82")
        else:
            for element in xml.etree.ElementTree.fromstring(contents).iter():
                for name, value in element.attrib.items():
                    assert not name.endswith("href") or value.startswith("#")
    assert kinds.count("svg+xml") == 2 + 2  # curves, histograms
    assert kinds.count("png") > 1


def test_the_figures_are_those_of_the_evaluation(folder: Path) -> None:
    page, told = parsed(folder), json.loads((folder / "evaluation.json").read_text())
    assert f"{100 * told['accuracy']:.2f} % right" in page.text
    wrong = sum(n for t, row in enumerate(told["confusion"]) for p, n in enumerate(row) if t != p)
    assert f"of {told['examples']} test examples, which it has never seen: {wrong} are wrong" in page.text
    assert f"test loss {told['loss']:.4f}" in page.text
    assert f"The 24 most confident of {wrong:,} mistakes" in page.text
    losses = gn.History.load(folder / "history.jsonl")["training_loss"]
    curve = next(image["alt"] for image in page.all("img") if "Curve of the loss" in image["alt"])
    assert f"training from {losses[0]:.4f} to {losses[-1]:.4f}" in curve
    head, *rows = page.tables["Truth by row, prediction by column"]
    assert head[1:] == told["classes"]
    assert [[int(cell or 0) for cell in row[1:]] for row in rows] == told["confusion"]
    assert page.tables["On the test examples"][1:] == [
        [row["name"], *(f"{100 * row[key]:.2f} %" for key in ("precision", "recall", "f1")), str(row["support"])]
        for row in told["per_class"]
    ]
    often = [int(row[2]) for row in page.tables["The most frequent mistakes"][1:]]
    assert (
        often
        == sorted((n for t, r in enumerate(told["confusion"]) for p, n in enumerate(r) if t != p), reverse=True)[
            : len(often)
        ]
    )


def test_settings_network_and_how_to_train_it_again(folder: Path) -> None:
    page, run = parsed(folder), read_run(folder)
    assert run.recipe is not None
    assert page.tables["The recipe, every setting"] == [list(pair) for pair in run.recipe.settings().items()]
    assert f"glassnet train {folder}/recipe.toml" in page.text
    rows = page.tables["The layers in order, for one example"]
    assert rows[-1] == ["total", "", "", f"{run.parameters:,}", f"{64 * 12 + 12 * 10:,}"]
    assert ["numpy", np.__version__] in page.tables["What the bits of the result depend on besides the recipe"]
    assert "kept epoch 3 of 3" in page.text
    assert "network 64-12-10" in page.text


def test_names_from_outside_are_text(digits: gn.Dataset, tmp_path: Path) -> None:
    """A class, a folder or a recipe's text that looks like HTML is shown, not obeyed."""
    names = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a&b", "$x $title", *"456789")
    odd = dataclasses.replace(digits, classes=names, name="digits")
    about = "</p><script>document.title='mine'</script>"
    made = dataclasses.replace(recipe(), about=about)
    page = parsed(reported(made, odd, tmp_path / "<b>&'\"run"))
    assert not page.all("script")
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert page.tables["Truth by row, prediction by column"][0][1:] == list(names)
    assert about in page.text
    assert f"'{tmp_path}/<b>&'\"'\"'\"run/recipe.toml'" in page.text  # quoted for a shell


def test_what_is_absent_is_left_out(folder: Path, tmp_path: Path) -> None:
    """A run without classes, such as a regression, and one that is not finished."""
    run = dataclasses.replace(read_run(folder), path=tmp_path, evaluation={"loss": 0.25, "examples": 7, "r2": 0.5})
    network = gn.load_network(folder / "model.safetensors")
    page = Parsed(write_report(run, network).read_text(encoding="utf-8"))
    assert "loss 0.25 on 7 test examples" in page.text
    assert page.headings == ["Curves", "Weights", "Network", "Settings", "Environment"]
    result = gn.RegressionEvaluation(0.5, np.array([1.0, 2, 6]), np.array([2.0, 2, 3]))
    run = dataclasses.replace(run, evaluation=result.to_table())
    page = Parsed(write_report(run, network, evaluation=result).read_text(encoding="utf-8"))
    assert "R2 0.286 on 3 test examples" in page.text
    assert "off by 1.3333 on average" in page.text
    assert page.headings == ["Curves", "Predictions", "Weights", "Network", "Settings", "Environment"]

    empty = SavedRun(tmp_path, run.recipe, None, None, gn.History(), {}, {}, 0)
    page = Parsed(write_report(empty).read_text(encoding="utf-8"))
    assert "Unfinished 0 of 3 epochs are trained" in page.text
    assert page.headings == ["Settings"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_many_predictions_are_drawn_as_one_image() -> None:
    """Fifty thousand dots as shapes of their own would make a page of 15 MB."""
    truth = np.random.default_rng(0).normal(size=50_000)
    predicted = truth + 0.1
    predicted[0] += 1e6  # an outlier must not ask for a million bars
    result = gn.RegressionEvaluation(0.5, truth, predicted)
    for draw in (plots.predicted, plots.residuals):
        assert len(plots.as_svg(draw(result))) < 500_000
    few = gn.RegressionEvaluation(0.5, truth[1:100], predicted[1:100])
    assert "<image" not in plots.as_svg(plots.predicted(few))  # those stay sharp at any size


def test_examples_that_are_no_images_have_no_pictures(tmp_path: Path, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = blobs
    split = gn.Split(x, y.astype(np.int64), np.arange(len(x)))
    table = gn.Dataset("blobs", split[:200], split[200:250], split[250:], ("a", "b", "c"), 255)
    page = parsed(reported(recipe(network__hidden=[4]), table, tmp_path / "run"))
    assert "Worst mistakes" not in page.text
    assert all("svg" in str(image["src"])[:20] for image in page.all("img"))


@pytest.mark.repeats
def test_a_resumed_run_has_its_report(folder: Path, digits: gn.Dataset, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "run"))
    for name in ("evaluation.json", "report.html"):
        (copy / name).unlink()
    resume_run(find_unfinished(copy), digits)
    assert parsed(copy).tables["On the test examples"] == parsed(folder).tables["On the test examples"]
    assert not (copy / "report.html.part").exists()


def test_without_pictures_there_is_no_report(digits: gn.Dataset, tmp_path: Path) -> None:
    run = train_recipe(recipe(training__epochs=1), digits, tmp_path / "run", pictures=False)
    assert not (run.folder / "report.html").exists()


@pytest.mark.browser
def test_a_browser_shows_all_of_it(folder: Path, browser: "Browser") -> None:
    address = (folder / "report.html").as_uri()
    for width, scheme in ((1200, "light"), (400, "dark")):
        with watched(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as (page, seen):
            page.goto(address)
            assert seen.complaints == []
            assert seen.requests == [address]
            images = page.evaluate("Array.from(document.images, i => i.complete && i.naturalWidth)")
            assert len(images) == len(parsed(folder).all("img"))
            assert all(images)
            assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing hangs over the edge
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert ground == ("rgb(21, 23, 27)" if scheme == "dark" else "rgb(255, 255, 255)")


@pytest.mark.browser
def test_the_browser_notices_what_is_wrong(tmp_path: Path, browser: "Browser") -> None:
    """The test above can fail: a page with a script, a missing file and a broken picture."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><script>console.error('x')</script>"
        "<img src='missing.png'><img src='data:image/png;base64,aaaa'>"
    )
    with watched(browser) as (page, seen):
        page.goto(bad.as_uri())
        assert "x" in seen.complaints
        assert (tmp_path / "missing.png").as_uri() in seen.requests
        assert page.evaluate("Array.from(document.images, i => i.naturalWidth)") == [0, 0]


def test_a_report_of_a_table_says_what_its_columns_hold(tmp_path: Path) -> None:
    path = tmp_path / "rents.csv"
    rows = "".join(f"{40 + n};{1 + n % 3},5;{'ja' if n % 2 else 'nein'}\n" for n in range(60))
    path.write_text("area;rooms;balcony\n" + rows)
    dataset = gn.load_table(path, target="area")
    settings = {"data.name": str(path), "data.target": "area", "training.epochs": 1}
    train_recipe(load_recipe("table", settings=settings), dataset, tmp_path / "run")
    page = parsed(tmp_path / "run")
    assert page.tables["What each column holds"][1:] == [
        ["area", "target: numbers", "row numbers", "40 to 99"],
        ["rooms", "numbers", "decimal comma", "1.5 to 3.5"],
        ["balcony", "booleans", "", "ja, nein"],
    ]
    assert "its cells are separated by semicolons" in " ".join(page.texts)
    assert b"semicolons" not in (tmp_path / "run" / "model.safetensors").read_bytes()
