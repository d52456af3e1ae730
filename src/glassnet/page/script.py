"""The modules of the page as one script.

A browser asks for each module, and each answer costs a few milliseconds; the page has more than thirty. The modules
import each other by name, from files beside them, without a circle. So no tool is needed to join them: each becomes a
function that returns what it exports, behind those that it imports.
"""

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter

IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const)) (\w+)", re.MULTILINE)


def joined(modules: Mapping[str, str]) -> str:
    """One script of these modules, given by their names without the ending."""
    needs = {name: [module for _, module in IMPORT.findall(text)] for name, text in modules.items()}
    return "\n".join(_as_function(name, modules[name]) for name in TopologicalSorter(needs).static_order())


def _as_function(name: str, text: str) -> str:
    exported = ", ".join(each for _, each in EXPORT.findall(text))
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(r"const { \1 } = $\2;", text))
    return f"const ${name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"
