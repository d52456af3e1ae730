"""Whole numbers: the path of least cost, and what is said of a page."""

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

import glassnet as gn
from data.handmade import arc, inked
from glassnet.model import number
from glassnet.model.segmentation import best_paths
from glassnet.reading.cuts import Candidate, Mark
from glassnet.reading.rows import Row, rows_of
from glassnet.reading.steps import Steps

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
    small = {k: Mark(sign, HERE, speck=False) for k, sign in (marks or {}).items()}
    return Row(HERE, parts, [Candidate(a, b, image, HERE, 0.1, 0.0, 0) for a, b in spans], small)


def best(row: Row, costs: list[float]) -> list[int]:
    """The ways of the best path, where each candidate costs this much as a digit of its own."""
    letters = [[(chr(97 + k), cost)] for k, cost in enumerate(costs)]
    return [candidate for candidate, _ in best_paths(row, letters)[0].choices]


def test_the_path_of_least_cost_is_the_number() -> None:
    spans = [(0, 1), (0, 2), (1, 2), (2, 3)]
    assert best(row(3, spans), [0.1, 1.0, 0.2, 0.1]) == [0, 2, 3]
    assert best(row(3, spans), [0.1, 1.0, 2.0, 0.1]) == [1, 3]


def test_the_best_paths_of_a_small_row_are_the_best_of_all() -> None:
    """The search against all paths, one by one."""
    rng = np.random.default_rng(0)
    spans = [(a, b) for a in range(6) for b in range(a + 1, min(a + 3, 6) + 1)]
    starts = {a: [k for k, span in enumerate(spans) if span[0] == a] for a in range(6)}

    def all_paths(place: int) -> list[list[int]]:
        return [[]] if place == 6 else [[k, *rest] for k in starts[place] for rest in all_paths(spans[k][1])]

    for _ in range(50):
        costs = rng.exponential(size=len(spans))
        labels = rng.choice(["1", "2", "3"], len(spans)).tolist()
        least: dict[str, float] = {}
        for ways in all_paths(0):
            text = "".join(labels[k] for k in ways)
            least[text] = min(least.get(text, np.inf), costs[ways].sum())
        found = best_paths(row(6, spans), [[pair] for pair in zip(labels, costs.tolist(), strict=True)])
        expected = sorted(least.items(), key=lambda pair: pair[1])[: len(found)]
        assert [path.text for path in found] == [text for text, _ in expected]
        assert [path.cost for path in found] == pytest.approx([cost for _, cost in expected])
        assert ["".join(sign for _, sign in path.choices) for path in found] == [path.text for path in found]


def test_a_mark_is_taken_and_a_speck_left_out_at_a_price() -> None:
    spans = [(0, 1), (2, 3), (0, 2)]
    assert best(row(3, spans, {1: "."}), [0.1, 0.1, 3.0]) == [0, -2, 1]
    assert best(row(3, spans, {1: ""}), [0.1, 0.1, 3.0]) == [2, 1]


@pytest.mark.parametrize(("more", "text"), [(number.DOUBT - 0.01, "7?"), (number.DOUBT + 0.01, "74")])
def test_a_digit_that_a_path_as_good_lacks_is_refused(more: float, text: str) -> None:
    """The right half of 74 could be 11, which costs so much more."""
    parts = row(3, [(0, 1), (1, 3), (1, 2), (2, 3)])
    paths = best_paths(parts, [[("7", 0.1)], [("4", 0.1)], [("1", 0.05)], [("1", 0.05 + more)]])
    seven, four = (gn.Answer(("4", "7"), np.array([p, 1 - p]), evidence=9.0) for p in (0.01, 0.99))
    found = number._number(parts, paths, iter([seven, four]), threshold=4.0)
    assert found
    assert (found.text, found.guess, found.accepted) == (text, "74", text == "74")
    assert found.accepted or found.problem == "the number could also be 711"


@pytest.mark.parametrize(("evidence", "text"), [(4.9, "7?"), (5.1, "74")])
def test_a_digit_that_is_cut_off_needs_more_evidence(evidence: float, text: str) -> None:
    parts = row(2, [(0, 1), (1, 2)])
    parts.candidates[1] = replace(parts.candidates[1], cuts=1)
    paths = best_paths(parts, [[("7", 0.1)], [("4", 0.1)]])
    seven = gn.Answer(("4", "7"), np.array([0.01, 0.99]), evidence=9.0)
    four = gn.Answer(("4", "7"), np.array([0.99, 0.01]), evidence=evidence)
    found = number._number(parts, paths, iter([seven, four]), threshold=4.0)
    assert found
    assert found.text == text


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
    assert "not recognised as a digit" in found.digits[1].problem


