"""The types that all files use: arrays, and the shapes of examples."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
