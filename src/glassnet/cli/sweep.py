"""glassnet sweep: many trainings of a recipe with different settings, and the best of them."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

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
    from rich.progress import TaskID

    from glassnet.data.dataset import Dataset
    from glassnet.recipes.recipe import Recipe
    from glassnet.sweeps.run import Swept
    from glassnet.sweeps.sweep import Sweep

EXAMPLE = "--search 'optimizer.lr = log(1e-3, 1)'"


Searched = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="'KEY = RANGE'",
        help="a setting and its range: log(1e-3, 1), uniform(0, 0.5), whole(1, 8), whole_log(16, 512), or a list "
        "of choices; may be repeated",
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
        help="a PostgreSQL database that several machines share: postgresql://USER@HOST/DATABASE [default: what "
        "GLASSNET_STORAGE names, or a file in the folder]",
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="how many at once; they share the processors")]
Epochs = Annotated[int | None, typer.Option(help="of each training: short for --set training.epochs=N")]
Seed = Annotated[int | None, typer.Option(min=0, help="of the settings that are drawn [default: 0]")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="shards of a training computed at once [default: the jobs share processors]")
]


def sweep(
    recipe: RecipeName = None,
    search: Searched = None,
    searches: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a TOML file with such lines in a section [search]")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="how many trainings, all together")] = 40,
    jobs: Jobs = 1,
    epochs: Epochs = None,
    minutes: Annotated[float | None, typer.Option(help="after so many no training begins")] = None,
    seed: Seed = None,
    out: Out = None,
    storage: Storage = None,
    rates: Annotated[
        bool, typer.Option("--rates", help="instead: one training with a rising learning rate, and a suggestion")
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
    """Search for good settings: train a recipe many times, each time with settings chosen by how the others did.

    Trials are compared on validation data alone, and poor ones are ended early. At the end the best network is measured
    on the test split. The same command goes on with a sweep that was broken off.

    Examples:

    `glassnet sweep classic --search 'optimizer.lr = log(1e-3, 1)' --search 'network.hidden = [[64], [256, 64]]'`

    `glassnet sweep cnn --searches my.toml --trials 100 --jobs 4 --minutes 480`

    `glassnet sweep --data table.csv --target species --search 'optimizer.lr = log(1e-4, 0.1)'`

    `glassnet sweep classic --rates`
    """
    from glassnet.cli.ranks import begin
    from glassnet.recipes.recipe import load_recipe
    from glassnet.recipes.toml import RecipeError

    begin(wanted=False)
    if recipe is None and target is None:
        raise RecipeError(f"expected a recipe, such as glassnet sweep classic {EXAMPLE} (see glassnet recipes)")
    settings = settings_of(change, epochs=epochs, data=data)
    said = {"task": task, "ignore": ignore, "categorical": categorical, "missing": missing, "dates": dates}
    said |= {"date_order": date_order, "decimal": decimal, "unknown": unknown}
    settings |= table_settings(data, target, columns, said)
    name = recipe or "table"
    wanted = load_recipe(name, settings=settings)
    if rates and (search or searches):
        raise RecipeError("--rates searches for a learning rate alone: leave --search out")
    found, own_seed = ({}, 0) if rates else _searches(search, searches, name)
    wanted, dataset = load_data_or_digits(name, wanted, settings)
    if rates:
        _show_rates(wanted, dataset, out)
        return
    options: dict[str, Any] = {
        "trials": trials,
        "jobs": jobs,
        "seed": own_seed if seed is None else seed,
        "minutes": minutes,
    }
    options |= {"out": out, "storage": storage, "workers": workers, "pictures": pictures}
    _sweep(wanted, dataset, found, options)


def _searches(lines: list[str] | None, path: Path | None, recipe: str) -> tuple[dict[str, Any], int]:
    """What is searched, and the seed that the file names, or 0."""
    from glassnet.nn.errors import InputError
    from glassnet.sweeps.space import searches_of
    from glassnet.sweeps.sweep import read_searches

    if not lines and path is None:
        raise InputError(
            f"expected what is searched, such as glassnet sweep {recipe} {EXAMPLE}; the settings stand in "
            f"glassnet recipes {recipe}; to look for a learning rate alone: glassnet sweep {recipe} --rates"
        )
    found, seed = read_searches(path) if path else ({}, None)
    return found | searches_of(lines or []), seed or 0


def _sweep(recipe: "Recipe", dataset: "Dataset", search: dict[str, Any], options: dict[str, Any]) -> None:
    import sys

    from glassnet.cli.terminal import console, section, show_dataset
    from glassnet.recipes.toml import as_text
    from glassnet.sweeps.run import folder_of, sweep
    from glassnet.sweeps.space import space_of
    from glassnet.sweeps.sweep import Sweep

    wanted = Sweep(recipe, space_of(search), options["seed"])
    folder = options["out"] = folder_of(recipe, dataset, options["out"])
    show_dataset(dataset)
    section(f"The sweep of {recipe.name!r} in {folder}")
    for key, searched in wanted.searches().items():
        console.print(f"  {key} = {as_text(searched)}", soft_wrap=True)
    section("Trials, compared on validation data")
    try:
        with SweepProgress(options["trials"], classes=bool(dataset.classes)) as progress:
            done = sweep(recipe, search, **options, dataset=dataset, progress=progress)
    except KeyboardInterrupt:
        print(f"broken off; what is done is kept in {folder}, and the same command goes on", file=sys.stderr)
        raise
    _show(done, wanted, dataset)


class SweepProgress:
    """Shows a line for each trial that has ended; in a terminal also a bar for each that runs, and one for all.

    Args:
        total: the number of trials.   classes: whether values are accuracies.
    """

    def __init__(self, total: int, *, classes: bool) -> None:
        import sys

        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.total, self.classes = total, classes
        self.console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
        )
        self.tasks: dict[int, TaskID] = {}
        self.best: float | None = None
        self.all: TaskID | None = None
        self.waiting = False

    def __call__(self, event: dict[str, Any]) -> None:
        kind, number = event["event"], event.get("trial", 0)
        if kind == "known":
            self.best = event["best"]
            if event["done"]:
                self.console.print(f"goes on after {event['done']} of {self.total} trials")
            if self.console.is_terminal:
                self.all = self.bar.add_task("all trials", total=self.total, completed=event["done"], figures="")
                self.bar.update(self.all, figures=self._best())
                self.bar.start()
        elif kind == "ends":
            self._remove(number)
            self.console.print(self._line(event), soft_wrap=True)
            if self.all is not None:
                self.bar.update(self.all, advance=1, figures=self._best())
        elif kind == "lost":
            self._remove(number)
            self.console.print(f"trial {number} goes on elsewhere")
        elif kind == "waits" and not self.waiting:
            self.waiting = True
            self.console.print(f"waits for {event['running']} of the trials, which run elsewhere")
        elif kind == "measures":
            self.console.print(f"measures trial {number} on the test split ...")
        elif kind == "step" and self.console.is_terminal:
            if number not in self.tasks:
                self.tasks[number] = self.bar.add_task(f"trial {number}", total=event["total"], figures="")
            figures = f"epoch {event['epoch']}/{event['epochs']}"
            self.bar.update(self.tasks[number], completed=event["done"], figures=figures)

    def _best(self) -> str:
        from glassnet.sweeps.report import shown_value

        return "" if self.best is None else f"best {shown_value(self.best, classes=self.classes)}"

    def _remove(self, number: int) -> None:
        if number in self.tasks:
            self.bar.remove_task(self.tasks.pop(number))

    def _line(self, event: dict[str, Any]) -> str:
        from glassnet.sweeps.report import shown_value

        value, width = event["value"], len(str(self.total))
        settings = "  ".join(f"{key}={text}" for key, text in event["settings"].items())
        start = f"trial {event['trial']:>{width}}/{self.total}"
        if value is None:
            how, _, why = event["ended"].partition(" ")
            return f"{start}  {how.rstrip(':'):>8}  {settings}  {why}"
        better = self.best is None or (value > self.best if self.classes else value < self.best)
        self.best = value if better else self.best
        mark = "  best so far" if better else ""
        return f"{start}  {shown_value(value, classes=self.classes):>8}  {settings}{mark}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self.bar.stop()


def _show(done: "Swept", sweep: "Sweep", dataset: "Dataset") -> None:
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console, section
    from glassnet.nn.errors import InputError
    from glassnet.recipes.toml import as_text
    from glassnet.sweeps.report import shown_value

    best = done.best
    if best is None:
        ended = next((trial.attributes["ended"] for trial in done.trials if "ended" in trial.attributes), None)
        raise InputError(f"{done.folder}: no trial was trained to its end" + (f"; the first: {ended}" if ended else ""))
    classes = bool(dataset.classes)
    complete, pruned = (sum(trial.state == state for trial in done.trials) for state in ("complete", "pruned"))
    section(f"The best of {complete + pruned} trials: trial {best.number}")
    what = "accuracy" if classes else "loss"
    console.print(f"validation {what} {shown_value(best.value, classes=classes)}", style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("setting", "value", "searched in"):
        table.add_column(title, overflow="fold")
    for key, searched in sweep.searches().items():
        table.add_row(key, as_text(best.settings[key]), as_text(searched))
    console.print(table)
    console.print(f"{complete} trials complete, {pruned} ended early")
    _show_test(done)
    section(f"Written to {done.folder}")
    for path in sorted(p for p in (*done.folder.iterdir(), *done.folder.glob("pictures/*")) if p.is_file()):
        console.print(f"  {path.relative_to(done.folder)}")
    console.print(f"  {'/'.join(done.run.parts[-2:])} and the run folders of the other trials" if done.run else "")
    console.print(
        f"\nThe best of many is partly the luckiest: glassnet train {done.folder}/best.toml --seed 1", soft_wrap=True
    )


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
    if done.looks > 1:
        console.print(f"{done.looks} networks of this sweep were measured on it by now, since it was made longer")


def _show_rates(recipe: "Recipe", dataset: "Dataset", out: Path | None) -> None:
    from glassnet import plots
    from glassnet.cli.png import check_png
    from glassnet.cli.terminal import console, section, show_dataset
    from glassnet.progress import TaskBar
    from glassnet.sweeps.rates import find_rates

    if out is not None:
        check_png("--out", out)
    show_dataset(dataset)
    section(f"A rising learning rate for {recipe.name!r}")
    with TaskBar(quiet=console.quiet) as bar:
        found = find_rates(recipe, dataset, progress=bar)
    if found.suggested is None:
        console.print("the loss never fell: look at the data, the inputs' scale and the first weights")
    else:
        lowest = min(range(len(found.smooth)), key=found.smooth.__getitem__)
        console.print(f"lowest loss {found.smooth[lowest]:.4g} at the rate {found.rates[lowest]:.2g}")
        risen = "the loss did not rise" if found.too_high is None else f"it rises from {found.too_high:.2g} on"
        console.print(f"{risen} (rates from {found.rates[0]:.2g} to {found.rates[-1]:.2g}, {len(found.rates)} steps)")
        console.print(f"suggestion: --set optimizer.lr={found.suggested:g}", style="bold")
    if found.smooth and plots.available():
        path = out or Path("rates.png")
        plots.save(plots.rates(found.rates, found.losses, found.smooth, found.suggested), path)
        console.print(f"drawn into {path}")
