"""What travels between page and server: JSON, with arrays packed as base64; and pictures, as their files are."""

import base64
import json
import math
from typing import Any

import numpy as np

from glassnet.nn.array import Array
from glassnet.nn.errors import InputError, require
from glassnet.nn.plain import brief, shown
from glassnet.page import limits

NUMBERS = 2**32  # of messages: a picture has four bytes for it


def to_text(message: dict[str, Any]) -> str:
    """A message as JSON; NumPy arrays and numbers may stand anywhere in it, NaN and infinity become null."""
    return json.dumps(_plain(message), separators=(",", ":"), allow_nan=False)


def packed(array: Array) -> dict[str, Any]:
    """An array as `{"shape": [28, 28], "f32": base64}`, or "u8" for uint8; little-endian, rows first."""
    kind = "u8" if array.dtype == np.uint8 else "f32"
    with np.errstate(over="ignore"):  # what a float32 does not hold is infinite on the page
        values = np.ascontiguousarray(array, np.uint8 if kind == "u8" else "<f4")
    return {"shape": list(array.shape), kind: base64.b64encode(values.data).decode("ascii")}


def from_text(text: str) -> dict[str, Any]:
    """A message of the page.

    Raises:
        InputError: not JSON, or no table; too long or too deep; a number that is not finite.
    """
    most = limits.MESSAGE
    require(len(text) <= most, f"expected a message of at most {most:,} characters, got {len(text):,}")
    try:
        message = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected a message in JSON: {brief(error)}") from None
    if not isinstance(message, dict):
        raise InputError(f'expected a message such as {{"id": 7, "ask": "answer"}}, got {shown(message)}')
    _check_depth(message, limits.DEPTH)
    return message


def number_of(message: dict[str, Any]) -> int:
    """The number of a message, which its answer bears too.

    Raises:
        InputError: it has none, or one that does not fit into four bytes.
    """
    number = message.get("id")
    if type(number) is not int or not 0 <= number < NUMBERS:
        raise InputError(f"expected an id, a whole number from 0 to {NUMBERS - 1}, got {shown(number)}")
    return number


def split_picture(data: bytes) -> tuple[int, bytes]:
    """The number of a binary message, and the picture's file.

    Raises:
        InputError: too short or too long.
    """
    most = limits.PICTURE
    require(len(data) > 4, f"expected four bytes of a number and then a picture, got {len(data)} bytes")
    require(len(data) <= most + 4, f"expected a picture of at most {most:,} bytes, got {len(data) - 4:,}")
    return int.from_bytes(data[:4], "big"), data[4:]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return packed(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _no_number(name: str) -> float:
    raise InputError(f"expected finite numbers, got {name}")


def _finite(text: str) -> float:
    value = float(text)
    require(math.isfinite(value), f"expected finite numbers, got {brief(text)}")
    return value


def _check_depth(value: Any, depth: int) -> None:
    require(depth > 0, f"expected at most {limits.DEPTH} lists and tables in one another")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _check_depth(item, depth - 1)
