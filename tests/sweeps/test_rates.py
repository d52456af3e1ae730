"""The short case: one training with a rising learning rate."""

from dataclasses import replace

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.recipes.recipe import load_recipe
from glassnet.sweeps.rates import find_rates


def test_the_rate_rises_by_one_factor_and_the_loss_of_each_step_is_its_own(digits: gn.Dataset) -> None:
    recipe = load_recipe("classic", settings={"data.name": "digits"})
    found = find_rates(recipe, digits, lowest=1e-4, highest=10, steps=60)
    ratios = np.array(found.rates[1:]) / found.rates[:-1]
    np.testing.assert_allclose(ratios, (10 / 1e-4) ** (1 / 59), rtol=1e-12)

    network, plan = recipe.make_network(digits), recipe.plan(digits)
    with gn.Trainer(network, digits.train, replace(plan, optimizer=gn.SGD(found.rates[0]))) as trainer:
        trainer.step()
        first = trainer.training.loss
    assert found.losses[0] == pytest.approx(first, rel=1e-6)
    with gn.Trainer(recipe.make_network(digits), digits.train, replace(plan, epochs=60)) as trainer:
        for rate, loss in zip(found.rates, found.losses, strict=True):
            trainer.training.rate = rate / plan.optimizer.lr
            trainer.step()
            if trainer.training.batch == 1:  # then the loss of the epoch is that of its only step
                assert loss == pytest.approx(trainer.training.loss, rel=1e-6)
    assert found.smooth[0] == pytest.approx(first, rel=1e-6)
    assert found.smooth[1] == pytest.approx((0.9 * found.losses[0] + found.losses[1]) / 1.9)


def test_a_good_rate_is_suggested_and_one_that_is_too_high_is_named(digits: gn.Dataset) -> None:
    recipe = load_recipe("classic", settings={"data.name": "digits", "training.epochs": 5})
    found = find_rates(recipe, digits)
    assert found.suggested is not None
    assert found.too_high is None or found.too_high > found.suggested
    assert found.suggested < found.rates[int(np.argmin(found.smooth))]
    best = [
        accuracy(recipe.changed({"optimizer.lr": rate}), digits) for rate in (found.suggested, found.suggested / 30)
    ]
    assert best[0] > best[1] + 0.1
    figure = plots.rates(found.rates, found.losses, found.smooth, found.suggested)
    assert figure.axes[0].get_xscale() == "log"


def accuracy(recipe: object, digits: gn.Dataset) -> float:
    _, history = recipe.fit(digits)  # type: ignore[attr-defined]
    return history["validation_accuracy"][-1]


def test_nothing_is_suggested_where_nothing_is_learned(digits: gn.Dataset) -> None:
    recipe = load_recipe(
        "classic", settings={"data.name": "digits", "network.init": {"type": "Constant", "value": 0.0}}
    )
    assert find_rates(recipe, digits, lowest=1e-9, highest=1e-8, steps=20).suggested is None
    for lowest, highest, steps in ((0, 1, 20), (1, 1, 20), (1e-3, 1, 5)):
        with pytest.raises(gn.InputError, match="expected"):
            find_rates(recipe, digits, lowest=lowest, highest=highest, steps=steps)


def test_a_table_with_amounts_in_another_unit(tmp_path: object) -> None:
    recipe = load_recipe("table", settings={"data.name": "diabetes", "data.target": "progression"})
    found = find_rates(recipe, recipe.data.load(), steps=50)
    assert max(found.losses[:5]) < 10  # targets without their unit
