"""A page in a real browser, and all that it asked for and complained of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Seen(NamedTuple):
    """What a page did.

    Attributes:
        requests: the addresses it asked for, without those whose data is in the page itself.
        complaints: what stands in the console, and the errors of scripts.
    """

    requests: list[str]
    complaints: list[str]


@contextmanager
def watched(browser: "Browser", **settings: Any) -> Iterator[tuple["Page", Seen]]:
    """A new page without a history, with these settings of Playwright's `new_context`."""
    context = browser.new_context(**settings)
    page, seen = context.new_page(), Seen([], [])

    def asked(address: str) -> None:
        if not address.startswith(("data:", "blob:")):
            seen.requests.append(address)

    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    try:
        yield page, seen
    finally:
        context.close()
