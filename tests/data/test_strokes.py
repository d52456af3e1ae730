"""Digits drawn from strokes: as many as asked for, with their labels, in MNIST's form; and each is that digit."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.dataset import Dataset
from glassnet.data.errors import DataError
from glassnet.data.hand import POINTS, draw, skeletons
from glassnet.data.skeletons import WAYS
from glassnet.data.strokes import Strokes, chosen, digit_ways, digits_drawn
from glassnet.nn.stream import random_stream
from glassnet.reading.drawing import centre_of_mass


@pytest.mark.mnist
def test_the_share_is_drawn_and_the_rest_stays(mnist: Dataset) -> None:
    x, y = mnist.train.x[:50], mnist.train.y[:50]
    before = x.copy()
    changed, targets = Strokes(0.2)(x, y, random_stream(0, "augment"))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(changed[10:], x[10:])
    np.testing.assert_array_equal(targets, y)
    assert all((image != example).any() for image in changed[:10] for example in x)
    again, _ = Strokes(0.2)(x[..., None], y, random_stream(0, "augment"))
    np.testing.assert_array_equal(changed, again[..., 0])


@pytest.mark.mnist
def test_they_have_the_form_of_mnist(mnist: Dataset) -> None:
    """Size, place and amount of ink, each within what the real digits have."""
    images = digits_drawn(np.arange(500) % 10, 28, np.random.default_rng(0))
    assert images.min() == 0
    assert images.max() == 1
    centres = np.array([centre_of_mass(image) for image in images])
    assert np.quantile(np.abs(centres - 14), 0.95) < 0.6  # where lines lie over each other, their length counts twice
    sizes = [max(np.ptp(np.flatnonzero((image > 0.3).any(axis=axis))) + 1 for axis in (0, 1)) for image in images]
    assert 18 <= np.quantile(sizes, 0.05) <= np.quantile(sizes, 0.95) <= 21
    real = mnist.train.x[:2000].sum(axis=(1, 2)) / 255
    ink = images.sum(axis=(1, 2))
    assert np.quantile(real, 0.02) < np.median(ink) < np.quantile(real, 0.8)
    assert np.quantile(ink, 0.99) < np.quantile(real, 0.999)


def test_the_pretrained_network_knows_every_way() -> None:
    """A skeleton that is drawn wrongly would be read as something else."""
    known = digit_ways()
    way = np.repeat(np.arange(len(known.sign)), 40)
    drawings = draw(known, way, 28, np.random.default_rng(0))
    said = gn.Model.open("cnn").predict((255 * drawings).astype(np.uint8)).astype(int)
    right = (said == known.sign[way]).reshape(-1, 40).mean(axis=1)
    assert right.min() >= 0.8, right
    assert right.mean() > 0.97


def test_a_digit_never_comes_twice_and_all_its_ways_come() -> None:
    images = digits_drawn(np.full(300, 7), 28, np.random.default_rng(0))
    assert len({image.tobytes() for image in images}) == 300
    rng = np.random.default_rng(0)
    _, line = skeletons(digit_ways(), chosen(np.full(3000, 7), rng), rng)
    lines = [len(drawings[0].split("/")) for _, _, drawings in WAYS[7]]
    total = sum(weight for _, weight, _ in WAYS[7])
    for count in set(lines):
        expected = sum(weight for (_, weight, _), many in zip(WAYS[7], lines, strict=True) if many == count) / total
        assert (line.max(axis=1) + 1 == count).mean() == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("digit", WAYS)
def test_the_drawings_of_a_way_have_the_same_lines_and_points(digit: int) -> None:
    assert len({name for name, _, _ in WAYS[digit]}) == len(WAYS[digit])
    for _, weight, drawings in WAYS[digit]:
        assert weight > 0
        assert len(drawings) > 1
        assert len({tuple(len(line.split()) for line in drawing.split("/")) for drawing in drawings}) == 1
        assert all(len(line.split()) % 2 == 0 for drawing in drawings for line in drawing.split("/"))


def test_a_skeleton_goes_through_its_points() -> None:
    known = digit_ways()
    first = known.points[[upto > 0 for upto in known.upto[1]].index(True), 0]  # a bare 1, from (50, 0) to (50, 100)
    np.testing.assert_allclose(first[[0, -1]], [[0, 0.5], [1, 0.5]], atol=1e-12)
    assert len(first) == POINTS


def test_small_pale_images_get_small_pale_digits() -> None:
    x, y = np.full((20, 8, 8), 16, np.uint8), np.arange(20) % 10
    changed, _ = Strokes(1.0)(x, y, np.random.default_rng(0))
    assert changed.shape == x.shape
    assert 12 <= changed.max() <= 16
    assert (changed.reshape(20, -1).min(axis=1) == 0).all()


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((4, 28, 20), np.uint8), np.zeros(4, int), "square images"),
        (np.zeros((4, 28, 28, 3), np.uint8), np.zeros(4, int), "square images"),
        (np.zeros((4, 28, 28)), np.zeros(4, int), "square images"),
        (np.zeros((4, 28, 28), np.uint8), np.full(4, 10), "labels .* from 0 to 9"),
        (np.zeros((4, 28, 28), np.uint8), np.zeros((4, 10)), "labels .* from 0 to 9"),
        (np.zeros((4, 28, 28), np.uint8), np.zeros(4), "labels .* from 0 to 9"),
    ],
)
def test_what_is_no_digit_is_refused(x: np.ndarray, y: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Strokes()(x, y, random_stream(0, "augment"))


@pytest.mark.parametrize("share", [-0.1, 1.1, True, "much", float("nan")])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(DataError, match="share must be a number from 0 to 1"):
        Strokes(share)


@pytest.mark.parametrize("side", [8, 28, 128])
def test_paper_stays_white_and_lines_dark_at_any_size(side: int) -> None:
    images = digits_drawn(np.arange(20) % 10, side, np.random.default_rng(0))
    assert images.min() == 0
    assert images.max(axis=(1, 2)).min() > 0.6
    assert 0.04 < images.mean() < 0.2


def test_an_empty_batch_stays_empty() -> None:
    x, y = np.zeros((0, 28, 28), np.uint8), np.zeros(0, int)
    assert Strokes()(x, y, np.random.default_rng(0))[0].shape == x.shape