def beside(drawing: np.ndarray, strokes: list[list[tuple[float, float]]], left: int, top: int) -> np.ndarray:
    """The drawing with other strokes in it, 80 pixels high, of the same pen."""
    ink = inked(strokes, drawing.shape, (left, top, 80), 9)
    return np.minimum(drawing, (255 * (1 - ink)).astype(np.uint8))


def test_what_stands_among_digits_is_read_or_the_number_is_not_accepted(cnn: gn.Model) -> None:
    apart = np.delete(written("3 7"), slice(150, 190), axis=1)
    assert cnn.read_number(apart).text == "37"
    point = cnn.read_number(beside(apart, [[(0, 0), (0.01, 0.01)]], 128, 126))
    assert (point.text, point.accepted) == ("3.7", True)
    signed = np.pad(apart, ((0, 0), (90, 0)), constant_values=255)
    assert cnn.read_number(beside(signed, [[(0, 0), (0.55, 0)]], 50, 92)).text == "-37"
    middle = [[(0, 0), (0.35, 0)]]
    assert cnn.read_number(beside(np.insert(apart, [150] * 40, 255, axis=1), middle, 128, 92)).text == "3-7"
    colon = beside(beside(apart, [[(0, 0), (0.01, 0.01)]], 128, 126), [[(0, 0), (0.01, 0.01)]], 128, 80)
    assert not cnn.read_number(colon).accepted


def drawn(shape: tuple[int, int], *words: tuple[str, int, int, int, float], dark: float = 1.0) -> np.ndarray:
    """Grey values of words of digits and marks: each the text, left, top, height and pen. A dot is ".", a bar "-"."""
    marks = {".": [[(0, 1), (0.01, 1)]], ",": [[(0.02, 0.97), (-0.06, 1.2)]], "-": [[(0, 0.5), (0.6, 0.5)]]}
    cover = np.zeros(shape)
    for text, left, top, size, pen in words:
        for place, sign in enumerate(text):
            strokes = {**PLAIN, **marks}[sign]
            cover = np.maximum(cover, inked(strokes, shape, (left + 0.95 * size * place, top, size), pen))
    return (255 * (1 - dark * cover)).astype(np.uint8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3,72", [("3", 50, 60, 80, 9), (",", 145, 60, 80, 9), ("72", 170, 60, 80, 9)]),
        ("3.7", [("3", 50, 60, 80, 3), (".", 145, 60, 80, 3), ("7", 170, 60, 80, 3)]),
        ("3.7", [("3", 50, 60, 80, 9), (".", 145, 72, 80, 9), ("7", 170, 60, 80, 9)]),
        ("1307", [("1", 60, 20, 150, 9), ("307", 150, 80, 80, 9)]),
        ("3072 2370 71", [("3072", 50, 20, 80, 9), ("2370", 450, 20, 80, 9), ("71", 100, 150, 120, 12)]),
        ("307 23", [("307", 50, 30, 180, 18), ("23", 700, 270, 14, 2)]),
    ],
    ids=["comma", "fine point", "low point", "high 1", "sizes", "small beside large"],
)
def test_nothing_of_a_number_is_lost(cnn: gn.Model, text: str, words: list[tuple[str, int, int, int, float]]) -> None:
    found = cnn.read_number(drawn((300, 850), *words))
    assert (found.text, found.accepted, found.unknown) == (text, True, ())


def test_a_long_bar_before_a_number_is_its_sign_and_a_far_one_is_reported(cnn: gn.Model) -> None:
    drawing = drawn((220, 700), ("37", 300, 60, 80, 9))
    near, far = drawing.copy(), drawing.copy()
    near[96:104, 100:250] = 0
    far[96:104, 30:110] = 0
    assert cnn.read_number(near).text == "-37"
    assert (cnn.read_number(far).text, len(cnn.read_number(far).unknown)) == ("37", 1)


