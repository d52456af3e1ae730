"""The Python files of the package are pages, to which the course, the guides and the reference lead."""

import inspect
from operator import attrgetter
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.parsers import Parser

import glassnet

HIGHLIGHTING = {"lineanchors": "line", "anchorlinenos": True}  # dense.html#line-24


class PythonParser(Parser):
    """A file as its highlighted lines; under the `__init__.py` of a folder, its files."""

    supported = ("python",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        env = document.settings.env
        path = Path(env.doc2path(env.docname))
        name = path.relative_to(env.srcdir / "src").as_posix()
        page = nodes.section("", nodes.title(name, name), ids=["file"])
        code = nodes.literal_block(inputstring, inputstring, language="python", linenos=True)
        code["highlight_args"] = HIGHLIGHTING
        page += code
        if path.name == "__init__.py":
            page += files(path.parent, env)
        document += page
        env.metadata[env.docname] |= {"orphan": "", "nosearch": ""}  # no part of the menus and the search


def files(folder: Path, env: BuildEnvironment) -> nodes.bullet_list:
    """What is in a folder, as links to the pages of its files."""
    found = nodes.bullet_list()
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")]):
        if path != folder / "__init__.py":
            name = path.relative_to(folder).as_posix().removesuffix("__init__.py")
            link = addnodes.pending_xref("", nodes.literal(name, name), refdomain="std", reftype="doc")
            link.attributes |= {"reftarget": f"/{env.path2doc(path)}", "refexplicit": True, "refwarn": True}
            found += nodes.list_item("", nodes.paragraph("", "", link))
    return found


def lead_to_source(app: Sphinx, doctree: nodes.document) -> None:
    """Each signature of the reference leads to the line where it is defined."""
    for signature in doctree.findall(addnodes.desc_signature):
        found = definition(f"{signature.get('module')}.{signature.get('fullname')}")
        if found:
            page = app.env.path2doc(found[0])
            address = app.builder.get_relative_uri(app.env.docname, page) + f"#line-{found[1]}"
            text = nodes.inline("", "[source]", classes=["viewcode-link"])
            signature += nodes.reference("", "", text, internal=True, refuri=address)


def definition(name: str) -> tuple[str, int] | None:
    """The file and the line of something public; None where Python does not know, as for an attribute."""
    value: Any = attrgetter(name.removeprefix("glassnet."))(glassnet)
    value = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "func", None) or value)
    try:
        return inspect.getsourcefile(value), inspect.getsourcelines(value)[1]
    except TypeError:
        return None


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_source_parser(PythonParser)
    app.connect("doctree-read", lead_to_source)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
