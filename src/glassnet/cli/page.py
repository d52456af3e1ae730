"""glassnet page: a network in the browser."""

from typing import Annotated

import typer


def page(
    given: Annotated[
        str | None, typer.Argument(metavar="[MODEL, RUN or RECIPE]", help="what to show first [default: cnn]")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="the port to listen on [default: any that is free]")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the browser")] = True,
) -> None:
    """Draw a digit, see every number, train a network step by step and back: in the browser.

    Examples:

    `glassnet page`

    `glassnet page runs/classic-mnist`

    `glassnet page sixteen --no-browser`
    """
    from glassnet.model.model import Model
    from glassnet.page.serve import serve
    from glassnet.recipes.recipe import load_recipe, recipe_names

    model = recipe = None
    if given in recipe_names() and given not in ("cnn", "strong", "classic"):
        recipe = load_recipe(given)
    elif given:
        model = Model.open(given)
    serve(model, recipe, port=port, browser=browser)