def test_a_page_that_misses_a_digit_of_another_does_not_count() -> None:
    """The digits of accepted numbers, one on either side; the second page has both."""
    left, right = ((slice(0, 10), slice(x, x + 8)) for x in (0, 10))
    sure = gn.Answer(("3", "7"), np.array([0.01, 0.99]), evidence=9.0)
    one = number.Page((number.Number("7", left, (sure,), (left,)),))
    both = number.Page((number.Number("77", left, (sure, sure), (left, right)),))
    assert one.missed([one, both]) == [right]
    assert both.missed([one, both]) == []
    low = number.Page((number.Number("7", left, (sure,), ((slice(0, 2), slice(20, 22)),)),))
    assert one.missed([low]) == []  # a fifth as high as its digits
    assert low.missed([one]) == [left]


def test_every_digit_of_a_number_must_be_sure(cnn: gn.Model) -> None:
    """With a probability that is enough for a digit alone; the errors of a number's digits add up."""
    sure = [digit for found in cnn.read_number(written("317")).numbers for digit in found.digits]
    network = gn.load_pretrained("cnn")
    network.layers[-1].divide_output(2.5)  # the same answers, less sure
    network.threshold = 1.0
    (unsure,) = number.judged(network, rows_of(written("317"), Steps())).numbers
    assert all((digit.probability or 0) > 0.98 for digit in sure)
    assert (unsure.guess, unsure.accepted) == ("317", False)
    assert all(0.8 < (digit.probability or 0) < 0.98 for digit in unsure.digits)
    assert "needs a probability of 98 %" in unsure.problem


@pytest.mark.parametrize(("height", "text"), [(10, "7.3"), (20, "7,3"), (32, "7,3")])
def test_a_comma_may_hang_below_the_line(cnn: gn.Model, height: int, text: str) -> None:
    comma = np.insert(written("73"), [122] * 24, 255, axis=1)
    comma[127 : 127 + height, 129:136] = 0
    assert cnn.read_number(comma).text == text


def test_what_is_printed_beside_digits_is_no_digit(cnn: gn.Model) -> None:
    """A line that the digits touch hides none of them; empty cells and a squared page hold no 1s."""
    touched = written("73", "21")
    touched[132:136, 30:220] = 0
    found = cnn.read_number(touched)
    assert (found.numbers[-1].text, len(found.numbers) + len(found.unknown)) == ("21", 2)
    assert found.text != "3 21"
    squared = np.full((400, 600), 255, np.uint8)
    squared[::40], squared[:, ::40] = 170, 170
    assert cnn.read_number(squared).numbers == ()
    cells = Image.new("L", (560, 180), 255)
    for k in range(7):
        ImageDraw.Draw(cells).line((40 + 80 * k, 50, 40 + 80 * k, 130), fill=0, width=2)
    for y in (50, 130):
        ImageDraw.Draw(cells).line((40, y, 520, y), fill=0, width=2)
    for picture in (cells, cells.rotate(1, Image.Resampling.BICUBIC, fillcolor=255)):
        assert cnn.read_number(picture).numbers == ()


def test_a_1_nearly_as_high_as_its_cell_is_no_line(cnn: gn.Model) -> None:
    form = drawn((200, 460), ("7", 60, 60, 70, 7), ("1", 190, 57, 86, 7), ("3", 320, 60, 70, 7))
    for x in (40, 160, 280, 400):
        form[50:150, x : x + 2] = 0
    form[50:52, 40:402] = form[148:150, 40:402] = 0
    assert cnn.read_number(form).text == "713"


def test_marks_between_digits_are_seen(cnn: gn.Model) -> None:
    """The points of a colon are not in a digit, a long comma is no 1, and what may be a point or a comma is neither."""
    gap = np.insert(written("73"), [122] * 24, 255, axis=1)
    for marks in ([(70, 8), (105, 8)], [(118, 44)], [(120, 17)]):  # the first row and the height of each
        marked = gap.copy()
        for top, tall in marks:
            marked[top : top + tall, 127:140] = 0
        found = cnn.read_number(marked)
        assert not found.accepted
        assert "1" not in found.text


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("1,5", True), ("1,234,567", True), ("12,345,678.90", True), ("1,52,5", False), ("1,5,", False)],
)
def test_several_commas_stand_before_groups_of_three(text: str, accepted: bool) -> None:
    """Otherwise two numbers stand close to each other."""
    assert number.Number(text, HERE, (), ()).accepted == accepted


