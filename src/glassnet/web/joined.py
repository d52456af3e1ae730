"""The modules of the page as one script.

A browser asks for each module, and each answer costs a few milliseconds; the page has more than thirty. And a file that
is opened from a disk may load no modules at all. The modules import each other by name, without a circle. So no tool is
needed to join them: each becomes a function that returns what it exports, behind those that it imports.
"""

import posixpath
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

COMMENT = re.compile(r"^ *(?://[^\n]*|/\*.*?\*/) *\n| // [^\n\"'`]*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^[ \n]+", re.MULTILINE)
WEB = Path(__file__).parent
IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "(\.[\w./]+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|class|const)) (\w+)", re.MULTILINE)


def joined(entry: str, instead: Mapping[str, str] | None = None, folder: Path = WEB) -> str:
    """One script of a module and of all that it imports.

    Args:
        entry: its path in the folder, without the ending.
        instead: modules that take the place of others, which export the same.
    """
    instead = instead or {}
    texts: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    wanted = [entry]
    while wanted:
        name = wanted.pop()
        if name not in texts:
            texts[name] = (folder / f"{name}.js").read_text(encoding="utf-8")
            needs[name] = [_imported(name, path, instead) for _, path in IMPORT.findall(texts[name])]
            wanted += needs[name]
    return "\n".join(_as_function(name, texts[name], instead) for name in TopologicalSorter(needs).static_order())


def bare(text: str) -> str:
    """A script or a stylesheet without its comments and its indentation, which a file that is sent needs not.

    A comment stands on lines of its own, and no text in backticks runs over several lines.
    """
    return INDENTED.sub("", COMMENT.sub("", text))


def _imported(name: str, path: str, instead: Mapping[str, str]) -> str:
    """The module that another one gets when it imports this path."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    return instead.get(beside, beside)


def _constant(name: str) -> str:
    return f"${name.replace('/', '_')}"


def _as_function(name: str, text: str, instead: Mapping[str, str]) -> str:
    exported = ", ".join(each for _, each in EXPORT.findall(text))
    imported = IMPORT.sub(
        lambda found: f"const {{ {found[1]} }} = {_constant(_imported(name, found[2], instead))};", text
    )
    body = EXPORT.sub(r"\1 \2", imported)
    return f"const {_constant(name)} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"
