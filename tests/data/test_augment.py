"""Augmentation: each amount does what it says, nothing else changes, and the same address draws the same."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.augment import Augmentation, basis, blurred, resampled, thickened
from glassnet.data.errors import DataError
from glassnet.nn.stream import random_stream
from glassnet.reading.drawing import centre_of_mass

LABELS = np.zeros(400, np.int64)


def bar(side: int = 28) -> np.ndarray:
    """An upright bar of 4 x 12 pixels in the middle."""
    image = np.zeros((side, side), np.uint8)
    image[side // 2 - 6 : side // 2 + 6, side // 2 - 2 : side // 2 + 2] = 255
    return image


def changed(image: np.ndarray, count: int = 400, **amounts: float) -> np.ndarray:
    rng = random_stream(0, "augment", 0, 0)
    return Augmentation(**amounts)(np.repeat(image[None], count, axis=0), LABELS[:count], rng)[0]


def moments(image: np.ndarray) -> np.ndarray:
    """The covariance (2, 2) of rows and columns under the ink."""
    row, column = centre_of_mass(image.astype(float))
    y, x = np.indices(image.shape)
    d = np.stack([y - row, x - column]).reshape(2, -1)
    return (d * image.ravel()) @ d.T / image.sum()


def test_no_amount_no_change() -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 9, 7), np.uint8)
    y = np.arange(5)
    same, labels = Augmentation()(x, y, random_stream(0, "augment"))
    np.testing.assert_array_equal(same, x)
    assert labels is y


def test_the_input_is_not_changed_and_the_same_address_draws_the_same() -> None:
    x = np.random.default_rng(0).integers(0, 256, (70, 12, 12, 3), np.uint8)
    before = x.copy()
    everything = Augmentation(0.1, 10, 0.1, 0.1, 0.03, 0.5, 0.2, 0.1)
    first, again, other = (everything(x, LABELS, random_stream(3, "augment", 7, shard))[0] for shard in (1, 1, 2))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    assert first.shape == x.shape
    assert first.dtype == np.uint8


def test_shift_moves_the_centre_of_mass_as_far_as_it_says() -> None:
    centres = np.array([centre_of_mass(image.astype(float)) for image in changed(bar(), shift=0.1)]) - 13.5
    assert np.abs(centres).max() <= 2.8 + 1e-3
    assert (np.abs(centres).max(axis=0) > 2.6).all()  # of 400 uniform draws one lies in the outermost 7 %
    np.testing.assert_allclose(centres.std(axis=0), 2.8 / np.sqrt(3), rtol=0.1)  # three standard errors


def test_rotation_turns_by_at_most_so_many_degrees_both_ways() -> None:
    angles = []
    for image in changed(bar(), rotation=20):
        (a, b), (_, d) = moments(image)
        angles.append(np.degrees(np.arctan2(2 * b, a - d) / 2))
    assert 18 < max(angles) < 20.5  # the grid of pixels turns a short bar by up to half a degree more
    assert -20.5 < min(angles) < -18


def test_scale_changes_height_and_width_independently() -> None:
    sizes = np.array([np.sqrt(np.diag(moments(image))) for image in changed(bar(), scale=0.3)])
    heights, widths = (sizes / np.sqrt(np.diag(moments(bar())))).T
    assert 1.2 < heights.max() < 1.32
    assert 1 / 1.32 < heights.min() < 1 / 1.2
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.15  # three standard errors of 400


def test_shear_slants_and_keeps_the_height() -> None:
    slants, heights = [], []
    for image in changed(bar(), shear=0.3):
        (a, b), _ = moments(image)
        slants.append(b / a)
        heights.append(np.sqrt(a))
    assert 0.27 < max(slants) < 0.31
    assert -0.31 < min(slants) < -0.27
    np.testing.assert_allclose(heights, np.sqrt(moments(bar())[0, 0]), rtol=0.06)


def test_elastic_displacements_have_the_deviation_they_promise() -> None:
    H, W = 28, 20
    bumps = basis(H, W)[3:]
    np.testing.assert_allclose((bumps.astype(float) ** 2).sum(axis=0), 1, rtol=1e-5)
    rows, _ = Augmentation(elastic=0.05)._sources(2000, H, W, random_stream(0, "augment"))
    rest = rows - np.repeat(np.arange(H), W)
    np.testing.assert_allclose(rest.std(axis=0), 0.05 * H, rtol=0.07)  # four standard errors of 2,000
    near = np.mean(rest[:, 0] * rest[:, 1]) / (0.05 * H) ** 2
    far = np.mean(rest[:, 0] * rest[:, -1]) / (0.05 * H) ** 2
    assert near > 0.95
    assert abs(far) < 0.08


def test_one_resampling_is_exact_on_the_grid_and_linear_between() -> None:
    x = np.random.default_rng(0).random((2, 5, 4), np.float32)
    rows, columns = (part.reshape(1, -1).repeat(2, 0).astype(np.float32) for part in np.indices((5, 4)))
    np.testing.assert_array_equal(resampled(x, rows, columns), x)
    between = resampled(x, rows + np.float32(0.25), columns)
    below = np.concatenate([x[:, 1:], np.zeros((2, 1, 4), np.float32)], axis=1)
    np.testing.assert_allclose(between, 0.75 * x + 0.25 * below, atol=1e-6)
    assert not resampled(x, rows + 100, columns).any()
    assert not resampled(x, rows, columns - 100).any()


def test_blur_spreads_by_a_bell_of_this_width_and_keeps_white() -> None:
    point = np.zeros((2, 29, 29, 1), np.float32)
    point[:, 14, 14] = 200
    sharp, soft = blurred(point, np.array([0.0, 2.0]))[..., 0]
    np.testing.assert_allclose(sharp, point[0, ..., 0], atol=1e-4)
    assert soft.max() == pytest.approx(200, rel=1e-5)
    np.testing.assert_allclose(moments(soft), np.diag([4.0, 4.0]), atol=1e-3)
    spreads = [moments(image)[0, 0] for image in changed(point[0, ..., 0].astype(np.uint8), blur=0.1)]
    assert 0.9 * 2.9**2 < max(spreads) <= 2.9**2 * 1.02
    assert min(spreads) < 0.05


def test_thickness_is_pixels_on_either_side() -> None:
    image = bar().astype(np.float32)[None, :, :, None]
    for amount in (1.0, 0.5, 0.0, -0.5, -1.0):
        width = thickened(image, np.float32(amount))[0, 14, :, 0].sum() / 255
        assert width == pytest.approx(4 + 2 * amount)
    widths = [picture[14].sum() / 255 for picture in changed(bar(), thickness=0.5)]
    assert 4.9 < max(widths) <= 5.01
    assert 2.99 <= min(widths) < 3.1


def test_erase_sets_a_rectangle_to_paper() -> None:
    white = np.full((28, 28), 255, np.uint8)
    holes = changed(white, erase=0.5) == 0
    for hole in holes:
        rows, columns = hole.any(axis=1), hole.any(axis=0)
        assert (hole == (rows[:, None] & columns[None, :])).all()
        assert max(rows.sum(), columns.sum()) <= 14
    assert holes.any(axis=(1, 2)).mean() > 0.3
    assert holes.any(axis=0).all()  # everywhere


def test_noise_has_at_most_the_deviation_it_promises() -> None:
    grey = np.full((28, 28), 128, np.uint8)
    deviations = changed(grey, noise=0.1).astype(float).std(axis=(1, 2))
    assert 23 < deviations.max() < 25.5 * 1.1  # each is measured on 784 pixels, to 2.5 %
    assert deviations.min() < 2


def test_white_is_never_exceeded() -> None:
    sixteen = np.full((3, 8, 8), 16, np.uint8)
    noisy, _ = Augmentation(noise=0.5, shift=0.1, white=16)(sixteen, LABELS, random_stream(0, "augment"))
    assert noisy.max() == 16


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shift": -0.1}, "shift must be a number from 0 to 0.5, got -0.1"),
        ({"rotation": 181}, "rotation must be a number from 0 to 180"),
        ({"noise": float("nan")}, "noise must be a number from 0 to 1, got nan"),
        ({"scale": "much"}, "scale must be a number from 0 to 1, got 'much'"),
        ({"white": 0}, "white must be a whole number from 1 to 255"),
        ({"white": 2.5}, "white must be a whole number from 1 to 255, got 2.5"),
    ],
)
def test_impossible_amounts_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Augmentation(**settings)


def test_amounts_may_be_numpys() -> None:
    assert Augmentation(shift=np.float32(0.25), white=np.int64(16)) == Augmentation(shift=0.25, white=16)


@pytest.mark.parametrize("x", [np.zeros((3, 784), np.uint8), np.zeros((3, 28, 28))])
def test_only_images_are_taken(x: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"takes images \(N, H, W\)"):
        Augmentation(shift=0.1)(x, LABELS, random_stream(0, "augment"))


def test_fit_refuses_examples_that_cannot_be_augmented_before_anything_changes() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3)
    before = network.theta.copy()
    with pytest.raises(DataError, match="takes images"):
        gn.fit(network, (np.eye(3), np.array([0, 1, 0])), augment=[Augmentation(shift=0.1)])
    np.testing.assert_array_equal(network.theta, before)
    with pytest.raises(gn.InputError, match="augment: expected a list"):
        gn.fit(network, (np.eye(3), np.array([0, 1, 0])), augment=Augmentation(shift=0.1))
