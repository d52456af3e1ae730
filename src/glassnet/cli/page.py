"""glassnet page: a network in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import completion


def page(
    given: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL, RUN, RECIPE or LINK]",
            autocompletion=completion.recipes_and_models,
            help="what to show first: a pretrained model, a model file, the folder of a run, a recipe, a TOML file, "
            "or a link that the page made [default: cnn]",
        ),
    ] = None,
    experiments: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="a folder of your own experiments (TOML files), in addition to the built-in ones"
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="the port to listen on [default: any free one]", show_default=False)
    ] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page in the browser")] = True,
) -> None:
    """Draw a digit, see every number, train a network step by step and back: in the browser.

    The page is served for this machine only. Open the printed address, and end the server with Ctrl-C.

    Examples:

    `glassnet page`

    `glassnet page runs/classic-mnist`

    `glassnet page sixteen --no-browser`

    `glassnet page --experiments lesson`
    """
    from glassnet.page.serve import check_packages, listen, serve

    check_packages()
    first = None
    if given is not None or experiments is not None:  # else nothing is read before the address is printed
        from glassnet.page.given import open_given

        first = open_given(given, experiments)
    with listen(port) as listening:
        serve(listening, first, browser=browser)
