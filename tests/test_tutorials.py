"""A tutorial works: its commands, typed in turn in an empty folder, print what it says."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from commandline import glassnet

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import docs
import tutorials

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
FIRST = docs.DOCS / "tutorials" / "first-digit.md"
INDEX = docs.DOCS / "tutorials" / "README.md"
SHORT = "own-layer"  # followed by `make test`, the others by `make fuzz`
MARKS = {"first-digit": [pytest.mark.repeats, pytest.mark.mnist], SHORT: []}

pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem, marks=MARKS.get(page.stem, [pytest.mark.repeats]))
        for page in tutorials.tutorials()
    ],
)
def test_a_tutorial_prints_what_it_says(page: Path) -> None:
    pytest.importorskip("matplotlib", reason="the pictures need the extra 'plots'")
    pytest.importorskip("onnx", reason="the export needs the extra 'export'")
    assert tutorials.differences(page) == []


@pytest.mark.repeats
def test_the_first_one_works_with_the_small_digits(in_tmp: Path) -> None:
    """As it says: without a network, write `digits` for `mnist`."""
    for call in docs.commands(FIRST):
        words = shlex.split(call.replace("mnist", "digits"))[1:]
        if words[0] != "page":  # which waits for a browser
            files = [name for word in words for name in sorted(map(str, Path().glob(word))) * ("*" in word) or [word]]
            done = glassnet(*files)
            assert done.returncode == 0, f"{call}: {done.stderr}"


def test_every_tutorial_is_in_the_index_and_links_lead_somewhere() -> None:
    for page in (INDEX, *tutorials.tutorials()):
        text = page.read_text(encoding="utf-8")
        for link in LINK.findall(text):
            assert (page.parent / link).exists(), f"{page.name}: {link} leads nowhere"
    assert set(LINK.findall(INDEX.read_text(encoding="utf-8"))) == {page.name for page in tutorials.tutorials()}


def test_a_step_that_prints_something_else_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "Save this as\n`half.py`:\n\n```python\nprint('a', 1 / 2)\n```\n\n```console\n$ python half.py\na 0.5\n```\n"
    page.write_text(text)
    assert tutorials.differences(page) == []
    page.write_text(text.replace("a 0.5", "a 0.7"))
    assert tutorials.differences(page)[-2:] == ["-a 0.7", "+a 0.5"]
    assert tutorials.follow(page) == text


@pytest.mark.parametrize(
    ("said", "printed", "agreed"),
    [
        ("a b", "a b", True),
        ("a b", "a  b c", False),
        ("... b", "a b", True),
        ("a ...", "a", True),
        ("a ... c", "a b b c", True),
        ("a ... c ...", "a b", False),
        ("... b ... c", "a c b c", True),
        ("... b ... c", "c b c d", False),
        ("", "a", False),
    ],
)
def test_three_dots_are_any_lines(said: str, printed: str, agreed: bool) -> None:
    assert tutorials.agree(said.split(" "), printed.split(" ")) is agreed


def test_seconds_do_not_count() -> None:
    assert tutorials.agree(["epoch 1/2  loss 0.50  0.31 s"], ["epoch 1/2  loss 0.50  4.20 s"])
