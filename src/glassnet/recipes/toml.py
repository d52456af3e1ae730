"""Recipes as text: TOML files, and settings as people write them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from glassnet.nn.plain import plain

MOST_BYTES = 65_536  # of a recipe; those here have a thousand
MOST_DOTS = 500  # in a line: the time to read a dotted key grows with the square of its length


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the file, the key and what was expected."""


class UnknownKeyError(RecipeError):
    """A key that no recipe has; the message ends with the form that works: `network.hidden=[128, 'BatchNorm']`.

    Attributes:
        reason: the message without the form.   form: a dotted key and its value as TOML.
    """

    def __init__(self, reason: str, form: str) -> None:
        super().__init__(f"{reason}: {form}")
        self.reason, self.form = reason, form


def read_toml(path: Path, *, what: str = "a recipe", most: int = MOST_BYTES) -> dict[str, Any]:
    """The table in a TOML file of moderate size.

    Args:
        what: what the file is to hold, for messages.   most: the largest number of bytes.

    Raises:
        RecipeError: it cannot be read, is too large, or no TOML.
    """
    text = ""
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device might never end
            raise RecipeError(f"{path}: expected {what}, a file, and this is none")
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise RecipeError(f"{path}: expected {what} of at most {most:,} bytes, got more")
        text = data.decode("utf-8-sig")  # some editors write a mark before the text
        if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
            raise RecipeError(f"{path}: expected {what}, but one of its lines has more than {MOST_DOTS} dots")
        return tomllib.loads(text)
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise RecipeError(f"{path}: expected {what} in TOML, but its tables lie too deep in one another") from None
    except RecipeError:
        raise
    except ValueError as error:  # TOMLDecodeError, no UTF-8, or a number of more than 4,300 digits
        reason = plain(str(error))[:300]
        if re.search(r"^\[.*[^\x00-\x7f ].*\]", text, re.MULTILINE):
            reason += "; a name with other characters than a-z, 0-9, _ and - stands in quotes"
        raise RecipeError(f"{path}: expected {what} in TOML: {reason}") from None


def to_toml(table: dict[str, Any]) -> str:
    """A table of plain values as TOML."""
    import tomli_w

    return tomli_w.dumps(table)


def value_of(text: str) -> Any:
    """The value that a text stands for in TOML: 0.1, true, [256, 64]; a text that is no TOML stands for itself."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, a number of more than 4,300 digits, lists in lists in lists
        return text
    return table["value"] if len(table) == 1 else text  # of several lines, which are not to be lost


def as_text(value: Any) -> str:
    """A setting as people write it: 0.1, true, [128, 64], [Conv2D(filters=8, kernel_size=3), ReLU]."""
    if isinstance(value, dict):
        inside = ", ".join(f"{key}={as_text(item)}" for key, item in value.items() if key != "type")
        return f"{value['type']}({inside})" if "type" in value else f"({inside})"
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def inline(value: Any) -> str:
    """A value as TOML in one line, in single quotes, so that it can stand between double ones: {type='ReLU'}."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={inline(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value) if "'" in value or not value.isprintable() else f"'{value}'"
    return repr(value)


def without_nothing(value: Any) -> Any:
    """The same without the keys whose value is None, for TOML has none."""
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value
