"""Drawings as MNIST would have stored them: MNIST itself passes unchanged, everything else takes its form."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.errors import DataError
from glassnet.reading.digit import count_digits
from glassnet.reading.drawing import centre_of_mass, resize, to_digits, to_mnist
from glassnet.reading.ink import _quadratic, find_ink
from glassnet.reading.pieces import depth, extents, pen_width, pieces
from properties import any_grey


def seven(size: int = 200, pen: int = 16) -> np.ndarray:
    """A 7 drawn in dark on light."""
    page = np.full((size, size), 240, np.uint8)
    left, right, top, bottom = size // 4, 3 * size // 4, size // 5, 4 * size // 5
    page[top : top + pen, left:right] = 20
    for row in range(top, bottom):
        column = right - (row - top) * (right - left) // (2 * (bottom - top))
        page[row, column - pen : column] = 20
    return page


def bars(height: int, width: int, rows: slice, columns: slice) -> np.ndarray:
    """A page with one black rectangle."""
    page = np.full((height, width), 255, np.uint8)
    page[rows, columns] = 0
    return page


def extent(image: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def noisy(page: np.ndarray, deviation: float) -> np.ndarray:
    return np.clip(page + np.random.default_rng(0).normal(0, deviation, page.shape), 0, 255).astype(np.uint8)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """The mean absolute difference of two images; see `test_the_scale_of_differences`."""
    return float(np.abs(a.astype(float) - b).mean())


# --- MNIST itself


@pytest.mark.mnist
def test_mnist_passes_unchanged(mnist: gn.Dataset) -> None:
    for images in (mnist.train.inputs, mnist.test.inputs):
        for image in images:
            assert to_mnist(image) is image
    assert len(mnist.train.inputs) + len(mnist.test.inputs) == 70_000


@pytest.mark.mnist
@pytest.mark.parametrize("shift", [(-3, 2), (0, 4), (1, 0)])
def test_an_mnist_digit_out_of_place_is_put_there(mnist: gn.Dataset, shift: tuple[int, int]) -> None:
    """Only those are moved that lose nothing beyond the edge."""
    room = [image for image in mnist.test.x[:150] if not image[[*range(4), *range(-4, 0)]].any()]
    room = [image for image in room if not image[:, [*range(4), *range(-4, 0)]].any()]
    assert len(room) > 15
    differences = [difference(to_mnist(np.roll(image, shift, axis=(0, 1))), image) for image in room]
    assert np.quantile(differences, 0.9) < 3


@pytest.mark.mnist
def test_an_mnist_digit_of_another_size_is_scaled(mnist: gn.Dataset) -> None:
    for image in mnist.test.x[:30]:
        small = np.pad(image.reshape(14, 2, 14, 2).mean(axis=(1, 3)).round().astype(np.uint8), 7)
        assert max(extent(to_mnist(small))) == 20


@pytest.mark.mnist
def test_the_centre_of_mass_is_where_mnist_has_it(mnist: gn.Dataset) -> None:
    centres = np.array([centre_of_mass(image.astype(float)) for image in mnist.test.x])
    assert np.abs(centres - 14).max() < 0.51


@pytest.mark.mnist
def test_mnist_inverted_comes_back(mnist: gn.Dataset) -> None:
    """28x28 pixels on white are drawn anew: the same place to the pixel, and nearly the same grey."""
    differences = [difference(to_mnist(255 - image), image) for image in mnist.test.x[:200]]
    assert np.quantile(differences, 0.95) < 3  # the faintest pixels, below 0.15 of the ink, are gone


@pytest.mark.repeats
@pytest.mark.mnist
def test_a_magnified_mnist_digit_comes_back(mnist: gn.Dataset) -> None:
    differences = []
    for image in mnist.test.x[:20]:
        paper = np.pad(np.kron(255 - image, np.ones((10, 10))), ((30, 90), (200, 0)), constant_values=255)
        differences.append(difference(to_mnist(noisy(paper, 8)), image))
    assert np.median(differences) < 2
    assert np.quantile(differences, 0.9) < 6  # a few are rounded to the neighbouring pixel


@pytest.mark.mnist
def test_the_scale_of_differences(mnist: gn.Dataset) -> None:
    """What a difference means, for the tolerances below: another digit, a digit moved by a pixel."""
    some = mnist.test.x[:200]
    assert np.mean([difference(a, b) for a, b in pairwise(some)]) > 30
    assert np.mean([difference(a, np.roll(a, 1, axis=1)) for a in some]) > 12


# --- where the digit is put


@pytest.mark.parametrize(
    ("size", "pen"), [(16, 2), (40, 4), (200, 16), (200, 30), (1500, 90), (1500, 125), (4000, 300)]
)
def test_the_longer_side_is_20_and_the_mass_in_the_middle(size: int, pen: int) -> None:
    image = to_mnist(seven(size, pen))
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert max(extent(image)) == 20
    assert centre_of_mass(image.astype(float)) == pytest.approx((14, 14), abs=0.51)  # on whole pixels, and rounded
    assert image.max() == 255


def test_a_lopsided_digit_stays_whole() -> None:
    """All its mass is at the bottom: with that in the middle, the top would lie beyond the edge."""
    page = bars(200, 200, slice(20, 180), slice(98, 102))
    page[160:180, 30:170] = 0
    image = to_mnist(page)
    assert extent(image) == (20, 18)
    assert image[0].any()
    assert centre_of_mass(image.astype(float))[0] > 14.6


@pytest.mark.parametrize(("height", "width", "expected"), [(60, 30, (20, 10)), (18, 60, (6, 20)), (50, 40, (20, 16))])
def test_aspect_is_kept(height: int, width: int, expected: tuple[int, int]) -> None:
    """Of the outline of a rectangle."""
    page = bars(160, 300, slice(20, 20 + height), slice(100, 100 + width))
    page[26 : 14 + height, 106 : 94 + width] = 255
    assert extent(to_mnist(page)) == expected


def test_edges_are_grey_by_the_area_that_is_inked() -> None:
    """An L of 80x80 pixels becomes a quarter; its stem, ten pixels wide, covers two columns and half of the next."""
    page = bars(160, 160, slice(30, 110), slice(30, 40))
    page[102:110, 30:110] = 0
    image = to_mnist(page)
    column = image[image.any(axis=1)][5]
    np.testing.assert_allclose(column[column > 0], [255, 255, 128], atol=1)


def test_light_on_dark_is_the_same_as_dark_on_light() -> None:
    black = np.where(seven() < 128, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(to_mnist(255 - black), to_mnist(black))
    assert difference(to_mnist(255 - seven()), to_mnist(seven())) < 1  # on paper that is not white, shares differ


def test_where_the_digit_stands_does_not_matter() -> None:
    page = np.full((240, 245), 240, np.uint8)
    page[:200, :200] = seven()
    moved = np.roll(page, (35, 40), axis=(0, 1))
    np.testing.assert_array_equal(to_mnist(moved), to_mnist(page))


@pytest.mark.parametrize("times", [2, 3, 8])
def test_a_magnified_drawing_is_the_same_drawing(times: int) -> None:
    """Up to the pixels at the edges of the strokes, since a large drawing is looked at in blocks that cut them."""
    large = np.kron(seven(), np.ones((times, times), np.uint8))
    assert difference(to_mnist(large), to_mnist(seven())) < 2


# --- what is ink, and what is not


@pytest.mark.parametrize("pen", [1, 2, 5, 12, 30, 50])
@pytest.mark.parametrize("invert", [False, True])
def test_any_pen(pen: int, invert: bool) -> None:
    """A thin line is as white as a thick one, and its strokes are as wide as MNIST's are."""
    page = seven(200, pen)
    image = to_mnist(255 - page if invert else page)
    assert image.max() == 255
    assert np.median(image[image > 0]) > 120
    assert max(extent(image)) == 20
    enlarged = resize(image / 255, 224, 224) > 0.5
    assert 1.2 < pen_width(enlarged) / 8 < 5.2  # scaling makes edges whiter


