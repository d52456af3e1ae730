"""Every class of the core is explained: its docstring has all slots, and its file has a page in the course."""

import dataclasses
import re
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.nn.init import Initializer
from glassnet.nn.settings import final_classes

ROOT = Path(__file__).parent.parent
NN, COURSE = ROOT / "src" / "glassnet" / "nn", ROOT / "docs" / "maths"
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
ANCHORED = re.compile(r"\[[^\]]*\]\(([^)#\s]*)#([^)\s]+)\)")

# What the docstring of every class of a kind has, besides its one line and its arguments.
SLOTS = {
    gn.Layer: ("Forward:  ", "Backward: ", "Shapes: "),
    gn.Loss: ("Forward:  ", "Backward: ", "Shapes: "),
    gn.Optimizer: ("Update: ",),
    gn.Schedule: ("factor",),
    gn.Penalty: (),
    Initializer: (),
}
NOBODYS = {"Identity", "Rescale", "Flatten", "Reshape", "ConstantRate", "ExponentialDecay"}  # too simple for a source


def ours(kind: type) -> list[type]:
    return [cls for cls in final_classes(kind).values() if cls.__module__.startswith("glassnet.nn.")]


CLASSES = [
    pytest.param(kind, cls, id=cls.__name__) for kind in SLOTS for cls in sorted(ours(kind), key=lambda c: c.__name__)
]


@pytest.mark.parametrize(("kind", "cls"), CLASSES)
def test_the_docstring_has_every_slot(kind: type, cls: type) -> None:
    text = cls.__doc__ or ""
    assert re.match(r"[A-Z].+\.", text.splitlines()[0]), "one line, ending in a full stop"
    for slot in SLOTS[kind]:
        assert slot in text, f"{cls.__name__}: no {slot!r}"
    if kind is gn.Penalty:
        assert "Project: " in text or ("Forward: " in text and "Backward: " in text)
    if kind is Initializer:
        return  # one line says it all; the scaled ones have their source at the formula
    for field in dataclasses.fields(cls):
        described = re.search(rf"^\s+(.*\b){field.name}\b.*: ", text, re.MULTILINE)
        assert not field.init or described, f"{cls.__name__}: the setting {field.name} is not described"
    assert "Reference" in text or cls.__name__ in NOBODYS, f"{cls.__name__}: no source"


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def files() -> list[Path]:
    return [path for path in sorted(NN.glob("*.py")) if path.stem != "__init__"]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_file_of_nn_is_one_concept_with_a_page(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    index = (COURSE / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [row for row in index if f"nn/{path.name})" in row and row.startswith("|")]
    assert len(rows) == 1, f"{path.name} has no row in the index of the course"
    page = COURSE / LINK.findall(rows[0])[0]
    text = page.read_text(encoding="utf-8")
    assert f"nn/{path.name})" in text, f"{page.name} does not link {path.name}"
    for kind in SLOTS:
        for cls in ours(kind):
            if cls.__module__ == f"glassnet.nn.{path.stem}":
                assert re.search(rf"\b{cls.__name__}\b", text), f"{page.name} does not name {cls.__name__}"


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"
    for target, anchor in ANCHORED.findall(text):
        leads = page.parent / target if target else page
        assert "://" in target or anchor in anchors(leads), f"{page.name}: {target}#{anchor}"


def test_every_page_of_the_course_is_in_its_index() -> None:
    index = (COURSE / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in COURSE.glob("*.md")} - {"README.md"} <= set(LINK.findall(index))


def test_each_page_of_the_course_leads_to_the_next() -> None:
    index = (COURSE / "README.md").read_text(encoding="utf-8")
    order = re.findall(r"^\| \[[^]]+\]\((\S+\.md)\)", index, re.MULTILINE)
    following = [
        re.findall(r"^Next: .*\((\S+\.md)\)", (COURSE / page).read_text("utf-8"), re.MULTILINE) for page in order
    ]
    assert following == [*([page] for page in order[1:]), []]
