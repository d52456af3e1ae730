"""glassnet train and resume: a recipe and data become a run folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import completion
from glassnet.cli.folds import show_folds
from glassnet.cli.rows import Unknown
from glassnet.cli.watched import watched

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset
    from glassnet.nn.network import Network
    from glassnet.recipes.recipe import Recipe
    from glassnet.runs.run import Run
    from glassnet.train.ranks import Ranks

MOST_BYTES = 1 << 24  # of a file of columns, with their categories
FALLBACK = "digits"  # the dataset of a named recipe where its own is missing: it needs no network

RecipeName = Annotated[
    str | None,
    typer.Argument(
        autocompletion=completion.recipes,
        help="a named recipe (see `glassnet recipes`) or a TOML file; with --target: table by default",
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        autocompletion=completion.datasets,
        help="a dataset (see `glassnet data list`), a CSV, Parquet or npz file, or an IDX folder",
    ),
]
Change = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="change any setting of the recipe")
]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="the column to predict: --data is then any table, CSV or Parquet")
]
Task = Annotated[str | None, typer.Option(help="classification or regression [default: chosen by the target column]")]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="a column of the table to leave out, such as a row's name; may be repeated"),
]
Categorical = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN", help="a column of the table whose numbers are codes, not quantities; may be repeated"
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="CELL", help="a cell that counts as missing, such as -9, besides NA and ?; may be repeated"),
]
Dates = Annotated[
    bool, typer.Option("--dates", help="turn dates into numbers: days since 1970-01-01, month, weekday, hour")
]
DateOrder = Annotated[
    str | None,
    typer.Option(
        metavar="dmy|mdy|ymd", help="the order of day, month and year in 03/04/24 [default: found in the cells]"
    ),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="MARK", help="the decimal mark, '.' or ',' [default: found in the cells]")
]
Columns = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="a TOML file of what each column holds, written by `glassnet data show --out`"),
]

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        autocompletion=completion.models,
        help="begin with the weights of a model: a file, a run or a pretrained one",
    ),
]
Mpi = Annotated[bool, typer.Option("--mpi", help="train with all the ranks that mpirun has started")]


def train(
    recipe: RecipeName = None,
    data: Data = None,
    target: Target = None,
    task: Task = None,
    ignore: Ignore = None,
    categorical: Categorical = None,
    missing: Missing = None,
    dates: Dates = False,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    columns: Columns = None,
    unknown: Unknown = None,
    folds: Annotated[
        int | None,
        typer.Option(metavar="N", help="also cross-validate with N folds of the table"),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="show no cells of the table in reports, for personal data")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="the run folder; runs/RECIPE-DATA by default")] = None,
    epochs: Annotated[int | None, typer.Option(help="short for --set training.epochs=N")] = None,
    seed: Annotated[int | None, typer.Option(help="short for --set training.seed=N")] = None,
    change: Change = None,
    from_: From = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="shards computed at once [default: all processors]")
    ] = None,
    mpi: Mpi = False,
    pictures: Annotated[bool, typer.Option(help="draw curves, mistakes, the first layer ...")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print the result on the test examples only")] = False,
) -> None:
    """Train a network, and write model, history and pictures to a run folder.

    Ctrl-C and SIGTERM end the training early and keep the best network so far. Continue an interrupted run
    with `glassnet resume`.

    Examples:

    `glassnet train classic --data fashion-mnist`

    `glassnet train classic --set optimizer.lr=0.05 --set 'network.hidden=[256,64]'`

    `glassnet train my.toml --out runs/mine --seed 1`

    `glassnet train --data table.csv --target species --ignore id --categorical region --folds 5`

    `mpirun -n 4 glassnet train cnn --mpi`
    """
    from glassnet.cli.ranks import begin
    from glassnet.cli.terminal import amounts_of, in_short
    from glassnet.recipes.recipe import load_recipe
    from glassnet.runs.claim import check_free
    from glassnet.runs.run import train_beside

    settings = settings_of(change, epochs=epochs, seed=seed, data=data)
    said: dict[str, Any] = {"task": task, "ignore": ignore, "categorical": categorical, "missing": missing}
    said |= {"dates": dates, "date_order": date_order, "decimal": decimal, "unknown": unknown, "private": private}
    settings |= table_settings(data, target, columns, said | {"folds": folds})
    _check_target(recipe, settings, mpi=mpi)
    ranks = begin(mpi, quiet=quiet)
    start = None if from_ is None else _network_of(from_)
    name = recipe or "table"
    if out is not None and (ranks is None or ranks.leads):
        check_free(out)  # before anything is loaded or printed
    wanted, dataset = load_data_or_digits(name, load_recipe(name, settings=settings), settings)
    if ranks is None or ranks.leads:
        run = train_and_show(wanted, dataset, out, workers, start=start, pictures=pictures, ranks=ranks)
        if quiet:
            typer.echo(f"test {in_short(run.evaluation, amounts_of(dataset.schema))}")
    else:
        train_beside(wanted, dataset, ranks, start=start, workers=workers)


def _network_of(model: str) -> "Network":
    from glassnet.model.model import Model

    return Model.open(model).network


def resume(
    run: Annotated[Path, typer.Argument(autocompletion=completion.runs, help="the folder of an interrupted run")],
    epochs: Annotated[
        int | None, typer.Option(min=1, help="continue to this total of epochs, even if the run is finished")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="shards computed at once [default: all processors]")
    ] = None,
    mpi: Mpi = False,
    pictures: Annotated[bool, typer.Option(help="draw curves, mistakes, the first layer ...")] = True,
) -> None:
    """Continue an interrupted run, to the same bits as if it had never stopped.

    With --epochs it continues to another total, even if it is finished or was stopped early; the learning rate then
    follows the new total.

    Examples:

    `glassnet resume runs/classic-mnist`

    `glassnet resume runs/classic-mnist --epochs 100`
    """
    from glassnet.cli.ranks import begin
    from glassnet.cli.terminal import console, show_dataset
    from glassnet.nn.schedule import ConstantRate
    from glassnet.nn.settings import describe
    from glassnet.runs.folder import RunError, read_run
    from glassnet.runs.folds import is_divided
    from glassnet.runs.run import resume_beside, resume_run
    from glassnet.runs.unfinished import find_unfinished

    ranks = begin(mpi)
    try:
        unfinished = find_unfinished(run, epochs=epochs)
    except RunError:
        if epochs is not None or not read_run(run).finished or is_divided(run):
            raise
        _go_on_with_folds(run, workers, pictures=pictures)
        return
    recipe = unfinished.recipe
    if recipe.data.name == "-" or recipe.data.name.startswith("/dev/"):
        raise RunError(f"{run}: its table came through a pipe and was not kept: train again from a file")
    console.print(f"{run}: {unfinished}", soft_wrap=True)
    if recipe.training.epochs != unfinished.before and recipe.schedule != ConstantRate():
        console.print(
            f"the learning rate follows {describe(recipe.schedule)} over {recipe.training.epochs} epochs from here on, "
            f"no longer over {unfinished.before}",
            soft_wrap=True,
        )
    dataset = load_data(recipe)
    if ranks is not None and not ranks.leads:
        resume_beside(unfinished, dataset, ranks, workers=workers)
        return
    show_dataset(dataset)
    with watched(run) as progress:
        finished = resume_run(unfinished, dataset, pictures=pictures, progress=progress, workers=workers, ranks=ranks)
        _show(finished, dataset, pictures)
    if recipe.data.cross_validates and not finished.history.interrupted:
        show_folds(recipe, dataset, run, workers, pictures=pictures)


def _go_on_with_folds(run: Path, workers: int | None, *, pictures: bool) -> None:
    """Go on with the cross-validation of a run that is finished otherwise."""
    from glassnet.model.path import RECIPE
    from glassnet.recipes.recipe import load_recipe
    from glassnet.runs.run import check_data
    from glassnet.runs.unfinished import check_own

    check_own(run)
    recipe = load_recipe(run / RECIPE)
    dataset = load_data(recipe)
    check_data(dataset, run)
    show_folds(recipe, dataset, run, workers, pictures=pictures)


def train_and_show(
    recipe: "Recipe",
    dataset: "Dataset",
    out: Path | None,
    workers: int | None = None,
    *,
    start: "Network | None" = None,
    pictures: bool = True,
    ranks: "Ranks | None" = None,
) -> "Run":
    """Train a recipe and show all that a person wants to see of it."""
    from glassnet.cli.terminal import console, section, show_dataset
    from glassnet.nn.settings import describe
    from glassnet.runs.claim import new_folder
    from glassnet.runs.run import train_recipe
    from glassnet.tables.folds import check_folds

    if recipe.data.cross_validates:
        check_folds(dataset, recipe.data.folds or 0)
    show_dataset(dataset)
    section(f"The network of {recipe.name!r}")
    network = recipe.make_network(dataset)
    console.print(network.summary(), soft_wrap=True)
    section(f"Training with {describe(recipe.optimizer)} on {describe(network.loss)}")
    if recipe.strokes and not recipe.strokes_for(dataset):
        console.print(f"no drawn digits are mixed in: {dataset.name} has no digits in the form of MNIST's")
    folder = out or new_folder(f"{recipe.name}-{dataset.name}")
    with watched(folder) as progress:
        run = train_recipe(
            recipe,
            dataset,
            folder,
            network=network,
            start=start,
            pictures=pictures,
            progress=None if console.quiet else progress,
            workers=workers,
            ranks=ranks,
        )
        _show(run, dataset, pictures)
    if recipe.data.cross_validates and not run.history.interrupted:
        show_folds(recipe, dataset, folder, workers, pictures=pictures)
    return run


def settings_of(
    change: list[str] | None, *, epochs: int | None = None, seed: int | None = None, data: str | None = None
) -> dict[str, Any]:
    """What --set and its short forms change in a recipe.

    Raises:
        RecipeError: a --set that is no KEY=VALUE.
    """
    from glassnet.data.files import is_pipe
    from glassnet.recipes.toml import RecipeError, value_of

    settings: dict[str, Any] = {}
    for pair in change or []:
        key, equals, value = pair.partition("=")
        if not equals:
            raise RecipeError(f"--set {pair}: expected KEY=VALUE, such as optimizer.lr=0.01")
        settings[key.strip()] = value_of(value.strip())
    if data is not None and Path(data).exists() and not is_pipe(data):
        data = str(Path(data).resolve())  # the run must find it again from any folder
    options = {"training.epochs": epochs, "training.seed": seed, "data.name": data}
    return settings | {key: option for key, option in options.items() if option is not None}


def _check_target(recipe: str | None, settings: dict[str, Any], *, mpi: bool) -> None:
    """Raise RecipeError if a table, or its target, is needed and not given, or ranks are to cross-validate."""
    from glassnet.recipes.toml import RecipeError

    if mpi and "data.folds" in settings:
        raise RecipeError("--folds and --mpi do not go together: cross-validate without --mpi")
    if recipe is None and "data.target" not in settings:
        raise RecipeError(
            "expected a recipe, such as glassnet train classic (see glassnet recipes), or a table and the column to "
            "predict: glassnet train --data table.csv --target COLUMN"
        )
    if recipe == "table" and "data.target" not in settings:
        raise RecipeError("the recipe table learns from a table: glassnet train --data table.csv --target COLUMN")


def table_settings(data: str | None, target: str | None, columns: Path | None, said: dict[str, Any]) -> dict[str, Any]:
    """What --target, --columns and the other options of tables change in a recipe.

    Args:
        said: the values of the others by the name of the setting; those that are not given are None, False or empty.

    Raises:
        RecipeError: they are given without what they belong to; the file of columns cannot be read.
    """
    from glassnet.recipes.toml import RecipeError

    given = {name: value for name, value in said.items() if value is not None and value is not False and value != []}
    if columns is not None:
        given["columns"] = read_columns(columns)
    if target is None and given:
        option = next(iter(given)).replace("_", "-")
        raise RecipeError(f"--{option} is for tables: say which column to predict with --target COLUMN")
    if target is not None and data is None:
        raise RecipeError(f"--target {target}: say which table with --data table.csv")
    given |= {"target": target} if target is not None else {}
    return {f"data.{name}": value for name, value in given.items()}


def read_columns(path: Path) -> dict[str, Any]:
    """What a file says of single columns.

    Raises:
        RecipeError: it cannot be read, or says something else.
    """
    from glassnet.recipes.toml import RecipeError, read_toml
    from glassnet.tables.column_options import ColumnOptions

    said = read_toml(path, what="what columns hold", most=MOST_BYTES)
    columns = said.get("columns")
    if set(said) != {"columns"} or not isinstance(columns, dict):
        raise RecipeError(f"{path}: expected tables such as [columns.price], as `glassnet data show --out` writes them")
    try:
        ColumnOptions(columns=columns)
    except ValueError as error:  # of a column
        raise RecipeError(f"{path}: {error}") from None
    return columns


def load_data(recipe: "Recipe", *, fallback: str | None = None) -> "Dataset":
    """The dataset of a recipe, with a progress bar where that takes long."""
    from glassnet.cli.terminal import console
    from glassnet.progress import TaskBar

    with TaskBar(quiet=console.quiet) as bar:
        return recipe.data.load(progress=bar, fallback=fallback)


def load_data_or_digits(name: str, recipe: "Recipe", settings: dict[str, Any]) -> tuple["Recipe", "Dataset"]:
    """The dataset of a recipe, and the recipe with its name.

    Where a named recipe's own dataset is missing and cannot be downloaded, these are the 8x8 digits, and a warning says
    so; but not where a person has named the data.
    """
    from dataclasses import replace

    from glassnet.recipes.recipe import recipe_names

    own = name in recipe_names() and recipe.data.target is None and not {"data", "data.name"} & settings.keys()
    dataset = load_data(recipe, fallback=FALLBACK if own else None)
    if own and dataset.name == FALLBACK:
        recipe = replace(recipe, data=replace(recipe.data, name=FALLBACK))
    return recipe, dataset


def _show(run: "Run", dataset: "Dataset", pictures: bool) -> None:
    import sys

    from glassnet.cli.terminal import amounts_of, console, section, show_evaluation

    if run.history.stopped:
        console.print(f"stopped: {run.history.stopped}")
        kept = run.history.kept_epoch
        console.print(f"kept the network of epoch {kept}" if kept else "kept the network as it was at the start")
    if run.history.interrupted:
        print(f"continue with: glassnet resume {run.folder}", file=sys.stderr)
    section("On the test examples, which it has never seen")
    beside = {"baselines": run.judgement["baselines"]} if run.judgement else None
    show_evaluation(run.evaluation, split="test", amount=amounts_of(dataset.schema), judgement=beside)
    section(f"Written to {run.folder}")
    for path in sorted(p for p in run.folder.rglob("*") if p.is_file()):
        console.print(f"  {path.relative_to(run.folder)}")
    if pictures and not run.pictures:
        console.print("no pictures: they need Matplotlib, pip install 'glassnet[plots]'")
