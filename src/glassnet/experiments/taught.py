"""Digits of a person's own, which a trained network learns beside its dataset.

Learned alone, they would be learned at the price of all others. So each epoch holds both: 4,000 examples of the
dataset, and the few own digits, each repeated until together they are a share that counts.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset, Split
from glassnet.nn.array import Array
from glassnet.nn.entropy import CrossEntropy
from glassnet.nn.errors import require
from glassnet.nn.network import Network
from glassnet.recipes.recipe import Recipe

BESIDE = 4_000  # examples of the dataset in an epoch
SHARE = 0.2  # of own digits in an epoch; smaller where that would take more than MOST repetitions
MOST = 100
# What changes in the recipe of the network: a short training from where it stands, with small steps.
SETTINGS: dict[str, Any] = {
    "optimizer": {"type": "Adam", "lr": 3e-4},
    "schedule": "CosineDecay",
    "training.epochs": 4,
    "training.batch_size": 64,
    "training.shards": None,
    "average": None,
}
AUGMENTATION = {"shift": 0.06, "rotation": 10.0, "scale": 0.1}  # where the recipe has none


@dataclass(frozen=True, eq=False)
class Taught:
    """Own digits, and what is known before they are learned.

    Args:
        images: (n, H, W) uint8, in the form of the dataset.   labels: (n,), the number of the class of each.
        held_out: (n,), which are not learned.
        theta, buffers, threshold: of the network that learns them.
    """

    images: Array
    labels: Array
    held_out: Array
    theta: Array
    buffers: Array
    threshold: float

    def mixed_into(self, dataset: Dataset, rng: np.random.Generator) -> Dataset:
        """The dataset with some of its training examples, and the own digits that are learned.

        Raises:
            InputError: the dataset has images of another form, because that of the network is not at hand.
        """
        require(
            dataset.train.inputs.shape[1:3] == self.images.shape[1:],
            f"your digits have {self.images.shape[1:]} pixels, and would be learned beside {dataset.name}, which has "
            f"{dataset.train.inputs.shape[1:3]}: the dataset of this network is not on this machine; "
            "get it with: glassnet data get mnist",
        )
        images, labels = self.images[~self.held_out], self.labels[~self.held_out]
        beside = rng.permutation(len(dataset.train))[:BESIDE]
        often = min(MOST, max(1, round(SHARE / (1 - SHARE) * len(beside) / max(len(labels), 1))))
        others = dataset.train[np.sort(beside)]
        assert others.y is not None  # a dataset of images has labels
        inputs = np.concatenate([others.x, *[images.astype(others.x.dtype)] * often])
        targets = np.concatenate([others.y, *[labels] * often])
        train = Split(inputs, targets, np.arange(len(inputs)))
        return Dataset(dataset.name, train, dataset.validation, dataset.test, dataset.classes, dataset.white)

    def begin(self, network: Network) -> Network:
        """The network with the weights with which it begins."""
        np.copyto(network.theta, self.theta)
        np.copyto(network.buffers, self.buffers)
        network.threshold = self.threshold
        return network


def teaching(recipe: Recipe) -> Recipe:
    """The recipe of a network, changed so that it learns a few digits more.

    Labels are not smoothed. The logits of `cnn` were scaled after its training, until its probabilities were right.
    Smoothed labels would make them small again, so that its threshold would refuse all digits.
    """
    settings = SETTINGS | ({} if recipe.augmentation else {"augmentation": AUGMENTATION})
    changed = recipe.changed(settings)
    if not isinstance(recipe.network.loss, CrossEntropy):
        return changed
    return replace(changed, network=replace(changed.network, loss=CrossEntropy()))
