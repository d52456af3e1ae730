"""glassnet sweep: many trainings of a recipe with different settings, and the best of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli.rows import Unknown
from glassnet.cli.train import (
    Categorical,
    Change,
    Columns,
    Data,
    DateOrder,
    Dates,
    Decimal,
    Ignore,
    Missing,
    RecipeName,
    Target,
    Task,
    load_data_or_digits,
    settings_of,
    table_settings,
)

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset
    from glassnet.recipes.recipe import Recipe
    from glassnet.sweeps.run import Swept
    from glassnet.sweeps.sweep import Sweep
    from glassnet.sweeps.trials import Trial

EXAMPLE = "--search 'optimizer.lr = log(1e-3, 1)'"


Searched = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="'KEY = RANGE'",
        help="a setting and its range: log(1e-3, 1), uniform(0, 0.5), whole(1, 8), whole_log(16, 512), or a list of "
        "choices such as [[64], [128]]; may be repeated",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="the folder of the sweep [default: sweeps/RECIPE-DATA]; with --rates the picture (PNG)"),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="a PostgreSQL database that several machines share, as postgresql://... [default: what GLASSNET_STORAGE "
        "names, or a file in the folder]",
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="trainings at once; they share the processors")]
Epochs = Annotated[int | None, typer.Option(help="epochs of each training: short for --set training.epochs=N")]
Seed = Annotated[int | None, typer.Option(min=0, help="the seed for drawing the settings [default: 0]")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="shards of a training computed at once [default: the jobs share processors]")
]


def sweep(
    recipe: RecipeName = None,
    search: Searched = None,
    searches: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a TOML file with such lines under [search]")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="the total number of trainings [default: 40]")] = None,
    jobs: Jobs = 1,
    epochs: Epochs = None,
    minutes: Annotated[float | None, typer.Option(help="no training begins after this time")] = None,
    seed: Seed = None,
    out: Out = None,
    storage: Storage = None,
    rates: Annotated[
        bool, typer.Option("--rates", help="instead: one training with a rising learning rate, to suggest one")
    ] = False,
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
    change: Change = None,
    workers: Workers = None,
    pictures: Annotated[bool, typer.Option(help="draw pictures and write the report")] = True,
) -> None:
    """Search for good settings: train a recipe many times, with settings chosen from the earlier results.

    Trials are compared on validation data alone, and poor ones are ended early. At the end the best network is measured
    on the test split. The same command continues an interrupted sweep.

    Examples:

    `glassnet sweep classic --search 'optimizer.lr = log(1e-3, 1)' --search 'network.hidden = [[64], [256, 64]]'`

    `glassnet sweep cnn --searches my.toml --trials 100 --jobs 4 --minutes 480`

    `glassnet sweep --data table.csv --target species --search 'optimizer.lr = log(1e-4, 0.1)'`

    `glassnet sweep classic --rates`
    """
    from glassnet.cli.ranks import check_alone

    check_alone("start it without mpirun; --jobs and --storage share trials")
    name = _name_of(recipe, target)
    said = {"task": task, "ignore": ignore, "categorical": categorical, "missing": missing, "dates": dates}
    said |= {"date_order": date_order, "decimal": decimal, "unknown": unknown}
    settings = settings_of(change, epochs=epochs, data=data) | table_settings(data, target, columns, said)
    options: dict[str, Any] = {"trials": trials, "jobs": jobs, "minutes": minutes, "storage": storage}
    options |= {"out": out, "seed": seed, "workers": workers, "pictures": pictures}
    if rates:
        _find_rates(name, settings, {"--search": search, "--searches": searches}, options)
    else:
        found, own_seed = _searches(search, searches, name)
        _search(name, settings, found, options | {"seed": own_seed if seed is None else seed, "trials": trials or 40})


def _name_of(recipe: str | None, target: str | None) -> str:
    from glassnet.recipes.toml import RecipeError

    if recipe is None and target is None:
        raise RecipeError(f"expected a recipe, such as glassnet sweep classic {EXAMPLE} (see glassnet recipes)")
    return recipe or "table"


def _loaded(name: str, settings: dict[str, Any]) -> "tuple[Recipe, Dataset]":
    """The recipe, and its data."""
    from glassnet.recipes.recipe import load_recipe

    return load_data_or_digits(name, load_recipe(name, settings=settings), settings)


def _searches(lines: list[str] | None, path: Path | None, recipe: str) -> tuple[dict[str, Any], int]:
    """What is searched, and the seed that the file names, or 0."""
    from glassnet.nn.errors import InputError
    from glassnet.sweeps.space import searches_of
    from glassnet.sweeps.sweep import read_searches

    if not lines and path is None:
        raise InputError(
            f"expected what is searched, such as glassnet sweep {recipe} {EXAMPLE}; glassnet recipes {recipe} "
            f"shows the settings; to search only a learning rate: glassnet sweep {recipe} --rates"
        )
    found, seed = read_searches(path) if path else ({}, None)
    own = searches_of(lines or [])
    if both := own.keys() & found.keys():
        raise InputError(f"{path}: it searches {min(both)} too: leave --search of it out")
    return found | own, seed or 0


def _search(name: str, settings: dict[str, Any], search: dict[str, Any], options: dict[str, Any]) -> None:
    import sys

    from glassnet.cli.terminal import console, section, show_dataset
    from glassnet.progress import SweepBar, value_text
    from glassnet.recipes.toml import RecipeError
    from glassnet.sweeps.run import folder_of, sweep
    from glassnet.sweeps.space import space_of
    from glassnet.sweeps.sweep import Sweep

    if both := search.keys() & settings.keys():
        raise RecipeError(f"--set {min(both)}: it is searched, so it cannot be set too")
    recipe, dataset = _loaded(name, settings)
    wanted = Sweep(recipe, space_of(search), options["seed"])
    folder = options["out"] = folder_of(recipe, dataset, options["out"])
    show_dataset(dataset)
    section(f"The sweep of {recipe.name!r} in {folder}")
    for key, searched in wanted.space.items():
        console.print(f"  {key} = {searched.text()}", soft_wrap=True)
    section("Trials, compared on validation data; * is the best so far")
    progress = SweepBar()
    try:
        with progress:
            done = sweep(recipe, search, **options, dataset=dataset, progress=progress)
    except KeyboardInterrupt:
        best = "" if progress.best is None else f", the best {value_text(progress.best, rises=progress.rises)}"
        print(f"interrupted after {progress.done} of {progress.total} trials{best}", file=sys.stderr)
        print(f"everything is kept in {folder}; the same command continues the sweep", file=sys.stderr)
        raise
    _show(done, wanted, dataset, progress.total)


def _show(done: "Swept", sweep: "Sweep", dataset: "Dataset", wanted: int) -> None:
    from glassnet.cli.terminal import console, section
    from glassnet.sweeps.report import counts, ends, uncertain

    best, ended = done.best, sum(trial.finished for trial in done.trials)
    assert best
    assert best.value is not None
    section(f"The best of {ended} trials: trial {best.number}")
    console.print(
        f"validation {'accuracy' if dataset.classes else 'loss'} {uncertain(best.value, dataset)}", style="bold"
    )
    if done.own and done.own is not best and done.own.value is not None:
        console.print(f"the recipe as it stands: {uncertain(done.own.value, dataset)}, trial {done.own.number}")
    _show_settings(best, sweep)
    for key in ends(sweep, best):
        console.print(f"{key} is near the end of its range: better values may be outside")
    console.print(counts(done.trials))
    if ended < wanted and done.over:
        console.print(
            f"the time is up: {wanted - ended} of {wanted} trials were not trained; the same command continues"
        )
    _show_test(done)
    section(f"Written to {done.folder}")
    for path in sorted(p for p in (*done.folder.iterdir(), *done.folder.glob("pictures/*")) if p.is_file()):
        if path.name != "lock":
            console.print(f"  {path.relative_to(done.folder)}")
    if done.run:
        console.print(f"  {'/'.join(done.run.parts[-2:])} and the run folders of the other trials")
    console.print("\nThe best of many is partly the luckiest. Train its settings from other seeds:")
    console.print(f"  glassnet train {done.folder}/best.toml --seed 1", soft_wrap=True)


def _show_settings(best: "Trial", sweep: "Sweep") -> None:
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console
    from glassnet.recipes.toml import inline

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("setting", "value", "searched in"):
        table.add_column(title, overflow="fold")
    for key, search in sweep.space.items():
        table.add_row(key, inline(best.settings[key]), search.text())
    console.print(table)


def _show_test(done: "Swept") -> None:
    from glassnet.cli.terminal import console, section

    if not done.evaluation:
        console.print(f"the test split: {done.untested}", soft_wrap=True)
        return
    section("On the test examples, which no trial has seen")
    figures = done.evaluation
    if "accuracy" in figures:
        console.print(f"test accuracy {100 * figures['accuracy']:.2f} %", style="bold")
    else:
        r2 = figures.get("r2")
        console.print(f"test R2 {r2:.3f}" if r2 is not None else f"test loss {figures['loss']:.4g}", style="bold")
    if len(done.measured) > 1:
        console.print(f"so far, {len(done.measured)} networks of this sweep were measured on them")


def _find_rates(name: str, settings: dict[str, Any], search: dict[str, Any], options: dict[str, Any]) -> None:
    from glassnet import plots
    from glassnet.cli.png import check_png
    from glassnet.cli.terminal import console, section, show_dataset
    from glassnet.progress import TaskBar
    from glassnet.recipes.toml import RecipeError
    from glassnet.sweeps.rates import find_rates

    others = search | {f"--{key}": options[key] for key in ("trials", "minutes", "storage", "seed")}
    others |= {"--jobs": options["jobs"] > 1 or None}
    if given := [option for option, value in others.items() if value is not None]:
        raise RecipeError(f"--rates is one training with a rising learning rate: leave {given[0]} out")
    out = options["out"]
    if out is not None:
        check_png("--out", out)
    recipe, dataset = _loaded(name, settings)
    show_dataset(dataset)
    section(f"A rising learning rate for {recipe.name!r}")
    with TaskBar(quiet=console.quiet) as bar:
        found = find_rates(recipe, dataset, progress=bar)
    if found.suggested is None:
        console.print("the loss never fell: look at the data, the inputs' scale and the initial weights")
    else:
        lowest = min(range(len(found.smooth)), key=found.smooth.__getitem__)
        console.print(f"{len(found.rates)} steps, at rates from {found.rates[0]:.2g} to {found.rates[-1]:.2g}")
        console.print(f"the mean loss is lowest, {found.smooth[lowest]:.4g}, at the rate {found.rates[lowest]:.2g}")
        if found.too_high is not None:
            console.print(f"ended at {found.too_high:.2g}, where the loss is at least twice as high")
        console.print(f"suggestion: --set optimizer.lr={found.suggested:g}", style="bold")
    if options["pictures"] and found.smooth and plots.available():
        path = out or Path("rates.png")
        plots.save(plots.rates(found.rates, found.losses, found.smooth, found.suggested), path)
        console.print(f"drawn into {path}")
