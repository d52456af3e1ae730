"""What the columns of a table hold: shown without training, and written down for a person to change."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from glassnet.tables.column import Column
    from glassnet.tables.undecided import UndecidedError, Way

LONGEST = 100  # characters of a value that a person is told to type


def in_options(error: "UndecidedError") -> str:
    """What the error says, with the ways out as options of a command."""
    from glassnet.tables.undecided import ways_out

    ways = [way for way in error.ways if _can_be_typed(way)]
    said = [f"{_option(way)}{f' {way.when}' if way.when else ''}" for way in ways]
    return ways_out(error.reason, said)


def _can_be_typed(way: "Way") -> bool:
    """Whether a person can type the value: it is short, and of characters that a keyboard has."""
    texts = way.value if isinstance(way.value, list) else []
    return all(text.isprintable() and "\xa0" not in text and len(text) < LONGEST for text in texts)


def _option(way: "Way") -> str:
    """`--ignore id`, `--dates`, `--decimal ,`."""
    value = "" if way.value is True else way.value if isinstance(way.value, str) else " ".join(way.value)
    return f"--{way.setting.replace('_', '-')}" + (f" {shlex.quote(value)}" if value else "")


def is_table(name: str) -> bool:
    """Whether this names a table, not images: one of scikit-learn's, a pipe, or a file whose rows are no images."""
    from glassnet.data.csv import holds_images
    from glassnet.data.files import is_pipe
    from glassnet.data.registry import dataset_names
    from glassnet.tables.bundled import BUNDLED

    if name in BUNDLED:
        return True
    path = Path(name)
    if path.is_dir() and any(path.glob("*.parquet")):
        return True  # which `read_table` refuses, with the way out
    if name in dataset_names() or path.is_dir() or path.suffix == ".npz":
        return False
    if is_pipe(name):
        return True
    return path.suffix.lower() in (".csv", ".tsv", ".txt") if not path.exists() else not holds_images(path)


def show_table(name: str, out: Path | None, columns: Path | None, said: dict[str, Any]) -> None:
    """Show what each column of a table holds; write it into a TOML file if one is named.

    Args:
        columns: what a person says of single columns, as this function writes it.   said: the other options.

    Raises:
        DataError: no such table, or a column that it does not have.   RecipeError: the file of columns cannot be used.
    """
    from glassnet.cli.terminal import console, show_columns
    from glassnet.cli.train import read_columns
    from glassnet.data.errors import DataError
    from glassnet.progress import TaskBar
    from glassnet.recipes.toml import to_toml
    from glassnet.tables.bundled import BUNDLED, read_bundled
    from glassnet.tables.column_options import ColumnOptions
    from glassnet.tables.column_types import check_names
    from glassnet.tables.read import read_table
    from glassnet.tables.summary import inspect_columns
    from glassnet.wholefile import write_whole

    if out is not None and out.suffix.lower() != ".toml":
        raise DataError(f"--out {out}: expected a .toml file, because {name} is a table")
    given = {key: value for key, value in said.items() if value}
    options = ColumnOptions(**given | ({"columns": read_columns(columns)} if columns else {}))
    with TaskBar() as bar:
        table = read_bundled(name) if name in BUNDLED else read_table(name, progress=bar)
        check_names(table, options.named)
        summary, decided = inspect_columns(table, options, in_options, progress=bar)
    console.print(f"{name}: {len(table):,} rows, {len(table.columns):,} columns")
    show_columns(summary)
    undecided = [column.name for column in summary.columns if column.kind == "undecided"]
    for column in summary.columns:
        if column.kind == "undecided":
            console.print(f"undecided: {column.why}", soft_wrap=True)
    if out is not None:
        choices = {
            column: _choice(decided[column]) if column in decided else {"kind": "ignore"}
            for column in table.columns
            if column not in undecided
        }
        text = to_toml({"columns": choices}) + "".join(map(_to_decide, undecided))
        write_whole(out, text.encode())
        without = "the undecided columns are in it as comments; " if undecided else ""
        console.print(
            f"written to {out}; {without}change what is wrong there, and use it with --columns {out}", soft_wrap=True
        )
    if undecided:
        raise typer.Exit(2)


def _to_decide(name: str) -> str:
    """Lines for a column that a person has to decide about, as comments."""
    from glassnet.recipes.toml import inline

    lines = f"[columns.{inline(name)}]", 'kind = "number"  # or "date", "category", "boolean", "ignore"'
    return "".join(f"\n# {line}" for line in lines) + "\n"


def _choice(column: "Column") -> dict[str, Any]:
    """What a column holds, as a table that `Choice` reads."""
    choice: dict[str, Any] = {"kind": column.kind}
    if column.kind == "number":
        form = {"decimal": column.form.decimal, "group": column.form.group, "unit": column.form.unit}
        choice |= {key: value for key, value in form.items() if value}
    elif column.kind == "date":
        choice |= {"date": column.date, "clock": column.clock}
    else:
        choice["categories"] = list(column.categories)
    return choice | ({"missing": list(column.missing)} if column.missing else {})