def test_noise_beside_a_number_is_no_digit(cnn: gn.Model) -> None:
    """An upright line of 9 pixels is no 1, and a short line no minus."""
    noisy = written("73")
    noisy[10:19, 250:252] = 60
    speck = written("73")
    speck[90:92, 25:30] = 90
    for drawing in (noisy, speck):
        found = cnn.read_number(drawing)
        assert (found.text, found.accepted, found.unknown) == ("73", True, ())


def test_lines_blocks_and_angular_zeros(cnn: gn.Model) -> None:
    underlined = written("73")
    underlined[145:152, 20:240] = 0
    assert cnn.read_number(underlined).text == "73"
    margin = written("37", "20")
    margin[10:330, 12:18] = 0
    assert cnn.read_number(margin).text == "37 20"
    for above, text in ((10, ""), (45, "73")):  # a line down is no 1, and no minus
        beside_it = np.pad(written("73"), ((above, above), (0, 60)), constant_values=255)
        beside_it[above // 2 : -above // 2, 250:256] = 0
        assert cnn.read_number(beside_it).text == text
    square = np.full((200, 300), 255, np.uint8)
    square[60:100, 60:100] = 0
    assert cnn.read_number(square).numbers == ()
    square_zero = [[(0, 0), (0.6, 0), (0.6, 1), (0, 1), (0, 0)]]
    angular = cnn.read_number(beside(written("1  3"), square_zero, 135, 50)).numbers
    assert "".join(found.guess for found in angular) == "103"
    fine = drawn((220, 500), ("1", 60, 60, 80, 4), ("3", 240, 60, 80, 4))  # its frame is taken away, in the usual way
    fine = np.minimum(fine, (255 * (1 - inked(square_zero, fine.shape, (140, 60, 80), 4))).astype(np.uint8))
    found = cnn.read_number(fine)
    assert (found.text, len(found.unknown)) == ("1 3", 1)  # the 0 has too little evidence, and is reported


def test_a_page_that_the_usual_way_spoils_is_read_in_another_way(cnn: gn.Model) -> None:
    """A label with a number, on grey paper with another, is taken for the page."""
    label, rest = (
        np.pad(np.minimum(written(text), grey), 30, constant_values=200) for text, grey in (("20", 245), ("37", 200))
    )
    drawing = np.concatenate([label, rest], axis=1)
    assert number.judged(cnn.network, rows_of(drawing, Steps())).text == "20"
    assert cnn.read_number(drawing).text == "20 37"


def test_a_page_without_a_number_says_so(cnn: gn.Model) -> None:
    from PIL import ImageDraw, ImageFont

    image = Image.new("L", (500, 160), 255)
    ImageDraw.Draw(image).text((40, 30), "Wheat", fill=0, font=ImageFont.load_default(size=90))
    page = cnn.read_number(image)
    assert page.numbers == ()
    assert page.problem.startswith("no number found")
    assert page.text == ""
    assert len(page.unknown) > 0


def test_a_row_that_is_refused_as_a_whole_is_said_to_be_most_like_a_number(cnn: gn.Model) -> None:
    rows = rows_of(written("31"), Steps())
    strict = gn.load_pretrained("cnn")
    strict.threshold = 100.0
    page = number.judged(strict, rows)
    assert (page.numbers, page.text, page.accepted, page.guess) == ((), "", False, "31")
    assert page.problem.endswith("; most like 31")
    assert number.judged(strict, rows * 2).guess == ""  # of several rows, it would be a guess at each line of a letter
    assert number.judged(cnn.network, rows).guess == "31"


def test_a_network_that_knows_or_refuses_no_digits_reads_no_numbers(tmp_path) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=4)
    gn.save_network(network, tmp_path / "small.safetensors")
    with pytest.raises(gn.DataError, match="takes examples of shape"):
        gn.Model.open(tmp_path / "small.safetensors").read_number(written("3"))
    network = gn.Network([gn.Flatten(), gn.Dense(10)], input_shape=(28, 28))  # which refuses nothing
    gn.save_network(network, tmp_path / "sure.safetensors")
    with pytest.raises(gn.DataError, match=r"numbers need a network .* with a threshold"):
        gn.Model.open(tmp_path / "sure.safetensors").read_number(written("3"))