@pytest.mark.mnist
def test_mnist_pens(mnist: gn.Dataset) -> None:
    """The bounds are quantiles of MNIST's own strokes, of 600 images here."""
    from glassnet.reading.drawing import THICK, THIN, USUAL_PENS

    widths = [pen_width(resize(image / 255, 224, 224) > 0.5) / 8 for image in mnist.train.inputs[::100]]
    quantiles = np.quantile(widths, [0.01, 0.05, 0.95, 0.99])
    np.testing.assert_allclose(quantiles, [USUAL_PENS[0], THIN, THICK, USUAL_PENS[1]], atol=0.15)


def light(kind: str) -> np.ndarray:
    """How bright the page is, of 1."""
    y, x = np.mgrid[:300, :300] / 300
    if kind == "from the left":
        return 1 - 0.6 * x
    if kind == "from a corner":
        return 0.35 + 0.65 * x * (1 - 0.4 * y)
    if kind == "lamp":
        return 1 - 1.2 * ((x - 0.4) ** 2 + (y - 0.5) ** 2)
    return np.where(x + 0.3 * y > 0.7, 0.6, 1.0)  # the shadow of a hand


@pytest.mark.parametrize("kind", ["from the left", "from a corner", "lamp", "shadow"])
def test_uneven_light_does_not_matter(kind: str) -> None:
    page = seven(300, 20)
    assert difference(to_mnist(noisy(page * light(kind), 3)), to_mnist(page)) < 4


