"""glassnet recipes: which networks have a name, and what is in a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import completion

HEAD = """Every setting of a recipe, with an example of its value.
In a TOML file it is in its section: [optimizer], then lr = 0.1
On the command line section and key are one: --set optimizer.lr=0.1
If a section has types, its key type names one: type = "SGD". A list or a
table goes in quotes: --set "network.hidden=[128, {type='Dropout', rate=0.2}]\""""


def recipes(
    name: Annotated[
        str | None, typer.Argument(autocompletion=completion.recipes, help="a recipe to print, for a file of your own")
    ] = None,
    settings: Annotated[
        bool, typer.Option("--settings", help="print every setting: its type, default, meaning, and an example")
    ] = False,
) -> None:
    """List the named recipes, or print one; or all settings that a recipe may have.

    Examples:

    `glassnet recipes classic > my.toml`, change it, then `glassnet train my.toml`

    `glassnet recipes --settings`
    """
    from rich import box
    from rich.table import Table

    from glassnet.cli.terminal import console
    from glassnet.recipes.recipe import FOLDER, load_recipe, recipe_names

    if settings:
        typer.echo(_reference())
        return
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
    console.print("all settings: glassnet recipes --settings")


def _reference() -> str:
    """Every setting of a recipe in lines of at most 80 characters."""
    from textwrap import fill, wrap

    from glassnet.recipes.recipe import Recipe
    from glassnet.recipes.reference import OPTIONAL, PARTS, sections
    from glassnet.recipes.toml import inline

    lines = [HEAD]
    for section in sections(Recipe):
        lines += ["", section.title if section.name in (*PARTS, "") else f"[{section.name}]  {section.kind}".rstrip()]
        lines += wrap(section.about, 80, initial_indent="  ", subsequent_indent="  ")
        for setting in section.settings:
            default = "required" if setting.default is None else setting.default
            default = default if default in ("required", OPTIONAL) else f"default {default}"
            lines.append(f"  {setting.key} = {inline(setting.example)}")
            lines.append(fill(f"{setting.type}; {default}", 80, initial_indent=" " * 6, subsequent_indent=" " * 6))
            if setting.meaning:
                lines.append(fill(setting.meaning, 80, initial_indent=" " * 6, subsequent_indent=" " * 6))
    return "\n".join(lines)
