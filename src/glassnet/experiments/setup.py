"""What a training begins with: a recipe, faults that are planted in it, and digits of a person's own."""

import operator
from dataclasses import dataclass, replace

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.experiments.faults import FAULTS
from glassnet.experiments.taught import Taught
from glassnet.nn.errors import InputError, require
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest, shown
from glassnet.recipes.recipe import Recipe
from glassnet.train.plan import Plan


@dataclass(frozen=True)
class Setup:
    """What a training begins with; without faults it is what `glassnet train` does with the recipe.

    Args:
        recipe: the network, the data and the training settings.   faults: names in FAULTS, planted in this order.
        taught: own digits that are learned beside the dataset, and the weights with which the training begins.

    Raises:
        InputError: there is no such fault.
    """

    recipe: Recipe
    faults: tuple[str, ...] = ()
    taught: Taught | None = None

    def __post_init__(self) -> None:
        for name in self.faults:
            if name not in FAULTS:
                raise InputError(f"there is no fault {shown(name)}; {nearest(name, FAULTS)}")
        require(len(set(self.faults)) == len(self.faults), f"expected each fault once, got {shown(list(self.faults))}")

    def planted(self, dataset: Dataset) -> Dataset:
        """The dataset with the own digits and with these faults among its training examples."""
        rng = np.random.default_rng(self.recipe.training.seed)
        if self.taught:
            dataset = self.taught.mixed_into(dataset, rng)
        for name in self.faults:
            dataset = replace(dataset, train=FAULTS[name].train(dataset.train, rng))
        return dataset

    def make_network(self, dataset: Dataset) -> Network:
        """The untrained network, with these faults in its layers.

        Raises:
            RecipeError: as for the recipe; a fault finds nothing in these layers that it could change.
        """
        network = self.recipe.make_network(dataset, change=self._changed)
        return self.taught.begin(network) if self.taught else network

    def _changed(self, layers: list[Layer]) -> list[Layer]:
        for name in self.faults:
            changed = FAULTS[name].layers(layers)
            idle = changed is not layers and len(changed) == len(layers) and all(map(operator.is_, changed, layers))
            require(not idle, f"the fault {name!r} changes nothing in this network: leave it out")
            layers = changed
        return layers

    def check_sound(self, refusal: str) -> None:
        """Raise InputError, which begins with this refusal, if a fault is planted: such a network is not for use."""
        if self.faults:
            faults = ", ".join(self.faults)
            raise InputError(f"{refusal}: there is a fault in it ({faults}), so it can only be viewed")

    def plan(self, dataset: Dataset) -> Plan:
        """The settings of the training, with these faults."""
        plan = self.recipe.plan(dataset)
        for name in self.faults:
            plan = FAULTS[name].plan(plan)
        return plan
