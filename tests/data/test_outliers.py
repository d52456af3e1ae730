"""Outliers: as many as asked for, none a copy of an example, sized and placed as digits are, with even targets."""

import numpy as np
import pytest

from glassnet.data import outliers
from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError
from glassnet.data.hand import draw
from glassnet.data.letters import LETTERS
from glassnet.data.outliers import Outliers, centred, distances, letter_ways, letters_drawn, signs, turned
from glassnet.nn.stream import random_stream
from glassnet.reading.drawing import centre_of_mass


@pytest.mark.mnist
def test_the_share_is_replaced_and_the_rest_stays(mnist: Dataset) -> None:
    x, y = mnist.train.x[:50], mnist.train.y[:50]
    before = x.copy()
    changed, targets = Outliers(0.2)(x, y, random_stream(0, "augment"))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(changed[:40], x[:40])
    np.testing.assert_array_equal(targets[:40], np.eye(10)[y[:40]])
    np.testing.assert_array_equal(targets[40:], np.full((10, 10), np.float32(0.1)))
    assert all((outlier != example).any() for outlier in changed[40:] for example in x)
    again, _ = Outliers(0.2)(x, y, random_stream(0, "augment"))
    np.testing.assert_array_equal(changed, again)


@pytest.mark.mnist
def test_outliers_are_of_a_digits_size_and_in_the_middle(mnist: Dataset) -> None:
    x, y = mnist.train.x[:400], mnist.train.y[:400]
    outliers = Outliers(0.5)(x, y, random_stream(0, "augment"))[0][200:]
    centres = np.array([centre_of_mass(image.astype(float)) for image in outliers])
    assert np.quantile(np.abs(centres - 13.5), 0.95) < 0.3  # a few are so lopsided that the border cuts them
    sizes = [max(np.ptp(np.flatnonzero(image.any(axis=axis))) + 1 for axis in (0, 1)) for image in outliers]
    assert 19 <= np.median(sizes) <= 22  # straight lines between pixels add up to one on each side
    ink = outliers.sum(axis=(1, 2)) / 255
    assert np.quantile(ink, 0.9) < np.quantile(x.sum(axis=(1, 2)) / 255, 0.99)


def test_colours_stay_together() -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 1), np.uint8)
    colours = np.repeat(x, 3, axis=3)
    changed, _ = Outliers(0.5)(colours, np.zeros(20, int), random_stream(0, "augment"))
    assert changed.shape == colours.shape
    assert (changed[10:] != colours[10:]).any()
    np.testing.assert_array_equal(changed, np.repeat(changed[..., :1], 3, axis=3))


def test_turns_are_quarters_both_ways() -> None:
    images = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1).repeat(50, axis=0)
    ways = turned(images, np.random.default_rng(0))
    left, right = (np.array([np.array_equal(image, np.rot90(images[0], k)) for image in ways]) for k in (1, -1))
    assert (left ^ right).all()
    assert left.any()
    assert right.any()


def test_signs_have_three_strokes_or_more_and_the_brightness_of_the_images() -> None:
    images = np.full((3, 28, 28, 1), 16, np.uint8)
    drawn = signs(images, 300, np.random.default_rng(0))[..., 0]
    assert drawn.shape == (300, 28, 28)
    assert set(drawn.max(axis=(1, 2))) <= {15, 16}  # a thin pen between pixels fills none of them
    # One stroke of the widest pen is at most 27 x 5 pixels; three of the thinnest at least 10 x 1.4 together.
    ink = drawn.sum(axis=(1, 2)) / 16
    assert ink.min() > 14
    assert np.median(ink) > 27 * 3
    assert len({image.tobytes() for image in drawn}) == 300


@pytest.mark.parametrize(("share", "letters"), [(0.0, 0), (0.4, 8), (1.0, 20)])
def test_a_share_of_the_outliers_are_letters(share: float, letters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.full((40, 28, 28), 200, np.uint8), np.zeros(40, int)
    asked: list[int] = []

    def counted(images: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        asked.append(count)
        return letters_drawn(images, count, rng)

    monkeypatch.setattr(outliers, "letters_drawn", counted)
    changed, targets = Outliers(0.5, letters=share)(x, y, random_stream(0, "augment"))
    assert asked == [letters] * (letters > 0)
    assert (targets[20:] == np.float32(0.1)).all()
    assert changed[20:].max() == 200
    assert all((image != 200).any() for image in changed[20:])


def test_letters_are_drawn_as_their_skeletons_say() -> None:
    """Each is nearest to its own mean of many."""
    known, rng = letter_ways(), np.random.default_rng(0)
    way = np.repeat(np.arange(len(known.sign)), 60)
    images = draw(known, way, 28, rng).reshape(len(LETTERS), 60, -1)
    means = images[:, :40].mean(axis=1)
    nearest = ((images[:, 40:, None] - means) ** 2).sum(axis=3).argmin(axis=2)
    assert (nearest == np.arange(len(LETTERS))[:, None]).mean() > 0.5
    for letter, (way_,) in LETTERS.items():
        spans = {tuple(len(line.split()) for line in drawing.split("/")) for drawing in way_.drawings}
        assert len(spans) == 1, letter
        assert all(count % 2 == 0 and count >= 4 for count in spans.pop())


def test_the_distance_to_a_line_is_that_to_its_nearest_point() -> None:
    t = np.linspace(0, 1, 25)[:, None]
    points = np.stack([[5, 4] + t * [0, 20], [22, 3] + t * [0, 20]])[None]  # two level lines, the second not drawn
    found = distances(points, np.array([[True, False]]), 28)[0]
    rows = np.arange(28)
    for column in (10, 14, 19):  # far from the ends, up to 4 pixels away, below which the widest pen stays
        np.testing.assert_allclose(found[1:10, column], np.abs(rows[1:10] - 5), atol=0.05)
    assert (found[18:, 10:20] > 4).all()
    assert 0 < found[5, 4] < 2  # an end is rounded: half of the bell is missing there


def test_a_small_piece_is_enlarged_and_centred() -> None:
    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[0, 2:12, 20:25] = 255
    ink = centred(image)[0, ..., 0]
    assert centre_of_mass(ink.astype(float)) == pytest.approx((13.5, 13.5), abs=0.02)
    assert ink.sum() / 255 == pytest.approx(20 * 10, rel=0.01)
    assert not centred(np.zeros((1, 28, 28, 1), np.uint8)).any()  # a blank stays a blank


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((4, 28, 20), np.uint8), np.zeros(4, int), "square images"),
        (np.zeros((4, 28, 28)), np.zeros(4, int), "square images"),
        (np.zeros((4, 28, 28), np.uint8), np.zeros((4, 10)), "expected labels"),
    ],
)
def test_what_cannot_be_cut_is_refused(x: np.ndarray, y: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Outliers()(x, y, random_stream(0, "augment"))


@pytest.mark.parametrize("settings", [{"share": 0.6}, {"share": -0.1}, {"share": float("nan")}, {"classes": 1}])
def test_impossible_settings_are_refused(settings: dict) -> None:
    with pytest.raises(DataError, match=r"(share|classes) must be a (whole )?number"):
        Outliers(**settings)
