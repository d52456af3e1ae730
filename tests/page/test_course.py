"""The pages of the course, as the page serves them."""

import posixpath
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the page needs the extra 'page'")
pytest.importorskip("latex2mathml", reason="the page needs the extra 'page'")

from glassnet.experiments.experiment import FOLDER
from glassnet.page import course
from glassnet.page.given import experiments_with
from glassnet.recipes.toml import RecipeError
from served import Served

WEB = Path(course.__file__).parent.parent / "web"
TEXTS = (WEB / "texts.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", course.names())
def test_every_formula_and_link_of_a_page_is_whole(name: str) -> None:
    html = course.page(name).decode()
    without_code = re.sub(r"<(code|pre)\b.*?</\1>", "", html, flags=re.DOTALL)
    assert "\\" not in re.sub(r"<annotation.*?</annotation>", "", without_code), "a formula that was not understood"
    assert "$" not in without_code
    for formula in re.findall(r"<math.*?</math>", html, re.DOTALL):
        ElementTree.fromstring(formula)
    folder = posixpath.dirname(name)
    for page, place in re.findall(r'href="([\w./-]*)(?:#([\w-]*))?"', html.partition("<article")[2]):
        path = posixpath.normpath(posixpath.join(folder, page)) if page else name
        there = set(re.findall(r'id="([^"]+)"', course.page(path).decode()))
        assert not place or place in there, (page, place)
    for drawing in re.findall(r'<img src="([^"]+)"', html):
        assert posixpath.join(folder, drawing) in course.drawings()


def test_each_term_leads_to_a_page_that_there_is() -> None:
    named = re.findall(r'course: "([\w/-]+)"', TEXTS)
    assert named
    assert set(named) <= set(course.names())


@pytest.mark.parametrize(
    ("course", "message"),
    [
        ("optimm", "expected a page of the course, or a heading in it, got 'optimm'; did you mean 'optim'"),
        ("init#zeros", "got 'init#zeros'; "),
        ("optim", None),
        ("what-can-go-wrong#dead-relus", None),
    ],
)
def test_an_experiment_of_ones_own_leads_to_a_page_that_there_is(
    course: str, message: str | None, tmp_path: Path
) -> None:
    text = (FOLDER / "momentum.toml").read_text()
    (tmp_path / "mine.toml").write_text(re.sub("^course = .*$", f'course = "{course}"', text, flags=re.MULTILINE))
    if message is None:
        assert "mine" in experiments_with(tmp_path)
        return
    with pytest.raises(RecipeError, match=re.escape(message)) as refused:
        experiments_with(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'mine.toml'}: course: ")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("training = { epochs = 1001 }", "training.epochs: expected at most 1,000, got 1,001"),
        ('data = { name = "/etc/passwd" }', "data.name: expected one of mnist, "),
        ("network = { hidden = [1000000000] }", "expected a network of at most"),
    ],
)
def test_an_experiment_that_the_page_cannot_run_is_refused_at_once(settings: str, message: str, tmp_path: Path) -> None:
    text = (FOLDER / "zero-weights.toml").read_text().partition("\n[")[0]
    (tmp_path / "mine.toml").write_text(f'{text}\nsettings = {{ {settings} }}\n[[trainings]]\nname = "a"\n')
    with pytest.raises(RecipeError, match=re.escape(message)) as refused:
        experiments_with(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'mine.toml'}: ")


@pytest.mark.posix
def test_the_server_gives_the_pages_and_nothing_else(tmp_path: Path) -> None:
    with Served("classic", cwd=tmp_path) as served:
        reply = served.request("/course/init")
        assert (reply.status, reply["content-type"]) == (200, ["text/html; charset=utf-8"])
        assert b"<math" in reply.body
        assert b"<script" not in reply.body
        for path in ("/course/none", "/course/..%2f..%2fREADME", "/course/../../README", "/course/init.md", "/course/"):
            assert served.request(path).status in (400, 404), path
        assert served.request("/course/init", headers=[("Cookie", "")]).status == 403
