"""Helpers for all figures: colours, an empty figure, a grid of small pictures, PNG and SVG."""

import io
import warnings
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
    """Figures cannot be drawn; the message says what to install."""


def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as a PNG; a class named "$x$" is shown as it is, not as a formula."""
    from matplotlib import rc_context
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    with rc_context({"text.parse_math": False}), warnings.catch_warnings():  # for labels that are made while saving
        warnings.filterwarnings("ignore", message="Glyph")  # letters that the font lacks are drawn as boxes
        figure.savefig(path, dpi=120, metadata={"Software": None})


def as_svg(figure: "Figure") -> str:
    """A figure as an SVG for any background: on a dark page, black lines and text become light."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "glassnet"}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    style = "svg{color:#1a1c20} text{fill:currentColor} @media (prefers-color-scheme:dark){svg{color:#e4e6ea}}"
    drawn = text.getvalue().replace("#000000", "currentColor").replace(QUIET, "#858b96")  # readable on both
    drawn = drawn[drawn.index("<svg") :]  # without the document type, which contains an address
    return drawn.replace("<defs>", f"<style>{style}</style>\n <defs>", 1)


def as_png(image: Array, white: int = 255) -> bytes:
    """An image (H, W) or (H, W, C) as a PNG of the same size; grey unless it has three or four channels."""
    from matplotlib.image import imsave

    if image.ndim == 3 and image.shape[2] not in (3, 4):
        image = image.mean(axis=2)
    settings: dict[str, Any] = {"format": "png", "metadata": {"Software": None}}
    if image.ndim == 2:
        settings |= {"cmap": "gray", "vmin": 0, "vmax": white}
    file = io.BytesIO()
    imsave(file, image if image.ndim == 2 else np.clip(image / white, 0, 1), **settings)
    return file.getvalue()


def available() -> bool:
    """Whether Matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require() -> None:
    """Raise PlotError unless Matplotlib is installed."""
    if not available():
        raise PlotError("figures need Matplotlib: pip install 'glassnet[plots]'")


def small_pictures(count: int, title: str) -> tuple["Figure", list[Any]]:
    """A figure with room for `count` small pictures, in a nearly square grid; returns the figure and its cells."""
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


def without_formulas(text: str) -> str:
    """Escape a text from outside, so that Matplotlib shows it as it is and not as a formula."""
    return text.replace("$", r"\$")


def empty_figure(width: float, height: float) -> "Figure":
    """An empty figure; sizes are in inches.

    Raises:
        PlotError: Matplotlib is not installed.
    """
    require()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
