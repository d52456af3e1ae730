"""The lines of source that computed a number, to be shown beside it."""

import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from glassnet.explanation.backward import own_back, way_back
from glassnet.nn.array import Array
from glassnet.nn.layer import Layer

PACKAGE = Path(__file__).parent.parent


def source_of(layer: Layer, x: Array) -> dict[str, Any]:
    """Where forward and backward of a layer stand: {"forward": {"file", "line", "text"} | None, "backward": ...}.

    In prediction, some layers have another derivative than in training; then that one is shown. x: a batch of one.
    """
    kind, back = type(layer), way_back(layer, x)
    backward = [kind.backward, kind.backward_parameters] if back is own_back else [back]
    return {"forward": lines_of(kind.forward), "backward": lines_of(*backward)}


@cache
def lines_of(*functions: Callable[..., Any]) -> dict[str, Any] | None:
    """The source of functions: of the first, and of others that stand directly under it; None if it is not at hand."""
    try:
        file = Path(inspect.getsourcefile(functions[0]) or "")
        parts = [inspect.getsourcelines(function) for function in functions]
    except (OSError, TypeError):
        return None
    lines, first = parts[0]
    for more, line in parts[1:]:
        gap = line - first - len(lines)
        if 0 <= gap <= 1:
            lines = [*lines, *["\n"] * gap, *more]
    inside = file.relative_to(PACKAGE).as_posix() if file.is_relative_to(PACKAGE) else file.name
    return {"file": inside, "line": first, "text": textwrap.dedent("".join(lines).rstrip())}
