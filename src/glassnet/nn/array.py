"""The types that every file speaks of: arrays, and the shapes of examples."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
