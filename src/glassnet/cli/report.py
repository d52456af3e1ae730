"""glassnet report: all that a run has left, on one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.cli import completion

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset
    from glassnet.model.model import Model
    from glassnet.runs.folder import SavedRun


def report(
    run: Annotated[Path, typer.Argument(autocompletion=completion.runs, help="the folder of a run, finished or not")],
    data: Annotated[str | None, typer.Option(help="the dataset, if it is no longer where the recipe found it")] = None,
    private: Annotated[
        bool, typer.Option("--private", help="show no cells of a table: no examples, ranges, worst rows")
    ] = False,
) -> None:
    """Write report.html into the folder of a run: one page that needs no other file, no network and no script.

    If Matplotlib is installed, every finished run already has one; this command writes it again.

    Example: `glassnet report runs/classic-mnist`
    """
    from glassnet import plots
    from glassnet.cli.terminal import console
    from glassnet.model.model import Model
    from glassnet.model.path import MODEL
    from glassnet.runs.folder import RunError, read_run
    from glassnet.runs.report import write_report

    if not run.is_dir():
        found = "this is a file" if run.is_file() else "it does not exist"
        raise RunError(f"{run}: expected the folder of a run, but {found}")
    saved = read_run(run)
    plots.require()  # before the test examples are measured
    model = None if saved.network is None else Model.open(run / MODEL)
    dataset = _dataset(saved, model, data) if model is not None and saved.finished else None
    if model is None or dataset is None:
        path = write_report(saved, None if model is None else model.network)
    else:
        result = model.measure(dataset.test)
        path = write_report(saved, model.network, dataset=dataset, evaluation=result, private=private)
    console.print(f"written to {path} ({path.stat().st_size / 1000:,.0f} kB): open it in a browser", soft_wrap=True)


def _dataset(run: "SavedRun", model: "Model", data: str | None) -> "Dataset | None":
    """The data that the run was measured on; None, which is said, if it is no longer where the recipe found it.

    Raises:
        DataError: the data that is named cannot be read, or the test split has another size.
    """
    from glassnet.cli.terminal import console
    from glassnet.data.errors import DataError
    from glassnet.progress import TaskBar
    from glassnet.runs.folder import REPORT, RunError

    if data is not None and model.trained_on.other_table(data):
        raise DataError(f"{data}: this is not the table that the run was trained and measured on")
    try:
        with TaskBar() as bar:
            dataset = model.trained_on.dataset(data, progress=bar)
    except DataError as error:
        if data is not None:
            raise
        if (run.path / REPORT).exists():  # it may show what this one could not
            raise RunError(
                f"{run.path / REPORT}: not written again, because it would lose the test examples: {error}"
            ) from None
        console.print(f"without the sections that need the test examples: {error}", soft_wrap=True)
        return None
    expected, found = run.evaluation["examples"], len(dataset.test)
    if found != expected:
        raise DataError(
            f"{dataset.name}: the run was measured on {expected:,} test examples, but here are {found:,}: "
            "name its dataset with --data"
        )
    return dataset
