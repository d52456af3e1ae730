"""What travels between page and server: JSON, with arrays packed as base64."""

import base64
import json
from typing import Any

import numpy as np

from glassnet.nn.array import Array


def to_text(message: dict[str, Any]) -> str:
    """A message as JSON; NumPy arrays and numbers may stand anywhere in it, NaN and infinity become null."""
    return json.dumps(_plain(message), separators=(",", ":"), allow_nan=False)


def packed(array: Array) -> dict[str, Any]:
    """An array as `{"shape": [28, 28], "f32": base64}`, or "u8" for uint8; little-endian, rows first."""
    kind = "u8" if array.dtype == np.uint8 else "f32"
    values = np.ascontiguousarray(array, np.uint8 if kind == "u8" else "<f4")
    return {"shape": list(array.shape), kind: base64.b64encode(values.tobytes()).decode("ascii")}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return packed(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
