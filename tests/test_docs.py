"""The examples in the documentation print what the pages say."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import docs

from properties import LONG_PAGES


def examples() -> list:
    found = []
    for page in docs.pages():
        marks = [pytest.mark.mnist] if 'load_dataset("mnist"' in page.read_text(encoding="utf-8") else []
        if page.stem in LONG_PAGES:  # `make fuzz` runs them
            continue
        found.append(pytest.param(page, id=str(page.relative_to(docs.DOCS)), marks=marks))
    return found


@pytest.mark.parametrize("page", examples())
def test_examples_print_what_the_page_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for package, extra in (("onnx", "export"), ("onnxruntime", "test"), ("sklearn", "sklearn"), ("torch", "bench")):
        if f"import {package}\n" in text or f"from {package}." in text:
            pytest.importorskip(package, reason=f"this page needs the extra '{extra}'")
    assert docs.differences(page) == []


def test_a_number_that_is_not_printed_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint('a', 0.5)\nprint(1_000)\n```\n\n```text\na 0.53\n1000\n```\n")
    assert docs.differences(page) == ["page.md: 'a 0.53' is now 'a 0.5'"]
    page.write_text("```python\nprint('a', 0.5)\n```\n\n```text\n```\n")
    assert "0 lines in the page, 1 printed" in docs.differences(page)[0]


def test_a_program_by_itself_is_left_to_the_test_of_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    by_itself = f"{docs.FILE}```python\nraise SystemExit\n```\n\n```text\n7\n```\n\n"
    page.write_text(f"{by_itself}```python\nprint(1)\n```\n\n```text\n1\n```\n")
    assert docs.differences(page) == []
    assert [code for _, code in docs.alone(page)] == ["print(1)\n"]
    assert docs.files(page) == [("raise SystemExit\n", "7\n")]


@pytest.mark.parametrize(
    "page", [page for page in docs.DOCS.rglob("*.md") if docs.files(page)], ids=lambda page: page.name
)
def test_a_page_with_programs_by_themselves_has_a_test(page: Path) -> None:
    assert page.name in (Path(__file__).parent / f"test_{page.stem}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("loss 0.312", "loss  0.313", True),
        ("loss 0.312", "loss 0.33", False),
        ("97.9 %", "98.1 %", True),
        ("7 right", "8 right", True),
        ("7 right", "9 right", False),
        ("2.1e-10", "2.2e-10", True),
        ("2.1e-10", "7e-09", True),
        ("2.1e-10", "2.1e-05", False),
        ("2.1e-03", "2.1e-02", False),
        ("dense1", "relu1", False),
    ],
)
def test_what_counts_as_the_same(a: str, b: str, same: bool) -> None:
    assert docs.same(a, b) is same
