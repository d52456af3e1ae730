"""The drawings of the short course are what their code draws from the numbers of the pages."""

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the drawings need the extra 'plots'")
sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
import drawings

ROUNDED = ("step", "rings")  # they show rounding errors, and a long training: other curves on another processor
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")


def parts(svg: str) -> tuple[list[str], list[float]]:
    """An SVG without its embedded images, as what stands between its numbers, and the numbers."""
    svg = re.sub(r'"data:image/png;base64,[^"]*"', '""', svg)
    return NUMBER.split(svg), [float(number) for number in NUMBER.findall(svg)]


FIRST = [pytest.param(name, marks=[pytest.mark.repeats] * (k > 0)) for k, name in enumerate(drawings.DRAWINGS)]


@pytest.mark.parametrize("name", FIRST)
def test_a_drawing_is_what_its_code_draws(name: str) -> None:
    kept = (drawings.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    drawn = drawings.as_svg(drawings.DRAWINGS[name]())
    assert re.findall(r"<text.*?>(.*?)</text>", kept) == re.findall(r"<text.*?>(.*?)</text>", drawn)
    if name not in ROUNDED:
        (text, numbers), (text_now, now) = parts(kept), parts(drawn)
        assert text == text_now
        assert now == pytest.approx(numbers, rel=0.02, abs=0.5)


def test_every_drawing_is_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in drawings.FOLDER.glob("*.md"))
    assert sorted(re.findall(r"\]\(([\w-]+)\.svg\)", pages)) == sorted(drawings.DRAWINGS)
    assert sorted(path.stem for path in drawings.FOLDER.glob("*.svg")) == sorted(drawings.DRAWINGS)