@pytest.mark.parametrize("deviation", [5, 15, 35])
def test_noise_does_not_matter(deviation: float) -> None:
    page = seven(300, 20)
    assert difference(to_mnist(noisy(page, deviation)), to_mnist(page)) < 6


def test_dirt_is_left_out() -> None:
    page = seven(300, 20)
    rng = np.random.default_rng(3)
    dirty = page.copy()
    dirty[rng.random(page.shape) < 0.003] = 0
    for row, column in rng.integers(0, 290, (5, 2)):
        dirty[row : row + 5, column : column + 5] = 0
    assert difference(to_mnist(dirty), to_mnist(page)) < 6


@pytest.mark.parametrize("slope", [0.0, 0.05])
@pytest.mark.parametrize("grey", [170, 60])
@pytest.mark.parametrize("squared", [False, True])
def test_lines_on_the_paper_are_left_out(slope: float, grey: int, squared: bool) -> None:
    """Thinner than the pen, pale or nearly as dark as it; the strokes that they cross stay whole."""
    y, x = np.mgrid[:300, :300]
    lines = (y + slope * x + 23) % 60 < 3
    if squared:
        lines |= (x - slope * y + 10) % 60 < 3
    page = seven(300, 20)
    image = to_mnist(np.where(lines, np.minimum(page, grey), page).astype(np.uint8))
    assert difference(image, to_mnist(page)) < 6  # half of what moving it by a pixel does


def test_an_empty_ruled_page_has_no_ink() -> None:
    page = np.full((300, 300), 240, np.uint8)
    page[20::60] = page[21::60] = 100
    with pytest.raises(DataError, match="no ink found"):
        to_mnist(page)


def test_the_bar_of_a_digit_is_no_line() -> None:
    """Cut out closely, a bar runs across the whole picture too, but it is as strong as the rest."""
    page = bars(120, 80, slice(0, 10), slice(0, 80))
    page[:100, 60:70] = 0
    image = to_mnist(page)
    assert extent(image) == (20, 16)
    assert image[image.any(axis=1)][0].sum(dtype=int) > 15 * 255


def test_a_frame_around_the_digit_is_left_out() -> None:
    page = np.pad(seven(300, 20), 100, constant_values=240)
    for side in (110, 112, 386, 388):
        page[side : side + 2, 110:390] = page[110:390, side : side + 2] = 90
    assert difference(to_mnist(page), to_mnist(seven(300, 20))) < 2


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("shape", ["left", "around", "turned"])
def test_the_table_under_the_paper_is_left_out(shape: str, invert: bool) -> None:
    page = np.pad(seven(300, 20), 40, constant_values=240)
    y, x = np.mgrid[:380, :380]
    left, others = {"left": (40, 0), "around": (40, 25), "turned": (25 + 0.06 * y, 20 + 0.04 * x)}[shape]
    on_table = (x < left) | (y < others) | (y >= 380 - others) | (x >= 380 - others)
    page[on_table] = 50
    assert difference(to_mnist(255 - page if invert else page), to_mnist(seven(300, 20))) < 6


