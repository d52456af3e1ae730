"""What the command named: what is shown first, a model, a recipe or both, and a folder of experiments."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from glassnet.data.errors import DataError
from glassnet.experiments.experiment import Experiment, load_experiments
from glassnet.model.model import Model
from glassnet.model.path import MODEL, is_model
from glassnet.nn.errors import InputError
from glassnet.nn.plain import nearest, shown
from glassnet.page.form import check_offered, recipe_of
from glassnet.page.link import read_link
from glassnet.pretrained.models import pretrained_names
from glassnet.reading.drawing import form_for
from glassnet.recipes.recipe import Recipe, load_recipe, recipe_names
from glassnet.recipes.toml import RecipeError
from glassnet.runs.folder import read_run


@dataclass(frozen=True)
class Given:
    """What to show.

    Args:
        model: its network is shown first.   recipe: it is chosen in the form.
        link: the fragment of an address that the page is to follow; "" for none.
        experiments: those to choose from, by their names; by default those of this package.
    """

    model: Model | None = None
    recipe: Recipe | None = None
    link: str = ""
    experiments: dict[str, Experiment] = field(default_factory=load_experiments)


def experiments_with(folder: Path) -> dict[str, Experiment]:
    """The experiments of this package, and those of a folder: each can be trained, and its page of the course is there.

    Raises:
        RecipeError: as `load_experiments`; the course has no such page; a training is none of images, or too large.
    """
    from glassnet.page import course

    found = load_experiments(folder)
    for name, experiment in found.items():
        page, _, place = experiment.course.partition("#")
        for wanted, known in ((page, course.names()), (place, course.places(page) if page in course.names() else ())):
            if wanted and known and wanted not in known:
                raise RecipeError(
                    f"{folder / name}.toml: course: expected a page of the course, or a heading in it, "
                    f"got {shown(experiment.course)}; {nearest(wanted, known)}"
                )
        for setup in experiment.setups:
            try:
                check_offered(setup.recipe)
            except InputError as error:
                raise RecipeError(f"{folder / name}.toml: {error}") from None
    return found


def open_given(name: str | None, folder: Path | None = None) -> Given:
    """Open a pretrained model, a model file, the folder of a run, a named recipe, a TOML file or a link.

    The folder of an unfinished run has its recipe, and its model if there is one yet.

    Args:
        name: None for what is shown by default.   folder: of experiments of one's own; None for none.

    Raises:
        InputError: nothing has this name; it is no classifier of images of digits; no link.
        ModelFileError, RecipeError, RunError: it is damaged, or one of the experiments is.
    """
    experiments = load_experiments() if folder is None else experiments_with(folder)
    return replace(Given() if name is None else _opened(name, experiments), experiments=experiments)


def _opened(name: str, experiments: dict[str, Experiment]) -> Given:
    path = Path(name)
    exists = _exists(path)
    if not exists and ("#" in name or name.startswith(("recipe=", "experiment="))):
        link = read_link(name)
        for values in link.values:
            recipe_of(values)
        if link.experiment and link.experiment not in experiments:
            raise InputError(
                f"there is no experiment {shown(link.experiment)}; {nearest(link.experiment, experiments)}; one of a "
                "teacher's own needs its folder: glassnet page --experiments FOLDER"
            )
        return Given(link=link.fragment)
    given = _at(path) if exists else _called(name)
    table = given.recipe is not None and (given.recipe.data.target is not None or given.recipe.name == "table")
    if table or (given.model is not None and not _sees_images(given.model)):
        raise InputError(
            f"{name}: the page shows images of digits, and this takes something else: use glassnet explain"
        )
    return given


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long, as that of a link may be
        return False


def _called(name: str) -> Given:
    models, recipes = pretrained_names(), recipe_names()
    if name not in {*models, *recipes}:
        raise InputError(
            f"{name}: expected a pretrained model, a model file, the folder of a run, a recipe or a TOML file; "
            f"{nearest(name, {*models, *recipes})}"
        )
    return Given(Model.open(name) if name in models else None, load_recipe(name) if name in recipes else None)


def _at(path: Path) -> Given:
    if path.is_dir():
        recipe = read_run(path).recipe
        return Given(Model.open(path) if (path / MODEL).is_file() else None, recipe)
    if is_model(path):
        model = Model.open(path)
        return Given(model, model.recipe)
    return Given(None, load_recipe(path))


def _sees_images(model: Model) -> bool:
    try:
        form_for(model.network.input_shape)
    except DataError:
        return False
    return model.schema is None and not model.predicts_numbers
