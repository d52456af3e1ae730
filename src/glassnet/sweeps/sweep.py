"""A sweep: many trainings of one recipe with different settings, which are chosen by how the earlier ones did.

The folder of a sweep:

base.toml       the recipe that is trained, as it stands before the search
search.toml     what is searched, and the seed
journal.log     the trials, as Optuna keeps them, unless a database does
trials/001/     the run folder of each trial
trials.csv      a table of the trials
best.toml       the recipe with the best settings
model.safetensors  the best network, once it is measured on the test split
pictures/       the values of all trials, each setting against them, and which settings matter
report.html     all of this on one page

Trials are judged on validation data alone. The test split is used at the end, to measure the best network.
"""

import hashlib
import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.data.dataset import Dataset
from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import brief
from glassnet.nn.settings import whole
from glassnet.recipes.recipe import Recipe, load_recipe
from glassnet.recipes.toml import RecipeError, inline, read_toml, to_toml
from glassnet.runs.claim import claim, writing_to
from glassnet.runs.folder import LARGEST, RunError
from glassnet.sweeps.space import Space, check_space, examples, flat, in_order, space_of
from glassnet.wholefile import whole_file

BASE, SEARCH = "base.toml", "search.toml"
MOMENT = 0.5  # seconds in which another machine writes two small files


@dataclass(frozen=True)
class Sweep:
    """What makes a sweep: one sweep and the same data give the same trials, if they are trained one after the other.

    Args:
        recipe: what is trained.   space: its searched settings, from `space_of`.   seed: of what is drawn.

    Raises:
        RecipeError: the recipe cannot have one of the choices, or an end of a range.   InputError: another seed.
    """

    recipe: Recipe
    space: Space
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.seed, "seed", 0)
        require(self.seed < 2**63, f"seed: expected less than 2**63, got {self.seed}")
        check_space(self.space, self.recipe)

    def recipe_with(self, settings: dict[str, Any]) -> Recipe:
        """The recipe of a trial.

        Raises:
            RecipeError: the settings do not fit together.
        """
        return self.recipe.changed(in_order(settings))

    def check(self, dataset: Dataset) -> None:
        """Raise an error if trials could not be trained or compared on this dataset."""
        named = Path(self.recipe.data.name).stem
        require(
            Path(dataset.name).stem == named,
            f"dataset: expected {named}, which the recipe names, got {dataset.name}: change data.name in the recipe, "
            "so that its best settings say what they are for",
        )
        if not len(dataset.validation):
            raise InputError(
                f"{dataset.name} has no validation examples, by which trials are compared; let some be held out, "
                "as data.validation = 1000"
            )
        if not len(dataset.test):
            raise RunError(f"{dataset.name} has no test examples, so a sweep could not measure its best network")
        losses = [key for key in self.space if key == "network" or key.startswith("network.loss")]
        if losses and not dataset.classes:
            raise InputError(
                f"search: {losses[0]}: amounts are compared by their loss, so it cannot be searched: set it"
            )
        self.recipe.make_network(dataset)
        for key, search in self.space.items():
            for value in search.examples():
                self.recipe_with(examples(self.space, key, value)).make_network(dataset)

    def searches(self) -> dict[str, Any]:
        """What is searched, as a TOML file has it."""
        return {key: search.plain() for key, search in self.space.items()}

    def digest(self, dataset: Dataset) -> str:
        """A checksum of the sweep and its data, which is the same in all processes that share its trials."""
        recipe = self.recipe.to_table()
        recipe["data"].pop("name")  # a path, which may be another one on each machine
        table = {"recipe": recipe, "search": self.searches(), "seed": self.seed}
        checksum = hashlib.sha256(json.dumps(table, sort_keys=True).encode())
        for split in (dataset.train, dataset.validation):
            rows = split.index[:: max(len(split) // 100, 1)]
            checksum.update(split.inputs[rows].tobytes())
            if split.targets is not None:
                checksum.update(split.targets[split.index].tobytes())
        return checksum.hexdigest()[:16]

    def begin(self, folder: Path) -> None:
        """Make its folder, or check that the folder holds this sweep already.

        Raises:
            RunError: the folder holds something else, or cannot be written to.
        """
        lines = [f"{json.dumps(key)} = {inline(search)}\n" for key, search in self.searches().items()]
        texts = {SEARCH: f"seed = {self.seed}\n\n[search]\n{''.join(lines)}", BASE: to_toml(self.recipe.to_table())}
        if not (folder / SEARCH).is_file():
            try:
                claim(folder)
            except RunError:
                time.sleep(MOMENT)
                if not (folder / SEARCH).is_file():  # else another machine has begun the sweep at this moment
                    raise
            else:
                with writing_to(folder):
                    write(folder / SEARCH, texts[SEARCH])
                    write(folder / BASE, texts[BASE])
        if not (folder / BASE).is_file():
            time.sleep(MOMENT)
            if not (folder / BASE).is_file():  # whoever began it was killed between the two
                with writing_to(folder):
                    write(folder / BASE, texts[BASE])
        kept = read_sweep(folder)
        pairs = {
            "recipe": (self.recipe, kept.recipe),
            "search": (self.searches(), kept.searches()),
            "seed": (self.seed, kept.seed),
        }
        differs = [what for what, (ours, theirs) in pairs.items() if ours != theirs]
        if differs:
            ours, theirs = self.recipe.settings(), kept.recipe.settings()
            settings = [key for key in theirs | ours if ours.get(key) != theirs.get(key)]
            where = f" ({brief(', '.join(settings))})" if settings else ""
            raise RunError(
                f"{folder}: the sweep in this folder has another {' and '.join(differs)}{where}: "
                "continue with the command that began it, or name another folder"
            )


def write(path: Path, text: str) -> None:
    """Write a file that other machines may write at the same moment; it appears only when it is complete."""
    with whole_file(path, part=f".{platform.node()}-{os.getpid()}.part") as file:
        file.write(text.encode())


def read_sweep(folder: Path) -> Sweep:
    """The sweep of a folder.

    Raises:
        RecipeError, InputError: its files are damaged.
    """
    searches, seed = read_searches(folder / SEARCH)
    return Sweep(load_recipe(folder / BASE), space_of(searches), seed or 0)


def read_searches(path: Path) -> tuple[dict[str, Any], int | None]:
    """What is searched according to a TOML file, and the seed if the file names one.

    Raises:
        RecipeError: the file cannot be read, or says something else.
    """
    table = read_toml(path, what="what is searched", most=LARGEST)
    search, seed = table.pop("search", None), table.pop("seed", None)
    if table or not isinstance(search, dict) or not (seed is None or type(seed) is int):
        raise RecipeError(f'{path}: expected a section [search] with lines such as optimizer.lr = "log(1e-3, 1)"')
    return flat(search), seed