def test_a_narrow_digit_on_a_sheet_is_not_lost_in_the_table() -> None:
    page = np.full((400, 350), 50, np.uint8)
    y, x = np.mgrid[:400, :350]
    page[(x > 35 + 0.03 * y) & (x < 325 - 0.02 * y) & (y > 32) & (y < 380)] = 235
    page[110:280, 160:168] = 25
    image = to_mnist(page)
    assert extent(image)[0] == 20
    assert extent(image)[1] <= 3


def test_dark_corners_are_left_out() -> None:
    page = seven(300, 20)
    y, x = np.mgrid[:300, :300]
    for across in (x, 299 - x):
        for down in (y, 299 - y):
            page[across + down < 110] = 60
    assert difference(to_mnist(page), to_mnist(seven(300, 20))) < 2


def test_what_reaches_into_the_picture_is_left_out() -> None:
    """Parts of the digits on both sides."""
    page = seven(300, 20)
    page[100:112, :60] = page[180:192, 240:] = 20
    assert difference(to_mnist(page), to_mnist(seven(300, 20))) < 2


def test_a_digit_that_touches_the_border_stays_whole() -> None:
    page = seven(200, 16)
    assert difference(to_mnist(page[40:160, 50:150]), to_mnist(page)) < 3


@pytest.mark.parametrize("gap", [8, 60])
def test_more_than_one_digit_is_said(gap: int) -> None:
    digit = seven(200, 16)[30:170, 40:160]
    between = np.full((140, gap), 240, np.uint8)
    row = np.hstack([digit, between, digit, between, digit])
    for form in (to_mnist, to_digits):
        with pytest.raises(
            DataError, match=r"^found 3 digits, .*: expected one; whole numbers are read by read_number"
        ):
            form(np.pad(row, 30, constant_values=240))
        with pytest.raises(DataError, match=r"^found 2 digits"):
            form(np.pad(np.vstack([digit, np.full((60, 120), 240, np.uint8), digit]), 30, constant_values=240))


def test_a_page_full_of_things_is_refused_at_once() -> None:
    """3,600 squares, each as large as a digit might be: found in one pass, not compared with each other."""
    page = np.full((1000, 1000), 250, np.uint8)
    for row in range(4, 964, 16):
        for column in range(4, 964, 16):
            page[row : row + 8, column : column + 8] = 20
    for form in (to_mnist, to_digits):
        with pytest.raises(DataError, match=r"^found more than 20 objects: expected one digit; crop the picture to it"):
            form(page)


def test_a_blot_is_refused() -> None:
    y, x = np.mgrid[:200, :200] - 100
    for blot in (x**2 + y**2 < 60**2, x**2 + y**2 < 4**2, np.maximum(np.abs(x), np.abs(y)) < 70):
        with pytest.raises(DataError, match=r"^found a blot, not strokes"):
            to_mnist(np.where(blot, 30, 240).astype(np.uint8))
    fat = (x**2 + y**2 < 60**2) & (x**2 + y**2 > 20**2)
    assert to_mnist(np.where(fat, 30, 240).astype(np.uint8)).any()  # a 0 with a pen of a third of its height


@pytest.mark.mnist
def test_one_digit_is_rarely_taken_for_two(mnist: gn.Dataset) -> None:
    """Of the 70,000 eight are broken so badly, of the first 2,000 one; two side by side are always seen."""
    alarms = 0
    for image in mnist.train.inputs[:2000]:
        numbers = pieces(image > 0.15 * 255)
        amounts = np.bincount(numbers.ravel(), weights=image.ravel() / 255)
        amounts[0] = 0
        alarms += count_digits(amounts, extents(numbers)) > 1
    assert alarms <= 1
    for left, right in pairwise(mnist.test.x[:20]):
        pair = np.hstack([left[:, left.any(axis=0)], np.zeros((28, 4), np.uint8), right[:, right.any(axis=0)]])
        with pytest.raises(DataError, match=r"found \d+ digits"):
            to_mnist(np.kron(np.pad(pair, 6), np.ones((4, 4), np.uint8)))


def test_a_digit_in_two_pieces_stays_whole() -> None:
    """The bar of a 5 that does not touch its bow: a tenth of the ink is no dirt."""
    page = bars(200, 200, slice(60, 180), slice(60, 80))
    page[30:42, 60:80] = 0
    with_bar, without = find_ink(page), find_ink(bars(200, 200, slice(60, 180), slice(60, 80)))
    assert with_bar.shape[0] == 150
    assert without.shape[0] == 120


