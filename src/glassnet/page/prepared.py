"""What a training begins with, made and checked before a process is started."""

from typing import NamedTuple

from glassnet.data.dataset import Dataset
from glassnet.nn.network import Network
from glassnet.page.form import check_size
from glassnet.page.trained import data_of
from glassnet.recipes.recipe import Recipe


class Prepared(NamedTuple):
    """What a training begins with: its recipe and data as they are here, what to know of them, and its network."""

    recipe: Recipe
    dataset: Dataset
    note: str | None
    network: Network


def prepare(recipe: Recipe) -> Prepared:
    """Check that a recipe can be trained here, and make what its training begins with.

    Raises:
        InputError, RecipeError, DataError: it cannot.
    """
    recipe, dataset, note = data_of(recipe)
    check_size(recipe, dataset)
    network = recipe.make_network(dataset)
    network.adapt(dataset.train.inputs, dataset.train.index)
    recipe.plan(dataset)
    return Prepared(recipe, dataset, note, network)
