"""glassnet demo: the whole story on whatever data this machine has."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glassnet.data.dataset import Dataset


def demo(
    out: Annotated[Path | None, typer.Option(help="the run folder; runs/classic-DATA by default")] = None,
    epochs: Annotated[int | None, typer.Option(help="the number of epochs")] = None,
) -> None:
    """Train a network on handwritten digits, look at the result, and recognise a few pictures.

    Uses MNIST if it is on this machine or can be downloaded, otherwise scikit-learn's small digits.

    Example: `glassnet demo --out runs/first`
    """
    from glassnet.cli.terminal import console
    from glassnet.cli.train import FALLBACK, load_data, train_and_show
    from glassnet.data.errors import DataError
    from glassnet.data.registry import get_dataset
    from glassnet.progress import TaskBar
    from glassnet.recipes.recipe import load_recipe
    from glassnet.runs.claim import check_free

    settings: dict[str, Any] = {}
    try:
        with TaskBar() as bar:
            get_dataset("mnist", progress=bar)
    except DataError as error:
        console.print(str(error), soft_wrap=True)
        console.print(" Falling back to scikit-learn's 1,797 digits of 8x8 pixels. ", style="bold reverse")
        # A fortieth of MNIST's examples: smaller batches, more epochs and momentum make up for the few steps.
        settings = {"data.name": FALLBACK, "training.batch_size": 16, "training.epochs": 100}
        settings |= {"optimizer.lr": 0.05, "optimizer.momentum": 0.9}
    if epochs is not None:
        settings["training.epochs"] = epochs
    recipe = load_recipe("classic", settings=settings)
    if out is not None:
        check_free(out)
    dataset = load_data(recipe)
    run = train_and_show(recipe, dataset, out)

    recognise(run.folder, dataset)
    say_what_next(run.folder)


def recognise(run: Path, dataset: "Dataset") -> None:
    """Write four test images as pictures, and read them with the model of the run."""
    from glassnet.cli.terminal import beside, console, section
    from glassnet.model.model import Model
    from glassnet.reading import picture

    section("Read back from its file, it recognises pictures")
    model = Model.open(run)
    folder = run / "examples"
    folder.mkdir()
    for row in range(4):
        path = folder / f"test-{row}.png"
        picture.write(path, picture.as_grey(dataset.test[row : row + 1].x[0], dataset.white))
        answer = model.read(path)
        said = answer.problem or f"{answer.label} ({answer.probability:.1%})"
        console.print(beside([answer.image], [f"{path.name}: it predicts {said}"], white=model.white))


def say_what_next(run: Path) -> None:
    """The commands that a newcomer may try now."""
    from glassnet.cli.terminal import console, section

    section("What next")
    activate = Path(sys.executable).with_name("activate")
    if shutil.which("glassnet") is None and activate.exists():  # it was started by make
        console.print(f"  . {activate}   first, so that the shell finds glassnet", soft_wrap=True)
    for command, what in (
        ("glassnet predict YOUR-PICTURE.png", "your own handwriting, read by the best network of the package"),
        (f"glassnet predict {run} YOUR-PICTURE.png", "the same, read by this one"),
        (f"glassnet explain {run} YOUR-PICTURE.png", "every number of the computation"),
        (f"glassnet evaluate {run}", "the metrics again"),
        ("glassnet recipes", "other networks"),
        ("glassnet train classic --set 'network.hidden=[256,64]'", "a network of your own"),
    ):
        console.print(f"  {command}   {what}", soft_wrap=True)
