"""glassnet page: a network in the browser."""

from typing import Annotated

import typer


def page(
    given: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL, RUN or RECIPE]",
            help="what to show first: a pretrained model, a model file, the folder of a run, a recipe or a TOML file "
            "[default: cnn]",
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="the port to listen on [default: any that is free]")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page in the browser")] = True,
) -> None:
    """Draw a digit, see every number, train a network step by step and back: in the browser.

    The page is served by this machine, for this machine alone. Open the address that is printed, and end it with
    Ctrl-C.

    Examples:

    `glassnet page`

    `glassnet page runs/classic-mnist`

    `glassnet page sixteen --no-browser`
    """
    from glassnet.page.serve import check_packages, listen, serve

    check_packages()
    first = None
    if given is not None:
        from glassnet.page.given import open_given

        first = open_given(given)  # before an address is printed
    with listen(port) as listening:
        serve(listening, first, browser=browser)
