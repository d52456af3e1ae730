"""The reference of the Python interface: every public name, as its docstring says."""

import re
import textwrap

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import glassnet
import glassnet.sklearn

NAMES = {f"glassnet.{name}": getattr(glassnet, name) for name in glassnet.__all__}
NAMES |= {f"glassnet.sklearn.{name}": getattr(glassnet.sklearn, name) for name in glassnet.sklearn.__all__}

EQUATIONS = re.compile(r"^(Forward|Backward|Update|Project): ", re.MULTILINE)
LIST = re.compile(r"^(Args|Attributes|Raises|Returns):\n")
ENTRY = re.compile(r"([\w*., ]+?): (.*)")  # rate: the share of units that are left out.


class Names(SphinxDirective):
    """The public names of some modules: a table of them, then each with its docstring."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        names = [name for module in self.content for name in self.names(f"glassnet.{module}")]
        table = [".. autosummary::", "   :nosignatures:", "", *(f"   ~{name}" for name in names), ""]
        details = [line for name in names for line in self.one(name)]
        return self.parse_text_to_nodes("\n".join(["````{eval-rst}", *table, *details, "````"]))

    def names(self, module: str) -> list[str]:
        found = [name for name, value in NAMES.items() if getattr(value, "__module__", "") == module]
        if not found:
            raise self.error(f"no public name is defined in {module}")
        return found

    def one(self, name: str) -> list[str]:
        if not isinstance(NAMES[name], type):
            return [f".. autofunction:: {name}", ""]
        kind = "autoexception" if issubclass(NAMES[name], Exception) else "autoclass"
        return [f".. {kind}:: {name}", "   :members:", ""]


def rst(docstring: str) -> str:
    """A docstring of the project as reStructuredText: equations as they stand, arguments as a list."""
    blocks = re.split(r"\n\s*\n", textwrap.dedent(docstring).strip("\n"))
    return "\n\n".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    if found := LIST.match(block):
        entries = _entries(textwrap.dedent(block[found.end() :]))
        return f":{found[1]}:\n" + textwrap.indent("\n\n".join(entries), "   ")
    if block.startswith("    "):
        return ".. code-block:: default\n\n" + textwrap.indent(textwrap.dedent(block), "   ")
    if EQUATIONS.search(block):
        return ".. code-block:: text\n\n" + textwrap.indent(block, "   ")
    return _prose(block)


def _entries(text: str) -> list[str]:
    """The entries of a list. One that is not indented begins a line or stands behind three spaces."""
    entries = re.sub(r"\n\s+", " ", text).splitlines()
    return [_entry(part) for entry in entries for part in re.split(r" {3,}(?=[\w*., ]+: )", entry)]


def _entry(text: str) -> str:
    found = ENTRY.fullmatch(text)
    return f"**{_escaped(found[1])}**\n   {_prose(found[2])}" if found else _prose(text)


def _prose(text: str) -> str:
    parts = re.split(r"`([^`]+)`", " ".join(text.split()))
    parts[0::2] = [_escaped(part) for part in parts[0::2]]
    parts[1::2] = [_code(part) for part in parts[1::2]]
    return "\\ ".join(parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*|_`])", r"\\\1", text)


def _code(text: str) -> str:
    return f":py:obj:`{text} <{target}>`" if (target := public(text)) else f"``{text}``"


def public(code: str) -> str | None:
    """The public name that a piece of code begins with: gn.fit, gn.Model.open(path), Dense."""
    found = re.match(r"gn\.(\w+)|([A-Z]\w+)\b", code)
    name = f"glassnet.{found[1] or found[2]}" if found else ""
    return name if name in NAMES else None


def rewrite(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    lines[:] = [*rst("\n".join(lines)).splitlines(), ""]


def lead_to_reference(app: Sphinx, doctree: nodes.document) -> None:
    """`gn.fit` in any page leads to the reference."""
    for code in list(doctree.findall(nodes.literal)):
        target = public(code.astext()) if code.astext().startswith("gn.") else None
        if target and isinstance(code.parent, nodes.paragraph | nodes.entry | nodes.inline | nodes.strong):
            link = addnodes.pending_xref("", code.deepcopy(), refdomain="py", reftype="obj", reftarget=target)
            link.attributes |= {"refexplicit": True, "refdoc": app.env.docname, "refwarn": True}
            code.replace_self(link)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    for name in NAMES.keys() - env.domains.python_domain.objects.keys():
        logging.getLogger(__name__).warning("%s is public, and no page of docs/site/api names its module", name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("names", Names)
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("doctree-read", lead_to_reference)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
