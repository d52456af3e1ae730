"""Views: five of each image, turned and scaled as said; a network's answer is that of the mean of its logits."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.activations import softmax
from glassnet.reading.views import ROTATION, SCALE, views


def spot(row: float, column: float) -> np.ndarray:
    """An image with a soft round spot there."""
    y, x = np.mgrid[:28, :28]
    return (255 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)).round().astype(np.uint8)


def centre(image: np.ndarray) -> np.ndarray:
    """Of its mass, from the middle."""
    y, x = np.mgrid[:28, :28] - 13.5
    return np.array([(y * image).sum(), (x * image).sum()]) / image.sum()


def test_five_views_turned_and_scaled_about_the_middle() -> None:
    images = np.stack([spot(13.5, 20.5), spot(7, 13)])
    seen = views(images)
    assert seen.shape == (5, 2, 28, 28)
    assert seen.dtype == np.uint8
    np.testing.assert_array_equal(seen[0], images)
    a = np.radians(ROTATION)
    turned = 7 * np.array([np.sin(a), np.cos(a)])  # row and column of the spot that was at (0, 7)
    found = np.array([centre(view) for view in seen[:, 0]])
    # Half a percent of the distance, and what rounding to whole grey values moves.
    np.testing.assert_allclose(np.abs(found[1:3]), [np.abs(turned)] * 2, atol=0.05)
    assert found[1, 0] * found[2, 0] < 0  # one either way
    np.testing.assert_allclose(found[3:], [[0, 7 * SCALE], [0, 7 / SCALE]], atol=0.05)


def test_colours_are_seen_alike() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    np.testing.assert_array_equal(views(np.repeat(grey[..., None], 3, axis=3))[..., 1], views(grey))


def test_the_mean_of_the_logits_is_predicted() -> None:
    images = np.random.default_rng(1).integers(0, 256, (600, 8, 8), np.uint8)  # more than are looked at at once
    net = gn.Network([gn.Rescale(1 / 255), gn.Dense(3)], input_shape=64)
    by_hand = softmax(np.mean([net.logits(view) for view in views(images)], axis=0))
    np.testing.assert_allclose(gn.predict_views(net, images), by_hand, rtol=1e-5)


@pytest.mark.parametrize("x", [np.zeros((3, 64), np.uint8), np.zeros((3, 8, 8))])
def test_only_images_have_views(x: np.ndarray) -> None:
    net = gn.Network([gn.Dense(3)], input_shape=64)
    assert gn.predict_views(net, np.zeros((0, 8, 8), np.uint8)).shape == (0, 3)
    for images in (x, x.tolist(), None):
        with pytest.raises(gn.InputError, match=r"views: expected images \(N, H, W\)"):
            gn.predict_views(net, images)
