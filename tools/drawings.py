"""Draw the pictures of the short course, each from the numbers that its page computes.

The SVG files lie beside the pages of docs/maths/short. They suit a light and a dark background.

    python tools/drawings.py [NAME...]      # such as slope; without a name all of them
"""

import contextlib
import io
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import docs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

import glassnet as gn
from glassnet.plots import as_svg

FOLDER = docs.DOCS / "maths" / "short"
BLUE, ORANGE, GREY = "#3b86c8", "#d9782d", "#858b96"
SIGNED = LinearSegmentedColormap.from_list("signed", [ORANGE, "#f4f4f2", BLUE])  # below 0, 0, above 0
DRAWINGS: dict[str, Callable[[], Figure]] = {}


def drawing(draw: Callable[[], Figure]) -> Callable[[], Figure]:
    """Name a function in DRAWINGS, by which the pages link what it draws."""
    DRAWINGS[draw.__name__.replace("_", "-")] = draw
    return draw


@cache
def computed(page: str) -> dict[str, Any]:
    """What the examples of a page have defined at its end."""
    names: dict[str, Any] = {}
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        for block in docs.BLOCK.finditer(text):
            exec(block["code"], names)
    return names


def diagram(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure without axes, in units of an inch."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def curves(width: float, height: float, columns: int = 1) -> tuple[Figure, Any]:
    """A figure of plots with thin axes on two sides."""
    figure = Figure(figsize=(width, height), layout="constrained")
    plots = figure.subplots(1, columns)
    for axes in np.atleast_1d(plots):
        axes.spines[["top", "right"]].set_visible(False)
    return figure, plots


def circle(axes: Axes, x: float, y: float, text: str, colour: str = GREY, radius: float = 0.3) -> None:
    """A number on its way."""
    axes.add_patch(Circle((x, y), radius, fill=False, edgecolor=colour, linewidth=1.8))
    axes.text(x, y, text, ha="center", va="center", fontsize=11)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = GREY) -> None:
    """An arrow from one point to another."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.5})


def label(axes: Axes, x: float, y: float, text: str, colour: str = "#000000", size: float = 10.5) -> None:
    """Centred text."""
    axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=size)


@drawing
def neuron() -> Figure:
    n = computed("1-neuron")
    figure, axes = diagram(7, 2.7)
    for k, y in enumerate((2.25, 1.35, 0.45)):
        circle(axes, 0.9, y, f"{n['x'][k]:g}")
        label(axes, 0.35, y, f"x{k + 1}")
        colour = BLUE if n["w"][k] > 0 else ORANGE
        arrow(axes, (1.22, y), (3.2, 1.35 + (y - 1.35) * 0.16), colour)
        label(axes, 2.1, y + (1.35 - y) * 0.38 + (0.24, 0.17, -0.24)[k], f"times {n['w'][k]:g}", colour)
    circle(axes, 3.55, 1.35, "0.5", radius=0.34)
    label(axes, 3.55, 1.95, "sum z")
    arrow(axes, (3.55, 0.42), (3.55, 0.98))
    label(axes, 3.55, 0.26, f"bias {n['b']:g}")
    arrow(axes, (3.9, 1.35), (4.45, 1.35))
    axes.add_patch(FancyBboxPatch((4.5, 1.0), 0.9, 0.7, "round,pad=0.04", fill=False, edgecolor=GREY, linewidth=1.8))
    axes.plot([4.6, 4.95, 5.3], [1.2, 1.2, 1.6], color=BLUE, linewidth=2)
    label(axes, 4.95, 1.95, "ReLU")
    arrow(axes, (5.45, 1.35), (5.95, 1.35))
    circle(axes, 6.3, 1.35, f"{n['y']:g}", BLUE, 0.34)
    label(axes, 6.3, 1.95, "output y")
    return figure


@drawing
def plane() -> Figure:
    figure = Figure(figsize=(5, 3.6), layout="constrained")
    axes = figure.subplots()
    x1, x2 = np.meshgrid(np.linspace(-2, 2, 200), np.linspace(-2, 2, 200))
    w1, w2, b = 0.6, -0.4, 0.1
    y = np.maximum(x1 * w1 + x2 * w2 + b, 0)
    shown = axes.imshow(y, origin="lower", extent=(-2, 2, -2, 2), cmap=SIGNED, vmin=-y.max(), vmax=y.max())
    figure.colorbar(shown, label="output y", boundaries=np.linspace(0, y.max(), 100), ticks=[0, 1, 2])
    axes.contour(x1, x2, y, levels=[0.5, 1.0, 1.5], colors=[GREY], linewidths=0.6)
    line = np.array([-2.0, 2.0])
    axes.plot(line, (line * w1 + b) / -w2, color="#1a1c20", linewidth=1.8)
    scale = -b / (w1**2 + w2**2)  # w times this is the point of the line next to the origin
    start, end = (scale * w1, scale * w2), ((scale + 1) * w1, (scale + 1) * w2)
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "#1a1c20", "shrinkA": 0})
    axes.text(0.5, -0.5, "w", color="#1a1c20", fontsize=12)
    axes.text(-1.3, 1.2, "silent: 0", color="#1a1c20", ha="center")
    axes.set(xlabel="x1", ylabel="x2", xlim=(-2, 2), ylim=(-2, 2), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    return figure


@drawing
def weights() -> Figure:
    layers = gn.Model.open("classic").network.layers
    W = next(layer.W for layer in layers if isinstance(layer, gn.Dense))
    strongest = np.argsort(-np.abs(W).sum(axis=0))[:4]
    figure = Figure(figsize=(7, 1.9), layout="constrained")
    for axes, unit in zip(figure.subplots(1, 4), strongest, strict=True):
        axes.imshow(W[:, unit].reshape(28, 28), cmap=SIGNED, vmin=-np.abs(W).max() / 2, vmax=np.abs(W).max() / 2)
        axes.set_axis_off()
    return figure


def loss_curve(axes: Axes) -> tuple[Any, float]:
    """The loss over the first weight, as page 2 has it; returns it as a function, and the lowest point."""
    n = computed("2-slope")

    def loss(w1: float) -> float:
        return float(n["loss"](np.array([w1, *n["w"][1:]])))

    w1 = np.linspace(-0.4, 2.2, 261)
    axes.plot(w1, [loss(value) for value in w1], color=GREY, linewidth=2)
    axes.set(xlabel="weight w1", ylim=(-0.03, 0.72), xticks=[0, 1, 2])
    return loss, 1.1


@drawing
def slope() -> Figure:
    figure, axes = curves(5.6, 3)
    loss, lowest = loss_curve(axes)
    tangent = np.array([0.2, 1.0])
    axes.plot(tangent, loss(0.6) - 0.5 * (tangent - 0.6), color=ORANGE, linewidth=2)
    axes.plot([0.6], [loss(0.6)], "o", color=BLUE, markersize=8)
    axes.text(-0.38, 0.09, "here the slope is -0.5", color=ORANGE)
    axes.text(-0.38, 0.54, "silent: slope 0")
    axes.plot([lowest], [loss(lowest)], "o", color=GREY, markersize=6)
    axes.text(lowest, 0.16, "lowest point", ha="center")
    axes.set(ylabel="loss L")
    return figure


@drawing
def steps() -> Figure:
    n = computed("2-slope")
    figure, plots = curves(8, 2.6, 3)
    for axes, rate in zip(plots, (0.3, 1.0, 1.8), strict=True):
        loss, _ = loss_curve(axes)
        path = [float(n["w"][0])]
        for _ in range(5):
            path.append(path[-1] - rate * n["slope"](path[-1]))
        for k in range(5):
            if abs(path[k + 1] - path[k]) > 1e-3:
                arrow(axes, (path[k], loss(path[k])), (path[k + 1], loss(path[k + 1])), ORANGE)
        axes.plot(path, [loss(value) for value in path], "o", color=BLUE, markersize=5)
        axes.set_title(f"rate {rate}", fontsize=11)
        axes.set(xlim=(0.4, 1.8), ylim=(-0.02, 0.26), xticks=[0.6, 1.1, 1.6], yticks=[0, 0.1, 0.2])
    plots[0].set(ylabel="loss L")
    return figure


@drawing
def chain() -> Figure:
    n = computed("3-chain-rule")
    figure, axes = diagram(8, 2.5)
    places, slopes = (1.7, 3.5, 5.3, 7.1), (n["x"][0], float(n["z"] > 0), n["dy"])
    for x, name, value in zip(places, ("w1", "z", "y", "L"), (n["w"][0], n["z"], n["y"], n["L"]), strict=True):
        circle(axes, x, 1.75, f"{value:g}", radius=0.36)
        label(axes, x, 2.3, name)
    for k, (name, value) in enumerate((("dw1", n["dw"][0]), ("dz", n["dz"]), ("dy", n["dy"]), ("dL", 1))):
        label(axes, places[k], 0.75, f"{name} = {value:g}", BLUE)
    for k, slope in enumerate(slopes):
        arrow(axes, (places[k] + 0.38, 1.75), (places[k + 1] - 0.38, 1.75))
        label(axes, (places[k] + places[k + 1]) / 2, 1.97, f"slope {slope:g}")
        arrow(axes, (places[k + 1] - 0.5, 0.75), (places[k] + 0.6, 0.75), ORANGE)
        label(axes, (places[k] + places[k + 1]) / 2 + 0.05, 0.97, f"times {slope:g}", ORANGE)
    label(axes, 0.65, 1.75, "forward", GREY, 9.5)
    label(axes, 0.65, 0.75, "backward", GREY, 9.5)
    label(axes, 4.4, 0.2, "each slope is the one to its right, times the slope of the step between", GREY, 9.5)
    return figure


@drawing
def paths() -> Figure:
    figure, axes = diagram(6.2, 2.6)
    circle(axes, 0.7, 1.3, "u = 1", radius=0.42)
    circle(axes, 5.4, 1.3, "L = 8", radius=0.42)
    rows = (
        (2.05, "v1 = 2", "slope 2", "slope 4", "2 x 4 = 8", BLUE),
        (0.55, "v2 = 4", "slope 3", "slope 2", "3 x 2 = 6", ORANGE),
    )
    for y, name, first, second, product, colour in rows:
        circle(axes, 3.05, y, name, colour, 0.42)
        towards = 0.17 if y > 1.3 else -0.17
        arrow(axes, (1.1, 1.3 + towards), (2.62, y - towards / 2), colour)
        arrow(axes, (3.48, y - towards / 2), (5.0, 1.3 + towards), colour)
        label(axes, 1.65, y + (1.3 - y) * 0.35 + 1.3 * towards, first, colour)
        label(axes, 4.5, y + (1.3 - y) * 0.35 + 1.3 * towards, second, colour)
        label(axes, 3.05, y - 3.4 * towards, product, colour, 10)
    label(axes, 5.4, 0.5, "8 + 6 = 14")
    return figure


def matrix(
    axes: Axes, corner: tuple[float, float], rows: int, columns: int, colour: str, name: str, sides: str
) -> None:
    """A matrix as a grid of squares from its lower left corner, with its name above and its shape below."""
    x, y = corner
    for row in range(rows):
        for column in range(columns):
            place = (x + 0.3 * column, y + 0.3 * row)
            axes.add_patch(Rectangle(place, 0.3, 0.3, facecolor=colour, alpha=0.35, linewidth=0))
            axes.add_patch(Rectangle(place, 0.3, 0.3, fill=False, edgecolor=colour, linewidth=1))
    label(axes, x + 0.15 * columns, y + 0.3 * rows + 0.2, name)
    label(axes, x + 0.15 * columns, y - 0.2, sides, GREY, 9.5)


@drawing
def dense() -> Figure:
    figure, axes = diagram(6.6, 2.3)
    matrix(axes, (0.4, 0.6), 4, 3, GREY, "x", "N x D")
    label(axes, 1.7, 1.2, "times")
    matrix(axes, (2.2, 0.75), 3, 2, BLUE, "W", "D x M")
    label(axes, 3.2, 1.2, "plus")
    matrix(axes, (3.6, 1.05), 1, 2, BLUE, "b", "M")
    label(axes, 4.6, 1.2, "gives")
    matrix(axes, (5.1, 0.6), 4, 2, GREY, "y", "N x M")
    label(axes, 0.85, 0.14, "an example is a row", GREY, 9)
    label(axes, 2.5, 0.29, "a neuron is a column", GREY, 9)
    label(axes, 3.9, 0.6, "added to each row", GREY, 9)
    return figure


@drawing
def dense_backward() -> Figure:
    figure, axes = diagram(7, 4)
    matrix(axes, (0.4, 2.6), 3, 4, GREY, "x transposed", "D x N")
    label(axes, 2.0, 3.05, "times")
    matrix(axes, (2.4, 2.45), 4, 2, ORANGE, "dy", "N x M")
    label(axes, 3.4, 3.05, "gives")
    matrix(axes, (3.8, 2.6), 3, 2, ORANGE, "dW", "D x M")
    matrix(axes, (0.4, 0.4), 4, 2, ORANGE, "dy", "N x M")
    label(axes, 1.4, 1.0, "times")
    matrix(axes, (1.8, 0.7), 2, 3, BLUE, "W transposed", "M x D")
    label(axes, 3.1, 1.0, "gives")
    matrix(axes, (3.5, 0.4), 4, 3, ORANGE, "dx", "N x D")
    matrix(axes, (5.6, 2.45), 4, 2, ORANGE, "dy", "N x M")
    arrow(axes, (5.9, 2.1), (5.9, 1.5))
    label(axes, 6.45, 1.8, "add the rows", size=9)
    matrix(axes, (5.6, 0.85), 1, 2, ORANGE, "db", "M")
    return figure


@drawing
def softmax() -> Figure:
    n = computed("5-softmax")
    figure, plots = curves(7.4, 2.5, 3)
    rows = ("logits z", n["z"]), ("e to the power of z", np.exp(n["z"])), ("probabilities p", n["softmax"](n["z"]))
    for axes, (title, values) in zip(plots, rows, strict=True):
        bars = axes.bar(["1", "2", "3"], values, color=BLUE, width=0.6)
        axes.bar_label(bars, [f"{value:.2g}" for value in values], padding=2)
        axes.set_title(title, fontsize=11)
        axes.set(yticks=[], ylim=(0, 1.18 * max(values)))
        axes.spines["left"].set_visible(False)
    plots[1].set(xlabel="class")
    return figure


@drawing
def entropy() -> Figure:
    figure, axes = curves(5.4, 2.8)
    p = np.linspace(0.01, 1, 200)
    axes.plot(p, -np.log(p), color=GREY, linewidth=2)
    first = float(computed("5-softmax")["softmax"](np.array([2.0, 1.0, 0.0]))[0])
    for value in (0.1, first, 1.0):
        axes.plot([value], [-np.log(value)], "o", color=BLUE, markersize=7, clip_on=False)
        axes.text(value + 0.02, -np.log(value) + 0.18, f"{-np.log(value) + 0:.2g}", color=BLUE)
    axes.set(xlabel="probability of the true class", ylabel="loss", xlim=(0, 1.05), ylim=(0, 4.7))
    return figure


@drawing
def gradient() -> Figure:
    n = computed("5-softmax")
    figure, axes = curves(5, 2.5)
    values = n["softmax"](n["z"]) - np.eye(3)[n["true"]]
    bars = axes.bar(["1", "2, the true one", "3"], -values, color=[ORANGE, BLUE, ORANGE], width=0.5)
    axes.bar_label(bars, [f"{-value:+.2f}" for value in values], padding=2)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set(xlabel="class", ylabel="change of the logit", ylim=(-1, 1), yticks=[-1, 0, 1])
    return figure


@drawing
def check() -> Figure:
    n = computed("6-gradient-check")
    truth = first_layer(n["measured"](n["start"]()))
    figure, plots = curves(6.6, 3, 2)
    for axes, name, title in zip(plots, ("backward", "wrong"), ("right", "without the ReLU's slope"), strict=True):
        derived = first_layer(n[name](n["start"]()))
        limit = 1.6 * np.abs(truth).max()
        axes.plot([-limit, limit], [-limit, limit], color=GREY, linewidth=1)
        axes.plot(truth, derived, "o", color=BLUE if name == "backward" else ORANGE, markersize=4, alpha=0.7)
        axes.set_title(title, fontsize=11)
        axes.set(xlabel="measured slope", xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    plots[0].set(ylabel="derived slope")
    return figure


def first_layer(gradient: list[Any]) -> Any:
    """The slopes of W1 and b1, which come through the ReLU."""
    return np.concatenate([slope.ravel() for slope in gradient[:2]])


@drawing
def rings() -> Figure:
    n = computed("6-gradient-check")
    colours = ListedColormap([BLUE, ORANGE, GREY])
    figure, plots = curves(6.6, 3.2, 2)
    x1, x2 = np.meshgrid(np.linspace(-1.6, 1.6, 81), np.linspace(-1.6, 1.6, 81))
    for axes, name, title in zip(plots, ("backward", "wrong"), ("right gradient", "wrong gradient"), strict=True):
        W1, b1, W2, b2 = n["train"](n[name])
        hidden = np.maximum(np.stack([x1, x2], axis=-1) @ W1 + b1, 0)
        regions = (hidden @ W2 + b2).argmax(axis=-1)
        axes.contourf(x1, x2, regions, levels=[-0.5, 0.5, 1.5, 2.5], colors=colours.colors, alpha=0.3)
        for label, colour in enumerate(colours.colors):
            axes.plot(*n["x"][n["labels"] == label].T, ".", color=colour, markersize=5)
        axes.set_title(title, fontsize=11)
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")
    return figure


@drawing
def step() -> Figure:
    figure, axes = curves(5.6, 3)
    sizes = 10.0 ** np.arange(-12, 0.1, 0.25)
    for kind, colour in (("float64", BLUE), ("float32", ORANGE)):
        z = np.array([2.0, 1.0, 0.0], kind)
        errors = [_error_of_slope(z, h) for h in sizes]
        axes.loglog(sizes, np.maximum(errors, 1e-13), "o-", color=colour, markersize=3, linewidth=1, label=kind)
    axes.set(xlabel="h", ylabel="error of the slope", ylim=(1e-13, 30))
    axes.legend(frameon=False)
    return figure


def _error_of_slope(z: Any, h: float) -> float:
    """How far the measured slope of the loss of page 5, with respect to the first logit, is from the derived one."""

    def loss(moved: Any) -> Any:
        return -np.log(np.exp(moved[1]) / np.exp(moved).sum())

    change = np.array([h, 0, 0], z.dtype)
    slope = (loss(z + change) - loss(z - change)) / z.dtype.type(2 * h)
    exact = np.exp(2.0) / np.exp([2.0, 1.0, 0.0]).sum()
    return float(abs(slope - exact))


def main() -> None:
    names = sys.argv[1:] or list(DRAWINGS)
    for name in names:
        path: Path = FOLDER / f"{name}.svg"
        path.write_text(as_svg(DRAWINGS[name]()), encoding="utf-8")
        print(f"{path.relative_to(docs.DOCS.parent)}: {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
