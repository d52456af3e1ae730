"""The pages of the course as HTML: Markdown with formulas, which a browser shows as MathML, without any script."""

import posixpath
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

PACKAGE = Path(__file__).parent.parent
PLACES = (PACKAGE / "course", PACKAGE.parents[1] / "docs" / "maths")  # in an installed package, and in a checkout
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}: glassnet</title>
<link rel="icon" href="{root}icon.svg">
<link rel="stylesheet" href="{root}page.css">
</head>
<body class="course">
<header><h1>glassnet</h1><nav aria-label="Course"><a href="{root}course/short/README">The short course</a>
<a href="{root}course/README">All pages of the course</a></nav></header>
<main>
<article class="panel" tabindex="0" aria-label="{title}">
{body}
</article>
</main>
</body>
</html>
"""


def names() -> list[str]:
    """The names of all pages, such as "init" and "short/1-neuron"; none if the course did not come with the package."""
    return sorted(path.relative_to(_folder()).with_suffix("").as_posix() for path in _folder().rglob("*.md"))


def drawings() -> list[str]:
    """The names of all drawings, such as "short/neuron.svg"."""
    return sorted(path.relative_to(_folder()).as_posix() for path in _folder().rglob("*.svg"))


def drawing(name: str) -> bytes:
    """A drawing as SVG; name: one of `drawings()`."""
    return (_folder() / name).read_bytes()


def places(name: str) -> list[str]:
    """The names of the headings of a page, to which links lead."""
    text = (_folder() / f"{name}.md").read_text(encoding="utf-8")
    return [place_of(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]


@cache
def page(name: str) -> bytes:
    """A page as HTML; name: one of `names()`."""
    text = (_folder() / f"{name}.md").read_text(encoding="utf-8")
    tokens = _parser().parse(text)
    root = "../" * (1 + name.count("/"))
    for token in list(_all(tokens)):  # links to experiments are added meanwhile
        _lead_within(token, posixpath.dirname(name))
        _open_experiments(token, root)
    _name_headings(tokens)
    title = next((tokens[k + 1].content for k, token in enumerate(tokens) if token.tag == "h1"), name)
    body = _parser().renderer.render(tokens, _parser().options, {})
    return PAGE.format(title=escape(title), body=body, root=root).encode()


def place_of(heading: str) -> str:
    """The name by which links lead to a heading: letters and digits, with dashes for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _folder() -> Path:
    return next((place for place in PLACES if place.is_dir()), PLACES[0])


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")  # with HTML, for answers that unfold
    return parser.use(dollarmath_plugin, renderer=_formula)


def _formula(text: str, options: dict[str, Any]) -> str:
    return convert(text, display="block" if options["display_mode"] else "inline")


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _lead_within(token: Token, folder: str) -> None:
    """Links to pages of the course, and to elsewhere, stay; others become text, because their target is not here."""
    if token.tag != "a" or token.nesting != 1:
        return
    address = str(token.attrs.get("href", ""))
    page, _, place = address.partition("#")
    name = page.removesuffix(".md")
    if not page or posixpath.normpath(posixpath.join(folder, name)) in names():
        token.attrs["href"] = f"{name}#{place}" if place else name
    elif not address.startswith("https://"):
        del token.attrs["href"]


def _open_experiments(token: Token, root: str) -> None:
    """A command that opens an experiment becomes a link to it on this page, in a tab of its own."""
    children = token.children or []
    for k in reversed(range(len(children))):
        found = children[k].type == "code_inline" and re.fullmatch(
            r"glassnet page '(#experiment=[\w-]+)'", children[k].content
        )
        if found:
            link = Token(
                "link_open", "a", 1, attrs={"href": f"{root}{found[1]}", "target": "_blank", "rel": "noopener"}
            )
            children[k : k + 1] = [link, children[k], Token("link_close", "a", -1)]


def _name_headings(tokens: list[Token]) -> None:
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            token.attrs["id"] = place_of(inline.content)
