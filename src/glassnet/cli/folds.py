"""Cross-validates a recipe beside its run, and shows the metrics."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from glassnet.cli.watched import watched

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset
    from glassnet.recipes.recipe import Recipe


def show_folds(recipe: "Recipe", dataset: "Dataset", folder: Path, workers: int | None, *, pictures: bool) -> None:
    """Cross-validate a recipe beside its run, and show the figures."""
    from glassnet import plots
    from glassnet.cli.terminal import amounts_of, console, folds_in_short, section, show_cross_validation
    from glassnet.model.model import Model
    from glassnet.model.path import MODEL
    from glassnet.runs.folder import read_run
    from glassnet.runs.folds import cross_validate
    from glassnet.runs.report import write_report

    section(f"Cross-validation: every row is tested once, by one of {recipe.data.folds} networks that has not seen it")
    with watched(folder) as progress:

        def begin(fold: int, folds: int) -> None:
            if not console.quiet:
                progress.console.print(f"fold {fold} of {folds}", highlight=False)

        found = cross_validate(
            recipe, dataset, folder, begin=begin, progress=None if console.quiet else progress, workers=workers
        )
        if found is None:
            raise KeyboardInterrupt
        if pictures and plots.available():
            model = Model.open(folder / MODEL)
            write_report(read_run(folder), model.network, dataset=dataset, evaluation=model.measure(dataset.test))
    show_cross_validation(found, amounts_of(dataset.schema))
    if console.quiet:
        typer.echo(f"{recipe.data.folds} folds {folds_in_short(found[0], amounts_of(dataset.schema))}")
