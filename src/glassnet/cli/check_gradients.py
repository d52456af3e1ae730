"""glassnet check-gradients: is backward the derivative of forward, in the network of a recipe?"""

from typing import Annotated

import typer

from glassnet.cli import completion
from glassnet.cli.train import Categorical, Columns, DateOrder, Dates, Decimal, Ignore, Missing, Target, Task


def check_gradients(
    recipe: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.recipes, help="a named recipe (see `glassnet recipes`) or a TOML file"
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(autocompletion=completion.datasets, help="a dataset, a CSV or npz file, a folder of IDX files"),
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
    examples: Annotated[int, typer.Option(min=1, help="the number of training examples to use")] = 5,
    seed: Annotated[
        int, typer.Option(min=0, help="the seed for the weights, directions and entries that are tried")
    ] = 0,
) -> None:
    """Compare the gradient of a recipe's network with finite differences; exit code 1 if it is wrong.

    Each row of the table shows the number that differs most.

    Examples:

    `glassnet check-gradients classic`

    `glassnet check-gradients classic --set network.activation=GELU --set network.loss=Hinge`
    """
    from glassnet.cli.terminal import console
    from glassnet.cli.train import load_data_or_digits, settings_of, table_settings
    from glassnet.nn.gradcheck import check_gradients as check
    from glassnet.nn.settings import describe
    from glassnet.recipes.recipe import load_recipe
    from glassnet.train.metrics import as_examples

    said = {"task": task, "ignore": ignore, "categorical": categorical, "missing": missing, "dates": dates}
    said |= {"date_order": date_order, "decimal": decimal}
    settings = settings_of(change, data=data, seed=seed) | table_settings(data, target, columns, said)
    chosen, dataset = load_data_or_digits(recipe, load_recipe(recipe, settings=settings), settings)
    network = chosen.make_network(dataset)
    inputs, targets, rows = as_examples(dataset.train[:examples], "the training examples", network)
    x, y = inputs[rows], targets[rows]
    console.print(f"{chosen.name} on {len(x)} training examples of {dataset.name}, loss {describe(network.loss)}")
    result = check(network, x, y, seed=seed)
    console.print(str(result), soft_wrap=True)
    if not result:
        raise typer.Exit(1)
