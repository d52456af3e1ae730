"""The files of the page: what they may hold, read from their text."""

import re
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the page needs the extra 'page'")

from glassnet.page.app import SCRIPT, read_files
from glassnet.web.joined import WEB, bare, joined

MODULES = sorted(WEB.rglob("*.js"))
PAGE, FILES = ("main",), ("file/main", "file/worker", "file/training_worker")  # what scripts begin with
# What browsers of 2022 lack: of JavaScript, and of style.
NEWER = (
    r"findLast|toSorted|toReversed|toSpliced|\.with\(|groupBy|structuredClone|OffscreenCanvas|\(\?<|light-dark|:has\("
)


def named(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def test_all_files_together_are_small_and_in_our_own_hand() -> None:
    files = [path for path in WEB.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert {path.suffix for path in files} == {".html", ".css", ".js", ".svg"}
    assert sum(path.stat().st_size for path in files) <= 480_000
    assert sum(len(file.content) for file in read_files().values()) <= 250_000


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_imports_by_name_and_writes_no_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// "), "a module begins with a line that says what it is"
    imports = re.findall(r"^import (.*);$", text, re.MULTILINE)
    assert text.count("import ") - text.count(" import ") == len(imports)
    for line in imports:
        found = re.fullmatch(r'\{ [\w, ]+ \} from "(\.\.?/[\w/]+\.js)"', line)
        assert found, line
        assert " as " not in line
        assert (path.parent / found[1]).is_file(), line
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|import\(|export default"
    assert re.search(forbidden, text) is None
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert re.search(NEWER, text) is None
    assert all(line.count("`") % 2 == 0 for line in text.splitlines()), "a text in backticks is on one line"


def test_every_text_that_a_module_names_is_there_and_none_is_left_over() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    used = set(re.findall(r"(?<!/)\b(?:texts|allTexts)\.(?!js\b)(\w+)", code))
    page = "".join((WEB / name).read_text(encoding="utf-8") for name in ("texts.js", "trainingtexts.js"))
    file = "".join((WEB / "file" / name).read_text(encoding="utf-8") for name in ("texts.js", "training_texts.js"))
    there = set(re.findall(r"^  (\w+):", page, re.MULTILINE))
    assert there <= used
    assert used <= there | set(re.findall(r"^ {2,4}(\w+):", file, re.MULTILINE))


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'src="(.*?)"', page) == [SCRIPT]
    assert re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page) is None


def test_all_modules_are_one_script_each_behind_what_it_imports() -> None:
    script = read_files()[SCRIPT].content.decode()
    assert re.search(r"^(import|export) ", script, re.MULTILINE) is None
    made = re.findall(r"^const \$(\w+) = \(\(\) => \{$", script, re.MULTILINE)
    for k, part in enumerate(re.split(r"^const \$\w+ = \(\(\) => \{$", script, flags=re.MULTILINE)[1:]):
        assert set(re.findall(r"= \$(\w+);$", part, re.MULTILINE)) <= set(made[:k])


def test_every_module_is_in_some_script() -> None:
    scripts = [joined(entry) for entry in (*PAGE, *FILES)] + [joined("main", {"engine": "file/training_engine"})]
    scripts += [joined("file/main", {"file/writing": f"file/{takes}"}) for takes in ("image", "table", "numbers")]
    made = {name for script in scripts for name in re.findall(r"^const \$(\w+) = \(\(\) => \{$", script, re.MULTILINE)}
    assert made == {named(path).removesuffix(".js").replace("/", "_") for path in MODULES}


def test_a_joined_module_keeps_its_names_to_itself(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.js").write_text(
        'import { b, twice } from "../b.js";\n\nconst own = 1;\nexport const all = twice(b + own);\n'
    )
    b = "const own = 5;\nexport const b = own;\nexport function twice(x) {\n  return 2 * x;\n}\n"
    (tmp_path / "b.js").write_text(b)
    (tmp_path / "c.js").write_text(b.replace("5", "6"))
    script = (
        "const $b = (() => {\nconst own = 5;\nconst b = own;\nfunction twice(x) {\n  return 2 * x;\n}\n\n"
        "return { b, twice };\n})();\n"
        "const $in_a = (() => {\nconst { b, twice } = $b;\n\nconst own = 1;\nconst all = twice(b + own);\n\n"
        "return { all };\n})();"
    )
    assert joined("in/a", folder=tmp_path) == script
    assert joined("in/a", {"b": "c"}, tmp_path) == script.replace("$b", "$c").replace("5", "6")


def test_a_bare_script_has_no_comments_and_no_indentation() -> None:
    script = 'let a = 1; // why\n\n/** What\n * it does. */\nfunction f() {\n  // so\n  return "a // b";\n}\n'
    assert bare(script) == 'let a = 1;\nfunction f() {\nreturn "a // b";\n}\n'


def test_every_class_that_is_styled_is_used() -> None:
    styled = set(
        re.findall(
            r"\.([a-z][\w-]*)", re.sub(r"\d*\.\d+", "0", "".join(path.read_text() for path in WEB.glob("*.css")))
        )
    )
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert {name for name in styled if not re.search(rf"[\"' `]{name}[\"' `$]", code)} <= {"line0", "line1"}
