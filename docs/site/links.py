"""When the site is built: every link in it leads somewhere, and nothing is loaded from another host."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urljoin

from exported import LESSON
from sphinx.application import Sphinx
from sphinx.util import logging

TAG = re.compile(r'<(\w+)\b[^>]*?\s(?:href|src)="(?!#line-)([^"]*)"')  # the number of a line leads to itself
PLACE = re.compile(r'\s(?:id|name)="([^"]+)"')


def check(app: Sphinx, error: Exception | None) -> None:
    if error:
        return
    root = Path(app.outdir)
    for page in sorted([*app.env.found_docs, "genindex", "search"]):
        address = app.builder.get_target_uri(page)
        for tag, link in set(TAG.findall((root / address).read_text(encoding="utf-8"))):
            if problem := wrong(root, address, tag, link):
                logging.getLogger(__name__).warning("%s in <%s>: %s", link, tag, problem, location=page)


def wrong(root: Path, page: str, tag: str, link: str) -> str:
    """What is wrong with a link or with what is loaded; nothing if it is right."""
    if re.match(r"[a-z]+:|//", link):
        return "" if tag == "a" or link.startswith("data:") else "is loaded from elsewhere"
    address, _, place = urljoin(page, link).partition("#")
    file = root / unquote(address.partition("?")[0])
    if not file.is_file():
        return "leads to no page"
    if file.name == LESSON:
        return ""  # it reads the place itself: the name of an experiment
    if place and file.suffix == ".html" and unquote(place) not in places(file):
        return "leads to no place in that page"
    return ""


@cache
def places(file: Path) -> set[str]:
    return set(PLACE.findall(file.read_text(encoding="utf-8")))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
