"""Drawings as MNIST would have stored them: MNIST itself passes unchanged, everything else takes its form."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.dataset import DataError
from glassnet.data.drawing import resize, to_digits, to_mnist


def seven(size: int = 200, pen: int = 16) -> np.ndarray:
    """A 7 drawn in dark on light."""
    page = np.full((size, size), 240, np.uint8)
    left, right, top, bottom = size // 4, 3 * size // 4, size // 5, 4 * size // 5
    page[top : top + pen, left:right] = 20
    for row in range(top, bottom):
        column = right - (row - top) * (right - left) // (2 * (bottom - top))
        page[row, column - pen : column] = 20
    return page


def centre(image: np.ndarray) -> tuple[float, float]:
    mass = image.sum(dtype=float)
    return (image.sum(axis=1) @ np.arange(28)) / mass, (image.sum(axis=0) @ np.arange(28)) / mass


def extent(image: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


@pytest.mark.mnist
def test_mnist_passes_unchanged(mnist: gn.Dataset) -> None:
    for images in (mnist.train.inputs, mnist.test.inputs):
        for image in images:
            assert to_mnist(image) is image


@pytest.mark.mnist
def test_a_magnified_mnist_digit_comes_back(mnist: gn.Dataset) -> None:
    rng = np.random.default_rng(0)
    differences = []
    for image in mnist.test.x[:100]:
        paper = 255.0 - np.kron(image, np.ones((10, 10)))
        scan = np.clip(paper + rng.normal(0, 8, paper.shape), 0, 255).astype(np.uint8)
        differences.append(np.abs(to_mnist(np.pad(scan, ((30, 90), (200, 0)), mode="edge")).astype(int) - image).mean())
    # Off by a whole pixel is a difference of about 20; rounding of the centre makes a few so.
    assert np.median(differences) < 3


@pytest.mark.parametrize("size", [16, 40, 200, 1500])
def test_the_longer_side_is_20_and_the_mass_in_the_middle(size: int) -> None:
    image = to_mnist(seven(size, pen=max(2, size // 12)))
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert max(extent(image)) == 20
    assert centre(image) == pytest.approx((14, 14), abs=0.5)  # placed on whole pixels
    assert image.max() == 255


def test_aspect_is_kept() -> None:
    page = np.full((100, 300), 255, np.uint8)
    page[20:80, 100:130] = 0
    assert extent(to_mnist(page)) == (20, 10)


def test_light_on_dark_is_the_same_as_dark_on_light() -> None:
    np.testing.assert_array_equal(to_mnist(255 - seven()), to_mnist(seven()))


def test_where_the_digit_stands_does_not_matter() -> None:
    moved = np.roll(seven(), (25, -30), axis=(0, 1))
    np.testing.assert_array_equal(to_mnist(moved), to_mnist(seven()))


def test_a_magnified_drawing_is_the_same_drawing() -> None:
    twice = np.kron(seven(), np.ones((2, 2), np.uint8))
    np.testing.assert_allclose(to_mnist(twice), to_mnist(seven()).astype(int), atol=1)  # rounding of the last bit


@pytest.mark.parametrize(
    "page", [np.full((50, 50), 255), np.zeros((50, 50)), np.full((30, 30), 128), np.full((1, 1), 9)]
)
def test_no_ink_is_said(page: np.ndarray) -> None:
    for form in (to_mnist, to_digits):
        with pytest.raises(DataError, match="no ink to be seen"):
            form(page.astype(np.uint8))


def test_colour_is_refused() -> None:
    with pytest.raises(DataError, match=r"expected grey values \(H, W\), got an array of shape \(30, 30, 3\)"):
        to_mnist(np.zeros((30, 30, 3), np.uint8))


def test_digits_are_counts_of_inked_pixels() -> None:
    image = to_digits(seven())
    assert image.shape == (8, 8)
    assert image.max() == 16
    assert image[0].min() > 0  # the bar of the 7 fills the top
    assert image[-1, 0] == 0


def test_resize_keeps_the_mean_and_constants() -> None:
    values = np.random.default_rng(0).random((37, 21))
    assert resize(values, 7, 5).shape == (7, 5)
    assert resize(values, 7, 5).mean() == pytest.approx(values.mean(), rel=1e-12)
    np.testing.assert_allclose(resize(np.full((9, 4), 3.0), 20, 11), 3, rtol=1e-12)
