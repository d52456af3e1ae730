"""What a training begins with, made and checked before a process is started."""

from typing import NamedTuple

from glassnet.data.dataset import Dataset
from glassnet.experiments.setup import Setup
from glassnet.nn.network import Network
from glassnet.page.form import check_size
from glassnet.page.trained import data_of


class Prepared(NamedTuple):
    """What a training begins with: its setup and data as they are here, what to know of them, and its network."""

    setup: Setup
    dataset: Dataset
    note: str | None
    network: Network


def prepare(setup: Setup) -> Prepared:
    """Check that this can be trained here, and make what its training begins with.

    Raises:
        InputError, RecipeError, DataError: it cannot.
    """
    setup, dataset, note = data_of(setup)
    check_size(setup.recipe, dataset)
    network = setup.make_network(dataset)
    network.adapt(dataset.train.inputs, dataset.train.index)
    setup.plan(dataset)
    return Prepared(setup, dataset, note, network)
