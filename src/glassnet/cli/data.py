"""glassnet data: which datasets there are, getting, checking, looking at and exporting them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from glassnet.cli import completion
from glassnet.cli.columns import is_table, show_table
from glassnet.cli.train import Categorical, Columns, DateOrder, Dates, Decimal, Ignore, Missing

app = typer.Typer(invoke_without_command=True)

Name = Annotated[
    str,
    typer.Argument(
        autocompletion=completion.datasets,
        help="a dataset of `glassnet data list`, a CSV or npz file, a folder of IDX files",
    ),
]


@app.callback()
def top(context: typer.Context) -> None:
    """Datasets: list, get, check, show, export."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def list_() -> None:
    """List the known datasets, and which are on this machine.

    Example: `glassnet data list`
    """
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console
    from glassnet.data.registry import ENTRIES, dataset_names, find_dataset
    from glassnet.tables.bundled import BUNDLED

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("dataset", no_wrap=True)
    table.add_column("what it is")
    table.add_column("available")
    for name in dataset_names():
        table.add_row(name, ENTRIES[name].about, "yes" if find_dataset(name) else "no")
    with_sklearn = "yes" if find_dataset("digits") else "no"  # they come with it too
    for name, bundled in BUNDLED.items():
        table.add_row(name, f"a table of scikit-learn: {bundled.about}", with_sklearn)
    console.print(table)
    console.print("get one: glassnet data get fashion-mnist")
    console.print("a table as CSV: glassnet data export diabetes --csv")


@app.command()
def get(name: Name) -> None:
    """Download a dataset (resumes an interrupted download).

    Example: `glassnet data get fashion-mnist`
    """
    from glassnet.cli.terminal import console
    from glassnet.data.registry import get_dataset
    from glassnet.progress import TaskBar

    with TaskBar() as bar:
        folder = get_dataset(name, progress=bar)
    console.print(f"{name} is on this machine: {folder}")


@app.command()
def check(name: Name) -> None:
    """Compare the files of a dataset with their published checksums.

    Example: `glassnet data check mnist`
    """
    from glassnet.cli.terminal import console
    from glassnet.data.registry import check_dataset

    statuses = check_dataset(name)
    for file, status in statuses:
        console.print(f"{file}: {status}", soft_wrap=True)
    if any(status not in ("ok", "present") for _, status in statuses):
        raise typer.Exit(2)


@app.command()
def show(
    name: Name,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "train",
    out: Annotated[
        Path | None, typer.Option(help="write a larger sheet to this PNG, or what the columns hold to this TOML file")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="the seed for choosing the examples")] = 0,
    augment: Annotated[
        str | None, typer.Option(metavar="RECIPE", help="show how this recipe changes examples while training")
    ] = None,
    ignore: Ignore = None,
    categorical: Categorical = None,
    missing: Missing = None,
    dates: Dates = False,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    columns: Columns = None,
) -> None:
    """Draw a sheet of examples with their labels; for a table, show what each column holds.

    Examples:

    `glassnet data show mnist --out sheet.png`

    `glassnet data show mnist --augment cnn --out sheet.png`

    `glassnet data show table.csv --dates --out columns.toml` for `train --columns`
    """
    as_picture = out is not None and out.suffix.lower() == ".png"
    if is_table(name) and not as_picture:
        said: dict[str, Any] = {"ignore": ignore, "categorical": categorical, "missing": missing, "dates": dates}
        said |= {"date_order": date_order, "decimal": decimal}
        show_table(name, out, columns, said)
        return
    from glassnet.data.errors import DataError

    try:
        _show_images(name, split, out, seed, augment)
    except DataError as error:
        raise DataError(f"{error}; --out FILE.toml writes what its columns hold") if is_table(name) else error from None


def _show_images(name: str, split: str, out: Path | None, seed: int, augment: str | None) -> None:
    import numpy as np

    from glassnet import plots
    from glassnet.cli.png import check_png
    from glassnet.cli.terminal import beside, console
    from glassnet.data.errors import DataError

    if out is not None:
        check_png("--out", out)
    dataset = _load(name)
    part = _split(dataset, split)
    if len(part) == 0:
        raise DataError(f"{name}: its {split} split is empty")
    if part.inputs.ndim < 3:
        raise DataError(f"{name}: its examples are not images, so there is nothing to draw")
    rng = np.random.Generator(np.random.Philox(key=seed))
    each = 10 if out and not augment else 1
    labels = part.y
    chosen = [
        row for label in range(len(dataset.classes)) for row in rng.permutation(np.flatnonzero(labels == label))[:each]
    ][: 100 if out else 20]
    images = [part[np.array([row])].x[0] for row in chosen]
    names = [dataset.classes[labels[row]] for row in chosen]
    if augment:
        images, names = _changed(images, names, dataset, augment, 10 if out else 5, seed)
    if out:
        title = f"{dataset.name}, {split}" + (f", as {augment} changes it (none: of no class)" if augment else "")
        plots.save(plots.sheet(np.array(images), names, title=title), out)
        console.print(f"{len(images)} examples drawn in {out}")
        return
    console.print(str(dataset))
    for start in range(0, len(images), 5):
        small = [_half(image) for image in images[start : start + 5]]
        console.print(beside(small, names[start : start + 5], white=dataset.white))


