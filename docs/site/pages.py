"""The pages of the site are files of the repository. Here each gets its address, and each index its list of pages."""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.project import Project

FOLDERS = ("docs/site/", "docs/", "src/glassnet/")  # what the address of a page leaves out
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


class Files(Project):
    """The files that are pages: docs/maths/README.md is maths/index, src/glassnet/nn/dense.py is source/nn/dense."""

    def path2doc(self, filename: str | Path) -> str | None:
        path = self.srcdir / filename
        if path.suffix not in self.source_suffix or not path.is_relative_to(self.srcdir):
            return None
        place = path.relative_to(self.srcdir).with_suffix("").as_posix().lower()
        folder = next((folder for folder in FOLDERS if place.startswith(folder)), "")
        place = ("source/" if path.suffix == ".py" else "") + place.removeprefix(folder)
        return re.sub("/(readme|__init__)$", "/index", place)


def give_addresses(app: Sphinx) -> None:
    app.project = app.env.project = Files(app.srcdir, app.config.source_suffix)
    app.env.find_files(app.config, app.builder)


def add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the list of its pages to an index: the menus are made from it, and the file stays plain Markdown."""
    if pages := contents(app, docname, source[0]):
        source[0] += "\n\n```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"


def contents(app: Sphinx, index: str, text: str) -> list[str]:
    """The pages and folders that are in the folder of an index: first those that it links, in its order. Then those
    that conf.py names.
    """
    listed = app.config.site_contents.get(index, {})
    found = [f"{title} </{page}>" for page, title in listed.items() if page in app.env.found_docs]
    if index == app.config.root_doc or not index.endswith("/index") or index.startswith("source/"):
        return found
    folder = re.escape(index.removesuffix("index"))
    inside = {page for page in app.env.found_docs if re.fullmatch(rf"{folder}[^/]+(/index)?", page)} - {index}
    linked = [app.env.path2doc(app.env.relfn2path(link, index)[1]) for link in LINK.findall(text)]
    order = dict.fromkeys(page for page in [*linked, *sorted(inside)] if page in inside)
    return [f"/{page}" for page in order] + found


def indexes(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Every index is read again when a page comes or goes."""
    return [page for page in env.found_docs if page.endswith("index")] if added or removed else []


def open_folders(app: Sphinx, doctree: nodes.document) -> None:
    """A link to a folder leads to its index."""
    for link in doctree.findall(addnodes.pending_xref):
        if link["reftype"] == "myst" and not link["refdomain"]:
            path = Path(app.env.relfn2path(link["reftarget"])[1])
            index = next((file for name in ("README.md", "__init__.py") if (file := path / name).is_file()), None)
            if index:
                link.attributes |= {"refdomain": "doc", "reftarget": app.env.path2doc(index), "reftargetid": None}


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("site_contents", {}, "env", dict)
    app.connect("builder-inited", give_addresses)
    app.connect("env-get-outdated", indexes)
    app.connect("source-read", add_contents)
    app.connect("doctree-read", open_folders)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
