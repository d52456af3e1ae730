"""glassnet recipes: which networks have a name, and what is in a recipe."""

from pathlib import Path
from typing import Annotated

import typer


def recipes(
    name: Annotated[
        str | None, typer.Argument(help="a recipe to print, ready to be copied to a file of your own")
    ] = None,
) -> None:
    """List the named recipes, or print one.

    Example: `glassnet recipes classic > my.toml`, change it, then `glassnet train my.toml`
    """
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console
    from glassnet.recipes.recipe import FOLDER, load_recipe, recipe_names

    if name is not None:
        load_recipe(name)
        path = FOLDER / f"{name}.toml"
        typer.echo((path if path.is_file() else Path(name)).read_text(encoding="utf-8").rstrip())
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("recipe", no_wrap=True)
    table.add_column("what it is")
    for known in recipe_names():
        table.add_row(known, load_recipe(known).about)
    console.print(table)
    console.print("train one: glassnet train classic    read one: glassnet recipes classic")
