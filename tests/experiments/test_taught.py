"""Own digits that a network learns beside its dataset."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.experiments.setup import Setup
from glassnet.experiments.taught import BESIDE, MOST, SHARE, Taught, teaching
from glassnet.recipes.recipe import load_recipe


@pytest.fixture
def taught() -> Taught:
    """Thirty digits with a bright pixel each, for a network whose weights are all a half."""
    images = np.zeros((30, 8, 8), np.uint8)
    images[np.arange(30), 1 + np.arange(30) // 8, np.arange(30) % 8] = 16
    theta = np.full(load_recipe("classic").make_network(small()).theta.size, 0.5, np.float32)
    return Taught(images, np.arange(30) % 10, np.arange(30) >= 20, theta, np.zeros(0, np.float32), threshold=1.5)


def small() -> gn.Dataset:
    return gn.load_dataset("digits")


pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")


def test_they_are_a_share_of_an_epoch_and_no_more(taught: Taught) -> None:
    dataset = small()
    mixed = taught.mixed_into(dataset, np.random.default_rng(0))
    beside, own = min(BESIDE, len(dataset.train)), (~taught.held_out).sum()
    often = (len(mixed.train) - beside) // own
    assert len(mixed.train) == beside + often * own
    assert often == round(SHARE / (1 - SHARE) * beside / own) <= MOST
    np.testing.assert_array_equal(mixed.train.x[beside : beside + own], taught.images[~taught.held_out])
    for image in taught.images[taught.held_out]:
        assert not (mixed.train.x == image).all(axis=(1, 2)).any()
    assert (mixed.validation, mixed.test) == (dataset.validation, dataset.test)


def test_the_training_begins_where_the_network_stands(taught: Taught) -> None:
    network = Setup(teaching(load_recipe("classic")), taught=taught).make_network(small())
    np.testing.assert_array_equal(network.theta, taught.theta)
    assert network.threshold == 1.5


@pytest.mark.parametrize("name", ["classic", "cnn"])
def test_the_recipe_keeps_its_network_and_its_changes_of_images(name: str) -> None:
    recipe = load_recipe(name)
    changed = teaching(recipe)
    assert changed.network.hidden == recipe.network.hidden
    assert changed.network.loss == gn.CrossEntropy()  # with smoothed labels, `cnn` would refuse what it has learned
    assert changed.augmentation == (recipe.augmentation or gn.Augmentation(shift=0.06, rotation=10, scale=0.1))
    assert (changed.average, changed.training.epochs) == (None, 4)
