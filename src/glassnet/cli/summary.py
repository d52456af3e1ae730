"""glassnet summary: what a network is made of and what it costs."""

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import completion
from glassnet.cli.train import Categorical, Columns, DateOrder, Dates, Decimal, Ignore, Missing, Target, Task


def summary(
    network: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.recipes_and_models,
            help="a named recipe, a TOML file, a model file or a run folder",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(autocompletion=completion.datasets, help="for a recipe: the dataset that it is made for"),
    ] = None,
    target: Target = None,
    task: Task = None,
    ignore: Ignore = None,
    categorical: Categorical = None,
    missing: Missing = None,
    dates: Dates = False,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    columns: Columns = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="change any setting of the recipe")
    ] = None,
) -> None:
    """Print each layer with its shape, parameters, and multiply-adds for one example.

    Examples:

    `glassnet summary classic`

    `glassnet summary classic --set 'network.hidden=[256,64]'`

    `glassnet summary table --data table.csv --target species`

    `glassnet summary runs/classic-mnist`
    """
    from glassnet.cli.terminal import console, show_inputs, show_schema
    from glassnet.cli.train import load_data_or_digits, settings_of, table_settings
    from glassnet.model.model import Model
    from glassnet.model.path import model_path
    from glassnet.recipes.recipe import load_recipe, recipe_names
    from glassnet.recipes.toml import RecipeError

    path = Path(network) if network in recipe_names() else model_path(network)
    if path.suffix == ".safetensors":
        if data or target or change:
            raise RecipeError(f"{network}: --data, --target and --set are for recipes, but this is a trained model")
        model = Model.open(path)
        table, schema = model.network.summary(), model.schema
        said = f"it {model.decision.in_words(model.classes)}" if model.decision else ""
    else:
        options = {"task": task, "ignore": ignore, "categorical": categorical, "missing": missing, "dates": dates}
        options |= {"date_order": date_order, "decimal": decimal}
        settings = settings_of(change, data=data) | table_settings(data, target, columns, options)
        recipe = load_recipe(network, settings=settings)
        recipe, dataset = load_data_or_digits(network, recipe, settings)
        table, schema, said = recipe.make_network(dataset).summary(), dataset.schema, ""
    console.print(table, soft_wrap=True)
    if said:
        console.print(said)
    if schema:
        show_schema(schema)
        show_inputs(schema)
