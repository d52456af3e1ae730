"""What reads each kind of file, and which errors it has promised."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

import glassnet as gn
from glassnet import doctor
from glassnet.data.cifar import read_cifar10
from glassnet.data.csv import read_csv
from glassnet.data.emnist import read_emnist
from glassnet.data.errors import DataError
from glassnet.data.idx import read_idx
from glassnet.data.npz import read_npz
from glassnet.experiments.experiment import load_experiment
from glassnet.modelfile import ModelFileError, read_about
from glassnet.nn.errors import InputError
from glassnet.reading import drawing, picture
from glassnet.recipes.recipe import load_recipe
from glassnet.recipes.toml import RecipeError
from glassnet.runs import sections
from glassnet.runs.folder import RunError, SavedRun, read_run
from glassnet.tables.column_options import ColumnOptions
from glassnet.tables.column_types import find_schema
from glassnet.tables.read import read_table
from glassnet.tables.summary import inspect_columns, summarise
from glassnet.tables.table import Table, text_table
from glassnet.train.checkpoint import CheckpointError
from glassnet.train.history import DivergenceError, History
from hostile.seeds import importing, seeds, training

SMALL = 10_000  # values of an example that a network is tried on


@dataclass(frozen=True)
class Reader:
    """Reads a file; it does, or raises one of these errors."""

    read: Callable[[Path], object]
    errors: tuple[type[Exception], ...]


def use_model(path: Path) -> None:
    """Load a network, describe it, and ask it."""
    network = gn.load_network(path)
    read_about(path)
    with told(RecipeError, RunError):
        look_at(read_run(path))
    network.summary()
    work = sum(layer.multiply_adds() for layer in network.layers)
    if max(math.prod(layer.output_shape) for layer in network.layers) <= SMALL and work <= SMALL**2:
        x = np.full((2, *network.input_shape), 255, np.uint8)
        if schema := gn.load_schema(path):
            x = schema.examples(table_for(schema))
            with told(DataError):  # which names the columns that are missing
                schema.examples(text_table("empty", {}))
        try:
            network.predict(x)
        except InputError as error:
            if "not finite" not in str(error):
                raise AssertionError(f"a network that was loaded refuses its own input: {error}") from error


def table_for(schema: gn.Schema) -> Table:
    """Two rows with cells as the columns want them."""
    cells = {column.name: [column.categories[-1] if column.categories else "2.5"] * 2 for column in schema.inputs}
    return text_table("made", cells)


def look_at(run: SavedRun) -> None:
    """Put what needs no figure on a page."""
    for make in (sections.verdict, sections.settings, sections.environment, sections.confusion, sections.classes):
        make(run)
    sections.most_confused_pairs(run)


@contextmanager
def told(*errors: type[Exception]) -> Iterator[None]:
    """Let these pass, if each is one line of moderate length."""
    try:
        yield
    except errors as error:
        check_message(error)


def check_message(error: Exception) -> None:
    """Raise AssertionError unless it is one plain line of moderate length."""
    message = str(error)
    assert message, "the message is empty"
    assert message.isprintable(), f"the message holds more than one plain line: {message!r:.2000}"
    assert len(message) < 2000, f"the message has {len(message)} characters: {message:.2000}"


def resume(path: Path) -> None:
    """Go on with a training from a checkpoint; what was forged within the rules may run away."""
    network, data, settings = training()
    before = network.theta.copy()
    try:
        gn.fit(network, data, **settings, callbacks=[gn.Checkpoint(path, minutes=60)])
    except CheckpointError:
        assert np.array_equal(network.theta, before), "a checkpoint was refused when half of it had been taken"
        raise


def take_weights(path: Path) -> None:
    """Take the weights of a PyTorch module; all or none."""
    network = importing()
    before = network.theta.copy()
    try:
        gn.import_torch(network, path)
    except ModelFileError:
        assert np.array_equal(network.theta, before), "weights were refused when half of them had been taken"
        raise


def make_recipe(path: Path) -> None:
    """Load a recipe and make its network for images as those of MNIST."""
    recipe = load_recipe(path)
    x, y = np.zeros((3, 28, 28), np.uint8), np.arange(3)
    splits = (gn.Split(x, y, np.array([row])) for row in range(3))
    dataset = gn.Dataset("made", *splits, classes=("a", "b", "c"), white=255)
    recipe.make_network(dataset).summary()
    recipe.augment(dataset)
    recipe.schedule.factor(3, 10)


def read_evaluation(path: Path) -> None:
    """Read a run whose evaluation is this file, and put it on a page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.toml").write_bytes(seeds("recipe")[0])
        (folder / "history.jsonl").write_bytes(seeds("history")[0])
        (folder / "model.safetensors").write_bytes(seeds("model")[0])
        (folder / "evaluation.json").write_bytes(path.read_bytes())
        look_at(read_run(folder))


def read_columns(path: Path) -> None:
    """Read any table, and see what its columns mean."""
    table = read_table(path)
    inspect_columns(table, ColumnOptions(dates=True))
    unusable = [name for name, cells in table.columns.items() if cells.problem and name != "y"]
    schema = find_schema(table, "y", dates=True, ignore=unusable)
    summarise(table, schema)
    schema.examples(table)
    schema.targets(table)


def keep_kernel(path: Path) -> None:
    with patch.object(doctor, "kept_path", lambda: path):
        doctor.use_kept()


READERS = {
    "model": Reader(use_model, (ModelFileError,)),
    "checkpoint": Reader(resume, (CheckpointError, DivergenceError)),
    "statedict": Reader(take_weights, (ModelFileError,)),
    "recipe": Reader(make_recipe, (RecipeError,)),
    "experiment": Reader(load_experiment, (RecipeError,)),
    "history": Reader(History.load, (InputError,)),
    "evaluation": Reader(read_evaluation, (RunError,)),
    "table": Reader(read_columns, (DataError,)),
    "parquet": Reader(read_columns, (DataError,)),
    "kernel": Reader(keep_kernel, ()),
    "idx": Reader(read_idx, (DataError,)),
    "csv": Reader(read_csv, (DataError,)),
    "npz": Reader(read_npz, (DataError,)),
    "emnist": Reader(lambda path: read_emnist(path, "letters"), (DataError,)),
    "cifar": Reader(read_cifar10, (DataError,)),
    "picture": Reader(lambda path: drawing.to_mnist(picture.read(path)), (DataError,)),
}


def try_file(kind: str, path: Path) -> str:
    """What came of reading a file: "read", or the documented error, which must be one line of moderate length.

    Raises:
        Exception: any other; AssertionError for a message that is no such line.
    """
    reader = READERS[kind]
    try:
        reader.read(path)
    except reader.errors as error:
        check_message(error)
        return type(error).__name__
    return "read"
