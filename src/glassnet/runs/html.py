"""Makes HTML from values: everything that is not yet HTML is escaped, so no name from a file can become markup."""

import base64
from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already; any other text is escaped."""

    __slots__ = ()


def element(tag: str, *children: object, **attributes: object) -> Html:
    """<tag attribute="value">children</tag>; `class_` is the attribute class, and None leaves an attribute out."""
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None)
    start = "".join(f' {name}="{escape(str(value))}"' for name, value in pairs)
    inside = "".join(child if isinstance(child, Html) else escape(str(child)) for child in children)
    return Html(f"<{tag}{start}>" if tag == "img" else f"<{tag}{start}>{inside}</{tag}>")


def together(parts: Iterable[Html]) -> Html:
    """Several pieces of HTML, one after the other."""
    return Html("\n".join(parts))


def table(caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], *, class_: str | None = None) -> Html:
    """A table whose first column names its rows; it scrolls sideways if it is wider than the page."""
    lines = [element("tr", *(element("th", cell, scope="col") for cell in head))] if head else []
    body = [element("tr", element("th", row[0], scope="row"), *map(_cell, row[1:])) for row in rows]
    grid = element(
        "table",
        element("caption", caption),
        element("thead", *lines) if lines else Html(""),
        element("tbody", together(body)),
        class_=class_,
    )
    return element("div", grid, class_="wide", role="region", aria_label=caption, tabindex=0)


def _cell(value: object) -> Html:
    return value if isinstance(value, Html) and value.startswith("<td") else element("td", value)


def picture(contents: bytes | str, alt: str, caption: object | None = None, *, class_: str | None = None) -> Html:
    """A PNG (bytes) or an SVG (text) inside the page; `alt` describes it in words."""
    data, kind = (contents.encode(), "svg+xml") if isinstance(contents, str) else (contents, "png")
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    shown = [element("img", src=source, alt=alt)] + ([] if caption is None else [element("figcaption", caption)])
    return element("figure", *shown, class_=class_)


def section(name: str, title: str, *contents: Html) -> Html:
    """A part of the page with its heading; `#name` links to it."""
    return element("section", element("h2", title), *contents, id=name)
