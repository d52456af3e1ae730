"""The files of the page: what they may hold, read from their text."""

import re
from pathlib import Path

import pytest

import glassnet

pytest.importorskip("starlette", reason="the page needs the extra 'page'")

from glassnet.page.app import SCRIPT, read_files
from glassnet.page.script import joined

WEB = Path(glassnet.__file__).parent / "web"
MODULES = sorted(WEB.glob("*.js"))
TEXTS = (WEB / "texts.js").read_text(encoding="utf-8")


def test_all_files_together_are_small_and_in_our_own_hand() -> None:
    assert {path.suffix for path in WEB.iterdir()} == {".html", ".css", ".js", ".svg"}
    assert sum(path.stat().st_size for path in WEB.iterdir()) <= 250_000


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_imports_by_name_from_beside_it_and_writes_no_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// "), "a module begins with a line that says what it is"
    imports = re.findall(r"^import (.*);$", text, re.MULTILINE)
    assert text.count("import ") - text.count(" import ") == len(imports)
    for line in imports:
        found = re.fullmatch(r'\{ [\w, ]+ \} from "\./(\w+)\.js"', line)
        assert found, line
        assert (WEB / f"{found[1]}.js").is_file(), line
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|import\(|export default"
    assert re.search(forbidden, text) is None
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "texts.js"], ids=lambda path: path.name)
def test_every_text_that_a_module_names_is_there(path: Path) -> None:
    named = set(re.findall(r"(?<!/)\btexts\.(\w+)", path.read_text(encoding="utf-8")))
    there = set(re.findall(r"^  (\w+):", TEXTS, re.MULTILINE))
    assert named <= there


def test_no_text_is_left_over() -> None:
    there = set(re.findall(r"^  (\w+):", TEXTS, re.MULTILINE))
    named = {name for path in MODULES for name in re.findall(r"(?<!/)\btexts\.(\w+)", path.read_text(encoding="utf-8"))}
    assert there - named == set()


def test_no_circle_of_modules() -> None:
    import graphlib

    graph = {path.stem: re.findall(r'from "\./(\w+)\.js"', path.read_text(encoding="utf-8")) for path in MODULES}
    list(graphlib.TopologicalSorter(graph).static_order())


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'src="(.*?)"', page) == [SCRIPT]
    assert re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page) is None


def test_all_modules_are_one_script_each_behind_what_it_imports() -> None:
    script = read_files(WEB)[SCRIPT].content.decode()
    assert re.search(r"^(import|export) ", script, re.MULTILINE) is None
    made = re.findall(r"^const \$(\w+) = \(\(\) => \{$", script, re.MULTILINE)
    assert sorted(made) == sorted(path.stem for path in MODULES)
    for k, part in enumerate(re.split(r"^const \$\w+ = \(\(\) => \{$", script, flags=re.MULTILINE)[1:]):
        assert set(re.findall(r"= \$(\w+);$", part, re.MULTILINE)) <= set(made[:k])


def test_a_joined_module_keeps_its_names_to_itself() -> None:
    modules = {
        "a": 'import { b, twice } from "./b.js";\n\nconst own = 1;\nexport const all = twice(b + own);\n',
        "b": "const own = 5;\nexport const b = own;\nexport function twice(x) {\n  return 2 * x;\n}\n",
    }
    assert joined(modules) == (
        "const $b = (() => {\nconst own = 5;\nconst b = own;\nfunction twice(x) {\n  return 2 * x;\n}\n\n"
        "return { b, twice };\n})();\n"
        "const $a = (() => {\nconst { b, twice } = $b;\n\nconst own = 1;\nconst all = twice(b + own);\n\n"
        "return { all };\n})();"
    )


def test_every_class_that_is_styled_is_used() -> None:
    styled = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"\d*\.\d+", "0", (WEB / "page.css").read_text())))
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert {name for name in styled if not re.search(rf"[\"' `]{name}[\"' `$]", code)} <= {"line0", "line1"}
