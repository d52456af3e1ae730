"""The short case of a sweep: one training in which the learning rate rises from step to step, until it learns no more.

The loss falls slowly at first, then quickly, and rises again where the steps are too long. A good rate for a training
lies well below the rate with the lowest loss.

Source: Smith 2017, "Cyclical learning rates for training neural networks".
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import stdev

from glassnet.data.dataset import Dataset
from glassnet.nn.errors import require
from glassnet.nn.schedule import ConstantRate
from glassnet.recipes.recipe import Recipe
from glassnet.train.history import DivergenceError
from glassnet.train.target import target_scale
from glassnet.train.trainer import Trainer

LOWEST, HIGHEST = 1e-5, 10.0  # rates
STEPS = 200
MEMORY = 0.9  # the weight of the older losses in the running mean, at each step
TOO_HIGH = 2.0  # it ends where the mean loss is so many times the lowest and above the first, or infinite
SETTLED = 10  # steps after which the running mean is worth comparing
FALL = 6.0  # the loss has fallen if its running mean has by so many of its deviations
SHORT = 4.0  # the suggestion is so many times below the rate with the lowest loss


@dataclass(frozen=True)
class Rates:
    """The loss at each learning rate.

    Attributes:
        rates, losses: of each step.   smooth: the running mean of the losses.
        suggested: a rate to begin with; None if the loss never fell.
        too_high: the rate at which it ended, because the loss was twice the lowest; None if it did not.
    """

    rates: list[float]
    losses: list[float]
    smooth: list[float]
    suggested: float | None
    too_high: float | None


def find_rates(
    recipe: Recipe,
    dataset: Dataset,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Rates:
    """Train for some steps while the learning rate rises from the lowest to the highest, by the same factor each time.

    Args:
        progress: called with what is done, and how many of all steps.

    Raises:
        InputError: the rates or steps are impossible.   RecipeError: the recipe does not fit the dataset.
    """
    require(0 < lowest < highest < math.inf, f"rates: expected a lower and a higher one, got {lowest} and {highest}")
    require(10 <= steps <= 100_000, f"steps: expected 10 to 100,000, got {steps}")
    network = recipe.make_network(dataset)
    scale = target_scale(network, dataset.train.y)
    learned = dataset.with_targets(scale.standardized) if scale else dataset
    plan = replace(recipe.plan(dataset), schedule=ConstantRate(), epochs=steps)
    rates: list[float] = []
    losses: list[float] = []
    smooth: list[float] = []
    too_high = None
    with Trainer(network, learned.train, plan) as trainer:
        training = trainer.training
        mean = weight = before = seen = 0.0
        for step in range(steps):
            rate = lowest * (highest / lowest) ** (step / (steps - 1))
            training.rate = rate / plan.optimizer.lr
            try:
                trainer.step()
            except DivergenceError:
                too_high = rate
                break
            if training.batch == 1:  # of a new epoch
                before = seen = 0.0
            loss = (training.loss_sum - before) / (training.weight - seen)
            before, seen = training.loss_sum, training.weight
            mean, weight = MEMORY * mean + loss, MEMORY * weight + 1
            rates.append(rate)
            losses.append(loss)
            smooth.append(mean / weight)
            if progress:
                progress("rising learning rate", step + 1, steps)
            if smooth[-1] > TOO_HIGH * min(smooth) and smooth[-1] > smooth[0]:
                too_high = rate
                break
    return Rates(rates, losses, smooth, _suggested(rates, losses, smooth), too_high)


def _suggested(rates: list[float], losses: list[float], smooth: list[float]) -> float | None:
    """A rate well below that with the lowest loss; None if the loss did not fall by more than its noise."""
    if len(smooth) <= SETTLED:
        return None
    lowest = min(range(SETTLED, len(smooth)), key=smooth.__getitem__)
    noise = stdev(losses[:SETTLED]) * math.sqrt((1 - MEMORY) / (1 + MEMORY))  # of a running mean of such losses
    if smooth[SETTLED] - smooth[lowest] <= FALL * noise:
        return None
    return float(f"{rates[lowest] / SHORT:.2g}")