@app.command()
def export(
    name: Name,
    out: Annotated[Path, typer.Argument(help="a folder, or the CSV file itself")] = Path(),
    csv: Annotated[bool, typer.Option("--csv", help="write label,pixel0,pixel1,... as Kaggle does")] = False,
    png: Annotated[bool, typer.Option("--png", help="write a picture of each example")] = False,
    split: Annotated[str | None, typer.Option(help="only train (with validation), validation or test")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="only the first N examples of each split")] = None,
) -> None:
    """Write a dataset as CSV files or as pictures.

    Examples:

    `glassnet data export mnist --csv` writes mnist-train.csv and mnist-test.csv here

    `glassnet data export mnist pictures --png --split test --count 20`

    `glassnet data export diabetes --csv` writes the table diabetes.csv here
    """
    import numpy as np

    from glassnet.cli.terminal import console
    from glassnet.data.csv import write_csv
    from glassnet.data.errors import DataError
    from glassnet.progress import TaskBar
    from glassnet.reading import picture
    from glassnet.tables.bundled import BUNDLED

    if csv == png:
        raise DataError("say what to write: --csv or --png")
    if name in BUNDLED:
        if png or split or count:
            raise DataError(f"{name} is a table: it is written as a whole, with --csv")
        _export_table(name, out)
        return
    dataset = _load(name, validation=0 if split != "validation" else 5000)
    parts = ["train", "test"] if split is None else [split]
    one_file = csv and out.name.lower().endswith((".csv", ".csv.gz"))
    if one_file and len(parts) > 1:
        raise DataError(f"{out} is one file: say which split it is to hold, such as --split train")
    if csv and len(dataset.input_shape) > 2:
        raise DataError(f"{name}: Kaggle's CSV holds grey images, these are of shape {dataset.input_shape}")
    for part_name in parts:
        part = _split(dataset, part_name)
        part = part if count is None else part[:count]
        if csv:
            path = out if one_file else out / f"{dataset.name}-{part_name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with TaskBar() as bar:
                write_csv(path, part.x, part.y, progress=bar)
            console.print(f"{len(part):,} examples written to {path}")
            continue
        out.mkdir(parents=True, exist_ok=True)
        for row in range(len(part)):
            image = part[np.array([row])].x[0]
            grey = picture.as_grey(image, dataset.white)
            label = dataset.classes[part.y[row]].replace("/", "-")  # Fashion-MNIST has a T-shirt/top
            picture.write(out / f"{part_name}-{row:05}-label-{label}.png", grey)
        console.print(f"{len(part):,} pictures written to {out}")


def _export_table(name: str, out: Path) -> None:
    from glassnet.cli.terminal import console
    from glassnet.tables.bundled import BUNDLED, read_bundled
    from glassnet.tables.csv import write_table

    path = out if out.name.lower().endswith((".csv", ".csv.gz")) else out / f"{name}.csv"
    table = read_bundled(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, table.texts())
    console.print(f"{len(table):,} rows written to {path}")
    console.print(f"learn from it: glassnet train --data {path} --target {BUNDLED[name].target}", soft_wrap=True)


def _changed(
    images: list[Any], names: list[str], dataset: Any, recipe: str, count: int, seed: int
) -> tuple[list[Any], list[str]]:
    """For each image itself and variants of it, `count` in all, as training with this recipe would see them."""
    import numpy as np

    from glassnet.data.errors import DataError
    from glassnet.nn.stream import random_stream
    from glassnet.recipes.recipe import load_recipe
    from glassnet.train.shard import augmented

    changes = load_recipe(recipe).augment(dataset)
    if not changes:
        raise DataError(
            f"--augment {recipe}: this recipe changes no examples, it has no section [augmentation], [strokes] or "
            "[outliers]"
        )
    sheet, captions = [], []
    for number, (image, name) in enumerate(zip(images[:10], names[:10], strict=True)):
        x, y = np.repeat(image[None], count - 1, axis=0), np.full(count - 1, dataset.classes.index(name))
        x, y = augmented(changes, x, y, random_stream(seed, "augment", number, 0))
        sheet += [image, *x]
        captions += [name, *["none" if 0 < np.max(target) < 1 else "" for target in y]]
    return sheet, captions


def _load(name: str, validation: int = 5000) -> Any:
    from glassnet.data.registry import load_dataset
    from glassnet.progress import TaskBar

    with TaskBar() as bar:
        return load_dataset(name, validation=validation, progress=bar)


def _split(dataset: Any, name: str) -> Any:
    from glassnet.data.errors import DataError

    if name not in ("train", "validation", "test"):
        raise DataError(f"--split: expected train, validation or test, got {name!r}")
    return getattr(dataset, name)


def _half(image: Any) -> Any:
    """Half as wide and high where that still shows the example, so that five stand in 80 columns."""
    H, W = image.shape[0] // 2, image.shape[1] // 2
    if H < 12:
        return image
    return image[: 2 * H, : 2 * W].reshape(H, 2, W, 2, -1).mean(axis=(1, 3, 4))
