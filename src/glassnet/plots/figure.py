"""What all figures share: colours, an empty figure, a grid of small pictures, a PNG."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]

TRAINING, VALIDATION, WRONG, QUIET = "#1f6fb4", "#d95f0e", "#c0262c", "#555555"


class PlotError(RuntimeError):
    """Figures cannot be drawn here; the message says what to install."""


def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as a PNG; a class named "$x$" is no formula, and stands there as it is."""
    from matplotlib import rc_context
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    with rc_context({"text.parse_math": False}):  # of labels that are made only now
        figure.savefig(path, dpi=120, metadata={"Software": None})


def available() -> bool:
    """Whether Matplotlib is installed."""
    return find_spec("matplotlib") is not None


def small_pictures(count: int, title: str) -> tuple["Figure", list[Any]]:
    """A figure with room for so many small pictures, in a grid that is about square."""
    columns = max(int(np.ceil(np.sqrt(count))), 4)
    rows = max(int(np.ceil(count / columns)), 1)
    figure = empty_figure(1.25 * columns, 1.5 * rows + 0.5)
    figure.suptitle(title, fontsize=11)
    cells = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in cells:
        axes.set_axis_off()
    return figure, cells


def show(axes: Any, image: Array) -> None:
    side = int(np.sqrt(image.size))
    picture = image.reshape(side, side) if image.ndim == 1 and side * side == image.size else np.squeeze(image)
    axes.imshow(picture, cmap="gray", vmin=0, interpolation="nearest")


def empty_figure(width: float, height: float) -> "Figure":
    """An empty figure, sizes in inches.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotError("figures need Matplotlib: pip install 'glassnet[plots]'") from None
    return Figure(figsize=(width, height), layout="constrained")
