"""glassnet compare: runs side by side."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import completion

if TYPE_CHECKING:
    from rich.table import Table

    from glassnet.runs.folder import SavedRun


WIDE = 76  # columns of a terminal that has room for every figure


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", autocompletion=completion.models, help="run folders, model files, pretrained models"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="the picture of all curves (PNG) [default: compare.png in this folder]")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="print all metrics as JSON; a picture only with --out")] = False,
) -> None:
    """Compare runs: their metrics, the settings that differ, and their curves in one picture.

    The best on validation data comes first. Runs of one recipe from different seeds are also shown together, as mean
    and standard deviation.

    Examples:

    `glassnet compare runs/*`

    `glassnet compare runs/classic-mnist runs/classic-mnist-2 --out curves.png`
    """
    import json

    from glassnet.cli.png import check_png
    from glassnet.nn.plain import finite
    from glassnet.runs import comparison

    if out is not None:
        check_png("--out", out)
    found, problems = _read(runs)
    found = comparison.ordered(found)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if found and json_:
        typer.echo(json.dumps(finite(_as_table(found)), allow_nan=False))
    elif found:
        _show(found)
    if found and (out is not None or not json_):
        _draw(found, out, quiet=json_)
    if problems:
        raise typer.Exit(2)


def _read(paths: Sequence[Path]) -> tuple[list["SavedRun"], list[str]]:
    """Those that can be read, each once, and one line for each other."""
    from dataclasses import replace

    from glassnet.model.path import model_path
    from glassnet.modelfile import ModelFileError
    from glassnet.recipes.toml import RecipeError
    from glassnet.runs.folder import RunError, read_run

    found, problems = [], []
    for path in dict.fromkeys(paths):
        try:
            found.append(replace(read_run(path if path.is_dir() else model_path(path)), path=path))
        except (RunError, RecipeError, ModelFileError) as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{error.filename or path}: {error.strerror}")
    return found, problems


def _show(runs: list["SavedRun"]) -> None:
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console, section
    from glassnet.runs import comparison

    data = comparison.datasets(runs)
    if len(data) > 1:
        console.print(f"these runs are on different data, so their metrics cannot be compared: {', '.join(data)}")
    scales = comparison.scales(runs)
    if len(scales) > 1:
        console.print(f"their metrics are on different scales, so the order means little: {', '.join(scales)}")
    console.print(_figures(runs))
    told = [run for run in runs if comparison.validation(run)]
    if told:
        others = "" if len(told) == len(runs) else " Runs without such metrics come last."
        console.print(f"Sorted by their best metric on validation data: the best test metric may be luck.{others}")
    else:
        console.print("No run has metrics on validation data: they are in the given order.")
    if any("accuracy" in run.evaluation for run in runs):
        console.print("Accuracies are in %, that on the test split with ± half of its 95 % interval (Wilson).")
    differing = comparison.differences(runs)
    if len(runs) > 1:
        section("They differ in" if differing else "They do not differ in any setting")
    if differing:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("setting", no_wrap=True)
        table.add_column("value: in which runs", overflow="fold")
        for key, values in differing.items():
            table.add_row(key, console.render_str("\n".join(_by_value(values))))
        console.print(table)


def _by_value(values: Sequence[str | None]) -> list[str]:
    """`0.1: 1, 3`: each value with the numbers of the runs that have it."""
    numbers: dict[str | None, list[int]] = {}
    for number, value in enumerate(values, 1):
        numbers.setdefault(value, []).append(number)
    return [f"{'(none)' if value is None else value}: {', '.join(map(str, those))}" for value, those in numbers.items()]


def _figures(runs: list["SavedRun"]) -> "Table":
    """A row for each run, two lines high, and one for each group of seeds."""
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console
    from glassnet.runs import comparison

    heads = ("epochs\nkept/of", "valid.\nfinal", "\nbest", "test\naccuracy", "\nloss", "time\ns")
    shown = range(len(heads)) if console.width >= WIDE else (2, 3)  # the best on validation data, and the test
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("run\nnetwork, parameters", overflow="fold", ratio=1)
    for k in shown:
        head = f"valid.{heads[k]}" if heads[k] == "\nbest" and 1 not in shown else heads[k]
        table.add_column(head, justify="right", no_wrap=True)

    def add(number: str, name: str, cells: Sequence[str]) -> None:
        table.add_row(number, console.render_str(name), *(cells[k] for k in shown))

    for number, run in enumerate(runs, 1):
        name = str(run.path)
        if run.network is not None:
            name += f"\n{run.network}, {_count(run.parameters or 0)}"
        seconds = "" if run.seconds is None else _seconds(run.seconds)
        add(str(number), name, [_epochs(run), *_validation(run), *_test(run), seconds])
    groups = comparison.seed_groups(runs)
    if groups:
        table.add_section()
    for group in groups:
        add("", _group_name(group, runs), ["", "", *_group_figures(group)])
    return table


def _epochs(run: "SavedRun") -> str:
    if not run.finished and run.recipe:
        return f"{run.epochs} of {run.recipe.training.epochs}"
    if not run.epochs:
        return ""
    return f"{run.history.kept_epoch}/{run.epochs}" if run.history.kept_epoch else f"{run.epochs}"


def _validation(run: "SavedRun") -> tuple[str, str]:
    from glassnet.runs.comparison import validation

    figure = validation(run)
    if figure is None:
        return "", ""
    if figure.name == "validation_loss":
        return f"{figure.final:.4f}", f"{figure.best:.4f}"
    return f"{100 * figure.final:.2f}", f"{100 * figure.best:.2f}"


def _test(run: "SavedRun") -> tuple[str, str]:
    from glassnet.train.metrics import accuracy_interval

    if not run.finished:
        return "not tested" if run.network and run.epochs else "unfinished", ""
    loss = f"{run.evaluation['loss']:.4f}"
    if "accuracy" not in run.evaluation:
        r2 = run.evaluation.get("r2")
        return "" if r2 is None else f"R2 {r2:.3f}", ""  # its loss is in another unit than that of validation
    low, high = accuracy_interval(run.evaluation["accuracy"], run.evaluation["examples"])
    return f"{100 * run.evaluation['accuracy']:.2f} ± {50 * (high - low):.2f}", loss


def _group_name(group: Sequence["SavedRun"], runs: Sequence["SavedRun"]) -> str:
    numbers = ", ".join(str(1 + next(i for i, run in enumerate(runs) if run is member)) for member in group)
    return f"{len(group)} seeds: {numbers}\nmean\nstandard deviation"


def _group_figures(group: Sequence["SavedRun"]) -> list[str]:
    """Best validation figure, test accuracy, loss and seconds, each as mean and deviation below it."""
    from glassnet.runs.comparison import Spread, spread, validation

    def cell(figure: Spread | None, scale: float, digits: int) -> str:
        if figure is None:
            return ""
        return f"\n{scale * figure.mean:.{digits}f}\n{scale * figure.deviation:.{digits}f}"

    figures = [validation(run) for run in group]
    of_accuracy = all(figure is None or figure.name == "validation_accuracy" for figure in figures)
    return [
        cell(spread([figure and figure.best for figure in figures]), *((100, 2) if of_accuracy else (1, 4))),
        cell(spread([run.evaluation.get("accuracy") for run in group]), 100, 2)
        or cell(spread([run.evaluation.get("r2") for run in group]), 1, 3),
        cell(spread([run.evaluation["loss"] if "accuracy" in run.evaluation else None for run in group]), 1, 4),
        cell(spread([run.seconds for run in group]), 1, 1),
    ]


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters < 1e6 else f"{parameters / 1e6:.2f} M"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:,.0f}"


def _draw(runs: list["SavedRun"], out: Path | None, *, quiet: bool) -> None:
    """The curves of all runs in one picture; one line says where it is, or why there is none."""
    from glassnet import plots
    from glassnet.cli.terminal import console

    histories = {f"{number}  {run.path}": run.history for number, run in enumerate(runs, 1)}
    if not any(map(len, histories.values())):
        message = "no curves: none of these has a history"
    elif not plots.available():
        message = "no curves: they need Matplotlib, pip install 'glassnet[plots]'"
    else:
        path = out or Path("compare.png")
        plots.save(plots.comparison(histories), path)
        message = f"curves drawn into {path}"
    if not quiet:
        console.print(f"\n{message}", soft_wrap=True)


def _as_table(runs: list["SavedRun"]) -> dict[str, Any]:
    """Everything as plain values."""
    from glassnet.runs import comparison
    from glassnet.runs.comparison import spread

    groups = comparison.seed_groups(runs)
    return {
        "sorted_by": "best figure on validation data",
        "runs": [_as_row(run) for run in runs],
        "differences": comparison.differences(runs),
        "seeds": [
            {
                "runs": [str(run.path) for run in group],
                "accuracy": _plain(spread([run.evaluation.get("accuracy") for run in group])),
                "r2": _plain(spread([run.evaluation.get("r2") for run in group])),
                "loss": _plain(spread([run.evaluation["loss"] for run in group])),
            }
            for group in groups
        ],
    }


def _as_row(run: "SavedRun") -> dict[str, Any]:
    from glassnet.runs import comparison
    from glassnet.train.metrics import accuracy_interval

    test: dict[str, Any] = {
        key: run.evaluation[key] for key in ("accuracy", "r2", "loss", "examples") if key in run.evaluation
    }
    if "accuracy" in test:
        test["interval"] = accuracy_interval(test["accuracy"], test["examples"])
    return {
        "run": str(run.path),
        "finished": run.finished,
        "network": run.network,
        "parameters": run.parameters,
        "epochs": run.epochs,
        "kept_epoch": run.history.kept_epoch or None,
        "validation": _plain(comparison.validation(run)),
        "test": test or None,
        "seconds": run.seconds,
        "settings": run.recipe.settings() if run.recipe else {},
    }


def _plain(figures: Any) -> dict[str, Any] | None:
    """A named tuple as a table, so that JSON has its names too."""
    return None if figures is None else figures._asdict()
