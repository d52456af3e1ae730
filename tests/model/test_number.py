"""Whole numbers: the path of least cost, and what is said of a page."""

import math

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from data.handmade import arc, inked
from glassnet.model import number
from glassnet.reading.cuts import Candidate
from glassnet.reading.number import Row

HERE = (slice(0, 10), slice(0, 10))
# Digits that no hand could mean otherwise.
PLAIN = {
    "0": [arc(0.5, 0.5, 0.3, 0.5, 0, 360)],
    "1": [[(0.5, 0.0), (0.48, 1.0)]],
    "2": [[*arc(0.45, 0.28, 0.3, 0.28, -170, 40), (0.1, 1.0), (0.8, 0.98)]],
    "3": [[*arc(0.45, 0.26, 0.3, 0.26, -150, 90), *arc(0.45, 0.74, 0.35, 0.26, -90, 150)]],
    "7": [[(0.15, 0.02), (0.85, 0.0), (0.4, 1.0)]],
}


@pytest.fixture(scope="module")
def cnn() -> gn.Model:
    return gn.Model.open("cnn")


def written(*rows: str) -> np.ndarray:
    """Grey values of rows of digits on white paper; a space is a wide gap."""
    cover = np.zeros((140 * len(rows) + 60, 90 * max(map(len, rows)) + 80))
    for line, row in enumerate(rows):
        for place, sign in enumerate(row):
            if sign in PLAIN:
                box = (40 + 90 * place, 50 + 140 * line, 80)
                cover = np.maximum(cover, inked(PLAIN[sign], cover.shape, box, 9))
    return (255 * (1 - cover)).astype(np.uint8)


def row(parts: int, spans: list[tuple[int, int]], marks: dict[int, str] | None = None) -> Row:
    image = np.zeros((28, 28), np.uint8)
    return Row(HERE, parts, [Candidate(a, b, image, HERE, 0.0, 0) for a, b in spans], marks or {})


def test_the_path_of_least_cost_is_the_number() -> None:
    spans = [(0, 1), (0, 2), (1, 2), (2, 3)]
    assert number._best_path(row(3, spans), [0.1, 1.0, 0.2, 0.1]) == [0, 2, 3]
    assert number._best_path(row(3, spans), [0.1, 1.0, 2.0, 0.1]) == [1, 3]


def test_every_path_of_a_small_row_costs_no_less() -> None:
    """The path by dynamic programming against all paths, one by one."""
    rng = np.random.default_rng(0)
    spans = [(a, b) for a in range(6) for b in range(a + 1, min(a + 3, 6) + 1)]
    starts = {a: [k for k, span in enumerate(spans) if span[0] == a] for a in range(6)}

    def all_paths(place: int) -> list[list[int]]:
        return [[]] if place == 6 else [[k, *rest] for k in starts[place] for rest in all_paths(spans[k][1])]

    for _ in range(50):
        costs = rng.exponential(size=len(spans)).tolist()
        best = number._best_path(row(6, spans), costs)
        least = min(sum(costs[k] for k in path) for path in all_paths(0))
        assert sum(costs[k] for k in best) == pytest.approx(least)


def test_a_mark_is_taken_and_a_speck_left_out_at_a_price() -> None:
    spans = [(0, 1), (2, 3), (0, 2)]
    assert number._best_path(row(3, spans, {1: "."}), [0.1, 0.1, 3.0]) == [0, -2, 1]
    assert number._best_path(row(3, spans, {1: ""}), [0.1, 0.1, 3.0]) == [2, 1]


def test_numbers_are_read_with_their_places(cnn: gn.Model) -> None:
    page = cnn.read_number(written("2 31", "07"))
    assert page.text == "2 31 07"
    assert page.problem == ""
    x, y, width, height = page.numbers[2].box
    assert (x, y) == pytest.approx((40 + 0.2 * 80, 190), abs=8)
    assert (width, height) == pytest.approx((90 + 0.6 * 80, 80), abs=16)
    first, second = page.numbers[1].boxes
    assert first[0] + first[2] <= second[0]
    assert page.numbers[1].accepted
    digits = page.numbers[1].digits
    assert page.numbers[1].probability == pytest.approx(math.prod(digit.probability or 0 for digit in digits))
    assert page.numbers[1].evidence == min(digit.evidence or 0 for digit in digits)


def test_a_digit_without_evidence_is_a_question_mark(cnn: gn.Model) -> None:
    """An E between digits."""
    drawing = written("2037")
    letter = inked([[(0.6, 0), (0, 0), (0, 1), (0.6, 1)], [(0, 0.5), (0.5, 0.5)]], drawing.shape, (135, 50, 80), 9)
    drawing[:, 118:215] = 255
    drawing = np.minimum(drawing, (255 * (1 - letter)).astype(np.uint8))
    (found,) = cnn.read_number(drawing).numbers
    assert found.text == "2?37"
    assert not found.accepted
    assert "no digit that I know" in found.digits[1].problem


def test_a_page_without_a_number_says_so(cnn: gn.Model) -> None:
    from PIL import ImageDraw, ImageFont

    image = Image.new("L", (500, 160), 255)
    ImageDraw.Draw(image).text((40, 30), "Wheat", fill=0, font=ImageFont.load_default(size=90))
    page = cnn.read_number(image)
    assert page.numbers == ()
    assert page.problem.startswith("no number that I know")
    assert page.text == ""
    assert len(page.unknown) > 0


def test_a_model_of_tables_reads_no_numbers(tmp_path) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=4)
    gn.save_network(network, tmp_path / "small.safetensors")
    with pytest.raises(gn.DataError, match="takes examples of shape"):
        gn.Model.open(tmp_path / "small.safetensors").read_number(written("3"))