def test_faint_pencil_is_ink() -> None:
    page = np.where(seven(300, 12) < 128, 165, 210)
    assert difference(to_mnist(noisy(page, 3)), to_mnist(seven(300, 12))) < 6


def test_a_tight_cut_is_told_from_its_paper() -> None:
    """Most of a thick 1 cut out closely is ink, but its border is paper."""
    page = bars(190, 58, slice(4, 186), slice(6, 52))
    image = to_mnist(page)
    assert extent(image)[0] == 20
    assert image[14, 14] == 255
    assert not image[14, :10].any()


def test_a_small_digit_on_a_large_page_is_looked_at_again_from_close_by() -> None:
    page = np.full((2000, 3000), 240, np.uint8)
    page[1500:1700, 2500:2700] = seven()
    assert difference(to_mnist(page), to_mnist(seven())) < 2


BARE_PAGES = {
    "white": np.full((50, 50), 255),
    "black": np.zeros((50, 50)),
    "black 28x28": np.zeros((28, 28)),
    "grey": np.full((30, 30), 128),
    "1x1": np.full((1, 1), 9),
    "empty": np.zeros((0, 7)),
    "line": np.zeros((1, 90_000)),
    "light from the side": np.tile(np.linspace(80, 220, 200), (200, 1)),
    "too little contrast": np.where(seven() < 128, 196, 210),  # less than a tenth of the paper's grey
    "noise": noisy(np.full((300, 300), 128), 4),
    "strong noise": noisy(np.full((300, 300), 128), 40),
    "speck": bars(300, 300, slice(9, 10), slice(20, 22)),
}


@pytest.mark.parametrize("page", BARE_PAGES.values(), ids=BARE_PAGES.keys())
def test_no_ink_is_said(page: np.ndarray) -> None:
    for form in (to_mnist, to_digits):
        with pytest.raises(DataError, match="no ink found: expected a digit") as error:
            form(page.astype(np.uint8))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("form", [to_mnist, to_digits])
def test_only_grey_values_are_taken(form) -> None:
    with pytest.raises(DataError, match=r"expected grey values \(H, W\), uint8, got uint8 of shape \(30, 30, 3\)"):
        form(np.zeros((30, 30, 3), np.uint8))
    with pytest.raises(DataError, match=r"uint8, got float64 of shape \(28, 28\)"):
        form(np.zeros((28, 28)))


def test_any_array_of_grey_values_is_taken_or_refused() -> None:
    assert sum(map(any_grey, range(40))) > 4


def test_a_large_picture_takes_little_memory() -> None:
    page = seven(4000, 300)
    tracemalloc.start()
    try:
        to_mnist(page)
        assert tracemalloc.get_traced_memory()[1] < 64e6  # four bytes a pixel
    finally:
        tracemalloc.stop()


# --- the 8x8 digits


def test_the_8x8_digits_pass_unchanged() -> None:
    digits = (
        pytest.importorskip("sklearn.datasets", reason="the 8x8 digits need the extra 'sklearn'").load_digits().images
    )
    for image in digits:
        np.testing.assert_array_equal(to_digits((image * 255 / 16).round().astype(np.uint8)), image)


def test_an_8x8_digit_magnified_comes_back() -> None:
    digits = (
        pytest.importorskip("sklearn.datasets", reason="the 8x8 digits need the extra 'sklearn'").load_digits().images
    )
    rows = np.arange(8).repeat(12)
    steps = [
        np.abs(to_digits((255 - image[rows][:, rows] * 15).astype(np.uint8)) - image).mean() for image in digits[:100]
    ]
    assert np.median(steps) < 3.2  # of 16; a whole pixel is now inked or not, and two different digits differ by 5.3


@pytest.mark.parametrize("pen", [1, 4, 16, 30])
def test_digits_have_the_form_of_ucis(pen: int) -> None:
    image = to_digits(seven(200, pen))
    assert image.shape == (8, 8)
    assert image.max() == 16
    assert image.sum() >= 250  # thin pens are thickened, as NIST's routines did
    assert image[0].any()  # all of the height
    assert image[-1].any()
    if pen > 4:
        assert not image[:, [0, 7]].any()  # and 20 of the 32 columns


