"""What the library says is for callers in Python and on the command line alike."""

import ast
import re
from pathlib import Path

import pytest

import glassnet

SOURCE = Path(glassnet.__file__).parent
OPTION = re.compile(r"(?<![\w-])--[a-z]")
COMMAND = re.compile(r"glassnet \S+|pip install")  # a whole command may have options


def texts(tree: ast.AST) -> list[str]:
    """The strings in a module that are no docstrings; of an f-string what is fixed."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (docs | inside):
            found.append(node.value)
    return found


def library() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.parts[len(SOURCE.parts)] != "cli"]


def test_options_in_a_message_are_found() -> None:
    said = texts(ast.parse('"""--doc"""\nf"{x}: say --row {y}"\n"run `glassnet doctor --keep`"'))
    assert [bool(OPTION.search(text)) and not COMMAND.search(text) for text in said] == [True, False]


@pytest.mark.parametrize("path", library(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_library_names_no_option_of_the_command_line(path: Path) -> None:
    for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
        assert text == "--" or COMMAND.search(text) or not OPTION.search(text), text
