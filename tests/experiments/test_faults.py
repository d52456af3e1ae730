"""Faults: each is wrong in the way that its name says, and nothing else."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.experiments.faults import FAULTS, FEW
from glassnet.experiments.setup import Setup
from glassnet.nn.settings import final_classes
from glassnet.recipes.recipe import load_recipe

pytest.importorskip("sklearn", reason="the 8x8 digits need the extra 'sklearn'")


@pytest.fixture(scope="module")
def digits() -> gn.Dataset:
    return gn.load_dataset("digits")


def planted(name: str, dataset: gn.Dataset) -> tuple[gn.Dataset, gn.Network, gn.Plan]:
    setup = Setup(load_recipe("classic"), (name,))
    return setup.planted(dataset), setup.make_network(dataset), setup.plan(dataset)


def kinds(network: gn.Network) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def test_without_faults_it_is_the_recipe(digits: gn.Dataset) -> None:
    recipe = load_recipe("classic")
    setup = Setup(recipe)
    assert setup.planted(digits) is digits
    assert setup.plan(digits) == recipe.plan(digits)
    np.testing.assert_array_equal(setup.make_network(digits).theta, recipe.make_network(digits).theta)


@pytest.mark.parametrize("name", FAULTS)
def test_the_weights_begin_as_without_the_fault(name: str, digits: gn.Dataset) -> None:
    np.testing.assert_array_equal(planted(name, digits)[1].theta, load_recipe("classic").make_network(digits).theta)


def test_each_changes_what_it_says(digits: gn.Dataset) -> None:
    usual = ["Rescale", "Flatten", "Dense", "ReLU", "Dense"]
    assert kinds(planted("pixels not scaled", digits)[1]) == usual[1:]
    assert kinds(planted("softmax twice", digits)[1]) == [*usual, "Softmax"]
    assert kinds(planted("own ReLU", digits)[1]) == [*usual[:3], "OwnReLU", "Dense"]
    data, network, plan = planted("not shuffled", digits)
    assert (kinds(network), plan.shuffle) == (usual, False)
    assert np.all(np.diff(data.train.y) >= 0)
    assert len(data.train) == len(digits.train)
    assert len(planted("few examples", digits)[0].train) == FEW
    assert len(planted("a fifth of the examples", digits)[0].train) == -(-len(digits.train) // 5)


def test_half_of_the_labels_are_random_and_only_those_of_training(digits: gn.Dataset) -> None:
    data = planted("random labels", digits)[0]
    changed = np.mean(data.train.y != digits.train.y)
    assert changed == pytest.approx(0.45, abs=0.04)  # a tenth of the random ones are right by chance
    np.testing.assert_array_equal(data.validation.y, digits.validation.y)
    np.testing.assert_array_equal(data.test.y, digits.test.y)
    np.testing.assert_array_equal(data.train.y, planted("random labels", digits)[0].train.y)


def test_the_gradient_check_finds_the_wrong_sign(digits: gn.Dataset) -> None:
    _, network, _ = planted("own ReLU", digits)
    wrong = gn.check_gradients(network, digits.train.x[:4], digits.train.y[:4])
    assert {tensor.layer for tensor in wrong.tensors if not tensor.passed} == {"input", "dense1"}  # below it


def test_no_recipe_can_name_a_fault() -> None:
    assert "OwnReLU" not in final_classes(gn.Layer)
    with pytest.raises(ValueError, match="unknown type 'OwnReLU'"):
        load_recipe("classic", settings={"network.activation": "OwnReLU"})