def test_digits_are_counts_of_inked_pixels() -> None:
    """A square takes the 20 columns in the middle, whole blocks but for half of the second and the seventh."""
    image = to_digits(bars(200, 200, slice(60, 130), slice(60, 130)))
    np.testing.assert_array_equal(image, [[0, 8, 16, 16, 16, 16, 8, 0]] * 8)


def test_digits_are_set_upright() -> None:
    slanted = np.full((200, 200), 255, np.uint8)
    for row in range(40, 160):
        slanted[row, 120 - row // 4 : 140 - row // 4] = 0
    straight = bars(200, 200, slice(40, 160), slice(90, 110))
    assert np.abs(to_digits(slanted).astype(int) - to_digits(straight)).sum() <= 32  # one column of 32 pixels


# --- the pieces it is made of


def test_resize_keeps_the_mean_and_constants() -> None:
    values = np.random.default_rng(0).random((37, 21))
    assert resize(values, 7, 5).shape == (7, 5)
    assert resize(values, 7, 5).mean() == pytest.approx(values.mean(), rel=1e-12)
    np.testing.assert_allclose(resize(np.full((9, 4), 3.0), 20, 11), 3, rtol=1e-12)


def test_resize_averages_areas_and_draws_lines() -> None:
    np.testing.assert_allclose(resize(np.array([[0.0, 3, 6]]), 1, 2), [[1, 5]])  # 2/3 of 0 + 1/3 of 3, ...
    np.testing.assert_allclose(resize(np.array([[0.0, 4]]), 1, 4), [[0, 1, 3, 4]])


def test_depth_is_the_distance_to_the_outline() -> None:
    """Against SciPy, which measures to the middle of the nearest pixel outside."""
    distances = pytest.importorskip(
        "scipy.ndimage", reason="SciPy comes with the extra 'sklearn'"
    ).distance_transform_edt
    rng = np.random.default_rng(4)
    for share in (0.3, 0.9, 0.99, 1.0):
        mask = rng.random((30, 47)) < share
        expected = np.where(mask, distances(np.pad(mask, 1))[1:-1, 1:-1] - 0.5, 0)
        np.testing.assert_allclose(depth(mask), expected, atol=1e-5)


@pytest.mark.parametrize("width", [6, 9, 20])
def test_the_width_of_a_pen(width: int) -> None:
    assert pen_width(bars(400, 50, slice(10, 390), slice(10, 10 + width)) == 0) == pytest.approx(width, rel=0.06)


def test_pieces_are_the_connected_ones() -> None:
    """Against SciPy, which comes with scikit-learn."""
    label = pytest.importorskip("scipy.ndimage", reason="SciPy comes with the extra 'sklearn'").label
    rng = np.random.default_rng(2)
    masks = [rng.random(rng.integers(1, 60, 2)) < share for share in np.linspace(0, 0.7, 40)]
    for mask in masks:
        numbers, (expected, count) = pieces(mask), label(mask, np.ones((3, 3)))
        pairs = set(zip(numbers[mask].tolist(), expected[mask].tolist(), strict=True))
        assert len(pairs) == count == len({piece for piece, _ in pairs})
        assert not numbers[~mask].any()


def test_the_extents_of_all_pieces_are_those_of_each() -> None:
    from glassnet.reading.pieces import extent as extent_of_one

    numbers = pieces(np.random.default_rng(0).random((40, 60)) < 0.2)
    found = extents(numbers)
    assert len(found) > 50
    assert found == {number: extent_of_one(numbers == number) for number in np.unique(numbers[numbers > 0]).tolist()}
    assert extents(np.zeros((3, 3), int)) == {}


@pytest.mark.parametrize("shape", [(30, 41), (3, 3), (1, 7)])
def test_the_slope_of_the_light_is_the_closest_polynomial_of_degree_2(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(shape)
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    terms = np.stack([np.ones(shape), y, x, y * y, y * x, x * x], axis=-1).reshape(-1, 6)
    factors, *_ = np.linalg.lstsq(terms, values.ravel(), rcond=None)
    np.testing.assert_allclose(_quadratic(values), (terms @ factors).reshape(shape), atol=1e-12)
