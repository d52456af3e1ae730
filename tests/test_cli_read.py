"""glassnet read: the numbers on a page, in words, as JSON, and drawn into the picture."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commandline import glassnet
from model.test_number import written


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "page.png"
    Image.fromarray(written("2 31", "07")).save(path)
    return path


def test_numbers_with_their_probability_and_place(picture: Path) -> None:
    done = glassnet("read", picture)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["2", "31", "07"]
    assert all("%) at " in line for line in lines)


def test_json_for_each_file(picture: Path, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.fromarray(np.full((100, 200), 255, np.uint8)).save(blank)
    done = glassnet("read", picture, blank, "--json")
    assert done.returncode == 2
    first, second = json.loads(done.stdout)
    assert first["file"] == str(picture)
    assert [number["text"] for number in first["numbers"]] == ["2", "31", "07"]
    x, y, width, height = first["numbers"][2]["box"]
    assert 30 < x < 80
    assert 170 < y < 210
    assert 100 < width < 160
    assert 70 < height < 110
    assert [digit["label"] for digit in first["numbers"][1]["digits"]] == ["3", "1"]
    assert 0.8 < first["numbers"][1]["probability"] <= 1
    assert "problem" not in first
    assert second == {"file": str(blank), "accepted": False, "numbers": [], "problem": second["problem"]}
    assert first["accepted"]
    assert all(digit["evidence"] > 5 for number in first["numbers"] for digit in number["digits"])
    assert second["problem"].startswith("no ink found")


def test_what_is_no_number_is_counted_and_a_doubt_is_said(tmp_path: Path) -> None:
    from PIL import ImageDraw, ImageFont

    image = Image.fromarray(np.pad(written("2 31"), ((0, 160), (0, 200)), constant_values=255))
    ImageDraw.Draw(image).text((60, 230), "Wheat", fill=0, font=ImageFont.load_default(size=90))
    image.save(tmp_path / "both.png")
    done = glassnet("read", tmp_path / "both.png")
    assert "1 other row of ink is not recognised as a number" in done.stdout
    (said,) = json.loads(glassnet("read", tmp_path / "both.png", "--json").stdout)
    assert [number["text"] for number in said["numbers"]] == ["2", "31"]
    ((x, y, _, _),) = said["unknown"]
    assert (x, y) == pytest.approx((60, 250), abs=40)


def test_boxes_and_answers_are_drawn_in(picture: Path, tmp_path: Path) -> None:
    done = glassnet("read", picture, "--save-seen", tmp_path)
    assert done.returncode == 0, done.stderr
    seen = np.asarray(Image.open(tmp_path / "page-seen.png"))
    before = np.asarray(Image.open(picture))
    assert seen.shape == (*before.shape, 3)
    red = (seen[..., 0] > seen[..., 1] + 60).sum()
    assert red > 3 * 2 * (80 + 60)  # three boxes at least
    np.testing.assert_array_equal(np.asarray(Image.open(picture)), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.png"], "does not exist"),
        (["classic"], "expected a file with examples besides the model"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    done = glassnet("read", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_predict_says_where_numbers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "two.png"
    Image.fromarray(written("31")).save(path)
    done = glassnet("predict", path)
    assert done.returncode == 2
    assert "found 2 digits" in done.stderr
    assert "glassnet read" in done.stderr
